//! The line that is typed: rustyline on a thread of its own, which asks the session's thread for what only the VM knows.

use super::complete::{Knowledge, complete};
use super::highlight::{highlight, is_at_bracket};
use super::hint::hint;
use super::list::{ListEntry, ListKeys, ListPager, listed};
use super::output::{Holder, Output};
use crate::config::Profiles;
use crate::lua::inspect::{InAnswer, Inspected, Step};
use crate::lua::judge::{Judgement, judge};
use crate::lua::session::Session;
use cumulua_core::catalog::Catalog;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{
    ColorMode, CompletionType, Config, Context, Editor as Rustyline, Event, EventHandler, ExternalPrinter as _, Helper,
};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

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
    Question { text: String, answer: oneshot::Sender<bool> },
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

/// The session's end of the line.
pub(super) struct Editor {
    requests: mpsc::Sender<Request>,
}

/// What comes from the editor's thread.
pub(super) struct FromEditor {
    pub(super) typed: UnboundedReceiver<Typed>,
    pub(super) asks: UnboundedReceiver<Ask>,
}

impl Editor {
    /// Starts the editor's thread, which has the terminal while something is typed.
    pub(super) fn start(setup: Setup, output: Arc<Output>) -> Result<(Self, FromEditor), String> {
        let (requests, requested) = mpsc::channel();
        let (typing, typed) = unbounded_channel();
        let (asking, asks) = unbounded_channel();
        let (starting, started) = mpsc::channel();
        thread::spawn(move || {
            let mut editor = match build(setup, asking) {
                Ok(editor) => editor,
                Err(failure) => {
                    let _ = starting.send(Err(failure.to_string()));
                    return;
                }
            };
            // A dumb terminal has none.
            if let Ok(mut printer) = editor.create_external_printer() {
                output.print_above_with(Box::new(move |text| printer.print(text).is_ok()));
            }
            if starting.send(Ok(())).is_ok() {
                serve(&mut editor, &requested, &typing, &output);
            }
        });
        started.recv().map_err(|_| "the editor's thread ended".to_owned())??;
        Ok((Self { requests }, FromEditor { typed, asks }))
    }

    /// Shows the prompt; what is typed comes through the channel.
    pub(super) fn read(&self, prompt: Prompt, initial: String) {
        let _ = self.requests.send(Request::Line { prompt, initial });
    }

    /// Replaces the history that the arrow keys walk through.
    pub(super) fn set_history(&self, entries: Vec<String>) {
        let _ = self.requests.send(Request::History(entries));
    }

    /// Asks a question that is answered with y or anything else; nobody may be typing a line.
    pub(super) async fn ask(&self, text: String) -> bool {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request::Question { text, answer }).is_ok() && answered.await.unwrap_or(false)
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
        .completion_prompt_limit(usize::MAX)
        .color_mode(color)
        .bracketed_paste(true)
        .build();
    let history = MemHistory::with_config(&config);
    let mut editor = Rustyline::with_history(config, history)?;
    fill(&mut editor, setup.history.clone());
    let list = Arc::new(ListPager::default());
    editor.bind_sequence(Event::Any, EventHandler::Conditional(Box::new(ListKeys(Arc::clone(&list)))));
    editor.set_helper(Some(Assistant {
        knowledge: Remote { asks, setup },
        room: Cell::new(0),
        is_empty: Cell::new(true),
        is_done: Cell::new(false),
        last_hint: RefCell::default(),
        list,
    }));
    Ok(editor)
}

fn fill(editor: &mut Line, entries: Vec<String>) {
    for entry in entries {
        let _ = editor.add_history_entry(entry);
    }
}

fn serve(editor: &mut Line, requests: &mpsc::Receiver<Request>, typed: &UnboundedSender<Typed>, output: &Output) {
    while let Ok(request) = requests.recv() {
        match request {
            Request::Line { prompt, initial } => {
                output.lend(Holder::Line);
                let line = read(editor, &prompt, &initial);
                output.take_back();
                if typed.send(line).is_err() {
                    return;
                }
            }
            Request::Question { text, answer } => {
                output.lend(Holder::Other);
                let is_confirmed = is_confirmed(&text);
                output.take_back();
                // A line that was ended meanwhile does not want to know any more.
                let _ = answer.send(is_confirmed);
            }
            Request::History(entries) => {
                let _ = editor.clear_history();
                fill(editor, entries);
            }
        }
    }
}

/// Asks; no is the answer to anything but a plain yes that was typed after the question. A line of its own has no keys in its buffer that
/// came before.
fn is_confirmed(question: &str) -> bool {
    let Ok(mut line) = rustyline::DefaultEditor::new() else { return false };
    #[cfg(unix)]
    let _ = nix::sys::termios::tcflush(std::io::stdin(), nix::sys::termios::FlushArg::TCIFLUSH);
    let answer = line.readline(question).unwrap_or_default();
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
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
    list: Arc<ListPager>,
}

impl Helper for Assistant {}

impl Completer for Assistant {
    type Candidate = ListEntry;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<ListEntry>)> {
        let (start, found) = complete(&line[..pos], &self.knowledge);
        let (rows, columns) = size();
        let entries = listed(found, columns);
        self.list.begins(&entries, rows, columns);
        Ok((start, entries))
    }
}

/// Rows and columns of the terminal.
fn size() -> (usize, usize) {
    let size = console::Term::stdout().size_checked();
    size.map_or((24, 80), |(rows, columns)| (usize::from(rows).max(2), usize::from(columns).max(20)))
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
            let (_, columns) = size();
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
        let is_incomplete = !line.starts_with([':', '?']) && judge(line) == Judgement::Incomplete;
        // An empty line behind an unfinished one ends it: the error says what is missing.
        let goes_on = is_incomplete && !input.ends_with("\n\n");
        Ok(if goes_on { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}
