//! `cumulua runs`: the history of runs.

mod calls;
mod cancel;
mod command;
mod common;
mod export;
mod list;
mod logs;
mod prune;
mod selection;
mod show;
mod times;

pub(super) use command::Runs;
