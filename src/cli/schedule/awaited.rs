//! Waits for the end of a firing that a server was asked for.

use super::super::context;
use super::super::options::GlobalOptions;
use super::super::simulation::Simulation;
use super::super::{report, status};
use crate::history::locks::Taken;
use crate::history::{Filter, FiringRow, RunOutcome, RunRow, RunState, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::process::ExitCode;
use std::time::Duration;

/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The exit status of a command that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

/// Where a firing stands.
enum Stand {
    /// It waits, and for what.
    Waits(String),
    /// Its run goes on, or is to be repeated.
    Runs(Box<RunRow>),
    /// It did not run, and why.
    Missed(String),
    /// Its last run has ended.
    Ended(Box<RunRow>, RunOutcome),
}

/// Waits for the end of a firing; its exit status is that of its run.
pub(super) fn wait_for(
    options: &GlobalOptions,
    store: &Store,
    name: &str,
    due: Timestamp,
) -> ExitCode {
    let real = GlobalOptions {
        sim: false,
        ..options.clone()
    };
    context::block_on(&real, &Simulation::default(), async {
        tokio::select! {
            // The signal is caught before anything says that it may be sent.
            biased;
            _ = tokio::signal::ctrl_c() => {
                leave(store, name, due);
                INTERRUPTED.into()
            }
            status = watch(store, name, due) => status,
        }
    })
}

/// Says what becomes of a firing that is no longer waited for.
fn leave(store: &Store, name: &str, due: Timestamp) {
    report::note(&match stand(store, name, due) {
        Ok(Some(Stand::Runs(row))) => format!(
            "{name} goes on; `cumulua runs cancel {}` ends it",
            short(&row)
        ),
        _ => format!("{name} is left; `cumulua runs list --name {name}` shows what becomes of it"),
    });
}

async fn watch(store: &Store, name: &str, due: Timestamp) -> ExitCode {
    let mut told = String::new();
    let mut tell = |text: String| {
        if text != told {
            report::note(&text);
            told = text;
        }
    };
    loop {
        match stand(store, name, due) {
            Ok(Some(Stand::Ended(row, outcome))) => {
                let run = &row.run;
                let ended = row.ended.unwrap_or(run.started);
                let took = ended.duration_since(run.started);
                let took = SignedDuration::from_millis(took.as_millis().try_into().unwrap_or(0));
                report::print(&format!(
                    "{name} {}: {} after {took:#}",
                    short(&row),
                    outcome.as_str()
                ));
                if let Some(error) = &row.error {
                    report::note(error);
                }
                let status = row.status.and_then(|status| u8::try_from(status).ok());
                return match (outcome, status) {
                    (RunOutcome::Done, _) => status::DONE.into(),
                    (_, Some(status @ 1..)) => status.into(),
                    _ => status::SCRIPT.into(),
                };
            }
            Ok(Some(Stand::Missed(why))) => {
                report::error(&format!("{name} did not run: {why}"));
                return status::SCRIPT.into();
            }
            Ok(Some(Stand::Waits(why))) => tell(format!("{name} waits: {why}")),
            Ok(Some(Stand::Runs(row))) => tell(match row.retry_at {
                Some(at) => format!(
                    "{name}: attempt {} failed; the next is at {at}",
                    row.run.attempt
                ),
                None => format!(
                    "{name} {} runs; Ctrl-C leaves it, and `cumulua runs cancel {}` ends it",
                    short(&row),
                    short(&row)
                ),
            }),
            // The store may be busy, or the row is on its way.
            Ok(None) | Err(_) => {}
        }
        if !is_served(store)
            && !matches!(stand(store, name, due), Ok(Some(Stand::Runs(row))) if row.ended.is_none())
        {
            report::error(&format!(
                "the server has ended before {name} had; the next one decides what becomes of it"
            ));
            return status::SCRIPT.into();
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn stand(store: &Store, name: &str, due: Timestamp) -> Result<Option<Stand>, StoreError> {
    let after = due + SignedDuration::from_millis(1);
    let mut firings = store.firings(Some(name), Some(due), Some(after), false, Some(1))?;
    let Some(FiringRow {
        outcome, detail, ..
    }) = firings.pop()
    else {
        return Ok(None);
    };
    let why = detail.unwrap_or_else(|| outcome.clone());
    match outcome.as_str() {
        "queued" => return Ok(Some(Stand::Waits(why))),
        "ran" => {}
        _ => return Ok(Some(Stand::Missed(why))),
    }
    let filter = Filter {
        name: Some(name.to_owned()),
        since: Some(due),
        ..Filter::default()
    };
    let runs = store.runs(filter)?.into_iter();
    let last = runs
        .filter(|row| row.run.due == Some(due))
        .max_by_key(|row| row.run.attempt);
    let Some(row) = last else {
        return Ok(None);
    };
    let RunState::Ended(outcome) = store.state(&row) else {
        return Ok(Some(Stand::Runs(Box::new(row))));
    };
    // Whether it is repeated, and whether the next may begin, is known once a server has taken note
    // of its end.
    let is_open = row.retry_at.is_some()
        || (outcome != RunOutcome::Done || is_served(store))
            && store
                .unheard_runs()?
                .iter()
                .any(|other| other.run.id == row.run.id);
    Ok(Some(if is_open {
        Stand::Runs(Box::new(row))
    } else {
        Stand::Ended(Box::new(row), outcome)
    }))
}

/// Whether a server runs, as far as can be seen.
fn is_served(store: &Store) -> bool {
    !matches!(store.locks().server(), Ok(Taken::Held(_)))
}

fn short(row: &RunRow) -> &str {
    row.run.id.get(..8).unwrap_or(&row.run.id)
}
