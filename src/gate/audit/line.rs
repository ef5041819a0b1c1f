//! What is recorded of a call, by the audit and by the history: one line of JSON.

use crate::client::error::Sent;
use crate::effect_id::EffectId;
use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

/// The phase of a change that is about to leave.
pub(in crate::gate) const SENDING: &str = "sending";

/// What is recorded of a call, without any secret known to the run: its texts are
/// [clean](cumulua_core::secret::Redactor::clean).
#[derive(Serialize)]
pub(in crate::gate) struct AuditEntry<'a, P> {
    /// The call's number in its run, from 1; it stands first in a line.
    #[serde(skip)]
    pub number: u64,
    /// `sending` before a mutating call leaves, `ended` after any call.
    pub phase: &'static str,
    /// The call's place in its run.
    pub place: &'a EffectId,
    /// The Action.
    pub action: Cow<'a, str>,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// The parameters.
    pub params: P,
    /// Its outcome.
    #[serde(flatten)]
    pub end: End<'a>,
}

/// The outcome of a call, as far as it is known.
#[derive(Default, Serialize)]
pub(in crate::gate) struct End<'a> {
    /// The profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Cow<'a, str>>,
    /// The region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Cow<'a, str>>,
    /// Where it was sent, without the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Cow<'a, str>>,
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The service's code, of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'a, str>>,
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Cow<'a, str>>,
    /// The ids that the answer to a change names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<Cow<'a, str>>,
    /// How often it was sent.
    pub attempts: u32,
    /// How long it took.
    pub duration_ms: u64,
    /// May it have been carried out?
    pub sent: &'static str,
    /// The kind of error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
}

impl End<'_> {
    /// The outcome of a change that is about to leave: still open.
    pub(in crate::gate) fn of_intent() -> Self {
        Self {
            sent: Sent::Maybe.as_str(),
            ..Self::default()
        }
    }
}

/// A duration as records have it, in milliseconds.
pub(in crate::gate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A record as it is written.
#[derive(Debug)]
pub struct AuditLine {
    /// The call's number in its run.
    pub number: u64,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// The JSON, without a line break.
    pub line: String,
}

/// How long a line is as a rule, in bytes: so much is allocated at once.
const USUAL: usize = 512;

/// A line: a record with the run that makes it, and when.
#[derive(Serialize)]
struct Line<'a, P> {
    number: u64,
    time: Timestamp,
    run: &'a str,
    #[serde(flatten)]
    entry: &'a AuditEntry<'a, P>,
}

impl AuditLine {
    /// A record that a run makes at this time.
    pub(in crate::gate) fn new<P: Serialize>(
        entry: &AuditEntry<'_, P>,
        run: &str,
        time: Timestamp,
    ) -> Self {
        let mut line = Vec::with_capacity(USUAL);
        let record = Line {
            number: entry.number,
            time,
            run,
            entry,
        };
        serde_json::to_writer(&mut line, &record).expect("the keys of all maps are texts");
        Self {
            number: entry.number,
            read_only: entry.read_only,
            line: String::from_utf8(line).expect("JSON is UTF-8"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AuditEntry, AuditLine, End};
    use crate::effect_id::EffectId;
    use cumulua_core::secret::Redactor;
    use jiff::Timestamp;

    #[test]
    fn a_line_is_json_whatever_is_a_secret() {
        let redactor = Redactor::default();
        for secret in ["1234", "say \"please\"", "true"] {
            redactor.learn(secret);
        }
        let end = End {
            duration_ms: 1234,
            message: Some(redactor.clean("1234 is no token; say \"please\"\n")),
            sent: "maybe",
            ..End::default()
        };
        let entry = AuditEntry {
            number: 1234,
            phase: "ended",
            place: &EffectId {
                path: "0.2".to_owned(),
                number: 3,
            },
            action: "cds.ccs.DescribeTags".into(),
            read_only: true,
            params: serde_json::json!({}),
            end,
        };
        let line = AuditLine::new(&entry, "r", Timestamp::UNIX_EPOCH);
        let read: serde_json::Value = serde_json::from_str(&line.line).unwrap();
        let expected = serde_json::json!({
            "number": 1234, "time": "1970-01-01T00:00:00Z", "run": "r", "phase": "ended", "place": "0.2#3", "action": "cds.ccs.DescribeTags",
            "read_only": true, "params": {}, "attempts": 0, "duration_ms": 1234, "sent": "maybe", "message": "[secret] is no token; [secret]\n",
        });
        assert_eq!(read, expected);
        assert!(
            line.line.starts_with(
                r#"{"number":1234,"time":"1970-01-01T00:00:00Z","run":"r","phase":"ended","#
            ),
            "{}",
            line.line
        );
        assert_eq!((line.number, line.read_only), (1234, true));
    }
}
