//! What a run does, told to the store. The store opens at the run's first effect, so that a script without any pays nothing.

use super::arguments;
use super::store::locks::{Held, Locks, Taken};
use super::store::{Line, NewRun, Output, RunEnd, RunOutcome, Store, Stream, WaitEnd, WaitStart, sha256};
use crate::client::transport::BoxFuture;
use crate::gate::audit::Recorded;
use crate::gate::record::{Asked, Recorder};
use crate::gate::{Event, Level, Observer};
use cumulua_core::clock::Clock;
use cumulua_core::secret::Redactor;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::ready;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// What is known of a run before it begins.
pub struct About {
    /// The script's file name without its ending, else the Action of `cumulua call`.
    pub name: String,
    /// `run`, `call` or `repl`.
    pub kind: &'static str,
    /// The script's path.
    pub script: Option<PathBuf>,
    /// The script's text, for its hash.
    pub text: Option<String>,
    /// Its arguments.
    pub args: Vec<String>,
    /// Asks for the profile, which may read files.
    pub profile: Box<dyn Fn() -> Option<String> + Send + Sync>,
    /// Whether its cloud is the simulator in this process.
    pub simulated: bool,
}

/// What of a run is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All that it does and what it prints.
    Everything,
    /// All that it does; a server that has recorded the run captures what it prints.
    Effects,
    /// Nothing; it shares the store's locks all the same.
    Nothing,
}

/// How long a mutating call waits for its record, and the end of a run for its own.
const PATIENCE: Duration = Duration::from_secs(2);

/// A run on its way into the store.
pub struct Recording {
    id: String,
    about: About,
    keep: Keep,
    path: PathBuf,
    clock: Clock,
    started: Timestamp,
    redactor: Arc<Redactor>,
    begun: OnceLock<Begun>,
    /// A store that let one call wait in vain must not hold up the next.
    is_slow: AtomicBool,
    state: Mutex<State>,
}

/// What a run has of the store once it uses it.
struct Begun {
    store: Store,
    args: Vec<String>,
    /// How much the redactor knew then.
    known: usize,
}

#[derive(Default)]
struct State {
    /// Lines from before the first effect.
    pending: VecDeque<Line>,
    pending_bytes: usize,
    left_out: usize,
    /// What was written since the last line break.
    partial: String,
    output: Output,
    /// The waits that go on.
    waits: BTreeSet<u64>,
    /// Until the run ends or its process does. The one without a name says that the run goes on.
    locks: BTreeMap<LockName, Held>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum LockName {
    Alive,
    Schedule,
    Named(String),
}

impl Recording {
    /// A run with this id, to be kept in the store in this file.
    pub fn new(id: String, about: About, keep: Keep, path: PathBuf, clock: Clock, redactor: Arc<Redactor>) -> Self {
        let started = clock.now();
        let (begun, is_slow, state) = (OnceLock::new(), AtomicBool::new(false), Mutex::default());
        Self { id, about, keep, path, clock, started, redactor, begun, is_slow, state }
    }

    /// Whether a server has recorded the run, so that it must be claimed before the script begins.
    pub fn is_claimed_from_server(&self) -> bool {
        self.keep == Keep::Effects
    }

    /// Takes up a run that a server has recorded, before the script begins; `schedule` is the one whose lock the run holds.
    /// The error is why it must not be carried out; a store that does not work is none, and given back as a warning.
    pub fn claim(&self, schedule: Option<&str>) -> Result<Option<String>, String> {
        let store = Store::open_served(&self.path);
        let mut problem = None;
        match store.locks().run(&self.id) {
            Ok(Taken::Held(held)) => drop(self.lock().locks.insert(LockName::Alive, held)),
            Ok(Taken::By(holder)) => return Err(format!("the run {} is already carried out by {holder}", self.id)),
            Err(error) => problem = Some(error.to_string()),
        }
        let begun = self.begun.get_or_init(|| self.begun_with(store));
        match begun.store.claim_run(self.run(&begun.args), self.clock.now()) {
            Ok(true) => {}
            Ok(false) => return Err(format!("the run {} is not in {} or has ended already", self.id, self.path.display())),
            Err(error) => problem = Some(error.to_string()),
        }
        if let Some(name) = schedule {
            match begun.store.locks().schedule(name, &self.id) {
                Ok(Taken::Held(held)) => drop(self.lock().locks.insert(LockName::Schedule, held)),
                Ok(Taken::By(holder)) => {
                    let refusal = format!("an earlier run of {name} is still going on ({holder})");
                    let _ = self.end(RunOutcome::Failed, None, Some(&refusal));
                    return Err(refusal);
                }
                Err(error) => problem = Some(error.to_string()),
            }
        }
        Ok(problem)
    }

    /// Records how the run ended and releases its locks. The error is why it is not recorded.
    pub fn end(&self, outcome: RunOutcome, status: Option<i32>, error: Option<&str>) -> Result<(), String> {
        let written = match self.begun.get().filter(|_| self.keep != Keep::Nothing) {
            Some(begun) => self.write_end(begun, outcome, status, error),
            None => Ok(()),
        };
        // Whoever looks in between must not take the run for lost.
        self.lock().locks.clear();
        written
    }

    fn write_end(&self, begun: &Begun, outcome: RunOutcome, status: Option<i32>, error: Option<&str>) -> Result<(), String> {
        let mut state = self.lock();
        let rest = std::mem::take(&mut state.partial);
        let rest = (!rest.is_empty()).then(|| self.line(Stream::Out, &rest));
        for line in std::mem::take(&mut state.pending).into_iter().chain(rest) {
            self.add_line(begun, &mut state, line);
        }
        drop(state);
        // What was learned to be a secret during the run may stand among its arguments and in what it printed before.
        if self.redactor.known() > begun.known {
            let redactor = Arc::clone(&self.redactor);
            let args = arguments::redacted(&self.about.args, &self.redactor);
            let described = if args == begun.args { Ok(()) } else { begun.store.post_description(self.run(&args)) };
            let redacted = begun.store.redact_output(&self.id, move |line| redactor.redact(line));
            described.and(redacted).map_err(|error| error.to_string())?;
        }
        let error = error.map(|error| self.redactor.redact(error));
        let end = RunEnd { id: self.id.clone(), ended: self.clock.now(), outcome, status, error };
        begun.store.end_run_within(end, PATIENCE).map(drop).map_err(|error| error.to_string())
    }

    /// The store, which the first effect opens.
    fn begin(&self) -> &Begun {
        self.begun.get_or_init(|| {
            let store = Store::open(&self.path);
            let alive = store.locks().run(&self.id).ok().and_then(Taken::held);
            let begun = self.begun_with(store);
            // A store that refuses this refuses the call that follows too, which is where it is reported.
            let _ = begun.store.post_run(self.run(&begun.args));
            let mut state = self.lock();
            state.locks.extend(alive.map(|held| (LockName::Alive, held)));
            if state.left_out > 0 {
                let text = format!("… {} earlier lines are left out", state.left_out);
                let at = state.pending.front().map_or(self.started, |line| line.at);
                self.add_line(&begun, &mut state, Line { at, stream: Stream::Out, text });
            }
            for line in std::mem::take(&mut state.pending) {
                self.add_line(&begun, &mut state, line);
            }
            begun
        })
    }

    fn begun_with(&self, store: Store) -> Begun {
        Begun { store, args: arguments::redacted(&self.about.args, &self.redactor), known: self.redactor.known() }
    }

    fn run(&self, args: &[String]) -> NewRun {
        let script = self.about.script.as_ref().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone()));
        NewRun {
            id: self.id.clone(),
            name: self.about.name.clone(),
            kind: self.about.kind.to_owned(),
            script: script.map(|path| path.display().to_string()),
            script_hash: self.about.text.as_ref().map(|text| sha256(text.as_bytes())),
            args: args.to_vec(),
            profile: (self.about.profile)(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            simulated: self.about.simulated,
            pid: Some(std::process::id()),
            due: None,
            attempt: 1,
            started: self.started,
        }
    }

    fn line(&self, stream: Stream, text: &str) -> Line {
        Line { at: self.clock.now(), stream, text: text.to_owned() }
    }

    fn add_line(&self, begun: &Begun, state: &mut State, mut line: Line) {
        line.text = self.redactor.redact(&line.text);
        // Output that cannot be kept is no reason to say more than the calls' warning says.
        let _ = begun.store.add_line(&self.id, &mut state.output, line);
    }

    fn hear_line(&self, state: &mut State, line: Line) {
        if let Some(begun) = self.begun.get() {
            return self.add_line(begun, state, line);
        }
        state.pending_bytes += line.text.len();
        state.pending.push_back(line);
        while state.pending_bytes > Output::TAIL
            && let Some(line) = state.pending.pop_front()
        {
            state.pending_bytes -= line.text.len();
            state.left_out += 1;
        }
    }

    fn hear(&self, event: &Event) {
        match event {
            Event::Log { level, message } if *level != Level::Debug && self.keep == Keep::Everything => {
                let word = match level {
                    Level::Debug | Level::Info => "info",
                    Level::Warn => "warning",
                    Level::Error => "error",
                };
                let mut state = self.lock();
                for line in message.lines() {
                    self.hear_line(&mut state, self.line(Stream::Err, &format!("{word}: {line}")));
                }
            }
            Event::Waiting { id, what, elapsed, .. } if self.keep != Keep::Nothing => self.wait_goes_on(*id, what, *elapsed),
            Event::WaitEnded { id, what, outcome, done, elapsed } if self.keep != Keep::Nothing => {
                self.wait_goes_on(*id, what, *elapsed);
                self.lock().waits.remove(id);
                let end = WaitEnd { number: *id, ended: self.clock.now(), outcome: outcome.clone(), done: *done };
                let _ = self.begin().store.wait_ended(&self.id, end);
            }
            _ => {}
        }
    }

    /// Records that a wait has begun, once.
    fn wait_goes_on(&self, number: u64, what: &str, elapsed: Duration) {
        let begun = self.begin();
        if self.lock().waits.insert(number) {
            let started = before(self.clock.now(), elapsed);
            let _ = begun.store.wait_began(&self.id, WaitStart { number, started, what: what.to_owned() });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for Recording {
    fn run(&self) -> &str {
        &self.id
    }

    fn call(&self, recorded: &Recorded) -> Result<(), String> {
        if self.keep == Keep::Nothing {
            return Ok(());
        }
        self.begin().store.add_call(&self.id, recorded).map_err(|error| error.to_string())
    }

    fn intent<'a>(&'a self, recorded: &'a Recorded) -> BoxFuture<'a, Result<(), String>> {
        if self.keep == Keep::Nothing {
            return Box::pin(ready(Ok(())));
        }
        Box::pin(async move {
            let store = &self.begin().store;
            if self.is_slow.load(Ordering::Relaxed) {
                return store.add_call(&self.id, recorded).map_err(|error| error.to_string());
            }
            let written = self.clock.real_within(PATIENCE, store.add_intent(&self.id, recorded)).await;
            written.unwrap_or_else(|| Err(store.slow(PATIENCE))).map_err(|error| {
                self.is_slow.store(true, Ordering::Relaxed);
                error.to_string()
            })
        })
    }

    fn wants_output(&self) -> bool {
        self.keep != Keep::Nothing
    }

    fn hears_processes(&self) -> bool {
        self.keep == Keep::Effects
    }

    fn output(&self, text: String) -> String {
        match self.keep {
            Keep::Nothing => text,
            Keep::Effects => self.redactor.redact(&text),
            Keep::Everything => {
                let mut state = self.lock();
                let written = std::mem::take(&mut state.partial) + &text;
                let mut rest = written.as_str();
                while let Some((line, after)) = rest.split_once('\n') {
                    self.hear_line(&mut state, self.line(Stream::Out, line));
                    rest = after;
                }
                // Without an end of line there would be no end to it.
                if rest.len() > Output::LONGEST_LINE {
                    self.hear_line(&mut state, self.line(Stream::Out, rest));
                    rest = "";
                }
                rest.clone_into(&mut state.partial);
                text
            }
        }
    }

    fn lock(&self, name: &str) -> Result<Asked, String> {
        let locks = match self.keep {
            Keep::Nothing => Locks::beside(&self.path),
            _ => self.begin().store.locks().clone(),
        };
        let key = LockName::Named(name.to_owned());
        let mut state = Recording::lock(self);
        if state.locks.contains_key(&key) {
            return Ok(Asked::Granted);
        }
        match locks.named(name, &self.id).map_err(|error| error.to_string())? {
            Taken::Held(held) => {
                state.locks.insert(key, held);
                Ok(Asked::Granted)
            }
            Taken::By(holder) => Ok(Asked::HeldBy(holder)),
        }
    }
}

/// Hears what a run does, for its recording and for somebody else.
pub struct Overheard {
    /// The recording.
    pub recording: Arc<Recording>,
    /// Who else hears it.
    pub observer: Arc<dyn Observer>,
}

impl Observer for Overheard {
    fn event(&self, event: Event) {
        self.recording.hear(&event);
        self.observer.event(event);
    }
}

fn before(now: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration).ok().and_then(|duration| now.checked_sub(duration).ok()).unwrap_or(now)
}
