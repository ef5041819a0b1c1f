//! `cumulua runs list`.

use super::common::{History, Problem, request_json, short_id, table_with_reasons};
use super::selection::Selection;
use super::times::{FORMS, took};
use crate::cli::report;
use crate::history::{Filter, FiringRow, RunRow, RunState, StoreError};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use std::cmp::Reverse;

/// Lists runs, and the firings of schedules that did not run, the latest first
///
/// Times may be given as 02:30 (the latest one), 2026-11-21, "2026-11-21 02:30", RFC 3339, or an
/// age as 90m, 12h or 7d.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    selection: Selection,
    /// Only what was going on, or due, within a minute of this time
    #[arg(long, value_name = "TIME", conflicts_with_all = ["since", "until"])]
    at: Option<String>,
    /// Only what did not end well, or did not run though it should have
    #[arg(long)]
    failed: bool,
    /// So many at most
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Prints an array of objects; times are RFC 3339
    #[arg(long)]
    json: bool,
}

/// A line of the list.
enum Entry {
    Run(Box<RunRow>),
    Missed(FiringRow),
}

impl Entry {
    fn at(&self) -> Timestamp {
        match self {
            Self::Run(row) => row.run.started,
            Self::Missed(firing) => firing.due,
        }
    }
}

impl List {
    pub(super) fn wants_json(&self) -> bool {
        self.json
    }

    pub(super) fn run(self, history: &History) -> Result<(), Problem> {
        let (since, until) = self.selection.span(history)?;
        let at = history.moment(self.at.as_deref())?;
        let minute = SignedDuration::from_mins(1);
        let during = at.map(|at| (at - minute, at + minute));
        // One more than is shown, to know whether there are more.
        let wanted = self.limit.saturating_add(1);
        let filter = Filter {
            name: self.selection.name.clone(),
            since,
            until,
            during,
            failed: self.failed,
            limit: Some(wanted),
            ..Filter::default()
        };
        let goes_on = |row: &RunRow| {
            matches!(
                history.store.state(row),
                RunState::Queued | RunState::Running
            )
        };
        let runs = history
            .store
            .runs(filter)?
            .into_iter()
            .filter(|row| !(self.failed && goes_on(row)));
        let mut entries: Vec<Entry> = runs.map(|row| Entry::Run(Box::new(row))).collect();
        let from = during.map(|(from, _)| from).or(since);
        let to = during.map(|(_, to)| to).or(until);
        let missed =
            history
                .store
                .firings(self.selection.name.as_deref(), from, to, true, Some(wanted))?;
        // These were wanted.
        let is_wanted = |firing: &FiringRow| {
            ["paused", "queued", "superseded", "blocked", "dropped"]
                .contains(&firing.outcome.as_str())
        };
        entries.extend(
            missed
                .into_iter()
                .filter(|firing| !self.failed || !is_wanted(firing))
                .map(Entry::Missed),
        );
        entries.sort_by_key(|entry| Reverse(entry.at()));
        let more = entries.len() > self.limit as usize;
        entries.truncate(self.limit as usize);
        if self.json {
            let entries = entries.iter().map(|entry| json(history, entry));
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            report::print_json(&serde_json::Value::from(entries));
            return Ok(());
        }
        if entries.is_empty() {
            report::note(&format!(
                "nothing recorded is like that; times are given as {FORMS}"
            ));
            without_server(history, from, to)?
                .into_iter()
                .for_each(|line| report::note(&line));
            return Ok(());
        }
        let rows = entries.iter().map(|entry| row(history, entry)).collect();
        report::print(&table_with_reasons(
            &["WHEN", "NAME", "RUN", "OUTCOME", "TOOK", "CALLS"],
            "WHY",
            rows,
        ));
        if more {
            report::note(&format!(
                "there are more than {}; --limit shows more, --since and --name narrow it down",
                self.limit
            ));
        }
        Ok(())
    }
}

/// Servers that are looked at.
const SERVERS: u32 = 1_000;

/// When no server ran in a time of which nothing is recorded: then nothing was decided.
fn without_server(
    history: &History,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<Vec<String>, Problem> {
    let mut servers = history.store.servers(SERVERS)?;
    servers.reverse();
    let Some(first) = servers.first() else {
        return Ok(Vec::new());
    };
    let full = |at| history.times.full(at);
    let is_meant = |begins: Timestamp, ends: Timestamp| {
        from.is_none_or(|from| ends >= from) && to.is_none_or(|to| begins <= to)
    };
    let mut lines = Vec::new();
    if from.is_some_and(|from| from < first.started) {
        let started = full(first.started);
        lines.push(format!(
            "no server of schedules ran with this store before {started}"
        ));
    }
    let mut seen = first.seen;
    for server in &servers[1..] {
        if server.started.duration_since(seen) > GAP && is_meant(seen, server.started) {
            let (seen, started) = (full(seen), full(server.started));
            lines.push(format!("no server ran from {seen} to {started}"));
        }
        seen = seen.max(server.seen);
    }
    if history.times.now().duration_since(seen) > GAP && to.is_none_or(|to| to >= seen) {
        let seen = full(seen);
        lines.push(format!(
            "no server has run since {seen}: what is due since then is decided when one begins"
        ));
    }
    Ok(lines)
}

/// A server is seen every 10 s.
const GAP: SignedDuration = SignedDuration::from_secs(30);

/// What the list shows of it, and why it is so.
fn row(history: &History, entry: &Entry) -> (Vec<String>, String) {
    match entry {
        Entry::Run(row) => {
            let time = row
                .ended
                .map(|ended| took(ended.duration_since(row.run.started)))
                .unwrap_or_default();
            let simulated = if row.run.simulated { " (sim)" } else { "" };
            // `runs show` has the whole error.
            let why = history.reason(row).unwrap_or_default();
            let why = why.lines().next().unwrap_or_default();
            let late = row.run.due.filter(|due| {
                let behind = row.run.started.duration_since(*due);
                row.run.kind == "backfill" && behind > SignedDuration::from_mins(1)
            });
            let due = late.map(|due| format!("for {}", history.times.full(due)));
            let why = [due.as_deref(), Some(why).filter(|why| !why.is_empty())];
            let cells = vec![
                history.times.full(row.run.started),
                format!("{}{simulated}", row.run.name),
                short_id(&row.run.id, 8),
                history.word(row).to_owned(),
                time,
                row.calls.to_string(),
            ];
            let why: Vec<&str> = why.into_iter().flatten().collect();
            (cells, why.join("; "))
        }
        Entry::Missed(firing) => {
            let cells = vec![
                history.times.full(firing.due),
                firing.schedule.clone(),
                "-".to_owned(),
                firing.outcome.clone(),
                String::new(),
                String::new(),
            ];
            (cells, firing.detail.clone().unwrap_or_default())
        }
    }
}

fn json(history: &History, entry: &Entry) -> Result<serde_json::Value, StoreError> {
    Ok(match entry {
        Entry::Run(row) => {
            let mut json = history.json(row);
            let requests = history.requests(row)?;
            json["requests"] = requests
                .iter()
                .map(|request| request_json(&history.times, request))
                .collect();
            json
        }
        Entry::Missed(firing) => serde_json::json!({
            "id": null, "name": firing.schedule, "kind": "firing", "due": history.times.exact(firing.due),
            "decided": history.times.exact(firing.decided), "outcome": firing.outcome, "error": firing.detail,
        }),
    })
}
