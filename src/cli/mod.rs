//! The command: what the shell gives, and the only place that prints or exits. One file a
//! subcommand, one `run()` each.

mod actions;
mod beginning;
mod call;
mod command;
mod completions;
mod confirmation;
mod context;
mod detached;
mod docs;
mod in_process;
mod leaving;
mod live;
mod modes;
mod options;
mod own_paths;
mod parameter;
mod profile;
mod progress;
mod recording;
mod repl;
mod report;
mod run;
mod runs;
mod schedule;
mod screen;
mod sign;
mod sim;
mod simulation;
mod status;
mod streams;
mod trust;
mod types;
mod wait;

pub use command::main;
