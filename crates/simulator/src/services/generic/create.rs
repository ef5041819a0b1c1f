//! Making things.

use super::answer;
use super::effect::{Effect, What};
use super::named::{self, Thing};
use super::state::{GENERIC, Row, examples, key};
use super::{task, work};
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use cumulua_core::catalog::{CreatesModel, KindModel, Param, path};
use serde_json::{Map, Value as Json, json};

/// How many are made at once at most, whatever the documents say: a cloud has an end.
const MOST: u64 = 1000;

/// Makes what an Action says that it makes, and writes the ids into its answer.
pub(super) fn carry_out(
    call: &mut Call,
    things: &[Thing],
    answer: &mut Json,
) -> Result<(), Refusal> {
    let action = call.action;
    let mut new: Vec<(&CreatesModel, &KindModel, Vec<Row>)> = Vec::new();
    for creates in &action.creates {
        let Some(kind) = action.service.kinds.get(&creates.kind) else {
            continue;
        };
        // What belongs to something that the same call makes.
        let made = || {
            let parent = kind.parent.as_ref()?;
            let (_, _, rows) = new.iter().find(|(other, ..)| other.kind == *parent)?;
            rows.first().map(|row| row.id.clone())
        };
        let parent = named::parent(things, kind).map(|row| row.id.clone());
        let parent = parent.or_else(made);
        let rows = rows(call, creates, kind, parent.as_deref())?;
        new.push((creates, kind, rows));
    }
    for (creates, kind, rows) in new {
        let ids: Vec<String> = rows.iter().map(|row| row.own_id(kind)).collect();
        for place in &creates.ids {
            answer::put_ids(answer, place, &ids);
        }
        if creates.replaces {
            replace(call, creates, kind, things);
        }
        if let Some(id) = add(call, creates, kind, rows) {
            task::put(action, answer, &id);
        }
    }
    Ok(())
}

/// Takes those away that there were, where a list takes their place.
fn replace(call: &mut Call, creates: &CreatesModel, kind: &KindModel, things: &[Thing]) {
    let parent = named::parent(things, kind).map(|row| row.id.clone());
    let service = &call.action.service.service;
    let state = &mut call.cloud[GENERIC];
    let keys: Vec<String> = state
        .rows(service, &creates.kind)
        .filter(|row| row.parent == parent)
        .map(|row| row.id.clone())
        .collect();
    state.remove(service, &creates.kind, &keys);
}

/// Adds rows, at once or after some time; the id of the task.
fn add(
    call: &mut Call,
    creates: &CreatesModel,
    kind: &KindModel,
    mut rows: Vec<Row>,
) -> Option<String> {
    let service = call.action.service.service.clone();
    let takes_time = call.action.task.is_some() || kind.state.is_some();
    let of = |what: What| Effect {
        service: service.clone(),
        kind: creates.kind.clone(),
        what,
    };
    let names: Vec<String> = rows.iter().map(|row| row.own_id(kind)).collect();
    let keys: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let at_rest: Map<String, Json> = kind
        .state
        .iter()
        .map(|state| (state.field.clone(), json!(state.at_rest)))
        .collect();
    if !takes_time {
        let store = call.cloud[GENERIC].rows_mut(&service, &creates.kind);
        for row in rows {
            store.insert(row);
        }
        return None;
    }
    let plan = Plan::about(work::create(call.action), names);
    let making = kind.state.as_ref().and_then(|state| {
        let making = state.making.as_ref()?;
        Some((state.field.clone(), json!(making)))
    });
    let plan = if let Some((field, making)) = making {
        let store = call.cloud[GENERIC].rows_mut(&service, &creates.kind);
        for mut row in rows {
            row.fields.insert(field.clone(), making.clone());
            store.insert(row);
        }
        let change = What::Change {
            keys: keys.clone(),
            fields: at_rest,
        };
        plan.then(of(change)).or_else(of(What::Remove(keys)))
    } else {
        for row in &mut rows {
            row.fields.extend(at_rest.clone());
        }
        plan.then(of(What::Add(rows)))
    };
    Some(call.cloud.start(plan))
}

/// The new rows of a kind.
fn rows(
    call: &mut Call,
    creates: &CreatesModel,
    kind: &KindModel,
    parent: Option<&str>,
) -> Result<Vec<Row>, Refusal> {
    let action = call.action;
    let Some(each) = &creates.each else {
        let mut known = known(kind, &action.params, call.params.given());
        unique(call, &creates.kind, kind, &known, &[])?;
        let given = creates.given.as_ref();
        let id = given.and_then(|name| call.params.get(name).cloned());
        let count = count(call, creates)?;
        if let (Some(name), Some(id)) = (given, &id) {
            let key = key(parent, &path::text(id));
            let mut rows = call.cloud[GENERIC].rows(&action.service.service, &creates.kind);
            if rows.any(|row| row.id == key) {
                return Err(call.malformed(name, "there is one already"));
            }
        }
        known.remove(&kind.id);
        known.extend(action.sets.clone());
        let row = |call: &mut Call| {
            let id = id
                .clone()
                .unwrap_or_else(|| new_id(call, &creates.kind, kind));
            with(kind, parent, id, &known)
        };
        return Ok((0..count).map(|_| row(call)).collect());
    };
    let (params, elements) = elements(call, each);
    let mut rows = Vec::new();
    for element in elements {
        let known = known(kind, params, &element);
        let given = creates.given.as_ref();
        let id = given.and_then(|name| element.get(name).cloned());
        let id = id.unwrap_or_else(|| new_id(call, &creates.kind, kind));
        rows.push(with(kind, parent, id, &known));
    }
    Ok(rows)
}

/// How many a call makes.
fn count(call: &Call, creates: &CreatesModel) -> Result<u64, Refusal> {
    let Some(name) = creates.count.as_ref() else {
        return Ok(1);
    };
    let Some(number) = call.params.number(name) else {
        return Ok(1);
    };
    let count = u64::try_from(number).ok();
    count
        .filter(|count| (1..=MOST).contains(count))
        .ok_or_else(|| call.malformed(name, &format!("it must be 1 to {MOST}")))
}

fn with(kind: &KindModel, parent: Option<&str>, id: Json, known: &Map<String, Json>) -> Row {
    let mut row = Row::new(kind, parent, id.clone());
    row.fields.extend(known.clone());
    row.fields.insert(kind.id.clone(), id);
    row
}

/// The elements of a list parameter, which can stand in another one, and what is declared of them.
pub(super) fn elements<'a>(call: &Call<'a>, place: &str) -> (&'a [Param], Vec<Map<String, Json>>) {
    let (mut params, mut at) = (call.action.params.as_slice(), None);
    for (depth, name) in place.split('.').enumerate() {
        at = if depth == 0 {
            call.params.whole(name)
        } else {
            at.and_then(|value: &Json| value.get(name))
        };
        let param = params.iter().find(|param| param.name == name);
        params = param.map_or(&[], |param| &param.fields);
    }
    let items = match at {
        Some(Json::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let items = items.iter().filter_map(Json::as_object);
    (params, items.cloned().collect())
}

/// What a call says of a thing: its parameters by the names that the fields have in a row, without
/// secrets.
pub(super) fn known(
    kind: &KindModel,
    params: &[Param],
    given: &Map<String, Json>,
) -> Map<String, Json> {
    let declared = params.iter().filter(|param| !param.sensitive);
    let mut known = Map::new();
    for param in declared {
        let Some(value) = given.get(&param.name) else {
            continue;
        };
        let value = without_secrets(&param.fields, value);
        // Answers about one thing can have the parameter's own name.
        if let Some(field) = kind.fields.get(&param.name) {
            known.insert(field.clone(), value.clone());
        }
        known.entry(param.name.clone()).or_insert(value);
    }
    known
}

fn without_secrets(params: &[Param], value: &Json) -> Json {
    let is_secret = |name: &str| {
        let mut params = params.iter();
        params.any(|param| param.name == name && param.sensitive)
    };
    let below = |name: &str| {
        let param = params.iter().find(|param| param.name == name);
        param.map_or(&[][..], |param| &param.fields)
    };
    match value {
        Json::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| !is_secret(name));
            let fields =
                fields.map(|(name, value)| (name.clone(), without_secrets(below(name), value)));
            Json::Object(fields.collect())
        }
        Json::Array(items) => items
            .iter()
            .map(|item| without_secrets(params, item))
            .collect(),
        other => other.clone(),
    }
}

/// Refuses what another thing of the kind has already and no two may have.
pub(super) fn unique(
    call: &Call,
    name: &str,
    kind: &KindModel,
    known: &Map<String, Json>,
    but: &[String],
) -> Result<(), Refusal> {
    for (field, code) in &kind.unique {
        let Some(value) = known.get(field) else {
            continue;
        };
        let mut rows = call.cloud[GENERIC].rows(&call.action.service.service, name);
        let is_taken =
            rows.any(|row| !but.contains(&row.id) && row.fields.get(field) == Some(value));
        if is_taken {
            let text = format!("There is one with this {field} already");
            return Err(Refusal::new(code.clone(), text));
        }
    }
    Ok(())
}

/// An id in the form of the document's examples.
pub(super) fn new_id(call: &mut Call, name: &str, kind: &KindModel) -> Json {
    let action = call.action;
    let example = examples(&action.service, kind);
    let example = example.first().and_then(|row| row.get(&kind.id));
    let prefix = |text: &str| {
        let (prefix, rest) = text.split_once('-')?;
        let is_short = rest.len() == 16 && !rest.contains('-');
        is_short.then(|| prefix.to_owned())
    };
    match example {
        Some(Json::Number(number)) => {
            let first = number.as_u64().unwrap_or_default() + 1;
            let kind = format!("{}.{name}", action.service.service);
            json!(call.cloud.ids.number(&kind, first, |_| false))
        }
        Some(Json::String(text)) => match prefix(text) {
            Some(prefix) => json!(call.cloud.ids.short(&prefix)),
            None => json!(call.cloud.ids.uuid()),
        },
        _ => json!(call.cloud.ids.uuid()),
    }
}
