//! Metadata of machines: keys and values that a person can set.

use super::answers::done;
use super::state::MCS;
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] =
    &[("GetInstanceMetadata", get), ("PutInstanceMetadata", put)];

fn get(call: &mut Call) -> Result<Json, Refusal> {
    Ok(json!({"InstanceMetadata": call.instance_of_mcs()?.metadata}))
}

/// Keys that are not named keep their values, as the vendor's client says.
fn put(call: &mut Call) -> Result<Json, Refusal> {
    let (names, values) = (call.params.texts("Name"), call.params.texts("Value"));
    if names.len() != values.len() {
        return Err(call.malformed(
            "Value",
            &format!("{} names have {} values", names.len(), values.len()),
        ));
    }
    if let Some(name) = names.iter().find(|name| !can_be_element(name)) {
        return Err(call
            .malformed("Name", &format!("{name:?} is not a name: letters, digits, '_', '-' and '.' are, after a letter or '_'")));
    }
    let instance = call.instance_of_mcs()?;
    if let Some(instance) = call.cloud[MCS].instances.get_mut(&instance.id) {
        let pairs = names
            .into_iter()
            .zip(values)
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        instance.metadata.extend(pairs);
    }
    Ok(done())
}

/// The answers in XML have an element of this name.
fn can_be_element(name: &str) -> bool {
    let is_start = |character: char| character.is_ascii_alphabetic() || character == '_';
    let is_part = |character: char| {
        is_start(character) || character.is_ascii_digit() || "-.".contains(character)
    };
    name.starts_with(is_start) && name.chars().all(is_part) && name.len() <= 128
}
