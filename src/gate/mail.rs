//! Mail of a server's notifications: admitted like a request, recorded like one, and sent by what its
//! caller gives.

use super::audit::{AuditEntry, End, SENDING, millis};
use super::base::Gate;
use super::cancel::StopReason;
use super::effect::{Effect, Open};
use crate::client::error::{Kind, Sent};
use crate::effect_id::EffectId;
use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;
use url::Url;

/// What the audit calls it, as it does the requests of other notifications.
pub const NOTIFICATION: &str = "schedule.notify";

/// A mail to be sent.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The server, as `smtps://HOST:PORT`.
    pub server: Url,
    /// How many it goes to.
    pub recipients: usize,
    /// How long it is.
    pub bytes: usize,
}

/// Why a mail did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFailure {
    /// For a person.
    pub reason: String,
    /// Whether the server may have taken it all the same.
    pub sent: Sent,
    /// What went wrong.
    pub kind: Kind,
}

/// A mail under way.
struct MailEffect<F> {
    mail: Mail,
    /// Its number in the run.
    number: u64,
    started: Duration,
    sending: RefCell<Option<F>>,
}

impl Gate {
    /// Sends a mail, by `sending`, which is polled only where the configuration lets mail go to its
    /// server.
    pub async fn mail<F>(&self, mail: Mail, sending: F) -> Result<(), MailFailure>
    where
        F: Future<Output = Result<(), MailFailure>>,
    {
        let id = EffectId::default();
        let number = self
            .in_flight
            .begin(NOTIFICATION.into(), false, &id.path, None);
        let effect = MailEffect {
            mail,
            number,
            started: self.elapsed(),
            sending: RefCell::new(Some(sending)),
        };
        self.through(effect, &id).await
    }
}

impl<F: Future<Output = Result<(), MailFailure>>> Effect for MailEffect<F> {
    type Outcome = Result<(), MailFailure>;

    fn changes(&self) -> bool {
        true
    }

    async fn perform(&self, open: &Open<'_>) -> Result<(), MailFailure> {
        let gate = open.gate;
        let admitted = gate.admit_change_to("mail", &self.mail.server);
        admitted.map_err(|reason| MailFailure {
            reason,
            sent: Sent::No,
            kind: Kind::Policy,
        })?;
        let sending = self.sending.borrow_mut().take();
        let Some(sending) = sending else {
            return Ok(());
        };
        open.commit_intent(|| self.record(open, SENDING, End::of_intent()))
            .await;
        gate.in_flight.attempt(self.number, 1, gate.elapsed());
        open.in_flight(sending).await
    }

    fn stopped(&self, open: &Open<'_>, stop: StopReason) -> Result<(), MailFailure> {
        let (_, sent) = open.gate.in_flight.progress(self.number);
        Err(MailFailure {
            reason: stop.describe(),
            sent,
            kind: Kind::Cancelled,
        })
    }

    fn ended(&self, open: &Open<'_>, outcome: Option<&Result<(), MailFailure>>) {
        let gate = open.gate;
        let (attempts, progress) = gate.in_flight.progress(self.number);
        let sent = match outcome {
            Some(Ok(())) => Sent::Yes,
            Some(Err(failure)) => failure.sent,
            None => progress,
        };
        let failure = outcome.and_then(|outcome| outcome.as_ref().err());
        let kind = failure.map(|failure| failure.kind.as_str());
        gate.in_flight
            .end(self.number, sent, matches!(outcome, Some(Ok(()))));
        gate.record(&self.record(
            open,
            "ended",
            End {
                attempts,
                duration_ms: millis(gate.elapsed().saturating_sub(self.started)),
                sent: sent.as_str(),
                error: kind.or_else(|| outcome.is_none().then_some(Kind::Cancelled.as_str())),
                message: failure.map(|failure| gate.redact(&failure.reason).into()),
                ..End::default()
            },
        ));
    }
}

impl<F> MailEffect<F> {
    fn record<'a>(
        &'a self,
        open: &'a Open<'_>,
        phase: &'static str,
        end: End<'a>,
    ) -> AuditEntry<'a, serde_json::Value> {
        let Mail {
            server,
            recipients,
            bytes,
        } = &self.mail;
        AuditEntry {
            number: self.number,
            phase,
            place: open.id,
            action: NOTIFICATION.into(),
            read_only: false,
            params: serde_json::json!({ "method": "mail", "recipients": recipients, "bytes": bytes }),
            end: End {
                endpoint: Some(open.gate.clean(server.as_str())),
                ..end
            },
        }
    }
}
