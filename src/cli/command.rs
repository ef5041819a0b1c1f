//! The commands, and which of them the shell has given.

use super::options::GlobalOptions;
use super::{
    actions, beginning, call, completions, context, docs, profile, repl, report, run, runs,
    schedule, sign, sim, status, trust, types, wait,
};
use clap::{CommandFactory as _, Parser, Subcommand};
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

/// Scripts five cloud APIs in Lua: every Action is a function, with signing and waiting
/// built in. Without a command: the prompt.
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
    Runs(runs::Runs),
    /// Opens the prompt: Lua line by line, with the clouds at hand
    ///
    /// Tab completes, help shows what there is, Ctrl-C stops what runs, Ctrl-D leaves. Without a
    /// command, cumulua opens it too.
    Repl(repl::Repl),
    /// Calls one Action and prints its answer as JSON
    Call(call::Call),
    /// Waits for a task in the cloud and prints the ids of its resources, one a line
    Wait(wait::Wait),
    /// Lists the Actions, or those that have all the words in their names, summaries or the
    /// vendor's own terms
    Actions(actions::Actions),
    /// Shows the page of an Action, a service, a product or a reference table
    Docs(docs::Docs),
    /// Writes LuaLS definitions of every Action and of the runtime, so that an editor completes and
    /// checks scripts
    Types(types::Types),
    /// Reads requests as JSON lines and prints what is signed and the signature, never the secret
    ///
    /// Each line is {"scheme": "cds" | "pop" | "sigv2", "method": "GET", "secret": "…", "url": "…"
    /// (sigv2), "params": {…}}; each answer is {"string_to_sign": "…", "signature": "…"}, and
    /// {"error": "…"} for a line that cannot be signed.
    Sign(sign::Sign),
    /// Runs the simulator as a server
    ///
    /// It verifies signatures and keeps state, all products on one port. It stands beside a real
    /// cloud only in its answers: nothing that it makes exists. With --seed-file it begins from an
    /// account that a file describes, with --dump it writes the account to a file when it is ended
    /// (Ctrl-C, SIGTERM); tasks that run go on from there. A browser that opens its address sees it
    /// work.
    Sim(sim::Sim),
    /// Runs scripts at the times that a schedules.toml names
    Schedule(schedule::Schedule),
    /// Shows the profiles, and where each of their values comes from
    ///
    /// A value counts from the flags, then the environment, then the cumulua.toml here or above,
    /// then the user's own. No secret is ever shown.
    Profile(profile::Profile),
    /// Lets this content of a project's cumulua.toml choose a profile, give keys, name endpoints
    /// and run commands
    ///
    /// A project's file is data from the project's author. Read it first: its endpoints decide
    /// where signed requests go, its commands run on this machine. A changed file must be trusted
    /// again. Until then it may only narrow what is allowed and name a region, and one that sets
    /// more is refused. --show lists what needs trust; CI trusts one content alone with --digest.
    Trust(trust::Trust),
    /// Prints a completion script for a shell
    Completions(completions::Completions),
}

impl Command {
    /// How long all of it may take.
    fn timeout(&self) -> Option<Duration> {
        match self {
            Self::Run(command) => command.timeout,
            Self::Call(command) => command.timeout,
            Self::Wait(command) => Some(command.timeout),
            _ => None,
        }
    }
}

/// Runs the command that the shell gave; the status that the process exits with.
pub fn main() -> ExitCode {
    let Arguments { global, command } = Arguments::parse();
    report::set_color(global.color);
    if let Some(limit) = command.as_ref().and_then(Command::timeout) {
        beginning::limit(limit);
    }
    let simulates = global.sim || matches!(command, Some(Command::Sim(_)));
    let simulation = match context::check(&global, simulates) {
        Ok(simulation) => simulation,
        Err(problem) => {
            report::error(&problem);
            return status::USAGE.into();
        }
    };
    match command {
        Some(Command::Run(command)) => command.run(&global, &simulation),
        Some(Command::Runs(command)) => command.run(&global),
        Some(Command::Repl(command)) => command.run(&global, &simulation),
        Some(Command::Call(command)) => command.run(&global, &simulation),
        Some(Command::Wait(command)) => command.run(&global, &simulation),
        Some(Command::Actions(command)) => command.run(&global),
        Some(Command::Docs(command)) => command.run(&global),
        Some(Command::Types(command)) => command.run(&global),
        Some(Command::Sign(command)) => command.run(),
        Some(Command::Sim(command)) => command.run(&global, &simulation),
        Some(Command::Schedule(command)) => command.run(&global),
        Some(Command::Profile(command)) => command.run(&global),
        Some(Command::Trust(command)) => command.run(),
        Some(Command::Completions(command)) => command.run(&mut Arguments::command()),
        // `echo … | cumulua` runs as a script.
        None if !std::io::stdin().is_terminal() => {
            run::Run::from_standard_input().run(&global, &simulation)
        }
        None => repl::Repl::default().run(&global, &simulation),
    }
}
