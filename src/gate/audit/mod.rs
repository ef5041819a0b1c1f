//! The audit: one line of JSON for each call, redacted, in a file that is opened at the first one.

mod file;
mod line;
mod log;
mod params;

pub use file::GATHERING;
pub use line::AuditLine;
pub(super) use line::{AuditEntry, End, SENDING, millis};
pub use log::Audit;
pub use params::sensitive_params;
pub(super) use params::{RedactedParams, learn, too_much};
