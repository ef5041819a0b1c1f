//! `cumulua runs prune`.

use super::common::{History, Problem};
use super::times::{FORMS, parse_age};
use crate::cli::report;
use crate::run::control;
use clap::Args;
use std::fs;
use std::time::Duration;

/// Forgets runs that have ended, with their output and calls, and firings
///
/// With both --older-than and --keep a run is forgotten only where both apply.
#[derive(Debug, Args)]
pub(super) struct Prune {
    /// Those that ended longer ago, as 90d
    #[arg(long, value_name = "AGE", value_parser = age)]
    older_than: Option<Duration>,
    /// Of each name, all but so many of the latest
    #[arg(long, value_name = "COUNT")]
    keep: Option<u32>,
    /// Only of this name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

impl Prune {
    pub(super) fn run(self, history: &History) -> Result<(), Problem> {
        if self.older_than.is_none() && self.keep.is_none() {
            return Err(Problem::usage(
                "choose what to forget: --older-than 90d, --keep 100, or both",
            ));
        }
        let moment = |age: Duration| {
            history
                .times
                .before(age)
                .ok_or_else(|| Problem::usage(format!("give an age: {FORMS}")))
        };
        let before = self.older_than.map(moment).transpose()?;
        let pruned = history.store.prune(crate::history::Prune {
            name: self.name,
            before,
            keep: self.keep,
        })?;
        control::forget_killed(&history.store);
        let size = || fs::metadata(history.store.path()).map_or(0, |about| about.len());
        let before = size();
        history.store.shrink()?;
        report::print(&format!(
            "forgot {} runs and {} firings; the store has {} now, {} before",
            pruned.runs,
            pruned.firings,
            amount(size()),
            amount(before)
        ));
        Ok(())
    }
}

/// A size for a person.
fn amount(bytes: u64) -> String {
    match bytes.div_ceil(1024) {
        kib @ 0..10_000 => format!("{kib} KiB"),
        kib => format!("{} MiB", kib.div_ceil(1024)),
    }
}

fn age(text: &str) -> Result<Duration, String> {
    parse_age(text)
        .filter(|age| !age.is_zero())
        .ok_or_else(|| "write it as 12h, 90d or 4w".to_owned())
}
