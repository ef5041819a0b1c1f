//! Carries any Action out, by what the catalogue says of it.

use super::state::GENERIC;
use super::{answer, change, create, list, named, read, remove, task};
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use serde_json::Value as Json;

/// Carries a call out.
pub(crate) fn carry_out(call: &mut Call) -> Result<Json, Refusal> {
    let action = call.action;
    call.cloud[GENERIC].begin(&action.service);
    if let Some(waiter) = task::waiter(action) {
        return task::progress(call, waiter);
    }
    let things = named::named(call)?;
    if action.read_only {
        return if !list::kinds(action).is_empty() {
            list::of_kinds(call, &things)
        } else if let Some(paginator) = &action.paginator {
            list::of_example(call, paginator)
        } else {
            Ok(read::carry_out(call, &things))
        };
    }
    // All of it is kept, or has been looked at: nothing is ignored.
    for param in &action.params {
        call.params.whole(&param.name);
    }
    let mut answer = answer::form(action);
    if action.service.removed_by(action).next().is_some() {
        remove::carry_out(call, &things, &mut answer)?;
    } else if action.creates.is_empty() {
        change::carry_out(call, &things, &mut answer)?;
    } else {
        create::carry_out(call, &things, &mut answer)?;
    }
    judge(call, &things, &mut answer);
    Ok(answer)
}

/// Says for which ids it was carried out and for which not, where the answer has a place for that.
fn judge(call: &Call, things: &[named::Thing], answer: &mut Json) {
    let Some(partial) = &call.action.partial else {
        return;
    };
    let given = call.params.get(&partial.param).map(named::ids);
    let is_there = |id: &String| {
        let kind = |thing: &named::Thing| call.action.service.kinds.get(&thing.kind);
        things.iter().any(|thing| {
            let own = kind(thing).map(|kind| thing.row.own_id(kind));
            thing.param == partial.param && own.as_ref() == Some(id)
        })
    };
    let (done, failed): (Vec<_>, Vec<_>) =
        given.unwrap_or_default().into_iter().partition(is_there);
    for (place, ids) in [(&partial.done, done), (&partial.failed, failed)] {
        let ids = ids.into_iter().map(Json::from).collect();
        answer::put(answer, place, Json::Array(ids));
    }
}
