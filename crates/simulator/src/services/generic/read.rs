//! Reading what is no list of things.

use super::answer;
use super::named::Thing;
use crate::cloud::call::Call;
use serde_json::Value as Json;

/// The document's example, with what is known of the things that the call names.
pub(super) fn carry_out(call: &Call, things: &[Thing]) -> Json {
    let action = call.action;
    let mut answer = answer::form(action);
    // What comes last is what the call is about.
    for thing in things {
        let kind = action.service.kinds.get(&thing.kind);
        let id = kind.map_or("", |kind| kind.id.as_str());
        let declared = &action.answer.fields;
        answer::overlay_where(action, declared, &mut answer, id, &thing.row.fields);
    }
    answer
}
