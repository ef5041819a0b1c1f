//! `cumulua schedule`: runbooks on a schedule.

mod awaited;
mod backfill;
mod check;
mod command;
mod common;
mod declared_params;
mod drop;
mod log_lines;
mod next;
mod outlet;
mod overview;
mod pause;
mod reload;
mod schema;
mod serve;
mod test_notify;
mod trigger;

pub(super) use command::Schedule;
