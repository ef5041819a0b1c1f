//! `cumulua schedule` and its subcommands.

use super::{
    backfill, check, drop, next, overview, pause, reload, schema, serve, test_notify, trigger,
};
use crate::cli::options::GlobalOptions;
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cumulua schedule check schedules.toml\n  cumulua schedule next schedules.toml --count 3\n  cumulua schedule serve schedules.toml --http 127.0.0.1:9188\n  cumulua schedule trigger nightly-snapshots"
)]
pub(in crate::cli) struct Schedule {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Next(next::Next),
    Status(overview::Overview),
    Serve(serve::Serve),
    Trigger(trigger::Trigger),
    Backfill(backfill::Backfill),
    Pause(pause::Pause),
    Resume(pause::Resume),
    Drop(drop::DropWaiting),
    Reload(reload::Reload),
    TestNotify(test_notify::TestNotify),
    Schema(schema::Schema),
}

impl Schedule {
    /// Runs the subcommand.
    pub(in crate::cli) fn run(self, options: &GlobalOptions) -> ExitCode {
        match self.command {
            Command::Check(command) => command.run(options),
            Command::Next(command) => command.run(options),
            Command::Status(command) => command.run(options),
            Command::Serve(command) => command.run(options),
            Command::Trigger(command) => command.run(options),
            Command::Backfill(command) => command.run(options),
            Command::Pause(command) => command.run(options),
            Command::Resume(command) => command.run(options),
            Command::Drop(command) => command.run(options),
            Command::Reload(command) => command.run(options),
            Command::TestNotify(command) => command.run(options),
            Command::Schema(command) => command.run(),
        }
    }
}
