//! `cumulua runs show`.

use super::common::{History, Problem, request_json};
use super::times::took;
use crate::cli::{report, status};
use crate::history::{CallRow, Given, Moment, NotificationRow, RunRow, UserRequest};
use clap::Args;
use cumulua_core::controls;
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write as _;

/// Shows a run and the timeline of what it did
#[derive(Debug, Args)]
pub(super) struct Show {
    /// A name for the latest run of that name, or the beginning of the run's id
    run: String,
    /// Prints the text of the script as it ran, without secrets
    #[arg(long, conflicts_with = "json")]
    script: bool,
    /// Prints one object with the run, its calls, waits and output
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(self, history: &History) -> Result<(), Problem> {
        let row = history.find(&self.run)?;
        if self.script {
            return print_script(history, &row);
        }
        let moments = history.store.timeline(&row.run.id)?;
        let notifications = history.store.notifications_of(&row.run.id)?;
        let due = row.run.due;
        let given = due.map(|due| history.store.given(&row.run.name, due));
        let given = given.transpose()?.flatten();
        let requests = history.requests(&row)?;
        if self.json {
            let mut json = history.json(&row);
            json["requests"] = requests
                .iter()
                .map(|request| request_json(&history.times, request))
                .collect();
            json["params"] = given.map(|given| given.params).into();
            json["notifications"] = notifications
                .iter()
                .map(|row| notification_json(history, row))
                .collect();
            json["timeline"] = moments
                .iter()
                .map(|(at, moment)| moment_json(history, *at, moment))
                .collect();
            report::print_json(&json);
            return Ok(());
        }
        let mut text = head(history, &row, given.as_ref(), &requests);
        for row in &notifications {
            let line = notification(history, row);
            let _ = writeln!(text, "{:<10} {}", "notified", controls::escape_line(&line));
        }
        text.push('\n');
        let mut line = |at: Timestamp, what: &str| {
            let _ = writeln!(text, "{}  {what}", history.times.of_day(at));
        };
        line(row.run.started, "began");
        let mut number = 0;
        for (at, moment) in &moments {
            if let Moment::Line(output) = moment {
                if output.number > number + 1 {
                    line(
                        *at,
                        &format!(
                            "… {} lines of output are left out",
                            output.number - number - 1
                        ),
                    );
                }
                number = output.number;
            }
            line(*at, &controls::escape_line(&describe(moment)));
        }
        if let Some(ended) = row.ended {
            let status = row
                .status
                .map(|status| format!(", exit status {status}"))
                .unwrap_or_default();
            line(ended, &format!("ended: {}{status}", history.word(&row)));
        }
        report::print(text.trim_end());
        Ok(())
    }
}

fn print_script(history: &History, row: &RunRow) -> Result<(), Problem> {
    let hash = row.run.script_hash.as_deref();
    match hash
        .map(|hash| history.store.script(hash))
        .transpose()?
        .flatten()
    {
        Some(text) => {
            report::print(text.trim_end());
            Ok(())
        }
        None => Err(Problem {
            message: format!("the script of the run {} is not kept", row.run.id),
            status: status::SCRIPT,
        }),
    }
}

/// What is known of a run beside what it did.
fn head(
    history: &History,
    row: &RunRow,
    given: Option<&Given>,
    requests: &[UserRequest],
) -> String {
    let run = &row.run;
    let full = |at: Timestamp| history.times.full(at);
    let end = row.ended.map(|ended| {
        format!(
            "{} (after {})",
            full(ended),
            took(ended.duration_since(run.started))
        )
    });
    let attempt = (run.attempt > 1).then(|| format!("attempt {}", run.attempt));
    let outcome = match row.status {
        Some(status) => format!("{} (exit status {status})", history.word(row)),
        None => history.word(row).to_owned(),
    };
    let simulated = if run.simulated {
        ", on the simulator"
    } else {
        ""
    };
    let hash = run
        .script_hash
        .as_deref()
        .map(|hash| format!(" (sha256 {}…)", &hash[..12.min(hash.len())]))
        .unwrap_or_default();
    let retry = match (row.retry_at, &row.retry_given_up) {
        (Some(at), _) => Some(format!("to come at {}", full(at))),
        (None, Some(reason)) => Some(format!("given up: {reason}")),
        (None, None) => None,
    };
    let fields = [
        ("run", Some(run.id.clone())),
        (
            "name",
            Some(format!("{} ({}{simulated})", run.name, run.kind)),
        ),
        (
            "script",
            run.script.as_ref().map(|script| format!("{script}{hash}")),
        ),
        (
            "arguments",
            (!run.args.is_empty()).then(|| run.args.join(" ")),
        ),
        ("parameters", parameters(given)),
        ("profile", run.profile.clone()),
        ("host", row.host.clone()),
        ("cumulua", Some(run.version.clone())),
        ("due", run.due.map(full)),
        (
            "began",
            Some(
                [Some(full(run.started)), attempt]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
        ),
        ("ended", end),
        (
            "process",
            run.pid
                .filter(|_| row.ended.is_none())
                .map(|pid| pid.to_string()),
        ),
        ("outcome", Some(outcome)),
        ("error", history.reason(row)),
        ("retry", retry),
        ("calls", Some(row.calls.to_string())),
    ];
    let requests = requests.iter().map(|request| {
        let who = request.requester.to_string();
        let who = controls::escape_line(&who).into_owned();
        (
            "asked by",
            Some(format!("{}, {}: {who}", request.verb, full(request.at))),
        )
    });
    let fields: Vec<_> = fields.into_iter().chain(requests).collect();
    let mut text = String::new();
    for (name, value) in fields
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_ref()?)))
    {
        let _ = writeln!(
            text,
            "{name:<10} {}",
            value.replace('\n', &format!("\n{:11}", ""))
        );
    }
    text
}

/// What became of a notification about the run.
fn notification(history: &History, row: &NotificationRow) -> String {
    let full = |at: Timestamp| history.times.full(at);
    let error = row.error.as_deref().unwrap_or_default();
    let attempts = match row.attempts {
        1 => "1 attempt".to_owned(),
        attempts => format!("{attempts} attempts"),
    };
    let Some(receiver) = &row.receiver else {
        return format!("{}: to no one, the schedule has no notify", row.event);
    };
    let how = match (row.state.as_str(), row.settled) {
        ("delivered", Some(at)) => format!("delivered {}", full(at)),
        ("undelivered", Some(at)) => format!("undelivered, given up {}: {error}", full(at)),
        _ if row.attempts == 0 => "waiting".to_owned(),
        _ => {
            let next = row.next.map(full).unwrap_or_default();
            format!("waiting after {attempts}, next {next}: {error}")
        }
    };
    format!("{} by {receiver}: {how}", row.event)
}

fn notification_json(history: &History, row: &NotificationRow) -> serde_json::Value {
    let time = |at: Option<Timestamp>| at.map(|at| history.times.exact(at));
    serde_json::json!({
        "id": row.id, "event": row.event, "receiver": row.receiver, "state": row.state, "attempts": row.attempts,
        "made": time(Some(row.made)), "next": time(row.next), "settled": time(row.settled), "error": row.error,
    })
}

/// What the script was given as parameters.
fn parameters(given: Option<&Given>) -> Option<String> {
    let given = given.filter(|given| !(given.params.is_empty() && given.not_kept.is_empty()))?;
    let params = serde_json::Value::from(given.params.clone());
    let hidden = match given.not_kept.join(", ") {
        names if names.is_empty() => names,
        names => format!(", and {names}, which is not kept"),
    };
    Some(format!("{params}{hidden}"))
}

/// A moment in a line.
fn describe(moment: &Moment) -> String {
    match moment {
        Moment::Calls {
            first, count: 1, ..
        } => call(first),
        Moment::Calls { first, count, last } => {
            format!(
                "{count} times {}",
                call(&CallRow {
                    params: first.params.clone(),
                    ..*last.clone()
                })
            )
        }
        Moment::WaitBegan(wait) => format!("waits for {}", wait.start.what),
        Moment::WaitEnded(wait) => {
            let outcome = wait.outcome.as_deref().unwrap_or_default();
            let waited = wait
                .ended
                .map(|ended| took(ended.duration_since(wait.start.started)))
                .unwrap_or_default();
            format!("{}: {outcome} after {waited}", wait.start.what)
        }
        Moment::Line(output) if output.stream == "err" => format!("! {}", output.line),
        Moment::Line(output) => format!("| {}", output.line),
    }
}

fn call(call: &CallRow) -> String {
    let params = if call
        .params
        .as_object()
        .is_some_and(serde_json::Map::is_empty)
    {
        String::new()
    } else {
        format!(" {}", call.params)
    };
    let attempts = if call.attempts > 1 {
        format!(", {} attempts", call.attempts)
    } else {
        String::new()
    };
    let time = took(SignedDuration::from_millis(call.duration_ms.cast_signed()));
    let outcome = match (&call.error, call.phase.as_str()) {
        (_, "sending") => "sent, and not answered (sent = \"maybe\")".to_owned(),
        (Some(kind), _) => {
            let code = call
                .code
                .as_deref()
                .map(|code| format!(" {code}"))
                .unwrap_or_default();
            let message = call
                .message
                .as_deref()
                .map(|message| format!(": {message}"))
                .unwrap_or_default();
            format!(
                "{kind}{code}{message} (sent = {:?}{attempts}, {time})",
                call.sent
            )
        }
        (None, _) => {
            let request = call
                .request_id
                .as_deref()
                .map(|id| format!(", request {id}"))
                .unwrap_or_default();
            let made = match &call.ids[..] {
                [] => String::new(),
                ids => format!(": {}", shorten(&ids.join(", "))),
            };
            format!("ok ({time}{attempts}{request}){made}")
        }
    };
    format!("{}{} -> {outcome}", call.action, shorten(&params))
}

/// `runs calls --json` has the whole parameters.
fn shorten(text: &str) -> String {
    const MOST: usize = 120;
    if text.chars().count() <= MOST {
        text.to_owned()
    } else {
        text.chars().take(MOST - 1).collect::<String>() + "…"
    }
}

fn moment_json(history: &History, at: Timestamp, moment: &Moment) -> serde_json::Value {
    let at = history.times.exact(at);
    match moment {
        Moment::Calls { first, count, last } => {
            let mut json = super::calls::json(history, last);
            json["params"] = first.params.clone();
            json["at"] = at.into();
            json["what"] = "call".into();
            json["count"] = (*count).into();
            json
        }
        Moment::WaitBegan(wait) => {
            serde_json::json!({ "at": at, "what": "wait began", "for": wait.start.what })
        }
        Moment::WaitEnded(wait) => {
            serde_json::json!({ "at": at, "what": "wait ended", "for": wait.start.what, "outcome": wait.outcome, "done": wait.done })
        }
        Moment::Line(output) => {
            serde_json::json!({ "at": at, "what": "output", "number": output.number, "stream": output.stream, "line": output.line })
        }
    }
}
