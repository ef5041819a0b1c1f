//! A call: its whole path, from its parameters to its answer.

use super::audit::{self, AuditEntry, End, RedactedParams, SENDING};
use super::base::Gate;
use super::cancel::StopReason;
use super::confirm::Question;
use super::download::{Receiving, Target};
use super::effect::{Effect, Open};
use super::events::{Event, Level};
use super::transfer::Transfer;
use crate::client::attempt::sign_attempt;
use crate::client::attempts::Reason;
use crate::client::error::{CallError, Failure, IdempotencyToken, Sent};
use crate::client::outcome_probe::OutcomeProbe;
use crate::client::transport::{AnswerTo, Request, Response, TransportError};
use crate::client::value::Value;
use crate::client::{
    Again, Answer, Attempts, Authority, Call, Content, FileOption, Next, Prepared, Route, prepare,
    resource_ids, waiter,
};
use crate::effect_id::EffectId;
use crate::policy::{CallSubject, Subject};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::sync::Arc;
use std::time::Duration;
use url::{Position, Url};

/// A call under way.
struct CallEffect {
    call: Call,
    /// Its number in the run.
    number: u64,
    started: Duration,
    /// How to find out whether it was carried out, if its answer is lost.
    lookup: Option<Arc<OutcomeProbe>>,
    prepared: OnceCell<Prepared>,
    authority: OnceCell<Arc<Authority>>,
    /// Whether the observer knows of it.
    is_announced: Cell<bool>,
}

impl Gate {
    /// Makes a call.
    pub fn call<'a>(
        &'a self,
        call: Call,
        id: &'a EffectId,
    ) -> impl Future<Output = Result<Answer, Failure>> + use<'a> {
        self.through(CallEffect::new(self, call, id), id)
    }

    /// Makes a call that is part of another effect.
    pub(super) fn call_within<'a>(
        &'a self,
        call: Call,
        id: &'a EffectId,
    ) -> impl Future<Output = Result<Answer, Failure>> + use<'a> {
        self.within(CallEffect::new(self, call, id), id)
    }
}

impl Effect for CallEffect {
    type Outcome = Result<Answer, Failure>;

    fn changes(&self) -> bool {
        !self.call.action.read_only
    }

    async fn perform(&self, open: &Open<'_>) -> Result<Answer, Failure> {
        self.answer(open)
            .await
            .map_err(|error| self.failure(open.gate, error))
    }

    fn stopped(&self, open: &Open<'_>, stop: StopReason) -> Result<Answer, Failure> {
        let (_, sent) = open.gate.in_flight.progress(self.number);
        Err(self.failure(
            open.gate,
            CallError::Cancelled {
                reason: stop.describe(),
                sent,
            },
        ))
    }

    fn ended(&self, open: &Open<'_>, outcome: Option<&Result<Answer, Failure>>) {
        if let Some(outcome) = outcome {
            return self.end(open, outcome);
        }
        let stop = open.gate.cancel_at(&open.id.path).reason();
        let reason = stop.map_or_else(|| "no longer waited for".to_owned(), |stop| stop.describe());
        let (_, sent) = open.gate.in_flight.progress(self.number);
        self.end(
            open,
            &Err(self.failure(open.gate, CallError::Cancelled { reason, sent })),
        );
    }
}

impl CallEffect {
    fn new(gate: &Gate, call: Call, id: &EffectId) -> Self {
        // Before any text is made of them.
        let too_short = audit::learn(&gate.parts.redactor, &call.action, &call.params);
        for name in too_short {
            gate.warn_of_short_secret(&format!("{}: {name}", call.action.full_name));
        }
        let account = || call.options.account_ref().or(&gate.account_ref());
        let lookup = if call.action.read_only {
            None
        } else {
            OutcomeProbe::of(&gate.parts.catalog, &call.action, &call.params, account())
                .map(Arc::new)
        };
        Self {
            number: gate.in_flight.begin(
                Arc::clone(&call.action.full_name),
                call.action.read_only,
                &id.path,
                lookup.clone(),
            ),
            started: gate.elapsed(),
            lookup,
            prepared: OnceCell::new(),
            authority: OnceCell::new(),
            is_announced: Cell::new(false),
            call,
        }
    }

    /// Whatever `?` returns here is recorded, because the effect ends with it.
    async fn answer(&self, open: &Open<'_>) -> Result<Answer, CallError> {
        let (gate, action) = (open.gate, &self.call.action);
        // Before any text of them is made.
        let too_much = audit::too_much(&gate.parts.redactor, action, &self.call.params);
        if !too_much.is_empty() {
            return Err(CallError::Invalid(too_much));
        }
        let moving = match &self.call.options.file {
            Some(file) => Some(self.moving(gate, file)?),
            None => None,
        };
        let (content, target, transfer) = moving.map_or((None, None, None), |moving| {
            (moving.content, moving.target, Some(moving.transfer))
        });
        let prepared = prepare(&self.call, content, || gate.parts.random.uuid())?;
        let prepared = self.prepared.get_or_init(|| prepared);
        audit::learn(&gate.parts.redactor, action, &prepared.params);
        let authority = gate.routes.of(
            &gate.parts.profiles,
            action,
            &self.call.options.account_ref(),
        )?;
        let authority = self.authority.get_or_init(|| authority);
        let subject = self.subject(gate, authority);
        gate.admit(&Subject::Call(subject), || {
            self.question(gate, &subject, prepared)
        })
        .await?;
        self.announce(gate);
        let route = authority.route(&gate.parts.profiles, &gate.parts.redactor, action)?;
        let mut attempts = Attempts::new(action, &self.call.options, gate.elapsed());
        loop {
            let slot = gate
                .clock()
                .within(
                    attempts.left(gate.elapsed()),
                    gate.limiter.acquire(&route.rate_key),
                )
                .await;
            let slot = slot.ok_or_else(|| attempts.out_of_time(Sent::No))?;
            if self.changes() {
                open.commit_intent(|| self.record(open, SENDING, End::of_intent()))
                    .await;
            }
            let (signed_at, timeout) = (gate.now(), attempts.timeout(gate.elapsed()));
            let mut request =
                sign_attempt(action, &prepared.message, route, signed_at, timeout, || {
                    gate.parts.random.uuid()
                });
            request.answer = AnswerTo::Memory(gate.parts.grants.largest_answer());
            gate.in_flight
                .attempt(self.number, attempts.begin(), gate.elapsed());
            let response = match &transfer {
                None => open.in_flight(gate.send(request)).await,
                Some(transfer) => {
                    let left = attempts.left(gate.elapsed());
                    let sending = Box::pin(gate.send_moving(request, transfer));
                    let sent = open.in_flight(gate.clock().within(left, sending)).await;
                    sent.unwrap_or_else(|| Err(out_of_time(&route.url, left)))
                }
            };
            drop(slot);
            let length = response.as_ref().map_or(0, |response| response.body.len());
            let next = attempts.judge(
                action,
                response,
                signed_at,
                || gate.parts.random.fraction(),
                gate.elapsed(),
            );
            gate.in_flight.landed(self.number, attempts.maybe_sent());
            if let Some((server_now, ahead)) = attempts.take_server_clock() {
                gate.correct_clock(server_now, ahead);
            }
            match next {
                Next::Answer(decoded) => {
                    if let Some(transfer) = &transfer {
                        self.receive(gate, target, &decoded.json, route, &attempts, transfer)
                            .await?;
                    }
                    return Ok(Answer {
                        action: action.clone(),
                        json: decoded.json,
                        length,
                        http_status: decoded.http_status,
                        request_id: decoded.request_id.map(|id| gate.present_line(&id)),
                        profile: Arc::clone(&authority.profile),
                        region: route.region.clone(),
                        asked: self.call.options.account_ref(),
                        endpoint: Arc::clone(&route.endpoint),
                        attempts: attempts.made(),
                        duration: gate.elapsed().saturating_sub(self.started),
                    });
                }
                Next::Failed(error) => return Err(error),
                Next::Again(again) => self.before_next(open, route, &attempts, again).await?,
            }
        }
    }

    /// The file of the call, found and judged before anything is sent.
    fn moving(&self, gate: &Gate, file: &FileOption) -> Result<Moving, CallError> {
        let action = &self.call.action;
        let transfer = Arc::new(Transfer::new(self.number, Arc::clone(&gate.parts.observer)));
        let (content, target) = if action.file_param().is_some() {
            if file.overwrite {
                return Err(CallError::BadOption(
                    "the option overwrite is for a file that is received".to_owned(),
                ));
            }
            let content = gate.open_upload(&file.path, Arc::clone(&transfer))?;
            (Some(content), None)
        } else if action.download.is_some() {
            (None, Some(gate.target(file)?))
        } else {
            return Err(CallError::BadOption(format!(
                "the option file is for Actions that send or receive a file, and {} does neither",
                action.full_name
            )));
        };
        Ok(Moving {
            content,
            target,
            transfer,
        })
    }

    /// What follows the answer of a call with a file: the file that it leads to is received, and
    /// the end of its way reported.
    async fn receive(
        &self,
        gate: &Gate,
        target: Option<Target>,
        answer: &Json,
        route: &Route,
        attempts: &Attempts,
        transfer: &Arc<Transfer>,
    ) -> Result<(), CallError> {
        if let Some(target) = target {
            let receiving = Receiving {
                action: &self.call.action,
                options: &self.call.options,
                route,
                attempts,
                transfer: Arc::clone(transfer),
            };
            Box::pin(gate.receive(target, answer, receiving)).await?;
        }
        gate.event(Event::Transferred {
            action: Arc::clone(&self.call.action.full_name),
            bytes: transfer.bytes(),
            elapsed: gate.elapsed().saturating_sub(self.started),
        });
        Ok(())
    }

    /// What comes before the next attempt: a service that is busy or down must not be asked ever
    /// more often.
    async fn before_next(
        &self,
        open: &Open<'_>,
        route: &Route,
        attempts: &Attempts,
        again: Again,
    ) -> Result<(), CallError> {
        let (gate, name) = (open.gate, &self.call.action.full_name);
        let Again {
            error,
            pause,
            reason,
        } = again;
        match reason {
            Reason::Throttled => gate.limiter.close(&route.rate_key, pause),
            Reason::ClockSkew => {}
            Reason::Passing if gate.budget.take() => {}
            Reason::Passing => {
                gate.log(
                    Level::Warn,
                    &format!("{name}: not tried again, because the run has used up its retries"),
                );
                return Err(error);
            }
        }
        open.land();
        let (made, pause_s) = (attempts.made(), pause.as_secs_f64());
        // What is wrong with the clock has been logged.
        let level = if reason == Reason::ClockSkew {
            Level::Debug
        } else {
            Level::Warn
        };
        gate.log(
            level,
            &format!(
                "{name}: attempt {made} failed ({error}); the next one follows in {pause_s:.1} s"
            ),
        );
        gate.clock().sleep(pause).await;
        Ok(())
    }

    fn subject<'a>(&'a self, gate: &Gate, authority: &'a Authority) -> CallSubject<'a> {
        CallSubject {
            action: &self.call.action,
            account: &authority.account,
            is_read_only_run: gate.parts.grants.read_only,
            has_person: gate.parts.confirm.is_some(),
        }
    }

    fn question(&self, gate: &Gate, subject: &CallSubject<'_>, prepared: &Prepared) -> Question {
        let action = &self.call.action;
        let params = RedactedParams::new(action, &prepared.params, &gate.parts.redactor);
        Question {
            profile: subject.account.profile.clone(),
            action: action.full_name.to_string(),
            effects: subject.effects(),
            params: serde_json::to_value(params).expect("the keys of parameters are texts"),
        }
    }

    fn announce(&self, gate: &Gate) {
        self.is_announced.set(true);
        gate.event(Event::CallStarted {
            id: self.number,
            action: Arc::clone(&self.call.action.full_name),
        });
    }

    /// The failed call: what it may have done is what any of its attempts may have.
    fn failure(&self, gate: &Gate, mut error: CallError) -> Failure {
        // A service may echo what it was sent, wherever it likes.
        error.present(|text| gate.present(text));
        let (attempts, earlier) = gate.in_flight.progress(self.number);
        let sent = match earlier {
            Sent::Maybe => Sent::Maybe,
            _ => error.sent(),
        };
        let is_undone = sent != Sent::Maybe && error.certainly_not_carried_out();
        let retryable = error.retryable() && (self.call.action.is_repeatable() || is_undone);
        Failure {
            // A script names what the catalogue lacks as it likes.
            action: gate.present_line(&self.call.action.full_name),
            attempts,
            sent,
            retryable,
            lookup: self.lookup.clone().filter(|_| sent == Sent::Maybe),
            token: self.token().filter(|_| sent == Sent::Maybe || retryable),
            number: Some(self.number).filter(|_| self.changes() && sent == Sent::Maybe),
            error,
        }
    }

    fn token(&self) -> Option<IdempotencyToken> {
        let param = self.call.action.idempotency_token.as_ref()?;
        match self.prepared.get()?.params.get(param)? {
            Value::String(value) => Some(IdempotencyToken {
                param: param.clone(),
                value: value.clone(),
            }),
            _ => None,
        }
    }

    fn end(&self, open: &Open<'_>, outcome: &Result<Answer, Failure>) {
        let gate = open.gate;
        if self.is_announced.get() {
            gate.event(Event::CallEnded { id: self.number });
        }
        gate.in_flight.end(
            self.number,
            outcome
                .as_ref()
                .map_or_else(|failure| failure.sent, |_| Sent::Yes),
            outcome.is_ok(),
        );
        gate.record(&self.record(open, "ended", self.describe_end(gate, outcome)));
        self.warn(gate, outcome);
        let Ok(answer) = outcome else { return };
        gate.budget.refund();
        for task in waiter::tasks(answer) {
            gate.in_flight.task_started(task, &answer.action.full_name);
        }
    }

    /// Logs that the Action is no more to be used, and what the catalogue does not know of the
    /// parameters, once the service has answered: where that is a refusal, it may be why.
    fn warn(&self, gate: &Gate, outcome: &Result<Answer, Failure>) {
        let may_be_sent = match outcome {
            Ok(_) => true,
            Err(failure) => failure.sent != Sent::No,
        };
        if may_be_sent {
            gate.warn_of_deprecated(&self.call.action);
        }
        let is_answered = match outcome {
            Ok(_) => true,
            Err(failure) => failure.error.refusal().is_some(),
        };
        let warnings = self.prepared.get().filter(|_| is_answered);
        for warning in warnings.iter().flat_map(|prepared| &prepared.warnings) {
            gate.log(
                Level::Warn,
                &format!("{}: {warning}", self.call.action.full_name),
            );
        }
    }

    fn describe_end<'a>(&self, gate: &'a Gate, outcome: &'a Result<Answer, Failure>) -> End<'a> {
        let clean = |text| gate.clean(text);
        let duration_ms = audit::millis(gate.elapsed().saturating_sub(self.started));
        match outcome {
            Ok(answer) => End {
                profile: Some(clean(&answer.profile)),
                region: answer.region.as_deref().map(clean),
                endpoint: Some(clean(&answer.endpoint)),
                http_status: Some(answer.http_status),
                // It has been cleaned for the script.
                request_id: answer.request_id.as_deref().map(Cow::Borrowed),
                ids: self.made(gate, answer),
                attempts: answer.attempts,
                duration_ms,
                sent: Sent::Yes.as_str(),
                ..End::default()
            },
            Err(failure) => {
                let refusal = failure.error.refusal();
                End {
                    http_status: failure.error.http_status(),
                    code: refusal
                        .and_then(|refusal| refusal.code.as_deref())
                        .map(clean),
                    request_id: refusal
                        .and_then(|refusal| refusal.request_id.as_deref())
                        .map(clean),
                    attempts: failure.attempts,
                    duration_ms,
                    sent: failure.sent.as_str(),
                    error: Some(failure.error.kind().as_str()),
                    message: Some(gate.redact(&failure.message()).into()),
                    ..End::default()
                }
            }
        }
    }

    /// The ids that the answer to a change names.
    fn made<'a>(&self, gate: &Gate, answer: &Answer) -> Vec<Cow<'a, str>> {
        if self.call.action.read_only {
            return Vec::new();
        }
        let ids = resource_ids(&answer.json).into_iter();
        ids.map(|id| gate.redact(&id).into()).collect()
    }

    /// What is recorded holds what is sent, ids that the runtime made included; before there is
    /// that, what the script gave.
    fn record<'a>(
        &'a self,
        open: &'a Open<'_>,
        phase: &'static str,
        end: End<'a>,
    ) -> AuditEntry<'a, RedactedParams<'a>> {
        let (gate, action) = (open.gate, &self.call.action);
        let params = self
            .prepared
            .get()
            .map_or(&self.call.params, |prepared| &prepared.params);
        AuditEntry {
            number: self.number,
            phase,
            place: open.id,
            // A script names what the catalogue lacks as it likes.
            action: gate.clean(&action.full_name),
            read_only: action.read_only,
            params: RedactedParams::new(action, params, &gate.parts.redactor),
            end,
        }
    }
}

/// The file that a call sends or receives.
struct Moving {
    content: Option<Content>,
    target: Option<Target>,
    transfer: Arc<Transfer>,
}

fn out_of_time(url: &Url, left: Duration) -> TransportError {
    TransportError::TimedOut {
        host: url[Position::BeforeHost..Position::AfterPort].to_owned(),
        seconds: left.as_secs_f64(),
    }
}

impl Gate {
    /// Sends one attempt that moves a file: its time counts from when something moved last.
    pub(super) async fn send_moving(
        &self,
        request: Request,
        transfer: &Transfer,
    ) -> Result<Response, TransportError> {
        let (host, silence) = (request.host().to_owned(), request.timeout);
        let mut sending = self.parts.transport.send(request);
        loop {
            let moves = transfer.moves();
            tokio::select! {
                biased;
                answer = &mut sending => return answer,
                () = self.clock().sleep(silence) => {}
            }
            if transfer.moves() == moves {
                let seconds = silence.as_secs_f64();
                return Err(TransportError::TimedOut { host, seconds });
            }
        }
    }

    /// Sends one attempt. No `async fn`, which would keep the memory that the request takes.
    pub(super) fn send(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, TransportError>> {
        let (host, timeout) = (request.host().to_owned(), request.timeout);
        let sending = self.parts.transport.send(request);
        async move {
            tokio::select! {
                biased;
                answer = sending => answer,
                () = self.clock().sleep(timeout) => {
                    Err(TransportError::TimedOut { host, seconds: timeout.as_secs_f64() })
                }
            }
        }
    }

    /// Takes the service's time, which is so many seconds ahead of this machine's.
    fn correct_clock(&self, server_now: Timestamp, ahead: i64) {
        /// A clock that differs by less has been corrected already: calls that were on their way
        /// together learn it together.
        const IS_RIGHT: SignedDuration = SignedDuration::from_mins(1);
        if server_now.duration_since(self.now()).abs() < IS_RIGHT {
            return;
        }
        self.clock().set(server_now);
        let direction = if ahead > 0 { "behind" } else { "ahead of" };
        let message = format!(
            "this machine's clock is {} s {direction} the service's; signing with the service's time",
            ahead.abs()
        );
        self.log(Level::Warn, &message);
    }
}
