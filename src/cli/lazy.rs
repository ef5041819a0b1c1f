//! Subcommands whose arguments are described only where they are asked for: describing all of them would be a good part of the time
//! that a short script takes.

use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Id};

/// A subcommand that is described when it is used, or when help or completions want it.
#[derive(Debug)]
pub(super) struct Lazy<T>(pub(super) T);

impl<T: Args> Args for Lazy<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(T::augment_args)
    }

    fn augment_args_for_update(command: Command) -> Command {
        command.defer(T::augment_args_for_update)
    }

    fn group_id() -> Option<Id> {
        T::group_id()
    }
}

impl<T: FromArgMatches> FromArgMatches for Lazy<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}
