//! `cumulua runs export`: the history for other programs.

use super::calls::{self, CallFilter, each_call};
use super::common::{History, Problem};
use super::selection::Selection;
use crate::cli::{report, status};
use crate::history::{FiringRow, OutputRow, RunRow};
use clap::{Args, ValueEnum};
use cumulua_core::controls;
use serde_json::{Value, json};

/// Prints what is recorded for other programs, a record a line, the earliest run first
///
/// Times are RFC 3339 with their offset; all values are redacted as they are recorded.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cumulua runs export --since 30d > runs.jsonl\n  cumulua runs export calls --mutating --format csv > changes.csv\n  cumulua runs export firings --name nightly --since 7d"
)]
pub(super) struct Export {
    /// What is exported
    #[arg(value_enum, default_value_t = What::Runs)]
    what: What,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    filter: CallFilter,
    /// JSON lines, or CSV with a line of headings
    #[arg(long, value_enum, default_value_t = Form::Jsonl, value_name = "FORMAT")]
    format: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Runs: when, what, how they ended
    Runs,
    /// Calls of these runs
    Calls,
    /// Firings of schedules, with what was decided about each
    Firings,
    /// What these runs printed
    Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Jsonl,
    Csv,
}

/// Lines of output that are read at once.
const PAGE: u32 = 1_000;

impl Export {
    pub(super) fn run(self, history: &History) -> Result<(), Problem> {
        if self.what != What::Calls && self.filter.chooses() {
            return Err(Problem::usage(
                "--failed, --mutating, --unknown, --action, --in-region and --about choose calls: `cumulua runs export calls`",
            ));
        }
        let mut writer = Writer::new(self.format);
        match self.what {
            What::Firings => {
                let (since, until) = self.selection.span(history)?;
                let name = self.selection.name.as_deref();
                let mut firings = history.store.firings(name, since, until, false, None)?;
                firings.reverse();
                for firing in &firings {
                    writer.write(&firing_json(history, firing))?;
                }
            }
            What::Runs => {
                for row in self.earliest_first(history)? {
                    writer.write(&history.json(&row))?;
                }
            }
            What::Calls => {
                for row in self.earliest_first(history)? {
                    let mut problem = Ok(());
                    each_call(history, &row, |call| {
                        if self.filter.wants(&call) {
                            problem = writer.write(&of_run(&row, calls::json(history, &call)));
                        }
                        problem.is_ok()
                    })?;
                    problem?;
                }
            }
            What::Output => {
                for row in self.earliest_first(history)? {
                    let mut after = 0;
                    loop {
                        let lines = history.store.output(&row.run.id, after, PAGE)?;
                        let Some(last) = lines.last() else { break };
                        after = last.number;
                        for line in &lines {
                            writer.write(&of_run(&row, line_json(history, line)))?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn earliest_first(&self, history: &History) -> Result<impl Iterator<Item = RunRow>, Problem> {
        Ok(self.selection.runs(history)?.into_iter().rev())
    }
}

/// Which run it belongs to.
fn of_run(row: &RunRow, record: Value) -> Value {
    let mut whole = json!({ "run": row.run.id, "name": row.run.name });
    if let (Value::Object(whole), Value::Object(record)) = (&mut whole, record) {
        whole.extend(record);
    }
    whole
}

fn firing_json(history: &History, firing: &FiringRow) -> Value {
    json!({
        "schedule": firing.schedule, "due": history.times.exact(firing.due), "decided": history.times.exact(firing.decided),
        "outcome": firing.outcome, "why": firing.detail, "run": firing.run,
    })
}

fn line_json(history: &History, line: &OutputRow) -> Value {
    json!({ "number": line.number, "at": history.times.exact(line.at), "stream": line.stream, "line": line.line })
}

/// Prints records.
struct Writer {
    form: Form,
    has_headings: bool,
}

impl Writer {
    fn new(form: Form) -> Self {
        Self {
            form,
            has_headings: false,
        }
    }

    fn write(&mut self, record: &Value) -> Result<(), Problem> {
        let Value::Object(fields) = record else {
            return Ok(());
        };
        if self.form == Form::Jsonl {
            report::print_json_line(record);
            return Ok(());
        }
        if !std::mem::replace(&mut self.has_headings, true) {
            report::print_plain(&csv_line(fields.keys().map(String::as_str))?);
        }
        let cells = fields.values().map(cell).collect::<Vec<_>>();
        report::print_plain(&csv_line(cells.iter().map(String::as_str))?);
        Ok(())
    }
}

/// A value in CSV: a text as it is, nothing for null, JSON for what has parts.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => controls::escape(text).into_owned(),
        other => controls::escape_json(&other.to_string()).into_owned(),
    }
}

fn csv_line<'a>(cells: impl Iterator<Item = &'a str>) -> Result<String, Problem> {
    let wrong = |problem: String| Problem {
        message: format!("a record cannot be written as CSV: {problem}"),
        status: status::SCRIPT,
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(cells)
        .map_err(|problem| wrong(problem.to_string()))?;
    let bytes = writer
        .into_inner()
        .map_err(|problem| wrong(problem.to_string()))?;
    let line = String::from_utf8(bytes).map_err(|problem| wrong(problem.to_string()))?;
    Ok(line.trim_end_matches('\n').to_owned())
}
