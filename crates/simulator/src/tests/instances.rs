use super::{TestCloud, advance, order};
use crate::{Fault, FaultRule, IMAGE_ID, VDC_ID};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_server_lives_from_its_order_to_its_deletion() {
    let cloud = TestCloud::new();
    let task = cloud
        .ask(
            "CreateInstance",
            &order(&json!({"Amount": 2, "DescriptionNum": "007"})),
        )
        .ok()["TaskId"]
        .clone();
    let ask = json!({"TaskId": task});
    let status = || cloud.ask("DescribeTask", &ask).ok()["Data"]["Status"].clone();
    assert_eq!(status(), "NEW");
    let listed = cloud
        .ask("DescribeInstances", &json!({"VdcId": VDC_ID}))
        .ok();
    let names: Vec<_> = listed["Data"]["Instances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["InstanceName"].clone())
        .collect();
    assert_eq!(names, ["web007", "web008"]);
    assert_eq!(listed["Data"]["Instances"][0]["InstanceStatus"], "creating");
    advance(30);
    assert_eq!(status(), "DOING");
    let ids = cloud.ended(task.as_str().unwrap());
    assert_eq!(ids[0], listed["Data"]["Instances"][0]["InstanceId"]);
    assert_eq!(
        (cloud.status(&ids[0]), cloud.status(&ids[1])),
        ("running".into(), "running".into())
    );

    let one = json!({"InstanceId": ids[0]});
    cloud
        .ask("StartInstance", &one)
        .refused(403, "IncorrectInstanceStatus");
    cloud
        .ask(
            "ModifyInstanceSpec",
            &json!({"InstanceId": ids[0], "Cpu": 4}),
        )
        .refused(403, "IncorrectInstanceStatus");
    cloud.ask("StopInstance", &one).ok();
    assert_eq!(cloud.status(&ids[0]), "updating");
    cloud
        .ask("RebootInstance", &one)
        .refused(403, "IncorrectInstanceStatus");
    advance(41);
    assert_eq!(cloud.status(&ids[0]), "stop");
    cloud.finish(
        "ModifyInstanceSpec",
        &json!({"InstanceId": ids[0], "Cpu": 8, "Ram": 16}),
    );
    assert_eq!(cloud.instance(&ids[0])["Cpu"], 8);
    cloud.finish("StartInstance", &one);
    assert_eq!(cloud.status(&ids[0]), "running");

    cloud.finish("DeleteInstance", &json!({"InstanceIds": ids}));
    let left = cloud.ask("DescribeInstances", &json!({})).ok();
    assert_eq!(left["Data"]["Instances"], json!([]));
    cloud
        .ask("StopInstance", &one)
        .refused(400, "InstanceNotFound");
}

#[tokio::test(start_paused = true)]
async fn ids_are_held_to_their_form_in_each_documents_spelling() {
    let cloud = TestCloud::new();
    cloud
        .ask("StopInstance", &json!({"InstanceId": "web"}))
        .refused(400, "InvalidInstanceID.Malformed");
    cloud
        .ask("RebootInstance", &json!({"InstanceId": "web"}))
        .refused(400, "InvalidInstanceId.Malformed");
    cloud
        .ask("DescribeTask", &json!({"TaskId": "1"}))
        .refused(400, "InvalidTaskID.Malformed");
}

#[tokio::test(start_paused = true)]
async fn lists_are_paged_and_filtered() {
    let cloud = TestCloud::new();
    let ids = cloud.servers(12);
    let page =
        |params: serde_json::Value| cloud.ask("DescribeInstances", &params).ok()["Data"].clone();
    let first = page(json!({}));
    assert_eq!(
        (
            first["Instances"].as_array().unwrap().len(),
            &first["PageNumber"],
            &first["PageCount"]
        ),
        (10, &json!(1), &json!(2))
    );
    let second = page(json!({"PageNumber": 2}));
    assert_eq!(second["Instances"][1]["InstanceId"], ids[11].as_str());
    assert_eq!(page(json!({"PageNumber": 3}))["Instances"], json!([]));
    assert_eq!(page(json!({"PageSize": 5}))["PageCount"], 3);
    let address = &second["Instances"][0]["PublicNetworkInterface"][0]["IP"];
    let found = page(json!({"PublicIp": [address]}));
    assert_eq!(
        (
            found["Instances"].as_array().unwrap().len(),
            &found["Instances"][0]["InstanceId"]
        ),
        (1, &json!(ids[10]))
    );
    assert_eq!(page(json!({"VdcName": "another"}))["Instances"], json!([]));
    assert_eq!(
        page(json!({"RegionId": "CN_Beijing_A", "PageSize": 50}))["Instances"]
            .as_array()
            .unwrap()
            .len(),
        12
    );
}

#[tokio::test(start_paused = true)]
async fn a_protected_server_is_not_deleted() {
    let cloud = TestCloud::new();
    let ids = cloud.servers(2);
    cloud
        .ask(
            "ModifyInstanceAttribute",
            &json!({"InstanceIds": [ids[1]], "DeletionProtection": true}),
        )
        .ok();
    cloud
        .ask("DeleteInstance", &json!({"InstanceIds": ids}))
        .refused(403, "InvalidOperation.DeletionProtection");
    cloud
        .ask(
            "ModifyInstanceAttribute",
            &json!({"InstanceIds": [ids[1]], "DeletionProtection": false}),
        )
        .ok();
    cloud.finish("DeleteInstance", &json!({"InstanceIds": ids}));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_creates_nothing() {
    let cloud = TestCloud::new();
    let answer = cloud
        .ask(
            "CreateInstance",
            &order(&json!({"DryRun": true, "LabelNames": ["a"]})),
        )
        .ok();
    assert_eq!(answer["TaskId"], "");
    let state = cloud.simulator.state_json();
    assert_eq!(
        (
            &state["ccs"]["instances"],
            &state["ccs"]["tags"],
            &state["tasks"]
        ),
        (&json!([]), &json!({}), &json!([]))
    );
}

#[tokio::test(start_paused = true)]
async fn batches_come_comma_separated() {
    let cloud = TestCloud::new();
    let ids = cloud.servers(2);
    cloud.finish(
        "StopInstances",
        &json!({"InstanceIds": ids.join(","), "StopType": "HARD"}),
    );
    assert_eq!(cloud.status(&ids[1]), "stop");
    cloud.finish("StartInstances", &json!({"InstanceIds": ids.join(",")}));
    assert_eq!(cloud.status(&ids[0]), "running");
    let answer = cloud
        .ask(
            "ResetInstancesPassword",
            &json!({"InstanceIds": ids.join(","), "Password": "EcsV587!"}),
        )
        .ok();
    assert!(
        answer["Data"][1]["TaskId"].is_u64() && answer["Data"][1]["InstanceId"] == ids[1].as_str()
    );
}

#[tokio::test(start_paused = true)]
async fn an_order_needs_a_balance_that_covers_it() {
    let cloud = TestCloud::new();
    cloud.simulator.set_balance(10.0);
    cloud
        .ask("CreateInstance", &order(&json!({})))
        .refused(400, "NotEnoughBalance");
    cloud.simulator.set_balance(10_000.0);
    cloud
        .ask(
            "CreateInstance",
            &order(&json!({"InstanceChargeType": "PrePaid"})),
        )
        .ok();
    assert!(
        cloud.simulator.state_json()["wallet"]["balance"]
            .as_f64()
            .unwrap()
            < 10_000.0
    );
}

#[tokio::test(start_paused = true)]
async fn numbers_beyond_counting_are_no_trouble() {
    let cloud = TestCloud::new();
    let huge = json!({"InstanceChargeType": "PrePaid", "PrepaidMonth": u64::MAX, "SystemDisk": {"IOPS": u64::MAX}});
    cloud
        .ask("CreateInstance", &order(&huge))
        .refused(400, "NotEnoughBalance");
    cloud
        .ask(
            "DescribeInstances",
            &json!({"PageNumber": u64::MAX, "PageSize": u64::MAX}),
        )
        .ok();
    let id = cloud.servers(1).remove(0);
    cloud.finish(
        "ExtendSystemDisk",
        &json!({"InstanceId": id, "IOPS": u64::MAX}),
    );
    assert!(cloud.instance(&id)["Disks"]["SystemDisk"]["IOPS"].is_u64());
}

#[tokio::test(start_paused = true)]
async fn the_documents_own_order_works() {
    let cloud = TestCloud::new();
    let example = cloud
        .catalog
        .action("cds.ccs.CreateInstance")
        .unwrap()
        .example
        .clone();
    assert_eq!(
        (&example["VdcId"], &example["ImageId"]),
        (&json!(VDC_ID), &json!(IMAGE_ID))
    );
    assert_eq!(cloud.finish("CreateInstance", &example).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_describes_a_server_fits_it() {
    let cloud = TestCloud::new();
    let id = cloud.servers(1).remove(0);
    let interface = cloud.instance(&id)["PrivateNetworkInterface"][0]["InterfaceId"].clone();
    let span = json!({"InstanceId": id, "InterfaceId": interface, "MetricName": "NetworkCardFlow", "Period": 60,
        "StartTime": "2019-10-09 15:30:00", "EndTime": "2019-10-09 16:30:00"});
    let points = cloud.ask("DescribeInstanceMonitor", &span).ok()["Data"]["DataPoints"].clone();
    assert_eq!(
        (points.as_array().unwrap().len(), &points[1]["Timestamp"]),
        (61, &json!("2019-10-09 15:31:00"))
    );
    assert!(
        cloud.ask("DescribeNetworkCardFlow", &span).ok()["Data"]["NetworkCardFlow"]["Input"]
            .is_number()
    );
    let mut unknown = span.clone();
    unknown["MetricName"] = json!("CPUUtilization");
    cloud
        .ask("DescribeNetworkCardFlow", &unknown)
        .refused(400, "InvalidParameter");
    let backwards = json!({"InstanceId": id, "MetricName": "CPUUtilization", "Period": 60,
        "StartTime": "2019-10-09 16:30:00", "EndTime": "2019-10-09 15:30:00"});
    cloud
        .ask("DescribeInstanceMonitor", &backwards)
        .refused(400, "InvalidParameter");
    let sizes = cloud
        .ask(
            "DescribeInstanceType",
            &json!({"RegionId": "CN_Beijing_A", "InstanceType": "Standard"}),
        )
        .ok();
    assert!(
        sizes["Data"]
            .as_array()
            .unwrap()
            .contains(&json!({"Cpu": 1, "Ram": 2, "Name": "1核2G"}))
    );
}

/// What the account has and what it owes, in hundredths of a yuan.
fn account(cloud: &TestCloud) -> (i64, i64) {
    let data = cloud
        .ask("cds.billing.DescribeAccountInfo", &json!({}))
        .ok()["Data"]
        .clone();
    let cents = |name: &str| {
        format!("{:.0}", data[name].as_f64().unwrap() * 100.0)
            .parse()
            .unwrap()
    };
    (cents("MasterTotalBalance"), cents("ToDeduct"))
}

const DAY: u64 = 86_400;

#[tokio::test(start_paused = true)]
async fn a_server_on_demand_is_metered_and_a_larger_one_costs_more() {
    let cloud = TestCloud::new();
    let (begin, _) = account(&cloud);
    let id = cloud.servers(1).remove(0);
    assert_eq!(account(&cloud).0, begin);
    advance(10 * DAY);
    let (balance, due) = account(&cloud);
    // 2 CPUs, 4 GB and a disk of 20 GB: 126 yuan a month.
    assert!(
        balance == begin && (4200..4210).contains(&due),
        "{balance} {due}"
    );
    cloud.finish(
        "CreateDisk",
        &json!({"InstanceId": id, "DataDisks": [{"Size": 1000, "Type": "high_disk"}]}),
    );
    let (balance, due) = account(&cloud);
    assert!(
        (begin - 4210..=begin - 4200).contains(&balance) && due < 5,
        "{balance} {due}"
    );
    advance(10 * DAY);
    assert!(
        (14_200..14_210).contains(&account(&cloud).1),
        "{:?}",
        account(&cloud)
    );
    cloud.finish("DeleteInstance", &json!({"InstanceIds": [id]}));
    let (balance, due) = account(&cloud);
    assert!(
        (begin - 18_430..=begin - 18_400).contains(&balance) && due == 0,
        "{balance} {due}"
    );
    advance(10 * DAY);
    assert_eq!(account(&cloud), (balance, 0));
}

#[tokio::test(start_paused = true)]
async fn a_prepaid_server_renews_itself_or_is_switched_off() {
    let cloud = TestCloud::new();
    let (begin, _) = account(&cloud);
    let order = |renew: u8| {
        order(&json!({"InstanceChargeType": "PrePaid", "PrepaidMonth": 1, "AutoRenew": renew}))
    };
    let lasting = cloud.finish("CreateInstance", &order(1)).remove(0);
    let passing = cloud.finish("CreateInstance", &order(0)).remove(0);
    assert_eq!(account(&cloud), (begin - 2 * 12_600, 0));
    advance(30 * DAY);
    assert_eq!(
        (cloud.status(&lasting), cloud.status(&passing)),
        ("running".into(), "running".into())
    );
    advance(2 * DAY);
    assert_eq!(account(&cloud), (begin - 3 * 12_600, 0));
    assert_eq!(
        (cloud.status(&lasting), cloud.status(&passing)),
        ("running".into(), "stop".into())
    );
    cloud
        .ask("StartInstance", &json!({"InstanceId": passing}))
        .refused(403, "IncorrectInstanceStatus");
    cloud.finish(
        "ModifyInstanceChargeType",
        &json!({"InstanceId": passing, "InstanceChargeType": "PostPaid"}),
    );
    cloud.finish("StartInstance", &json!({"InstanceId": passing}));
    advance(DAY);
    assert!(
        (420..425).contains(&account(&cloud).1),
        "{:?}",
        account(&cloud)
    );
    cloud.simulator.set_balance(1.0);
    advance(31 * DAY);
    assert_eq!(cloud.status(&lasting), "stop");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_paid_in_advance_from_now_on_is_paid_then() {
    let cloud = TestCloud::new();
    let id = cloud.servers(1).remove(0);
    let (begin, _) = account(&cloud);
    let change = json!({"InstanceId": id, "InstanceChargeType": "PrePaid", "PrepaidMonth": 1});
    cloud.simulator.set_balance(1.0);
    cloud
        .ask("ModifyInstanceChargeType", &change)
        .refused(400, "NotEnoughBalance");
    cloud.simulator.set_balance(1_000_000.0);
    cloud.finish("ModifyInstanceChargeType", &change);
    // What is left of March, 31 days less some hours, and April.
    let (balance, due) = account(&cloud);
    assert!(
        (24_000..=25_200).contains(&(begin - balance)) && due == 0,
        "{balance} {due}"
    );
    cloud
        .ask("ModifyInstanceChargeType", &change)
        .refused(403, "IncorrectInstanceStatus");
    advance(20 * DAY);
    assert_eq!(account(&cloud), (balance, 0));
    let other = cloud.servers(1).remove(0);
    let (before, _) = account(&cloud);
    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskFails("busy".into())).on("ModifyInstanceChargeType"));
    cloud.done(
        "ModifyInstanceChargeType",
        &json!({"InstanceId": other, "InstanceChargeType": "PrePaid"}),
    );
    assert_eq!(
        (
            account(&cloud).0,
            &cloud.instance(&other)["InstanceChargeType"]
        ),
        (before, &json!("PostPaid"))
    );
}

#[tokio::test(start_paused = true)]
async fn windows_is_activated_by_one_key_for_all_servers_or_one_for_each() {
    const KEY: &str = "Q7NBW-8B24B-MG6PV-DVP24-K4QWM";
    let cloud = TestCloud::new();
    let windows = "Windows_2019_Datacenter_64_CN";
    let activated = |ids: &[String]| -> Vec<bool> {
        let state = cloud.simulator.state_json();
        let of = |id: &String| {
            state["ccs"]["instances"]
                .as_array()
                .unwrap()
                .iter()
                .find(|server| server["id"] == *id)
                .unwrap()
                .clone()
        };
        ids.iter()
            .map(|id| of(id)["is_activated"] == true)
            .collect()
    };
    let make = |image: &str, keys: serde_json::Value| {
        order(&json!({"ImageId": image, "Amount": 2, "WindowsActivation": keys}))
    };
    for wrong in [
        json!({"Batch": 0, "ProductIds": [KEY]}),
        json!({"ProductIds": [KEY, KEY, KEY]}),
        json!({"Batch": 1, "ProductIds": [KEY, KEY]}),
    ] {
        cloud
            .ask("CreateInstance", &make(windows, wrong))
            .refused(400, "InvalidParameter");
    }
    let one = cloud.finish(
        "CreateInstance",
        &make(windows, json!({"Batch": 1, "ProductIds": [KEY]})),
    );
    assert_eq!(activated(&one), [true, true]);
    let each = cloud.finish(
        "CreateInstance",
        &make(windows, json!({"Batch": 0, "ProductIds": [KEY, "wrong"]})),
    );
    assert_eq!(activated(&each), [true, false]);
    assert_eq!(
        activated(&cloud.finish("CreateInstance", &make(windows, json!({})))),
        [false, false]
    );
    assert_eq!(
        activated(&cloud.finish(
            "CreateInstance",
            &make("Ubuntu_16.04_64", json!({"Batch": 1, "ProductIds": [KEY]}))
        )),
        [false, false]
    );
    let reset = |more: serde_json::Value| {
        let mut params = json!({"InstanceId": one[0], "ImageId": windows, "Password": "123abc,.;"});
        super::merge(params.as_object_mut().unwrap(), &more);
        cloud.finish("ResetImage", &params);
        activated(&one[..1])
    };
    assert_eq!(reset(json!({})), [false]);
    assert_eq!(reset(json!({"ProductId": KEY})), [true]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_switched_off_hard_is_off_sooner() {
    let cloud = TestCloud::new();
    let ids = cloud.servers(2);
    cloud
        .ask(
            "StopInstance",
            &json!({"InstanceId": ids[0], "StopType": "HARD"}),
        )
        .ok();
    cloud
        .ask(
            "StopInstance",
            &json!({"InstanceId": ids[1], "StopType": "SOFT"}),
        )
        .ok();
    advance(6);
    assert_eq!(
        (cloud.status(&ids[0]), cloud.status(&ids[1])),
        ("stop".into(), "updating".into())
    );
}
