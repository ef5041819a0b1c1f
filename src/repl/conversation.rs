//! The conversation: a line is read, done, and answered, until the person leaves.

use super::commands::pages;
use super::commands::parse::{self, Command};
use super::commands::transcript::Transcript;
use super::editor::candidate::Knowledge;
use super::editor::history::History;
use super::editor::line::{Editor, FromEditor, Setup, Typed};
use super::editor::prompt;
use super::editor::remote::Ask;
use super::interrupts::Interrupts;
use super::jobs::Jobs;
use super::running::Running;
use super::ui::Ui;
use crate::gate::Gate;
use crate::lua::console::Console;
use crate::lua::inspect::{InAnswer, Inspected, PathStep};
use crate::lua::session::Session;
use crate::lua::{Limits, ScriptError};
use crate::lua_syntax::Secrets;
use crate::reference::page::Paper;
use cumulua_core::catalog::Catalog;
use futures_util::FutureExt as _;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use tokio::sync::oneshot;

/// What a session starts with.
pub struct Options {
    /// What its scripts may use.
    pub limits: Limits,
    /// Where `require` looks.
    pub folder: PathBuf,
    /// The history's file; none where nothing is kept.
    pub history: Option<PathBuf>,
    /// Ctrl-C.
    pub interrupts: Arc<Interrupts>,
    /// Secrets that are known.
    pub redactor: Arc<cumulua_core::secret::Redactor>,
}

/// Whether the session goes on, or the status that it ends with.
pub(super) type Flow = Option<u8>;

pub(super) struct Conversation {
    pub(super) ui: Arc<Ui>,
    pub(super) gate: Arc<Gate>,
    pub(super) options: Options,
    pub(super) session: Rc<Session>,
    pub(super) from_editor: FromEditor,
    pub(super) jobs: Jobs,
    pub(super) transcript: Transcript,
    pub(super) history: History,
    /// Whether that was noted: once is enough.
    pub(super) is_history_lost: bool,
    pub(super) secrets: Secrets,
    pub(super) inputs: usize,
    pub(super) shows_timing: bool,
    pub(super) last_error: Option<ScriptError>,
    pub(super) last_input: String,
    /// Ctrl-C so often without a line between.
    pub(super) interrupts: u32,
    /// The status that a job wants the session to end with.
    pub(super) leaving: Flow,
}

/// Runs a session to its end; the status that the process exits with.
pub async fn run(ui: Arc<Ui>, gate: Arc<Gate>, options: Options) -> Result<u8, String> {
    let session = new_session(&ui, &gate, &options).map_err(|failure| failure.message)?;
    let history = History::open(options.history.clone());
    let setup = Setup {
        catalog: Arc::clone(gate.catalog()),
        profiles: Arc::clone(gate.profiles()),
        folder: options.folder.clone(),
        has_color: ui.terminal.has_color(),
        history: history.entries().to_vec(),
    };
    let (editor, from_editor) = Editor::start(setup, Arc::clone(&ui.output))?;
    if ui.editor.set(editor).is_err() {
        return Err("there is a session already".to_owned());
    }
    let secrets = Secrets::new(Arc::clone(gate.catalog()), Arc::clone(&options.redactor));
    let mut conversation = Conversation {
        ui,
        gate,
        options,
        session,
        from_editor,
        jobs: Jobs::default(),
        transcript: Transcript::default(),
        history,
        is_history_lost: false,
        secrets,
        inputs: 0,
        shows_timing: false,
        last_error: None,
        last_input: String::new(),
        interrupts: 0,
        leaving: None,
    };
    let status = conversation.talk().await;
    Ok(conversation.leave(status).await)
}

pub(super) fn new_session(
    ui: &Arc<Ui>,
    gate: &Arc<Gate>,
    options: &Options,
) -> Result<Rc<Session>, ScriptError> {
    let session = Session::new(Arc::clone(gate), options.limits, options.folder.clone())?;
    let console: Arc<dyn Console> = Arc::clone(ui) as Arc<dyn Console>;
    session.set_console(&console)?;
    Ok(Rc::new(session))
}

impl Conversation {
    async fn talk(&mut self) -> u8 {
        let mut flow = None;
        while flow.is_none() {
            flow = match self.read_line().await {
                Typed::Line(line) => self.enter(&line).await,
                Typed::Interrupted { was_empty: false } => {
                    self.interrupts = 1;
                    None
                }
                Typed::Interrupted { was_empty: true } => self.asks_to_leave().await,
                Typed::End => Some(0),
            };
            flow = self.leaving.take().or(flow);
        }
        flow.unwrap_or_default()
    }

    /// Shows the prompt and waits for what is typed; jobs go on meanwhile.
    async fn read_line(&mut self) -> Typed {
        // Lines that come faster than the session would otherwise never let a job go on.
        while let Some(ended) = self.jobs.next().now_or_never() {
            self.job_ended(ended);
        }
        if self.leaving.is_some() {
            return Typed::End;
        }
        let prompt = prompt::prompt(
            self.gate.profiles(),
            self.gate.catalog(),
            self.ui.terminal.has_color(),
        );
        if let Some(editor) = self.ui.editor.get() {
            editor.read(prompt, String::new());
        }
        let interrupts = Arc::clone(&self.options.interrupts);
        loop {
            tokio::select! {
                biased;
                () = interrupts.ended() => return Typed::End,
                typed = self.from_editor.typed.recv() => return typed.unwrap_or(Typed::End),
                Some(ask) = self.from_editor.asks.recv() => Ask::answer(ask, &self.session),
                ended = self.jobs.next() => {
                    self.job_ended(ended);
                    if self.leaving.is_some() {
                        return Typed::End;
                    }
                }
            }
        }
    }

    async fn asks_to_leave(&mut self) -> Flow {
        if self.interrupts == 0 {
            self.interrupts = 1;
            self.ui.note("Ctrl-C again, or Ctrl-D, leaves");
            return None;
        }
        self.interrupts = 0;
        let ui = Arc::clone(&self.ui);
        let leaves = async {
            ui.editor
                .get()?
                .ask("Leave? [y/N] ".to_owned())
                .await
                .then_some(0)
        };
        self.beside_jobs(leaves).await
    }

    /// Carries out a line.
    async fn enter(&mut self, line: &str) -> Flow {
        let text = line.trim();
        if text.is_empty() {
            return None;
        }
        self.interrupts = 0;
        let flow = if let Some(command) = text.strip_prefix(':') {
            match parse::parse(command) {
                Ok(command) => self.command(command).await,
                Err(problem) => {
                    self.problem(&problem);
                    None
                }
            }
        } else if let Some(subject) = text.strip_prefix('?') {
            self.page(subject).await;
            None
        } else if let Some(line) = text.strip_prefix('&') {
            self.start_job(line.trim());
            None
        } else {
            match text {
                "help" => {
                    self.page("").await;
                    None
                }
                "jobs" => self.command(Command::Jobs).await,
                "quit" | "exit" => Some(0),
                _ => {
                    text.clone_into(&mut self.last_input);
                    self.evaluate(text).await
                }
            }
        };
        self.remember(line);
        flow
    }

    /// Keeps a line for the next session, unless it holds a secret; what the line has taught of
    /// secrets counts for older ones too.
    pub(super) fn remember(&mut self, line: &str) {
        let is_secret = line.starts_with(' ') || self.secrets.is_in(line);
        let redactor = Arc::clone(&self.options.redactor);
        let purged = self.history.purge(|entry| redactor.redact(entry) != entry);
        let added = if is_secret {
            Ok(())
        } else {
            self.history.add(line)
        };
        if let (true, Some(editor)) = (
            is_secret || matches!(purged, Ok(true)),
            self.ui.editor.get(),
        ) {
            editor.set_history(self.history.entries().to_vec());
        }
        let written = purged.map(|_| ()).and(added);
        let was_lost = std::mem::replace(&mut self.is_history_lost, written.is_err());
        if let Err(failure) = written
            && !was_lost
        {
            self.ui.note(&format!(
                "warning: the history cannot be written: {failure}"
            ));
        }
    }

    pub(super) fn problem(&self, message: &str) {
        let error = ScriptError {
            message: message.to_owned(),
            ..ScriptError::default()
        };
        self.ui.note_styled(
            &self
                .ui
                .terminal
                .error(&error, &self.session.sources(), false),
        );
    }

    /// Shows a page of the catalogue.
    pub(super) async fn page(&mut self, subject: &str) {
        let paper = Paper {
            width: self.ui.terminal.width(),
            color: self.ui.terminal.has_color(),
        };
        match pages::page(subject, &paper, self) {
            Ok(text) => self.show(text.trim_end()).await,
            Err(problem) => self.problem(&problem),
        }
    }

    /// Shows a text: through the pager where it is longer than the screen.
    pub(super) async fn show(&mut self, text: &str) {
        if self.ui.terminal.needs_pager(text) {
            let (ui, text) = (Arc::clone(&self.ui), text.to_owned());
            self.elsewhere(move || ui.show_in_pager(&text)).await;
        } else {
            self.ui
                .output
                .write(Running::Foreground, &format!("{text}\n"));
        }
    }

    /// Does on a thread of its own what a person takes their time for: the jobs go on meanwhile.
    pub(super) async fn elsewhere<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, result) = oneshot::channel();
        thread::spawn(move || done.send(work()).is_ok());
        self.beside_jobs(result).await.ok()
    }

    async fn beside_jobs<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            tokio::select! {
                biased;
                outcome = &mut future => return outcome,
                ended = self.jobs.next() => self.job_ended(ended),
            }
        }
    }

    /// Stops the jobs and runs what was deferred.
    pub(super) async fn end_session(&mut self) {
        let dropped = self.jobs.drop_all();
        if dropped > 0 {
            self.ui.note(&format!(
                "{dropped} background job{} stopped",
                if dropped == 1 { "" } else { "s" }
            ));
        }
        if self.session.has_deferred() {
            self.ui.note("running what was deferred");
            let session = Rc::clone(&self.session);
            let errors = self
                .run_in_foreground(async move { session.run_deferred().await })
                .await;
            let stop = self.settle();
            for error in errors
                .into_iter()
                .flatten()
                .filter(|error| stop.is_none() || !error.is_stop)
            {
                self.failed(error);
            }
        }
    }

    async fn leave(&mut self, status: u8) -> u8 {
        // A signal comes also while something is typed.
        self.ui.output.take_back();
        self.end_session().await;
        self.report_pending();
        status
    }
}

impl Knowledge for Conversation {
    fn catalog(&self) -> &Catalog {
        self.gate.catalog()
    }

    fn folder(&self) -> &Path {
        &self.options.folder
    }

    fn profiles(&self) -> Vec<String> {
        self.gate.profiles().names().unwrap_or_default()
    }

    fn names(&self) -> Vec<(String, String)> {
        self.session.names()
    }

    fn inspect(&self, root: &str, steps: &[PathStep]) -> (Inspected, Option<InAnswer>) {
        self.session.inspect(root, steps)
    }
}
