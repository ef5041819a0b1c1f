//! What can be seen of machines.

use super::filter;
use super::public_key::PublicKey;
use super::state::{Instance, MCS};
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_rfc3339;
use crate::cloud::ids;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeInstances", instances),
    ("DescribeInstanceStatus", status),
    ("DescribeInstanceVolumes", volumes),
    ("DescribeInstanceNetworkInterfaces", interfaces),
    ("GetPasswordData", password),
];

/// How many characters a first password has, as in the document's example.
const PASSWORD_LENGTH: usize = 12;

fn instances(call: &mut Call) -> Result<Json, Refusal> {
    let cloud = &*call.cloud;
    let filter = filter::Filter::of(call, &["name", "status"])?
        .and("id", call.params.texts("InstanceId"))
        .and("name", call.params.texts("InstanceName"));
    let describe = |instance| instance_json(cloud, instance);
    let all = cloud[MCS].instances.iter();
    let set = if filter.is_open() {
        filter::page(call, "Instance", all.len(), all, describe)?
    } else {
        let wanted = |instance: &&Instance| {
            filter.fits(|field| match field {
                "id" => &instance.id,
                "name" => &instance.name,
                _ => cloud.mcs_status(instance),
            })
        };
        let found: Vec<_> = all.filter(wanted).collect();
        filter::page(call, "Instance", found.len(), found.into_iter(), describe)?
    };
    Ok(json!({"InstanceSet": set}))
}

/// A machine as the document's tables describe it.
pub(super) fn instance_json(cloud: &Cloud, instance: &Instance) -> Json {
    let kind = cloud[MCS].instance_types.get(&instance.type_id);
    json!({
        "instanceId": instance.id,
        "instanceName": instance.name,
        "instanceType": kind.map(|kind| &kind.name),
        "instanceTypeId": instance.type_id,
        "status": cloud.mcs_status(instance),
        "cpu": kind.map_or(0, |kind| kind.cpu),
        "memory": kind.map_or(0, |kind| kind.memory),
        "volume": instance.disks.iter().map(|disk| disk.size).fold(0, u64::saturating_add),
        "ipAddresses": address(instance),
    })
}

fn address(instance: &Instance) -> String {
    instance
        .address
        .map(|address| address.to_string())
        .unwrap_or_default()
}

fn status(call: &mut Call) -> Result<Json, Refusal> {
    let instance = call.instance_of_mcs()?;
    Ok(json!({"InstanceStatus": {"status": call.cloud.mcs_status(&instance)}}))
}

fn volumes(call: &mut Call) -> Result<Json, Refusal> {
    let instance = call.instance_of_mcs()?;
    let disks = instance.disks.iter().enumerate().map(|(index, disk)| {
        json!({
            "instanceId": instance.id,
            "instanceName": instance.name,
            "volumeId": disk.id,
            "volumeName": disk.name,
            "volumeSize": disk.size,
            "cacheMode": "none",
            "driver": "virtio",
            "index": index,
        })
    });
    Ok(json!({"InstanceVolumeSet": {"InstanceVolume": disks.collect::<Vec<_>>()}}))
}

/// The one interface, on the public network.
fn interfaces(call: &mut Call) -> Result<Json, Refusal> {
    let instance = call.instance_of_mcs()?;
    let mcs = &call.cloud[MCS];
    let interface = json!({
        "instanceId": instance.id,
        "instanceName": instance.name,
        "networkId": mcs.network.id,
        "networkName": mcs.network.name,
        "ipAddress": address(&instance),
        "macAddress": instance.mac,
        "bandwidth": mcs.instance_types.get(&instance.type_id).map_or(0, |kind| kind.external_bandwidth),
        "driver": "virtio",
        "index": 0,
    });
    Ok(json!({"InstanceNetworkInterfaceSet": {"InstanceNetworkInterface": [interface]}}))
}

/// The first password. It is nowhere in the state: it follows from the seed and from when it was
/// made.
fn password(call: &mut Call) -> Result<Json, Refusal> {
    let instance = call.instance_of_mcs()?;
    let account = call.cloud[MCS]
        .templates
        .get(&instance.template_id)
        .map_or("root", |template| template.account.as_str());
    let draw = |number| {
        ids::uuid(
            call.cloud.ids.seed(),
            &format!("password {} {}", instance.id, instance.password_made),
            number,
        )
    };
    let plain: String = draw(0)
        .bytes()
        .chain(draw(1).bytes())
        .filter(u8::is_ascii_alphanumeric)
        .take(PASSWORD_LENGTH)
        .map(char::from)
        .collect();
    let mut answer = json!({"timestamp": format_rfc3339(instance.password_made), "account": account, "passwordData": plain});
    if let Some(key) = &instance.key {
        let public =
            PublicKey::parse(&key.public_key).map_err(|why| call.malformed("InstanceId", why))?;
        answer["passwordData"] = json!(public.encrypt(&plain, &draw(2)));
        answer["keypairId"] = json!(key.id);
        answer["keypairName"] = json!(key.name);
    }
    Ok(answer)
}
