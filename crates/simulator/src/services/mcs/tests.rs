use super::public_key::tests::{FINGERPRINT, LINE, decrypt};
use super::state::MCS;
use crate::cloud::ids;
use crate::cloud::money::Money;
use crate::tests::documented::documented;
use crate::tests::{TestCloud, advance, merge};
use crate::{Fault, FaultRule};
use bytes::Bytes;
use http::Request;
use serde_json::{Value as Json, json};

const IMAGE: &str = "d1620e45-c561-42e7-a2a4-53ae0a389bb9";

/// A machine of the type `small_net` that runs; its id.
#[track_caller]
fn machine(cloud: &TestCloud, name: &str) -> String {
    let order = json!({"ImageId": IMAGE, "Duration": "72H", "InstanceType": "small_net", "InstanceName": name});
    cloud.done("mcs.CreateInstance", &order)["Instance"]["instanceId"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[track_caller]
fn status(cloud: &TestCloud, id: &str) -> String {
    let answer = cloud
        .ask("mcs.DescribeInstanceStatus", &json!({"InstanceId": id}))
        .ok();
    answer["InstanceStatus"]["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn instances(cloud: &TestCloud, params: &Json) -> Json {
    cloud.ask("mcs.DescribeInstances", params).ok()["InstanceSet"].clone()
}

fn balance(cloud: &TestCloud) -> Money {
    serde_json::from_value(cloud.ask("mcs.GetBalance", &json!({})).ok()["balance"].clone()).unwrap()
}

fn of(id: &str) -> Json {
    json!({"InstanceId": id})
}

#[tokio::test(start_paused = true)]
async fn every_action_answers_its_documented_example() {
    let actions = TestCloud::new().catalog.actions_of("mcs").unwrap();
    assert_eq!(actions.len(), 22);
    for action in actions {
        let cloud = TestCloud::new();
        machine(&cloud, "testtest");
        machine(&cloud, "system");
        cloud
            .ask(
                "mcs.ImportKeyPair",
                &json!({"KeyName": "testkey", "PublicKeyMaterial": LINE}),
            )
            .ok();
        let mut params = action.example.as_object().unwrap().clone();
        match action.name.as_str() {
            "StartInstance" => _ = cloud.done("mcs.StopInstance", &of("system")),
            "ImportKeyPair" => merge(&mut params, &json!({"PublicKeyMaterial": LINE})),
            "DeleteKeyPair" => merge(&mut params, &json!({"KeyName": "testkey"})),
            _ => {}
        }
        documented(
            &action,
            &cloud.ask(&action.full_name, &Json::Object(params)).ok(),
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_lives_from_its_order_to_its_end() {
    let cloud = TestCloud::new();
    let types = cloud
        .ask("mcs.DescribeInstanceTypes", &json!({"Limit": 1}))
        .ok();
    let example = &cloud
        .catalog
        .action("mcs.DescribeInstanceTypes")
        .unwrap()
        .answer
        .example;
    assert_eq!(
        types["InstanceTypeSet"]["InstanceType"],
        example["InstanceTypeSet"]["InstanceType"]
    );
    assert_eq!(
        (
            &types["InstanceTypeSet"]["Total"],
            &types["InstanceTypeSet"]["Limit"]
        ),
        (&json!(7), &json!(1))
    );

    let order = json!({"ImageId": IMAGE, "InstanceType": "small_net", "InstanceName": "web"});
    let made = cloud.ask("mcs.CreateInstance", &order).ok()["Instance"].clone();
    let id = made["instanceId"].as_str().unwrap();
    assert_eq!(
        (
            &made["status"],
            &made["cpu"],
            &made["memory"],
            &made["volume"]
        ),
        (&json!("creating"), &json!(1), &json!(128), &json!(2_048))
    );
    assert_eq!(made["ipAddresses"], "10.168.0.2");
    cloud
        .ask("mcs.StopInstance", &of(id))
        .refused(409, "Instance web is in status creating");
    cloud.settle();
    assert_eq!(
        (status(&cloud, id), status(&cloud, "web")),
        ("running".to_owned(), "running".to_owned())
    );

    cloud
        .ask("mcs.StartInstance", &of(id))
        .refused(409, "Instance web is in status running");
    assert_eq!(
        cloud.ask("mcs.StopInstance", &of("web")).ok(),
        json!({"return": "True"})
    );
    assert_eq!(status(&cloud, id), "stopping");
    cloud.settle();
    assert_eq!(status(&cloud, id), "ready");
    cloud
        .ask("mcs.StopInstance", &of(id))
        .refused(409, "Instance web is in status ready");
    cloud
        .ask("mcs.RebootInstance", &of(id))
        .refused(409, "Instance web is in status ready");

    cloud.done(
        "mcs.ChangeInstanceType",
        &json!({"InstanceId": id, "InstanceType": "medium_net", "Duration": "1M"}),
    );
    let view = instances(&cloud, &json!({}))["Instance"][0].clone();
    assert_eq!(
        (
            &view["instanceType"],
            &view["memory"],
            &view["volume"],
            &view["status"]
        ),
        (
            &json!("medium_net"),
            &json!(2_048),
            &json!(52_224),
            &json!("ready")
        )
    );
    let disks = cloud.ask("mcs.DescribeInstanceVolumes", &of(id)).ok()["InstanceVolumeSet"]["InstanceVolume"].clone();
    assert_eq!(
        (
            &disks[0]["volumeSize"],
            &disks[1]["volumeSize"],
            &disks[1]["index"]
        ),
        (&json!(1_024), &json!(51_200), &json!(1))
    );
    let interface = cloud
        .ask("mcs.DescribeInstanceNetworkInterfaces", &of(id))
        .ok();
    let interface = &interface["InstanceNetworkInterfaceSet"]["InstanceNetworkInterface"][0];
    assert_eq!(
        (&interface["bandwidth"], &interface["ipAddress"]),
        (&json!(5), &json!("10.168.0.2"))
    );

    cloud.done("mcs.StartInstance", &of(id));
    cloud.ask("mcs.TerminateInstance", &of(id)).ok();
    assert_eq!(status(&cloud, id), "deleting");
    cloud.settle();
    cloud
        .ask("mcs.DescribeInstanceStatus", &of(id))
        .refused(404, &format!("Instance {id} not found"));
    assert_eq!(instances(&cloud, &json!({}))["Total"], 0);
    machine(&cloud, "next");
    assert_eq!(
        instances(&cloud, &json!({}))["Instance"][0]["ipAddresses"],
        "10.168.0.2",
        "the address is free again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_forced_stop_takes_no_time_and_a_soft_one_thirty_seconds_at_most() {
    let cloud = TestCloud::new();
    let id = machine(&cloud, "web");
    cloud
        .ask(
            "mcs.StopInstance",
            &json!({"InstanceId": id, "Force": "True"}),
        )
        .ok();
    advance(3);
    assert_eq!(status(&cloud, &id), "ready");
    cloud.done("mcs.StartInstance", &of(&id));
    cloud.ask("mcs.StopInstance", &of(&id)).ok();
    advance(3);
    assert_eq!(status(&cloud, &id), "stopping");
    advance(27);
    assert_eq!(status(&cloud, &id), "ready");
}

#[tokio::test(start_paused = true)]
async fn a_rebuilt_machine_has_the_templates_system_and_a_new_password() {
    let cloud = TestCloud::new();
    let id = machine(&cloud, "web");
    let before = cloud.ask("mcs.GetPasswordData", &of(&id)).ok();
    assert_eq!(
        (
            &before["account"],
            before["passwordData"].as_str().unwrap().len()
        ),
        (&json!("cirros"), 12)
    );
    assert_eq!(cloud.ask("mcs.GetPasswordData", &of(&id)).ok(), before);
    let windows = cloud.ask("mcs.DescribeTemplates", &json!({})).ok()["TemplateSet"]["Template"][2]
        ["templateId"]
        .clone();
    cloud.done(
        "mcs.RebuildInstanceRootImage",
        &json!({"InstanceId": id, "ImageId": windows}),
    );
    let after = cloud.ask("mcs.GetPasswordData", &of(&id)).ok();
    assert!(after["account"] == "Administrator" && after["passwordData"] != before["passwordData"]);
    assert_eq!(status(&cloud, &id), "running");
    assert_eq!(
        cloud.ask("mcs.GetInstanceMetadata", &of(&id)).ok()["InstanceMetadata"]["os_name"],
        "Windows"
    );
    cloud
        .ask(
            "mcs.RebuildInstanceRootImage",
            &json!({"InstanceId": id, "ImageId": "none"}),
        )
        .refused(404, "Image none not found");
    cloud.ask("mcs.RebuildInstanceRootImage", &of(&id)).ok();
}

#[tokio::test(start_paused = true)]
async fn a_key_pair_encrypts_the_password_even_once_it_is_deleted() {
    let cloud = TestCloud::new();
    let import = |name: &str, key: &str| {
        cloud.ask(
            "mcs.ImportKeyPair",
            &json!({"KeyName": name, "PublicKeyMaterial": key}),
        )
    };
    import("newkey", "ssh-rsa AAAAB3Nza...OVL+2Y7R+qj@dog").refused(400, "InvalidParameter");
    let key = import("newkey", &format!("{LINE}\n")).ok()["KeyPair"].clone();
    assert_eq!(
        (&key["keyName"], &key["keyFingerprint"]),
        (&json!("newkey"), &json!(FINGERPRINT))
    );
    assert!(
        !cloud.simulator.saved().contains("qj@dog"),
        "{}",
        cloud.simulator.saved()
    );
    assert!(
        !crate::dashboard::status(&cloud.simulator)
            .to_string()
            .contains("AAAAB3"),
        "the page shows the key"
    );
    import("newkey", LINE).refused(409, "A key pair is called newkey already");
    let listed = cloud
        .ask(
            "mcs.DescribeKeyPairs",
            &json!({"Filter": [{"Name": "name", "Value": ["newkey"]}]}),
        )
        .ok()["KeyPairSet"]
        .clone();
    assert_eq!(
        (&listed["KeyPair"], &listed["Total"]),
        (&json!([key]), &json!(1))
    );

    let order = |key: &str| json!({"ImageId": IMAGE, "InstanceType": "small", "KeyName": key});
    cloud
        .ask("mcs.CreateInstance", &order("none"))
        .refused(404, "Key pair none not found");
    let id = cloud.done("mcs.CreateInstance", &order("newkey"))["Instance"]["instanceId"].clone();
    cloud
        .ask("mcs.DeleteKeyPair", &json!({"KeyName": "newkey"}))
        .ok();
    cloud
        .ask("mcs.DeleteKeyPair", &json!({"KeyName": "newkey"}))
        .refused(404, "Key pair newkey not found");
    assert_eq!(
        cloud.ask("mcs.DescribeKeyPairs", &json!({})).ok()["KeyPairSet"]["Total"],
        0
    );
    let password = cloud
        .ask("mcs.GetPasswordData", &json!({"InstanceId": id}))
        .ok();
    assert_eq!(
        (&password["keypairName"], &password["keypairId"]),
        (&json!("newkey"), &key["keyId"])
    );
    assert_eq!(
        decrypt(password["passwordData"].as_str().unwrap()).len(),
        12
    );
}

#[tokio::test(start_paused = true)]
async fn money_is_paid_runs_out_and_comes_back_when_a_machine_cannot_be_made() {
    let cloud = TestCloud::new();
    let start = balance(&cloud);
    let id = machine(&cloud, "web");
    assert_eq!(balance(&cloud), start - Money::cents(6 * 72));
    cloud
        .ask(
            "mcs.RenewInstance",
            &json!({"InstanceId": id, "Duration": "2M"}),
        )
        .ok();
    let after = start - Money::cents(6 * 72 + 6 * 480 * 2);
    assert_eq!(balance(&cloud), after);

    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskFails("no host".into())).times(2));
    let order = json!({"ImageId": IMAGE, "InstanceType": "large"});
    let broken = cloud.done("mcs.CreateInstance", &order)["Instance"]["instanceId"]
        .as_str()
        .unwrap()
        .to_owned();
    cloud.done(
        "mcs.ChangeInstanceType",
        &json!({"InstanceId": id, "InstanceType": "large"}),
    );
    assert_eq!(
        (status(&cloud, &broken), balance(&cloud)),
        ("error".to_owned(), after)
    );
    assert_eq!(
        instances(&cloud, &json!({"InstanceId": [id]}))["Instance"][0]["instanceType"],
        "small_net"
    );
    cloud
        .ask("mcs.StartInstance", &of(&broken))
        .refused(409, "Instance instance-1 is in status error");
    cloud.done("mcs.TerminateInstance", &of(&broken));

    cloud.simulator.state().kernel.cloud[MCS].wallet.balance = Money::cents(5);
    let count = instances(&cloud, &json!({}))["Total"].clone();
    for (action, params) in [
        ("mcs.CreateInstance", order),
        ("mcs.RenewInstance", of(&id)),
        (
            "mcs.ChangeInstanceType",
            json!({"InstanceId": id, "InstanceType": "large", "Duration": "1H"}),
        ),
    ] {
        cloud.ask(action, &params).refused(406, "No enough balance");
    }
    assert_eq!(
        (
            balance(&cloud),
            instances(&cloud, &json!({}))["Total"].clone()
        ),
        (Money::cents(5), count)
    );
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_counted_renewed_and_ends() {
    let cloud = TestCloud::new();
    let id = machine(&cloud, "web");
    let contract = |id: &str| cloud.ask("mcs.GetInstanceContractInfo", &of(id)).ok();
    let expected = json!({"startedAt": "2026-03-01T08:00:00Z", "expireAt": "2026-03-04T08:00:00Z", "extendTo": "2026-03-05T08:00:00Z"});
    assert_eq!(contract(&id), expected);
    for wrong in ["1", "H", "0H", "-1H", "1.5M", "99999M", "", "1Y", "月"] {
        cloud
            .ask(
                "mcs.RenewInstance",
                &json!({"InstanceId": id, "Duration": wrong}),
            )
            .refused(400, "InvalidParameter");
    }
    cloud.ask("mcs.RenewInstance", &of(&id)).ok();
    assert_eq!(contract(&id)["expireAt"], "2026-04-04T08:00:00Z");
    let short = machine(&cloud, "short");
    advance(72 * 3600);
    assert_eq!(
        (status(&cloud, &id), status(&cloud, &short)),
        ("running".to_owned(), "suspend".to_owned())
    );
    cloud
        .ask("mcs.StartInstance", &of(&short))
        .refused(409, "Instance short is in status suspend");
    cloud
        .ask(
            "mcs.RenewInstance",
            &json!({"InstanceId": short, "Duration": "1h"}),
        )
        .ok();
    cloud.done("mcs.StartInstance", &of(&short));
    advance(3600);
    assert_eq!(status(&cloud, &short), "suspend");
    advance(24 * 3600);
    cloud
        .ask("mcs.DescribeInstanceStatus", &of(&short))
        .refused(404, &format!("Instance {short} not found"));
    assert_eq!(instances(&cloud, &json!({}))["Total"], 1);
}

#[tokio::test(start_paused = true)]
async fn lists_are_filtered_cut_and_counted() {
    let cloud = TestCloud::new();
    let ids: Vec<_> = ["a", "b", "c", "b"]
        .into_iter()
        .map(|name| machine(&cloud, name))
        .collect();
    cloud.done("mcs.StopInstance", &of(&ids[0]));
    let names = |params: Json| -> Vec<String> {
        let set = instances(&cloud, &params);
        set["Instance"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["instanceName"].as_str().unwrap().to_owned())
            .collect()
    };
    let filter = |name: &str, values: Json| json!({"Filter": [{"Name": name, "Value": values}]});
    assert_eq!(
        names(json!({"InstanceId": [ids[2], ids[0], "none"]})),
        ["a", "c"]
    );
    assert_eq!(
        names(json!({"InstanceName": ["b"], "InstanceId": [ids[1]]})),
        ["b"]
    );
    assert_eq!(names(filter("name", json!(["b", "c"]))), ["b", "c", "b"]);
    assert_eq!(names(filter("status", json!(["ready"]))), ["a"]);
    assert_eq!(
        names(
            json!({"Filter": [{"Name": "status", "Value": ["running"]}, {"Name": "name", "Value": ["a", "b"]}]})
        ),
        ["b", "b"]
    );
    cloud
        .ask("mcs.DescribeInstances", &filter("size", json!(["1"])))
        .refused(400, "InvalidParameter");
    cloud
        .ask("mcs.DescribeInstances", &json!({"Limit": 0}))
        .refused(400, "InvalidParameter");
    cloud
        .ask("mcs.DescribeInstances", &json!({"Offset": -1}))
        .refused(400, "InvalidParameter");
    let set = instances(&cloud, &json!({"Limit": 3, "Offset": 3}));
    assert_eq!(
        (
            &set["Total"],
            &set["Limit"],
            &set["Offset"],
            set["Instance"].as_array().unwrap().len()
        ),
        (&json!(4), &json!(1), &json!(3), 1)
    );
    let several = cloud.ask("mcs.RebootInstance", &of("b"));
    several.refused(409, "Several instances are called b; give the id of one");
    let types = cloud
        .ask(
            "mcs.DescribeInstanceTypes",
            &filter("name", json!(["small", "large"])),
        )
        .ok();
    assert_eq!(types["InstanceTypeSet"]["Total"], 2);
}

#[tokio::test(start_paused = true)]
async fn metadata_is_added_and_changed() {
    let cloud = TestCloud::new();
    let id = machine(&cloud, "system");
    let put = |names: Json, values: Json| {
        cloud.ask(
            "mcs.PutInstanceMetadata",
            &json!({"InstanceId": id, "Name": names, "Value": values}),
        )
    };
    put(json!(["test7d", "os_version"]), json!(["1", "2012"])).ok();
    let expected = json!({"os_name": "Linux", "os_distribution": "Cirros", "os_version": "2012", "test7d": "1"});
    assert_eq!(
        cloud.ask("mcs.GetInstanceMetadata", &of("system")).ok()["InstanceMetadata"],
        expected
    );
    put(json!(["a", "b"]), json!(["1"])).refused(400, "InvalidParameter");
    put(json!(["a b"]), json!(["1"])).refused(400, "InvalidParameter");
    put(json!([]), json!([])).refused(400, "MissingParameter");
}

#[tokio::test(start_paused = true)]
async fn references_are_checked() {
    let cloud = TestCloud::new();
    let order = |changes: Json| {
        let mut order = json!({"ImageId": IMAGE, "InstanceType": "small"});
        merge(order.as_object_mut().unwrap(), &changes);
        cloud.ask("mcs.CreateInstance", &order)
    };
    order(json!({"ImageId": "none"})).refused(404, "Image none not found");
    order(json!({"InstanceType": "tiny"})).refused(404, "Instance type tiny not found");
    order(json!({"Duration": "1W"})).refused(400, "InvalidParameter");
    order(json!({"InstanceName": " "})).refused(400, "InvalidParameter");
    cloud
        .ask("mcs.CreateInstance", &json!({"ImageId": IMAGE}))
        .refused(400, "MissingParameter");
    assert_eq!(instances(&cloud, &json!({}))["Total"], 0);
    let by_id = json!({"InstanceType": "8e845438-2f6d-4c87-9216-88da6692dc2b"});
    assert_eq!(order(by_id).ok()["Instance"]["instanceType"], "small_net_2");
    for action in cloud.catalog.actions_of("mcs").unwrap() {
        let takes_one = action
            .params
            .iter()
            .any(|param| param.name == "InstanceId" && param.of.is_none());
        if takes_one {
            let mut params = action.example.as_object().unwrap().clone();
            merge(&mut params, &of("none"));
            cloud
                .ask(&action.full_name, &Json::Object(params))
                .refused(404, "Instance none not found");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn answers_are_xml_unless_json_is_wanted() {
    let cloud = TestCloud::new();
    machine(&cloud, "a<b");
    let ask = |format: &str| {
        let request = cloud.request("mcs.DescribeInstances", &json!({}));
        let pairs =
            url::form_urlencoded::parse(request.uri().query().unwrap().as_bytes()).into_owned();
        let mut pairs: Vec<_> = pairs
            .filter(|(name, _)| name != "Format" && name != "Signature")
            .collect();
        if !format.is_empty() {
            pairs.push(("Format".to_owned(), format.to_owned()));
        }
        let text = crate::http::signature::sigv2_string("GET", "mcs.example", "/mcs/v1", &pairs);
        let digest = crate::http::signature::Digest::Sha256;
        pairs.push((
            "Signature".to_owned(),
            crate::http::signature::signature(digest, crate::SECRET, &text),
        ));
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let request = Request::get(format!("/mcs/v1?{query}"))
            .header("host", "mcs.example")
            .body(Bytes::new())
            .unwrap();
        let response = cloud.simulator.handle(&request);
        let kind = response.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        (kind, String::from_utf8(response.body().to_vec()).unwrap())
    };
    for format in ["", "xml"] {
        let (kind, body) = ask(format);
        assert_eq!(kind, "application/xml");
        assert!(body.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<DescribeInstancesResponse><InstanceSet>"), "{body}");
        assert!(
            body.contains("<Total>1</Total>")
                && body.contains("<instanceName>a&lt;b</instanceName>"),
            "{body}"
        );
    }
    let (kind, body) = ask("json");
    assert!(
        kind == "application/json"
            && body.starts_with(r#"{"DescribeInstancesResponse":{"InstanceSet":"#),
        "{body}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_saved_account_goes_on_where_it_stood() {
    let cloud = TestCloud::new();
    let id = machine(&cloud, "web");
    cloud.ask("mcs.StopInstance", &of(&id)).ok();
    let saved = json!({"mcs": cloud.simulator.state_json()["mcs"]});
    let cloud = TestCloud::from_saved(&saved.to_string(), cloud.clock.now()).unwrap();
    assert_eq!(
        status(&cloud, &id),
        "running",
        "the work that stopped it was not saved with it"
    );
    let other = machine(&cloud, "other");
    assert_eq!(
        instances(&cloud, &json!({"InstanceId": [other]}))["Instance"][0]["ipAddresses"],
        "10.168.0.3"
    );
    advance(73 * 3600);
    assert_eq!(status(&cloud, &id), "suspend");
}

#[tokio::test(start_paused = true)]
async fn a_random_walk_keeps_addresses_apart_and_makes_no_money() {
    for seed in 0..4 {
        let cloud = TestCloud::with_seed(seed);
        let mut money = balance(&cloud);
        for step in 0..120 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "small numbers"
            )]
            let draw =
                |purpose: &str, most: f64| (ids::fraction(seed, purpose, step) * most) as usize;
            let set = instances(&cloud, &json!({}));
            let view = set["Instance"].as_array().unwrap();
            let chosen = view.get(draw(
                "which",
                1.0 + f64::from(u32::try_from(view.len()).unwrap()),
            ));
            let id = chosen.map_or("none", |one| one["instanceId"].as_str().unwrap());
            let before = chosen.map(|one| one["status"].as_str().unwrap().to_owned());
            let (action, params) = match draw("action", 7.0) {
                0 | 1 => (
                    "CreateInstance",
                    json!({"ImageId": IMAGE, "InstanceType": "small", "Duration": "1H"}),
                ),
                2 => ("StopInstance", of(id)),
                3 => ("StartInstance", of(id)),
                4 => ("TerminateInstance", of(id)),
                5 => (
                    "ChangeInstanceType",
                    json!({"InstanceId": id, "InstanceType": "medium", "Duration": "2H"}),
                ),
                _ => ("RebuildInstanceRootImage", of(id)),
            };
            let answer = cloud.ask(&format!("mcs.{action}"), &params);
            let allowed = match (action, before.as_deref()) {
                ("CreateInstance", _) => true,
                ("StopInstance", Some(status)) => status == "running",
                ("StartInstance", Some(status)) => status == "ready",
                ("TerminateInstance", Some(status)) => {
                    ["running", "ready", "suspend"].contains(&status)
                }
                (_, Some(status)) => ["running", "ready"].contains(&status),
                (_, None) => false,
            };
            assert_eq!(
                answer.0 == 200,
                allowed,
                "{action} while {before:?}: {}",
                answer.1
            );
            let now = balance(&cloud);
            assert!(now <= money, "money appears");
            money = now;
            let addresses: std::collections::BTreeSet<_> = view
                .iter()
                .map(|one| one["ipAddresses"].to_string())
                .collect();
            assert_eq!(addresses.len(), view.len());
            advance(draw("time", 600.0) as u64);
        }
    }
}
