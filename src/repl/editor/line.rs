//! The line that is typed: rustyline on a thread of its own, which asks the session's thread for
//! what only the VM knows.

use super::assistant::Assistant;
use super::list::{ListKeys, ListPager};
use super::prompt::Prompt;
use super::remote::{Ask, Remote};
use crate::config::Profiles;
use crate::gate::is_yes;
use crate::repl::output::{Holder, Output};
use cumulua_core::catalog::Catalog;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{
    ColorMode, CompletionType, Config, Editor as Rustyline, Event, EventHandler,
    ExternalPrinter as _,
};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// The note where a byte is no UTF-8.
const NOT_UTF8: &str =
    "a byte that is no UTF-8 was typed; it and what came together with it are left out";

/// What the session asks of the editor.
enum Request {
    Line {
        prompt: Prompt,
        initial: String,
    },
    Question {
        text: String,
        answer: oneshot::Sender<bool>,
    },
    History(Vec<String>),
}

/// What a person did at the prompt.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::repl) enum Typed {
    Line(String),
    /// Ctrl-C, and whether nothing was typed before it.
    Interrupted {
        was_empty: bool,
    },
    /// Ctrl-D, or the terminal is gone.
    End,
}

/// What the editor's thread has to work with.
pub(in crate::repl) struct Setup {
    pub(in crate::repl) catalog: Arc<Catalog>,
    pub(in crate::repl) profiles: Arc<Profiles>,
    pub(in crate::repl) folder: PathBuf,
    pub(in crate::repl) has_color: bool,
    pub(in crate::repl) history: Vec<String>,
}

/// The session's end of the line.
pub(in crate::repl) struct Editor {
    requests: mpsc::Sender<Request>,
}

/// What comes from the editor's thread.
pub(in crate::repl) struct FromEditor {
    pub(in crate::repl) typed: UnboundedReceiver<Typed>,
    pub(in crate::repl) asks: UnboundedReceiver<Ask>,
}

impl Editor {
    /// Starts the editor's thread, which has the terminal while something is typed.
    pub(in crate::repl) fn start(
        setup: Setup,
        output: Arc<Output>,
    ) -> Result<(Self, FromEditor), String> {
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
        started
            .recv()
            .map_err(|_| "the editor's thread ended".to_owned())??;
        Ok((Self { requests }, FromEditor { typed, asks }))
    }

    /// Shows the prompt; what is typed comes through the channel.
    pub(in crate::repl) fn read(&self, prompt: Prompt, initial: String) {
        let _ = self.requests.send(Request::Line { prompt, initial });
    }

    /// Replaces the history that the arrow keys walk through.
    pub(in crate::repl) fn set_history(&self, entries: Vec<String>) {
        let _ = self.requests.send(Request::History(entries));
    }

    /// Asks a question that is answered with y or anything else; no line may be being typed.
    pub(in crate::repl) async fn ask(&self, text: String) -> bool {
        let (answer, answered) = oneshot::channel();
        self.requests
            .send(Request::Question { text, answer })
            .is_ok()
            && answered.await.unwrap_or(false)
    }
}

type Line = Rustyline<Assistant, MemHistory>;

fn build(setup: Setup, asks: UnboundedSender<Ask>) -> rustyline::Result<Line> {
    let color = if setup.has_color {
        ColorMode::Enabled
    } else {
        ColorMode::Disabled
    };
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
    fill(&mut editor, setup.history);
    let list = Arc::new(ListPager::default());
    editor.bind_sequence(
        Event::Any,
        EventHandler::Conditional(Box::new(ListKeys(Arc::clone(&list)))),
    );
    let Setup {
        catalog,
        profiles,
        folder,
        ..
    } = setup;
    editor.set_helper(Some(Assistant::new(
        Remote {
            asks,
            catalog,
            profiles,
            folder,
        },
        list,
    )));
    Ok(editor)
}

fn fill(editor: &mut Line, entries: Vec<String>) {
    for entry in entries {
        let _ = editor.add_history_entry(entry);
    }
}

fn serve(
    editor: &mut Line,
    requests: &mpsc::Receiver<Request>,
    typed: &UnboundedSender<Typed>,
    output: &Arc<Output>,
) {
    while let Ok(request) = requests.recv() {
        match request {
            Request::Line { prompt, initial } => {
                output.lend(Holder::Line);
                let line = read(editor, &prompt, &initial, output);
                output.take_back();
                if typed.send(line).is_err() {
                    return;
                }
            }
            Request::Question { text, answer } => {
                output.lend(Holder::Other);
                let is_confirmed = is_confirmed(&text);
                output.take_back();
                // A line that was ended meanwhile needs no answer.
                let _ = answer.send(is_confirmed);
            }
            Request::History(entries) => {
                let _ = editor.clear_history();
                fill(editor, entries);
            }
        }
    }
}

/// Asks; no is the answer to anything but a plain yes that was typed after the question. A line of
/// its own has no keys in its buffer that came before.
fn is_confirmed(question: &str) -> bool {
    let Ok(mut line) = rustyline::DefaultEditor::new() else {
        return false;
    };
    discard_typed_ahead();
    is_yes(&line.readline(question).unwrap_or_default())
}

/// Drops what was typed before a question was asked: it answers nothing.
pub fn discard_typed_ahead() {
    #[cfg(unix)]
    let _ = nix::sys::termios::tcflush(std::io::stdin(), nix::sys::termios::FlushArg::TCIFLUSH);
}

/// Reads a line. A byte that is no UTF-8 ends rustyline's reading, and what it has read ahead is
/// gone with it; the line goes on with what was typed before.
fn read(editor: &mut Line, prompt: &Prompt, initial: &str, output: &Arc<Output>) -> Typed {
    let mut typed = (initial.to_owned(), String::new());
    loop {
        if let Some(helper) = editor.helper() {
            helper.begin(
                console::measure_text_width(&prompt.plain),
                typed.0.is_empty() && typed.1.is_empty(),
            );
        }
        let line = editor.readline_with_initial(
            &(prompt.plain.as_str(), prompt.styled.as_str()),
            (&typed.0, &typed.1),
        );
        match line {
            Ok(line) => {
                let _ = editor.add_history_entry(line.as_str());
                return Typed::Line(line);
            }
            Err(ReadlineError::Interrupted) => {
                return Typed::Interrupted {
                    was_empty: editor.helper().is_none_or(Assistant::is_empty),
                };
            }
            Err(ReadlineError::Io(failure)) if failure.kind() == ErrorKind::InvalidData => {
                // The rest of a pasted text would otherwise run without its beginning.
                discard_typed_ahead();
                typed = editor.helper().map(Assistant::typed).unwrap_or_default();
                output.take_back();
                output.note(NOT_UTF8);
                output.lend(Holder::Line);
            }
            Err(_) => return Typed::End,
        }
    }
}
