//! The line that is typed: rustyline on a thread of its own, which asks the session's thread for what only the VM knows.

use super::complete::{Candidate, Knowledge, complete};
use super::highlight::{highlight, is_at_bracket};
use super::hint::hint;
use crate::catalog::Catalog;
use crate::config::Profiles;
use crate::lua::session::{InAnswer, Inspected, Judgement, Session, Step};
use rustyline::completion::{Candidate as Listed, Completer};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{ColorMode, CompletionType, Config, Context, Editor as Rustyline, ExternalPrinter as _, Helper};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A job that keeps the VM busy must not keep the keys waiting.
const PATIENCE: Duration = Duration::from_millis(100);

/// A prompt, with and without colour.
#[derive(Debug, Clone, Default)]
pub(super) struct Prompt {
    pub(super) plain: String,
    pub(super) styled: String,
}

/// What the session asks of the editor.
enum Request {
    Line { prompt: Prompt, initial: String },
    Question(String),
    History(Vec<String>),
}

/// What a person did at the prompt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Line(String),
    /// Ctrl-C, and whether nothing was typed before it.
    Interrupted {
        was_empty: bool,
    },
    /// Ctrl-D, or the terminal is gone.
    End,
}

/// What the editor asks of the session.
pub(super) enum Ask {
    Names(mpsc::Sender<Vec<(String, String)>>),
    Inspect { root: String, steps: Vec<Step>, answer: mpsc::Sender<(Inspected, Option<InAnswer>)> },
}

impl Ask {
    /// Answers from the session; an editor that does not wait any more is no fault.
    pub(super) fn answer(self, session: &Session) {
        let _ = match self {
            Self::Names(answer) => answer.send(session.names()).is_ok(),
            Self::Inspect { root, steps, answer } => answer.send(session.inspect(&root, &steps)).is_ok(),
        };
    }
}

/// What the editor's thread has to work with.
pub(super) struct Setup {
    pub(super) catalog: Arc<Catalog>,
    pub(super) profiles: Arc<Profiles>,
    pub(super) folder: PathBuf,
    pub(super) has_color: bool,
    pub(super) history: Vec<String>,
}

/// A longer text, as a terminal without bracketed paste types it in, is not drawn anew at every key.
const LONGEST: usize = 4 * 1024;

type Printer = Box<dyn FnMut(String) -> bool + Send>;

/// The session's end of the line.
pub(super) struct Editor {
    requests: mpsc::Sender<Request>,
    answers: Mutex<mpsc::Receiver<bool>>,
    printer: Mutex<Option<Printer>>,
}

/// What comes from the editor's thread.
pub(super) struct FromEditor {
    pub(super) typed: UnboundedReceiver<Typed>,
    pub(super) asks: UnboundedReceiver<Ask>,
}

impl Editor {
    /// Starts the editor's thread.
    pub(super) fn start(setup: Setup) -> Result<(Self, FromEditor), String> {
        let (requests, requested) = mpsc::channel();
        let (typing, typed) = unbounded_channel();
        let (asking, asks) = unbounded_channel();
        let (answering, answers) = mpsc::channel();
        let (starting, started) = mpsc::channel();
        thread::spawn(move || {
            let mut editor = match build(setup, asking) {
                Ok(editor) => editor,
                Err(failure) => {
                    let _ = starting.send(Err(failure.to_string()));
                    return;
                }
            };
            // Without one, as on a dumb terminal, notes wait for the next prompt.
            let printer = editor
                .create_external_printer()
                .ok()
                .map(|mut printer| Box::new(move |text: String| printer.print(text).is_ok()) as Printer);
            if starting.send(Ok(printer)).is_ok() {
                serve(&mut editor, &requested, &typing, &answering);
            }
        });
        let printer = started.recv().map_err(|_| "the editor's thread ended".to_owned())??;
        let editor = Self { requests, answers: Mutex::new(answers), printer: Mutex::new(printer) };
        Ok((editor, FromEditor { typed, asks }))
    }

    /// Shows the prompt; what is typed comes through the channel.
    pub(super) fn read(&self, prompt: Prompt, initial: String) {
        let _ = self.requests.send(Request::Line { prompt, initial });
    }

    /// Replaces the history that the arrow keys walk through.
    pub(super) fn set_history(&self, entries: Vec<String>) {
        let _ = self.requests.send(Request::History(entries));
    }

    /// Asks a question that is answered with y or anything else, and waits; nobody may be typing a line.
    pub(super) fn ask(&self, question: String) -> bool {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        self.requests.send(Request::Question(question)).is_ok() && answers.recv().unwrap_or(false)
    }

    /// Prints above the line that is being typed; false where that cannot be done.
    pub(super) fn print_above(&self, text: &str) -> bool {
        let mut printer = self.printer.lock().unwrap_or_else(PoisonError::into_inner);
        printer.as_mut().is_some_and(|print| print(format!("{text}\n")))
    }
}

type Line = Rustyline<Assistant, MemHistory>;

fn build(setup: Setup, asks: UnboundedSender<Ask>) -> rustyline::Result<Line> {
    let color = if setup.has_color { ColorMode::Enabled } else { ColorMode::Disabled };
    let config = Config::builder()
        .auto_add_history(false)
        .history_ignore_dups(true)?
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .color_mode(color)
        .bracketed_paste(true)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor = Rustyline::with_history(config, history)?;
    fill(&mut editor, setup.history.clone());
    editor.set_helper(Some(Assistant {
        knowledge: Remote { asks, setup },
        room: Cell::new(0),
        is_empty: Cell::new(true),
        is_done: Cell::new(false),
        last_hint: RefCell::default(),
    }));
    Ok(editor)
}

fn fill(editor: &mut Line, entries: Vec<String>) {
    for entry in entries {
        let _ = editor.add_history_entry(entry);
    }
}

fn serve(editor: &mut Line, requests: &mpsc::Receiver<Request>, typed: &UnboundedSender<Typed>, answers: &mpsc::Sender<bool>) {
    while let Ok(request) = requests.recv() {
        let goes_on = match request {
            Request::Line { prompt, initial } => typed.send(read(editor, &prompt, &initial)).is_ok(),
            Request::Question(question) => {
                // No is the answer to anything but a plain yes.
                let answer = editor.readline(&(question.as_str(), question.as_str())).unwrap_or_default();
                answers.send(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")).is_ok()
            }
            Request::History(entries) => {
                let _ = editor.clear_history();
                fill(editor, entries);
                true
            }
        };
        if !goes_on {
            return;
        }
    }
}

fn read(editor: &mut Line, prompt: &Prompt, initial: &str) -> Typed {
    if let Some(helper) = editor.helper() {
        helper.room.set(console::measure_text_width(&prompt.plain));
        helper.is_empty.set(initial.is_empty());
        helper.is_done.set(false);
    }
    match editor.readline_with_initial(&(prompt.plain.as_str(), prompt.styled.as_str()), (initial, "")) {
        Ok(line) => {
            let _ = editor.add_history_entry(line.as_str());
            Typed::Line(line)
        }
        Err(ReadlineError::Interrupted) => {
            Typed::Interrupted { was_empty: editor.helper().is_none_or(|helper| helper.is_empty.get()) }
        }
        Err(_) => Typed::End,
    }
}

/// What completion knows: the catalogue here, the VM's values through the session's thread.
struct Remote {
    asks: UnboundedSender<Ask>,
    setup: Setup,
}

impl Knowledge for Remote {
    fn catalog(&self) -> &Catalog {
        &self.setup.catalog
    }

    fn folder(&self) -> &Path {
        &self.setup.folder
    }

    fn profiles(&self) -> Vec<String> {
        self.setup.profiles.names().unwrap_or_default()
    }

    fn names(&self) -> Vec<(String, String)> {
        let (answer, answered) = mpsc::channel();
        let _ = self.asks.send(Ask::Names(answer));
        let found = answered.recv_timeout(PATIENCE);
        found.unwrap_or_else(|_| self.setup.catalog.products().into_iter().map(|name| (name.clone(), name)).collect())
    }

    fn inspect(&self, root: &str, steps: &[Step]) -> (Inspected, Option<InAnswer>) {
        let (answer, answered) = mpsc::channel();
        let _ = self.asks.send(Ask::Inspect { root: root.to_owned(), steps: steps.to_vec(), answer });
        answered.recv_timeout(PATIENCE).unwrap_or((Inspected::Other, None))
    }
}

/// What rustyline asks for while a line is typed.
struct Assistant {
    knowledge: Remote,
    /// The prompt's width.
    room: Cell<usize>,
    is_empty: Cell<bool>,
    /// The line is entered and drawn for the last time.
    is_done: Cell<bool>,
    /// The last hint and its line: a redraw asks again.
    last_hint: RefCell<(String, Option<String>)>,
}

impl Helper for Assistant {}

/// A candidate as the list shows it.
struct ListEntry {
    shown: String,
    insert: String,
}

impl Listed for ListEntry {
    fn display(&self) -> &str {
        &self.shown
    }

    fn replacement(&self) -> &str {
        &self.insert
    }
}

impl Completer for Assistant {
    type Candidate = ListEntry;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<ListEntry>)> {
        let (start, found) = complete(&line[..pos], &self.knowledge);
        Ok((start, listed(found, columns())))
    }
}

/// The candidates with aligned summaries, no wider than the terminal.
fn listed(found: Vec<Candidate>, columns: usize) -> Vec<ListEntry> {
    let widest = found.iter().map(|candidate| candidate.name.chars().count()).max().unwrap_or_default().min(columns / 2);
    let shown = |candidate: &Candidate| {
        if candidate.summary.is_empty() {
            return candidate.name.clone();
        }
        let summary = candidate.summary.replace('\n', " ");
        let text = format!("{:<widest$}  {summary}", candidate.name);
        console::truncate_str(&text, columns.saturating_sub(3), "…").into_owned()
    };
    found.into_iter().map(|candidate| ListEntry { shown: shown(&candidate), insert: candidate.insert }).collect()
}

/// Columns of the terminal.
fn columns() -> usize {
    console::Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns)).max(20)
}

/// A hint that is only looked at: no key puts it into the line.
struct Shown(String);

impl Hint for Shown {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Hinter for Assistant {
    type Hint = Shown;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Shown> {
        self.is_empty.set(line.is_empty());
        if pos < line.len() || line.is_empty() || line.len() > LONGEST {
            return None;
        }
        if self.last_hint.borrow().0 != line {
            let columns = columns();
            let own = line.rsplit('\n').next().unwrap_or_default();
            let prompt = if own.len() == line.len() { self.room.get() } else { 0 };
            let taken = (prompt + console::measure_text_width(own)) % columns;
            let found = hint(line, columns.saturating_sub(taken + 1), &self.knowledge);
            *self.last_hint.borrow_mut() = (line.to_owned(), found);
        }
        self.last_hint.borrow().1.clone().map(Shown)
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, pos: usize) -> Cow<'l, str> {
        Cow::Owned(highlight(line, Some(pos).filter(|_| !self.is_done.get())))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\u{1b}[2m{hint}\u{1b}[0m"))
    }

    fn highlight_char(&self, line: &str, pos: usize, kind: CmdKind) -> bool {
        self.is_done.set(kind == CmdKind::ForcedRefresh);
        if line.len() > LONGEST {
            return false;
        }
        match kind {
            CmdKind::MoveCursor => {
                is_at_bracket(line, pos) || is_at_bracket(line, pos.saturating_sub(1)) || is_at_bracket(line, pos + 1)
            }
            CmdKind::Other | CmdKind::ForcedRefresh => true,
        }
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let input = context.input();
        let line = input.strip_prefix('&').unwrap_or(input);
        let is_incomplete = !line.starts_with([':', '?']) && Session::judge(line) == Judgement::Incomplete;
        // An empty line behind an unfinished one ends it: the error says what is missing.
        let goes_on = is_incomplete && !input.ends_with("\n\n");
        Ok(if goes_on { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}
