//! `cumulua runs`: the history of runs.

mod calls;
mod cancel;
mod command;
mod common;
mod list;
mod logs;
mod prune;
mod show;
mod times;

pub(super) use command::Runs;
