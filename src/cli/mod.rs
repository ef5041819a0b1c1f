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

use clap::{CommandFactory as _, FromArgMatches, Parser, Subcommand};
use lazy::Lazy;
use options::GlobalOptions;
use std::io::IsTerminal as _;
use std::mem::ManuallyDrop;
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
    /// Opens the prompt: Lua line by line, with the clouds at hand
    ///
    /// Tab completes, help shows what there is, Ctrl-C stops what runs, Ctrl-D leaves. Without a command, cumulua opens it too.
    Repl(Lazy<repl::Repl>),
    /// Calls one Action and prints its answer as JSON
    Call(Lazy<call::Call>),
    /// Waits for a task in the cloud and prints the ids of its resources, one a line
    Wait(Lazy<wait::Wait>),
    /// Lists the Actions, or those that have all the words in their names, summaries or the vendor's own terms
    Actions(Lazy<actions::Actions>),
    /// Shows the page of an Action, a service, a product or a reference table
    Docs(Lazy<docs::Docs>),
    /// Writes LuaLS definitions of every Action and of the runtime, so that an editor completes and checks scripts
    Types(Lazy<types::Types>),
    /// Reads requests as JSON lines and prints what is signed and the signature, never the secret
    ///
    /// Each line is {"scheme": "cds" | "pop" | "sigv2", "method": "GET", "secret": "…", "url": "…" (sigv2), "params": {…}}; each
    /// answer is {"string_to_sign": "…", "signature": "…"}, and {"error": "…"} for a line that cannot be signed.
    Sign(Lazy<sign::Sign>),
    /// Runs the simulator as a server
    ///
    /// It verifies signatures and keeps state, all products on one port. It stands beside a real cloud only in its answers: nothing
    /// that it makes exists. With --seed-file it begins from an account that a file describes, with --dump it writes the account to a
    /// file when it is ended (Ctrl-C, SIGTERM); tasks that run go on from there. A browser that opens its address sees it work.
    Sim(Lazy<sim::Sim>),
    /// Runs scripts at the times that a schedules.toml names
    Schedule(Lazy<schedule::Schedule>),
    /// Shows the profiles, and where each of their values comes from
    ///
    /// A value counts from the flags, then the environment, then the cumulua.toml here or above, then the user's own. No secret is
    /// ever shown.
    Profile(Lazy<profile::Profile>),
    /// Lets this content of a project's cumulua.toml name endpoints and commands
    ///
    /// A project's file is data from whoever wrote the project. Read it first: its endpoints decide where signed requests go, its
    /// commands run on this machine. A changed file must be trusted again.
    Trust(Lazy<trust::Trust>),
    /// Prints a completion script for a shell
    Completions(Lazy<completions::Completions>),
}

/// `cumulua run` and nothing else: describing the other commands would be a tenth of the time that a short script takes.
#[derive(Debug, Parser)]
#[command(name = "cumulua")]
struct OnlyRun {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: RunCommand,
}

#[derive(Debug, Subcommand)]
enum RunCommand {
    Run(run::Run),
}

/// What the shell gave; ends the process where that is wrong, or asks for help.
fn arguments() -> Arguments {
    if std::env::args_os().nth(1).is_some_and(|first| first == "run")
        && let Some(OnlyRun { global, command: RunCommand::Run(command) }) = parsed(OnlyRun::command())
    {
        return Arguments { global, command: Some(Command::Run(command)) };
    }
    parsed(Arguments::command()).unwrap_or_else(Arguments::parse)
}

/// None where the arguments are wrong or ask for help.
fn parsed<T: FromArgMatches>(description: clap::Command) -> Option<T> {
    // It lasts as long as the process: to take it apart would be a twentieth of the time that a short script takes.
    let mut description = ManuallyDrop::new(description);
    let mut matches = description.try_get_matches_from_mut(std::env::args_os()).ok()?;
    T::from_arg_matches_mut(&mut matches).ok()
}

/// Runs the command that the shell gave; the status that the process exits with.
pub fn main() -> ExitCode {
    let Arguments { global, command } = arguments();
    report::set_color(global.color);
    let simulates = global.sim || matches!(command, Some(Command::Sim(_)));
    if let Err(problem) = world::check(&global, simulates) {
        report::error(&problem);
        return status::USAGE.into();
    }
    match command {
        Some(Command::Run(command)) => command.run(&global),
        Some(Command::Runs(Lazy(command))) => command.run(&global),
        Some(Command::Repl(Lazy(command))) => command.run(&global),
        Some(Command::Call(Lazy(command))) => command.run(&global),
        Some(Command::Wait(Lazy(command))) => command.run(&global),
        Some(Command::Actions(Lazy(command))) => command.run(&global),
        Some(Command::Docs(Lazy(command))) => command.run(&global),
        Some(Command::Types(Lazy(command))) => command.run(&global),
        Some(Command::Sign(Lazy(command))) => command.run(),
        Some(Command::Sim(Lazy(command))) => command.run(&global),
        Some(Command::Schedule(Lazy(command))) => command.run(&global),
        Some(Command::Profile(Lazy(command))) => command.run(&global),
        Some(Command::Trust(Lazy(command))) => command.run(),
        Some(Command::Completions(Lazy(command))) => command.run(),
        // `echo … | cumulua` runs as a script.
        None if !std::io::stdin().is_terminal() => run::Run::from_standard_input().run(&global),
        None => repl::Repl::default().run(&global),
    }
}
