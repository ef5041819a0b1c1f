//! Errors as a person reads them: what, where in the script, what to do.

use super::options::Color;
use super::status::Status;
use super::streams;
use crate::client::outcome_probe::Outcome;
use crate::gate::{EndedProcess, Gate, Pending, StopReason};
use crate::lua::{ScriptError, Sources};
use crate::run::Ending;
use anstream::{AutoStream, ColorChoice};
use cumulua_core::controls;
use cumulua_core::secret::Redactor;
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
    SourceSpan,
};
use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

/// Takes `--color` for everything that is printed from now on.
pub(super) fn set_color(color: Color) {
    let choice = match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    choice.write_global();
}

/// Whether standard error takes color.
pub(super) fn has_color() -> bool {
    AutoStream::choice(&streams::stderr()) != ColorChoice::Never
}

/// Text on standard error, where what would control a terminal is shown; a closed one is no fault.
pub(super) fn note(text: &str) {
    styled(&controls::escape(text));
}

/// A JSON value on a line of standard error.
pub(super) fn note_json(json: &serde_json::Value) {
    styled(&controls::escape_json(&json.to_string()));
}

/// A text on standard error whose styles are ours, with color where standard error takes any: what
/// others wrote in it is escaped already.
pub(super) fn styled(text: &str) {
    streams::write_error(text, || {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    });
}

/// A word in a style, in front of a text on standard error.
pub(super) fn marked(color: anstyle::AnsiColor, word: &str, text: &str) {
    let style = color.on_default().bold();
    let text = controls::escape(text);
    styled(&format!("{style}{word}{style:#}: {text}"));
}

/// One line on standard error.
pub(super) fn error(message: &str) {
    marked(anstyle::AnsiColor::Red, "error", message);
}

/// One line on standard error, of something that stops nothing.
pub(super) fn warning(message: &str) {
    marked(anstyle::AnsiColor::Yellow, "warning", message);
}

/// What the script had started and was still there.
pub(super) fn ended_processes(ended: &[EndedProcess]) {
    if ended.is_empty() {
        return;
    }
    let named = |process: &EndedProcess| {
        format!("{} ({})", controls::escape_line(&process.name), process.id)
    };
    let list: Vec<_> = ended.iter().map(named).collect();
    warning(&format!(
        "what the script had started went on and was ended: {}; what is to outlive a run is \
         another program's to start",
        list.join(", ")
    ));
}

/// A script's error with the line that it came from.
struct Located {
    message: String,
    source: Option<NamedSource<String>>,
    span: Option<SourceSpan>,
    help: Option<String>,
}

impl fmt::Debug for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Located {}

impl Diagnostic for Located {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.span?;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(
            Some("here".to_owned()),
            span,
        ))))
    }
}

/// A longer message says no more, and takes its time to be wrapped, in bytes.
const LONGEST_MESSAGE: usize = 16 * 1024;

/// A message that is not too long, and how much was cut off.
fn shortened(mut message: String) -> String {
    let end = Redactor::cut(message.as_bytes(), LONGEST_MESSAGE);
    let rest = message.len() - end;
    if rest == 0 {
        return message;
    }
    message.truncate(end);
    message + &format!("… ({rest} bytes more)")
}

/// A line that is longer is no excerpt that a person would read.
const LONGEST_EXCERPT: usize = 400;

/// Prints a script's error: what, where, what to do.
fn script_error(error: &ScriptError, sources: &Sources, gate: &Gate, verbose: bool) {
    styled(&render(error, sources, gate, "cumulua docs ", verbose));
}

/// A script's error as text: what, where, what to do, and the rest of the stack where that is asked
/// for. `docs` in front of an Action's name shows its page. Each text is redacted as a whole,
/// because a report breaks it into lines.
pub(super) fn render(
    error: &ScriptError,
    sources: &Sources,
    present: &dyn Present,
    docs: &str,
    with_trace: bool,
) -> String {
    let name = &present.present(chunk_name(error));
    let message = shortened(present.present(&error.message));
    // Only what was loaded is shown: the name in an error's text is the script's to choose.
    let excerpt = sources
        .get(chunk_name(error))
        .zip(error.line)
        .and_then(|(text, line)| Some((text, line_span(text, line as usize, width())?)));
    let help = help(error, docs).map(|help| present.present(&help));
    let located = match (excerpt, error.line) {
        (Some((text, span)), _) => Located {
            message,
            span: Some(span),
            source: Some(NamedSource::new(name, plain_source(text)).with_language("Lua")),
            help,
        },
        (None, Some(line)) => Located {
            message: format!("{name}:{line}: {message}"),
            source: None,
            span: None,
            help,
        },
        (None, None) => Located {
            message,
            source: None,
            span: None,
            help,
        },
    };
    // The script's own lines may hold one as well.
    let mut text = present.redact(&draw(&located));
    if with_trace && !error.traceback.is_empty() {
        text = format!("{text}\n{}", present.present(&error.traceback));
    }
    text
}

/// A script's text without what would control a terminal, at the same places.
fn plain_source(text: &str) -> String {
    let plain = |c: char| match c {
        '\n' | '\t' => c,
        '\r' => ' ',
        c if !controls::is_control(c) => c,
        c if c.len_utf8() == 1 => '?',
        c if c.len_utf8() == 2 => '¿',
        _ => '\u{fffd}',
    };
    text.chars().map(plain).collect()
}

/// What takes secrets and control characters out of texts.
pub(super) trait Present {
    /// Text without secrets.
    fn redact(&self, text: &str) -> String;

    /// Text of others as people see it.
    fn present(&self, text: &str) -> String {
        controls::escape(&self.redact(text)).into_owned()
    }
}

impl Present for Gate {
    fn redact(&self, text: &str) -> String {
        Self::redact(self, text)
    }
}

impl Present for Redactor {
    fn redact(&self, text: &str) -> String {
        Self::redact(self, text)
    }
}

/// A report as standard error takes it.
fn draw(located: &Located) -> String {
    let theme = match (has_color(), streams::stderr().is_terminal()) {
        (true, _) => GraphicalTheme::unicode(),
        (false, true) => GraphicalTheme::unicode_nocolor(),
        (false, false) => GraphicalTheme::none(),
    };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_context_lines(1)
        .with_width(width());
    if handler.render_report(&mut text, located).is_err() {
        text.clone_from(&located.message);
    }
    text.trim_end().to_owned()
}

/// Prints what is wrong with a file, with the lines that are meant.
pub(super) fn excerpt(
    message: &str,
    name: &str,
    text: &str,
    span: std::ops::Range<usize>,
    language: &str,
) {
    // A fault of a whole table is shown by its first line.
    let first = text
        .get(span.clone())
        .and_then(|meant| meant.lines().next())
        .map_or(0, str::len);
    let located = Located {
        message: controls::escape(message).into_owned(),
        source: Some(
            NamedSource::new(controls::escape(name), plain_source(text)).with_language(language),
        ),
        span: Some(SourceSpan::from((span.start, first))),
        help: None,
    };
    styled(&draw(&located));
}

/// The chunk's name without the mark of its kind.
fn chunk_name(error: &ScriptError) -> &str {
    error
        .source
        .as_deref()
        .unwrap_or_default()
        .trim_start_matches(['@', '='])
}

/// How a run ended, for programs.
pub(super) fn ending_json(ending: &Ending, gate: &Gate, status: Status) -> String {
    let error = |error: &ScriptError| {
        serde_json::json!({
            "kind": error.kind, "message": error.message, "action": error.action, "code": error.code,
            "http_status": error.http_status, "request_id": error.request_id, "attempts": error.attempts, "sent": error.sent,
            "source": error.source.as_ref().map(|_| chunk_name(error)), "line": error.line,
        })
    };
    let mut report = match (&ending.stop, &ending.error) {
        (Some(stop), _) => {
            serde_json::json!({ "kind": stop_kind(stop), "message": stop.describe() })
        }
        (None, Some(failed)) => error(failed),
        (None, None) => {
            serde_json::json!({ "kind": null, "message": "a deferred function failed" })
        }
    };
    let tasks = ending.open.tasks.iter();
    let calls = ending.open.unknown.iter();
    if let (Some(_), Some(failed)) = (&ending.stop, &ending.error) {
        report["error"] = error(failed);
    }
    report["status"] = status.0.into();
    report["deferred"] = ending.deferred.iter().map(error).collect();
    report["still_running"] = tasks
        .map(|(task, action)| {
            let command = task.command(&ending.open.account);
            serde_json::json!({ "dialect": task.dialect, "id": task.id, "action": action, "command": command })
        })
        .collect();
    let unknown = calls.map(|call| {
        let lookup = call.lookup.as_ref();
        let action = lookup.map(|lookup| &lookup.reading().full_name);
        let command = lookup.map(|lookup| lookup.command());
        serde_json::json!({ "action": call.action, "lookup": action, "lookup_command": command })
    });
    report["unknown_outcome"] = unknown.collect();
    let resolved = ending.open.resolved.iter();
    report["resolved_outcome"] = resolved
        .map(|call| serde_json::json!({ "action": call.action, "outcome": call.outcome.as_str() }))
        .collect();
    controls::escape_json(&gate.redact_json(report).to_string()).into_owned()
}

/// What went wrong with a run, in a line for its history.
pub(super) fn ending_summary(ending: &Ending) -> Option<String> {
    let located = |error: &ScriptError| {
        let place = error
            .line
            .map(|line| format!("{}:{line}: ", chunk_name(error)))
            .unwrap_or_default();
        let action = error
            .action
            .as_ref()
            .filter(|action| !error.message.contains(action.as_str()));
        format!(
            "{place}{}{}",
            action
                .map(|action| format!("{action}: "))
                .unwrap_or_default(),
            error.message
        )
    };
    let stop = ending
        .stop
        .as_ref()
        .filter(|stop| !matches!(stop, StopReason::Exit(0)))
        .map(StopReason::describe);
    let errors = ending.error.iter().chain(&ending.deferred).map(located);
    let all: Vec<String> = stop.into_iter().chain(errors).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn stop_kind(stop: &StopReason) -> &'static str {
    match stop {
        StopReason::TimedOut(_) => "timeout",
        _ => "cancelled",
    }
}

/// What the run leaves open in the cloud, and how to go on with it.
pub(super) fn pending(open: &Pending, gate: &Gate) {
    let yellow = |word: &str, text: String| {
        marked(anstyle::AnsiColor::Yellow, word, &gate.redact(&text));
    };
    for call in &open.unknown {
        let advice = match &call.lookup {
            Some(lookup) => format!("; {lookup}"),
            None => "; no documented Action shows it, look at the console".to_owned(),
        };
        yellow(
            "unknown outcome",
            format!(
                "{} may have been carried out (sent = \"maybe\"){advice}",
                call.action
            ),
        );
    }
    for call in &open.resolved {
        let was = match call.outcome {
            Outcome::Done => "was carried out",
            _ => "was not carried out",
        };
        note(&format!(
            "resolved: {} {was}, as the script found out after its answer was lost",
            call.action
        ));
    }
    for (task, action) in &open.tasks {
        yellow(
            "still running",
            format!(
                "{task}, started by {action}; `{}` waits for it again",
                task.command(&open.account)
            ),
        );
    }
}

/// Prints how a run ended, with all that is left to do.
pub(super) fn report_ending(ending: &Ending, gate: &Gate, verbose: bool) {
    match (&ending.stop, &ending.error) {
        (Some(StopReason::Exit(_)), _) | (None, None) => {}
        (Some(stop), _) => error(&stop.describe()),
        (None, Some(error)) => script_error(error, &ending.sources, gate, verbose),
    }
    for failed in &ending.deferred {
        error("a deferred function failed:");
        script_error(failed, &ending.sources, gate, verbose);
    }
    if let (Some(stop), Some(error)) = (&ending.stop, &ending.error)
        && !matches!(stop, StopReason::Exit(_))
    {
        // What ended the deferred functions does not hide why the script had failed before.
        script_error(error, &ending.sources, gate, verbose);
    }
    // A script that came to its end chose not to wait.
    if ending.stop.is_some() || ending.error.is_some() {
        pending(&ending.open, gate);
    }
}

fn help(error: &ScriptError, docs: &str) -> Option<String> {
    match error.kind.as_deref()? {
        "service" => error
            .request_id
            .as_ref()
            .map(|id| format!("the request's id is {id}")),
        "validation" => error
            .action
            .as_ref()
            .map(|action| format!("`{docs}{action}` shows its parameters")),
        "dispatch" => {
            Some("`cumulua profile show` shows which endpoint is used and why".to_owned())
        }
        _ => None,
    }
}

/// Where a line stands in a text, as far as a terminal has room to underline it; none where the
/// text has no such line, or a very long one.
fn line_span(text: &str, line: usize, columns: usize) -> Option<SourceSpan> {
    let before = line.checked_sub(1)?;
    let content = text
        .lines()
        .nth(before)
        .filter(|content| content.len() <= LONGEST_EXCERPT)?;
    let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let indent = content.len() - content.trim_start().len();
    // The number of the line stands before it.
    let room = columns
        .saturating_sub(line.to_string().len() + 4 + indent)
        .max(1);
    let underlined = console::truncate_str(content.trim(), room, "");
    Some(SourceSpan::from((start + indent, underlined.len())))
}

fn width() -> usize {
    columns(console::Term::stderr().size_checked())
}

/// Columns of standard output; 100 where it is no terminal.
pub(super) fn output_width() -> usize {
    columns(console::Term::stdout().size_checked())
}

fn columns(size: Option<(u16, u16)>) -> usize {
    size.map_or(100, |(_, columns)| usize::from(columns))
        .clamp(40, 160)
}

/// Whether standard output takes color.
pub(super) fn output_has_color() -> bool {
    AutoStream::choice(&streams::stdout()) != ColorChoice::Never
}

/// Text on standard output, where what would control a terminal is shown. A reader that has seen
/// enough is no fault; a full disk is one, and what it would lose may be a task's id.
pub(super) fn print(text: &str) {
    print_plain(&controls::escape(text));
}

/// The same for JSON, which has escapes of its own.
pub(super) fn print_json(json: &serde_json::Value) {
    print_plain(&controls::escape_json(&format!("{json:#}")));
}

/// The same for a JSON value on one line.
pub(super) fn print_json_line(json: &serde_json::Value) {
    print_plain(&controls::escape_json(&json.to_string()));
}

/// Text on standard output as it is.
pub(super) fn print_plain(text: &str) {
    let mut stdout = streams::stdout().lock();
    if let Err(problem) = writeln!(stdout, "{text}").and_then(|()| stdout.flush())
        && problem.kind() != std::io::ErrorKind::BrokenPipe
    {
        error(&format!("standard output cannot be written: {problem}"));
        note(text);
        std::process::exit(i32::from(super::status::SCRIPT.0));
    }
}

/// `45s`, `12m 5s`.
pub(super) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m {s}s"),
        (h, m, s) => format!("{h}h {m}m {s}s"),
    }
}
