use crate::services::bms::tests::{cloud, servers};
use crate::tests::documented::documented;
use crate::tests::{Answer, TestCloud, merge};
use crate::{Fault, FaultRule};
use serde_json::{Value as Json, json};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn ask(cloud: &TestCloud, action: &str, params: &Json) -> Answer {
    cloud.ask(&format!("cds.bms_disk.{action}"), params)
}

fn done(cloud: &TestCloud, action: &str, params: &Json) -> Json {
    cloud.done(&format!("cds.bms_disk.{action}"), params)
}

/// The document's order of a disk, with some of it changed.
fn order(cloud: &TestCloud, changes: &Json) -> Json {
    let mut order = cloud
        .catalog
        .action("cds.bms_disk.CreateDisk")
        .unwrap()
        .example
        .clone();
    merge(order.as_object_mut().unwrap(), changes);
    order
}

fn disk(cloud: &TestCloud) -> String {
    let made = done(cloud, "CreateDisk", &order(cloud, &json!({})));
    made["Data"]["DiskInfo"][0]["DiskId"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn view(cloud: &TestCloud, id: &str) -> Json {
    ask(cloud, "DescribeDisks", &json!({"DiskId": id})).ok()["Data"]["DiskList"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn every_action_answers_as_documented() {
    let actions = TestCloud::new().catalog.actions_of("cds.bms_disk").unwrap();
    assert_eq!(actions.len(), 15);
    for action in actions {
        let cloud = cloud();
        let (server, disk) = (servers(&cloud, &json!({})).remove(0), disk(&cloud));
        if action.name == "DetachDisk" {
            done(
                &cloud,
                "AttachDisk",
                &json!({"DiskId": disk, "InstanceId": server}),
            );
        }
        let snapshot = done(
            &cloud,
            "CreateSnapshot",
            &json!({"DiskId": disk, "SnapshotName": "s"}),
        )["Data"]["SnapshotId"]
            .clone();
        let mut params = action.example.as_object().unwrap().clone();
        for (name, value) in [
            ("InstanceId", json!(server)),
            ("DiskId", json!(disk)),
            ("SnapshotId", snapshot),
        ] {
            if params.contains_key(name) {
                params.insert(name.to_owned(), value);
            }
        }
        let answer = ask(&cloud, &action.name, &Json::Object(params));
        assert_eq!(answer.code(), "Success", "{}: {}", action.name, answer.1);
        documented(&action, &answer.ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_is_attached_grown_detached_and_deleted() {
    let cloud = cloud();
    let server = servers(&cloud, &json!({})).remove(0);
    let goods = json!({"RegionId": "CN_Beijing_F", "Bw": 2000, "Iops": 8000, "Type": "ssd"});
    let goods = ask(&cloud, "DescribeGoodsId", &goods).ok()["Data"]["GoodsId"].clone();
    let made = ask(
        &cloud,
        "CreateDisk",
        &order(&cloud, &json!({"GoodsId": goods, "Num": 2})),
    )
    .ok()["Data"]["DiskInfo"]
        .clone();
    let id = made[0]["DiskId"].as_str().unwrap().to_owned();
    assert_eq!(
        (made.as_array().unwrap().len(), &view(&cloud, &id)["State"]),
        (2, &json!("creating"))
    );
    let attach = json!({"InstanceId": server, "DiskId": id});
    ask(&cloud, "AttachDisk", &attach).refused(400, "ParameterInvalid");
    cloud.settle();
    let disk = view(&cloud, &id);
    assert_eq!(
        (
            &disk["Iops"],
            &disk["Bw"],
            &disk["DiskType"],
            &disk["State"]
        ),
        (&json!(8000), &json!(2000), &json!("ssd"), &json!("detach"))
    );
    let own = json!({"DiskId": id});
    ask(&cloud, "DetachDisk", &own).refused(400, "ParameterInvalid");
    ask(&cloud, "AttachDisk", &attach).ok();
    assert_eq!(view(&cloud, &id)["State"], "attaching");
    cloud.settle();
    assert_eq!(view(&cloud, &id)["State"], "attach");
    let at_server = || {
        ask(&cloud, "DescribeDisks", &json!({"InstanceId": server})).ok()["Data"]["Total"].clone()
    };
    assert_eq!(at_server(), 1);
    ask(&cloud, "AttachDisk", &attach).refused(400, "ParameterInvalid");
    ask(&cloud, "DeleteDisk", &own).refused(400, "ParameterInvalid");
    done(&cloud, "ExpansionSize", &json!({"DiskId": id, "Size": 50}));
    done(&cloud, "ChangeIops", &json!({"DiskId": id, "Iops": 9000}));
    done(&cloud, "ChangeBandwidth", &json!({"DiskId": id, "Bw": 500}));
    let disk = view(&cloud, &id);
    assert_eq!(
        (&disk["Size"], &disk["Iops"], &disk["Bw"]),
        (&json!(250), &json!(9000), &json!(2500))
    );
    let usage = ask(&cloud, "DescribeDiskUsage", &own).ok()["Data"].clone();
    assert!(
        usage["Size"] == 250
            && usage["Use"].as_u64().unwrap() < 250
            && usage["Ratio"].as_str().unwrap().ends_with('%')
    );
    done(&cloud, "DetachDisk", &own);
    assert_eq!(
        (view(&cloud, &id)["State"].clone(), at_server()),
        (json!("detach"), json!(0))
    );
    ask(&cloud, "DeleteDisk", &own).ok();
    ask(&cloud, "ChangeIops", &json!({"DiskId": id, "Iops": 1})).refused(400, "ParameterInvalid");
    cloud.settle();
    assert_eq!(
        ask(&cloud, "DescribeDisks", &own).ok()["Data"],
        json!({"Total": 0, "DiskList": []})
    );
    ask(&cloud, "DeleteDisk", &own).refused(400, "ParameterInvalid");
}

#[tokio::test(start_paused = true)]
async fn snapshots_are_cloned_rolled_back_and_go_with_their_disk() {
    let cloud = cloud();
    let (server, id) = (servers(&cloud, &json!({})).remove(0), disk(&cloud));
    let take = json!({"DiskId": id, "SnapshotName": "empty"});
    let snapshot = ask(&cloud, "CreateSnapshot", &take).ok()["Data"]["SnapshotId"].clone();
    let own = json!({"SnapshotId": snapshot, "Name": "copy"});
    for action in ["CloneSnapshot", "RollbackSnapshot", "DeleteSnapshot"] {
        ask(&cloud, action, &own).refused(400, "ParameterInvalid");
    }
    cloud.settle();
    done(
        &cloud,
        "AttachDisk",
        &json!({"DiskId": id, "InstanceId": server}),
    );
    let used = || {
        ask(&cloud, "DescribeDiskUsage", &json!({"DiskId": id})).ok()["Data"]["Use"]
            .as_u64()
            .unwrap()
    };
    assert!(used() > 0);
    done(&cloud, "RollbackSnapshot", &own);
    assert_eq!(used(), 0);
    let copy = done(&cloud, "CloneSnapshot", &own)["Data"]["DiskId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        (&view(&cloud, &copy)["Size"], &view(&cloud, &copy)["State"]),
        (&json!(200), &json!("detach"))
    );
    done(&cloud, "DetachDisk", &json!({"DiskId": id}));
    done(&cloud, "DeleteDisk", &json!({"DiskId": id}));
    ask(&cloud, "CloneSnapshot", &own).refused(400, "ParameterInvalid");
    assert_eq!(
        cloud.simulator.state_json()["bms_disk"]["snapshots"],
        json!([])
    );
    let other = done(
        &cloud,
        "CreateSnapshot",
        &json!({"DiskId": copy, "SnapshotName": "s"}),
    )["Data"]["SnapshotId"]
        .clone();
    done(&cloud, "DeleteSnapshot", &json!({"SnapshotId": other}));
    ask(&cloud, "RollbackSnapshot", &json!({"SnapshotId": other})).refused(400, "ParameterInvalid");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_lets_its_disks_go() {
    let cloud = cloud();
    let (server, id) = (servers(&cloud, &json!({})).remove(0), disk(&cloud));
    done(
        &cloud,
        "AttachDisk",
        &json!({"DiskId": id, "InstanceId": server}),
    );
    cloud.done(
        "cds.bms.OperateBmsPower",
        &json!({"BaremetalIds": [server], "Operate": "stop"}),
    );
    cloud.done("cds.bms.DeleteBmsInstance", &json!({"BaremetalId": server}));
    assert_eq!(view(&cloud, &id)["State"], "detach");
    ask(
        &cloud,
        "AttachDisk",
        &json!({"DiskId": id, "InstanceId": server}),
    )
    .refused(400, "ParameterInvalid");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_or_too_much_is_refused() {
    let cloud = cloud();
    let refused = |changes: Json, code: &str| {
        ask(&cloud, "CreateDisk", &order(&cloud, &changes)).refused(400, code);
    };
    refused(json!({"Name": null}), "ParameterInvalid");
    refused(json!({"Name": ""}), "ParameterIsEmpty");
    refused(json!({"Size": 0}), "ParameterInvalid");
    refused(json!({"Num": -1}), "ParameterInvalid");
    refused(
        json!({"GoodsId": NOBODY.replace('0', "g")}),
        "ParameterInvalid",
    );
    refused(json!({"RegionId": "CN_Beijing_A"}), "ParameterInvalid");
    refused(
        json!({"Size": u64::MAX, "Num": u64::MAX}),
        "ParameterInvalid",
    );
    done(
        &cloud,
        "CreateDisk",
        &order(&cloud, &json!({"Size": 60_000})),
    );
    refused(json!({"Size": 60_000}), "ParameterInvalid");
    let pool = json!({"RegionId": "CN_Beijing_F", "PoolName": "nvme_pool"});
    let pool = ask(&cloud, "DescribePoolUsage", &pool).ok()["Data"].clone();
    assert_eq!(
        pool,
        json!({"PoolName": "nvme_pool", "Use": 60_000, "Size": 100_000, "Ratio": "60%"})
    );
    ask(
        &cloud,
        "DescribePoolUsage",
        &json!({"RegionId": "CN_Beijing_F", "PoolName": "x"}),
    )
    .refused(400, "ParameterInvalid");
    ask(&cloud, "DescribeDisks", &json!({})).refused(400, "ParametersIsEmpty");
    ask(
        &cloud,
        "DescribeDisks",
        &json!({"RegionId": "", "DiskId": ""}),
    )
    .refused(400, "ParametersIsEmpty");
    ask(&cloud, "ExpansionSize", &json!({"Size": 8})).refused(400, "ParameterInvalid");
    let goods = json!({"RegionId": "CN_Beijing_F", "Bw": 2000, "Iops": 8000, "Type": "tape"});
    ask(&cloud, "DescribeGoodsId", &goods).refused(400, "ParameterInvalid");
    let id = disk(&cloud);
    ask(
        &cloud,
        "AttachDisk",
        &json!({"DiskId": id, "InstanceId": NOBODY}),
    )
    .refused(400, "ParameterInvalid");
    let elsewhere = done(
        &cloud,
        "CreateDisk",
        &order(&cloud, &json!({"RegionId": "CN_Beijing_J"})),
    );
    let server = servers(&cloud, &json!({})).remove(0);
    let attach =
        json!({"DiskId": elsewhere["Data"]["DiskInfo"][0]["DiskId"], "InstanceId": server});
    ask(&cloud, "AttachDisk", &attach).refused(400, "ParameterInvalid");
    let page = ask(
        &cloud,
        "DescribeDisks",
        &json!({"RegionId": "CN_Beijing_F", "PageNumber": "2", "PageSize": "1"}),
    )
    .ok();
    assert_eq!(
        (
            &page["Data"]["Total"],
            &page["Data"]["DiskList"][0]["DiskId"]
        ),
        (&json!(2), &json!(id))
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_leaves_no_disk_and_no_snapshot() {
    let cloud = cloud();
    let fails = || {
        cloud
            .simulator
            .fault(FaultRule::new(Fault::TaskFails("broken".into())).times(1));
    };
    let id = disk(&cloud);
    fails();
    let snapshot = done(
        &cloud,
        "CreateSnapshot",
        &json!({"DiskId": id, "SnapshotName": "s"}),
    )["Data"]["SnapshotId"]
        .clone();
    ask(&cloud, "DeleteSnapshot", &json!({"SnapshotId": snapshot}))
        .refused(400, "ParameterInvalid");
    fails();
    let lost = done(
        &cloud,
        "CreateDisk",
        &order(&cloud, &json!({"Name": "lost"})),
    );
    assert_eq!(
        ask(&cloud, "DescribeDisks", &json!({"Name": "lost"})).ok()["Data"]["Total"],
        0
    );
    ask(&cloud, "DeleteDisk", &lost["Data"]["DiskInfo"][0]).refused(400, "ParameterInvalid");
    fails();
    done(&cloud, "ExpansionSize", &json!({"DiskId": id, "Size": 8}));
    assert_eq!(view(&cloud, &id)["Size"], 200);
}
