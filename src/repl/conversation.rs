//! The conversation: a line is read, done, and answered, until somebody leaves.

use super::commands::{self, Command};
use super::complete::Knowledge;
use super::editor::{Ask, Editor, FromEditor, Setup, Typed};
use super::front::Front;
use super::history::History;
use super::interrupts::Interrupts;
use super::jobs::{Ended, Job, Jobs};
use super::secrets::Secrets;
use super::transcript::Transcript;
use super::turn::Turn;
use super::{open_ends, pages, prompt};
use crate::catalog::Catalog;
use crate::clock::real_now;
use crate::gate::{Gate, Stop};
use crate::lua::session::{Form, InAnswer, InputError, Inspected, Judgement, Session, Step, Values};
use crate::lua::{Limits, ScriptError};
use crate::reference::page::Paper;
use std::fmt::Write as _;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What stops but does not end within this is left where it is.
const REACTION: Duration = Duration::from_secs(2);
/// Lines of a job's value that are announced.
const MOST_ANNOUNCED: usize = 12;
/// An unfinished piece of a pasted text is looked at again only up to so many lines.
const LONGEST_PIECE: usize = 500;

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
    pub redactor: Arc<crate::secret::Redactor>,
}

/// Whether the session goes on, or the status that it ends with.
pub(super) type Flow = Option<u8>;

pub(super) struct Conversation {
    pub(super) front: Arc<Front>,
    pub(super) gate: Arc<Gate>,
    pub(super) options: Options,
    pub(super) session: Rc<Session>,
    pub(super) from_editor: FromEditor,
    pub(super) jobs: Jobs,
    pub(super) transcript: Transcript,
    pub(super) history: History,
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
pub async fn run(front: Arc<Front>, gate: Arc<Gate>, options: Options) -> Result<u8, String> {
    let session = new_session(&front, &gate, &options).map_err(|failure| failure.message)?;
    let history = History::open(options.history.clone());
    let (editor, from_editor) = Editor::start(Setup {
        catalog: Arc::clone(gate.catalog()),
        profiles: Arc::clone(gate.profiles()),
        folder: options.folder.clone(),
        has_color: front.terminal.has_color(),
        history: history.entries().to_vec(),
    })?;
    if front.editor.set(editor).is_err() {
        return Err("there is a session already".to_owned());
    }
    let secrets = Secrets::new(Arc::clone(gate.catalog()), Arc::clone(&options.redactor));
    let mut conversation = Conversation {
        front,
        gate,
        options,
        session,
        from_editor,
        jobs: Jobs::default(),
        transcript: Transcript::default(),
        history,
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

pub(super) fn new_session(front: &Arc<Front>, gate: &Arc<Gate>, options: &Options) -> Result<Rc<Session>, ScriptError> {
    let session = Session::new(Arc::clone(gate), options.limits, options.folder.clone())?;
    let front = Arc::clone(front);
    session.set_output(move |text| match front.turn() {
        Turn::Job(_) => {
            front.say(text);
            true
        }
        Turn::Foreground | Turn::Nobody => front.terminal.print(text),
    })?;
    Ok(Rc::new(session))
}

impl Conversation {
    async fn talk(&mut self) -> u8 {
        let mut flow = None;
        while flow.is_none() {
            flow = match self.typed().await {
                Typed::Line(line) => self.enter(&line).await,
                Typed::Interrupted { was_empty: false } => {
                    self.interrupts = 1;
                    None
                }
                Typed::Interrupted { was_empty: true } => self.asks_to_leave(),
                Typed::End => Some(0),
            };
            flow = flow.or(self.leaving.take());
        }
        flow.unwrap_or_default()
    }

    /// Shows the prompt and waits for what is typed; jobs go on meanwhile.
    async fn typed(&mut self) -> Typed {
        let prompt = prompt::prompt(self.gate.profiles(), self.gate.catalog(), self.front.terminal.has_color());
        self.front.set_at_prompt(true);
        if let Some(editor) = self.front.editor.get() {
            editor.read(prompt, String::new());
        }
        let interrupts = Arc::clone(&self.options.interrupts);
        let typed = loop {
            tokio::select! {
                biased;
                () = interrupts.ended() => break Typed::End,
                typed = self.from_editor.typed.recv() => break typed.unwrap_or(Typed::End),
                Some(ask) = self.from_editor.asks.recv() => Ask::answer(ask, &self.session),
                ended = self.jobs.next() => {
                    self.job_ended(ended);
                    if self.leaving.is_some() {
                        break Typed::End;
                    }
                }
            }
        };
        self.front.set_at_prompt(false);
        typed
    }

    fn asks_to_leave(&mut self) -> Flow {
        if self.interrupts == 0 {
            self.interrupts = 1;
            self.front.say("Ctrl-C again, or Ctrl-D, leaves");
            return None;
        }
        self.interrupts = 0;
        let leaves = self.front.editor.get().is_some_and(|editor| editor.ask("Leave? [y/N] ".to_owned()));
        leaves.then_some(0)
    }

    /// Does what a line says.
    async fn enter(&mut self, line: &str) -> Flow {
        let text = line.trim();
        if text.is_empty() {
            return None;
        }
        self.interrupts = 0;
        let flow = if let Some(command) = text.strip_prefix(':') {
            match commands::parse(command) {
                Ok(command) => self.command(command).await,
                Err(problem) => {
                    self.problem(&problem);
                    None
                }
            }
        } else if let Some(subject) = text.strip_prefix('?') {
            self.page(subject);
            None
        } else if let Some(line) = text.strip_prefix('&') {
            self.start_job(line.trim());
            None
        } else {
            match text {
                "help" => {
                    self.page("");
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

    /// Keeps a line for the next session, unless it holds a secret; what the line has taught of secrets counts for older ones too.
    pub(super) fn remember(&mut self, line: &str) {
        let is_secret = line.starts_with(' ') || self.secrets.is_in(line);
        let redactor = Arc::clone(&self.options.redactor);
        let purged = self.history.purge(|entry| redactor.redact(entry) != entry);
        let added = if is_secret { Ok(()) } else { self.history.add(line) };
        if let (true, Some(editor)) = (is_secret || matches!(purged, Ok(true)), self.front.editor.get()) {
            editor.set_history(self.history.entries().to_vec());
        }
        if let Err(failure) = purged.map(|_| ()).and(added) {
            self.front.say(&format!("warning: the history cannot be written: {failure}"));
        }
    }

    /// Runs a text: as one chunk where it is one, else a pasted text piece by piece.
    pub(super) async fn evaluate(&mut self, text: &str) -> Flow {
        let pieces = pieces(text);
        let count = pieces.len();
        for (index, piece) in pieces.iter().enumerate() {
            self.inputs += 1;
            let name = format!("=input[{}]", self.inputs);
            match self.evaluate_one(&name, piece).await {
                Ok(()) => {}
                Err(flow @ Some(_)) => return flow,
                Err(None) => {
                    if index + 1 < count {
                        self.front.say(&format!("{} more of the pasted inputs did not run", count - index - 1));
                    }
                    return None;
                }
            }
        }
        None
    }

    /// Runs one chunk; the error says whether the session ends.
    pub(super) async fn evaluate_one(&mut self, name: &str, text: &str) -> Result<(), Flow> {
        let input = match self.session.compile(name, text) {
            Ok(input) => input,
            Err(InputError::Wrong(error)) => {
                self.failed(*error);
                return Err(None);
            }
            Err(InputError::Incomplete) => {
                self.problem("the input ends before it is whole");
                return Err(None);
            }
        };
        let form = input.form();
        let (started, started_at) = (real_now(), self.gate.elapsed());
        let outcome = self.in_front(Rc::clone(&self.session).run(input, true)).await;
        let stop = self.settle();
        let ended = match (outcome, stop) {
            (_, Some(stop)) => Err(self.stopped(&stop)),
            (Some(Ok(values)), None) => {
                self.show(&values);
                self.transcript.add(self.inputs, text, form, values.len());
                Ok(())
            }
            (Some(Err(error)), None) => {
                self.failed(error);
                Err(None)
            }
            (None, None) => Err(None),
        };
        self.say_timing(started, started_at);
        ended
    }

    /// Runs a future in front, with the jobs behind it, until it ends or Ctrl-C ends it; none where it did not even then.
    async fn in_front<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let (front, interrupts) = (Arc::clone(&self.front), Arc::clone(&self.options.interrupts));
        let mut future = pin!(front.turns.during(Turn::Foreground, future));
        interrupts.begin();
        // What was raised for a job that ended by itself is not this line's.
        self.settle();
        let outcome = loop {
            tokio::select! {
                biased;
                () = interrupts.requested() => {
                    self.gate.interrupt().raise(Stop::Interrupted);
                    // The jobs stand still meanwhile, so that the interrupt is not theirs.
                    break tokio::time::timeout(REACTION, &mut future).await.ok();
                }
                outcome = &mut future => break Some(outcome),
                ended = self.jobs.next() => self.job_ended(ended),
            }
        };
        interrupts.clear();
        outcome
    }

    /// Makes the VM run again after something was ended from outside; what ended it.
    fn settle(&self) -> Option<Stop> {
        let stop = self.gate.interrupt().lower()?;
        self.session.recover();
        Some(stop)
    }

    /// Says how a line was ended from outside.
    fn stopped(&mut self, stop: &Stop) -> Flow {
        match stop {
            Stop::Exit(status) => return Some(*status),
            Stop::OutputClosed => return Some(1),
            Stop::Interrupted => {
                self.interrupts = 1;
                self.front.say("interrupted");
            }
            other => self.problem(&other.describe()),
        }
        self.say_open_ends();
        None
    }

    fn say_open_ends(&self) {
        for line in open_ends::lines(&self.gate.open_ends()) {
            self.front.say(&line);
        }
    }

    fn show(&self, values: &Values) {
        if !values.is_empty() {
            let text = values.text(&self.session, self.front.terminal.width());
            self.front.terminal.page(&self.gate.redact(&text));
        }
    }

    fn say_timing(&self, started: Instant, started_at: Duration) {
        if !self.shows_timing {
            return;
        }
        let (real, own) = (real_now() - started, self.gate.elapsed().saturating_sub(started_at));
        let is_virtual = own > real + Duration::from_secs(1);
        let simulated = if is_virtual { format!(", {:.1} s of the simulator's time", own.as_secs_f64()) } else { String::new() };
        self.front.say(&format!("took {:.3} s{simulated}", real.as_secs_f64()));
    }

    /// Shows an error in one screen; `:trace` shows the rest.
    pub(super) fn failed(&mut self, error: ScriptError) {
        let text = self.front.terminal.error(&error, &self.session.sources(), false);
        let most = self.front.terminal.height().saturating_sub(4).max(6);
        let shown: Vec<&str> = text.lines().take(most).collect();
        let is_cut = text.lines().count() > most;
        self.front.say(&shown.join("\n"));
        if is_cut || has_more(&error) {
            self.front.say(":trace shows the rest");
        }
        self.last_error = Some(error);
    }

    pub(super) fn problem(&self, message: &str) {
        let error = ScriptError { message: message.to_owned(), ..ScriptError::default() };
        self.front.say(&self.front.terminal.error(&error, &self.session.sources(), false));
    }

    pub(super) fn page(&self, subject: &str) {
        let paper = Paper { width: self.front.terminal.width(), colour: self.front.terminal.has_color() };
        match pages::page(subject, &paper, self) {
            Ok(text) => self.front.terminal.page(text.trim_end()),
            Err(problem) => self.problem(&problem),
        }
    }

    fn start_job(&mut self, line: &str) {
        self.inputs += 1;
        match self.session.compile(&format!("=input[{}]", self.inputs), line) {
            Ok(input) => {
                let number = self.jobs.start(&self.session, &self.front, line, self.inputs, input);
                self.front.say(&format!("[{number}] runs in the background; `jobs` lists it"));
            }
            Err(InputError::Wrong(error)) => self.failed(*error),
            Err(InputError::Incomplete) => self.problem("write what shall run behind the &, as `&ids = wait(r)`"),
        }
    }

    /// Announces how a job ended.
    fn job_ended(&mut self, (number, job, outcome): Ended) {
        let stop = self.settle();
        if let Some(Stop::Exit(status)) = stop {
            self.leaving = Some(status);
        }
        let after = job.as_ref().map_or(Duration::ZERO, Job::elapsed);
        let line = job.as_ref().map(|job| self.secrets.replaced(&job.line)).unwrap_or_default();
        let mut text = format!(
            "[{number}] {} after {:.1} s: {}",
            word(outcome.as_ref(), stop.is_some()),
            after.as_secs_f64(),
            first_line(&line)
        );
        match outcome {
            Some(Ok(values)) => {
                if !values.is_empty() {
                    let value = self.gate.redact(&values.text(&self.session, self.front.terminal.width()));
                    let lines: Vec<&str> = value.lines().take(MOST_ANNOUNCED).collect();
                    let _ = write!(text, "\n{}", lines.join("\n"));
                    if value.lines().count() > MOST_ANNOUNCED {
                        text.push_str("\n…");
                    }
                }
                let form = job.as_ref().map_or(Form::default(), |job| job.form);
                if let Some(job) = job {
                    self.transcript.add(job.input, &job.line, form, values.len());
                }
            }
            Some(Err(error)) if stop.is_none() => {
                let _ = write!(text, "\n{}", self.front.terminal.error(&error, &self.session.sources(), false));
                self.last_error = Some(error);
            }
            Some(Err(_)) | None => {}
        }
        self.front.say(&text);
    }

    /// Stops the jobs and runs what was deferred.
    pub(super) async fn end_session(&mut self) {
        let dropped = self.jobs.drop_all();
        if dropped > 0 {
            self.front.say(&format!("{dropped} background job{} stopped", if dropped == 1 { "" } else { "s" }));
        }
        if self.session.has_deferred() {
            self.front.say("running what was deferred");
            let session = Rc::clone(&self.session);
            let errors = self.in_front(async move { session.run_deferred().await }).await;
            let stop = self.settle();
            for error in errors.into_iter().flatten().filter(|error| stop.is_none() || !error.is_stop) {
                self.failed(error);
            }
        }
    }

    async fn leave(&mut self, status: u8) -> u8 {
        self.end_session().await;
        self.say_open_ends();
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

    fn inspect(&self, root: &str, steps: &[Step]) -> (Inspected, Option<InAnswer>) {
        self.session.inspect(root, steps)
    }
}

/// Whether an error's stack says more than where it was raised.
fn has_more(error: &ScriptError) -> bool {
    error.traceback.lines().filter(|line| line.contains("input[") || line.contains(".lua:")).count() > 1
}

fn word(outcome: Option<&Result<Values, ScriptError>>, is_stopped: bool) -> &'static str {
    match outcome {
        Some(Ok(_)) => "done",
        Some(Err(_)) if !is_stopped => "failed",
        Some(Err(_)) | None => "stopped",
    }
}

pub(super) fn first_line(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    if first.chars().count() <= 40 && first.len() == text.len() {
        first.to_owned()
    } else {
        first.chars().take(39).chain(['…']).collect()
    }
}

/// A text as inputs: one where it is a chunk; else, as a pasted text can be, line by line, joined where they belong together.
fn pieces(text: &str) -> Vec<String> {
    if !text.contains('\n') || Session::judge(text) != Judgement::Wrong {
        return vec![text.to_owned()];
    }
    let (mut found, mut open) = (Vec::new(), String::new());
    let mut lines = text.lines();
    for line in lines.by_ref() {
        if open.is_empty() && line.trim().is_empty() {
            continue;
        }
        open.push_str(line);
        if Session::judge(&open) == Judgement::Incomplete && open.matches('\n').count() < LONGEST_PIECE {
            open.push('\n');
        } else {
            found.push(std::mem::take(&mut open));
        }
    }
    if !open.is_empty() {
        found.push(open);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn a_pasted_text_that_is_no_chunk_runs_line_by_line() {
        assert_eq!(pieces("x = 1\ny = 2"), ["x = 1\ny = 2"]);
        assert_eq!(
            pieces("x = 1\nx\n\nfor i = 1, 2 do\n  print(i)\nend\nx + 1"),
            ["x = 1", "x", "for i = 1, 2 do\n  print(i)\nend", "x + 1"]
        );
        assert_eq!(pieces("x y\nz = {"), ["x y", "z = {\n"]);
    }
}
