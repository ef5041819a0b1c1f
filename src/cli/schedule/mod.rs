//! `cumulua schedule`: runbooks on a schedule.

mod check;
mod command;
mod common;
mod log_lines;
mod next;
mod pause;
mod reload;
mod schema;
mod serve;
mod trigger;

pub(super) use command::Schedule;
