//! Regions and zones.

use super::arguments::filled;
use crate::cloud::call::{Call, Handler};
use crate::cloud::ids;
use crate::cloud::refusal::Refusal;
use cumulua_core::catalog::{Action, Labelled};
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("DescribeRegions", regions)];

/// Ids that the document's examples give; those of other regions and zones follow from their codes.
const KNOWN_IDS: &[(&str, &str)] = &[
    ("CN_Huhhot", "cdc9be22-a6f8-11eb-be28-ca1003d55bcc"),
    ("CN_Dongguan", "bd477d6e-7f42-11ec-9e90-36a0465df1a6"),
    ("CN_Suqian", "39c6ed64-8d5f-11ec-9247-5293695d0ddd"),
    ("CN_Hohhot_B", "e5aa47be-da46-11ec-bad2-defff767b3b5"),
    ("CN_Dongguan_A", "ab806602-7f44-11ec-a36f-325a386f61c1"),
    ("CN_Suqian_A", "f7c3c7a6-8d5f-11ec-9311-5293695d0ddd"),
    ("CN_Suqian_B", "09a38804-c1ee-11ec-bd22-4641dfd57315"),
];

const GROUP: (&str, &str) = ("408fd19e-fa78-11e6-bd9a-30b49e091019", "中国");

/// A zone of the edge sites.
pub(crate) struct Zone<'a> {
    pub(crate) code: &'a str,
    /// As the vendor calls it.
    pub(crate) name: &'a str,
    pub(crate) region: String,
    pub(crate) region_name: &'a str,
}

impl Zone<'_> {
    pub(crate) fn id(&self) -> String {
        id_of(self.code)
    }

    pub(crate) fn region_id(&self) -> String {
        id_of(&self.region)
    }
}

fn id_of(code: &str) -> String {
    let known = KNOWN_IDS.iter().find(|(known, _)| *known == code);
    known.map_or_else(|| ids::uuid(0, code, 0), |(_, id)| (*id).to_owned())
}

/// The zones of VPCs, in which elastic servers are sold.
pub(crate) fn zones(action: &Action) -> impl Iterator<Item = Zone<'_>> {
    table(action, "VpcZone")
        .iter()
        .filter_map(move |zone| of(action, zone))
}

/// A zone by its code.
pub(super) fn named<'a>(action: &'a Action, code: &str) -> Option<Zone<'a>> {
    table(action, "VpcZone")
        .iter()
        .find(|zone| zone.value == code)
        .and_then(|zone| of(action, zone))
}

fn of<'a>(action: &'a Action, zone: &'a Labelled) -> Option<Zone<'a>> {
    let code = zone.value.as_str()?;
    // The document spells two regions otherwise than their zones.
    let region = match code.rsplit_once('_').map_or(code, |(region, _)| region) {
        "CN_Hohhot" => "CN_Huhhot",
        "CN_Louyang" => "CN_Luoyang",
        region => region,
    };
    let known = table(action, "VpcRegion")
        .iter()
        .find(|known| known.value == region)?;
    Some(Zone {
        code,
        name: called(zone),
        region: region.to_owned(),
        region_name: called(known),
    })
}

fn called(entry: &Labelled) -> &str {
    entry.term.as_deref().unwrap_or(&entry.label)
}

fn table<'a>(action: &'a Action, name: &str) -> &'a [Labelled] {
    action
        .product
        .tables
        .get(name)
        .map_or(&[], |table| &table.values)
}

impl<'a> Call<'a> {
    /// The zone that a parameter names.
    pub(crate) fn edge_zone(&self, name: &str) -> Result<Zone<'a>, Refusal> {
        self.zone_of_code(filled(self, name)?)
    }

    /// The zone that a parameter names, where it names one.
    pub(crate) fn edge_zone_if_given(&self, name: &str) -> Result<Option<Zone<'a>>, Refusal> {
        self.params
            .text(name)
            .filter(|code| !code.is_empty())
            .map(|code| self.zone_of_code(code))
            .transpose()
    }

    /// A zone by its code.
    pub(crate) fn zone_of_code(&self, code: &str) -> Result<Zone<'a>, Refusal> {
        let missing = || {
            Refusal::new(
                "InvalidAvailableZone.NotFound",
                format!("There is no zone {code}"),
            )
        };
        named(self.action, code).ok_or_else(missing)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn regions(call: &mut Call) -> Result<Json, Refusal> {
    let mut regions: Vec<(String, Json)> = Vec::new();
    for zone in zones(call.action) {
        let view = json!({"AzId": zone.id(), "AzName": zone.name, "AvailableZoneCode": zone.code});
        let known = regions.iter_mut().find(|(code, _)| *code == zone.region);
        if let Some(zones) = known.and_then(|(_, region)| region["AzList"].as_array_mut()) {
            zones.push(view);
            continue;
        }
        let region = json!({
            "RegionId": zone.region_id(), "RegionName": zone.region_name, "RegionCode": zone.region, "AzList": [view],
        });
        regions.push((zone.region, region));
    }
    let regions: Vec<_> = regions.into_iter().map(|(_, region)| region).collect();
    Ok(
        json!({"Data": [{"RegionGroupId": GROUP.0, "RegionGroupName": GROUP.1, "RegionList": regions}]}),
    )
}
