//! The gate: the one door every effect of a script goes through: a call, a wait, a sleep, the clock, randomness, a file, a process,
//! a variable, a secret. What must see all effects hooks in here: policies, the audit, cancellation, the report of open ends.

mod account;
pub mod audit;
mod confirm;
mod effects;
mod interrupt;
mod ledger;
mod lock;
mod observer;
mod pages;
mod policy;
mod random;
mod rate;
pub mod record;
mod rehearsal;
mod scope;
mod state;
mod wait;
mod watch;
pub mod web;

pub use confirm::{Asking, Confirm, Question};
pub use interrupt::{Interrupt, Stop};
use ledger::Ledger;
pub use ledger::{OpenEnds, UnknownOutcome};
pub use lock::LockError;
pub use observer::{Event, Level, Observer, Silent};
pub use pages::{ReadError, Reading};
pub use policy::Policy;
pub use random::Random;
pub use rehearsal::Rehearsal;
pub use scope::Scope;
pub use state::{Resource, Seen};
pub use wait::{WAIT_TIMEOUT, WaitError};
pub use watch::{Watch, WatchError};

use crate::client::command::Named;
use crate::client::error::{CallError, Failure, Sent};
use crate::client::lookup::Lookup;
use crate::client::retry::RetryBudget;
use crate::client::transport::Transport;
use crate::client::value::Params;
use crate::client::{Answer, Call, Client, waiter};
use crate::config::Profiles;
use crate::effect_id::EffectId;
use audit::{Audit, Record, Recorded};
use cumulua_core::catalog::{Action, Catalog};
use cumulua_core::clock::Clock;
use cumulua_core::secret::{Redactor, Secret};
use effects::CallEffects;
use jiff::Timestamp;
use rate::Lanes;
use record::Recorder;
use scope::Scopes;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a gate is made of.
pub struct World {
    /// The catalogue.
    pub catalog: Arc<Catalog>,
    /// The layers of configuration.
    pub profiles: Arc<Profiles>,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    /// What carries attempts.
    pub transport: Arc<dyn Transport>,
    /// Who hears what happens.
    pub observer: Arc<dyn Observer>,
    /// Where calls are recorded.
    pub audit: Option<Audit>,
    /// What the script may do.
    pub policy: Policy,
    /// What replaces secrets in text.
    pub redactor: Arc<Redactor>,
    /// The cloud that is rehearsed on; none where the cloud is real.
    pub rehearsal: Option<Arc<dyn Rehearsal>>,
    /// Who is asked before a call that can destroy or cost in production; nobody in a script's run.
    pub confirm: Option<Arc<dyn Confirm>>,
}

/// The one door every effect of a script goes through.
pub struct Gate {
    world: World,
    client: Client,
    run: Arc<str>,
    ledger: Ledger,
    interrupt: Arc<Interrupt>,
    scopes: Scopes,
    lanes: Lanes,
    budget: RetryBudget,
    audit_failed: AtomicBool,
    recorder: Option<Arc<dyn Recorder>>,
    record_failed: AtomicBool,
    /// What carries requests that are no product's.
    web: Arc<dyn Transport>,
    waits: AtomicU64,
    /// Variables that were read as secrets, which `env` must not give.
    secret_variables: Mutex<BTreeSet<String>>,
}

/// A refusal that is not a call's.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Denied {
    /// A policy forbids it.
    #[error("{0}")]
    Policy(String),
    /// There is no such path.
    #[error("{path}: {problem}")]
    NoSuchPath {
        /// The path as the script gave it.
        path: String,
        /// Why it leads nowhere.
        problem: Arc<std::io::Error>,
    },
    /// The configuration does not give it.
    #[error("{0}")]
    Config(#[from] crate::config::ConfigError),
}

impl Gate {
    /// A gate for one run.
    pub fn new(world: World) -> Self {
        let client = Client::new(Arc::clone(&world.profiles), Arc::clone(&world.redactor));
        let run = world.random.uuid().into();
        let web = Arc::clone(&world.transport);
        let lanes = Lanes::new(world.clock.clone());
        Self {
            web,
            world,
            client,
            run,
            ledger: Ledger::default(),
            interrupt: Arc::default(),
            scopes: Scopes::default(),
            lanes,
            budget: RetryBudget::default(),
            audit_failed: AtomicBool::new(false),
            recorder: None,
            record_failed: AtomicBool::new(false),
            waits: AtomicU64::new(0),
            secret_variables: Mutex::default(),
        }
    }

    /// The gate with somebody who keeps what the run does, under the id that they have for it.
    #[must_use]
    pub fn recorded_by(self, recorder: Arc<dyn Recorder>) -> Self {
        Self { run: recorder.run().into(), recorder: Some(recorder), ..self }
    }

    /// The catalogue.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.world.catalog
    }

    /// The cloud that is rehearsed on; none where the cloud is real.
    pub fn rehearsal(&self) -> Option<&Arc<dyn Rehearsal>> {
        self.world.rehearsal.as_ref()
    }

    /// What ends the run from outside.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// What the run has set going in the cloud and not yet seen the end of.
    pub fn open_ends(&self) -> OpenEnds {
        OpenEnds { account: self.named(), ..self.ledger.open_ends() }
    }

    /// The profile and the region that whoever started the run named; what is to go on with it must name them too.
    pub fn named(&self) -> Named {
        let (profile, region) = self.world.profiles.named();
        Named { profile, region }
    }

    /// `text` without any secret known to the run.
    pub fn redact(&self, text: &str) -> String {
        self.world.redactor.redact(text)
    }

    /// Makes a call.
    pub async fn call(&self, call: Call, place: &EffectId) -> Result<Answer, Failure> {
        let action = call.action.clone();
        let lookup = if action.read_only { None } else { self.lookup(&action, &call) };
        let id = self.ledger.begin(Arc::clone(&action.full_name), action.read_only, lookup.clone());
        audit::learn(&self.world.redactor, &action, &call.params);
        let effects = CallEffects::new(self, id, &call, place);
        let started = self.world.clock.elapsed();
        let interrupt = self.interrupt_at(&place.path);
        let outcome = {
            let mut made = pin!(self.client.call(&effects, call));
            tokio::select! {
                biased;
                stop = interrupt.raised() => match stop {
                    // The answer to a change that is on its way is worth more than the time until it comes.
                    Stop::SiblingFailed if !action.read_only && effects.is_flying() => tokio::select! {
                        biased;
                        outcome = &mut made => outcome,
                        () = effects.landed() => Err(self.cancelled(&action, id, &stop)),
                        stop = self.interrupt.raised() => Err(self.cancelled(&action, id, &stop)),
                    },
                    stop => Err(self.cancelled(&action, id, &stop)),
                },
                outcome = &mut made => outcome,
            }
        };
        let outcome = outcome.map_err(|failure| {
            let lookup = lookup.filter(|_| failure.sent == Sent::Maybe);
            self.without_secrets(Failure { lookup, ..failure })
        });
        effects.finish(&outcome, self.world.clock.elapsed().saturating_sub(started));
        if let Ok(answer) = &outcome {
            for task in waiter::tasks(answer) {
                self.ledger.task_started(task, &answer.action.full_name);
            }
            for warning in &answer.warnings {
                self.log(Level::Warn, &format!("{}: {warning}", answer.action.full_name));
            }
        }
        outcome
    }

    /// What would tell whether a call was carried out, if its answer is lost.
    fn lookup(&self, action: &Action, call: &Call) -> Option<Arc<Lookup>> {
        Lookup::of(action, &call.params, call.options.named().or(&self.named())).map(Arc::new)
    }

    /// Waits; ends early where what stands at this place is ended.
    pub fn sleep<'a>(&'a self, duration: Duration, place: &EffectId) -> impl Future<Output = Result<(), Stop>> + use<'a> {
        let interrupt = self.interrupt_at(&place.path);
        async move {
            tokio::select! {
                biased;
                stop = interrupt.raised() => Err(stop),
                () = self.world.clock.sleep(duration) => Ok(()),
            }
        }
    }

    /// The layers of configuration.
    pub fn profiles(&self) -> &Arc<Profiles> {
        &self.world.profiles
    }

    /// The latest records of the audit, one line of JSON each, where it keeps them.
    pub fn recorded(&self) -> Vec<String> {
        self.world.audit.as_ref().map(Audit::kept).unwrap_or_default()
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// Time since the run began.
    pub fn elapsed(&self) -> Duration {
        self.world.clock.elapsed()
    }

    /// Any 64 bits.
    pub fn random(&self) -> u64 {
        self.world.random.bits()
    }

    /// Logs a line.
    pub fn log(&self, level: Level, message: &str) {
        self.world.observer.event(Event::Log { level, message: self.redact(message) });
    }

    /// Whether a path may be opened: the path to open in its place.
    pub fn path(&self, path: &Path) -> Result<PathBuf, Denied> {
        self.world.policy.path(path)
    }

    /// Whether an entry of a folder may be removed or renamed: the path to take in its place.
    pub fn entry(&self, path: &Path) -> Result<PathBuf, Denied> {
        self.world.policy.entry(path)
    }

    /// Whether a process may be started.
    pub fn process(&self) -> Result<(), Denied> {
        self.world.policy.run().map_err(Denied::Policy)
    }

    /// A variable of the environment; one that holds a product's secret is refused, because the runtime signs with it itself.
    pub fn variable(&self, name: &str) -> Result<Option<String>, Denied> {
        self.guard_variable(name)?;
        let secrets = self.secret_variables.lock().unwrap_or_else(PoisonError::into_inner);
        if secrets.contains(name) || self.world.profiles.is_secret_variable(name) {
            let reason = format!("{name} holds a secret; `secret` gives it as a value that stays closed");
            return Err(Denied::Policy(reason));
        }
        drop(secrets);
        Ok(std::env::var(name).ok())
    }

    /// Reads `secret "name"` as the profile says.
    pub fn secret(&self, name: &str) -> Result<Secret, Denied> {
        let (secret, variable) = self.world.profiles.secret(name)?;
        if let Some(variable) = &variable {
            self.guard_variable(variable)?;
        }
        self.world.redactor.learn(secret.expose());
        self.secret_variables.lock().unwrap_or_else(PoisonError::into_inner).extend(variable);
        Ok(secret)
    }

    /// Refuses a variable that holds a product's secret, whatever it is asked for as.
    fn guard_variable(&self, name: &str) -> Result<(), Denied> {
        for product in self.world.catalog.products() {
            let Ok(product) = self.world.catalog.product(&product) else { continue };
            let variables = &product.credentials;
            if name == variables.secret_key || variables.security_token.as_deref() == Some(name) {
                let reason = format!("{name} holds a secret of {}; calls are signed with it, scripts do not see it", product.title);
                return Err(Denied::Policy(reason));
            }
        }
        Ok(())
    }

    /// A number for a wait.
    fn next_wait(&self) -> u64 {
        self.waits.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn cancelled(&self, action: &Action, id: u64, stop: &Stop) -> Failure {
        let (attempts, sent) = self.ledger.progress(id);
        Failure {
            action: action.full_name.to_string(),
            attempts,
            sent,
            retryable: false,
            lookup: None,
            error: CallError::Cancelled { reason: stop.describe(), sent },
        }
    }

    /// A service may echo what it was sent.
    fn without_secrets(&self, mut failure: Failure) -> Failure {
        if let CallError::Refused(refusal) = &mut failure.error {
            refusal.message = self.redact(&refusal.message);
        }
        failure
    }

    /// Whether a policy lets a call pass.
    async fn admit(&self, action: &Action, params: &Params, profile: Option<&str>) -> Result<(), CallError> {
        if self.world.policy.read_only && !action.read_only {
            let reason = format!("{} changes things and this run is read-only", action.full_name);
            return Err(CallError::Forbidden(reason));
        }
        self.confirmed(action, params, profile).await
    }

    fn record<P: Serialize>(&self, record: &Record<'_, P>) {
        let recorded = Recorded::new(record, &self.run, self.now());
        if let Some(audit) = &self.world.audit {
            self.recorded_in(audit, audit.append(&recorded));
        }
        self.keep(&recorded);
    }

    /// Writes what the audit has not written yet; to be called before the process ends.
    pub fn flush_audit(&self) {
        if let Some(audit) = &self.world.audit {
            self.recorded_in(audit, audit.flush());
        }
    }

    /// That the audit cannot be written is said once.
    fn recorded_in(&self, audit: &Audit, outcome: io::Result<()>) {
        if let Err(error) = outcome
            && !self.audit_failed.swap(true, Ordering::Relaxed)
        {
            let file = audit.path().map(|path| path.display().to_string()).unwrap_or_default();
            self.log(Level::Warn, &format!("calls cannot be recorded in {file}: {error}"));
        }
    }

    /// `text` without any secret known to the run, copied only where there is one.
    fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.world.redactor.clean(text)
    }

    fn waiter_for(&self, product: &str, dialect: &str) -> Option<Arc<cumulua_core::catalog::ProductModel>> {
        let model = self.world.catalog.product(product).ok()?;
        model.waiters.contains_key(dialect).then_some(model)
    }

    /// The product that has a dialect of tasks; the dialects there are, where none has it.
    pub fn product_of_dialect(&self, dialect: &str) -> Result<String, Vec<String>> {
        let mut known = BTreeMap::new();
        for product in self.world.catalog.products() {
            if let Ok(model) = self.world.catalog.product(&product) {
                known.extend(model.waiters.keys().map(|dialect| (dialect.clone(), product.clone())));
            }
        }
        known.get(dialect).cloned().ok_or_else(|| known.into_keys().collect())
    }
}
