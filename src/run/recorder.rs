//! What of a run is kept in the history: the run itself, its calls and its waits; its lines and its
//! locks through `lines` and `run_locks`.

use super::arguments;
use super::control::{Client, Listener, Reply, Request, run_socket};
use super::kept_script::KeptScript;
use super::last_words;
use super::lines::Lines;
use super::requester;
use super::run_locks::{LockName, RunLocks};
use crate::client::transport::BoxFuture;
use crate::gate::audit::AuditLine;
use crate::gate::recorder::{Asked, OutputStream, RunRecorder};
use crate::gate::{Level, process_started};
use crate::history::locks::{Locks, Taken};
use crate::history::{
    CallRecord, NewRun, RunEnd, RunOutcome, Store, StoreError, UserRequest, Verb, WaitEnd,
    WaitStart,
};
use crate::lua::RunFacts;
use cumulua_core::catalog::Catalog;
use cumulua_core::clock::{Clock, real_now};
use cumulua_core::secret::Redactor;
use jiff::{SignedDuration, Timestamp};
use std::future::ready;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

/// What is known of a run before it begins.
pub struct RunInfo {
    /// The script's file name without its ending, or the Action of `cumulua call`.
    pub name: String,
    /// `run`, `call` or `repl`.
    pub kind: &'static str,
    /// The script's path.
    pub script: Option<PathBuf>,
    /// The script's text.
    pub text: Option<String>,
    /// What marks secrets in it.
    pub catalog: Arc<Catalog>,
    /// Its arguments.
    pub args: Vec<String>,
    /// Asks for the profile, which may read files.
    pub profile: Box<dyn Fn() -> Option<String> + Send + Sync>,
    /// Whether its cloud is the simulator in this process.
    pub simulated: bool,
    /// Whether its standard streams lead nowhere, so that nothing is to be written to them.
    pub is_detached: bool,
}

/// What of a run is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All that it does and what it prints.
    Everything,
    /// The same of a run that is in the store before its process begins, as a server's are, and
    /// also what its processes and its command write.
    Claimed,
    /// Nothing; it shares the store's locks all the same.
    Nothing,
}

/// How long a mutating call waits for its record, and the end of a run for its own.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a run that is to be claimed waits for a store that does not work.
const CLAIMING: Duration = Duration::from_mins(1);

/// How long it waits for a server that carries over what goes on, where the store's file was removed
/// since the run was recorded. A server does so within a second; one that has taken the run back does
/// not.
const CARRYING_OVER: Duration = Duration::from_secs(3);

/// The pause after which such a store is asked again.
const CLAIMING_PAUSE: Duration = Duration::from_millis(250);

/// The same of the end of a run in the foreground: what the store does not take so soon stands beside
/// it. A store that is only made takes a part of this.
const SOON: Duration = Duration::from_millis(120);

/// The same of one that was interrupted or cancelled: Ctrl-C gives the prompt back within 0.2 s.
const AT_ONCE: Duration = Duration::from_millis(50);

/// How long the end of a run that is left behind waits for its record.
const MOMENT: Duration = Duration::from_millis(25);

/// Ends a run from outside, for this reason.
pub type Cancel = Arc<dyn Fn(String) + Send + Sync>;

/// A run on its way into the store.
pub struct HistoryRecorder {
    id: String,
    info: RunInfo,
    keep: Keep,
    path: PathBuf,
    clock: Clock,
    started: Timestamp,
    redactor: Arc<Redactor>,
    begun: OnceLock<Begun>,
    /// How it ended, once that is to be recorded.
    ending: OnceLock<RunEnd>,
    /// Whether the store let a call wait in vain: it must not hold up the next.
    is_slow: AtomicBool,
    script: Option<KeptScript>,
    lines: Lines,
    locks: RunLocks,
    control: Mutex<Control>,
}

/// The run's part of the store, once it uses it.
struct Begun {
    store: Store,
    /// Whether the store has the run's row.
    is_known: Arc<AtomicBool>,
    args: Vec<String>,
    /// How many forms of secrets the redactor knew then.
    known: usize,
}

/// Why a run is not claimed.
enum Unclaimed {
    /// The store or the lock cannot be used now.
    ForNow(String),
    /// The store does not have the run.
    Missing(String),
    /// It must not be carried out.
    ForGood(String),
}

/// How the run is ended from elsewhere.
#[derive(Default)]
struct Control {
    cancel: Option<Cancel>,
    listener: Option<Listener>,
}

impl HistoryRecorder {
    /// A run with this id, to be kept in the store in this file.
    pub fn new(
        id: String,
        info: RunInfo,
        keep: Keep,
        path: PathBuf,
        clock: Clock,
        redactor: Arc<Redactor>,
    ) -> Self {
        let started = clock.now();
        let script = info.text.as_deref().map(KeptScript::new);
        let lines = Lines::new(&id, clock.clone(), Arc::clone(&redactor));
        Self {
            id,
            info,
            keep,
            path,
            clock,
            started,
            redactor,
            begun: OnceLock::new(),
            ending: OnceLock::new(),
            is_slow: AtomicBool::new(false),
            script,
            lines,
            locks: RunLocks::default(),
            control: Mutex::default(),
        }
    }

    /// Whether the run is in the store already, so that it must be claimed before the script begins.
    pub fn is_to_be_claimed(&self) -> bool {
        self.keep == Keep::Claimed
    }

    /// Takes up a run that is in the store, before the script begins; `schedule` is the one whose
    /// lock the run holds. The error is why it must not be carried out: without its lock and its
    /// record no server could tell later that it goes on, or how it ended.
    pub fn claim(&self, schedule: Option<&str>) -> Result<(), String> {
        let began = real_now();
        let begun = loop {
            let (problem, patience) = match self.try_to_claim() {
                Ok(begun) => break begun,
                Err(Unclaimed::ForNow(problem)) => (problem, CLAIMING),
                Err(Unclaimed::Missing(problem)) => (problem, CARRYING_OVER),
                Err(Unclaimed::ForGood(problem)) => return Err(problem),
            };
            if real_now() - began >= patience {
                return Err(problem);
            }
            thread::sleep(CLAIMING_PAUSE);
        };
        self.lines.begin(&begun.store);
        if let Some(name) = schedule {
            match begun.store.locks().schedule(name, &self.id) {
                Ok(Taken::Held(held)) => self.locks.keep(LockName::Schedule, held),
                Ok(Taken::By(holder)) => {
                    let refusal = format!("an earlier run of {name} is still going on ({holder})");
                    let _ = self.end(RunOutcome::Failed, None, Some(&refusal));
                    return Err(refusal);
                }
                Err(error) => {
                    let refusal = format!("the lock of {name} cannot be taken: {error}");
                    let _ = self.end(RunOutcome::Failed, None, Some(&refusal));
                    return Err(refusal);
                }
            }
        }
        Ok(())
    }

    /// What the run, which is claimed, finds of itself; the error is why that cannot be seen.
    pub fn facts(&self) -> Result<RunFacts, String> {
        let Some(begun) = self.begun.get() else {
            return Ok(RunFacts::default());
        };
        let row = begun.store.run(&self.id);
        let Some(row) = row.map_err(|problem| problem.to_string())? else {
            return Ok(RunFacts::default());
        };
        let due = row.run.due.unwrap_or(row.run.started);
        let given = begun.store.given(&row.run.name, due);
        let given = given.map_err(|problem| problem.to_string())?;
        Ok(RunFacts {
            schedule: row.run.due.is_some().then_some(row.run.name),
            due: row.run.due,
            attempt: Some(row.run.attempt),
            params: given.map(|given| given.params).unwrap_or_default(),
            ..RunFacts::default()
        })
    }

    fn try_to_claim(&self) -> Result<&Begun, Unclaimed> {
        // One that could not be opened stays so.
        let store = Store::open_served(&self.path);
        if !self.locks.is_alive() {
            match store.locks().run(&self.id) {
                Ok(Taken::Held(held)) => self.locks.keep(LockName::Alive, held),
                Ok(Taken::By(holder)) => {
                    return Err(Unclaimed::ForGood(format!(
                        "the run {} is already carried out by {holder}",
                        self.id
                    )));
                }
                Err(error) => {
                    let problem = format!("the lock of the run cannot be taken: {error}");
                    return Err(Unclaimed::ForNow(problem));
                }
            }
        }
        let args = arguments::redact(&self.info.args, &self.redactor);
        let started = process_started(std::process::id());
        match store.claim_run(self.run(&args), started, self.clock.now()) {
            Ok(true) => {
                let begun = self.begun.get_or_init(|| self.open_run(store));
                begun.is_known.store(true, Ordering::Release);
                Ok(begun)
            }
            Ok(false) => Err(self.why_unclaimed(&store)),
            Err(problem @ StoreError::Newer { .. }) => Err(Unclaimed::ForGood(problem.to_string())),
            Err(problem) => Err(Unclaimed::ForNow(problem.to_string())),
        }
    }

    fn why_unclaimed(&self, store: &Store) -> Unclaimed {
        let (run, path) = (&self.id, self.path.display());
        match store.run(run) {
            Ok(Some(_)) => Unclaimed::ForGood(format!("the run {run} in {path} has ended already")),
            Ok(None) => Unclaimed::Missing(format!("the run {run} is not in {path}")),
            Err(problem) => Unclaimed::ForNow(problem.to_string()),
        }
    }

    /// Takes what the command itself writes to standard error.
    pub fn note(&self, text: &str) {
        self.lines.note(text);
    }

    /// Lets the run be ended from elsewhere, from when others know of it.
    pub fn cancelled_by(&self, cancel: Cancel) {
        self.control
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .cancel = Some(cancel);
        if let Some(begun) = self.begun.get() {
            self.listen(&begun.store);
        }
    }

    /// Listens, where the run holds its lock and can be cancelled. A run that cannot is only ended
    /// in other ways.
    fn listen(&self, store: &Store) {
        let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        if control.listener.is_some() || !self.locks.is_alive() {
            return;
        }
        let Some(cancel) = control.cancel.clone() else {
            return;
        };
        let store = store.clone();
        let (run, clock) = (self.id.clone(), self.clock.clone());
        let answer = move |request: &Request, client: &Client| match request {
            Request::Cancel { reason, told } => {
                if let Some(told) = told {
                    let requester = requester::client(client.uid(), told.clone());
                    let request = UserRequest {
                        run: Some(run.clone()),
                        ..UserRequest::new(Verb::Cancel, requester, clock.now())
                    };
                    // The run's end says so itself.
                    let _ = store.post_user_request(request);
                }
                let (cancel, reason) = (Arc::clone(&cancel), reason.clone());
                // The request is answered before the process ends.
                thread::spawn(move || cancel(reason));
                Reply::Done("the run ends".to_owned())
            }
            other => Reply::unknown("run", other.verb()),
        };
        control.listener = Listener::start(&run_socket(&self.path, &self.id), "run", answer).ok();
    }

    /// Records how the run ended and releases its locks. The error is why it is not recorded.
    pub fn end(
        &self,
        outcome: RunOutcome,
        status: Option<i32>,
        error: Option<&str>,
    ) -> Result<(), String> {
        let end = self.run_end(outcome, status, error);
        let _ = self.ending.set(end.clone());
        let patience = match outcome {
            _ if self.keep == Keep::Claimed => PATIENCE,
            RunOutcome::Interrupted | RunOutcome::Cancelled => AT_ONCE,
            _ => SOON,
        };
        let written = self.recorded().map_or(Ok(()), |begun| {
            let since = real_now();
            // A store that has let one part wait in vain is not waited for with the next.
            let left = || patience.saturating_sub(since.elapsed());
            let is_written = self.write_texts(begun, left()).and_then(|()| {
                begun.store.end_run_within(end.clone(), left())?;
                begun.store.flush_records(left())?;
                self.lines.flush(left())
            });
            is_written.or_else(|problem| self.leave_beside(begun, end, &problem))
        });
        self.close(written.is_ok());
        written
    }

    /// The same where nothing may be waited for; whether it is recorded.
    pub fn leave(&self, outcome: RunOutcome, status: i32, error: &str) -> bool {
        let end = self
            .ending
            .get_or_init(|| self.run_end(outcome, Some(status), Some(error)))
            .clone();
        let is_recorded = self.recorded().is_none_or(|begun| {
            let written = begun.store.end_run_within(end.clone(), MOMENT);
            written.is_ok()
                || begun.is_known.load(Ordering::Acquire)
                    && self.locks.leave_end(&missing(
                        end,
                        begun.store.unwritten_calls(),
                        &begun.store.slow(MOMENT),
                    ))
        });
        self.close(is_recorded);
        is_recorded
    }

    /// What the store has of the run, where it is recorded and has done anything.
    fn recorded(&self) -> Option<&Begun> {
        self.begun.get().filter(|_| self.keep != Keep::Nothing)
    }

    fn run_end(&self, outcome: RunOutcome, status: Option<i32>, error: Option<&str>) -> RunEnd {
        RunEnd {
            id: self.id.clone(),
            ended: self.clock.now(),
            outcome,
            status,
            error: error.map(|error| self.redactor.redact(error)),
        }
    }

    /// Leaves what a store does not take beside it: all that is missing, and on a full disk how the
    /// run ended, where the store has the run.
    fn leave_beside(&self, begun: &Begun, end: RunEnd, problem: &StoreError) -> Result<(), String> {
        let args = arguments::redact(&self.info.args, &self.redactor);
        let (run, output) = (self.run(&args), self.lines.output());
        let left = begun.store.leave_records(run, &end, output, PATIENCE);
        let end = missing(end, begun.store.unwritten_calls(), problem);
        // Where a server sees at once how it ended.
        let is_known = begun.is_known.load(Ordering::Acquire);
        if is_known && self.locks.leave_end(&end) || left.is_ok() {
            Ok(())
        } else {
            Err(problem.to_string())
        }
    }

    /// Lets the run be seen as ended.
    fn close(&self, is_recorded: bool) {
        if self.info.is_detached && is_recorded {
            // What happened stands in its record.
            last_words::forget(&self.path, &self.id);
        }
        self.control
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .listener = None;
        // A process that looks in between must not take the run for lost.
        self.locks.release();
    }

    /// Writes what the run has printed to its last line, and anew where it turned out to be a
    /// secret.
    fn write_texts(&self, begun: &Begun, patience: Duration) -> Result<(), StoreError> {
        if let Some(script) = &self.script {
            let (catalog, redactor) = (Arc::clone(&self.info.catalog), Arc::clone(&self.redactor));
            script.keep(&begun.store, catalog, redactor, patience);
        }
        for stream in [OutputStream::Out, OutputStream::Err] {
            self.lines.end(stream);
        }
        // What was learned to be a secret during the run may stand among its arguments and in what
        // it printed before.
        if self.redactor.form_count() > begun.known {
            let args = arguments::redact(&self.info.args, &self.redactor);
            let described = if args == begun.args {
                Ok(())
            } else {
                begun.store.post_description(self.run(&args))
            };
            if let Some(script) = &self.script {
                script.redact(&begun.store, &self.redactor)?;
            }
            described.and(self.lines.redact())?;
        }
        Ok(())
    }

    /// What is to be written in place of what was recorded.
    fn pass_on(&self, text: String) -> String {
        if self.info.is_detached {
            String::new()
        } else {
            text
        }
    }

    /// The store, which the first effect opens.
    fn begin(&self) -> &Begun {
        self.begun.get_or_init(|| {
            let store = Store::open(&self.path);
            if let Some(alive) = store.locks().run(&self.id).ok().and_then(Taken::held) {
                self.locks.keep(LockName::Alive, alive);
            }
            let begun = self.open_run(store);
            // A store that refuses this refuses the call that follows too, which is where it is
            // reported.
            let _ = begun
                .store
                .post_run(self.run(&begun.args), Arc::clone(&begun.is_known));
            self.lines.begin(&begun.store);
            self.listen(&begun.store);
            begun
        })
    }

    fn open_run(&self, store: Store) -> Begun {
        Begun {
            store,
            is_known: Arc::default(),
            args: arguments::redact(&self.info.args, &self.redactor),
            known: self.redactor.form_count(),
        }
    }

    fn run(&self, args: &[String]) -> NewRun {
        let script = self
            .info
            .script
            .as_ref()
            .map(|path| path.canonicalize().unwrap_or_else(|_| path.clone()));
        NewRun {
            id: self.id.clone(),
            name: self.info.name.clone(),
            kind: self.info.kind.to_owned(),
            script: script.map(|path| path.display().to_string()),
            script_hash: self.script.as_ref().map(|script| script.hash.clone()),
            args: args.to_vec(),
            profile: (self.info.profile)(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            simulated: self.info.simulated,
            pid: Some(std::process::id()),
            due: None,
            attempt: 1,
            started: self.started,
        }
    }
}

impl RunRecorder for HistoryRecorder {
    fn run(&self) -> &str {
        &self.id
    }

    fn call(&self, line: &AuditLine) -> Result<(), String> {
        if self.keep == Keep::Nothing {
            return Ok(());
        }
        self.begin()
            .store
            .add_call(&self.id, record(line))
            .map_err(|error| error.to_string())
    }

    fn intent<'a>(&'a self, line: &'a AuditLine) -> BoxFuture<'a, Result<(), String>> {
        if self.keep == Keep::Nothing {
            return Box::pin(ready(Ok(())));
        }
        Box::pin(async move {
            let store = &self.begin().store;
            if self.is_slow.load(Ordering::Relaxed) {
                return store
                    .add_call(&self.id, record(line))
                    .map_err(|error| error.to_string());
            }
            let written = self
                .clock
                .real_within(PATIENCE, store.add_intent(&self.id, record(line)))
                .await;
            written
                .unwrap_or_else(|| Err(store.slow(PATIENCE)))
                .map_err(|error| {
                    self.is_slow.store(true, Ordering::Relaxed);
                    error.to_string()
                })
        })
    }

    fn wait_began(&self, number: u64, what: &str, elapsed: Duration) -> Result<(), String> {
        if self.keep == Keep::Nothing {
            return Ok(());
        }
        let start = WaitStart {
            number,
            started: before(self.clock.now(), elapsed),
            what: what.to_owned(),
        };
        self.begin()
            .store
            .wait_began(&self.id, start)
            .map_err(|error| error.to_string())
    }

    fn wait_ended(&self, number: u64, outcome: &str, done: bool) -> Result<(), String> {
        if self.keep == Keep::Nothing {
            return Ok(());
        }
        let end = WaitEnd {
            number,
            ended: self.clock.now(),
            outcome: outcome.to_owned(),
            done,
        };
        self.begin()
            .store
            .wait_ended(&self.id, end)
            .map_err(|error| error.to_string())
    }

    fn logged(&self, level: Level, message: &str) {
        // What a claimed run's command writes of it comes as a note.
        if self.keep == Keep::Everything {
            self.lines.log(level, message);
        }
    }

    fn wants_output(&self) -> bool {
        self.keep != Keep::Nothing
    }

    fn captures_processes(&self) -> bool {
        self.keep == Keep::Claimed
    }

    fn output(&self, stream: OutputStream, text: &[u8]) -> Option<String> {
        match (self.keep, stream) {
            (Keep::Nothing, _) | (Keep::Everything, OutputStream::Err) => None,
            (Keep::Claimed, _) => Some(self.pass_on(self.lines.print(stream, text))),
            (Keep::Everything, OutputStream::Out) => {
                self.lines.print(stream, text);
                None
            }
        }
    }

    fn process_output(&self, stream: OutputStream, text: String) -> String {
        if self.keep != Keep::Claimed {
            return text;
        }
        self.lines.add_lines(stream, &text);
        self.pass_on(text)
    }

    fn rest_of_output(&self, stream: OutputStream) -> String {
        match self.keep {
            Keep::Claimed => self.pass_on(self.lines.end(stream)),
            _ => String::new(),
        }
    }

    fn lock(&self, name: &str) -> Result<Asked, String> {
        let locks = match self.keep {
            Keep::Nothing => Locks::beside(&self.path),
            _ => self.begin().store.locks().clone(),
        };
        self.locks.ask(&locks, name, &self.id)
    }
}

/// An end that says how many calls its run's record lacks, where it lacks any.
fn missing(end: RunEnd, calls: usize, problem: &StoreError) -> RunEnd {
    let lacks = match calls {
        0 => return end,
        1 => format!("a call is missing from its record: {problem}"),
        calls => format!("{calls} calls are missing from its record: {problem}"),
    };
    let error = end
        .error
        .map_or_else(|| lacks.clone(), |error| format!("{error}; {lacks}"));
    RunEnd {
        error: Some(error),
        ..end
    }
}

fn record(line: &AuditLine) -> CallRecord<'_> {
    CallRecord {
        number: line.number,
        read_only: line.read_only,
        line: &line.line,
    }
}

fn before(now: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| now.checked_sub(duration).ok())
        .unwrap_or(now)
}
