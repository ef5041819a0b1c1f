//! Answers in their documented form: the document's example, completed by the fields that it lacks.

use crate::cloud::example::ENVELOPE;
use cumulua_core::catalog::{Action, Field, Kind, ServiceModel, path};
use serde_json::{Map, Value as Json, json};

/// How deep fields are completed; a shape may hold itself.
const DEEPEST: usize = 6;

/// The whole answer in its form. Texts of the envelope are left to it.
pub(super) fn form(action: &Action) -> Json {
    let mut answer = action.answer.example.clone();
    if let Json::Object(fields) = &mut answer {
        complete(&action.service, &action.answer.fields, fields, DEEPEST);
        fields.retain(|name, value| !(ENVELOPE.contains(&name.as_str()) && value.is_string()));
    }
    answer
}

/// The fields that stand at a path of the answer.
pub(super) fn fields_at<'a>(action: &'a Action, place: &str) -> &'a [Field] {
    let mut fields = action.answer.fields.as_slice();
    for part in place.split('.') {
        let name = part.trim_end_matches("[]");
        let field = fields.iter().find(|field| field.name == name);
        fields = field.map_or(&[], |field| action.service.fields_of(field));
    }
    fields
}

/// An object with all of its declared fields.
pub(super) fn completed(service: &ServiceModel, fields: &[Field], of: Map<String, Json>) -> Json {
    let mut object = of;
    complete(service, fields, &mut object, DEEPEST);
    Json::Object(object)
}

fn complete(
    service: &ServiceModel,
    fields: &[Field],
    object: &mut Map<String, Json>,
    depth: usize,
) {
    for field in fields {
        let value = object
            .entry(field.name.clone())
            .or_insert_with(|| plain(field));
        let inner = service.fields_of(field);
        // The keys of a map are the service's own.
        if depth == 0 || inner.is_empty() || field.kinds.as_slice().contains(&Kind::Map) {
            continue;
        }
        match value {
            Json::Object(object) => complete(service, inner, object, depth - 1),
            Json::Array(items) => {
                for object in items.iter_mut().filter_map(Json::as_object_mut) {
                    complete(service, inner, object, depth - 1);
                }
            }
            _ => {}
        }
    }
}

/// A value of a field's type.
fn plain(field: &Field) -> Json {
    let example = field.example.clone();
    let known = field.values.first().map(|value| value.value().clone());
    let given = example.or(known).filter(|value| fits(field, value));
    given.unwrap_or_else(|| match field.kinds.as_slice().first() {
        Some(Kind::String | Kind::File) => json!(""),
        Some(Kind::Integer | Kind::Number) => json!(0),
        Some(Kind::Boolean) => json!(false),
        Some(Kind::List) => json!([]),
        Some(Kind::Object | Kind::Map) => json!({}),
        Some(Kind::Any) | None => Json::Null,
    })
}

/// Puts what is known into an object, as far as it is declared there and of its type.
pub(super) fn overlay(
    service: &ServiceModel,
    declared: &[Field],
    object: &mut Map<String, Json>,
    known: &Map<String, Json>,
) {
    for field in declared {
        let value = known.get(&field.name);
        if let Some(value) = value.and_then(|value| as_of(service, field, value)) {
            object.insert(field.name.clone(), value);
        }
    }
    // What a call gave can lack fields that answers have.
    complete(service, declared, object, DEEPEST);
}

/// A value as a field has it: numbers become texts and texts numbers, and of an object there is what
/// is declared.
fn as_of(service: &ServiceModel, field: &Field, value: &Json) -> Option<Json> {
    let inner = service.fields_of(field);
    let object = |fields: &Map<String, Json>| {
        let declared = inner.iter().filter_map(|inner| {
            let value = as_of(service, inner, fields.get(&inner.name)?)?;
            Some((inner.name.clone(), value))
        });
        Json::Object(declared.collect())
    };
    let kinds = field.kinds.as_slice();
    match value {
        Json::Object(fields) if !inner.is_empty() && kinds.contains(&Kind::Object) => {
            Some(object(fields))
        }
        Json::Array(items) if !inner.is_empty() && kinds.contains(&Kind::List) => {
            let items = items.iter().map(|item| Some(object(item.as_object()?)));
            items.collect::<Option<Vec<_>>>().map(Json::Array)
        }
        _ if fits(field, value) => Some(value.clone()),
        Json::Number(number) if kinds.contains(&Kind::String) => Some(json!(number.to_string())),
        Json::String(text) if kinds.contains(&Kind::Integer) => {
            text.parse::<i64>().ok().map(|number| json!(number))
        }
        Json::Bool(is) if kinds.contains(&Kind::Integer) => Some(json!(i64::from(*is))),
        _ => None,
    }
}

fn fits(field: &Field, value: &Json) -> bool {
    field.kinds.as_slice().iter().any(|kind| match value {
        Json::Array(items) => {
            let holds = |item: &Json| field.of.is_none_or(|of| of.holds(item));
            *kind == Kind::List && items.iter().all(holds)
        }
        other => kind.holds(other),
    })
}

/// Puts what is known of a thing into every object of an answer that has its id's field.
pub(super) fn overlay_where(
    action: &Action,
    declared: &[Field],
    value: &mut Json,
    id: &str,
    known: &Map<String, Json>,
) {
    match value {
        Json::Array(items) => {
            for item in items {
                overlay_where(action, declared, item, id, known);
            }
        }
        Json::Object(object) => {
            if object.contains_key(id) {
                overlay(&action.service, declared, object, known);
                return;
            }
            for (name, inner) in object.iter_mut() {
                if let Some(field) = declared.iter().find(|field| field.name == *name) {
                    overlay_where(action, action.service.fields_of(field), inner, id, known);
                }
            }
        }
        _ => {}
    }
}

/// Puts ids at a path: all of them where it is a list, the first one otherwise, as the example has
/// them.
pub(super) fn put_ids(answer: &mut Json, place: &str, ids: &[String]) {
    let example = path::first(answer, place);
    let is_number = example.is_some_and(Json::is_number);
    let id = |id: &String| {
        let number = id.parse::<u64>().ok().filter(|_| is_number);
        number.map_or_else(|| json!(id), |number| json!(number))
    };
    let value = if place.ends_with("[]") {
        Json::Array(ids.iter().map(id).collect())
    } else {
        ids.first().map(id).unwrap_or_default()
    };
    put(answer, place, value);
}

/// Puts a value at a path of keys.
pub(super) fn put(answer: &mut Json, place: &str, value: Json) {
    let mut at = answer;
    for key in place.split('.') {
        let key = key.trim_end_matches("[]");
        if !at.is_object() {
            *at = json!({});
        }
        at = &mut at[key];
    }
    *at = value;
}
