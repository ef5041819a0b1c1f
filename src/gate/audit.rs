//! The audit: one line of JSON for each call, redacted, in a file that is opened at the first one.

use crate::catalog::{Action, Param};
use crate::client::value::{Params, Value};
use crate::secret::{REDACTED, Redactor, is_named_secret};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What the audit says of a call.
#[derive(Debug, Clone, Default, Serialize)]
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

/// The audit's file, and the latest records for whoever looks back while the run goes on.
#[derive(Debug)]
pub struct Audit {
    path: Option<PathBuf>,
    file: Mutex<Option<File>>,
    keeps: bool,
    kept: Mutex<VecDeque<String>>,
}

/// Records that are kept at most.
const MOST_KEPT: usize = 1_000;

impl Audit {
    /// An audit in this file.
    pub fn new(path: PathBuf) -> Self {
        Self { path: Some(path), file: Mutex::new(None), keeps: false, kept: Mutex::default() }
    }

    /// An audit that keeps its latest records too; without a file, nothing but these.
    pub fn keeping(path: Option<PathBuf>) -> Self {
        Self { path, file: Mutex::new(None), keeps: true, kept: Mutex::default() }
    }

    /// The file.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The latest records, oldest first.
    pub fn kept(&self) -> Vec<String> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
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
        if self.keeps {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push_back(line.trim_end().to_owned());
            if kept.len() > MOST_KEPT {
                kept.pop_front();
            }
        }
        let Some(path) = &self.path else { return Ok(()) };
        let mut held = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *held {
            Some(file) => file,
            none => none.insert(open(path)?),
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
