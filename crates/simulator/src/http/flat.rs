//! Parameters that travel as flat pairs (`InstanceId.1`, `Filter.1.Value.2`), read as the catalogue
//! declares them.

use crate::cloud::refusal::Refusal;
use cumulua_core::catalog::{Action, Kind, Param};
use cumulua_core::json;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// The Action's parameters out of pairs; what the Action does not know is passed over.
pub(crate) fn unfold<T: AsRef<str>>(
    action: &Action,
    pairs: &[(T, T)],
) -> Result<Map<String, Json>, Refusal> {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (name.as_ref(), value.as_ref()))
        .collect();
    fields(action, &action.params, &pairs)
}

/// Whether a pair of this name is a parameter of the Action, or a part of one.
pub(crate) fn is_known(params: &[Param], name: &str) -> bool {
    params.iter().any(|param| {
        let Some(rest) = name.strip_prefix(&param.name) else {
            return false;
        };
        let Some(below) = rest.strip_prefix('.') else {
            return rest.is_empty();
        };
        let (number, rest) = below.split_once('.').unwrap_or((below, ""));
        match param.kind {
            Kind::List if number.parse::<u32>().is_ok() => {
                rest.is_empty() || is_known(&param.fields, rest)
            }
            Kind::String => below.parse::<u32>().is_ok(),
            Kind::Object => is_known(&param.fields, below),
            _ => false,
        }
    })
}

fn fields(
    action: &Action,
    params: &[Param],
    pairs: &[(&str, &str)],
) -> Result<Map<String, Json>, Refusal> {
    let mut given = Map::new();
    for param in params {
        if let Some((_, value)) = pairs.iter().rev().find(|(name, _)| *name == param.name) {
            given.insert(param.name.clone(), from_text(action, param, value)?);
            continue;
        }
        let below = pairs.iter().filter_map(|(name, value)| {
            Some((name.strip_prefix(&param.name)?.strip_prefix('.')?, *value))
        });
        let below: Vec<_> = below.collect();
        if below.is_empty() {
            continue;
        }
        match param.kind {
            Kind::List => given.insert(param.name.clone(), list(action, param, &below)?),
            // The vendor's client numbers the elements of a list also where the document joins them
            // by commas.
            Kind::String => given.insert(param.name.clone(), joined(&below)),
            Kind::Object => given.insert(
                param.name.clone(),
                fields(action, &param.fields, &below)?.into(),
            ),
            _ => None,
        };
    }
    Ok(given)
}

/// The elements by their numbers, from 0 or from 1.
fn list(action: &Action, param: &Param, below: &[(&str, &str)]) -> Result<Json, Refusal> {
    let mut elements: BTreeMap<u32, Vec<(&str, &str)>> = BTreeMap::new();
    for (name, value) in below {
        let (number, rest) = name.split_once('.').unwrap_or((name, ""));
        if let Ok(number) = number.parse() {
            elements.entry(number).or_default().push((rest, value));
        }
    }
    let element = |parts: Vec<(&str, &str)>| match parts.as_slice() {
        [("", value)] => scalar(action, param, param.of.unwrap_or(Kind::String), value),
        _ => fields(action, &param.fields, &parts).map(Json::Object),
    };
    elements.into_values().map(element).collect()
}

fn joined(below: &[(&str, &str)]) -> Json {
    let mut parts: Vec<(u32, &str)> = below
        .iter()
        .filter_map(|(number, part)| Some((number.parse().ok()?, *part)))
        .collect();
    parts.sort_unstable();
    parts
        .into_iter()
        .map(|(_, part)| part)
        .collect::<Vec<_>>()
        .join(",")
        .into()
}

/// A whole parameter in one text: a list is a JSON array or joined by commas.
fn from_text(action: &Action, param: &Param, text: &str) -> Result<Json, Refusal> {
    if param.kind == Kind::List && !text.trim_start().starts_with('[') {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        return parts
            .map(|part| scalar(action, param, param.of.unwrap_or(Kind::String), part))
            .collect();
    }
    scalar(action, param, param.kind, text)
}

fn scalar(action: &Action, param: &Param, kind: Kind, text: &str) -> Result<Json, Refusal> {
    let wrong = || {
        Refusal::malformed(
            action,
            &param.name,
            format!("it is not of the type {}", kind.as_str()),
        )
    };
    match kind {
        Kind::String | Kind::Any | Kind::File => Ok(text.into()),
        Kind::Boolean => text
            .to_ascii_lowercase()
            .parse()
            .map(Json::Bool)
            .map_err(|_| wrong()),
        _ => json::parse(text).map_err(|_| wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_known, unfold};
    use cumulua_core::catalog::Catalog;
    use serde_json::json;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn lists_and_filters_are_put_together_in_the_order_of_their_numbers() {
        let action = Catalog::default().action("mcs.DescribeInstances").unwrap();
        let given = pairs(&[
            ("InstanceId.10", "c"),
            ("InstanceId.2", "b"),
            ("InstanceId.1", "a"),
            ("Limit", "5"),
            ("Filter.1.Name", "status"),
            ("Filter.1.Value.1", "ready"),
            ("Filter.1.Value.2", "active"),
            ("Unknown.1", "x"),
        ]);
        let expected = json!({"InstanceId": ["a", "b", "c"], "Limit": 5, "Filter": [{"Name": "status", "Value": ["ready", "active"]}]});
        assert_eq!(json!(unfold(&action, &given).unwrap()), expected);
        assert!(unfold(&action, &pairs(&[("Limit", "many")])).is_err());
        let unknown = given
            .iter()
            .filter(|(name, _)| !is_known(&action.params, name));
        assert_eq!(unknown.collect::<Vec<_>>(), [&given[7]]);
        for name in [
            "Filter.1.Other",
            "Filter.one.Name",
            "Limit.1",
            "InstanceIds.1",
        ] {
            assert!(!is_known(&action.params, name), "{name}");
        }
    }

    #[test]
    fn a_list_that_is_documented_as_joined_may_be_numbered() {
        let action = Catalog::default().action("cds.ccs.StopInstances").unwrap();
        let given = unfold(
            &action,
            &pairs(&[
                ("InstanceIds.1", "b"),
                ("InstanceIds.0", "a"),
                ("Other.0", "c"),
            ]),
        )
        .unwrap();
        assert_eq!(json!(given), json!({"InstanceIds": "a,b"}));
    }
}
