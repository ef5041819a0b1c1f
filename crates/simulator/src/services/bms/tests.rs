use crate::cloud::ids;
use crate::services::vdc::{self, VDC as VDC_STATE};
use crate::tests::documented::documented;
use crate::tests::{TestCloud, advance, merge};
use crate::{Fault, FaultRule, SavedState};
use serde_json::{Value as Json, json};

const VDC: &str = "062f81d7-cee2-4aca-880f-ad8766c78dab";
const PRIVATE: &str = "79281b44-73db-11ea-ac8e-0242ac110002";
const PUBLIC: &str = "6c00cd1c-73db-11ea-8379-0242ac110002";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A cloud with the VDC and the networks of the document's order; the public one has five
/// addresses.
pub(crate) fn cloud() -> TestCloud {
    let cloud = TestCloud::new();
    let network = |id, name, is_public, range| -> vdc::Network {
        let bandwidth =
            json!({"public": {"kind": "Bandwidth_BGP", "billing": "BandwIdth", "qos": 5}});
        let kind = if is_public {
            bandwidth
        } else {
            json!({"private": {}})
        };
        let network = json!({"id": id, "name": name, "vdc_id": VDC, "kind": kind, "segments": [{"range": range}]});
        serde_json::from_value(network).unwrap()
    };
    let own = json!({"id": VDC, "name": "bare", "region": "CN_Beijing_F"});
    {
        let mut state = cloud.simulator.state();
        let own_state = &mut state.kernel.cloud[VDC_STATE];
        own_state.vdcs.insert(serde_json::from_value(own).unwrap());
        own_state
            .networks
            .insert(network(PRIVATE, "private", false, "10.241.14.0/24"));
        own_state
            .networks
            .insert(network(PUBLIC, "public", true, "101.252.0.0/29"));
    }
    cloud
}

/// The document's order, with some of it changed.
pub(crate) fn order(cloud: &TestCloud, changes: &Json) -> Json {
    let mut order = cloud
        .catalog
        .action("cds.bms.CreateBmsInstance")
        .unwrap()
        .example
        .clone();
    merge(order.as_object_mut().unwrap(), changes);
    order
}

/// Orders servers on demand and waits until they run; their ids.
pub(crate) fn servers(cloud: &TestCloud, changes: &Json) -> Vec<String> {
    let mut all = json!({"InstanceChargeType": "PostPaid"});
    merge(all.as_object_mut().unwrap(), changes);
    let tasks =
        cloud.done("cds.bms.CreateBmsInstance", &order(cloud, &all))["Data"]["TaskIds"].clone();
    let of = |task: &Json| {
        cloud
            .ask("cds.bms.DescribeBmsTask", &json!({"TaskId": task}))
            .ok()["Data"]
            .clone()
    };
    let tasks: Vec<_> = tasks.as_array().unwrap().iter().map(of).collect();
    assert!(tasks.iter().all(|task| task["Status"] == "succeed"));
    tasks
        .iter()
        .map(|task| task["BareMetalIds"][0].as_str().unwrap().to_owned())
        .collect()
}

fn detail(cloud: &TestCloud, id: &str) -> Json {
    cloud
        .ask("cds.bms.DescribeBmsDetail", &json!({"BaremetalId": id}))
        .ok()["Data"]
        .clone()
}

fn operate(cloud: &TestCloud, id: &str, operate: &str) -> crate::tests::Answer {
    cloud.ask(
        "cds.bms.OperateBmsPower",
        &json!({"BaremetalIds": [id], "Operate": operate}),
    )
}

/// Lets days pass, with a request at the end.
fn days(cloud: &TestCloud, days: u64) {
    advance(days * 86_400);
    cloud.ask("cds.bms.DescribeBms", &json!({})).ok();
}

#[tokio::test(start_paused = true)]
async fn every_action_answers_as_documented() {
    let actions = TestCloud::new().catalog.actions_of("cds.bms").unwrap();
    assert_eq!(actions.len(), 13);
    for action in actions {
        let cloud = cloud();
        let on_demand = action.name == "DeleteBmsInstance";
        let id = servers(
            &cloud,
            &json!({"InstanceChargeType": if on_demand { "PostPaid" } else { "PrePaid" }}),
        )
        .remove(0);
        if ["DeleteBmsInstance", "OperateBmsPower"].contains(&action.name.as_str()) {
            operate(&cloud, &id, "stop").ok();
            cloud.settle();
        }
        let task = cloud.simulator.state_json()["tasks"][0]["id"].clone();
        let mut params = action.example.as_object().unwrap().clone();
        for (name, value) in [
            ("BaremetalId", json!(id)),
            ("BaremetalIds", json!([id])),
            ("TaskId", task),
            ("VdcId", json!(VDC)),
        ] {
            if params.contains_key(name) {
                params.insert(name.to_owned(), value);
            }
        }
        let answer = cloud.ask(&format!("cds.bms.{}", action.name), &Json::Object(params));
        assert_eq!(answer.code(), "Success", "{}: {}", action.name, answer.1);
        documented(&action, &answer.ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_lives_from_its_order_to_its_deletion() {
    let cloud = cloud();
    let wanted =
        json!({"InstanceChargeType": "PostPaid", "Amount": 2, "IsBond": 1, "AssignHostNo": "7"});
    let tasks = cloud
        .ask("cds.bms.CreateBmsInstance", &order(&cloud, &wanted))
        .ok()["Data"]["TaskIds"]
        .clone();
    assert_eq!(tasks.as_array().unwrap().len(), 2);
    let list = |params: Json| cloud.ask("cds.bms.DescribeBms", &params).ok()["Data"].clone();
    let listed = list(json!({"VdcId": VDC}));
    assert_eq!(
        (&listed["TotalCount"], &listed["Baremetals"][1]["Name"]),
        (&json!(2), &json!("shouduzaixbms008"))
    );
    assert_eq!(
        (
            &listed["Baremetals"][0]["State"],
            &listed["Baremetals"][0]["Status"]
        ),
        (&json!("creating"), &json!("创建中"))
    );
    let id = listed["Baremetals"][0]["BaremetalId"]
        .as_str()
        .unwrap()
        .to_owned();
    operate(&cloud, &id, "stop").refused(400, "InstanceError");
    let task = cloud
        .ask("cds.bms.DescribeBmsTask", &json!({"TaskId": tasks[0]}))
        .ok();
    assert_eq!(
        task["Data"],
        json!({"BareMetalIds": [id], "Status": "init"})
    );
    cloud.settle();
    let view = detail(&cloud, &id);
    assert_eq!(
        (&view["State"], &view["Cpu"], &view["ImageName"]),
        (&json!("running"), &json!(32), &json!("ubuntu16.04_64"))
    );
    let card = &view["Networks"]["NetworkCards"][0];
    assert_eq!(
        (&card["IpAddress"], &card["Gateway"], &card["Netmask"]),
        (
            &json!("10.241.14.2"),
            &json!("10.241.14.1"),
            &json!("255.255.255.0")
        )
    );
    assert_eq!(
        (&card["WorkMode"], card["Mac"].as_array().unwrap().len()),
        (&json!("bond6"), 2)
    );
    assert_eq!(
        (
            view["Volumes"].as_array().unwrap().len(),
            &view["Volumes"][1]["VolumePath"]
        ),
        (2, &json!("sdb"))
    );
    assert_eq!(
        (&view["CreateDate"], &view["ExpireDate"]),
        (&json!("2026-03-01 16:00:00"), &json!(""))
    );

    let delete = json!({"BaremetalId": id});
    cloud
        .ask("cds.bms.DeleteBmsInstance", &delete)
        .refused(400, "LogicError");
    operate(&cloud, &id, "start").refused(400, "InstanceError");
    operate(&cloud, &id, "reset").ok();
    assert_eq!(detail(&cloud, &id)["State"], "resetting");
    cloud.settle();
    operate(&cloud, &id, "stop").ok();
    cloud
        .ask("cds.bms.DeleteBmsInstance", &delete)
        .refused(400, "LogicError");
    cloud.settle();
    assert_eq!(detail(&cloud, &id)["State"], "stopped");
    let new = json!({"BaremetalId": id, "ImageId": "2", "Password": "x", "Raid": "1", "CustomPartition": ["/", "swap"],
        "CustomPartitionSize": [100, 8]});
    cloud.ask("cds.bms.ReinstallBms", &new).ok();
    assert_eq!(detail(&cloud, &id)["Status"], "重装中");
    cloud
        .ask("cds.bms.ReinstallBms", &new)
        .refused(400, "RebuildFailed");
    cloud.settle();
    assert_eq!(
        (
            &detail(&cloud, &id)["ImageName"],
            &detail(&cloud, &id)["State"]
        ),
        (&json!("centos6.9_64"), &json!("running"))
    );
    operate(&cloud, &id, "stop").ok();
    cloud.settle();
    cloud.ask("cds.bms.DeleteBmsInstance", &delete).ok();
    assert_eq!(detail(&cloud, &id)["State"], "deleting");
    cloud.settle();
    cloud
        .ask("cds.bms.DescribeBmsDetail", &delete)
        .refused(400, "InstanceNotFound");
    assert_eq!(list(json!({}))["TotalCount"], 1);
    cloud
        .ask("cds.bms.DeleteBmsInstance", &delete)
        .refused(400, "InstanceNotFound");
}

#[tokio::test(start_paused = true)]
async fn orders_are_refused_for_the_documented_reasons() {
    let cloud = cloud();
    let refused = |changes: Json, code: &str| {
        let before = cloud.simulator.state_json();
        cloud
            .ask("cds.bms.CreateBmsInstance", &order(&cloud, &changes))
            .refused(400, code);
        let mut after = cloud.simulator.state_json();
        after["ids"] = before["ids"].clone();
        assert_eq!(before, after, "a refused order left a trace");
    };
    refused(json!({"RegionId": null}), "ParameterInvalid");
    refused(json!({"InstanceName": ""}), "ParameterIsEmpty");
    refused(json!({"PipeIds": []}), "ParameterIsEmpty");
    refused(json!({"RegionId": "CN_Beijing_A"}), "DataNotExists");
    refused(json!({"RegionId": "CN_Beijing_I"}), "VdcNotFound");
    refused(json!({"VdcId": NOBODY}), "VdcNotFound");
    refused(json!({"ImageId": "9999"}), "ImageNotFound");
    refused(json!({"ComputeId": NOBODY}), "OrderGoodsConfEmpty");
    refused(json!({"GoodsId": 1}), "DataNotExists");
    refused(
        json!({"GoodsId": 7955, "ComputeId": "f7d3b7b4-e77d-47ac-aa37-8c9e3304e469"}),
        "DataNotExists",
    );
    refused(json!({"PipeIds": [NOBODY]}), "PipeIdNotFound");
    refused(json!({"PipeIds": [crate::PRIVATE_ID]}), "PipeIdNotFound");
    refused(json!({"Amount": 101}), "AmountOversize");
    refused(json!({"Amount": 6}), "IpNotEnough");
    refused(json!({"Raid": "7"}), "DataNotExists");
    refused(
        json!({"CustomPartition": ["swap"], "CustomPartitionSize": [8]}),
        "DataNotExists",
    );
    refused(
        json!({"CustomPartition": ["/"], "CustomPartitionSize": []}),
        "ParameterIsEmpty",
    );
    refused(json!({"CustomPartition": ["/"]}), "DataNotExists");
    refused(json!({"AssignHostNo": "x"}), "DataNotExists");
    refused(json!({"SubjectId": "68327"}), "DataNotExists");
    refused(json!({"PrepaidMonth": u64::MAX}), "DataNotExists");
    cloud.simulator.set_balance(10.0);
    refused(json!({}), "NotEnoughBalance");
}

#[tokio::test(start_paused = true)]
async fn stock_and_addresses_run_out_and_come_back() {
    let cloud = cloud();
    let private = |amount: u64| json!({"PipeIds": [PRIVATE], "Amount": amount});
    servers(&cloud, &private(100));
    let order_more = |amount| {
        cloud.ask(
            "cds.bms.CreateBmsInstance",
            &order(&cloud, &private(amount)),
        )
    };
    order_more(21).refused(400, "NotSufficient");
    let ids = servers(&cloud, &private(20));
    order_more(1).refused(400, "NotSufficient");
    let address = detail(&cloud, &ids[0])["Networks"]["NetworkCards"][0]["IpAddress"].clone();
    operate(&cloud, &ids[0], "stop").ok();
    cloud.settle();
    cloud.done("cds.bms.DeleteBmsInstance", &json!({"BaremetalId": ids[0]}));
    let again = servers(&cloud, &private(1)).remove(0);
    assert_eq!(
        detail(&cloud, &again)["Networks"]["NetworkCards"][0]["IpAddress"],
        address
    );
}

#[tokio::test(start_paused = true)]
async fn a_prepaid_server_ends_with_a_month_or_renews_itself() {
    let cloud = cloud();
    let before = cloud.balance();
    let monthly = |renew: u8| {
        json!({"InstanceChargeType": "PrePaid", "PrepaidMonth": 0, "AutoRenew": renew, "PipeIds": [PRIVATE],
        "ComputeId": "8fbdb61e-b941-46db-89f6-f8953b278ec9"})
    };
    let price = json!({"RegionId": "CN_Beijing_F", "InstanceChargeType": "PrePaid", "PrepaidMonth": 0, "GoodsId": 7685, "Amount": 2,
        "ComputeId": "8fbdb61e-b941-46db-89f6-f8953b278ec9"});
    let price = cloud.ask("cds.bms.DescribeBmsGoodsPrice", &price).ok()["Data"].clone();
    // From the 1st of March, 16:00, to the end of the month.
    assert_eq!(
        (&price["UnitPrice"], &price["TradeAmount"]),
        (&json!("651.68"), &json!("1303.36"))
    );
    let (lapsing, renewing) = (
        servers(&cloud, &monthly(0)).remove(0),
        servers(&cloud, &monthly(1)).remove(0),
    );
    assert!((before - cloud.balance() - 1303.36).abs() < 1.0);
    assert_eq!(
        detail(&cloud, &lapsing)["ExpireDate"],
        "2026-04-01 00:00:00"
    );
    operate(&cloud, &lapsing, "stop").ok();
    cloud.settle();
    cloud
        .ask(
            "cds.bms.DeleteBmsInstance",
            &json!({"BaremetalId": lapsing}),
        )
        .refused(400, "LogicError");
    operate(&cloud, &lapsing, "start").ok();
    cloud.settle();
    let before = cloud.balance();
    days(&cloud, 31);
    let view = detail(&cloud, &lapsing);
    assert_eq!(
        (&view["State"], &view["BillStatus"]),
        (&json!("stopped"), &json!("0"))
    );
    operate(&cloud, &lapsing, "start").refused(400, "InstanceError");
    let view = detail(&cloud, &renewing);
    assert_eq!(
        (&view["State"], &view["ExpireDate"], &view["IsAutoRenewal"]),
        (&json!("running"), &json!("2026-05-01 00:00:00"), &json!(1))
    );
    assert!((before - cloud.balance() - 666.0).abs() < 1e-6);

    let modify = |changes: Json| {
        let mut all = json!({"BaremetalId": renewing, "AutoRenewal": 1, "Duration": 3});
        merge(all.as_object_mut().unwrap(), &changes);
        cloud.ask("cds.bms.ModifyBmsOrder", &all)
    };
    modify(json!({"BaremetalId": NOBODY})).refused(400, "InstanceNotFound");
    modify(json!({"Duration": 0})).refused(400, "OrderUpdateError");
    modify(json!({"BillMethod": "2"})).refused(400, "OrderUpdateError");
    let on_demand = servers(&cloud, &json!({})).remove(0);
    modify(json!({"BaremetalId": on_demand})).refused(400, "OrderUpdateError");
    modify(json!({})).ok();
    days(&cloud, 30);
    assert_eq!(
        detail(&cloud, &renewing)["ExpireDate"],
        "2026-08-01 00:00:00"
    );
    cloud.simulator.set_balance(1.0);
    days(&cloud, 100);
    assert_eq!(
        (&detail(&cloud, &renewing)["State"], cloud.balance()),
        (&json!("stopped"), 1.0)
    );
}

#[tokio::test(start_paused = true)]
async fn an_order_that_fails_costs_nothing() {
    let cloud = cloud();
    let before = cloud.balance();
    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskFails("no power".into())).times(1));
    let answer = cloud.done(
        "cds.bms.CreateBmsInstance",
        &order(&cloud, &json!({"PipeIds": [PUBLIC]})),
    );
    let task = cloud
        .ask(
            "cds.bms.DescribeBmsTask",
            &json!({"TaskId": answer["Data"]["TaskIds"][0]}),
        )
        .ok();
    assert_eq!(
        (&task["Data"]["Status"], &task["Message"]),
        (&json!("failed"), &json!("no power"))
    );
    assert_eq!(
        cloud.ask("cds.bms.DescribeBms", &json!({})).ok()["Data"]["TotalCount"],
        0
    );
    assert!((before - cloud.balance()).abs() < 1e-9);
    // All five addresses are free again.
    assert_eq!(
        servers(&cloud, &json!({"PipeIds": [PUBLIC], "Amount": 5})).len(),
        5
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_on_offer_depends_on_the_zone_and_the_payment() {
    let cloud = cloud();
    let goods = |zone: &str| {
        cloud
            .ask("cds.bms.DescribeBmsGoods", &json!({"RegionId": zone}))
            .ok()["Data"]
            .clone()
    };
    assert_eq!(
        goods("CN_Beijing_J")["PostPaid"][0]["Computes"][0]["Id"],
        "8fbdb61e-b941-46db-89f6-f8953b278ec9"
    );
    assert_eq!(
        goods("CN_Beijing_A"),
        json!({"PrePaid": null, "PostPaid": null})
    );
    cloud
        .ask("cds.bms.DescribeBmsGoods", &json!({"RegionId": "Nowhere"}))
        .refused(400, "ParameterInvalid");
    cloud
        .ask("cds.bms.DescribeBmsGoods", &json!({"RegionId": ""}))
        .refused(400, "ParameterIsEmpty");
    let images = |params: Json| cloud.ask("cds.bms.DescribeBmsImage", &params).ok()["Data"].clone();
    assert_eq!(images(json!({}))["Windows"][1]["Name"], "windows2016_64");
    assert_eq!(
        images(json!({"OsType": "centos"}))
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["Centos"]
    );
    assert_eq!(images(json!({"ImageType": "private"})), json!({}));
    cloud
        .ask("cds.bms.DescribeBmsImage", &json!({"ImageType": ""}))
        .refused(400, "ParameterIsEmpty");
    let price = |changes: Json| {
        let mut all = cloud
            .catalog
            .action("cds.bms.DescribeBmsGoodsPrice")
            .unwrap()
            .example
            .clone();
        merge(all.as_object_mut().unwrap(), &changes);
        cloud.ask("cds.bms.DescribeBmsGoodsPrice", &all)
    };
    price(json!({"InstanceChargeType": "PostPaid"})).refused(400, "DataNotExists");
    price(json!({"ComputeId": NOBODY})).refused(400, "DataNotExists");
    price(json!({"Amount": 0})).refused(400, "DataNotExists");
    price(json!({"PrepaidMonth": u64::MAX})).refused(400, "DataNotExists");
}

#[tokio::test(start_paused = true)]
async fn lists_are_paged_and_unknown_servers_refused() {
    let cloud = cloud();
    servers(&cloud, &json!({"Amount": 5}));
    let page = cloud
        .ask(
            "cds.bms.DescribeBms",
            &json!({"PageNumber": "2", "PageSize": "2"}),
        )
        .ok()["Data"]
        .clone();
    assert_eq!(
        (
            &page["Pages"],
            &page["TotalCount"],
            &page["Baremetals"][0]["Name"]
        ),
        (&json!(3), &json!(5), &json!("shouduzaixbms003"))
    );
    let named = cloud
        .ask("cds.bms.DescribeBms", &json!({"Name": "shouduzaixbms005"}))
        .ok();
    assert_eq!(named["Data"]["TotalCount"], 1);
    cloud
        .ask("cds.bms.DescribeBms", &json!({"VdcId": ""}))
        .refused(400, "ParameterIsEmpty");
    let nobody = json!({"BaremetalId": NOBODY, "ImageId": "2", "Password": "x"});
    cloud
        .ask("cds.bms.DescribeBmsVNC", &nobody)
        .refused(400, "DataNotExists");
    cloud
        .ask("cds.bms.ReinstallBms", &nobody)
        .refused(400, "DataNotExists");
    cloud
        .ask("cds.bms.DescribeBmsTask", &json!({"TaskId": NOBODY}))
        .refused(400, "DataNotExists");
    operate(&cloud, NOBODY, "start").refused(400, "InstanceError");
    operate(&cloud, NOBODY, "explode").refused(400, "DataNotExists");
    cloud
        .ask(
            "cds.bms.OperateBmsPower",
            &json!({"BaremetalIds": [], "Operate": "stop"}),
        )
        .refused(400, "ParameterIsEmpty");
}

/// A number below `most`, for a step of a random walk.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers"
)]
pub(crate) fn draw(seed: u64, purpose: &str, step: u64, most: u32) -> u32 {
    (ids::fraction(seed, purpose, step) * f64::from(most)) as u32
}

#[tokio::test(start_paused = true)]
async fn a_random_walk_ends_in_a_state_that_can_be_read_again() {
    for seed in 0..4 {
        let cloud = cloud();
        for step in 0..80 {
            let draw = |purpose: &str, most: u32| draw(seed, purpose, step, most);
            let listed =
                cloud.ask("cds.bms.DescribeBms", &json!({})).ok()["Data"]["Baremetals"].clone();
            let one = listed
                .as_array()
                .and_then(|all| all.get(draw("one", 4) as usize))
                .cloned();
            let id = one
                .as_ref()
                .map_or(json!(NOBODY), |one| one["BaremetalId"].clone());
            let kind = if draw("kind", 2) == 0 {
                "PrePaid"
            } else {
                "PostPaid"
            };
            let (action, params) = match draw("action", 7) {
                0 | 1 => (
                    "CreateBmsInstance",
                    order(
                        &cloud,
                        &json!({"InstanceChargeType": kind, "PrepaidMonth": 0}),
                    ),
                ),
                2 => ("DeleteBmsInstance", json!({"BaremetalId": id})),
                3 => (
                    "OperateBmsPower",
                    json!({"BaremetalIds": [id], "Operate": "start"}),
                ),
                4 | 5 => (
                    "OperateBmsPower",
                    json!({"BaremetalIds": [id], "Operate": "stop"}),
                ),
                _ => (
                    "ReinstallBms",
                    json!({"BaremetalId": id, "ImageId": "2", "Password": "x"}),
                ),
            };
            let answer = cloud.ask(&format!("cds.bms.{action}"), &params);
            let is_busy = one.is_some_and(|one| {
                !["running", "stopped"].contains(&one["State"].as_str().unwrap())
            });
            assert!(
                !is_busy || action == "CreateBmsInstance" || answer.code() != "Success",
                "{action} on a busy server"
            );
            advance(
                draw(
                    "time",
                    if draw("long", 20) == 0 {
                        4_000_000
                    } else {
                        600
                    },
                )
                .into(),
            );
        }
        cloud.settle();
        let state = cloud.simulator.state_json();
        let mut addresses = std::collections::BTreeSet::new();
        for card in state["bms"]["servers"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|server| server["cards"].as_array().unwrap())
        {
            assert!(
                addresses.insert(card["address"].to_string()),
                "an address is there twice"
            );
        }
        SavedState::parse(&state.to_string()).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_whose_servers_do_not_fit_together_is_told_of() {
    let cloud = cloud();
    servers(&cloud, &json!({"Amount": 2, "PipeIds": [PRIVATE]}));
    let problems = |change: &dyn Fn(&mut Json)| {
        let mut state = cloud.simulator.state_json();
        change(&mut state["bms"]["servers"][1]);
        SavedState::parse(&state.to_string())
            .err()
            .unwrap_or_default()
    };
    assert_eq!(problems(&|_| ()), "");
    let has = |change: &dyn Fn(&mut Json), text: &str| {
        let told = problems(change);
        assert!(told.contains(text), "{told}");
    };
    has(
        &|server| server["vdc_id"] = json!("nowhere"),
        "there is no VDC nowhere",
    );
    has(
        &|server| server["vdc_id"] = json!(crate::VDC_ID),
        "is not in its VDC",
    );
    has(
        &|server| server["cards"][0]["network"] = json!("none"),
        "there is no network none",
    );
    has(
        &|server| server["cards"][0]["address"] = json!("10.241.14.2"),
        "another server has 10.241.14.2 too",
    );
    has(
        &|server| server["cards"][0]["address"] = json!("10.0.0.2"),
        "10.0.0.2 is not an address of the network",
    );
    has(
        &|server| server["charge_type"] = json!("prepaid"),
        "have paid_until",
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_on_demand_is_metered_and_its_trial_credit_pays_for_it() {
    let cloud = cloud();
    let credit = || {
        cloud.ask("cds.subject.DescribeSubjects", &json!({})).ok()["Data"]["SubjectList"][0]["Balance"].clone()
    };
    let (begin, full) = (cloud.balance(), credit());
    let with_credit = json!({"SubjectId": "3273359", "InstanceChargeType": "PrePaid"});
    cloud
        .ask("cds.bms.CreateBmsInstance", &order(&cloud, &with_credit))
        .refused(400, "DataNotExists");
    let own = servers(&cloud, &json!({"Amount": 1})).remove(0);
    let tried = servers(&cloud, &json!({"Amount": 1, "SubjectId": "3273359"})).remove(0);
    days(&cloud, 3);
    assert_eq!((cloud.balance(), credit()), (begin, full.clone()));
    let price = cloud.simulator.state_json()["bms"]["servers"][0]["month_price"]
        .as_f64()
        .unwrap();
    for id in [&own, &tried] {
        operate(&cloud, id, "stop").ok();
        cloud.settle();
        cloud.done("cds.bms.DeleteBmsInstance", &json!({"BaremetalId": id}));
    }
    let paid = begin - cloud.balance();
    assert!(
        (paid - price / 10.0).abs() < price / 100.0,
        "{paid} of {price} a month"
    );
    let number = |text: &Json| text.as_str().unwrap().parse::<f64>().unwrap();
    let credited = number(&full) - number(&credit());
    assert!(
        (credited - price / 10.0).abs() < price / 100.0,
        "{credited} of {price} a month"
    );
}

#[tokio::test(start_paused = true)]
async fn a_vdc_with_bare_metal_in_it_stays() {
    let cloud = cloud();
    let server = servers(&cloud, &json!({"Amount": 1})).remove(0);
    cloud.simulator.state().kernel.cloud[VDC_STATE]
        .networks
        .remove(PUBLIC);
    let delete = || cloud.ask("cds.vdc.DeleteVdc", &json!({"VdcId": VDC}));
    delete().refused(403, "IncorrectVdcStatus");
    cloud
        .simulator
        .state()
        .kernel
        .cloud
        .change_bare_metal(&server, |server| server.cards.clear());
    cloud.simulator.state().kernel.cloud[VDC_STATE]
        .networks
        .remove(PRIVATE);
    delete().refused(403, "IncorrectVdcStatus");
    operate(&cloud, &server, "stop").ok();
    cloud.settle();
    cloud.done("cds.bms.DeleteBmsInstance", &json!({"BaremetalId": server}));
    delete().ok();
}

/// `porting.md` row 12: where bare metal is sold, a VDC for it can be made.
#[tokio::test(start_paused = true)]
async fn a_vdc_can_be_made_in_every_zone_that_sells_bare_metal() {
    let cloud = TestCloud::new();
    let action = cloud.catalog.action("cds.bms.DescribeBmsGoods");
    let table = &action.unwrap().product.tables["Region"].values;
    let zones = table.iter().filter_map(|zone| zone.value.as_str());
    let mut sold = Vec::new();
    for zone in zones.chain(["CN_Beijing_F"]) {
        let goods = cloud
            .ask("cds.bms.DescribeBmsGoods", &json!({"RegionId": zone}))
            .ok();
        if goods["Data"]["PostPaid"]
            .as_array()
            .is_none_or(Vec::is_empty)
        {
            continue;
        }
        sold.push(zone);
        let name = format!("bare {zone}");
        let made = cloud.ask(
            "cds.vdc.CreateVdc",
            &json!({"RegionId": zone, "VdcName": name}),
        );
        assert_eq!(made.code(), "Success", "{zone}: {}", made.1);
        cloud.settle();
        let listed = cloud
            .ask("cds.vdc.DescribeVdc", &json!({"RegionId": zone}))
            .ok();
        assert_eq!(listed["Data"][0]["RegionId"], zone);
        let vdc = listed["Data"][0]["VdcId"].clone();
        cloud.done("cds.vdc.DeleteVdc", &json!({"VdcId": vdc}));
    }
    assert!(sold.len() > 3 && sold.contains(&"CN_Beijing_F"), "{sold:?}");
    cloud
        .ask(
            "cds.vdc.CreateVdc",
            &json!({"RegionId": "CN_Beijing_X", "VdcName": "x"}),
        )
        .refused(400, "InvalidRegionId.Malformed");
}

#[tokio::test(start_paused = true)]
async fn a_server_is_renamed() {
    let cloud = cloud();
    let id = servers(&cloud, &json!({})).remove(0);
    let rename = |id: &str, name: &str| {
        let params = json!({"BaremetalId": id, "name": name});
        cloud.ask("cds.bms.RenameBmsInstance", &params)
    };
    rename(&id, "edge").ok();
    let detail = cloud.ask("cds.bms.DescribeBmsDetail", &json!({"BaremetalId": id}));
    assert!(detail.ok().to_string().contains("\"edge\""));
    rename(&id, " ").refused(400, "ParameterIsEmpty");
    rename("none", "edge").refused(400, "ParameterInvalid");
}
