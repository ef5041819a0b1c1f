//! The command: what the shell gives, and the only place that prints or exits. One file a subcommand, one `run()` each.

mod actions;
mod call;
mod completions;
mod docs;
mod lazy;
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

use clap::{Parser, Subcommand};
use lazy::Lazy;
use options::GlobalOptions;
use std::io::IsTerminal as _;
use std::process::ExitCode;

/// Scripts the APIs of five clouds in Lua: every Action is a function, with signing and waiting built in. Without a command: the prompt.
#[derive(Debug, Parser)]
#[command(
    name = "cumulua",
    version,
    after_help = "Try it without an account:\n  cumulua run --sim scripts/quickstart.lua\n  cumulua run --sim -e 'pp(cds.ccs.DescribeTags().Data)'\n  cumulua actions create instance\n  cumulua docs cds.ccs.CreateInstance\n\nExit status: 0 done, 1 script error, 2 usage, 3 a call failed, 4 a task failed, 124 timed out, 130 interrupted"
)]
struct Arguments {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    /// Shows what ran, what it did, and what did not run and why
    Runs(Lazy<runs::Runs>),
    Repl(repl::Repl),
    Call(call::Call),
    Wait(wait::Wait),
    Actions(actions::Actions),
    Docs(docs::Docs),
    Types(types::Types),
    Sign(sign::Sign),
    Sim(sim::Sim),
    Schedule(schedule::Schedule),
    Profile(profile::Profile),
    Trust(trust::Trust),
    Completions(completions::Completions),
}

/// Runs the command that the shell gave; the status that the process exits with.
pub fn main() -> ExitCode {
    let Arguments { global, command } = Arguments::parse();
    report::set_color(global.color);
    let simulates = global.sim || matches!(command, Some(Command::Sim(_)));
    if let Err(problem) = world::check(&global, simulates) {
        report::error(&problem);
        return status::USAGE.into();
    }
    match command {
        Some(Command::Run(command)) => command.run(&global),
        Some(Command::Runs(Lazy(command))) => command.run(&global),
        Some(Command::Repl(command)) => command.run(&global),
        Some(Command::Call(command)) => command.run(&global),
        Some(Command::Wait(command)) => command.run(&global),
        Some(Command::Actions(command)) => command.run(&global),
        Some(Command::Docs(command)) => command.run(&global),
        Some(Command::Types(command)) => command.run(&global),
        Some(Command::Sign(command)) => command.run(),
        Some(Command::Sim(command)) => command.run(&global),
        Some(Command::Schedule(command)) => command.run(&global),
        Some(Command::Profile(command)) => command.run(&global),
        Some(Command::Trust(command)) => command.run(),
        Some(Command::Completions(command)) => command.run(),
        // `echo … | cumulua` runs as a script.
        None if !std::io::stdin().is_terminal() => run::Run::from_standard_input().run(&global),
        None => repl::Repl::default().run(&global),
    }
}
