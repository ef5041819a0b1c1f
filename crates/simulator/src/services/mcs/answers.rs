//! Parts that several answers of the service have.

use serde_json::{Value as Json, json};

/// The answer of an Action that only says that it was done.
pub(super) fn done() -> Json {
    json!({"return": "True"})
}
