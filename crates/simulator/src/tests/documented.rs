//! Answers held to the catalogue.

use crate::cloud::example::ENVELOPE;
use cumulua_core::catalog::{Action, Kind};
use serde_json::Value as Json;

/// Holds an answer to the fields that the catalogue declares, and to the document's example.
#[track_caller]
pub(crate) fn documented(action: &Action, answer: &Json) {
    for name in action.answer.example.as_object().unwrap().keys() {
        assert!(answer.get(name).is_some(), "{} lacks {name}", action.name);
    }
    let of_any = |name: &str| {
        ENVELOPE.contains(&name) || action.product.reply.iter().any(|field| field.name == name)
    };
    let known =
        |name: &str| of_any(name) || action.answer.fields.iter().any(|field| field.name == name);
    for (name, value) in answer.as_object().unwrap() {
        assert!(
            known(name),
            "{} answers {name}, which is not declared",
            action.name
        );
        if let Some(field) = action
            .answer
            .fields
            .iter()
            .find(|field| field.name == *name)
        {
            fields_fit(action, field, value, name);
        }
    }
}

fn fields_fit(action: &Action, field: &cumulua_core::catalog::Field, value: &Json, at: &str) {
    let declared = action.service.fields_of(field);
    // A map's keys are free; what stands below them is declared.
    let values: Vec<_> = match value {
        Json::Object(map) if field.kinds.as_slice().contains(&Kind::Map) => map.values().collect(),
        value => vec![value],
    };
    let objects = values.into_iter().flat_map(|value| {
        value
            .as_array()
            .map_or_else(|| vec![value], |items| items.iter().collect())
    });
    for object in objects
        .filter_map(Json::as_object)
        .filter(|_| !declared.is_empty())
    {
        for (name, value) in object {
            let inner = declared.iter().find(|inner| inner.name == *name);
            let inner =
                inner.unwrap_or_else(|| panic!("{}: {at}.{name} is not declared", action.name));
            fields_fit(action, inner, value, &format!("{at}.{name}"));
        }
    }
}
