use crate::cloud::ids;
use crate::services::ecs::tests::{ZONE, operate, order, server, servers};
use crate::tests::documented::documented;
use crate::tests::{TestCloud, advance, merge};
use crate::{Fault, FaultRule};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Parameters of an order of a disk, with some changed.
fn disk(changes: &Json) -> Json {
    let mut disk =
        json!({"AvailableZoneCode": ZONE, "DiskName": "data", "DiskFeature": "SSD", "Size": 32});
    merge(disk.as_object_mut().unwrap(), changes);
    disk
}

#[track_caller]
fn disks(cloud: &TestCloud, changes: &Json) -> Vec<String> {
    let made = cloud.done("cds.ebs.CreateDisk", &disk(changes));
    serde_json::from_value(made["Data"]["DiskIdSet"].clone()).unwrap()
}

fn view(cloud: &TestCloud, id: &str) -> Json {
    cloud
        .ask("cds.ebs.DescribeDisk", &json!({"DiskId": id}))
        .ok()["Data"]["DiskInfo"]
        .clone()
}

#[track_caller]
fn snapshot(cloud: &TestCloud, disk: &str, kept: &str) -> String {
    let made = cloud.done(
        "cds.ebs.CreateSnapshot",
        &json!({"DiskId": disk, "ReservedTime": kept}),
    );
    made["Data"]["SnapshotId"].as_str().unwrap().to_owned()
}

fn snapshots(cloud: &TestCloud, disk: &str) -> Vec<String> {
    let list = cloud
        .ask("cds.ebs.DescribeSnapshotList", &json!({"DiskId": disk}))
        .ok();
    let list = list["Data"]["SnapshotList"].as_array().unwrap().clone();
    list.iter()
        .map(|snapshot| snapshot["SnapshotId"].as_str().unwrap().to_owned())
        .collect()
}

fn system_disk(cloud: &TestCloud, server_id: &str) -> String {
    server(cloud, server_id)["Disk"]["SystemDiskConf"]["DiskId"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test(start_paused = true)]
async fn every_action_of_the_catalogue_is_carried_out() {
    let actions = TestCloud::new().catalog.actions_of("cds.ebs").unwrap();
    assert_eq!(actions.len(), 21);
    for action in actions {
        let cloud = TestCloud::new();
        let server = servers(&cloud, &json!({})).remove(0);
        let system = system_disk(&cloud, &server);
        let made = cloud.done("cds.ebs.CreateDisk", &disk(&json!({})));
        let mut free = made["Data"]["DiskIdSet"][0].clone();
        let of_system = ["CreateImageBySnapshot"].contains(&action.name.as_str());
        if action.name == "DetachDisk" {
            free = server_data_disk(&cloud, &server);
        }
        let source = if of_system {
            system.as_str()
        } else {
            free.as_str().unwrap()
        };
        let taken = snapshot(&cloud, source, "1");
        let chain = cloud
            .ask("cds.ebs.DescribeSnapshotChainList", &json!({}))
            .ok();
        let chain = chain["Data"]["SnapshotChainList"][0]["SnapshotChainId"].clone();
        let mut params = action.example.clone();
        let known = [
            ("DiskId", json!(source)),
            ("DiskIds", json!([free])),
            ("InstanceId", json!(server)),
            ("SnapshotId", json!(taken)),
            ("SnapshotIds", json!([taken])),
            ("SnapshotChainId", chain),
            ("EventId", made["Data"]["EventId"].clone()),
        ];
        for (name, value) in known {
            if params.get(name).is_some() {
                params[name] = value;
            }
        }
        let answer = cloud.ask(&format!("cds.ebs.{}", action.name), &params);
        assert_eq!(answer.code(), "Success", "{}: {}", action.name, answer.1);
        if action.name == "DescribeEvent" {
            // Where the vendor's own clients ask for it.
            cloud.ask("cds.ecs.DescribeEvent", &params).ok();
        }
        documented(&action, &answer.ok());
    }
}

fn server_data_disk(cloud: &TestCloud, id: &str) -> Json {
    server(cloud, id)["Disk"]["DataDiskConf"][0]["Id"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_disk_is_created_attached_enlarged_detached_and_deleted() {
    let cloud = TestCloud::new();
    let server_id = servers(&cloud, &json!({"DataDisk": []})).remove(0);
    let id = disks(&cloud, &json!({})).remove(0);
    let state = || {
        (
            view(&cloud, &id)["Status"].clone(),
            view(&cloud, &id)["EcsId"].clone(),
        )
    };
    assert_eq!(state(), (json!("waiting"), json!("")));
    let to_server = json!({"DiskIds": [id], "InstanceId": server_id, "ReleaseWithInstance": 0});
    cloud.ask("cds.ebs.AttachDisk", &to_server).ok();
    assert_eq!(state(), (json!("mounting"), json!(server_id)));
    cloud
        .ask("cds.ebs.AttachDisk", &to_server)
        .refused(403, "InvalidOperation.DiskStatusUnsupported");
    cloud
        .ask("cds.ecs.DeleteInstance", &json!({"EcsIds": [server_id]}))
        .refused(403, "InvalidOperation");
    cloud.settle();
    assert_eq!(state().0, "running");
    let attached = cloud
        .ask(
            "cds.ebs.DescribeEcsAttachDisks",
            &json!({"InstanceId": server_id}),
        )
        .ok();
    assert_eq!(
        (
            &attached["Data"]["DiskList"][0]["Property"],
            &attached["Data"]["DiskList"][1]["DiskId"]
        ),
        (&json!("system"), &json!(id))
    );

    let extend = |size: u64| json!({"DiskId": id, "ExtendedSize": size});
    cloud
        .ask("cds.ebs.ExtendDisk", &extend(32))
        .refused(400, "MinDiskSizeLess");
    cloud
        .ask("cds.ebs.ExtendDisk", &extend(36))
        .refused(400, "InvalidParameter");
    cloud
        .ask("cds.ebs.ExtendDisk", &extend(4008))
        .refused(400, "MaxDiskSizeExceed");
    cloud.done("cds.ebs.ExtendDisk", &extend(64));
    assert_eq!(view(&cloud, &id)["Size"], 64);

    let one = json!({"DiskIds": [id]});
    cloud
        .ask("cds.ebs.DeleteDisk", &one)
        .refused(403, "InvalidOperation.DiskStatusUnsupported");
    let system = json!({"DiskIds": [system_disk(&cloud, &server_id)]});
    cloud
        .ask("cds.ebs.DetachDisk", &system)
        .refused(403, "InvalidOperation");
    cloud.ask("cds.ebs.DetachDisk", &one).ok();
    assert_eq!(state().0, "unmounting");
    cloud.settle();
    assert_eq!(state(), (json!("waiting"), json!("")));
    cloud
        .ask("cds.ebs.DetachDisk", &one)
        .refused(403, "InvalidOperation.DiskStatusUnsupported");
    cloud.done("cds.ebs.DeleteDisk", &one);
    cloud
        .ask("cds.ebs.DescribeDisk", &json!({"DiskId": id}))
        .refused(400, "InvalidParameter");
    let gone = cloud.ask("cds.ebs.DescribeDisk", &json!({"DiskId": id}));
    gone.refused(400, "InvalidParameter");
    let message = gone.1["Msg"].as_str().unwrap_or_default();
    assert!(message.contains("云盘信息不存在"), "{}", gone.1);
    let listed = json!({"DiskIds": json!([id]).to_string()});
    assert_eq!(
        cloud.ask("cds.ebs.DescribeDiskList", &listed).ok()["TotalCount"],
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_disk_goes_with_its_server_only_where_that_is_wanted() {
    let cloud = TestCloud::new();
    let server_id = servers(&cloud, &json!({"DataDisk": []})).remove(0);
    let goes = disks(&cloud, &json!({"InstanceId": server_id})).remove(0);
    let stays = disks(
        &cloud,
        &json!({"InstanceId": server_id, "ReleaseWithInstance": 0}),
    )
    .remove(0);
    let kept = snapshot(&cloud, &goes, "Forever");
    snapshot(&cloud, &goes, "3");
    cloud.done("cds.ecs.DeleteInstance", &json!({"EcsIds": [server_id]}));
    cloud
        .ask("cds.ebs.DescribeDisk", &json!({"DiskId": goes}))
        .refused(400, "InvalidParameter");
    assert_eq!(
        (
            view(&cloud, &stays)["Status"].clone(),
            snapshots(&cloud, &goes)
        ),
        (json!("waiting"), vec![kept])
    );
}

#[tokio::test(start_paused = true)]
async fn the_quota_of_a_zone_runs_out() {
    let cloud = TestCloud::new();
    let quota = |zone: &str| {
        cloud
            .ask(
                "cds.ebs.DescribeDiskQuota",
                &json!({"AvailableZoneCode": zone}),
            )
            .ok()["Data"]["QuotaList"][0]
            .clone()
    };
    let many = disks(&cloud, &json!({"Size": 2048, "Number": 5}));
    assert_eq!(
        (&quota(ZONE)["UsedQuota"], &quota(ZONE)["FreeQuota"]),
        (&json!(10_240), &json!(0))
    );
    cloud
        .ask("cds.ebs.CreateDisk", &disk(&json!({})))
        .refused(403, "InvalidOperation");
    cloud
        .ask(
            "cds.ebs.ExtendDisk",
            &json!({"DiskId": many[0], "ExtendedSize": 2056}),
        )
        .refused(403, "InvalidOperation");
    cloud
        .ask("cds.ecs.CreateInstance", &order(&json!({})))
        .refused(403, "InvalidOperation");
    assert_eq!(quota("CN_Suqian_A")["FreeQuota"], 10_240);
    cloud.done("cds.ebs.DeleteDisk", &json!({"DiskIds": [many[0]]}));
    disks(&cloud, &json!({}));
}

#[tokio::test(start_paused = true)]
async fn disks_are_listed_by_zone_region_and_id_page_by_page() {
    let cloud = TestCloud::new();
    let here = disks(&cloud, &json!({"Number": 3}));
    let there = disks(
        &cloud,
        &json!({"AvailableZoneCode": "CN_Suqian_B", "Number": 22}),
    );
    let list = |params: &Json| cloud.ask("cds.ebs.DescribeDiskList", params).ok();
    let first = list(&json!({"RegionCode": "CN_Suqian"}));
    assert_eq!(
        (
            &first["TotalCount"],
            first["Data"]["DiskList"].as_array().unwrap().len()
        ),
        (&json!(22), 20)
    );
    let last = list(&json!({"RegionCode": "CN_Suqian", "PageNumber": 2}));
    assert_eq!(last["Data"]["DiskList"][1]["DiskId"], there[21]);
    assert_eq!(list(&json!({"AvailableZoneCode": ZONE}))["TotalCount"], 3);
    assert_eq!(
        list(&json!({"AvailableZoneCode": ZONE, "RegionCode": "CN_Suqian"}))["TotalCount"],
        0
    );
    let both =
        json!({"DiskIds": json!([here[1], there[0]]).to_string(), "AvailableZoneCode": ZONE});
    assert_eq!(list(&both)["Data"]["DiskList"][0]["DiskId"], here[1]);
    cloud
        .ask("cds.ebs.DescribeDiskList", &json!({"DiskIds": "[1"}))
        .refused(400, "InvalidParameter");
    cloud
        .ask(
            "cds.ebs.DescribeDiskList",
            &json!({"RegionCode": "CN_Nowhere"}),
        )
        .refused(404, "InvalidRegion.NotFound");
}

#[tokio::test(start_paused = true)]
async fn snapshots_stand_in_a_chain_and_run_out() {
    let cloud = TestCloud::new();
    let id = disks(&cloud, &json!({})).remove(0);
    let made = cloud
        .ask(
            "cds.ebs.CreateSnapshot",
            &json!({"DiskId": id, "SnapshotName": "before-upgrade", "ReservedTime": "Forever"}),
        )
        .ok();
    let first = made["Data"]["SnapshotId"].as_str().unwrap().to_owned();
    let info = |snapshot: &str| {
        cloud
            .ask("cds.ebs.DescribeSnapshot", &json!({"SnapshotId": snapshot}))
            .ok()["Data"]["SnapshotInfo"]
            .clone()
    };
    assert_eq!(
        (
            &info(&first)["SnapshotStatus"],
            &view(&cloud, &id)["Status"]
        ),
        (&json!("creating"), &json!("creating_snapshot"))
    );
    cloud.settle();
    assert_eq!(
        (
            &info(&first)["SnapshotStatus"],
            &info(&first)["SnapshotName"]
        ),
        (&json!("running"), &json!("before-upgrade"))
    );
    assert!(first.starts_with(&format!("s-{id}-")) && first.ends_with("-01"));
    let second = snapshot(&cloud, &id, "Forever");
    assert_eq!(info(&second)["SnapshotName"], second);
    cloud.done("cds.ebs.DeleteSnapshot", &json!({"SnapshotIds": [second]}));
    let third = snapshot(&cloud, &id, "Forever");
    assert!(third.ends_with("-03"), "an id is not given twice");

    let chain = cloud
        .ask(
            "cds.ebs.DescribeSnapshotChain",
            &json!({"DiskId": id, "PageNumber": 2, "PageSize": 1}),
        )
        .ok();
    assert_eq!(
        (
            &chain["TotalCount"],
            &chain["Data"]["SnapshotNum"],
            &chain["Data"]["SnapshotList"][0]["SnapshotId"]
        ),
        (&json!(2), &json!(2), &json!(third))
    );
    let chains = cloud
        .ask("cds.ebs.DescribeSnapshotChainList", &json!({"DiskId": id}))
        .ok();
    assert_eq!(
        (
            &chains["TotalCount"],
            &chains["Data"]["SnapshotChainList"][0]["SnapshotChainId"]
        ),
        (&json!(1), &chain["Data"]["SnapshotChainId"])
    );
    cloud
        .ask(
            "cds.ebs.DescribeSnapshotChain",
            &json!({"SnapshotChainId": "sl-disk-none"}),
        )
        .refused(404, "InvalidSnapshotChainId.NotFound");
    cloud
        .ask("cds.ebs.DescribeSnapshotChain", &json!({}))
        .refused(400, "MissingParameter");

    for _ in 0..8 {
        snapshot(&cloud, &id, "Forever");
    }
    assert_eq!(
        cloud
            .ask("cds.ebs.DescribeSnapshotQuota", &json!({"DiskId": id}))
            .ok()["Data"]["FreeQuota"],
        0
    );
    cloud
        .ask("cds.ebs.CreateSnapshot", &json!({"DiskId": id}))
        .refused(403, "InvalidOperation");
    cloud.done(
        "cds.ebs.DeleteDisk",
        &json!({"DiskIds": [id], "DeleteSnapshot": 1}),
    );
    assert_eq!(
        snapshots(&cloud, &id).len(),
        10,
        "snapshots that are kept for ever outlive their disk"
    );
    cloud.done(
        "cds.ebs.DeleteSnapshot",
        &json!({"SnapshotIds": snapshots(&cloud, &id)}),
    );
    assert_eq!(
        cloud
            .ask("cds.ebs.DescribeSnapshotChainList", &json!({}))
            .ok()["TotalCount"],
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_gone_when_its_days_are_over() {
    let cloud = TestCloud::new();
    let id = disks(&cloud, &json!({})).remove(0);
    let (short, long) = (snapshot(&cloud, &id, ""), snapshot(&cloud, &id, "2"));
    advance(23 * 3600);
    assert_eq!(snapshots(&cloud, &id), [short.clone(), long.clone()]);
    advance(3600);
    assert_eq!(snapshots(&cloud, &id), [long]);
    cloud
        .ask("cds.ebs.DescribeSnapshot", &json!({"SnapshotId": short}))
        .refused(404, "InvalidSnapshotId.NotFound");
}

#[tokio::test(start_paused = true)]
async fn a_disk_is_rolled_back_while_its_server_is_off() {
    let cloud = TestCloud::new();
    let server_id = servers(&cloud, &json!({})).remove(0);
    let id = system_disk(&cloud, &server_id);
    let taken = snapshot(&cloud, &id, "1");
    let back = |changes: &Json| {
        let mut params = json!({"DiskId": id, "SnapshotId": taken, "NewSnapshot": {"SnapshotName": "rollback_test", "ReservedTime": "2"}});
        merge(params.as_object_mut().unwrap(), changes);
        cloud.ask("cds.ebs.RollbackDiskBySnapShot", &params)
    };
    back(&json!({})).refused(403, "InvalidOperation.InstanceStatusUnsupported");
    operate(&cloud, &server_id, "shutdown_ecs");
    let other = server_data_disk(&cloud, &server_id);
    back(&json!({"DiskId": other})).refused(403, "InvalidOperation");
    back(&json!({"NewSnapshot": {"SnapshotName": "auto-1"}})).refused(400, "InvalidParameter");
    assert_eq!(snapshots(&cloud, &id).len(), 1);
    back(&json!({})).ok();
    assert_eq!(
        (
            &view(&cloud, &id)["Status"],
            &server(&cloud, &server_id)["Status"]
        ),
        (&json!("rollback"), &json!("updating"))
    );
    cloud.settle();
    assert_eq!(
        (
            &server(&cloud, &server_id)["Status"],
            snapshots(&cloud, &id).len()
        ),
        (&json!("running"), 2)
    );
    operate(&cloud, &server_id, "shutdown_ecs");
    back(&json!({"AutoTurnOnInstance": 0})).ok();
    cloud.settle();
    assert_eq!(server(&cloud, &server_id)["Status"], "shutdown");
    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskFails("broken".into())).times(1));
    back(&json!({})).ok();
    cloud.settle();
    assert_eq!(
        (
            &server(&cloud, &server_id)["Status"],
            snapshots(&cloud, &id).len()
        ),
        (&json!("shutdown"), 3)
    );
}

#[tokio::test(start_paused = true)]
async fn snapshots_become_disks_images_and_copies() {
    let cloud = TestCloud::new();
    let server_id = servers(&cloud, &json!({})).remove(0);
    let system = snapshot(&cloud, &system_disk(&cloud, &server_id), "1");
    let data = server_data_disk(&cloud, &server_id);
    let data = snapshot(&cloud, data.as_str().unwrap(), "Forever");
    let from = |snapshot: &str, size: u64| disk(&json!({"SnapshotId": snapshot, "Size": size}));
    cloud
        .ask("cds.ebs.CreateDisk", &from(&system, 48))
        .refused(403, "InvalidOperation");
    cloud
        .ask("cds.ebs.CreateDisk", &from(&data, 40))
        .refused(400, "MinDiskSizeLess");
    cloud.ask("cds.ebs.CreateDisk", &from(&data, 48)).ok();
    let state = |snapshot: &str| {
        cloud
            .ask("cds.ebs.DescribeSnapshot", &json!({"SnapshotId": snapshot}))
            .ok()["Data"]["SnapshotInfo"]
            .clone()
    };
    assert_eq!(state(&data)["SnapshotStatus"], "disk_creating");
    cloud
        .ask("cds.ebs.DeleteSnapshot", &json!({"SnapshotIds": [data]}))
        .refused(403, "InvalidOperation.SnapshotStatusUnsupported");
    cloud.settle();

    let image = |snapshot: &str| json!({"SnapshotId": snapshot, "ImageName": "golden"});
    cloud
        .ask("cds.ebs.CreateImageBySnapshot", &image(&data))
        .refused(403, "InvalidOperation");
    let made = cloud.done("cds.ebs.CreateImageBySnapshot", &image(&system));
    servers(&cloud, &json!({"ImageId": made["Data"]["ImageId"]}));

    let to = |zone: &str| json!({"SnapshotId": data, "AvailableZoneCode": zone});
    cloud
        .ask("cds.ebs.CopySnapshotCrossAZ", &to(ZONE))
        .refused(403, "InvalidOperation");
    let copy = cloud
        .ask("cds.ebs.CopySnapshotCrossAZ", &to("CN_Suqian_A"))
        .ok()["Data"]["SnapshotId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        (
            &state(&copy)["SnapshotStatus"],
            &state(&data)["SnapshotStatus"]
        ),
        (&json!("creating"), &json!("running"))
    );
    cloud.settle();
    assert_eq!(
        (
            &state(&copy)["AvailableZoneCode"],
            &state(&copy)["DiskSize"]
        ),
        (&json!("CN_Suqian_A"), &json!(48))
    );
    cloud
        .ask("cds.ebs.CreateDisk", &from(&copy, 48))
        .refused(403, "InvalidOperation.AzMismatch");
    disks(
        &cloud,
        &json!({"SnapshotId": copy, "Size": 48, "AvailableZoneCode": "CN_Suqian_A"}),
    );
    cloud
        .ask(
            "cds.ebs.RenameSnapshot",
            &json!({"SnapshotId": copy, "SnapshotName": "更改后的名称001"}),
        )
        .ok();
    assert_eq!(state(&copy)["SnapshotName"], "更改后的名称001");
    cloud
        .ask(
            "cds.ebs.RenameSnapshot",
            &json!({"SnapshotId": copy, "SnapshotName": "a b"}),
        )
        .refused(400, "InvalidParameter");
}

#[tokio::test(start_paused = true)]
async fn disks_that_do_not_fit_are_refused_and_leave_nothing() {
    let cloud = TestCloud::new();
    let server_id = servers(&cloud, &json!({})).remove(0);
    let before = cloud.simulator.state_json();
    for (changes, http, code) in [
        (json!({"Size": 20}), 400, "InvalidParameter"),
        (json!({"Size": 33}), 400, "InvalidParameter"),
        (json!({"Size": 4008}), 400, "MaxDiskSizeExceed"),
        (json!({"DiskName": "1st"}), 400, "InvalidParameter"),
        (json!({"DiskFeature": "HDD"}), 400, "InvalidParameter"),
        (json!({"BillingMethod": "1"}), 400, "InvalidParameter"),
        (
            json!({"InstanceId": "ins-none"}),
            404,
            "InvalidEcsId.NotFound",
        ),
        (
            json!({"InstanceId": server_id, "AvailableZoneCode": "CN_Suqian_A"}),
            403,
            "InvalidOperation.AzMismatch",
        ),
        (
            json!({"SnapshotId": "s-disk-none"}),
            404,
            "InvalidSnapshotId.NotFound",
        ),
        (
            json!({"AvailableZoneCode": "CN_Nowhere_A"}),
            404,
            "InvalidAvailableZone.NotFound",
        ),
    ] {
        cloud
            .ask("cds.ebs.CreateDisk", &disk(&changes))
            .refused(http, code);
    }
    let none = json!({"DiskIds": ["disk-none"], "InstanceId": server_id});
    for action in ["DeleteDisk", "DetachDisk", "AttachDisk"] {
        cloud
            .ask(&format!("cds.ebs.{action}"), &none)
            .refused(400, "InvalidParameter");
    }
    assert_eq!(cloud.simulator.state_json(), before);
    let data = server_data_disk(&cloud, &server_id);
    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskFails("full".into())).times(3));
    cloud.done(
        "cds.ebs.CreateDisk",
        &disk(&json!({"InstanceId": server_id})),
    );
    cloud.done("cds.ebs.DetachDisk", &json!({"DiskIds": [data]}));
    cloud.done("cds.ebs.CreateSnapshot", &json!({"DiskId": data}));
    let after = cloud.simulator.state_json();
    assert_eq!(
        (&after["ebs"], &after["ecs"]),
        (&before["ebs"], &before["ecs"])
    );
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small numbers"
)]
fn pick(seed: u64, purpose: &str, step: u64, most: usize) -> usize {
    (ids::fraction(seed, purpose, step) * most as f64) as usize
}

/// Does whatever chance says, allowed or not; the state in the end.
fn walk(seed: u64, steps: u64) -> Json {
    let cloud = TestCloud::with_seed(seed);
    for step in 0..steps {
        let state = cloud.simulator.state_json();
        holds_together(&state);
        let any = |service: &str, list: &str| {
            let items = state[service][list].as_array().unwrap();
            let item = items.get(pick(seed, list, step, items.len().max(1)));
            item.map_or_else(
                || "none".to_owned(),
                |item| item["id"].as_str().unwrap().to_owned(),
            )
        };
        let (server, disk_id, taken) = (
            any("ecs", "servers"),
            any("ebs", "disks"),
            any("ebs", "snapshots"),
        );
        let (action, params) = match pick(seed, "action", step, 14) {
            0 => (
                "ecs.CreateInstance",
                order(&json!({"Number": 1 + pick(seed, "number", step, 2)})),
            ),
            1 => ("ecs.DeleteInstance", json!({"EcsIds": [server]})),
            2 => (
                "ecs.OperateInstance",
                json!({"EcsIds": [server], "OpType": "shutdown_ecs"}),
            ),
            3 => (
                "ecs.OperateInstance",
                json!({"EcsIds": [server], "OpType": "start_up_ecs"}),
            ),
            4 => ("ebs.CreateDisk", disk(&json!({"InstanceId": server}))),
            5 => (
                "ebs.AttachDisk",
                json!({"DiskIds": [disk_id], "InstanceId": server}),
            ),
            6 => ("ebs.DetachDisk", json!({"DiskIds": [disk_id]})),
            7 => (
                "ebs.DeleteDisk",
                json!({"DiskIds": [disk_id], "DeleteSnapshot": pick(seed, "with", step, 2)}),
            ),
            8 => ("ebs.CreateSnapshot", json!({"DiskId": disk_id})),
            9 => (
                "ebs.RollbackDiskBySnapShot",
                json!({"DiskId": disk_id, "SnapshotId": taken}),
            ),
            10 => ("ebs.DeleteSnapshot", json!({"SnapshotIds": [taken]})),
            11 => (
                "ebs.CopySnapshotCrossAZ",
                json!({"SnapshotId": taken, "AvailableZoneCode": "CN_Suqian_A"}),
            ),
            12 => (
                "ebs.ExtendDisk",
                json!({"DiskId": disk_id, "ExtendedSize": 64}),
            ),
            _ => (
                "ebs.CreateDisk",
                disk(&json!({"SnapshotId": taken, "Size": 64})),
            ),
        };
        let answer = cloud.ask(&format!("cds.{action}"), &params);
        assert!(
            [200, 400, 403, 404].contains(&answer.0),
            "{action}: {}",
            answer.1
        );
        let waits = if pick(seed, "long", step, 20) == 0 {
            30_000
        } else {
            40
        };
        advance(pick(seed, "time", step, waits) as u64);
    }
    cloud.settle();
    let state = cloud.simulator.state_json();
    holds_together(&state);
    state
}

/// What must be true of any state: nothing refers to what is gone, every disk is metered, and no
/// money appears.
fn holds_together(state: &Json) {
    let list = |service: &str, name: &str| state[service][name].as_array().unwrap().clone();
    let ids = |items: &[Json]| {
        items
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    let (servers, disks) = (list("ecs", "servers"), list("ebs", "disks"));
    let server_ids = ids(&servers);
    for disk in &disks {
        assert!(
            disk["server"].is_null() || server_ids.contains(disk["server"].as_str().unwrap()),
            "{disk}"
        );
    }
    let existing: BTreeSet<_> = server_ids.union(&ids(&disks)).cloned().collect();
    for metered in list("billing", "uses") {
        assert!(
            existing.contains(metered["resource"].as_str().unwrap()),
            "{metered}"
        );
    }
    let cents = |amount: &Json| (amount.as_f64().unwrap() * 100.0).round();
    let paid: f64 = list("wallet", "charges")
        .iter()
        .filter(|charge| charge["refunded"] == false)
        .map(|charge| cents(&charge["amount"]))
        .sum();
    assert!(
        (cents(&state["wallet"]["balance"]) + paid - 100_000_000.0).abs() < 0.5,
        "money appeared"
    );
}

#[tokio::test(start_paused = true)]
async fn a_random_walk_leaves_no_broken_state_and_repeats_itself() {
    for seed in 0..4 {
        let end = walk(seed, 150);
        assert_eq!(end, walk(seed, 150), "seed {seed}");
        let read = crate::SavedState::parse(&end.to_string());
        assert!(read.is_ok(), "{:?}", read.err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_whose_days_are_over_is_gone_for_every_service_at_once() {
    let cloud = TestCloud::new();
    let disk = cloud.done(
        "cds.ebs.CreateDisk",
        &json!({"AvailableZoneCode": "CN_Hohhot_B", "DiskFeature": "SSD", "Size": 48}),
    );
    let disk = disk["Data"]["DiskIdSet"][0].clone();
    let snapshot =
        cloud.done("cds.ebs.CreateSnapshot", &json!({"DiskId": disk}))["Data"]["SnapshotId"]
            .clone();
    cloud.done(
        "cds.ebs.CreateSnapshot",
        &json!({"DiskId": disk, "ReservedTime": "Forever"}),
    );
    let kept = || {
        cloud.simulator.state_json()["ebs"]["snapshots"]
            .as_array()
            .unwrap()
            .len()
    };
    advance(86_000);
    assert_eq!(kept(), 2);
    advance(400);
    assert_eq!(kept(), 1);
    let disk = json!({"DiskFeature": "ssd", "Size": 48, "SnapshotId": snapshot});
    let order = crate::services::ecs::tests::order(&json!({"DataDisk": [disk]}));
    cloud
        .ask("cds.ecs.CreateInstance", &order)
        .refused(404, "InvalidSnapshotId.NotFound");
}
