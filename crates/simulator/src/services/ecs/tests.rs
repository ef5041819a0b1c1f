use crate::tests::documented::documented;
use crate::tests::{TestCloud, advance, merge};
use crate::{
    EDGE_GATEWAY_ID as GATEWAY, EDGE_SUBNET_ID as SUBNET, EDGE_VPC_ID as VPC, Fault, FaultRule,
};
use cumulua_core::catalog::path;
use serde_json::{Value as Json, json};

pub(crate) const ZONE: &str = "CN_Hohhot_B";

/// An order of a server with a data disk that outlives it, with some of it changed.
pub(crate) fn order(changes: &Json) -> Json {
    let mut order = json!({
        "AvailableZoneCode": ZONE, "EcsFamilyName": "Cpu计算型C4", "Cpu": 2, "Ram": 4, "BillingMethod": "0",
        "Password": "123QWEqwe", "ImageId": "Centos 7.4 64位", "SystemDisk": {"DiskFeature": "ssd", "Size": 40},
        "DataDisk": [{"DiskFeature": "ssd", "Size": 48, "ReleaseWithInstance": 0}],
        "VpcInfo": {"VpcId": VPC}, "SubnetInfo": {"SubnetId": SUBNET}, "Name": "web",
    });
    merge(order.as_object_mut().unwrap(), changes);
    order
}

/// Makes servers that run; their ids.
#[track_caller]
pub(crate) fn servers(cloud: &TestCloud, changes: &Json) -> Vec<String> {
    let made = cloud.done("cds.ecs.CreateInstance", &order(changes));
    serde_json::from_value(made["Data"]["EcsIdSet"].clone()).unwrap()
}

pub(crate) fn server(cloud: &TestCloud, id: &str) -> Json {
    cloud
        .ask("cds.ecs.DescribeInstance", &json!({"EcsId": id}))
        .ok()["Data"]
        .clone()
}

fn status(cloud: &TestCloud, id: &str) -> String {
    let states = cloud
        .ask("cds.ecs.DescribeInstanceStatus", &json!({"EcsIds": [id]}))
        .ok();
    path::text(&states["Data"]["EcsStatus"][id]["Status"])
}

#[track_caller]
pub(crate) fn operate(cloud: &TestCloud, id: &str, operation: &str) {
    cloud.done(
        "cds.ecs.OperateInstance",
        &json!({"EcsIds": [id], "OpType": operation}),
    );
}

fn event(cloud: &TestCloud, answer: &Json) -> Json {
    cloud
        .ask(
            "cds.ecs.DescribeEvent",
            &json!({"EventId": answer["Data"]["EventId"]}),
        )
        .ok()["Data"]
        .clone()
}

#[tokio::test(start_paused = true)]
async fn every_action_of_the_catalogue_is_carried_out() {
    let actions = TestCloud::new().catalog.actions_of("cds.ecs").unwrap();
    assert_eq!(actions.len(), 21);
    for action in actions {
        let cloud = TestCloud::new();
        let id = servers(&cloud, &json!({})).remove(0);
        let made = cloud.done(
            "cds.ecs.CreateImage",
            &json!({"EcsId": id, "Name": "golden"}),
        );
        let mut params = action.example.clone();
        if action.name == "ChangeInstanceConfigure" {
            power(&cloud, &id, "shutdown_ecs");
            merge(params.as_object_mut().unwrap(), &bigger());
        }
        let known = [
            ("EcsId", json!(id)),
            ("EcsIds", json!([id])),
            ("ImageId", made["Data"]["ImageId"].clone()),
            ("ImageIds", json!([made["Data"]["ImageId"]])),
            ("EventId", made["Data"]["EventId"].clone()),
        ];
        for (name, value) in known {
            let is_ours = action.name != "CreateInstance" && params.get(name).is_some();
            if is_ours {
                params[name] = value;
            }
        }
        let answer = cloud.ask(&format!("cds.ecs.{}", action.name), &params);
        assert_eq!(answer.code(), "Success", "{}: {}", action.name, answer.1);
        documented(&action, &answer.ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_is_created_stopped_renamed_imaged_and_deleted() {
    let cloud = TestCloud::new();
    let made = cloud
        .ask(
            "cds.ecs.CreateInstance",
            &order(&json!({"Number": 2, "StartNumber": 7})),
        )
        .ok();
    let ids: Vec<String> = serde_json::from_value(made["Data"]["EcsIdSet"].clone()).unwrap();
    assert_eq!(status(&cloud, &ids[0]), "building");
    let running = event(&cloud, &made);
    assert_eq!(
        (&running["EventStatus"], &running["TaskList"][1]["EndTime"]),
        (&json!("doing"), &json!(""))
    );
    cloud
        .ask(
            "cds.ecs.OperateInstance",
            &json!({"EcsIds": [ids[0]], "OpType": "shutdown_ecs"}),
        )
        .refused(403, "InvalidOperation.InstanceStatusUnsupported");
    cloud.settle();
    let done = event(&cloud, &made);
    assert_eq!(
        (&done["EventStatus"], &done["TaskList"][1]["ResourceId"]),
        (&json!("success"), &json!(ids[1]))
    );
    assert_eq!(
        (
            status(&cloud, &ids[1]).as_str(),
            &server(&cloud, &ids[1])["EcsName"]
        ),
        ("running", &json!("web-8"))
    );
    assert_ne!(
        server(&cloud, &ids[0])["Pipe"]["PrivateNet"],
        server(&cloud, &ids[1])["Pipe"]["PrivateNet"]
    );

    let refused = |operation: &str| {
        let answer = cloud.ask(
            "cds.ecs.OperateInstance",
            &json!({"EcsIds": [ids[0]], "OpType": operation}),
        );
        answer.refused(403, "InvalidOperation.InstanceStatusUnsupported");
    };
    refused("start_up_ecs");
    operate(&cloud, &ids[0], "restart_ecs");
    operate(&cloud, &ids[0], "hard_shutdown_ecs");
    assert_eq!(status(&cloud, &ids[0]), "shutdown");
    refused("shutdown_ecs");
    refused("restart_ecs");
    cloud
        .ask("cds.ecs.DescribeInstanceVncUrl", &json!({"EcsId": ids[0]}))
        .refused(403, "InvalidOperation.InstanceStatusUnsupported");
    operate(&cloud, &ids[0], "start_up_ecs");
    cloud
        .ask(
            "cds.ecs.ModifyInstanceName",
            &json!({"EcsId": ids[0], "Name": "db"}),
        )
        .ok();
    assert_eq!(server(&cloud, &ids[0])["EcsName"], "db");

    let image = cloud
        .ask(
            "cds.ecs.CreateImage",
            &json!({"EcsId": ids[0], "Name": "golden"}),
        )
        .ok()["Data"]["ImageId"]
        .clone();
    assert_eq!(status(&cloud, &ids[0]), "creating_image");
    cloud.settle();
    let clone = servers(&cloud, &json!({"ImageId": image}));
    assert_eq!(server(&cloud, &clone[0])["OsInfo"]["ImageName"], "golden");

    cloud.done("cds.ecs.DeleteInstance", &json!({"EcsIds": ids}));
    cloud
        .ask("cds.ecs.DescribeInstance", &json!({"EcsId": ids[0]}))
        .refused(404, "InvalidEcsId.NotFound");
    let left = cloud.ask("cds.ecs.DescribeInstanceList", &json!({})).ok();
    assert_eq!(
        (&left["TotalCount"], &left["Data"]["EcsList"][0]["EcsId"]),
        (&json!(1), &json!(clone[0]))
    );
    let state = cloud.simulator.state_json();
    let disks = state["ebs"]["disks"].as_array().unwrap();
    let free = disks.iter().filter(|disk| disk["server"].is_null()).count();
    assert_eq!(
        (disks.len(), free),
        (4, 2),
        "the system disks went with the servers, the data disks stayed"
    );
}

#[tokio::test(start_paused = true)]
async fn servers_are_found_by_zone_vpc_and_word_and_page_by_page() {
    let cloud = TestCloud::new();
    let ids = servers(&cloud, &json!({"Number": 5, "StartNumber": 1}));
    let list = |params: &Json| cloud.ask("cds.ecs.DescribeInstanceList", params).ok();
    let all = list(&json!({}));
    assert_eq!(
        (
            &all["TotalCount"],
            all["Data"]["EcsList"].as_array().unwrap().len()
        ),
        (&json!(5), 5)
    );
    let page = list(&json!({"PageNumber": 2, "PageSize": 2}));
    let views: Vec<_> = page["Data"]["EcsList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|server| server["EcsId"].clone())
        .collect();
    assert_eq!(
        (&page["TotalCount"], views),
        (&json!(5), vec![json!(ids[2]), json!(ids[3])])
    );
    let address = all["Data"]["EcsList"][4]["PrivateNet"].clone();
    for (params, count) in [
        (json!({"AvailableZoneCode": ZONE, "VpcId": VPC}), 5),
        (json!({"AvailableZoneCode": "CN_Suqian_A"}), 0),
        (json!({"SearchInfo": "web-3"}), 1),
        (json!({"SearchInfo": ids[0]}), 1),
        (json!({"SearchInfo": address}), 1),
        (json!({"SearchInfo": "nobody"}), 0),
    ] {
        assert_eq!(list(&params)["TotalCount"], count, "{params}");
    }
    cloud
        .ask(
            "cds.ecs.DescribeInstanceList",
            &json!({"AvailableZoneCode": "CN_Nowhere_A"}),
        )
        .refused(404, "InvalidAvailableZone.NotFound");
    cloud
        .ask("cds.ecs.DescribeInstanceList", &json!({"VpcId": "nothing"}))
        .refused(404, "InvalidVpc.NotFound");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_does_not_fit_is_refused_and_leaves_nothing() {
    let cloud = TestCloud::new();
    let before = cloud.simulator.state_json();
    for (changes, http, code) in [
        (
            json!({"AvailableZoneCode": "CN_Nowhere_A"}),
            404,
            "InvalidAvailableZone.NotFound",
        ),
        (
            json!({"EcsFamilyName": "Tiny"}),
            400,
            "InvalidInstanceType.ValueNotSupported",
        ),
        (
            json!({"Cpu": 3}),
            400,
            "InvalidInstanceSpec.ValueNotSupported",
        ),
        (json!({"Number": 101}), 400, "MaxEcsCountExceed"),
        (json!({"Password": ""}), 400, "InvalidParameter.IsNull"),
        (json!({"ImageId": "Plan 9"}), 404, "InvalidImage.NotFound"),
        (
            json!({"SystemDisk": {"DiskFeature": "ssd", "Size": 16}}),
            400,
            "MinDiskSizeLess",
        ),
        (
            json!({"SystemDisk": {"DiskFeature": "ssd", "Size": 504}}),
            400,
            "MaxDiskSizeExceed",
        ),
        (
            json!({"SystemDisk": {"DiskFeature": "ssd", "Size": 50}}),
            400,
            "InvalidDiskSize.ValueNotSupported",
        ),
        (
            json!({"SystemDisk": {"DiskFeature": "local", "Size": 50}}),
            400,
            "UnSupportedMixingLocalAndEbs",
        ),
        (
            json!({"DataDisk": [{"DiskFeature": "ssd", "Size": 16}]}),
            400,
            "MinDiskSizeLess",
        ),
        (
            json!({"DataDisk": [{"DiskFeature": "ssd"}]}),
            400,
            "MissingParameter",
        ),
        (
            json!({"DataDisk": [{"DiskFeature": "ssd", "Size": 24, "SnapshotId": "s-disk-x"}]}),
            404,
            "InvalidSnapshotId.NotFound",
        ),
        (
            json!({"DataDisk": [{"Size": 4000}, {"Size": 4000}, {"Size": 4000}]}),
            403,
            "InvalidOperation",
        ),
        (
            json!({"VpcInfo": {"VpcId": "nothing"}}),
            404,
            "InvalidVpc.NotFound",
        ),
        (
            json!({"SubnetInfo": {"SubnetId": GATEWAY}}),
            400,
            "InvalidParameter",
        ),
        (
            json!({"AvailableZoneCode": "CN_Suqian_A"}),
            400,
            "InvalidParameter",
        ),
        (
            json!({"PubnetInfo": [{"SubnetId": GATEWAY, "IpType": "virtual"}]}),
            400,
            "InvalidParameter",
        ),
        (
            json!({"DnsList": ["8.8.8.8", "dns"]}),
            400,
            "InvalidParameter",
        ),
        (
            json!({"TestAccount": "nobody"}),
            404,
            "InvalidAccount.NotFound",
        ),
        (json!({"TestAccount": "BMSTEST"}), 403, "InvalidOperation"),
        (
            json!({"TestAccount": "kvmtest", "BillingMethod": "1"}),
            403,
            "InvalidOperation",
        ),
        (
            json!({"BillingMethod": "1", "Duration": 13}),
            400,
            "InvalidParameter",
        ),
        (json!({"EcsFamilyName": null}), 400, "MissingParameter"),
    ] {
        cloud
            .ask("cds.ecs.CreateInstance", &order(&changes))
            .refused(http, code);
    }
    cloud.simulator.set_balance(1.0);
    cloud
        .ask("cds.ecs.CreateInstance", &order(&json!({})))
        .refused(403, "InvalidOperation");
    cloud.simulator.set_balance(1_000_000.0);
    assert_eq!(cloud.simulator.state_json(), before);
}

#[tokio::test(start_paused = true)]
async fn servers_run_out_with_the_quota_and_the_addresses() {
    let cloud = TestCloud::new();
    let local =
        json!({"SystemDisk": {"DiskFeature": "local", "Size": 50}, "DataDisk": [], "Number": 100});
    for _ in 0..10 {
        servers(&cloud, &local);
    }
    cloud
        .ask("cds.ecs.CreateInstance", &order(&json!({})))
        .refused(400, "MaxEcsCountExceed");
    let id = cloud
        .ask("cds.ecs.DescribeInstanceList", &json!({"PageSize": 1}))
        .ok()["Data"]["EcsList"][0]["EcsId"]
        .clone();
    cloud.done("cds.ecs.DeleteInstance", &json!({"EcsIds": [id]}));
    servers(&cloud, &json!({}));
}

#[tokio::test(start_paused = true)]
async fn a_gateway_gives_an_address_and_a_local_disk_is_the_servers_own() {
    let cloud = TestCloud::new();
    let gateways = json!([{"SubnetId": GATEWAY, "IpType": "default_gateway"}]);
    let local = json!({"DiskFeature": "local", "Size": 50});
    let id = servers(
        &cloud,
        &json!({"PubnetInfo": gateways, "SystemDisk": local, "DataDisk": [local]}),
    )
    .remove(0);
    let view = server(&cloud, &id);
    let public = view["Pipe"]["PubNet"].as_str().unwrap();
    assert!(public.starts_with("10.15.") && view["Pipe"]["EipInfo"][public].is_object());
    assert_eq!(
        (
            &view["Disk"]["SystemDiskConf"]["DiskFeature"],
            &view["Disk"]["DataDiskConf"][0]["Size"]
        ),
        (&json!("local"), &json!(50))
    );
    assert_eq!(
        cloud.ask("cds.ebs.DescribeDiskList", &json!({})).ok()["TotalCount"],
        0
    );
}

#[tokio::test(start_paused = true)]
async fn an_elastic_ip_is_bound_to_the_server_and_free_when_it_goes() {
    let cloud = TestCloud::new();
    let order_eip = json!({"RegionCode": "CN_Huhhot", "AvailableZoneCode": ZONE, "BandwidthType": "Bandwidth_CMCC",
        "BillScheme": "Traffic", "Qos": 5, "Size": 1});
    let bought = cloud.done("cds.vpc.CreateEIP", &order_eip)["Data"][0].clone();
    let way =
        json!({"SubnetId": GATEWAY, "IpType": "default_gateway", "EipIds": [bought["EIPId"]]});
    let id = servers(&cloud, &json!({"PubnetInfo": [way]})).remove(0);
    let pipe = server(&cloud, &id)["Pipe"].clone();
    assert_eq!(
        pipe["EipInfo"][pipe["PubNet"].as_str().unwrap()]["EipIp"],
        bought["IP"]
    );
    cloud
        .ask(
            "cds.ecs.CreateInstance",
            &order(&json!({"PubnetInfo": [way]})),
        )
        .refused(403, "InvalidOperation");
    let taken = cloud.ask("cds.vpc.DeleteSubnet", &json!({"SubnetId": SUBNET}));
    assert_ne!(taken.code(), "Success", "a server lies in the subnet");
    cloud.done("cds.ecs.DeleteInstance", &json!({"EcsIds": [id]}));
    let eips = cloud
        .ask(
            "cds.vpc.DescribeEIP",
            &json!({"RegionCode": "CN_Huhhot", "AvailableZoneCode": ZONE}),
        )
        .ok();
    assert_eq!(eips["Data"]["EIPList"][0]["IsBind"], false);
    let unknown = json!({"SubnetId": GATEWAY, "IpType": "default_gateway", "EipIds": ["none"]});
    cloud
        .ask(
            "cds.ecs.CreateInstance",
            &order(&json!({"PubnetInfo": [unknown]})),
        )
        .refused(400, "InvalidParameter");
    cloud.done("cds.vpc.DeleteSubnet", &json!({"SubnetId": SUBNET}));
    cloud
        .ask("cds.ecs.CreateInstance", &order(&json!({})))
        .refused(400, "InvalidParameter");
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_fails_leaves_nothing_and_costs_nothing() {
    let cloud = TestCloud::new();
    let before = cloud.simulator.state_json();
    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskFails("no host".into())).times(1));
    let made = cloud.done(
        "cds.ecs.CreateInstance",
        &order(&json!({"BillingMethod": "1", "Number": 2})),
    );
    let asked = cloud
        .ask(
            "cds.ecs.DescribeEvent",
            &json!({"EventId": made["Data"]["EventId"]}),
        )
        .ok();
    assert_eq!(
        (&asked["Msg"], &asked["Data"]["EventStatus"]),
        (&json!("no host"), &json!("failed"))
    );
    let after = cloud.simulator.state_json();
    assert_eq!(
        (&before["ecs"], &before["ebs"], &before["wallet"]["balance"]),
        (&after["ecs"], &after["ebs"], &after["wallet"]["balance"])
    );
}

#[tokio::test(start_paused = true)]
async fn images_are_copied_to_zones_and_deleted_zone_by_zone() {
    let cloud = TestCloud::new();
    let id = servers(&cloud, &json!({})).remove(0);
    let image = cloud.done(
        "cds.ecs.CreateImage",
        &json!({"EcsId": id, "Name": "golden"}),
    )["Data"]["ImageId"]
        .clone();
    let zones = || {
        let ids = json!({"ImageIds": json!([image]).to_string()});
        let view = cloud.ask("cds.ecs.DescribeImages", &ids);
        let list = view.1["Data"]["ImageList"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        list.iter()
            .map(|image| path::text(&image["AvailableZoneCode"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(zones(), [ZONE]);
    cloud.done(
        "cds.ecs.SyncImage",
        &json!({"ImageId": image, "AvailableZoneCodes": ["CN_Suqian_A", ZONE]}),
    );
    assert_eq!(zones(), [ZONE, "CN_Suqian_A"]);
    let in_zone = json!({"ImageIds": [image], "AvailableZoneCode": "CN_Suqian_B"});
    cloud
        .ask("cds.ecs.DeleteImage", &in_zone)
        .refused(404, "InvalidImage.NotFound");
    cloud
        .ask(
            "cds.ecs.SyncImage",
            &json!({"ImageId": image, "AvailableZoneCodes": ["x"]}),
        )
        .refused(404, "InvalidAvailableZone.NotFound");
    cloud.done(
        "cds.ecs.DeleteImage",
        &json!({"ImageIds": [image], "AvailableZoneCode": ZONE}),
    );
    assert_eq!(zones(), ["CN_Suqian_A"]);
    cloud
        .ask("cds.ecs.CreateInstance", &order(&json!({"ImageId": image})))
        .refused(404, "InvalidImage.NotFound");
    cloud
        .ask("cds.ecs.DeleteImage", &json!({"ImageIds": [image]}))
        .ok();
    cloud
        .ask("cds.ecs.DeleteImage", &json!({"ImageIds": [image]}))
        .refused(403, "InvalidOperation");
    cloud.settle();
    let gone = json!({"ImageIds": json!([image]).to_string()});
    cloud
        .ask("cds.ecs.DescribeImages", &gone)
        .refused(404, "InvalidImage.NotFound");
    let all = cloud
        .ask("cds.ecs.DescribeImages", &json!({"AvailableZoneCode": ""}))
        .ok();
    assert_eq!(
        all["TotalCount"],
        all["Data"]["ImageList"].as_array().unwrap().len()
    );
    let public = all["Data"]["ImageList"][0]["ImageId"].clone();
    cloud
        .ask("cds.ecs.DeleteImage", &json!({"ImageIds": [public]}))
        .refused(403, "InvalidOperation");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_refused() {
    let cloud = TestCloud::new();
    let ids = json!({"EcsIds": ["ins-none"], "OpType": "shutdown_ecs", "Password": "123QWEqwe"});
    for action in [
        "OperateInstance",
        "DeleteInstance",
        "ModifyInstancePassword",
        "DescribeInstanceStatus",
    ] {
        cloud
            .ask(&format!("cds.ecs.{action}"), &ids)
            .refused(404, "InvalidEcsId.NotFound");
        let empty = json!({"EcsIds": [], "OpType": "shutdown_ecs", "Password": "123QWEqwe"});
        cloud
            .ask(&format!("cds.ecs.{action}"), &empty)
            .refused(400, "InvalidParameter.IsNull");
    }
    let one = json!({"EcsId": "ins-none", "Name": "x"});
    for action in [
        "DescribeInstance",
        "ModifyInstanceName",
        "CreateImage",
        "DescribeInstanceVncUrl",
        "DescribeInstanceMonitor",
    ] {
        cloud
            .ask(&format!("cds.ecs.{action}"), &one)
            .refused(404, "InvalidEcsId.NotFound");
    }
    cloud
        .ask("cds.ecs.DescribeEvent", &json!({"EventId": "none"}))
        .refused(404, "InvalidEvent.NotFound");
}

#[tokio::test(start_paused = true)]
async fn measurements_end_now_and_begin_with_the_server() {
    let cloud = TestCloud::new();
    let id = servers(&cloud, &json!({})).remove(0);
    advance(7200);
    let measured = |changes: &Json| {
        let mut params = json!({"EcsId": id, "Indicators": ["Load"]});
        merge(params.as_object_mut().unwrap(), changes);
        cloud.ask("cds.ecs.DescribeInstanceMonitor", &params)
    };
    let hour = measured(&json!({})).ok()["Data"].clone();
    let points = |data: &Json| data["Load1M"]["Time"].as_array().unwrap().len();
    assert!(
        (60..=61).contains(&points(&hour))
            && hour["Load15M"]["Value"].as_array().unwrap().len() == points(&hour)
    );
    assert!(hour["CpuUsage"].is_null());
    assert!((119..=123).contains(&points(
        &measured(&json!({"TimeInterval": "48"})).ok()["Data"]
    )));
    let around = json!({"StartTime": "2026-03-01  17:00:00", "EndTime": "2026-03-01 17:10:00"});
    assert_eq!(points(&measured(&around).ok()["Data"]), 11);
    for wrong in [
        json!({"Indicators": ["Luck"]}),
        json!({"StartTime": "today"}),
        json!({"StartTime": "2027-01-01 00:00:00"}),
    ] {
        measured(&wrong).refused(400, "InvalidParameter");
    }
}

#[tokio::test(start_paused = true)]
async fn prices_are_those_that_are_paid() {
    let cloud = TestCloud::new();
    let balance = || {
        cloud
            .ask("cds.billing.DescribeAccountInfo", &json!({}))
            .ok()["Data"]["MasterTotalBalance"]
            .as_f64()
            .unwrap()
    };
    let disk = json!({"DiskFeature": "ssd", "Size": 40});
    let mut asked = json!({"AvailableZoneCode": ZONE, "EcsFamilyName": "Cpu计算型C4", "Cpu": 2, "Ram": 4, "BillingMethod": "1",
        "SystemDiskInfo": disk, "DataDiskInfo": [disk], "Number": 2, "Duration": 2});
    let price = |asked: &Json| cloud.ask("cds.ecs.DescribePrice", asked).ok()["Data"].clone();
    let quoted = price(&asked);
    let before = balance();
    let bought = json!({"BillingMethod": "1", "SystemDisk": disk, "DataDisk": [disk], "Number": 2, "Duration": 2, "IsAutoRenewal": 0});
    let id = servers(&cloud, &bought).remove(0);
    assert!((before - balance() - quoted["TotalPrice"].as_f64().unwrap()).abs() < 1e-6);
    let view = server(&cloud, &id);
    assert_eq!(
        (&view["EndBillTime"], &view["IsAutoRenewal"]),
        (&json!("2026-05-01 00:00:00"), &json!("0"))
    );
    asked["Duration"] = json!(24);
    assert_eq!(price(&asked)["PriceUnit"], "年");
    asked["BillingMethod"] = json!("0");
    assert_eq!(
        price(&asked),
        json!({"PriceUnit": "天", "PriceSymbol": "¥", "TotalPrice": 10.88})
    );
    asked["Cpu"] = json!(5);
    cloud
        .ask("cds.ecs.DescribePrice", &asked)
        .refused(400, "InvalidInstanceSpec.ValueNotSupported");
}

#[tokio::test(start_paused = true)]
async fn a_prepaid_server_renews_itself_with_its_disks_or_is_switched_off() {
    const DAY: u64 = 86_400;
    let cloud = TestCloud::new();
    let balance = || {
        cloud.simulator.state_json()["wallet"]["balance"]
            .as_f64()
            .unwrap()
    };
    let order = |renews: u8| {
        let disk = json!({"DiskFeature": "ssd", "Size": 40, "ReleaseWithInstance": 0});
        json!({"BillingMethod": "1", "Duration": 1, "IsToMonth": 0, "IsAutoRenewal": renews, "DataDisk": [disk]})
    };
    let begin = balance();
    let lasting = servers(&cloud, &order(1)).remove(0);
    let month = begin - balance();
    assert!(month > 0.0);
    let passing = servers(&cloud, &order(0)).remove(0);
    let id = server(&cloud, &lasting)["Disk"]["DataDiskConf"][0]["Id"].clone();
    cloud.done(
        "cds.ebs.ExtendDisk",
        &json!({"DiskId": id, "ExtendedSize": 80}),
    );
    advance(32 * DAY);
    assert_eq!(
        (
            status(&cloud, &lasting).as_str(),
            status(&cloud, &passing).as_str()
        ),
        ("running", "shutdown")
    );
    // Three terms, 40 GB metered for a good month at 0.80 a day, and the larger disk in the new
    // term at 25 days' price.
    let paid = begin - balance();
    assert!(
        (paid - 3.0 * month - 31.8 * 0.8 - 25.0 * 0.8).abs() < 0.8,
        "{paid} with {month} a month"
    );
    assert!(
        cloud.simulator.state_json()["billing"]["uses"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let started = cloud.ask(
        "cds.ecs.OperateInstance",
        &json!({"EcsIds": [passing], "OpType": "start_up_ecs"}),
    );
    started.refused(403, "InvalidOperation.InstanceStatusUnsupported");
    cloud.simulator.set_balance(1.0);
    advance(31 * DAY);
    assert_eq!(
        (status(&cloud, &lasting).as_str(), balance()),
        ("shutdown", 1.0)
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_file_has_on_demand_is_metered_from_its_beginning_on() {
    let cloud = TestCloud::new();
    servers(&cloud, &json!({}));
    let mut state = cloud.simulator.state_json();
    let uses = state["billing"]["uses"].as_array_mut().unwrap();
    assert_eq!(uses.len(), 3);
    uses.clear();
    let saved = crate::SavedState::parse(&state.to_string()).unwrap();
    let options = crate::Options {
        access_key: crate::ACCESS_KEY.into(),
        secret: crate::SECRET.into(),
        seed: 1,
        clock: cloud.clock.clone(),
    };
    let again = crate::Simulator::from_saved(std::sync::Arc::clone(&cloud.catalog), options, saved);
    assert_eq!(
        again.state_json()["billing"]["uses"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

fn power(cloud: &TestCloud, id: &str, how: &str) {
    let params = json!({"EcsIds": [id], "OpType": how});
    cloud.done("cds.ecs.OperateInstance", &params);
}

fn bigger() -> Json {
    json!({"AvailableZoneCode": ZONE, "EcsFamilyName": "Cpu计算型C4", "Cpu": 4, "Ram": 8, "Gpu": 0})
}

#[tokio::test(start_paused = true)]
async fn servers_that_are_off_take_another_size_as_the_document_says() {
    let cloud = TestCloud::new();
    let change = |id: &str, other: Json| {
        let mut params = bigger();
        merge(params.as_object_mut().unwrap(), &json!({"EcsIds": [id]}));
        merge(params.as_object_mut().unwrap(), &other);
        cloud.ask("cds.ecs.ChangeInstanceConfigure", &params)
    };
    let id = servers(&cloud, &json!({})).remove(0);
    change(&id, json!({})).refused(403, "InvalidOperation.InstanceStatusUnsupported");
    power(&cloud, &id, "shutdown_ecs");
    // A family with graphics cards is of another type, and local disks keep a server in its own.
    let other = json!({"EcsFamilyName": "专业渲染型rp3", "Cpu": 16, "Ram": 32, "Gpu": 1});
    change(&id, other).refused(403, "InvalidOperation");
    let unsold = json!({"Cpu": 3});
    change(&id, unsold).refused(400, "InvalidInstanceSpec.ValueNotSupported");
    change("ins-none", json!({})).refused(404, "InvalidEcsId.NotFound");
    let before = server(&cloud, &id);
    change(&id, json!({})).ok();
    assert_eq!(status(&cloud, &id), "updating");
    cloud.settle();
    let after = server(&cloud, &id);
    assert_ne!(before["EcsRule"], after["EcsRule"]);
    let local = json!({"SystemDisk": {"DiskFeature": "local", "Size": 50}, "DataDisk": []});
    let local = servers(&cloud, &local).remove(0);
    power(&cloud, &local, "shutdown_ecs");
    let c3 = json!({"EcsFamilyName": "Cpu计算型C3"});
    change(&local, c3.clone()).refused(403, "InvalidOperation");
    change(&id, c3).ok();
}

#[tokio::test(start_paused = true)]
async fn what_is_paid_in_advance_only_grows_and_pays_the_rest_of_its_term() {
    let cloud = TestCloud::new();
    let monthly = json!({"BillingMethod": "1", "Duration": 1, "IsToMonth": 0});
    let id = servers(&cloud, &monthly).remove(0);
    power(&cloud, &id, "shutdown_ecs");
    let mut params = bigger();
    merge(params.as_object_mut().unwrap(), &json!({"EcsIds": [id]}));
    let before = cloud.balance();
    cloud.done("cds.ecs.ChangeInstanceConfigure", &params);
    assert!(cloud.balance() < before);
    let smaller = json!({"Cpu": 2, "Ram": 4});
    merge(params.as_object_mut().unwrap(), &smaller);
    cloud
        .ask("cds.ecs.ChangeInstanceConfigure", &params)
        .refused(403, "InvalidOperation");
}

#[tokio::test(start_paused = true)]
async fn a_size_that_failed_to_change_costs_nothing() {
    let cloud = TestCloud::new();
    let monthly = json!({"BillingMethod": "1", "Duration": 1, "IsToMonth": 0});
    let id = servers(&cloud, &monthly).remove(0);
    power(&cloud, &id, "shutdown_ecs");
    let before = (cloud.balance(), server(&cloud, &id)["EcsRule"].clone());
    let fault = "cds.ecs.ChangeInstanceConfigure:task-fails";
    cloud.simulator.fault(fault.parse().unwrap());
    let mut params = bigger();
    merge(params.as_object_mut().unwrap(), &json!({"EcsIds": [id]}));
    cloud.done("cds.ecs.ChangeInstanceConfigure", &params);
    assert_eq!(
        before,
        (cloud.balance(), server(&cloud, &id)["EcsRule"].clone())
    );
}

#[tokio::test(start_paused = true)]
async fn sizes_are_listed_by_family_and_number() {
    let cloud = TestCloud::new();
    let list = |params: Json| {
        let mut all = json!({"AvailableZoneCode": ZONE});
        merge(all.as_object_mut().unwrap(), &params);
        let answer = cloud.ask("cds.ecs.DescribeZoneInstanceType", &all).ok();
        answer["Data"].as_array().unwrap().clone()
    };
    assert_eq!(list(json!({})).len(), 6);
    let one = list(json!({"EcsFamilyName": "专业渲染型rp3", "Gpu": 2}));
    assert_eq!(one.len(), 1);
    assert_eq!(one[0]["SpecList"].as_array().unwrap().len(), 1);
    assert_eq!(one[0]["SpecList"][0]["Cpu"], 32);
    assert!(list(json!({"Cpu": 7})).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_the_simulator_has_not_of_the_newer_document_is_refused() {
    let cloud = TestCloud::new();
    let spot = order(&json!({"BillingMethod": "3", "SpotType": "auto"}));
    let answer = cloud.ask("cds.ecs.CreateInstance", &spot);
    answer.refused(400, "InvalidParameter");
    let id = servers(&cloud, &json!({})).remove(0);
    let off = json!({"EcsIds": [id], "OpType": "free_shutdown_ecs"});
    let answer = cloud.ask("cds.ecs.OperateInstance", &off);
    answer.refused(403, "InvalidOperation");
    assert_eq!(status(&cloud, &id), "running");
}
