//! Tags.

use super::answers::done_at_once;
use super::state::CCS;
use crate::cloud::call::{Call, Handler};
use crate::cloud::listing::Listing;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateTag", create),
    ("DeleteTag", delete),
    ("AddInstancesTags", |call| {
        change(call, "AddTagIds", BTreeSet::insert)
    }),
    ("DeleteInstancesTags", |call| {
        change(call, "DelTagIds", |tags, tag| tags.remove(&tag))
    }),
];

/// The number that tags are counted from.
const FIRST_TAG: u64 = 257;

/// The tag of this name, made where there is none.
pub(super) fn ensure(cloud: &mut Cloud, name: &str) -> u64 {
    if let Some((id, _)) = cloud[CCS].tags.iter().find(|(_, known)| *known == name) {
        return *id;
    }
    let tags = &mut cloud.states[CCS].tags;
    let id = cloud
        .ids
        .number("tag", FIRST_TAG, |number| tags.contains_key(&number));
    tags.insert(id, name.to_owned());
    id
}

pub(super) const TAGS: Listing = Listing {
    action: "DescribeTags",
    rows: |call| {
        let tags = call.cloud[CCS].tags.iter();
        tags.map(|(id, name)| json!({"TagId": id, "TagName": name}))
            .collect()
    },
    filters: &[],
    page_size: u64::MAX,
};

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let name = call.params.required("TagName");
    if name.is_empty() || call.cloud[CCS].tags.values().any(|known| known == name) {
        return Err(call.malformed("TagName", "it is empty, or a tag has this name already"));
    }
    ensure(call.cloud, name);
    Ok(done_at_once())
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = known(call, call.params.required("TagId"))?;
    if let Some(user) = call.cloud[CCS]
        .instances
        .iter()
        .find(|instance| instance.tags.contains(&id))
    {
        return Err(Refusal::new(
            "20101",
            format!("The server {} still carries the tag", user.name),
        ));
    }
    call.cloud[CCS].tags.remove(&id);
    Ok(done_at_once())
}

fn change(
    call: &mut Call,
    name: &str,
    change: fn(&mut BTreeSet<u64>, u64) -> bool,
) -> Result<Json, Refusal> {
    let tags = call
        .params
        .parts(name)
        .into_iter()
        .map(|id| known(call, id))
        .collect::<Result<Vec<_>, _>>()?;
    for id in call.idle_instances(&call.params.parts("InstanceIds"))? {
        call.cloud.change_instance(&id, |instance| {
            for tag in &tags {
                change(&mut instance.tags, *tag);
            }
        });
    }
    Ok(done_at_once())
}

fn known(call: &Call, id: &str) -> Result<u64, Refusal> {
    let missing = || Refusal::new("InvalidTagId.NotFound", format!("There is no tag {id:?}"));
    id.parse()
        .ok()
        .filter(|id| call.cloud[CCS].tags.contains_key(id))
        .ok_or_else(missing)
}
