//! A server as the document's example of `DescribeInstances` shows it.

use super::state::{CCS, Disk, Instance, Interface};
use crate::cloud::format::format_time;
use crate::cloud::state::Cloud;
use crate::services::vdc::VDC;
use serde::{Serialize, Serializer};
use std::net::Ipv4Addr;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServerView<'a> {
    instance_id: &'a str,
    instance_name: &'a str,
    instance_status: &'a str,
    instance_charge_type: &'a str,
    instance_charge_status: &'static str,
    region_id: Option<&'a str>,
    vdc_id: &'a str,
    vdc_name: Option<&'a str>,
    cpu: u64,
    ram: u64,
    disks: Disks<'a>,
    create_time: String,
    public_network_interface: Vec<Card<'a>>,
    private_network_interface: Vec<Card<'a>>,
    tags: Vec<Tag<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Disks<'a> {
    system_disk: SystemDisk<'a>,
    data_disks: Vec<DataDisk<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SystemDisk<'a> {
    #[serde(rename = "IOPS")]
    iops: u64,
    size: u64,
    disk_type: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DataDisk<'a> {
    disk_id: &'a str,
    size: u64,
    disk_type: &'a str,
    iops: u64,
    iops_size: u64,
}

/// A network interface.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Card<'a> {
    interface_id: &'a str,
    name: &'a str,
    #[serde(rename = "IP")]
    ip: OrEmpty,
    #[serde(rename = "MAC")]
    mac: &'a str,
    connected: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_id: Option<&'a str>,
    #[serde(rename = "IPv6", skip_serializing_if = "Option::is_none")]
    ipv6: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tag<'a> {
    tag_id: String,
    tag_name: Option<&'a str>,
}

/// An address, or an empty text.
struct OrEmpty(Option<Ipv4Addr>);

impl Serialize for OrEmpty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(address) => address.serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }
}

impl<'a> ServerView<'a> {
    pub(super) fn of(cloud: &'a Cloud, server: &'a Instance) -> Self {
        let vdc = cloud[VDC].vdcs.get(&server.vdc_id);
        let (mut public, mut private) = (Vec::new(), Vec::new());
        for own in &server.interfaces {
            let Some(network) = cloud[VDC].networks.get(&own.network) else {
                continue;
            };
            let list = if network.is_public() {
                &mut public
            } else {
                &mut private
            };
            list.push(Card::of(own, &network.name, network.is_public()));
        }
        let tag = |id: &u64| Tag {
            tag_id: id.to_string(),
            tag_name: cloud[CCS].tags.get(id).map(String::as_str),
        };
        Self {
            instance_id: &server.id,
            instance_name: &server.name,
            instance_status: cloud.instance_status(server),
            instance_charge_type: &server.charge_type,
            instance_charge_status: "success",
            region_id: vdc.map(|vdc| vdc.region.as_str()),
            vdc_id: &server.vdc_id,
            vdc_name: vdc.map(|vdc| vdc.name.as_str()),
            cpu: server.cpu,
            ram: server.ram,
            disks: Disks {
                system_disk: SystemDisk {
                    iops: server.system.iops(),
                    size: server.system.size,
                    disk_type: &server.system.kind,
                },
                data_disks: server.disks.iter().map(DataDisk::of).collect(),
            },
            create_time: format_time(server.created),
            public_network_interface: public,
            private_network_interface: private,
            tags: server.tags.iter().map(tag).collect(),
        }
    }
}

impl<'a> DataDisk<'a> {
    fn of(disk: &'a Disk) -> Self {
        Self {
            disk_id: &disk.id,
            size: disk.size,
            disk_type: &disk.kind,
            iops: disk.iops(),
            iops_size: disk.packages,
        }
    }
}

impl<'a> Card<'a> {
    fn of(own: &'a Interface, network: &'a str, is_public: bool) -> Self {
        Self {
            interface_id: &own.id,
            name: network,
            ip: OrEmpty(own.address),
            mac: &own.mac,
            connected: u8::from(own.connected),
            public_id: is_public.then_some(&*own.network),
            ipv6: is_public.then(|| own.ipv6.as_deref().unwrap_or_default()),
            private_id: (!is_public).then_some(&*own.network),
        }
    }
}
