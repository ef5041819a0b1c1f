//! Parts that several answers of the service have.

use serde_json::{Value as Json, json};

/// The answer of an Action that starts a task.
pub(super) fn started(task: &str) -> Json {
    json!({"Data": {}, "TaskId": task})
}
