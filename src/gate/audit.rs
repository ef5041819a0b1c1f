//! The audit: one line of JSON for each call, redacted, in a file that is opened at the first one.

use crate::catalog::{Action, Param};
use crate::client::value::{Params, Value};
use crate::secret::{REDACTED, Redactor};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What the audit says of a call.
#[derive(Debug, Default, Serialize)]
pub struct Record {
    /// When, with the zone.
    pub time: String,
    /// The run.
    pub run: String,
    /// `sending` before a mutating call leaves, `ended` after any call.
    pub phase: &'static str,
    /// The call's place in its run.
    pub place: String,
    /// The Action.
    pub action: String,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// The redacted parameters.
    pub params: Json,
    /// The profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Where it was sent, without the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
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

/// The audit's file.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

impl Audit {
    /// An audit in this file.
    pub fn new(path: PathBuf) -> Self {
        Self { path, file: Mutex::new(None) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file in the user's state folder.
    pub fn default_path() -> Option<PathBuf> {
        use etcetera::BaseStrategy as _;
        let folders = etcetera::choose_base_strategy().ok()?;
        let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
        Some(state.join("cumulua").join("audit.jsonl"))
    }

    /// Appends a record, as one write of one line, so that runs side by side do not mix.
    pub(super) fn append(&self, record: &Record, redactor: &Redactor) -> io::Result<()> {
        let line = redactor.redact(&serde_json::to_string(record).map_err(io::Error::other)?) + "\n";
        let mut held = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *held {
            Some(file) => file,
            none => none.insert(open(&self.path)?),
        };
        file.write_all(line.as_bytes())
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Parameters for a record: secrets and what the catalogue marks are left out.
pub(super) fn redacted(action: &Action, params: &Params) -> Json {
    structure(&action.params, params)
}

fn structure(known: &[Param], params: &Params) -> Json {
    let field = |(name, value): (&String, &Value)| {
        let shown = match known.iter().find(|param| param.name == *name) {
            Some(param) if param.sensitive => Json::String(REDACTED.to_owned()),
            Some(param) => below(param, value),
            None => value.to_redacted_json(),
        };
        (name.clone(), shown)
    };
    Json::Object(params.iter().map(field).collect::<Map<_, _>>())
}

fn below(param: &Param, value: &Value) -> Json {
    match value {
        Value::Object(fields) => structure(&param.fields, fields),
        Value::List(items) => Json::Array(items.iter().map(|item| below(param, item)).collect()),
        scalar => scalar.to_redacted_json(),
    }
}

/// Teaches the redactor every secret among parameters, so that an echo of it is found too.
pub(super) fn learn(redactor: &Redactor, known: &[Param], params: &Params) {
    for (name, value) in params {
        let param = known.iter().find(|param| param.name == *name);
        learn_value(redactor, param, value, param.is_some_and(|param| param.sensitive));
    }
}

fn learn_value(redactor: &Redactor, param: Option<&Param>, value: &Value, sensitive: bool) {
    match value {
        Value::Secret(secret) => redactor.learn(secret.expose()),
        Value::String(text) if sensitive => redactor.learn(text),
        Value::List(items) => items.iter().for_each(|item| learn_value(redactor, param, item, sensitive)),
        Value::Object(fields) if sensitive => {
            for field in fields.values() {
                learn_value(redactor, None, field, true);
            }
        }
        Value::Object(fields) => learn(redactor, param.map_or(&[], |param| param.fields.as_slice()), fields),
        _ => {}
    }
}
