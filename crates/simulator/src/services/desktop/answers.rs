//! Parts that several answers of the service have.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// What is paid on demand has this end.
pub(super) const NEVER: Timestamp = Timestamp::constant(4_070_880_000, 0);

/// The answer of an Action that is done at once.
pub(super) fn done() -> Json {
    json!({"Data": null})
}
