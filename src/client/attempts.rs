//! The attempts of a call: how long they may take, how far they have got, and whether another one
//! follows.

use super::call::CallOptions;
use super::decode::{Decoded, decode};
use super::error::{CallError, Sent};
use super::retry::RetryPolicy;
use super::transport::{Response, TransportError};
use cumulua_core::catalog::Action;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The attempts of one call.
#[derive(Debug)]
pub struct Attempts {
    policy: RetryPolicy,
    allowed: Duration,
    deadline: Duration,
    made: u32,
    maybe_sent: bool,
    has_corrected_clock: bool,
    server_clock: Option<(Timestamp, i64)>,
}

/// What an attempt leads to.
#[derive(Debug)]
pub enum Next {
    /// The call is answered.
    Answer(Decoded),
    /// It has failed.
    Failed(CallError),
    /// It is made again.
    Again(Again),
}

/// Why and when a call is made again.
#[derive(Debug)]
pub struct Again {
    /// How the last attempt failed.
    pub error: CallError,
    /// The pause before the next one.
    pub pause: Duration,
    /// What the pause is for.
    pub reason: Reason,
}

/// What kind of failure is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The service wants fewer requests.
    Throttled,
    /// The service's clock shows another time than ours.
    ClockSkew,
    /// Anything else that can pass.
    Passing,
}

impl Attempts {
    /// One attempt's time, where the call's own is not shorter.
    const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(1);
    /// A call's time by default.
    const CALL_TIMEOUT: Duration = Duration::from_mins(5);
    /// The same of one with a file, which may go on as long as something moves.
    const TRANSFER_TIMEOUT: Duration = Duration::from_hours(24);

    /// Those of a call that begins now; `now` never goes back.
    pub fn new(action: &Action, options: &CallOptions, now: Duration) -> Self {
        let retries = options.retries.unwrap_or(RetryPolicy::DEFAULT_RETRIES);
        let usual = if options.file.is_some() {
            Self::TRANSFER_TIMEOUT
        } else {
            Self::CALL_TIMEOUT
        };
        let allowed = options.timeout.unwrap_or(usual);
        Self {
            policy: RetryPolicy {
                retries,
                repeatable: action.is_repeatable(),
            },
            allowed,
            deadline: now.saturating_add(allowed),
            made: 0,
            maybe_sent: false,
            has_corrected_clock: false,
            server_clock: None,
        }
    }

    /// What is left of the call's time.
    pub fn left(&self, now: Duration) -> Duration {
        self.deadline.saturating_sub(now)
    }

    /// How long the next attempt may take.
    pub fn timeout(&self, now: Duration) -> Duration {
        self.left(now).min(Self::ATTEMPT_TIMEOUT)
    }

    /// That the call's time is over.
    pub fn out_of_time(&self, sent: Sent) -> CallError {
        CallError::TimedOut {
            seconds: self.allowed.as_secs_f64(),
            sent,
        }
    }

    /// Counts an attempt that is about to leave; gives its number, from 1.
    pub fn begin(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    /// How many were made.
    pub fn made(&self) -> u32 {
        self.made
    }

    /// Whether any may have been carried out without an answer.
    pub fn maybe_sent(&self) -> bool {
        self.maybe_sent
    }

    /// The service's time, and how many seconds it is ahead of ours, where the last answer shows
    /// that ours is off.
    pub fn take_server_clock(&mut self) -> Option<(Timestamp, i64)> {
        self.server_clock.take()
    }

    /// What an attempt that was signed at `signed_at` leads to. what `fraction` gives is random,
    /// from 0 up to 1.
    pub fn judge(
        &mut self,
        action: &Action,
        outcome: Result<Response, TransportError>,
        signed_at: Timestamp,
        fraction: impl FnOnce() -> f64,
        now: Duration,
    ) -> Next {
        let decoded = match outcome {
            Ok(response) => decode(action, &response, signed_at),
            Err(error) => Err(CallError::Transport(error)),
        };
        let error = match decoded {
            Ok(decoded) => return Next::Answer(decoded),
            Err(error) => error,
        };
        // A later refusal does not undo what an earlier attempt may have done.
        self.maybe_sent |= error.sent() == Sent::Maybe;
        let reason = match error.refusal() {
            Some(refusal) if refusal.throttled => Reason::Throttled,
            // A clock that is off proves nothing: a proxy or any other reason can be behind it.
            Some(refusal) => match refusal
                .clock_skew
                .filter(|_| refusal.time_refused || self.policy.repeatable)
            {
                // A clock that was set by the service's and is refused again is not what is wrong.
                Some(_) if std::mem::replace(&mut self.has_corrected_clock, true) => {
                    return Next::Failed(error);
                }
                Some(skew) => {
                    let server_now = signed_at
                        .saturating_add(SignedDuration::from_secs(skew))
                        .unwrap_or(signed_at);
                    self.server_clock = Some((server_now, skew));
                    Reason::ClockSkew
                }
                None => Reason::Passing,
            },
            None => Reason::Passing,
        };
        let Some(pause) = self.policy.pause(&error, self.made, fraction()) else {
            return Next::Failed(error);
        };
        if now.saturating_add(pause) >= self.deadline {
            let sent = if error.certainly_not_carried_out() {
                Sent::No
            } else {
                error.sent()
            };
            return Next::Failed(if now >= self.deadline {
                self.out_of_time(sent)
            } else {
                error
            });
        }
        Next::Again(Again {
            error,
            pause,
            reason,
        })
    }
}
