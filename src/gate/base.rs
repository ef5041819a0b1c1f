//! The gate of one run: what it is made of, and what it knows without any effect.

use super::audit::Audit;
use super::cancel::CancelToken;
use super::confirm::Confirm;
use super::events::{Event, Level, Observer};
use super::grants::Grants;
use super::in_flight::{InFlight, Pending};
use super::limiter::Limiter;
use super::random::Random;
use super::recorder::RunRecorder;
use super::scopes::Scopes;
use super::simulation::Simulation;
use crate::client::Routes;
use crate::client::command::AccountRef;
use crate::client::retry::RetryBudget;
use crate::client::transport::Transport;
use crate::config::Profiles;
use crate::policy::ReservedPath;
use cumulua_core::catalog::{Action, Catalog, ProductModel};
use cumulua_core::clock::Clock;
use cumulua_core::controls;
use cumulua_core::secret::Redactor;
use jiff::Timestamp;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// A text for people is shown up to so many bytes: what is shown of control characters is four times
/// as long.
const LONGEST_PRESENTED: usize = 256 * 1024;

/// What a gate is made of.
pub struct GateParts {
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
    /// What observes the run.
    pub observer: Arc<dyn Observer>,
    /// Where calls are recorded.
    pub audit: Option<Audit>,
    /// What the script may do.
    pub grants: Grants,
    /// What replaces secrets in text.
    pub redactor: Arc<Redactor>,
    /// The simulated cloud; none where the cloud is real.
    pub simulation: Option<Arc<dyn Simulation>>,
    /// What asks a person before a call that can destroy or cost in production; none in a script's
    /// run.
    pub confirm: Option<Arc<dyn Confirm>>,
}

/// What every effect of a script passes.
pub struct Gate {
    pub(super) parts: GateParts,
    pub(super) run: Arc<str>,
    pub(super) routes: Routes,
    pub(super) limiter: Limiter,
    pub(super) budget: RetryBudget,
    pub(super) in_flight: InFlight,
    pub(super) cancel: Arc<CancelToken>,
    pub(super) scopes: Scopes,
    /// Whether a scope was ended since there were none.
    pub(super) has_ended_scopes: Arc<AtomicBool>,
    pub(super) recorder: Option<Arc<dyn RunRecorder>>,
    pub(super) audit_failed: AtomicBool,
    pub(super) record_failed: AtomicBool,
    /// What may be read and written, without links and dots, as it was before the script could put
    /// a link in its place.
    pub(super) roots: Vec<PathBuf>,
    /// What no root grants.
    pub(super) reserved: OnceLock<Vec<ReservedPath>>,
    /// Variables that were read as secrets, which `env` must not give.
    pub(super) secret_variables: Mutex<BTreeSet<String>>,
    /// Warnings that were given and are not to be repeated.
    warned: Mutex<BTreeSet<String>>,
    waits: AtomicU64,
}

impl Gate {
    /// A gate for one run.
    pub fn new(parts: GateParts) -> Self {
        Self {
            run: parts.random.uuid().into(),
            routes: Routes::default(),
            limiter: Limiter::new(parts.clock.clone()),
            budget: RetryBudget::default(),
            in_flight: InFlight::default(),
            cancel: Arc::default(),
            scopes: Scopes::default(),
            has_ended_scopes: Arc::default(),
            recorder: None,
            audit_failed: AtomicBool::new(false),
            record_failed: AtomicBool::new(false),
            roots: parts.grants.roots(),
            reserved: OnceLock::new(),
            secret_variables: Mutex::default(),
            warned: Mutex::default(),
            waits: AtomicU64::new(0),
            parts,
        }
    }

    /// The id of the run in its record, where it has one.
    pub fn recorded_run(&self) -> Option<&str> {
        self.recorder.as_deref().map(RunRecorder::run)
    }

    /// The gate with a recorder, under the run's id there.
    #[must_use]
    pub fn recorded_by(self, recorder: Arc<dyn RunRecorder>) -> Self {
        Self {
            run: recorder.run().into(),
            recorder: Some(recorder),
            ..self
        }
    }

    /// The catalogue.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.parts.catalog
    }

    /// The layers of configuration.
    pub fn profiles(&self) -> &Arc<Profiles> {
        &self.parts.profiles
    }

    /// The simulated cloud; none where the cloud is real.
    pub fn simulation(&self) -> Option<&Arc<dyn Simulation>> {
        self.parts.simulation.as_ref()
    }

    /// The same for what outlives the borrow.
    pub fn shared_token(&self) -> Arc<CancelToken> {
        Arc::clone(&self.cancel)
    }

    /// The token that ends the run from outside.
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }

    /// What the run has set going in the cloud and not yet seen the end of.
    pub fn pending(&self) -> Pending {
        Pending {
            account: self.account_ref(),
            ..self.in_flight.pending()
        }
    }

    /// The profile, the region and what else of the run's options decides which cloud it is; a
    /// command that goes on with it must name them too.
    pub fn account_ref(&self) -> AccountRef {
        let (profile, region) = self.parts.profiles.account_names();
        AccountRef {
            profile,
            region,
            others: self.parts.profiles.cloud_options(),
        }
    }

    /// `text` without any secret known to the run.
    pub fn redact(&self, text: &str) -> String {
        self.parts.redactor.redact(text)
    }

    /// A text of others as people see it: without any secret known to the run, and with what
    /// would control a terminal shown. What goes back on the wire stays as it came.
    pub fn present(&self, text: &str) -> String {
        self.presented(text, controls::escape)
    }

    /// The same for a name, which has one line.
    pub fn present_line(&self, text: &str) -> String {
        self.presented(text, controls::escape_line)
    }

    /// As much of a text as is shown of one that has no control characters, without any secret known
    /// to the run.
    pub fn beginning<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let (clean, rest) = self.parts.redactor.clean_beginning(text, LONGEST_PRESENTED);
        if rest == 0 {
            clean
        } else {
            Cow::Owned(format!("{clean}… ({rest} bytes more)"))
        }
    }

    fn presented(&self, text: &str, escape: fn(&str) -> Cow<'_, str>) -> String {
        let (clean, rest) = self.parts.redactor.clean_beginning(text, LONGEST_PRESENTED);
        let shown = escape(&clean).into_owned();
        if rest == 0 {
            shown
        } else {
            format!("{shown}… ({rest} bytes more)")
        }
    }

    /// A value whose names, texts and numbers are without any secret known to the run.
    pub fn redact_json(&self, value: Json) -> Json {
        match value {
            Json::String(text) => self.parts.redactor.redact_owned(text).into(),
            Json::Array(items) => items
                .into_iter()
                .map(|item| self.redact_json(item))
                .collect(),
            Json::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| {
                    let name = self.parts.redactor.redact_owned(name);
                    (name, self.redact_json(value))
                })
                .collect(),
            Json::Number(number) => match self.clean(&number.to_string()) {
                Cow::Owned(clean) => clean.into(),
                Cow::Borrowed(_) => Json::Number(number),
            },
            other => other,
        }
    }

    /// `text` without any secret known to the run, copied only where there is one.
    pub fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.parts.redactor.clean(text)
    }

    /// The run's clock.
    pub fn clock(&self) -> &Clock {
        &self.parts.clock
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// The time of deferred functions once the run, or their task, was ended from outside.
    pub fn grace(&self) -> Duration {
        self.parts.grants.grace
    }

    /// Time since the run began.
    pub fn elapsed(&self) -> Duration {
        self.parts.clock.elapsed()
    }

    /// Any 64 bits.
    pub fn random(&self) -> u64 {
        self.parts.random.bits()
    }

    /// Logs a line.
    pub fn log(&self, level: Level, message: &str) {
        let message = self.present(message);
        if let Some(recorder) = &self.recorder {
            recorder.logged(level, &message);
        }
        self.event(Event::Log { level, message });
    }

    /// Warns, once for each, that a secret cannot be found in texts.
    pub(super) fn warn_of_short_secret(&self, what: &str) {
        self.warn_once(&format!(
            "{what} has fewer than 4 characters: where a service echoes it, it cannot be redacted"
        ));
    }

    /// Warns, once for each, of an Action that is no more to be used.
    pub(super) fn warn_of_deprecated(&self, action: &Action) {
        if let Some(deprecation) = &action.deprecated {
            let advice = deprecation.advice();
            self.warn_once(&format!("{} is deprecated: {advice}", action.full_name));
        }
    }

    fn warn_once(&self, message: &str) {
        let warned = || self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned().insert(message.to_owned()) {
            self.log(Level::Warn, message);
        }
    }

    pub(super) fn event(&self, event: Event) {
        self.parts.observer.event(event);
    }

    /// A number for a wait.
    pub(super) fn next_wait(&self) -> u64 {
        self.waits.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The product that has a dialect's waiter.
    pub(super) fn waiter_for(&self, product: &str, dialect: &str) -> Option<Arc<ProductModel>> {
        let model = self.parts.catalog.product(product).ok()?;
        model.waiters.contains_key(dialect).then_some(model)
    }

    /// The product that has a dialect of tasks; the dialects there are, where none has it.
    pub fn product_of_dialect(&self, dialect: &str) -> Result<String, Vec<String>> {
        let mut known = BTreeMap::new();
        for product in self.parts.catalog.products() {
            if let Ok(model) = self.parts.catalog.product(&product) {
                known.extend(
                    model
                        .waiters
                        .keys()
                        .map(|dialect| (dialect.clone(), product.clone())),
                );
            }
        }
        known
            .get(dialect)
            .cloned()
            .ok_or_else(|| known.into_keys().collect())
    }
}
