//! Lists of things: those that fit the parameters, a page of them, and how many there are.

use super::answer;
use super::named;
use super::state::{GENERIC, Row, examples};
use crate::cloud::call::Call;
use crate::cloud::listing::list_answer;
use crate::cloud::refusal::Refusal;
use cumulua_core::catalog::{Action, KindModel, PaginatorModel, path};
use serde_json::{Map, Value as Json, json};

/// How many items a page has where the call gives no size.
const PAGE: u64 = 10;

/// A kind with where its rows stand.
type Listed<'a> = (&'a str, &'a KindModel, &'a str);

/// The kinds that an Action lists.
pub(super) fn kinds(action: &Action) -> Vec<Listed<'_>> {
    let kinds = action.service.kinds.iter();
    kinds
        .filter(|(_, kind)| kind.list == action.name)
        .filter_map(|(name, kind)| Some((name.as_str(), kind, action.service.rows_of(kind)?)))
        .collect()
}

/// The answer of an Action that lists kinds.
pub(super) fn of_kinds(call: &Call, things: &[named::Thing]) -> Result<Json, Refusal> {
    let action = call.action;
    let kinds = kinds(action);
    let mut answer = answer::form(action);
    for thing in things {
        let kind = action.service.kinds.get(&thing.kind);
        let id = kind.map_or("", |kind| kind.id.as_str());
        let known = thing.row.fields.clone();
        answer::overlay_where(action, &action.answer.fields, &mut answer, id, &known);
    }
    for (name, kind, rows) in &kinds {
        if inside_of(&kinds, rows).is_some() {
            continue;
        }
        let passing = passing(call, name, kind, things, rows);
        let rendered = passing.map(|row| render(call, &kinds, (name, kind, rows), row));
        put(call, &mut answer, rows, rendered.collect())?;
    }
    Ok(answer)
}

/// The answer of an Action that lists what no Action changes: the rows of the document's example.
pub(super) fn of_example(call: &Call, paginator: &PaginatorModel) -> Result<Json, Refusal> {
    let mut answer = answer::form(call.action);
    let fields = answer::fields_at(call.action, &paginator.items);
    let declared = |name: &str| fields.iter().any(|field| field.name == name);
    for (name, _) in filters(call).filter(|(name, _)| declared(name)) {
        call.params.whole(name);
    }
    let rows: Vec<Json> = path::values(&answer, &paginator.items)
        .into_iter()
        .filter(|row| {
            let mut params = filters(call);
            params.all(|(name, _)| row.get(name).is_none_or(|own| is_wanted(call, name, own)))
        })
        .cloned()
        .collect();
    put(call, &mut answer, &paginator.items, rows)?;
    Ok(answer)
}

/// The list inside whose rows other rows stand.
fn inside_of<'a>(kinds: &[Listed<'a>], rows: &str) -> Option<Listed<'a>> {
    let is_outer = |outer: &&Listed| rows.starts_with(&format!("{}.", outer.2));
    kinds.iter().find(is_outer).copied()
}

/// Parameters that can filter: those that are given and not a page's.
fn filters<'a>(call: &Call<'a>) -> impl Iterator<Item = (&'a str, &'a Json)> {
    let (action, params) = (call.action, call.params);
    let paging = action.paginator.as_ref().map(|paginator| {
        [
            &paginator.page,
            &paginator.size,
            &paginator.offset,
            &paginator.limit,
        ]
    });
    let paging: Vec<&String> = paging.into_iter().flatten().flatten().collect();
    // A word that must be given, and can be empty, is looked for all the same.
    let is_word = |name: &str| {
        let mut kinds = kinds(action).into_iter();
        let is_id = named::kinds_of(action, name).next().is_some();
        !is_id && kinds.any(|(_, kind, _)| kind.fields.contains_key(name))
    };
    let given = action.params.iter().filter(move |param| {
        let is_open = param.required != cumulua_core::catalog::Required::Yes;
        !paging.contains(&&param.name) && (is_open || is_word(&param.name))
    });
    given.filter_map(move |param| {
        let value = params.given().get(&param.name)?;
        Some((param.name.as_str(), value))
    })
}

/// Whether a parameter wants a value, of which it may give several.
fn is_wanted(call: &Call, param: &str, own: &Json) -> bool {
    let Some(wanted) = call.params.whole(param) else {
        return true;
    };
    let own = path::text(own);
    let several = named::ids(wanted);
    several.is_empty() || several.contains(&own) || path::text(wanted) == own
}

/// The rows of a kind that fit the parameters.
fn passing<'c>(
    call: &'c Call,
    name: &str,
    kind: &'c KindModel,
    things: &[named::Thing],
    rows: &str,
) -> impl Iterator<Item = &'c Row> {
    let action = call.action;
    let parent = named::parent(things, kind).map(|row| row.id.clone());
    let declared = answer::fields_at(action, rows);
    let example = examples(&action.service, kind).into_iter().next();
    let example = example.unwrap_or_default();
    // What a call that makes one gives it is kept, and can be looked for.
    let is_given = |param: &str| {
        let mut actions = action.service.actions.iter();
        actions.any(|other| {
            let mut creates = other.creates.iter();
            creates.any(|creates| creates.kind == name) && other.param(param).is_some()
        })
    };
    let is_declared =
        |field: &str| declared.iter().any(|known| known.name == field) || is_given(field);
    let given: Vec<(&str, String, bool)> = filters(call)
        .filter_map(|(param, _)| {
            let is_id = kind.params.iter().any(|known| known == param);
            let alias = kind.fields.get(param);
            let field = match alias {
                _ if is_id => kind.id.clone(),
                Some(field) => field.clone(),
                None => param.to_owned(),
            };
            // Looked at, also where there is no row to hold to it.
            is_declared(&field).then(|| call.params.whole(param));
            // Another name for a field is a word to look for in it.
            is_declared(&field).then_some((param, field, alias.is_some()))
        })
        .collect();
    call.cloud[GENERIC]
        .rows(&action.service.service, name)
        .filter(move |row| parent.is_none() || row.parent == parent)
        .filter(move |row| {
            given.iter().all(|(param, field, is_part)| {
                let own = row.fields.get(field).or_else(|| example.get(field));
                let own = own.unwrap_or(&Json::Null);
                let part = call.params.text(param).unwrap_or_default();
                if *is_part {
                    path::text(own).contains(part)
                } else {
                    is_wanted(call, param, own)
                }
            })
        })
}

/// A row as its list has it.
fn render(call: &Call, kinds: &[Listed<'_>], of: Listed<'_>, row: &Row) -> Json {
    let action = call.action;
    let (name, kind, rows) = of;
    let declared = answer::fields_at(action, rows);
    let example = examples(&action.service, kind).into_iter().next();
    let mut object = answer::completed(&action.service, declared, example.unwrap_or_default());
    if let Json::Object(fields) = &mut object {
        let mut known: Map<String, Json> = row.fields.clone();
        belong(call, kind, row, &mut known);
        answer::overlay(&action.service, declared, fields, &known);
    }
    let inner = kinds
        .iter()
        .filter(|(_, inner, _)| inner.parent.as_deref() == Some(name));
    for inner in inner {
        let Some(place) = inner.2.strip_prefix(&format!("{rows}.")) else {
            continue;
        };
        let below = call.cloud[GENERIC].rows(&action.service.service, inner.0);
        let below = below.filter(|below| below.parent.as_ref() == Some(&row.id));
        let below = below
            .map(|below| render(call, kinds, *inner, below))
            .collect();
        answer::put(&mut object, place, Json::Array(below));
    }
    object
}

/// The id of what a row belongs to, under the name that it has there.
fn belong(call: &Call, kind: &KindModel, row: &Row, known: &mut Map<String, Json>) {
    let parent = kind.parent.as_ref();
    let parent = parent.and_then(|name| call.action.service.kinds.get(name));
    if let (Some(parent), Some(id)) = (parent, &row.parent) {
        known.entry(parent.id.clone()).or_insert_with(|| json!(id));
    }
}

/// Puts rows into an answer: a page of them where the Action has pages of these.
fn put(call: &Call, answer: &mut Json, place: &str, rows: Vec<Json>) -> Result<(), Refusal> {
    let action = call.action;
    let paged = action.paginator.as_ref();
    if paged.is_none_or(|paginator| paginator.items != place) {
        answer::put(answer, place, Json::Array(rows));
        return Ok(());
    }
    let page = call.page(PAGE)?;
    let is_paged = paged.is_some_and(|paginator| paginator.page.is_some());
    let count = rows.len();
    let items = if is_paged {
        page.take(rows.into_iter())
    } else {
        rows
    };
    total_beside(answer, place, count);
    merge(answer, list_answer(action, page, count, items));
    Ok(())
}

/// How many there are, where it stands beside the items too.
fn total_beside(answer: &mut Json, items: &str, count: usize) {
    let Some((place, _)) = items.rsplit_once('.') else {
        return;
    };
    let pointer = format!("/{}", place.replace('.', "/"));
    let beside = answer.pointer_mut(&pointer).and_then(Json::as_object_mut);
    for (name, value) in beside.into_iter().flatten() {
        if value.is_number() && name.to_lowercase().starts_with("total") {
            *value = json!(count);
        }
    }
}

fn merge(into: &mut Json, from: Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Json::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}
