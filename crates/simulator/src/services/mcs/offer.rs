//! Templates and instance types: what can be chosen from.

use super::filter;
use super::state::{InstanceType, MCS, Template};
use crate::cloud::call::{Call, Handler};
use crate::cloud::listing::Listing;
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] =
    &[("DescribeInstanceTypes", describe_instance_types)];

pub(super) const TEMPLATES: Listing = Listing {
    action: "DescribeTemplates",
    rows: |call| {
        call.cloud[MCS]
            .templates
            .iter()
            .map(template_json)
            .collect()
    },
    filters: &[],
    page_size: u64::MAX,
};

fn template_json(template: &Template) -> Json {
    json!({
        "templateId": template.id,
        "templateName": template.name,
        "size": template.size,
        "checksum": template.checksum,
        "status": template.status,
    })
}

fn describe_instance_types(call: &mut Call) -> Result<Json, Refusal> {
    let filter = filter::Filter::of(call, &["name"])?;
    let types = call.cloud[MCS]
        .instance_types
        .iter()
        .filter(|kind| filter.fits(|_| &kind.name));
    let set = filter::set(call, "InstanceType", types, type_json)?;
    Ok(json!({"InstanceTypeSet": set}))
}

fn type_json(kind: &InstanceType) -> Json {
    json!({
        "instanceTypeId": kind.id,
        "instanceType": kind.name,
        "cpu": kind.cpu,
        "memory": kind.memory,
        "volume": kind.volume,
        "internalBandwidth": kind.internal_bandwidth,
        "externalBandwidth": kind.external_bandwidth,
    })
}
