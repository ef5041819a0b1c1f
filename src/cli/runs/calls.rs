//! `cumulua runs calls`.

use super::common::{History, Problem, short_id, table};
use super::selection::Selection;
use super::times::took;
use crate::cli::report;
use crate::history::{CallRow, RunRow};
use clap::Args;
use jiff::SignedDuration;

/// Lists the calls of a run, or those of many runs, the latest run first
#[derive(Debug, Args)]
pub(super) struct Calls {
    /// A name for the latest run of that name, or the beginning of the run's id; without it the
    /// calls of all runs that the options choose
    run: Option<String>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    filter: CallFilter,
    /// So many at most
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Prints an object a line, with the redacted parameters
    #[arg(long)]
    json: bool,
}

/// Which calls are wanted.
#[derive(Debug, Args)]
pub(super) struct CallFilter {
    /// Only calls that failed or were never answered
    #[arg(long)]
    failed: bool,
    /// Only calls that change things
    #[arg(long)]
    mutating: bool,
    /// Only calls that may have been carried out though no answer says so
    #[arg(long)]
    unknown: bool,
    /// Only of an Action, or of all below it: cds.ecs.CreateInstance, cds.ecs, cds
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only in this region
    #[arg(long, value_name = "REGION")]
    in_region: Option<String>,
    /// Only those whose parameters have this text, or that answered this id
    #[arg(long, value_name = "TEXT")]
    about: Option<String>,
}

impl CallFilter {
    /// Whether it chooses at all.
    pub(super) fn chooses(&self) -> bool {
        let words = [&self.action, &self.in_region, &self.about];
        self.failed || self.mutating || self.unknown || words.into_iter().any(Option::is_some)
    }

    pub(super) fn wants(&self, call: &CallRow) -> bool {
        let failed = || call.error.is_some() || call.phase == "sending";
        let is_below = |name: &String| {
            let rest = call.action.strip_prefix(name.trim_end_matches('.'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let is_about = |text: &String| {
            call.params.to_string().contains(text)
                || call.ids.contains(text)
                || call.request_id.as_ref().is_some_and(|id| id == text)
        };
        (!self.failed || failed())
            && (!self.mutating || !call.read_only)
            && (!self.unknown || failed() && call.sent == "maybe")
            && self.action.as_ref().is_none_or(is_below)
            && (self.in_region.is_none() || self.in_region == call.region)
            && self.about.as_ref().is_none_or(is_about)
    }
}

/// Calls that are read at once.
const PAGE: u32 = 1_000;

/// Gives a run's calls one by one, until there is no more or `give` wants no more; whether it does.
pub(super) fn each_call(
    history: &History,
    row: &RunRow,
    mut give: impl FnMut(CallRow) -> bool,
) -> Result<bool, Problem> {
    let mut after = 0;
    loop {
        let calls = history.store.calls(&row.run.id, after, PAGE)?;
        let Some(last) = calls.last() else {
            return Ok(true);
        };
        after = last.number;
        for call in calls {
            if !give(call) {
                return Ok(false);
            }
        }
    }
}

impl Calls {
    pub(super) fn run(self, history: &History) -> Result<(), Problem> {
        let runs = match &self.run {
            Some(_) if self.selection.chooses() => {
                return Err(Problem::usage(
                    "either name a run, or choose runs by --name, --since and --until",
                ));
            }
            Some(run) => vec![history.find(run)?],
            None => self.selection.runs(history)?,
        };
        let of_several = self.run.is_none();
        let most = self.limit.unwrap_or(if of_several && !self.json {
            MOST_SHOWN
        } else {
            u64::MAX
        });
        let (mut rows, mut count, mut more) = (Vec::new(), 0, false);
        for row in &runs {
            let wants_more = each_call(history, row, |call| {
                if !self.filter.wants(&call) {
                    return true;
                }
                more = count == most;
                if more {
                    return false;
                }
                count += 1;
                if self.json {
                    let mut call = json(history, &call);
                    (call["run"], call["name"]) =
                        (row.run.id.clone().into(), row.run.name.clone().into());
                    report::print_json_line(&call);
                } else {
                    rows.push(line(history, of_several.then_some(row), &call));
                }
                true
            })?;
            if !wants_more {
                break;
            }
        }
        if more {
            report::note(&format!(
                "there are more than {most}; --limit shows more, --since, --name and --action narrow it down"
            ));
        }
        if self.json {
            return Ok(());
        }
        if rows.is_empty() {
            report::note(&match (&self.run, &runs[..]) {
                (Some(_), [row]) => format!("the run {} has made no such calls", row.run.id),
                _ => "no run that is recorded has made such calls".to_owned(),
            });
            return Ok(());
        }
        let mut header = vec![
            "#", "WHEN", "ACTION", "SENT", "TRIES", "TOOK", "REQUEST", "OUTCOME",
        ];
        if of_several {
            header.splice(0..0, ["NAME", "RUN"]);
        }
        report::print(&table(&header, rows));
        Ok(())
    }
}

/// Calls of several runs that are shown unless --limit says otherwise.
const MOST_SHOWN: u64 = 200;

fn line(history: &History, run: Option<&RunRow>, call: &CallRow) -> Vec<String> {
    let outcome = match (&call.error, &call.code) {
        _ if call.phase == "sending" => "no answer".to_owned(),
        (None, _) => "ok".to_owned(),
        (Some(kind), Some(code)) => format!("{kind} {code}"),
        (Some(kind), None) => kind.clone(),
    };
    let of_run = run.map(|row| [row.run.name.clone(), short_id(&row.run.id, 8)]);
    let of_call = [
        call.number.to_string(),
        history.times.full(call.at),
        call.action.clone(),
        call.sent.clone(),
        call.attempts.to_string(),
        took(SignedDuration::from_millis(call.duration_ms.cast_signed())),
        call.request_id.clone().unwrap_or_default(),
        outcome,
    ];
    of_run.into_iter().flatten().chain(of_call).collect()
}

/// A call for programs.
pub(super) fn json(history: &History, call: &CallRow) -> serde_json::Value {
    serde_json::json!({
        "number": call.number, "at": history.times.exact(call.at), "phase": call.phase, "place": call.place, "action": call.action,
        "read_only": call.read_only, "params": call.params, "profile": call.profile, "region": call.region, "endpoint": call.endpoint,
        "http_status": call.http_status, "code": call.code, "request_id": call.request_id, "ids": call.ids, "attempts": call.attempts,
        "duration_ms": call.duration_ms, "sent": call.sent, "error": call.error, "message": call.message,
    })
}
