//! The session's user interface: what is shown, and the question before a call in production.

use super::editor::line::Editor;
use super::output::{Holder, Output};
use super::running::{NowRunning, Running};
use super::terminal::Terminal;
use crate::gate::{Asking, Confirm, Question};
use crate::lua::console::{Attended, Console};
use cumulua_core::controls;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use tokio::sync::oneshot;

/// The session's user interface.
pub struct Ui {
    pub(super) terminal: Arc<dyn Terminal>,
    pub(super) output: Arc<Output>,
    pub(super) now_running: NowRunning,
    pub(super) editor: OnceLock<Editor>,
    is_interrupted: AtomicBool,
    /// Side by side, tasks ask and show one after the other.
    asking: tokio::sync::Mutex<()>,
}

impl Ui {
    /// The user interface of a session on this terminal.
    pub fn new(terminal: Arc<dyn Terminal>) -> Arc<Self> {
        Arc::new(Self {
            output: Output::new(Arc::clone(&terminal)),
            terminal,
            now_running: NowRunning::default(),
            editor: OnceLock::new(),
            is_interrupted: AtomicBool::new(false),
            asking: tokio::sync::Mutex::default(),
        })
    }

    /// What runs.
    pub fn running(&self) -> Running {
        self.now_running.now()
    }

    /// A note: above the prompt where a line is being typed. What would control the terminal is
    /// shown.
    pub fn note(&self, text: &str) {
        // What is redacted is whole still.
        self.output
            .note(&controls::escape(&self.terminal.redact(text)));
    }

    /// The same for a text whose styles are ours: what others wrote in it is escaped already.
    pub fn note_styled(&self, text: &str) {
        self.output.note(text);
    }

    /// Whether a pager, an editor or a question has the terminal: then Ctrl-C is for that.
    pub(super) fn is_lent(&self) -> bool {
        self.output.holder() == Holder::Other
    }

    /// Shows a text in the pager, and returns once that is left; as it is where there is none.
    pub(super) fn show_in_pager(&self, text: &str) -> bool {
        self.output.end(Running::Foreground);
        self.output.lend(Holder::Other);
        let is_shown = self.terminal.page(text);
        self.output.take_back();
        is_shown || self.output.write(Running::Foreground, &format!("{text}\n"))
    }

    /// Lets a person edit a text, and returns once they are done.
    pub(super) fn edit(&self, text: &str) -> Result<String, String> {
        self.output.lend(Holder::Other);
        let edited = self.terminal.edit(text);
        self.output.take_back();
        edited
    }

    /// Notes that Ctrl-C came, so that an answer that is typed after it counts for nothing.
    pub(super) fn set_interrupted(&self, is_interrupted: bool) {
        self.is_interrupted.store(is_interrupted, Ordering::SeqCst);
    }

    async fn ask(&self, question: &Question) -> Result<(), String> {
        if self.running() != Running::Foreground {
            return Err("a line in the background cannot ask; run it in the foreground".to_owned());
        }
        let Some(editor) = self.editor.get() else {
            return Err("there is no one to ask".to_owned());
        };
        let _one_at_a_time = self.asking.lock().await;
        let style = if self.terminal.has_color() {
            anstyle::AnsiColor::Red.on_default().bold()
        } else {
            anstyle::Style::new()
        };
        self.note_styled(&format!(
            "{style}production{style:#}: {}",
            controls::escape(&question.describe())
        ));
        let is_confirmed = editor.ask(question.prompt()).await;
        if is_confirmed && !self.is_interrupted.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err("it was not confirmed".to_owned())
    }
}

impl Confirm for Ui {
    fn confirm<'a>(&'a self, question: &'a Question) -> Asking<'a> {
        Box::pin(self.ask(question))
    }
}

impl Console for Ui {
    fn write(&self, text: &str) -> bool {
        self.output.write(self.running(), text)
    }

    fn flush(&self) -> bool {
        self.output.flush(self.running())
    }

    fn page(self: Arc<Self>, text: String) -> Attended<bool> {
        Box::pin(async move {
            if self.running() != Running::Foreground || !self.terminal.needs_pager(&text) {
                return self.write(&(text + "\n"));
            }
            // One pager after the other has the terminal.
            let _one_at_a_time = self.asking.lock().await;
            let (ui, (done, is_shown)) = (Arc::clone(&self), oneshot::channel());
            thread::spawn(move || done.send(ui.show_in_pager(&text)));
            is_shown.await.unwrap_or(false)
        })
    }

    fn read(self: Arc<Self>) -> Attended<Result<Option<Vec<u8>>, String>> {
        Box::pin(async move {
            if self.running() != Running::Foreground {
                return Err(
                    "a line in the background cannot read what is typed; run it in the foreground"
                        .to_owned(),
                );
            }
            let _one_at_a_time = self.asking.lock().await;
            self.terminal.hide_progress(true);
            let typed = self.terminal.read().await;
            self.terminal.hide_progress(false);
            typed.map_err(|failure| format!("what is typed cannot be read: {failure}"))
        })
    }
}
