//! How a call can fail; each variant shows how far the request got.

use super::endpoint::EndpointError;
use super::outcome_probe::OutcomeProbe;
use super::transport::TransportError;
use super::validate::Fault;
use crate::config::ConfigError;
use cumulua_core::catalog::suggest;
use std::sync::Arc;

/// The kind of an error, as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bad input: names, parameters, options, endpoints.
    Validation,
    /// No usable credentials.
    Credentials,
    /// There was no connection, or it broke.
    Dispatch,
    /// Out of time.
    Timeout,
    /// An answer that cannot be understood.
    Response,
    /// The service refused.
    Service,
    /// A task failed.
    Task,
    /// Forbidden by a policy.
    Policy,
    /// Ended from outside.
    Cancelled,
}

impl Kind {
    /// The field `kind` of an error value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Credentials => "credentials",
            Self::Dispatch => "dispatch",
            Self::Timeout => "timeout",
            Self::Response => "response",
            Self::Service => "service",
            Self::Task => "task",
            Self::Policy => "policy",
            Self::Cancelled => "cancelled",
        }
    }
}

/// May the call have been carried out?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sent {
    /// Nothing reached the service.
    No,
    /// It may have; there is no answer to show it.
    Maybe,
    /// The service answered.
    Yes,
}

impl Sent {
    /// The field `sent` of an error value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Maybe => "maybe",
            Self::Yes => "yes",
        }
    }
}

/// A refusal by the service.
#[derive(Debug, Clone, Default)]
pub struct Refusal {
    /// Its code, where it gave one.
    pub code: Option<String>,
    /// Its text.
    pub message: String,
    /// What the code means, from the document.
    pub meaning: Option<String>,
    /// The HTTP status.
    pub http_status: u16,
    /// The request's id.
    pub request_id: Option<String>,
    /// Whether it refused the rate of requests, and so carried nothing out.
    pub throttled: bool,
    /// How long it asks to wait.
    pub retry_after: Option<std::time::Duration>,
    /// Whether its code is for the request's time, so that nothing was carried out.
    pub time_refused: bool,
    /// How many seconds its clock is ahead of ours, where the refusal may be about the time.
    pub clock_skew: Option<i64>,
    /// Whether its status refuses and its body does not, or is only the beginning of one: then it is
    /// no proof of anything.
    pub is_contradicted: bool,
}

/// Why a call failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// Not sent: the parameters do not fit.
    #[error("{}", faults(.0))]
    Invalid(Vec<Fault>),
    /// Not sent: an option of the call does not fit.
    #[error("{0}; nothing was sent")]
    BadOption(String),
    /// Not sent: no such Action.
    #[error("{what} {name:?} is not in the catalogue{}", suggest::did_you_mean(.near))]
    Unknown {
        /// `service` or `Action`.
        what: &'static str,
        /// The name.
        name: String,
        /// Names that may have been meant.
        near: Vec<String>,
    },
    /// Not sent: the configuration gives no usable account.
    #[error("{0}; nothing was sent")]
    Config(#[from] ConfigError),
    /// Not sent: there is nowhere to send it.
    #[error("{0}; nothing was sent")]
    Endpoint(#[from] EndpointError),
    /// Not sent: a policy forbids it.
    #[error("{0}; nothing was sent")]
    Forbidden(String),
    /// The attempt failed on the way.
    #[error("{0}")]
    Transport(#[from] TransportError),
    /// Answered, and the answer cannot be understood.
    #[error("the answer cannot be understood: {reason} (HTTP status {http_status}, {bytes} bytes)")]
    Unintelligible {
        /// What is wrong with it.
        reason: String,
        /// The HTTP status.
        http_status: u16,
        /// Its size.
        bytes: usize,
        /// Whether it is the beginning of an answer: where its length is not given, a broken
        /// connection looks like its end.
        is_cut_short: bool,
    },
    /// Answered: the service refused.
    #[error("{}", refusal(.0))]
    Refused(Box<Refusal>),
    /// Answered, and the file that the answer leads to was not received.
    #[error("the file was not received: {reason}")]
    NotReceived {
        /// Why.
        reason: String,
        /// The HTTP status, where there was one.
        http_status: Option<u16>,
        /// Whether another attempt can help.
        can_pass: bool,
    },
    /// Out of the call's own time.
    #[error("the call did not end within {seconds:.3} s")]
    TimedOut {
        /// The call's time.
        seconds: f64,
        /// How far it got.
        sent: Sent,
    },
    /// Ended from outside.
    #[error("cancelled: {reason}")]
    Cancelled {
        /// What ended it.
        reason: String,
        /// How far it got.
        sent: Sent,
    },
}

impl CallError {
    /// The kind that scripts see.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Config(error) if error.is_about_credentials() => Kind::Credentials,
            Self::Invalid(_)
            | Self::BadOption(_)
            | Self::Unknown { .. }
            | Self::Config(_)
            | Self::Endpoint(_) => Kind::Validation,
            Self::Forbidden(_) => Kind::Policy,
            Self::Transport(TransportError::TimedOut { .. }) | Self::TimedOut { .. } => {
                Kind::Timeout
            }
            Self::Transport(
                TransportError::CutShort { .. }
                | TransportError::TooLarge { .. }
                | TransportError::NotWritten { .. },
            )
            | Self::Unintelligible { .. }
            | Self::NotReceived { .. } => Kind::Response,
            Self::Transport(_) => Kind::Dispatch,
            Self::Refused(_) => Kind::Service,
            Self::Cancelled { .. } => Kind::Cancelled,
        }
    }

    /// May the call have been carried out?
    pub fn sent(&self) -> Sent {
        match self {
            Self::Invalid(_)
            | Self::BadOption(_)
            | Self::Unknown { .. }
            | Self::Config(_)
            | Self::Endpoint(_)
            | Self::Forbidden(_)
            | Self::Transport(
                TransportError::NotConnected { .. }
                | TransportError::Unusable(_)
                | TransportError::NoBody(_),
            ) => Sent::No,
            // The service took the request; whether it carried it out stood in the answer that is
            // lost.
            Self::Transport(_) | Self::Unintelligible { .. } => Sent::Maybe,
            Self::Refused(refusal)
                if refusal.is_contradicted || refusal.http_status >= 500 && !refusal.throttled =>
            {
                Sent::Maybe
            }
            Self::Refused(_) | Self::NotReceived { .. } => Sent::Yes,
            Self::TimedOut { sent, .. } | Self::Cancelled { sent, .. } => *sent,
        }
    }

    /// Whether trying again can help, be it by the runtime or by a person.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Transport(
                TransportError::Unusable(_)
                | TransportError::NoBody(_)
                | TransportError::TooLarge { .. }
                | TransportError::NotWritten { .. },
            ) => false,
            Self::Transport(_) | Self::TimedOut { .. } => true,
            Self::Unintelligible { is_cut_short, .. } => *is_cut_short,
            Self::NotReceived { can_pass, .. } => *can_pass,
            Self::Refused(refusal) => {
                refusal.throttled
                    || refusal.http_status == 429
                    || refusal.http_status >= 500
                    || refusal.clock_skew.is_some()
            }
            _ => false,
        }
    }

    /// Whether it is certain that nothing was carried out, though the service may have answered.
    pub fn certainly_not_carried_out(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.throttled || refusal.time_refused,
            other => other.sent() == Sent::No,
        }
    }

    /// Puts what people see in place of what the service said: nothing of it goes back on the
    /// wire.
    pub fn present(&mut self, present: impl Fn(&str) -> String) {
        match self {
            Self::Invalid(faults) => faults.iter_mut().for_each(|fault| {
                fault.path = present(&fault.path);
                fault.problem = present(&fault.problem);
            }),
            Self::BadOption(text)
            | Self::Forbidden(text)
            | Self::Unintelligible { reason: text, .. }
            | Self::NotReceived { reason: text, .. }
            // They can have the path of a file.
            | Self::Transport(
                TransportError::NoBody(text)
                | TransportError::Dropped { reason: text, .. }
                | TransportError::NotWritten { reason: text, .. },
            )
            | Self::Cancelled { reason: text, .. } => *text = present(text),
            Self::Refused(refusal) => {
                let Refusal {
                    code,
                    message,
                    request_id,
                    ..
                } = &mut **refusal;
                *message = present(message);
                for text in [code, request_id].into_iter().flatten() {
                    // They are names.
                    *text = present(text).replace('\n', "\\n");
                }
            }
            // Names of the catalogue, the configuration's words and the system's.
            Self::Unknown { .. }
            | Self::Config(_)
            | Self::Endpoint(_)
            | Self::Transport(_)
            | Self::TimedOut { .. } => {}
        }
    }

    /// The service's refusal, where there is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The HTTP status, where an answer began.
    pub fn http_status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.http_status),
            Self::Unintelligible { http_status, .. } => Some(*http_status),
            Self::NotReceived { http_status, .. } => *http_status,
            Self::Transport(
                TransportError::CutShort { status, .. }
                | TransportError::TooLarge { status, .. }
                | TransportError::NotWritten { status, .. },
            ) => Some(*status),
            _ => None,
        }
    }
}

/// The parameter that makes a repeated call the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyToken {
    /// Its name.
    pub param: String,
    /// Its value, as it was sent.
    pub value: String,
}

/// A failed call.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{action}: {}", self.message())]
pub struct Failure {
    /// The Action's whole name.
    pub action: String,
    /// How often it was sent.
    pub attempts: u32,
    /// May any of its attempts have been carried out?
    pub sent: Sent,
    /// Whether making it again is safe and can help.
    pub retryable: bool,
    /// How to find out whether it was carried out, where that is unknown; the gate adds it.
    pub lookup: Option<Arc<OutcomeProbe>>,
    /// The token with which it can be repeated, where it carried one; the gate adds it.
    pub token: Option<IdempotencyToken>,
    /// Its number in the run, where it changes something and its answer was lost; the gate adds it.
    pub number: Option<u64>,
    /// Why.
    pub error: CallError,
}

impl Failure {
    /// A call that failed before its first attempt.
    pub fn unsent(action: &str, error: CallError) -> Self {
        Self {
            action: action.to_owned(),
            attempts: 0,
            sent: Sent::No,
            retryable: false,
            lookup: None,
            token: None,
            number: None,
            error,
        }
    }

    /// What happened, and how to find out the rest.
    pub fn message(&self) -> String {
        if self.sent != Sent::Maybe {
            return self.error.to_string();
        }
        let lookup = self.lookup.as_ref().map(ToString::to_string);
        let token = self.token.as_ref().map(|IdempotencyToken { param, value }| {
            format!("repeat it with {param}={value}, because with another token it would be carried out again")
        });
        match (lookup, token) {
            (None, None) if self.number.is_some() => {
                format!("{}; it may have been carried out", self.error)
            }
            (None, None) => self.error.to_string(),
            (lookup, token) => {
                let advice: Vec<_> = lookup.into_iter().chain(token).collect();
                let advice = advice.join("; ");
                format!("{}; it may have been carried out: {advice}", self.error)
            }
        }
    }
}

fn faults(faults: &[Fault]) -> String {
    match faults {
        [one] => format!("{one}; nothing was sent"),
        several => {
            let lines: Vec<_> = several
                .iter()
                .map(|fault| format!("\n  - {fault}"))
                .collect();
            format!(
                "{} faults in the parameters, nothing was sent:{}",
                several.len(),
                lines.concat()
            )
        }
    }
}

fn refusal(refusal: &Refusal) -> String {
    let mut text = match &refusal.code {
        Some(code) => format!("refused with {code}"),
        None => format!("refused with HTTP status {}", refusal.http_status),
    };
    if !refusal.message.is_empty() {
        text = text + ": " + &refusal.message;
    }
    if let Some(meaning) = &refusal.meaning
        && !refusal.message.contains(meaning.as_str())
    {
        text = text + " (" + meaning.trim_end_matches('.') + ")";
    }
    match refusal.clock_skew {
        Some(ahead) if !refusal.time_refused => {
            let direction = if ahead > 0 { "ahead of" } else { "behind" };
            let off = ahead.unsigned_abs();
            text + &format!(
                "; its clock is {off} s {direction} this machine's, which may be the reason"
            )
        }
        _ => text,
    }
}
