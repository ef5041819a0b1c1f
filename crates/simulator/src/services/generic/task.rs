//! Tasks: their ids in answers, and how they stand, in the words of the waiter that asks.

use super::answer;
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use crate::cloud::task::{Dialect, Stage};
use cumulua_core::catalog::{Action, Matcher, TaskState, WaiterModel, path};
use serde_json::{Value as Json, json};

/// Fields of answers that name a task which no Action asks about.
const UNASKED: &[&str] = &["TaskId", "EventId"];

/// The waiter that an Action answers.
pub(super) fn waiter(action: &Action) -> Option<&WaiterModel> {
    let mut waiters = action.product.waiters.values();
    waiters.find(|waiter| waiter.operation == *action.full_name)
}

/// Writes a task's id where the answer has it.
pub(super) fn put(action: &Action, answer: &mut Json, id: &str) {
    if let Some(task) = &action.task {
        for place in &task.ids {
            answer::put_ids(answer, place, &[id.to_owned()]);
        }
        return;
    }
    for name in UNASKED {
        for place in [(*name).to_owned(), format!("Data.{name}")] {
            if path::first(answer, &place).is_some_and(Json::is_string) {
                answer::put(answer, &place, json!(id));
            }
        }
    }
}

/// How the task stands that a call asks about.
pub(super) fn progress(call: &Call, waiter: &WaiterModel) -> Result<Json, Refusal> {
    let mut params = waiter.arguments.keys();
    let id = params.next().and_then(|name| call.params.text(name));
    let id = id.unwrap_or_default();
    let tasks = &call.cloud.tasks;
    let task = tasks.get(Dialect::Catalogued, id).ok_or_else(|| {
        let code = waiter
            .unknown
            .first()
            .map_or("ResourceNotFound", String::as_str);
        Refusal::new(code.to_owned(), format!("There is no task {id:?}"))
    })?;
    let stage = tasks.stage(task);
    let mut answer = answer::form(call.action);
    for (place, word) in stage_text(waiter, stage) {
        answer::put(&mut answer, &place, json!(word));
    }
    for place in &waiter.resources {
        answer::put_ids(&mut answer, place, &task.resources);
    }
    Ok(answer)
}

/// What stands where for a stage: the waiter takes it for what it is.
fn stage_text(waiter: &WaiterModel, stage: Stage) -> Vec<(String, String)> {
    let wanted = match stage {
        Stage::Done => TaskState::Success,
        Stage::Failed => TaskState::Failure,
        Stage::Waiting | Stage::Working => TaskState::Retry,
    };
    let fitting = waiter
        .acceptors
        .iter()
        .filter(|acceptor| acceptor.state == wanted);
    // A whole word rather than the beginning of one.
    let whole = fitting.clone().find(|one| one.matcher == Matcher::Path);
    let found = whole.or_else(|| fitting.clone().next());
    let word = found.map(|acceptor| (acceptor.argument.clone(), acceptor.expected[0].clone()));
    let otherwise = || {
        let any = waiter.acceptors.first()?;
        Some((any.argument.clone(), "Running".to_owned()))
    };
    word.or_else(otherwise).into_iter().collect()
}
