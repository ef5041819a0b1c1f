//! Removing things.

use super::effect::{Effect, What};
use super::named::{self, Thing};
use super::state::GENERIC;
use super::{task, work};
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use crate::cloud::service::TaskEffect as _;
use crate::cloud::task::Plan;
use serde_json::Value as Json;

/// Takes away what a call names, at once or after some time; where it names none, all that belongs
/// to what it does name.
pub(super) fn carry_out(
    call: &mut Call,
    things: &[Thing],
    answer: &mut Json,
) -> Result<(), Refusal> {
    let action = call.action;
    let service = &action.service.service;
    for (name, kind) in action.service.removed_by(action) {
        let param = kind.removed_by.as_ref().map(|removal| &removal.param);
        let param = param.map_or("", String::as_str);
        let is_given = call.params.get(param).is_some();
        let keys: Vec<String> = if is_given {
            things
                .iter()
                .filter(|thing| thing.param == param && thing.kind == *name)
                .map(|thing| thing.row.id.clone())
                .collect()
        } else {
            let Some(parent) = named::parent(things, kind) else {
                return Err(call.missing(param));
            };
            let rows = call.cloud[GENERIC].rows(service, name);
            rows.filter(|row| row.parent.as_ref() == Some(&parent.id))
                .map(|row| row.id.clone())
                .collect()
        };
        let effect = Effect {
            service: service.clone(),
            kind: name.clone(),
            what: What::Remove(keys.clone()),
        };
        if action.task.is_some() || kind.state.is_some() {
            let plan = Plan::about(work::remove(action), keys).then(effect);
            let id = call.cloud.start(plan);
            task::put(action, answer, &id);
        } else {
            effect.apply(call.cloud);
        }
    }
    Ok(())
}
