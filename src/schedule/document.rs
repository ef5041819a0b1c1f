//! `schedules.toml` as a person writes it, and what is wrong with it.

use super::calendar::{Blocked, CalendarTable};
use super::cron::Expression;
use super::notify::{Heartbeat, Notify};
use super::value::{CatchUp, DurationValue, Keep, Name, Overlap, Retries, Size, StopPolicy, Zone};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use toml::Spanned;
use toml::value::Datetime;

/// A file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(default)]
    pub(super) grace: Option<DurationValue>,
    #[serde(default)]
    pub(super) max_running: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) pool: BTreeMap<String, Spanned<PoolTable>>,
    #[serde(default)]
    pub(super) calendar: BTreeMap<String, Spanned<CalendarTable>>,
    #[serde(default)]
    pub(super) defaults: Option<Spanned<Entry>>,
    #[serde(default)]
    pub(super) schedule: Vec<Spanned<Entry>>,
}

/// `[pool.NAME]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoolTable {
    pub(super) size: Spanned<u32>,
}

/// One name, or several.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Names {
    One(String),
    Several(Vec<String>),
}

impl Names {
    pub(super) fn list(&self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name.clone()],
            Self::Several(names) => names.clone(),
        }
    }
}

/// `[[schedule]]`, or `[defaults]` without what makes a schedule one.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Entry {
    pub(super) name: Option<Spanned<Name>>,
    pub(super) script: Option<Spanned<String>>,
    pub(super) args: Option<Vec<String>>,
    pub(super) params: Option<BTreeMap<String, Spanned<toml::Value>>>,
    pub(super) profile: Option<String>,
    pub(super) region: Option<String>,
    pub(super) cron: Option<Spanned<Expression>>,
    pub(super) every: Option<Spanned<DurationValue>>,
    pub(super) timezone: Option<Zone>,
    pub(super) overlap: Option<Overlap>,
    pub(super) catch_up: Option<CatchUp>,
    pub(super) timeout: Option<Spanned<DurationValue>>,
    pub(super) grace: Option<Spanned<DurationValue>>,
    pub(super) stop: Option<StopPolicy>,
    pub(super) max_memory: Option<Size>,
    pub(super) retries: Option<Spanned<Retries>>,
    pub(super) jitter: Option<DurationValue>,
    pub(super) start: Option<Spanned<Datetime>>,
    pub(super) end: Option<Spanned<Datetime>>,
    pub(super) paused: Option<bool>,
    pub(super) notify: Option<Spanned<Notify>>,
    pub(super) heartbeat: Option<Heartbeat>,
    pub(super) keep: Option<Keep>,
    pub(super) read_only: Option<bool>,
    pub(super) allow_path: Option<Vec<PathBuf>>,
    pub(super) allow_run: Option<bool>,
    pub(super) not_during: Option<Spanned<Names>>,
    pub(super) only_during: Option<Spanned<Names>>,
    pub(super) when_blocked: Option<Blocked>,
    pub(super) pool: Option<Spanned<String>>,
    pub(super) after: Option<Spanned<Names>>,
    pub(super) within: Option<Spanned<DurationValue>>,
}

/// A fault with its place in the text.
pub(super) struct Fault {
    /// The bytes of the text that are meant.
    pub(super) span: Range<usize>,
    /// What is wrong, and what to write instead.
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(span: Range<usize>, reason: impl Into<String>) -> Self {
        Self {
            span,
            reason: reason.into(),
        }
    }
}
