//! The integration tests: one binary, one file a feature.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::too_many_lines, reason = "a test can be a whole life")]

mod architecture;
mod audit;
mod bad_answers;
mod bad_input;
mod catalog_calls;
mod catalog_lints;
mod circles;
mod clock;
#[cfg(unix)]
mod control;
mod decode_answers;
mod documents;
mod every_change;
mod files;
mod guide_walk;
mod http;
mod interrupt;
mod limits;
mod lua_specs;
mod migrations;
mod names;
#[cfg(unix)]
mod notifications;
mod objects;
mod one_cloud;
mod production;
mod profiles;
mod reach;
mod readme;
mod real_time;
mod repeats;
mod repl;
mod runbooks;
mod runs;
mod schedule;
mod schedule_asked;
mod schedule_given;
#[cfg(unix)]
mod schedule_left;
mod schedule_metrics;
mod schedule_reasons;
#[cfg(unix)]
mod schedule_store;
mod schedule_unclaimed;
mod secrets;
#[cfg(unix)]
mod served;
mod session;
mod shell;
mod signing;
mod simulator;
mod stdlib;
mod store;
mod support;
mod terminal;
mod tls;
mod transport;
mod watch;
