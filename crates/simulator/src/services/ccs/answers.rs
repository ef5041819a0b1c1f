//! Parts that several answers of the service have.

use serde_json::{Value as Json, json};

/// The answer of an Action that starts a task.
pub(super) fn started(task: &str) -> Json {
    json!({"TaskId": task})
}

/// The answer of an Action that starts a task and has an empty `Data`.
pub(super) fn started_with_data(task: &str) -> Json {
    json!({"Data": {}, "TaskId": task})
}

/// The answer of an Action that is done at once and still has the fields of a task.
pub(super) fn done_at_once() -> Json {
    json!({"Data": {}, "TaskId": ""})
}
