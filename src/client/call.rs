//! A call as a script or the shell asks for it, and its answer.

use super::command::AccountRef;
use super::value::Params;
use bytes::Bytes;
use cumulua_core::catalog::Action;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A call as a script or the shell asks for it.
#[derive(Debug, Clone)]
pub struct Call {
    /// The Action.
    pub action: Action,
    /// Its parameters.
    pub params: Params,
    /// What its file parameter was given as: bytes, which need be no text.
    pub content: Option<Bytes>,
    /// What differs from the run's defaults.
    pub options: CallOptions,
}

/// Options of one call.
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    /// The whole call, retries included.
    pub timeout: Option<Duration>,
    /// Attempts beyond the first.
    pub retries: Option<u32>,
    /// The profile.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Parameters that the catalogue does not know pass.
    pub unchecked: bool,
    /// The file that is sent or received.
    pub file: Option<FileOption>,
}

/// The file that a call sends, or receives.
#[derive(Debug, Clone)]
pub struct FileOption {
    /// Its path.
    pub path: PathBuf,
    /// Whether one that is there is replaced by what is received.
    pub overwrite: bool,
}

impl CallOptions {
    /// The account that they name.
    pub fn account_ref(&self) -> AccountRef {
        AccountRef {
            profile: self.profile.clone(),
            region: self.region.clone(),
            others: Vec::new(),
        }
    }
}

/// An answer and how it came about.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The Action.
    pub action: Action,
    /// The answer, its wrapper taken off.
    pub json: serde_json::Value,
    /// How long its text was, in bytes.
    pub length: usize,
    /// The HTTP status.
    pub http_status: u16,
    /// The request's id.
    pub request_id: Option<String>,
    /// The profile.
    pub profile: Arc<str>,
    /// The region.
    pub region: Option<Arc<str>>,
    /// The profile and the region that the call itself named.
    pub asked: AccountRef,
    /// Where it was sent, without the query.
    pub endpoint: Arc<str>,
    /// How often it was sent.
    pub attempts: u32,
    /// How long it took, pauses included.
    pub duration: Duration,
}

impl Answer {
    /// Larger ones are refused, in bytes.
    pub const LARGEST: usize = 32 * 1024 * 1024;
}
