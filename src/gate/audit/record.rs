//! What is recorded of a call, by the audit and by whoever else keeps it: one line of JSON.

use crate::gate::Place;
use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Cow;

/// What is recorded of a call, without any secret known to the run: its texts are [clean](cumulua_core::secret::Redactor::clean).
pub(in crate::gate) struct Record<'a, P> {
    /// The call's number in its run, from 1.
    pub number: u64,
    /// `sending` before a mutating call leaves, `ended` after any call.
    pub phase: &'static str,
    /// The call's place in its run.
    pub place: &'a Place,
    /// The Action.
    pub action: &'a str,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// The parameters.
    pub params: P,
    /// What came of it.
    pub end: End<'a>,
}

/// What came of a call, as far as it is known.
#[derive(Default)]
pub(in crate::gate) struct End<'a> {
    /// The profile.
    pub profile: Option<Cow<'a, str>>,
    /// The region.
    pub region: Option<Cow<'a, str>>,
    /// Where it was sent, without the query.
    pub endpoint: Option<Cow<'a, str>>,
    /// The HTTP status.
    pub http_status: Option<u16>,
    /// The service's code, of a refusal.
    pub code: Option<Cow<'a, str>>,
    /// The request's id.
    pub request_id: Option<Cow<'a, str>>,
    /// How often it was sent.
    pub attempts: u32,
    /// How long it took.
    pub duration_ms: u64,
    /// May it have been carried out?
    pub sent: &'static str,
    /// The kind of error.
    pub error: Option<&'static str>,
    /// What went wrong.
    pub message: Option<Cow<'a, str>>,
}

/// A record as it is written.
#[derive(Debug)]
pub struct Recorded {
    /// The call's number in its run.
    pub number: u64,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// The JSON, without a line break.
    pub line: String,
}

/// Few lines are longer.
const USUAL_LENGTH: usize = 512;

impl Recorded {
    /// A record that a run makes at this time.
    pub(in crate::gate) fn new<P: Serialize>(record: &Record<'_, P>, run: &str, time: Timestamp) -> Self {
        let mut line = Line(Vec::with_capacity(USUAL_LENGTH));
        line.put("number", &record.number);
        line.put("time", &time);
        line.put("run", run);
        line.put("phase", record.phase);
        line.put("place", record.place);
        line.put("action", record.action);
        line.put("read_only", &record.read_only);
        line.put("params", &record.params);
        let end = &record.end;
        line.put_known("profile", end.profile.as_deref());
        line.put_known("region", end.region.as_deref());
        line.put_known("endpoint", end.endpoint.as_deref());
        line.put_known("http_status", end.http_status.as_ref());
        line.put_known("code", end.code.as_deref());
        line.put_known("request_id", end.request_id.as_deref());
        line.put("attempts", &end.attempts);
        line.put("duration_ms", &end.duration_ms);
        line.put("sent", end.sent);
        line.put_known("error", end.error);
        line.put_known("message", end.message.as_deref());
        Self { number: record.number, read_only: record.read_only, line: line.finished() }
    }
}

/// A line of JSON, field by field: a derived `Serialize` would look for what must be escaped in each name too, which took as long as
/// all the rest.
struct Line(Vec<u8>);

impl Line {
    fn put<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) {
        self.0.extend_from_slice(if self.0.is_empty() { b"{\"" } else { b",\"" });
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        serde_json::to_writer(&mut self.0, value).expect("memory takes what is written, and the keys of all maps are texts");
    }

    fn put_known<T: Serialize + ?Sized>(&mut self, name: &'static str, value: Option<&T>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn finished(mut self) -> String {
        self.0.push(b'}');
        String::from_utf8(self.0).expect("JSON is UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::{End, Record, Recorded};
    use crate::gate::Place;
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
        let record = Record {
            number: 1234,
            phase: "ended",
            place: &Place { path: "0.2".to_owned(), number: 3 },
            action: "cds.ccs.DescribeTags",
            read_only: true,
            params: serde_json::json!({}),
            end,
        };
        let recorded = Recorded::new(&record, "r", Timestamp::UNIX_EPOCH);
        let read: serde_json::Value = serde_json::from_str(&recorded.line).unwrap();
        let expected = serde_json::json!({
            "number": 1234, "time": "1970-01-01T00:00:00Z", "run": "r", "phase": "ended", "place": "0.2#3", "action": "cds.ccs.DescribeTags",
            "read_only": true, "params": {}, "attempts": 0, "duration_ms": 1234, "sent": "maybe", "message": "[secret] is no token; [secret]\n",
        });
        assert_eq!(read, expected);
        assert_eq!((recorded.number, recorded.read_only), (1234, true));
    }
}
