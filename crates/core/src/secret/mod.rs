//! Secrets: values that no text of ours may hold, and what finds them in texts of others.

mod forms;
mod layers;
mod names;
mod redactor;
mod stream;
mod value;

pub use names::is_named_secret;
pub use redactor::{LONGEST_SECRET, REDACTED, Redactor};
pub use stream::RedactedStream;
pub use value::Secret;
