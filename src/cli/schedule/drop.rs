//! `cumulua schedule drop`: gives up what waits of a schedule, whether a server runs or not.

use super::super::options::GlobalOptions;
use super::super::{report, status};
use super::common::{ScheduleArgument, ask_server, find_schedule, server_lock, store};
use crate::history::Store;
use crate::history::locks::Taken;
use crate::run::control::Request;
use crate::run::requester;
use clap::Args;
use cumulua_core::clock::wall_now;
use std::process::ExitCode;

/// Gives up what waits of a schedule: firings in a queue, those of a backfill too, and repetitions to
/// come
///
/// Runs that go on stay; `cumulua runs cancel` ends them. Later firings come as before; `cumulua
/// schedule pause` keeps them from that. Each firing that is given up has a row that says by whom.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cumulua schedule drop nightly-snapshots")]
pub(super) struct DropWaiting {
    #[command(flatten)]
    which: ScheduleArgument,
}

impl DropWaiting {
    /// Gives it up.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        let store = match store(options) {
            Ok(store) => store,
            Err(status) => return status,
        };
        // An unknown name would change nothing, silently.
        if let Err(status) = find_schedule(&store, &self.which) {
            return status;
        }
        let name = &self.which.name;
        match drop_waiting(&store, name) {
            Ok(answer) => {
                report::print(&format!("{name}: {answer}"));
                status::DONE.into()
            }
            Err(problem) => {
                report::error(&problem);
                status::SCRIPT.into()
            }
        }
    }
}

/// A server that runs decides; otherwise none may begin meanwhile.
fn drop_waiting(store: &Store, name: &str) -> Result<String, String> {
    match server_lock(store)? {
        Taken::By(holder) => {
            let request = Request::Drop {
                schedule: name.to_owned(),
                told: requester::told(),
            };
            ask_server(store, &holder, &request)
        }
        Taken::Held(_lock) => store
            .drop_waiting(name, requester::of_this_process(), wall_now())
            .map(|dropped| dropped.to_string())
            .map_err(|problem| problem.to_string()),
    }
}
