//! A schedule, as a file's text comes to it.

use super::calendar::Window;
use super::notify::{Heartbeat, Notify, Receiver};
use super::params::Params;
use super::timing::Timing;
use super::value::{CatchUp, Keep, Overlap, Retries, StopPolicy};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A schedule, complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Its name, which no other of the file has.
    pub name: Arc<str>,
    /// The script.
    pub script: PathBuf,
    /// The script's arguments.
    pub args: Vec<String>,
    /// What the script can be given.
    pub params: Arc<Params>,
    /// The profile of cumulua.toml.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// When it fires.
    pub timing: Timing,
    /// Whether the zone is UTC by default.
    pub zone_is_default: bool,
    /// What happens to a firing while it still runs.
    pub overlap: Overlap,
    /// What becomes of missed firings.
    pub catch_up: CatchUp,
    /// How long a run may take.
    pub timeout: Option<Duration>,
    /// How long what a run deferred may take once it was ended from outside; 10 s by default.
    pub grace: Option<Duration>,
    /// What becomes of its runs when the server is asked to end.
    pub stop: StopPolicy,
    /// The memory of a run, in bytes.
    pub max_memory: Option<u64>,
    /// How a failed run is repeated.
    pub retries: Retries,
    /// Whether the file keeps it from firing.
    pub paused: bool,
    /// Where notifications go.
    pub notify: Option<Arc<Notify>>,
    /// The service that expects to hear of its runs.
    pub heartbeat: Option<Heartbeat>,
    /// How much history is kept; all by default.
    pub keep: Option<Keep>,
    /// What its script may do.
    pub permissions: Permissions,
    /// When it may start anything, where calendars say so.
    pub window: Option<Arc<Window>>,
    /// The pool that its runs take a place of.
    pub pool: Option<Arc<str>>,
    /// The files that decide about it, which its script does not change: its own and its
    /// calendars'.
    pub files: Arc<[PathBuf]>,
    /// The line of the file that the schedule begins in, from 1.
    pub line: usize,
}

impl Schedule {
    /// The receiver of a kind.
    pub fn receiver(&self, kind: &str) -> Option<Receiver> {
        self.receivers().find(|receiver| receiver.kind() == kind)
    }

    /// All that its messages go to.
    pub fn receivers(&self) -> impl Iterator<Item = Receiver> {
        let heartbeat = self.heartbeat.clone().map(Receiver::Heartbeat);
        let notified = self.notify.iter().flat_map(|notify| notify.receivers());
        notified.chain(heartbeat)
    }
}

/// How many runs go on at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunLimits {
    /// Of the whole server; as many as there are where nothing is given.
    pub max_running: Option<u32>,
    /// Of each pool.
    pub pools: BTreeMap<Arc<str>, u32>,
}

/// What a schedule's script may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// Mutating calls are refused.
    pub read_only: bool,
    /// Paths beyond the schedule file's folder that the script may use.
    pub allow_path: Vec<PathBuf>,
    /// Whether the script may start processes.
    pub allow_run: bool,
}
