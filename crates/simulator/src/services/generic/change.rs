//! Changing things.

use super::answer;
use super::create::{elements, known, new_id, unique};
use super::effect::{self, Effect, What};
use super::named::{self, Thing};
use super::state::{GENERIC, Row};
use super::{task, work};
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use crate::cloud::service::TaskEffect as _;
use crate::cloud::task::Plan;
use cumulua_core::catalog::{EditsModel, KindModel, path};
use serde_json::{Value as Json, json};

/// Lets the things that a call names have what it gives them, at once or when its task ends.
pub(super) fn carry_out(
    call: &mut Call,
    things: &[Thing],
    answer: &mut Json,
) -> Result<(), Refusal> {
    let action = call.action;
    for edits in &action.edits {
        edit(call, edits, things, answer)?;
    }
    let Some((subject, kind)) = subject(call, things) else {
        return Ok(());
    };
    let keys: Vec<String> = things
        .iter()
        .filter(|thing| thing.param == subject.param)
        .map(|thing| thing.row.id.clone())
        .collect();
    let mut fields = known(kind, &action.params, call.params.given());
    let is_name = |param: &String| named::kinds_of(action, param).next().is_some();
    fields.retain(|name, _| !is_name(name) && *name != kind.id);
    fields.extend(action.sets.clone());
    unique(call, &subject.kind, kind, &fields, &keys)?;
    let service = &action.service.service;
    let change = |fields| effect::change(service, &subject.kind, keys.clone(), fields);
    let states = kind.state.as_ref();
    let making = states.and_then(|state| Some((state, state.making.as_ref()?)));
    let plan = Plan::about(work::change(action), keys.clone());
    let id = if let Some((state, making)) = making {
        fields.insert(state.field.clone(), json!(making));
        change(fields).apply(call.cloud);
        let at_rest = [(state.field.clone(), json!(state.at_rest))];
        let rest = change(at_rest.into_iter().collect());
        call.cloud.start(plan.then(rest.clone()).or_else(rest))
    } else if action.task.is_some() {
        call.cloud.start(plan.then(change(fields)))
    } else {
        change(fields).apply(call.cloud);
        return Ok(());
    };
    task::put(action, answer, &id);
    Ok(())
}

/// The thing that a call changes: not what that belongs to, and not what comes behind it.
fn subject<'t>(call: &Call<'t>, things: &'t [Thing]) -> Option<(&'t Thing, &'t KindModel)> {
    let kind = |thing: &Thing| call.action.service.kinds.get(&thing.kind);
    let belongs = |thing: &&Thing| {
        let parent = kind(thing).and_then(|kind| kind.parent.as_ref());
        parent.is_some_and(|parent| things.iter().any(|other| other.kind == *parent))
    };
    let subject = things.iter().find(belongs).or(things.first())?;
    Some((subject, kind(subject)?))
}

/// Lets each element of a list change the thing whose id it has.
fn edit(
    call: &mut Call,
    edits: &EditsModel,
    things: &[Thing],
    answer: &mut Json,
) -> Result<(), Refusal> {
    let action = call.action;
    let Some(kind) = action.service.kinds.get(&edits.kind) else {
        return Ok(());
    };
    let replaces = edits.replaces_when.as_ref();
    let replaces = replaces.and_then(|name| call.params.flag(name)) == Some(true);
    let parent = named::parent(things, kind).map(|row| row.id.clone());
    let (params, elements) = elements(call, &edits.each);
    let mut rows: Vec<Row> = Vec::new();
    for element in elements {
        let mut known = known(kind, params, &element);
        known.remove(&edits.by);
        let mut row = match element.get(&edits.by).map(path::text) {
            Some(id) => named::find(call, things, &edits.kind, kind, &id)
                .ok_or_else(|| named::absent(action, kind, &id))?,
            None if replaces => {
                let id = new_id(call, &edits.kind, kind);
                Row::new(kind, parent.as_deref(), id)
            }
            None => return Err(call.missing(&edits.by)),
        };
        row.fields.extend(known);
        rows.push(row);
    }
    let ids: Vec<String> = rows.iter().map(|row| row.own_id(kind)).collect();
    for place in &edits.ids {
        answer::put_ids(answer, place, &ids);
    }
    if action.task.is_some() && !replaces {
        let keys = rows.iter().map(|row| row.id.clone()).collect();
        let effect = Effect {
            service: action.service.service.clone(),
            kind: edits.kind.clone(),
            what: What::Replace(rows),
        };
        let id = call
            .cloud
            .start(Plan::about(work::change(action), keys).then(effect));
        task::put(action, answer, &id);
        return Ok(());
    }
    let service = &action.service.service;
    let store = call.cloud[GENERIC].rows_mut(service, &edits.kind);
    if replaces {
        store.retain(|row| row.parent != parent);
    }
    for row in rows {
        match store.get_mut(&row.id) {
            Some(known) => *known = row,
            None => store.insert(row),
        }
    }
    Ok(())
}
