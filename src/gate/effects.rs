//! The world as one call sees it.

use super::Gate;
use super::audit::{self, End, Record, Shown};
use super::observer::{Event, Level};
use crate::client::effects::{Effects, Lane};
use crate::client::error::{CallError, Failure, Kind, Sent};
use crate::client::transport::{Request, Response, TransportError};
use crate::client::value::Params;
use crate::client::{Answer, Call};
use crate::effect_id::EffectId;
use cumulua_core::catalog::Action;
use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, SemaphorePermit};

/// A clock that differs by less from a service's has been corrected already.
const CLOCK_IS_RIGHT: SignedDuration = SignedDuration::from_mins(1);

/// The world as one call sees it.
pub(super) struct CallEffects<'a> {
    gate: &'a Gate,
    id: u64,
    action: Action,
    /// What the script gave, and once it is admitted what is sent.
    params: Mutex<Params>,
    place: &'a EffectId,
    profile: Option<String>,
    /// Whether the observer knows of it.
    is_admitted: AtomicBool,
    finished: bool,
    /// Whether an attempt is on its way.
    is_flying: AtomicBool,
    /// Told when an attempt has ended and another would follow.
    landed: Notify,
    /// What lets the next attempt fly.
    permit: Mutex<Option<SemaphorePermit<'a>>>,
}

impl<'a> CallEffects<'a> {
    pub(super) fn new(gate: &'a Gate, id: u64, call: &Call, place: &'a EffectId) -> Self {
        Self {
            gate,
            id,
            action: call.action.clone(),
            params: Mutex::new(call.params.clone()),
            place,
            profile: call.options.profile.clone(),
            is_admitted: AtomicBool::new(false),
            finished: false,
            is_flying: AtomicBool::new(false),
            landed: Notify::new(),
            permit: Mutex::default(),
        }
    }

    /// Whether an attempt is on its way.
    pub(super) fn is_flying(&self) -> bool {
        self.is_flying.load(Ordering::Relaxed)
    }

    /// Waits until an attempt has ended and another would follow, from now on.
    pub(super) fn landed(&self) -> Notified<'_> {
        self.landed.notified()
    }

    /// Records how the call ended.
    pub(super) fn finish(mut self, outcome: &Result<Answer, Failure>, duration: Duration) {
        self.finished = true;
        self.tell_end();
        self.gate.ledger.end(self.id, outcome.as_ref().map_or_else(|failure| failure.sent, |_| Sent::Yes));
        if outcome.is_ok() {
            self.gate.budget.refund();
        }
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let clean = |text| self.gate.clean(text);
        let end = match outcome {
            Ok(answer) => End {
                profile: Some(clean(&answer.profile)),
                region: answer.region.as_deref().map(clean),
                endpoint: Some(clean(&answer.endpoint)),
                http_status: Some(answer.http_status),
                request_id: answer.request_id.as_deref().map(clean),
                attempts: answer.attempts,
                duration_ms,
                sent: Sent::Yes.as_str(),
                ..End::default()
            },
            Err(failure) => {
                let refusal = failure.error.refusal();
                End {
                    http_status: failure.error.http_status(),
                    code: refusal.and_then(|refusal| refusal.code.as_deref()).map(clean),
                    request_id: refusal.and_then(|refusal| refusal.request_id.as_deref()).map(clean),
                    attempts: failure.attempts,
                    duration_ms,
                    sent: failure.sent.as_str(),
                    error: Some(failure.error.kind().as_str()),
                    message: Some(self.gate.redact(&failure.message()).into()),
                    ..End::default()
                }
            }
        };
        self.record("ended", end);
    }

    fn tell_end(&self) {
        if self.is_admitted.load(Ordering::Relaxed) {
            self.gate.world.observer.event(Event::CallEnded { id: self.id });
        }
    }

    fn record(&self, phase: &'static str, end: End<'_>) {
        self.gate.record(&Record {
            number: self.id,
            phase,
            place: self.place,
            // A script names what the catalogue lacks as it likes.
            action: &self.gate.clean(&self.action.full_name),
            read_only: self.action.read_only,
            params: Shown::new(&self.action, &lock(&self.params), &self.gate.world.redactor),
            end,
        });
    }
}

impl Drop for CallEffects<'_> {
    /// A call that nobody waits for any more (a sibling failed) has ended too, as far as anybody can tell.
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let (attempts, sent) = self.gate.ledger.progress(self.id);
        self.gate.ledger.end(self.id, sent);
        self.tell_end();
        let error = Some(Kind::Cancelled.as_str());
        self.record("ended", End { attempts, sent: sent.as_str(), error, ..End::default() });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Effects for CallEffects<'_> {
    async fn admit(&self, action: &Action, params: &Params) -> Result<(), CallError> {
        audit::learn(&self.gate.world.redactor, action, params);
        self.gate.admit(action, params, self.profile.as_deref()).await?;
        // The record must hold what is sent, ids that the runtime made included.
        lock(&self.params).clone_from(params);
        self.is_admitted.store(true, Ordering::Relaxed);
        self.gate.world.observer.event(Event::CallStarted { id: self.id, action: Arc::clone(&action.full_name) });
        Ok(())
    }

    fn now(&self) -> Timestamp {
        self.gate.now()
    }

    fn elapsed(&self) -> Duration {
        self.gate.elapsed()
    }

    fn uuid(&self) -> String {
        self.gate.world.random.uuid()
    }

    fn fraction(&self) -> f64 {
        self.gate.world.random.fraction()
    }

    async fn sleep(&self, duration: Duration) {
        self.gate.world.clock.sleep(duration).await;
    }

    async fn turn(&self, lane: &Lane) {
        self.gate.lanes.turn(lane).await;
        let permit = self.gate.lanes.permit().await;
        *lock(&self.permit) = permit;
    }

    fn slow_down(&self, lane: &Lane, pause: Duration) {
        self.gate.lanes.close(lane, pause);
    }

    fn afford_retry(&self) -> bool {
        let affordable = self.gate.budget.take();
        if !affordable {
            let message = format!("{}: not tried again, because the run has used up its retries", self.action.full_name);
            self.gate.log(Level::Warn, &message);
        }
        affordable
    }

    fn attempt(&self, number: u32) {
        self.gate.ledger.attempt(self.id, number);
        // A machine that dies with the call on its way leaves this line behind.
        if number == 1 && !self.action.read_only {
            self.record("sending", End { sent: Sent::Maybe.as_str(), ..End::default() });
        }
    }

    /// No `async fn`, which would keep the room that the request takes.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, TransportError>> {
        let (host, timeout) = (request.uri.authority().cloned(), request.timeout);
        let sending = self.gate.world.transport.send(request);
        self.is_flying.store(true, Ordering::Relaxed);
        async move {
            let answer = tokio::select! {
                biased;
                answer = sending => answer,
                () = self.gate.world.clock.sleep(timeout) => {
                    let host = host.map(|host| host.to_string()).unwrap_or_default();
                    Err(TransportError::TimedOut { host, seconds: timeout.as_secs_f64() })
                }
            };
            self.is_flying.store(false, Ordering::Relaxed);
            lock(&self.permit).take();
            answer
        }
    }

    fn retrying(&self, error: &CallError, attempt: u32, delay: Duration, maybe_sent: bool) {
        self.gate.ledger.between_attempts(self.id, maybe_sent);
        self.landed.notify_waiters();
        let message = format!(
            "{}: attempt {attempt} failed ({error}); the next one follows in {:.1} s",
            self.action.full_name,
            delay.as_secs_f64()
        );
        // What is wrong with the clock has been said.
        let is_said = error.refusal().is_some_and(|refusal| refusal.clock_skew.is_some());
        self.gate.log(if is_said { Level::Debug } else { Level::Warn }, &message);
    }

    fn clock_is_off(&self, server_now: Timestamp, seconds: i64) {
        // Calls that were on their way together learn it together.
        if server_now.duration_since(self.gate.now()).abs() < CLOCK_IS_RIGHT {
            return;
        }
        self.gate.world.clock.set(server_now);
        let direction = if seconds > 0 { "behind" } else { "ahead of" };
        let message =
            format!("this machine's clock is {} s {direction} the service's; signing with the service's time", seconds.abs());
        self.gate.log(Level::Warn, &message);
    }
}
