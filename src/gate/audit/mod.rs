//! The audit: one line of JSON for each call, redacted, in a file that is opened at the first one.

mod file;

use super::Place;
use crate::catalog::{Action, Param};
use crate::client::value::{Params, Value};
use crate::secret::{REDACTED, Redactor, is_named_secret};
use file::Lines;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, io};

/// What the audit says of a call.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Record {
    /// When, with the zone.
    pub time: Timestamp,
    /// The run.
    pub run: Arc<str>,
    /// `sending` before a mutating call leaves, `ended` after any call.
    pub phase: &'static str,
    /// The call's place in its run.
    #[serde(serialize_with = "as_text")]
    pub place: Place,
    /// The Action.
    pub action: Arc<str>,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// The redacted parameters.
    pub params: Json,
    /// The profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Arc<str>>,
    /// The region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Arc<str>>,
    /// Where it was sent, without the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Arc<str>>,
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The service's code, of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
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
    pub message: Option<String>,
}

fn as_text<S: Serializer>(place: &Place, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(place)
}

/// The audit's file, and the latest records for whoever looks back while the run goes on.
pub struct Audit(Arc<Lines>);

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Audit").field(&self.path()).finish()
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        // Whoever must know calls `flush` before.
        let _ = self.flush();
        self.0.close();
    }
}

impl Audit {
    /// An audit in this file, without the secrets that `redactor` knows.
    pub fn new(path: PathBuf, redactor: Arc<Redactor>) -> Self {
        Self(Arc::new(Lines::new(Some(path), false, redactor)))
    }

    /// An audit that keeps its latest records too; without a file, nothing but these.
    pub fn keeping(path: Option<PathBuf>, redactor: Arc<Redactor>) -> Self {
        Self(Arc::new(Lines::new(path, true, redactor)))
    }

    /// The file.
    pub fn path(&self) -> Option<&Path> {
        self.0.path()
    }

    /// The latest records, oldest first.
    pub fn kept(&self) -> Vec<String> {
        self.0.kept()
    }

    /// The file in the user's state folder.
    pub fn default_path() -> Option<PathBuf> {
        use etcetera::BaseStrategy as _;
        let folders = etcetera::choose_base_strategy().ok()?;
        let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
        Some(state.join("cumulua").join("audit.jsonl"))
    }

    /// Appends a record. That of a mutating call is in the file when this comes back; any other follows within moments.
    pub(super) fn append(&self, record: &Arc<Record>) -> io::Result<()> {
        let record = Arc::clone(record);
        if record.read_only { self.0.write_soon(record) } else { self.0.write_now(record) }
    }

    /// Writes what is not in the file yet.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.0.write()
    }
}

/// Parameters for a record: secrets and what the catalogue marks are left out.
pub(super) fn redacted(action: &Action, params: &Params) -> Json {
    structure(action, &action.params, params)
}

fn structure(action: &Action, known: &[Param], params: &Params) -> Json {
    let field = |(name, value): (&String, &Value)| {
        let shown = if is_sensitive(action, known, name) {
            Json::String(REDACTED.to_owned())
        } else {
            below(action, fields(known, name), value)
        };
        (name.clone(), shown)
    };
    Json::Object(params.iter().map(field).collect::<Map<_, _>>())
}

fn below(action: &Action, known: &[Param], value: &Value) -> Json {
    match value {
        Value::Object(fields) => structure(action, known, fields),
        Value::List(items) => Json::Array(items.iter().map(|item| below(action, known, item)).collect()),
        scalar => scalar.to_redacted_json(),
    }
}

/// Teaches the redactor every secret among parameters, so that an echo of it is found too.
pub(super) fn learn(redactor: &Redactor, action: &Action, params: &Params) {
    learn_structure(redactor, action, &action.params, params, false);
}

fn learn_structure(redactor: &Redactor, action: &Action, known: &[Param], params: &Params, inside: bool) {
    for (name, value) in params {
        let sensitive = inside || is_sensitive(action, known, name);
        learn_value(redactor, action, fields(known, name), value, sensitive);
    }
}

fn learn_value(redactor: &Redactor, action: &Action, known: &[Param], value: &Value, sensitive: bool) {
    match value {
        Value::Secret(secret) => redactor.learn(secret.expose()),
        Value::List(items) => items.iter().for_each(|item| learn_value(redactor, action, known, item, sensitive)),
        Value::Object(fields) => learn_structure(redactor, action, known, fields, sensitive),
        scalar if sensitive => scalar.to_text().iter().for_each(|text| redactor.learn(text)),
        _ => {}
    }
}

fn fields<'a>(known: &'a [Param], name: &str) -> &'a [Param] {
    known.iter().find(|param| param.name == name).map_or(&[], |param| param.fields.as_slice())
}

/// Whether a parameter is marked; one that the catalogue does not know (a misspelled one, or of a newer Action) is taken for what its
/// name says.
fn is_sensitive(action: &Action, known: &[Param], name: &str) -> bool {
    if let Some(param) = known.iter().find(|param| param.name == name) {
        return param.sensitive;
    }
    let marked = |param: &Param| param.sensitive && param.name.eq_ignore_ascii_case(name);
    is_named_secret(name) || action.service.actions.iter().flat_map(|action| &action.params).any(marked)
}
