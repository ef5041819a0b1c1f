//! `cumulua schedule backfill`: runs a schedule for times that have passed.

use super::super::options::GlobalOptions;
use super::super::{report, status};
use super::common::{ask_server, server_lock, store};
use super::next::time;
use crate::history::locks::Taken;
use crate::run::control::{BackfillSpan, Request};
use crate::run::requester;
use clap::Args;
use jiff::Timestamp;
use std::process::ExitCode;

/// Runs a schedule for the times of a span that have passed and for which it did not run
///
/// Each is a firing with its own time, by the server, one after another unless the schedule's runs
/// may overlap. What ran for its time does not run for it again.
#[derive(Debug, Args)]
pub(super) struct Backfill {
    /// The schedule
    #[arg(value_name = "NAME")]
    name: String,
    /// From this time on, as 2026-03-29T00:00:00+01:00
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Timestamp,
    /// Up to and with this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Timestamp,
    /// So many at most, the earliest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Only says which they are
    #[arg(long)]
    dry_run: bool,
    /// Runs more than 1,000, too
    #[arg(long)]
    yes: bool,
}

impl Backfill {
    /// Asks the server for it.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        if self.to < self.from {
            report::error("--to is before --from");
            return status::USAGE.into();
        }
        let store = match store(options) {
            Ok(store) => store,
            Err(status) => return status,
        };
        let request = Request::Backfill(BackfillSpan {
            schedule: self.name.clone(),
            from: self.from.as_millisecond(),
            to: self.to.as_millisecond(),
            limit: self.limit,
            dry_run: self.dry_run,
            yes: self.yes,
            told: requester::told(),
        });
        let answer = server_lock(&store).and_then(|taken| match taken {
            Taken::By(holder) => ask_server(&store, &holder, &request),
            Taken::Held(_) => Err(format!(
                "no server serves {}, and a backfill needs one: `cumulua schedule serve` starts it",
                store.path().display()
            )),
        });
        match answer {
            Ok(answer) => {
                report::print(&format!("{}: {answer}", self.name));
                status::DONE.into()
            }
            Err(problem) => {
                report::error(&problem);
                status::SCRIPT.into()
            }
        }
    }
}
