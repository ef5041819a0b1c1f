//! What can be seen of servers.

use super::arguments::{filled, ids};
use super::state::{Billing, ECS, LocalDisk, Server};
use super::{Power, family, zone};
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::services::ebs::Disk;
use crate::services::vpc::{Net, VPC};
use cumulua_core::catalog::Action;
use serde_json::{Map, Value as Json, json};
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeInstanceList", list),
    ("DescribeInstance", one),
    ("DescribeInstanceStatus", states),
    ("DescribeInstanceVncUrl", console),
];

/// When on-demand servers are paid until, as the document writes it.
const NEVER: &str = "2099-01-01 00:00:00";

/// The account's number, as in the document's example.
const CUSTOMER: &str = "E104616";

/// How many servers a page has where only its number is given; the document does not say.
const PAGE_SIZE: u64 = 20;

fn list(call: &mut Call) -> Result<Json, Refusal> {
    let zone = call
        .edge_zone_if_given("AvailableZoneCode")?
        .map(|zone| zone.code);
    let cloud = &*call.cloud;
    let given = |name: &str| call.params.text(name).filter(|text| !text.is_empty());
    let vpc = given("VpcId");
    if let Some(vpc) = vpc {
        cloud.check_ecs_vpc(vpc)?;
    }
    let word = given("SearchInfo");
    let fits = |server: &&Server| {
        let has_word = |word: &str| {
            server.id == word || server.name.contains(word) || server.address.to_string() == word
        };
        zone.is_none_or(|code| code == server.zone)
            && vpc.is_none_or(|vpc| cloud.ecs_vpc_of(server).is_some_and(|own| own == vpc))
            && word.is_none_or(has_word)
    };
    let is_open = zone.is_none() && vpc.is_none() && word.is_none();
    let count = if is_open {
        cloud[ECS].servers.len()
    } else {
        cloud[ECS].servers.iter().filter(fits).count()
    };
    let is_paged =
        call.params.count("PageNumber").is_some() || call.params.count("PageSize").is_some();
    let page = if is_paged {
        call.page(PAGE_SIZE)?
    } else {
        call.page(count as u64)?
    };
    let views: Vec<_> = page
        .take(cloud[ECS].servers.iter().filter(fits))
        .into_iter()
        .map(|server| in_list(call.action, cloud, server))
        .collect();
    let size = if is_paged { page.size } else { count as u64 };
    Ok(
        json!({"PageNumber": page.number, "PageSize": size, "TotalCount": count, "Data": {"EcsList": views}}),
    )
}

fn one(call: &mut Call) -> Result<Json, Refusal> {
    let server = call.cloud.ecs_server(filled(call, "EcsId")?)?;
    Ok(json!({"Data": in_full(call.action, call.cloud, server)}))
}

fn states(call: &mut Call) -> Result<Json, Refusal> {
    let mut states = Map::new();
    for id in ids(call, "EcsIds")? {
        let status = call.cloud.ecs_status(call.cloud.ecs_server(&id)?);
        states.insert(
            id,
            json!({"Status": status, "StatusDisplay": status_display(status)}),
        );
    }
    Ok(json!({"Data": {"EcsStatus": states}}))
}

fn console(call: &mut Call) -> Result<Json, Refusal> {
    let id = filled(call, "EcsId")?;
    let server = call.cloud.idle_ecs_server(id)?;
    if server.power != Power::Running {
        return Err(call.cloud.wrong_state(server));
    }
    let token = call.cloud.ids.uuid();
    Ok(
        json!({"Data": {"InstanceVncUrl": format!("http://vnc.capitalonline.net/{id}?token={token}")}}),
    )
}

fn status_display(status: &str) -> &'static str {
    match status {
        "building" => "创建中",
        "running" => "运行中",
        "restarting" => "重启中",
        "shutting_down" => "关机中",
        "shutdown" => "已关机",
        "starting_up" => "开机中",
        "deleting" => "删除中",
        "creating_image" => "创建镜像中",
        _ => "更新中",
    }
}

/// What both ways of showing a server have in common.
struct ServerView<'a> {
    server: &'a Server,
    net: Option<&'a Net>,
    vpc_id: &'a str,
    vpc_name: &'a str,
    vpc_created: String,
    status: &'static str,
    zone_id: String,
    zone_name: &'a str,
    region_id: String,
    region_name: &'a str,
    method: &'static str,
    method_name: &'static str,
    end: String,
    renews: &'static str,
}

impl<'a> ServerView<'a> {
    fn of(action: &'a Action, cloud: &'a Cloud, server: &'a Server) -> Self {
        let zone = zone::named(action, &server.zone);
        let (method, method_name, end, renews) = match &server.billing {
            Billing::OnDemand => ("0", "按需计费", NEVER.to_owned(), "1"),
            Billing::Prepaid { until, renews, .. } => (
                "1",
                "包年包月",
                format_time(*until),
                if *renews { "1" } else { "0" },
            ),
        };
        let net = cloud[VPC].nets.get(&server.subnet_id);
        let vpc = net.and_then(|net| cloud[VPC].vpcs.get(&net.vpc_id));
        Self {
            server,
            net,
            vpc_id: vpc.map_or("", |vpc| &vpc.id),
            vpc_name: vpc.map_or("", |vpc| &vpc.name),
            vpc_created: vpc.map_or_else(String::new, |vpc| format_time(vpc.created)),
            status: cloud.ecs_status(server),
            zone_id: zone.as_ref().map_or_else(String::new, super::Zone::id),
            zone_name: zone.as_ref().map_or("", |zone| zone.name),
            region_id: zone
                .as_ref()
                .map_or_else(String::new, super::Zone::region_id),
            region_name: zone.as_ref().map_or("", |zone| zone.region_name),
            method,
            method_name,
            end,
            renews,
        }
    }

    /// The address in the default egress gateway, and those in the other ones.
    fn exits(&self) -> (String, Vec<Ipv4Addr>) {
        let exits = &self.server.exits;
        let default = exits
            .iter()
            .find(|exit| exit.is_default)
            .map_or_else(String::new, |exit| exit.address.to_string());
        (
            default,
            exits
                .iter()
                .filter(|exit| !exit.is_default)
                .map(|exit| exit.address)
                .collect(),
        )
    }

    /// The public address behind each address; with the bandwidth that it may use where that is
    /// wanted.
    fn eips(&self, action: &Action, cloud: &Cloud, with_bandwidth: bool) -> Map<String, Json> {
        let own = std::iter::once((&self.server.subnet_id, self.server.address));
        let own = own.chain(
            self.server
                .exits
                .iter()
                .map(|exit| (&exit.network, exit.address)),
        );
        own.map(|(network, address)| {
            let eip = cloud.eip_at(network, address);
            let line = eip.and_then(|eip| cloud.line_of(eip));
            let carrier = line.map_or_else(String::new, |line| carrier_name(action, &line.carrier));
            let mut view = json!({"ConfName": carrier, "EipIp": eip.map_or_else(String::new, |eip| eip.address.to_string())});
            if with_bandwidth {
                view["CurrentUseQos"] = json!(line.map_or_else(String::new, |line| line.qos.to_string()));
            }
            (address.to_string(), view)
        })
        .collect()
    }
}

fn carrier_name(action: &Action, carrier: &str) -> String {
    let table = action
        .product
        .tables
        .get("VpcBandwidth")
        .map_or(&[][..], |table| &table.values);
    let known = table.iter().find(|known| known.value == carrier);
    known.map_or_else(
        || carrier.to_owned(),
        |known| known.term.clone().unwrap_or_else(|| known.label.clone()),
    )
}

fn in_list(action: &Action, cloud: &Cloud, server: &Server) -> Json {
    let view = ServerView::of(action, cloud, server);
    let family = family::known(&server.family);
    let is_gpu = server.gpu > 0;
    let local = server.local_disks.iter().find(|disk| disk.is_system);
    let system = local.map(|disk| disk.size).or_else(|| {
        cloud
            .ebs_disks_of(&server.id)
            .find(|disk| disk.is_system())
            .map(|disk| disk.size)
    });
    let (public, others) = view.exits();
    json!({
        "EcsId": server.id,
        "EcsName": server.name,
        "VpcId": view.vpc_id,
        "VpcName": view.vpc_name,
        "Status": view.status,
        "StatusDisplay": status_display(view.status),
        "AzId": view.zone_id,
        "AzName": view.zone_name,
        "RegionId": view.region_id,
        "RegionName": view.region_name,
        "PrivateNet": server.address,
        "PubNet": public,
        "VirtualNet": others,
        "EipInfo": view.eips(action, cloud, false),
        "CreateTime": format_time(server.created),
        "EndBillTime": view.end,
        "IsAutoRenewal": view.renews,
        "IsGpu": is_gpu,
        "CardName": family.map_or("", |family| family.card),
        "CpuSize": server.cpu,
        "RamSize": server.ram,
        "GpuSize": server.gpu,
        "BillingMethodName": view.method_name,
        "BillingMethod": view.method,
        "OsType": server.os.kind,
        "OsVersion": server.os.version,
        "ImageName": server.os.image_name,
        "OsBit": server.os.bits,
        "CustomerId": CUSTOMER,
        "SystemDiskType": if local.is_some() { "本地盘" } else { "云盘" },
        "SystemDiskFeature": if local.is_some() { "local" } else { "ssd" },
        "SystemDiskSize": system.unwrap_or(0),
        "SupportGpuDriver": family.map_or("", |family| family.driver),
        "SpecFamilyId": family.map_or("", |family| family.id),
        "EcsFamilyName": server.family,
    })
}

fn in_full(action: &Action, cloud: &Cloud, server: &Server) -> Json {
    let view = ServerView::of(action, cloud, server);
    let months = if let Billing::Prepaid { months, .. } = server.billing {
        months
    } else {
        0
    };
    let is_gpu = server.gpu > 0;
    let (public, others) = view.exits();
    let mut system = Json::Null;
    let mut data = Vec::new();
    for disk in &server.local_disks {
        let view = local_disk(disk);
        if disk.is_system {
            system = view;
        } else {
            data.push(view);
        }
    }
    for disk in cloud.ebs_disks_of(&server.id) {
        let view = cloud_disk(disk);
        if disk.is_system() {
            system = view;
        } else {
            data.push(view);
        }
    }
    json!({
        "EcsId": server.id,
        "EcsName": server.name,
        "RegionId": view.region_id,
        "RegionName": view.region_name,
        "AzId": view.zone_id,
        "AzName": view.zone_name,
        "Status": view.status,
        "StatusDisplay": status_display(view.status),
        "CreateTime": format_time(server.created),
        "Duration": months,
        "EndBillTime": view.end,
        "IsAutoRenewal": view.renews,
        "TimeZone": if server.is_utc { "UTC" } else { "UTC+8" },
        "IsGpu": is_gpu,
        // The document's example has it where its table has IsGpu.
        "IsRam": is_gpu,
        // The units of memory and GPUs are exchanged in the document's example.
        "EcsRule": {
            "Name": server.family, "CpuNum": server.cpu, "CpuUnit": "核", "Ram": server.ram, "RamUnit": "个",
            "Gpu": server.gpu, "GpuUnit": "GiB",
        },
        "OsInfo": {
            "ImageId": server.os.image_id, "ImageName": server.os.image_name, "OsType": server.os.kind, "Bit": server.os.bits,
            "Version": server.os.version,
        },
        "Disk": {"SystemDiskConf": system, "DataDiskConf": data},
        "Pipe": {
            "VpcName": view.vpc_name,
            "VpcId": view.vpc_id,
            "SubnetId": server.subnet_id,
            "SubnetName": view.net.map_or("", |net| &net.name),
            "CreateTime": view.vpc_created,
            "PrivateNet": server.address,
            "PubNet": public,
            "VirtualNet": others,
            "EipInfo": view.eips(action, cloud, true),
        },
        "BillingInfo": {
            "BillingMethod": view.method,
            "BillingMethodName": view.method_name,
            "BillingStatus": "正常",
            "BillCycleId": if months >= 12 { "year" } else { "month" },
        },
    })
}

fn local_disk(disk: &LocalDisk) -> Json {
    // Local disks go with their server.
    disk_view(
        true,
        disk.is_system,
        &disk.name,
        disk.size,
        &disk.id,
        "local",
    )
}

fn cloud_disk(disk: &Disk) -> Json {
    disk_view(
        disk.releases,
        disk.is_system(),
        &disk.name,
        disk.size,
        &disk.id,
        "ssd",
    )
}

fn disk_view(
    releases: bool,
    is_system: bool,
    name: &str,
    size: u64,
    id: &str,
    feature: &str,
) -> Json {
    let mut view = json!({
        "ReleaseWithInstance": u8::from(releases),
        "DiskType": if is_system { "system" } else { "data" },
        "Name": name,
        "Size": size,
        // 2520 and 96 for 24 GB, as in the document's example.
        "DiskIops": (1800 + 30 * size).min(25_000),
        "BandMbps": (84 + size / 2).min(260),
        "Unit": "GB",
        "DiskFeature": feature,
    });
    view[if is_system { "DiskId" } else { "Id" }] = json!(id);
    view
}
