use crate::cloud::service::Service as _;
use crate::services::vdc::Vdc;
use crate::tests::documented::documented;
use crate::tests::{Answer, TestCloud, advance, order};
use crate::{Fault, FaultRule, PRIVATE_ID, PUBLIC_ID, REGION_ID, VDC_ID};
use serde_json::{Value as Json, json};

const NOBODY: &str = "11111111-2222-4333-8444-555555555555";

fn ask(cloud: &TestCloud, action: &str, params: &Json) -> Answer {
    cloud.ask(&format!("cds.vdc.{action}"), params)
}

/// Asks, must succeed, and lets the task end well.
#[track_caller]
fn done(cloud: &TestCloud, action: &str, params: &Json) -> Json {
    let answer = cloud.done(&format!("cds.vdc.{action}"), params);
    if let Some(task) = answer.get("TaskId").filter(|task| **task != "") {
        let task = cumulua_core::catalog::path::text(task);
        let view = cloud.ask("DescribeTask", &json!({"TaskId": task})).ok();
        assert_eq!(view["Data"]["Status"], "FINISH", "{action}");
    }
    answer
}

fn vdc_of(cloud: &TestCloud, id: &str) -> Json {
    ask(cloud, "DescribeVdc", &json!({"VdcId": id})).ok()["Data"][0].clone()
}

/// A new VDC's id.
fn new_vdc(cloud: &TestCloud, name: &str) -> String {
    done(
        cloud,
        "CreateVdc",
        &json!({"RegionId": REGION_ID, "VdcName": name}),
    );
    let found = ask(cloud, "DescribeVdc", &json!({"Keyword": name})).ok();
    found["Data"][0]["VdcId"].as_str().unwrap().to_owned()
}

fn public(changes: &Json) -> Json {
    let mut params = json!({"VdcId": VDC_ID, "Name": "out", "Type": "BGP_4", "BillingMethod": "Bandwidth", "Qos": 20, "IPNum": 4,
        "AutoRenew": 1, "FloatBandwidth": 0});
    crate::tests::merge(params.as_object_mut().unwrap(), changes);
    params
}

/// The public network of a name, as `DescribeVdc` shows it.
fn network(cloud: &TestCloud, vdc: &str, name: &str) -> Option<Json> {
    let view = vdc_of(cloud, vdc);
    let all = ["PublicNetwork", "PrivateNetwork"]
        .into_iter()
        .flat_map(|kind| view[kind].as_array().unwrap().clone());
    all.into_iter().find(|network| network["Name"] == name)
}

fn gpn(cloud: &TestCloud, name: &str) -> Json {
    ask(cloud, "DescribeGPN", &json!({"Key": name})).ok()["Data"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn every_action_of_the_catalogue_is_carried_out() {
    let actions = TestCloud::new().catalog.actions_of("cds.vdc").unwrap();
    assert_eq!(actions.len(), 25);
    for action in actions {
        assert!(
            Vdc.handling(&action.name).is_some(),
            "nothing carries {} out",
            action.name
        );
        let cloud = TestCloud::new();
        let (other, empty) = (new_vdc(&cloud, "other"), new_vdc(&cloud, "empty"));
        for (vdc, name) in [(VDC_ID, "one"), (VDC_ID, "two"), (other.as_str(), "three")] {
            done(
                &cloud,
                "CreatePrivateNetwork",
                &json!({"VdcId": vdc, "Name": name}),
            );
        }
        done(&cloud, "CreatePublicNetwork", &public(&json!({})));
        let private =
            |vdc: &str, name: &str| network(&cloud, vdc, name).unwrap()["PrivateId"].clone();
        let point = |vdc: &str, name: &str| json!({"VdcId": vdc, "AccessPointType": "vdc", "PrivateId": private(vdc, name)});
        done(
            &cloud,
            "CreateGPN",
            &json!({"Name": "joined", "Qos": 5, "AccessPoint": [point(VDC_ID, "one")], "PopAccessPoint": []}),
        );
        let out = network(&cloud, VDC_ID, "out").unwrap();
        let mut params = action.example.clone();
        let own = json!({
            "VdcId": if action.name == "DeleteVdc" { &empty } else { VDC_ID },
            "PublicId": out["PublicId"], "PrivateId": private(VDC_ID, "two"), "NetworkId": out["PublicId"],
            "SegmentId": out["Segments"][0]["SegmentId"], "GpnId": gpn(&cloud, "joined")["GpnId"], "Key": "joi", "Keyword": "cdsApi",
            "AccessPoint": [point(VDC_ID, "two"), point(&other, "three")],
            "VdcAdd": [{"VdcId": other, "PointType": "VDC", "PrivateId": private(&other, "three")}],
            "DelPoints": [private(VDC_ID, "one")],
        });
        for (name, value) in params.as_object_mut().unwrap() {
            if let Some(own) = own.get(name) {
                *value = own.clone();
            }
        }
        let answer = ask(&cloud, &action.name, &params);
        assert_eq!(answer.code(), "Success", "{}: {}", action.name, answer.1);
        documented(&action, &answer.ok());
        cloud.settle();
        let running = cloud.simulator.state_json()["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .any(|task| task["ended"].is_null());
        assert!(!running, "{}", action.name);
    }
}

#[tokio::test(start_paused = true)]
async fn a_vdc_lives_from_its_order_to_its_end() {
    let cloud = TestCloud::new();
    let before = cloud.balance();
    let network = json!({"Name": "web", "Type": "Bandwidth_BGP", "BillingMethod": "BandwIdth", "Qos": 20, "IPNum": 8});
    let order_of =
        json!({"RegionId": "CN_Shanghai_A", "VdcName": "shop", "PublicNetwork": network});
    let task = ask(&cloud, "CreateVdc", &order_of).ok()["TaskId"].clone();
    let by_name = json!({"Keyword": "shop", "RegionId": "CN_Shanghai_A"});
    let creating = ask(&cloud, "DescribeVdc", &by_name).ok()["Data"][0].clone();
    let id = creating["VdcId"].as_str().unwrap().to_owned();
    assert_eq!(
        (
            &creating["VdcStatus"],
            &creating["PublicNetwork"][0]["Status"]
        ),
        (&json!("creating"), &json!("creating"))
    );
    ask(&cloud, "CreatePrivateNetwork", &json!({"VdcId": id})).refused(403, "IncorrectVdcStatus");
    ask(
        &cloud,
        "ModifyVdcName",
        &json!({"VdcId": id, "VdcName": "x"}),
    )
    .refused(403, "IncorrectVdcStatus");
    cloud.settle();
    let view = cloud.ask("DescribeTask", &json!({"TaskId": task})).ok();
    assert_eq!(
        (&view["Data"]["Status"], &view["Data"]["ResourceId"]),
        (&json!("FINISH"), &json!(id))
    );
    let made = vdc_of(&cloud, &id);
    assert_eq!(
        (&made["VdcStatus"], &made["RegionId"]),
        (&json!("ok"), &json!("CN_Shanghai_A"))
    );
    let web = &made["PublicNetwork"][0];
    assert_eq!(
        (&web["Qos"], &web["UnuseIpNum"], &web["Segments"][0]["Mask"]),
        (&json!(20), &json!(5), &json!(29))
    );
    assert!(
        (before - cloud.balance()).abs() < 0.001,
        "what is metered is paid when it ends"
    );

    done(&cloud, "CreatePrivateNetwork", &json!({"VdcId": id}));
    done(
        &cloud,
        "CreatePrivateNetwork",
        &json!({"VdcId": id, "Type": "manual", "Address": "192.168.0.0", "Mask": "16"}),
    );
    let private = vdc_of(&cloud, &id)["PrivateNetwork"].clone();
    assert_eq!(
        (
            &private[0]["Name"],
            &private[1]["Name"],
            &private[0]["UnuseIpNum"]
        ),
        (&json!("私网1"), &json!("私网2"), &json!(253))
    );
    assert_eq!(
        private[1]["Segments"],
        json!(["192.168.0.0/16~192.168.255.255/16"])
    );
    done(
        &cloud,
        "ModifyVdcName",
        &json!({"VdcId": id, "VdcName": "market"}),
    );
    assert_eq!(vdc_of(&cloud, &id)["VdcName"], "market");

    ask(&cloud, "DeleteVdc", &json!({"VdcId": id})).refused(403, "IncorrectVdcStatus");
    done(
        &cloud,
        "DeletePublicNetwork",
        &json!({"PublicId": web["PublicId"]}),
    );
    done(
        &cloud,
        "DeletePrivateNetwork",
        &json!({"PrivateId": private[0]["PrivateId"]}),
    );
    ask(&cloud, "DeleteVdc", &json!({"VdcId": id})).ok();
    assert_eq!(vdc_of(&cloud, &id)["VdcStatus"], "deleting");
    cloud.settle();
    ask(&cloud, "DescribeVdc", &json!({"VdcId": id})).refused(400, "VDCNotFound");
    ask(&cloud, "DeleteVdc", &json!({"VdcId": id})).refused(400, "VdcNotFound");
    assert_eq!(
        cloud.simulator.state_json()["vdc"]["networks"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn a_vdc_order_is_refused_for_its_documented_reasons() {
    let cloud = TestCloud::new();
    let refused = |changes: Json, http: u16, code: &str| {
        let mut params = json!({"RegionId": REGION_ID});
        crate::tests::merge(params.as_object_mut().unwrap(), &changes);
        let before = cloud.simulator.state_json();
        ask(&cloud, "CreateVdc", &params).refused(http, code);
        let after = cloud.simulator.state_json();
        assert_eq!(
            (&before["vdc"], &before["wallet"]),
            (&after["vdc"], &after["wallet"])
        );
    };
    let network = |name: &str, value: Json| {
        let mut network = json!({"Type": "Bandwidth_BGP", "Qos": 20, "IPNum": 4});
        network[name] = value;
        json!({"PublicNetwork": network})
    };
    refused(
        json!({"RegionId": "cn_beijingA"}),
        400,
        "InvalidRegionId.Malformed",
    );
    refused(
        json!({"RegionId": "APAC_Mumbai_B"}),
        403,
        "Region.NotOnSale",
    );
    refused(
        network("Type", json!("Carrier_Pigeon")),
        400,
        "InvalidPublicNetwork.Type.Malformed",
    );
    refused(
        network("BillingMethod", json!("Barter")),
        400,
        "InvalidPublicNetwork.BillingMethod.Malformed",
    );
    refused(
        network("Qos", json!(21)),
        400,
        "InvalidPublicNetwork.Bandwich.Malformed",
    );
    refused(
        network("Qos", json!(505)),
        400,
        "InvalidPublicNetwork.Bandwich.Malformed",
    );
    refused(
        network("IPNum", json!(5)),
        400,
        "InvalidPublicNetwork.Ip.Malformed",
    );
    cloud.simulator.set_balance(1.0);
    refused(network("Qos", json!(20)), 400, "Account.Arrearage");
    cloud.simulator.set_balance(1000.0);
    for number in 1..20 {
        done(
            &cloud,
            "CreateVdc",
            &json!({"RegionId": REGION_ID, "VdcName": format!("v{number}")}),
        );
    }
    refused(json!({}), 400, "QuotaExceed.Vdc");
    // Pages of ten, and a name that was left out is the id.
    let page = |number: u64| ask(&cloud, "DescribeVdc", &json!({"PageNumber": number})).ok();
    assert_eq!(
        (
            &page(1)["PageCount"],
            page(2)["Data"].as_array().unwrap().len()
        ),
        (&json!(2), 10)
    );
    assert_eq!(page(3)["Data"], json!([]));
    ask(&cloud, "DescribeVdc", &json!({"VdcId": "x"})).refused(400, "InvalidVDCID.Malformed");
    ask(&cloud, "DescribeVdc", &json!({"RegionId": "x"})).refused(400, "InvalidRegionID.Malformed");
    assert_eq!(
        ask(&cloud, "DescribeVdc", &json!({"RegionId": "CN_Wuxi_A"})).ok()["Data"],
        json!([])
    );
    assert_eq!(
        ask(&cloud, "DescribeVdc", &json!({"ProjectId": "7-7"})).ok()["Data"],
        json!([])
    );
}

#[tokio::test(start_paused = true)]
async fn a_public_network_grows_shrinks_and_goes() {
    let cloud = TestCloud::new();
    done(&cloud, "CreatePublicNetwork", &public(&json!({})));
    let out = || network(&cloud, VDC_ID, "out").unwrap();
    let id = out()["PublicId"].clone();
    let resize = |qos: &str| {
        ask(
            &cloud,
            "ModifyPublicNetwork",
            &json!({"PublicId": id, "Qos": qos}),
        )
    };
    resize("7").refused(400, "InvalidParameter");
    ask(
        &cloud,
        "ModifyPublicNetwork",
        &json!({"PublicId": NOBODY, "Qos": "10"}),
    )
    .refused(400, "InvalidPublicNetworkID.Malformed");
    resize("100").ok();
    assert_eq!(
        (&out()["Status"], &out()["Qos"]),
        (&json!("updating"), &json!(20))
    );
    resize("50").refused(403, "IncorrectVdcStatus");
    cloud.settle();
    assert_eq!(
        (&out()["Status"], &out()["Qos"]),
        (&json!("ok"), &json!(100))
    );

    ask(&cloud, "AddPublicIp", &json!({"PublicId": id, "Number": 5}))
        .refused(400, "InvalidPublicNetwork.IP.Malformed");
    ask(
        &cloud,
        "AddPublicIp",
        &json!({"PublicId": id, "Number": 16}),
    )
    .ok();
    assert_eq!(
        (
            &out()["UnuseIpNum"],
            out()["Segments"].as_array().unwrap().len()
        ),
        (&json!(1), 1)
    );
    cloud.settle();
    assert_eq!(
        (&out()["UnuseIpNum"], &out()["Segments"][1]["Mask"]),
        (&json!(14), &json!(28))
    );
    let server = cloud
        .finish("CreateInstance", &order(&json!({"PublicIp": [], "PrivateIp": [], "OrderedIP": [{"PipeId": id, "IP": ["auto"]}]})));
    assert_eq!(out()["UnuseIpNum"], 13);
    let used = ask(
        &cloud,
        "DescribePublicIp",
        &json!({"VdcId": VDC_ID, "PublicId": id}),
    )
    .ok()["Data"]
        .clone();
    assert_eq!(
        (&used["UsedTotal"], &used["UnusedTotal"]),
        (&json!(1), &json!(13))
    );
    assert_eq!(used["UsedList"][0]["Usage"], "云服务器使用(web)");
    assert_eq!(
        cloud.instance(&server[0])["PublicNetworkInterface"][0]["IP"],
        used["UsedList"][0]["Address"]
    );

    let (first, second) = (
        out()["Segments"][0]["SegmentId"].clone(),
        out()["Segments"][1]["SegmentId"].clone(),
    );
    ask(&cloud, "DeletePublicIp", &json!({"SegmentId": first})).refused(403, "IncorrectVdcStatus");
    ask(&cloud, "DeletePublicIp", &json!({"SegmentId": NOBODY}))
        .refused(400, "InvalidIpId.Malformed");
    ask(&cloud, "DeletePublicIp", &json!({"SegmentId": second})).ok();
    assert_eq!(out()["UnuseIpNum"], 0);
    cloud.settle();
    assert_eq!(out()["Segments"].as_array().unwrap().len(), 1);
    let more = order(
        &json!({"PublicIp": [], "PrivateIp": [], "OrderedIP": [{"PipeId": id, "IP": ["auto"]}]}),
    );
    cloud
        .ask("CreateInstance", &more)
        .refused(403, "InvalidIp.Address");

    done(
        &cloud,
        "RenewPublicNetwork",
        &json!({"PublicId": id, "AutoRenew": 0}),
    );
    ask(
        &cloud,
        "RenewPublicNetwork",
        &json!({"PublicId": PRIVATE_ID, "AutoRenew": 0}),
    )
    .refused(400, "InvalidPublicId.Malformed");
    ask(&cloud, "DeletePublicNetwork", &json!({"PublicId": id})).refused(403, "IncorrectVdcStatus");
    cloud.finish("DeleteInstance", &json!({"InstanceIds": server}));
    ask(&cloud, "DeletePublicNetwork", &json!({"PublicId": id})).ok();
    assert_eq!(out()["Status"], "deleting");
    cloud
        .ask("CreateInstance", &more)
        .refused(400, "InvalidParameter");
    cloud.settle();
    assert!(network(&cloud, VDC_ID, "out").is_none());
    ask(&cloud, "DeletePublicNetwork", &json!({"PublicId": id}))
        .refused(400, "InvalidPublicID.Malformed");
}

#[tokio::test(start_paused = true)]
async fn bandwidth_has_the_limits_of_its_billing_method() {
    let cloud = TestCloud::new();
    let order = |changes: Json| ask(&cloud, "CreatePublicNetwork", &public(&changes));
    let malformed = "InvalidPublicNetwork.Bandwich.Malformed";
    order(json!({"BillingMethod": "Bandwidth_95", "Qos": 20})).refused(400, malformed);
    order(json!({"BillingMethod": "Bandwidth_95", "Qos": 50, "FloatBandwidth": 20}))
        .refused(400, malformed);
    order(json!({"BillingMethod": "DataPackage", "Qos": 51201})).refused(400, malformed);
    order(json!({"Qos": 0})).refused(400, malformed);
    order(json!({"VdcId": "x"})).refused(400, "InvalidVdcId.Malformed");
    order(json!({"VdcId": NOBODY})).refused(400, "VDCNotFound");
    order(json!({"Type": "x"})).refused(400, "InvalidPublicNetwork.Type.Malformed");
    order(json!({"BillingMethod": "x"}))
        .refused(400, "InvalidPublicNetwork.BillingMethod.Malformed");
    order(json!({"IPNum": 3})).refused(400, "InvalidPublicNetwork.Ip.Malformed");
    order(json!({"BillingMethod": "Bandwidth_95", "Qos": 50})).ok();
    let state = cloud.simulator.state_json();
    let made =
        state["vdc"]["networks"].as_array().unwrap().last().unwrap()["kind"]["public"].clone();
    assert_eq!(made["float"], 60);
    // A package of 1000 GB is paid at once.
    let before = cloud.balance();
    order(json!({"BillingMethod": "DataPackage", "Qos": 1000})).ok();
    assert!((before - cloud.balance() - 600.0).abs() < 0.001);
    cloud.simulator.set_balance(0.5);
    order(json!({})).refused(400, "Account.Arrearage");
}

#[tokio::test(start_paused = true)]
async fn a_failed_task_leaves_nothing_and_gives_the_money_back() {
    let cloud = TestCloud::new();
    done(&cloud, "CreatePublicNetwork", &public(&json!({})));
    done(
        &cloud,
        "CreatePrivateNetwork",
        &json!({"VdcId": VDC_ID, "Name": "in"}),
    );
    let out = network(&cloud, VDC_ID, "out").unwrap();
    let inner = network(&cloud, VDC_ID, "in").unwrap()["PrivateId"].clone();
    let before = cloud.simulator.state_json();
    let web = json!({"Type": "BGP_4", "Qos": 20, "IPNum": 4});
    let point = json!([{"VdcId": VDC_ID, "PrivateId": inner}]);
    let calls = [
        (
            "CreateVdc",
            json!({"RegionId": REGION_ID, "PublicNetwork": web}),
        ),
        ("CreatePublicNetwork", public(&json!({}))),
        ("CreatePrivateNetwork", json!({"VdcId": VDC_ID})),
        (
            "ModifyPublicNetwork",
            json!({"PublicId": out["PublicId"], "Qos": "100"}),
        ),
        (
            "AddPublicIp",
            json!({"PublicId": out["PublicId"], "Number": 8}),
        ),
        (
            "DeletePublicIp",
            json!({"SegmentId": out["Segments"][0]["SegmentId"]}),
        ),
        ("DeletePublicNetwork", json!({"PublicId": out["PublicId"]})),
        ("DeletePrivateNetwork", json!({"PrivateId": inner})),
        (
            "CreateGPN",
            json!({"Name": "g", "Qos": 5, "AccessPoint": point, "PopAccessPoint": []}),
        ),
    ];
    for (action, params) in calls {
        cloud
            .simulator
            .fault(FaultRule::new(Fault::TaskFails("out of luck".into())).times(1));
        let task = cloud.done(&format!("cds.vdc.{action}"), &params)["TaskId"].clone();
        let after = cloud.simulator.state_json();
        assert_eq!(before["vdc"], after["vdc"], "{action}");
        assert_eq!(
            before["wallet"]["balance"], after["wallet"]["balance"],
            "{action}"
        );
        if !task.is_null() {
            let view = cloud
                .ask(
                    "DescribeTask",
                    &json!({"TaskId": cumulua_core::catalog::path::text(&task)}),
                )
                .ok();
            assert_eq!(
                (&view["Data"]["Status"], &view["Message"]),
                (&json!("ERROR"), &json!("out of luck")),
                "{action}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn private_networks_have_ranges_of_their_own() {
    let cloud = TestCloud::new();
    let create = |changes: Json| {
        let mut params = json!({"VdcId": VDC_ID});
        crate::tests::merge(params.as_object_mut().unwrap(), &changes);
        ask(&cloud, "CreatePrivateNetwork", &params)
    };
    let manual = |address: &str, mask: &str| {
        create(json!({"Type": "manual", "Address": address, "Mask": mask}))
    };
    create(json!({"Type": "manual"})).refused(400, "MissingParameter");
    manual("10.240.200.0", "24").refused(400, "InvalidParameter");
    manual("192.168.0.0", "30").refused(400, "InvalidParameter");
    manual("192.168.0.0", "x").refused(400, "InvalidParameter");
    create(json!({"VdcId": "x"})).refused(400, "InvalidVDCID.Malformed");
    manual("192.168.0.0", "16").ok();
    for _ in 0..8 {
        create(json!({})).ok();
    }
    create(json!({})).refused(400, "QuotaExceed.PrivateNetwork");
    cloud.settle();
    let segments: Vec<_> = vdc_of(&cloud, VDC_ID)["PrivateNetwork"]
        .as_array()
        .unwrap()
        .iter()
        .map(|network| network["Segments"][0].to_string())
        .collect();
    assert_eq!(segments.len(), 10);
    assert_eq!(
        segments
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        10
    );
    let used = ask(
        &cloud,
        "DescribePrivateIp",
        &json!({"VdcId": VDC_ID, "PrivateId": PRIVATE_ID}),
    )
    .ok();
    assert_eq!(
        (&used["Data"]["UsedTotal"], &used["Data"]["UnusedTotal"]),
        (&json!(0), &json!(4093))
    );
    ask(
        &cloud,
        "DescribePrivateIp",
        &json!({"VdcId": VDC_ID, "PrivateId": PUBLIC_ID}),
    )
    .refused(400, "InvalidPrivateId.Malformed");
    ask(
        &cloud,
        "DeletePrivateNetwork",
        &json!({"PrivateId": PUBLIC_ID}),
    )
    .refused(400, "InvalidPrivateId.Malformed");
    cloud.servers(1);
    ask(
        &cloud,
        "DeletePrivateNetwork",
        &json!({"PrivateId": PRIVATE_ID}),
    )
    .refused(403, "IncorrectVdcStatus");
    ask(&cloud, "DeleteVdc", &json!({"VdcId": VDC_ID})).refused(403, "IncorrectVdcStatus");
}

#[tokio::test(start_paused = true)]
async fn a_gpn_joins_networks_that_are_in_no_other() {
    let cloud = TestCloud::new();
    let other = new_vdc(&cloud, "other");
    for (vdc, name) in [(VDC_ID, "a"), (other.as_str(), "b"), (other.as_str(), "c")] {
        done(
            &cloud,
            "CreatePrivateNetwork",
            &json!({"VdcId": vdc, "Name": name}),
        );
    }
    let overlapping = json!({"VdcId": other, "Name": "d", "Type": "manual", "Address": "10.240.192.0", "Mask": "24"});
    done(&cloud, "CreatePrivateNetwork", &overlapping);
    let private = |vdc: &str, name: &str| network(&cloud, vdc, name).unwrap()["PrivateId"].clone();
    let point = |vdc: &str, name: &str| json!({"VdcId": vdc, "PrivateId": private(vdc, name)});
    let base = json!({"VdcId": VDC_ID, "PrivateId": PRIVATE_ID});
    let create = |points: Json, pops: Json| {
        ask(
            &cloud,
            "CreateGPN",
            &json!({"Name": "world", "Qos": 5, "AccessPoint": points, "PopAccessPoint": pops}),
        )
    };
    create(json!([]), json!([])).refused(400, "MissingParameter");
    create(json!([{"VdcId": "x", "PrivateId": PRIVATE_ID}]), json!([]))
        .refused(400, "InvalidVDCID.Malformed");
    create(
        json!([{"VdcId": other, "PrivateId": PRIVATE_ID}]),
        json!([]),
    )
    .refused(400, "InvalidPrivateId.Malformed");
    create(json!([base, point(&other, "d")]), json!([])).refused(400, "InvalidPrivateId.Malformed");
    create(json!([]), json!([{"PopId": NOBODY}])).refused(400, "InvalidParameter");
    create(json!([base, point(&other, "b")]), json!([])).ok();
    assert_eq!(
        (
            &gpn(&cloud, "world")["Status"],
            &gpn(&cloud, "world")["StatusStr"]
        ),
        (&json!("creating"), &json!("创建中"))
    );
    let id = gpn(&cloud, "world")["GpnId"].clone();
    ask(&cloud, "DeleteGpn", &json!({"GpnId": id})).refused(403, "IncorrectVdcStatus");
    ask(
        &cloud,
        "DeletePrivateNetwork",
        &json!({"PrivateId": PRIVATE_ID}),
    )
    .refused(403, "IncorrectVdcStatus");
    cloud.settle();
    let view = gpn(&cloud, "world");
    assert_eq!(
        (&view["Status"], &view["EvpnId"], &view["JoinPops"]),
        (&json!("ok"), &json!(14105), &Json::Null)
    );
    assert_eq!(
        (
            &view["JoinVdcs"][0]["PrivateId"],
            &view["JoinVdcs"][1]["VdcName"]
        ),
        (&json!(PRIVATE_ID), &json!("other"))
    );
    ask(
        &cloud,
        "DeletePrivateNetwork",
        &json!({"PrivateId": PRIVATE_ID}),
    )
    .refused(403, "IncorrectVdcStatus");
    create(json!([base]), json!([])).refused(400, "InvalidPrivateId.Malformed");

    let infos =
        |kind: &str| ask(&cloud, "DescribeAccessInfo", &json!({"Type": kind})).ok()["Data"].clone();
    let city = infos("vdc")["Vdc"][0]["CityId"].clone();
    assert_eq!(
        infos("vdc")["Vdc"][0]["PrivateNetwork"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let pop = infos("pop")["Pop"][0].clone();
    let add = |vdcs: Json, pops: Json| {
        ask(
            &cloud,
            "AddAccessPoint",
            &json!({"GpnId": id, "VdcAdd": vdcs, "PopAdd": pops}),
        )
    };
    add(json!([]), json!([])).refused(400, "MissingParameter");
    add(json!([{"VdcId": "x", "PrivateId": PRIVATE_ID}]), json!([]))
        .refused(400, "InvalidVdcID.Malformed");
    let mut wrong = point(VDC_ID, "a");
    wrong["CityId"] = json!(NOBODY);
    add(json!([wrong]), json!([])).refused(400, "InvalidParameter");
    wrong["CityId"] = city;
    let pop_entry = json!([{"PopId": pop["PopId"], "CityId": pop["CityId"], "PointType": "Pop"}]);
    let task = add(json!([wrong]), pop_entry).ok()["TaskId"].clone();
    assert!(task.is_u64());
    cloud.settle();
    assert_eq!(gpn(&cloud, "world")["JoinPops"][0]["PopId"], pop["PopId"]);
    ask(
        &cloud,
        "AddAccessPoint",
        &json!({"GpnId": NOBODY, "VdcAdd": [point(&other, "c")]}),
    )
    .refused(400, "InvalidGpnID.Malformed");
    let leave = |point: &Json| {
        ask(
            &cloud,
            "DeleteAccessPoint",
            &json!({"GpnId": id, "DelPoints": [point]}),
        )
    };
    leave(&json!(NOBODY)).refused(400, "InvalidParameter");
    leave(&json!(PRIVATE_ID)).ok();
    cloud.settle();
    assert_eq!(
        gpn(&cloud, "world")["JoinVdcs"].as_array().unwrap().len(),
        2
    );
    ask(&cloud, "DeleteVdc", &json!({"VdcId": other})).refused(403, "IncorrectVdcStatus");
    done(&cloud, "DeleteGpn", &json!({"GpnId": id}));
    assert_eq!(
        ask(&cloud, "DescribeGPN", &json!({})).ok()["Data"],
        json!([])
    );
    ask(&cloud, "DeleteGpn", &json!({"GpnId": id})).refused(400, "InvalidGpnID.Malformed");
    done(&cloud, "DeleteVdc", &json!({"VdcId": other}));
}

#[tokio::test(start_paused = true)]
async fn traffic_flows_where_addresses_are_in_use() {
    let cloud = TestCloud::new();
    let traffic = |id: &str| {
        ask(
            &cloud,
            "DescribeBandwidthTraffic",
            &json!({"NetworkId": id}),
        )
        .ok()["Data"]
            .clone()
    };
    let usage = |id: &str| {
        traffic(id)["LastFiveMinutesUsage"]["Inbps"]
            .as_f64()
            .unwrap()
    };
    assert!(usage(PUBLIC_ID) < 0.001);
    cloud.servers(1);
    assert_eq!(traffic(PUBLIC_ID)["MaxQos"], 20);
    let first = usage(PUBLIC_ID);
    assert!(first > 0.0 && first <= 20.0);
    advance(600);
    assert!((usage(PUBLIC_ID) - first).abs() > 1e-9);
    ask(
        &cloud,
        "DescribeBandwidthTraffic",
        &json!({"NetworkId": NOBODY}),
    )
    .refused(400, "InvalidPublicId.Malformed");
}

#[tokio::test(start_paused = true)]
async fn alarms_reach_their_receivers() {
    let cloud = TestCloud::new();
    let list = |group: &str| {
        ask(&cloud, "GetWanAlarmReceiver", &json!({"ObjGroupId": group})).ok()["Data"].clone()
    };
    let all = list("");
    assert_eq!(
        (
            all.as_array().unwrap().len(),
            &all[0]["UsedByOther"],
            &all[1]["UsedByOther"]
        ),
        (2, &json!(true), &json!(false))
    );
    let of_group = list("6541d60c-d71f-11ec-b673-0242ac110033");
    assert_eq!(
        (
            of_group.as_array().unwrap().len(),
            &of_group[0]["UsedByNow"]
        ),
        (1, &json!(true))
    );
    let id = all[1]["ReceiverId"].clone();
    let update = |name: &str, value: &str| {
        let mut params = json!({"ReceiverId": id});
        params[name] = json!(value);
        ask(&cloud, "UpdateWanAlarmReceiver", &params)
    };
    update("Email", "nobody").refused(400, "Parameter Error");
    update("Mobile", "12").refused(400, "Parameter Error");
    update("Code", "+1").refused(400, "Parameter Error");
    ask(
        &cloud,
        "UpdateWanAlarmReceiver",
        &json!({"ReceiverId": NOBODY, "Email": "a@b.cn"}),
    )
    .refused(400, "InvalidParameter");
    update("Email", "si.li@example.com").ok();
    ask(
        &cloud,
        "UpdateWanAlarmReceiver",
        &json!({"ReceiverId": id, "Mobile": "2125550100", "Code": "+1"}),
    )
    .ok();
    let changed = list("")[1].clone();
    assert_eq!(
        (&changed["ReceiverMail"], &changed["ReceiverTel"]),
        (&json!("si.li@example.com"), &json!("(+1)2125550100"))
    );
}

#[tokio::test(start_paused = true)]
async fn bandwidth_addresses_and_gpns_cost_their_price_every_day_until_they_are_gone() {
    let cloud = TestCloud::new();
    let is = |cost: f64, expected: f64| {
        assert!((cost - expected).abs() < 0.015, "{cost} and not {expected}");
    };
    is(cloud.cost_of_a_day(), 0.0);
    done(
        &cloud,
        "CreatePublicNetwork",
        &public(&json!({"Qos": 20, "IPNum": 4})),
    );
    let out = network(&cloud, VDC_ID, "out").unwrap();
    let id = &out["PublicId"];
    // 20 Mbps at 3.312 and four addresses at 0.331.
    is(cloud.cost_of_a_day(), 66.24 + 1.32);
    is(cloud.cost_of_a_day(), 66.24 + 1.32);
    done(
        &cloud,
        "ModifyPublicNetwork",
        &json!({"PublicId": id, "Qos": "100"}),
    );
    done(&cloud, "AddPublicIp", &json!({"PublicId": id, "Number": 8}));
    is(cloud.cost_of_a_day(), 331.2 + 1.32 + 2.65);
    let period = json!({"DateFromTo": "2026.03.01 - 2026.03.31", "Currency": "CN"});
    let bill = cloud.ask("cds.billing.DescribeBill", &period).ok()["Data"]["BillInfo"].clone();
    let kinds: Vec<_> = bill
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["ResourceType"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["wan", "ip", "ip"]);
    assert_eq!(
        (&bill[0]["ResourceId"], &bill[1]["ResourceId"]),
        (id, &out["Segments"][0]["SegmentId"])
    );

    done(
        &cloud,
        "DeletePublicIp",
        &json!({"SegmentId": out["Segments"][0]["SegmentId"]}),
    );
    is(cloud.cost_of_a_day(), 331.2 + 2.65);
    done(
        &cloud,
        "CreatePrivateNetwork",
        &json!({"VdcId": VDC_ID, "Name": "in"}),
    );
    let inner = network(&cloud, VDC_ID, "in").unwrap()["PrivateId"].clone();
    let point = json!([{"VdcId": VDC_ID, "PrivateId": inner}]);
    done(
        &cloud,
        "CreateGPN",
        &json!({"Name": "joined", "Qos": 5, "AccessPoint": point, "PopAccessPoint": []}),
    );
    is(cloud.cost_of_a_day(), 331.2 + 2.65 + 50.0);
    done(
        &cloud,
        "DeleteGpn",
        &json!({"GpnId": gpn(&cloud, "joined")["GpnId"]}),
    );
    let (before, owed) = (cloud.balance(), cloud.due());
    ask(&cloud, "DeletePublicNetwork", &json!({"PublicId": id})).ok();
    cloud.settle();
    let paid = before - cloud.balance();
    assert!(paid >= owed && paid < owed + 1.0, "{paid} {owed}");
    is(cloud.cost_of_a_day(), 0.0);
    is(cloud.due(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn what_is_metered_uses_the_balance_up() {
    let cloud = TestCloud::new();
    cloud.simulator.set_balance(200.0);
    done(
        &cloud,
        "CreatePublicNetwork",
        &public(&json!({"Qos": 20, "IPNum": 4})),
    );
    ask(
        &cloud,
        "CreateVdc",
        &json!({"RegionId": REGION_ID, "PublicNetwork": {"Type": "BGP_4", "Qos": 20, "IPNum": 4}}),
    )
    .ok();
    cloud.settle();
    advance(86_400);
    // Two networks have cost a day each; a third one needs a day's price that is not there any
    // more.
    ask(
        &cloud,
        "CreatePublicNetwork",
        &public(&json!({"Qos": 20, "IPNum": 4})),
    )
    .refused(400, "Account.Arrearage");
    let of_traffic = json!({"Name": "flow", "BillingMethod": "Traffic", "Qos": 5, "IPNum": 4});
    cloud.simulator.set_balance(1000.0);
    let before = cloud.cost_of_a_day();
    let is = |cost: f64, expected: f64| {
        assert!(
            (cost - before - 1.32 - expected).abs() < 0.03,
            "{cost} and not {expected}"
        );
    };
    done(&cloud, "CreatePublicNetwork", &public(&of_traffic));
    is(cloud.cost_of_a_day(), 0.0);
    let id = network(&cloud, VDC_ID, "flow").unwrap()["PublicId"].clone();
    let server = order(
        &json!({"PublicIp": [], "PrivateIp": [], "OrderedIP": [{"PipeId": id, "IP": ["auto"]}]}),
    );
    let server = cloud.finish("CreateInstance", &server);
    // Half of 5 Mbps for a day are 27 GB at 0.8; the server costs 4.20 a day.
    is(cloud.cost_of_a_day(), 21.6 + 4.2);
    cloud.finish("DeleteInstance", &json!({"InstanceIds": server}));
    is(cloud.cost_of_a_day(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn networks_out_of_a_file_are_metered_but_not_what_stands_ready() {
    let network = json!({"id": "n", "name": "n", "vdc_id": VDC_ID, "kind": {"public": {"kind": "Bandwidth_BGP", "billing": "BandwIdth",
        "qos": 10}}, "segments": [{"id": "s", "range": "101.252.0.0/29"}]});
    let mut state = TestCloud::new().simulator.state_json();
    state["vdc"]["networks"]
        .as_array_mut()
        .unwrap()
        .push(network);
    let saved = crate::SavedState::parse(&state.to_string()).unwrap();
    let mut cloud = TestCloud::new();
    let key = crate::ACCESS_KEY.to_owned();
    let options = crate::Options {
        access_key: key,
        secret: crate::SECRET.to_owned(),
        seed: 1,
        clock: cloud.clock.clone(),
    };
    cloud.simulator = std::sync::Arc::new(crate::Simulator::from_saved(
        std::sync::Arc::clone(&cloud.catalog),
        options,
        saved,
    ));
    let cost = cloud.cost_of_a_day();
    assert!((cost - 33.12 - 2.65).abs() < 0.015, "{cost}");
}
