//! What was asked, without its secrets.

use cumulua_core::catalog::{Action, Param};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// What stands in place of a secret.
const HIDDEN: &str = "***";

/// A request and how it was answered. It holds no signature and no sensitive parameter.
#[derive(Debug, Clone, Serialize)]
pub struct LoggedRequest {
    /// When it arrived, by the cloud's clock.
    #[serde(serialize_with = "as_text")]
    pub time: Timestamp,
    /// The id in its answer.
    pub request_id: String,
    /// Its HTTP method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// The Action, as the request names it.
    pub action: Option<String>,
    /// The nonce, which must be a fresh one for every attempt.
    pub nonce: Option<String>,
    /// The Action's parameters, once they have been checked.
    pub parameters: Json,
    /// Parameters that it has and the simulator made nothing of, with the reason: those that the
    /// Action does not have, and of a request that was carried out also those that were not looked at.
    pub ignored: Ignored,
    /// The HTTP status; none where the connection was dropped.
    pub status: Option<u16>,
    /// `Success`, or the error code.
    pub code: String,
    /// Whether the cloud carried it out, whatever it answered.
    pub carried_out: bool,
    /// The fault that struck.
    pub fault: Option<String>,
}

/// Why a parameter was ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IgnoredReason {
    /// The catalogue's Action does not have it.
    Unknown,
    /// It stands in the query of a POST to CDS, whose parameters stand in the body.
    Misplaced,
    /// The Action has it, and the simulator carried the call out without looking at it.
    Unread,
}

impl IgnoredReason {
    /// The reason as the end of a sentence about the parameter.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Unknown => "the Action has no such parameter",
            Self::Misplaced => "a POST has its parameters in the body, not in the query",
            Self::Unread => "the simulator did not look at it, so it has no effect",
        }
    }
}

/// Ignored parameters by their paths, as `PubnetInfo[].Qos`.
pub type Ignored = BTreeMap<String, IgnoredReason>;

fn as_text<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

/// How many characters of a text are kept.
const LONGEST: usize = 200;

/// The largest body in bytes whose parameters are kept.
const LARGEST: usize = 64 << 10;

/// A text as it is kept.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Parameters without what must not be seen; unknown ones are hidden where their name says so.
/// Those of a very large body are only counted, because the log remembers many requests.
pub(crate) fn redacted(action: &Action, given: &Map<String, Json>, body: usize) -> Json {
    if body > LARGEST {
        return json!({"…": format!("{} parameters in {body} bytes", given.len())});
    }
    fields(&action.params, given)
}

fn fields(params: &[Param], given: &Map<String, Json>) -> Json {
    let redacted = given.iter().map(|(name, value)| {
        let param = params.iter().find(|param| param.name == *name);
        let is_sensitive = param.map_or_else(|| sounds_sensitive(name), |param| param.sensitive);
        let value = match (value, param) {
            _ if is_sensitive => HIDDEN.into(),
            (Json::Object(inner), Some(param)) => fields(&param.fields, inner),
            (Json::Array(items), Some(param)) => items
                .iter()
                .map(|item| {
                    item.as_object()
                        .map_or_else(|| item.clone(), |inner| fields(&param.fields, inner))
                })
                .collect(),
            // What may be inside is unknown.
            (Json::Object(_) | Json::Array(_), None) => HIDDEN.into(),
            (value, _) => value.clone(),
        };
        (name.clone(), value)
    });
    Json::Object(redacted.collect())
}

fn sounds_sensitive(name: &str) -> bool {
    let name = name.to_lowercase();
    ["password", "passwd", "secret", "token", "signature", "key"]
        .iter()
        .any(|word| name.contains(word))
}
