//! What the subcommands of `cumulua runs` share: finding a run, and how it is shown.

use super::times::Times;
use crate::cli::status::{self, Status};
use crate::history::{Filter, Found, Of, Requester, RunRow, Store, StoreError, UserRequest};
use comfy_table::{ContentArrangement, Table, presets};
use cumulua_core::controls;
use jiff::Timestamp;

/// What a subcommand works with.
pub(super) struct History {
    pub(super) store: Store,
    pub(super) times: Times,
}

/// Why there is nothing to show.
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) status: Status,
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self {
            message: error.to_string(),
            status: status::SCRIPT,
        }
    }
}

impl Problem {
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            status: status::USAGE,
        }
    }
}

impl History {
    /// The run that a person means: the latest one of a name, or the one whose id begins so.
    pub(super) fn find(&self, wanted: &str) -> Result<RunRow, Problem> {
        if wanted.is_empty() {
            return Err(Problem::usage(
                "name a run by its name for the latest of that name, or by the beginning of its id",
            ));
        }
        // A name first: what begins with an id that is like it could be the run of anything.
        let latest = Filter {
            name: Some(wanted.to_owned()),
            limit: Some(1),
            ..Filter::default()
        };
        if let Some(row) = self.store.runs(latest)?.pop() {
            return Ok(row);
        }
        let firings = self
            .store
            .firings(Some(wanted), None, None, false, Some(1))?;
        if !firings.is_empty() {
            return Err(Problem {
                message: format!(
                    "{wanted} has had no run yet; `cumulua runs list --name {wanted}` shows its firings, and \
                     `cumulua schedule drop {wanted}` gives up what waits"
                ),
                status: status::SCRIPT,
            });
        }
        match self.store.find_run(wanted)? {
            Found::One(row) => return Ok(*row),
            Found::Several(ids) => {
                let ids: Vec<_> = ids.iter().map(|id| short_id(id, 13)).collect();
                let message = format!(
                    "several runs begin with {wanted}: {}; give more of the id",
                    ids.join(", ")
                );
                return Err(Problem::usage(message));
            }
            Found::None => {}
        }
        let names = self.store.run_names()?;
        let near =
            cumulua_core::catalog::suggest::nearest(wanted, names.iter().map(String::as_str));
        let hint = cumulua_core::catalog::suggest::did_you_mean(&near);
        let message = format!(
            "no run has that id or name: {wanted}{hint}; `cumulua runs list` shows what there is"
        );
        Err(Problem {
            message,
            status: status::SCRIPT,
        })
    }

    /// A moment as a person gives it.
    pub(super) fn moment(&self, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
        text.map(|text| self.times.parse(text))
            .transpose()
            .map_err(Problem::usage)
    }

    /// Where a run stands, or how it went, in a word.
    pub(super) fn word(&self, row: &RunRow) -> &'static str {
        self.store.state(row).as_str()
    }

    /// Why it does not go on, or did not end well.
    pub(super) fn reason(&self, row: &RunRow) -> Option<String> {
        row.reason(self.store.state(row))
    }

    /// What people have asked for that a run followed from.
    pub(super) fn requests(&self, row: &RunRow) -> Result<Vec<UserRequest>, StoreError> {
        let run = &row.run;
        let firing = run.due.map(|due| (run.name.as_str(), due));
        self.store.user_requests(Of::Run(&run.id, firing))
    }

    /// A run for programs.
    pub(super) fn json(&self, row: &RunRow) -> serde_json::Value {
        let time = |at| self.times.exact(at);
        let run = &row.run;
        serde_json::json!({
            "id": run.id, "name": run.name, "kind": run.kind, "script": run.script, "script_sha256": run.script_hash, "args": run.args,
            "profile": run.profile, "version": run.version, "simulated": run.simulated, "pid": run.pid, "host": row.host, "attempt": run.attempt,
            "due": run.due.map(time), "started": time(run.started), "ended": row.ended.map(time), "outcome": self.word(row),
            "status": row.status, "error": self.reason(row), "retry_at": row.retry_at.map(time), "retry_given_up": row.retry_given_up,
            "calls": row.calls,
        })
    }
}

/// Who has asked for something, for programs.
pub(super) fn request_json(times: &Times, request: &UserRequest) -> serde_json::Value {
    let Requester { uid, user, told } = &request.requester;
    serde_json::json!({
        "at": times.exact(request.at), "verb": request.verb, "uid": uid, "user": user, "told": told, "reason": request.reason,
        "until": request.until.map(|until| times.exact(until)),
    })
}

/// The beginning of an id: enough to distinguish runs.
pub(super) fn short_id(id: &str, length: usize) -> String {
    id.chars().take(length).collect()
}

/// A table without lines. On a terminal what does not fit is cut off: a broken line is harder to
/// read than a short one, and `show` and `--json` have the rest.
pub(super) fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let width = terminal_width();
    let lines = lines(header, rows);
    let lines = lines.into_iter().map(|line| cut(line, width));
    lines.collect::<Vec<_>>().join("\n")
}

/// The same for rows that have a reason each, which is never cut off: it stands last in its row
/// where all of them fit, otherwise below it.
pub(super) fn table_with_reasons(
    header: &[&str],
    heading: &str,
    rows: Vec<(Vec<String>, String)>,
) -> String {
    let whole = |(row, reason): &(Vec<String>, String)| {
        let reason = std::iter::once(reason.clone());
        row.iter().cloned().chain(reason).collect::<Vec<_>>()
    };
    let headings: Vec<&str> = header.iter().copied().chain([heading]).collect();
    let wide = lines(&headings, rows.iter().map(whole).collect());
    let width = terminal_width();
    let fits = |line: &String| width.is_none_or(|width| console::measure_text_width(line) <= width);
    if wide.iter().all(fits) {
        return wide.join("\n");
    }
    let (cells, reasons): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let mut text = Vec::new();
    let reasons = std::iter::once(String::new()).chain(reasons);
    for (line, reason) in lines(header, cells).into_iter().zip(reasons) {
        text.push(cut(line, width));
        if !reason.is_empty() {
            text.extend(below(&reason, width.unwrap_or(usize::MAX)));
        }
    }
    text.join("\n")
}

fn terminal_width() -> Option<usize> {
    let terminal = console::Term::stdout();
    terminal.is_term().then(|| usize::from(terminal.size().1))
}

fn lines(header: &[&str], rows: Vec<Vec<String>>) -> Vec<String> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(header)
        .add_rows(rows.into_iter().map(|row| {
            row.into_iter()
                .map(|cell| controls::escape_line(&cell).into_owned())
                .collect::<Vec<_>>()
        }));
    let text = table.to_string();
    let lines = text.lines();
    lines
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned())
        .collect()
}

fn cut(line: String, width: Option<usize>) -> String {
    match width {
        Some(width) => console::truncate_str(&line, width, "…").into_owned(),
        None => line,
    }
}

/// A reason in lines of its own, a little to the right.
fn below(reason: &str, width: usize) -> Vec<String> {
    const INDENT: &str = "   ";
    let width = u16::try_from(width).unwrap_or(u16::MAX);
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width.saturating_sub(2).max(20))
        .add_row([controls::escape_line(reason)]);
    let text = table.to_string();
    let lines = text.lines();
    lines
        .map(|line| format!("{INDENT}{}", line.trim()))
        .collect()
}
