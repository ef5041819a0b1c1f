//! The command: what the shell gives, and the only place that prints or exits. One file a subcommand, one `run()` each.

mod actions;
mod call;
mod command;
mod completions;
mod docs;
mod lifeline;
mod live;
mod options;
mod profile;
mod progress;
mod rehearsed;
mod repl;
mod report;
mod run;
mod runs;
mod schedule;
mod screen;
mod sign;
mod sim;
mod simulated;
mod status;
mod trust;
mod types;
mod wait;
mod world;

pub use command::main;
