//! The audit: one line of JSON for each call, redacted, in a file that is opened at the first one.

mod file;
mod log;
mod params;
mod record;

pub use file::GATHERING;
pub use log::Audit;
pub(super) use params::{Shown, learn};
pub use record::Recorded;
pub(super) use record::{End, Record, SENDING, millis};
