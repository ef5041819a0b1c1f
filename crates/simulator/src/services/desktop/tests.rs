use super::line::LINES;
use super::state::DESKTOP;
use crate::services::bms::tests::draw;
use crate::tests::documented::documented;
use crate::tests::{Answer, TestCloud, advance, merge};
use crate::{Fault, FaultRule, SavedState};
use serde_json::{Value as Json, json};

const SITE: &str = "ebbfcb70-a98f-11ec-926b-8aaa763f849e";
const OTHER_SITE: &str = "f7c3c7a6-8d5f-11ec-9311-5293695d0ddd";
const PRODUCT: &str = "745f6546-dc5f-492f-82d1-9eb47cd9fa2d";
const REQUEST: &str = "6ca9ed98-27c8-4431-995f-59cc6d743dab";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
const EMAIL: &str = "17716313367@163.com";

fn ask(cloud: &TestCloud, action: &str, params: Json) -> Answer {
    let mut params = params;
    if !action.starts_with("Query") || action == "QueryVmPrice" {
        params
            .as_object_mut()
            .unwrap()
            .entry("requestId")
            .or_insert(json!(REQUEST));
    }
    cloud.ask(&format!("cds.desktop.{action}"), &params)
}

#[track_caller]
fn done(cloud: &TestCloud, action: &str, params: Json) -> Json {
    let answer = ask(cloud, action, params).ok()["Data"].clone();
    cloud.settle();
    answer
}

/// The document's order, at its site, with some of it changed.
fn order(cloud: &TestCloud, changes: &Json) -> Json {
    let mut order = cloud
        .catalog
        .action("cds.desktop.CreateVm")
        .unwrap()
        .example
        .clone();
    let place = json!({
        "vpcId": "73cbf764-cdcb-11ec-a318-ee97882ecf7d",
        "subnetNetId": "73d2c7ec-cdcb-11ec-a318-ee97882ecf7d",
        "vgatewayNetId": "80587138-cdcb-11ec-a318-ee97882ecf7d",
    });
    merge(order.as_object_mut().unwrap(), &place);
    merge(order.as_object_mut().unwrap(), changes);
    order
}

fn desktops(cloud: &TestCloud, changes: &Json) -> Vec<String> {
    let made = done(cloud, "CreateVm", order(cloud, changes));
    serde_json::from_value(made["vmIds"].clone()).unwrap()
}

fn view(cloud: &TestCloud, id: &str) -> Json {
    ask(cloud, "QueryVm", json!({"vmId": id})).ok()["Data"].clone()
}

fn all(cloud: &TestCloud, params: Json) -> Vec<String> {
    serde_json::from_value(ask(cloud, "QueryVms", params).ok()["Data"]["vmIds"].clone()).unwrap()
}

fn task(cloud: &TestCloud, answer: &Json) -> Json {
    ask(
        cloud,
        "QueryTask",
        json!({"taskId": answer["taskId"], "requestId": answer["requestId"]}),
    )
    .ok()["Data"]
        .clone()
}

fn account(cloud: &TestCloud, email: &str) -> Json {
    if ask(cloud, "QuerySubAccounts", json!({"email": email})).ok()["Data"]
        .as_array()
        .unwrap()
        .is_empty()
    {
        done(
            cloud,
            "CreateSubAccount",
            json!({"email": email, "name": "miao123", "remark": "r"}),
        );
    }
    ask(cloud, "QuerySubAccounts", json!({"email": email})).ok()["Data"][0].clone()
}

#[track_caller]
fn close(left: f64, right: f64) {
    assert!((left - right).abs() < 1e-6, "{left} is not {right}");
}

#[tokio::test(start_paused = true)]
async fn every_action_answers_as_documented() {
    let actions = TestCloud::new().catalog.actions_of("cds.desktop").unwrap();
    assert_eq!(actions.len(), 33);
    for action in actions {
        let cloud = TestCloud::new();
        let monthly = ["RenewalOrder", "QueryExpireVms"].contains(&action.name.as_str());
        let id = desktops(
            &cloud,
            &json!({"billCycle": if monthly { "month" } else { "minute" }}),
        )
        .remove(0);
        let started = cloud.simulator.state_json()["tasks"][0].clone();
        let mut params = action.example.as_object().unwrap().clone();
        if params.contains_key("accountId")
            || params.contains_key("email") && action.name != "CreateSubAccount"
            || params.contains_key("emails")
        {
            let account = account(&cloud, EMAIL)["accountId"].clone();
            if action.name == "UnbindAccounts" {
                done(
                    &cloud,
                    "BindAccounts",
                    json!({"vmIds": [id], "accountId": account}),
                );
            }
            params
                .contains_key("accountId")
                .then(|| params.insert("accountId".to_owned(), account));
        }
        if ["RebuildVm", "UnbindAccounts"].contains(&action.name.as_str()) {
            done(&cloud, "OperateVm", json!({"vmIds": [id], "action": "off"}));
        }
        let site = if action.name == "SupplyDefaultNet" {
            SITE
        } else {
            OTHER_SITE
        };
        for (name, value) in [
            ("vmId", json!(id)),
            ("vmIds", json!([id])),
            ("taskId", started["id"].clone()),
        ] {
            params
                .contains_key(name)
                .then(|| params.insert(name.to_owned(), value));
        }
        if action.name.ends_with("DefaultNet") && action.name != "GetDefaultNet" {
            params.insert("siteId".to_owned(), json!(site));
        }
        if action.name == "CreateVm" {
            params = order(&cloud, &json!({})).as_object().unwrap().clone();
        }
        let answer = cloud.ask(
            &format!("cds.desktop.{}", action.name),
            &Json::Object(params),
        );
        assert!(answer.0 == 200, "{}: {}", action.name, answer.1);
        documented(&action, &answer.ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_desktop_lives_from_its_order_to_its_deletion() {
    let cloud = TestCloud::new();
    let made = ask(&cloud, "CreateVm", order(&cloud, &json!({"num": "3"}))).ok()["Data"].clone();
    let vms: Vec<String> = serde_json::from_value(made["vmIds"].clone()).unwrap();
    let names: Vec<_> = vms
        .iter()
        .map(|id| view(&cloud, id)["vmName"].clone())
        .collect();
    assert_eq!(names, ["openapi_999", "openapi_999_001", "openapi_999_002"]);
    assert_eq!(
        (
            &task(&cloud, &made)["status"],
            &view(&cloud, &vms[0])["status"]
        ),
        (&json!("Running"), &json!("configuring"))
    );
    ask(
        &cloud,
        "QueryTask",
        json!({"taskId": made["taskId"], "requestId": NOBODY}),
    )
    .refused(400, "10006");
    ask(&cloud, "DeleteVm", json!({"vmId": vms[0]})).refused(400, "13002");
    cloud.settle();
    assert_eq!(
        task(&cloud, &made),
        json!({"taskId": made["taskId"], "requestId": REQUEST, "status": "Completed", "failReason": ""})
    );
    let one = view(&cloud, &vms[0]);
    assert_eq!(
        (&one["eip"], &one["privateIp"], &one["publicIp"]),
        (
            &json!("移动:120.226.0.2"),
            &json!("vlan1704:10.1.0.2"),
            &json!("10.3.0.2")
        )
    );
    assert_eq!(
        (&one["expireTime"], &one["billMethod"], &one["status"]),
        (
            &json!("2098-12-31T16:00:00.000+0000"),
            &json!(0),
            &json!("using")
        )
    );
    let subnet =
        || ask(&cloud, "GetDefaultNet", json!({"siteId": SITE})).ok()["Data"]["subnets"][0].clone();
    assert_eq!(
        (&subnet()["used_num"], &subnet()["not_used"]),
        (&json!(19), &json!(65_517))
    );

    let operate = |action: &str| {
        ask(
            &cloud,
            "OperateVm",
            json!({"vmIds": [vms[0]], "action": action}),
        )
    };
    operate("on").refused(400, "13002");
    operate("burn").refused(400, "10003");
    operate("off").ok();
    assert_eq!(view(&cloud, &vms[0])["status"], "stoping");
    operate("reboot").refused(400, "13002");
    cloud.settle();
    assert_eq!(view(&cloud, &vms[0])["status"], "stop");
    let image = json!({"vmId": vms[0], "imageId": "0e0f9143-35c5-4368-8c62-4bab440a9b9d"});
    done(&cloud, "RebuildVm", image.clone());
    ask(
        &cloud,
        "RebuildVm",
        json!({"vmId": vms[0], "imageId": NOBODY}),
    )
    .refused(400, "10006");
    ask(
        &cloud,
        "RebuildVm",
        json!({"vmId": vms[1], "imageId": NOBODY}),
    )
    .refused(400, "13004");
    operate("on").ok();
    cloud.settle();
    operate("reboot").ok();
    assert_eq!(view(&cloud, &vms[0])["status"], "rebooting");
    cloud.settle();
    ask(
        &cloud,
        "ChangeVmName",
        json!({"vmId": vms[0], "name": "new"}),
    )
    .ok();
    ask(
        &cloud,
        "UpdateVmLabels",
        json!({"vmIds": vms, "label": "备注"}),
    )
    .ok();
    done(&cloud, "ConfigNet", json!({"vmIds": vms}));
    assert_eq!(
        (
            &view(&cloud, &vms[0])["vmName"],
            &view(&cloud, &vms[2])["label"]
        ),
        (&json!("new"), &json!("备注"))
    );

    let gone = ask(&cloud, "DeleteVm", json!({"vmId": vms[0]})).ok()["Data"].clone();
    assert_eq!(view(&cloud, &vms[0])["status"], "deleteing");
    cloud.settle();
    assert_eq!(task(&cloud, &gone)["status"], "Completed");
    ask(&cloud, "QueryVm", json!({"vmId": vms[0]})).refused(400, "10006");
    assert_eq!(all(&cloud, json!({})), vms[1..]);
    assert_eq!(subnet()["used_num"], 18);
    for (action, code) in [
        ("DeleteVm", "10006"),
        ("ChangeVmName", "10006"),
        ("RebuildVm", "10006"),
    ] {
        let params = json!({"vmId": vms[0], "name": "n", "imageId": image["imageId"]});
        ask(&cloud, action, params).refused(400, code);
    }
    ask(
        &cloud,
        "UpdateVmLabels",
        json!({"vmIds": [vms[0]], "label": ""}),
    )
    .refused(400, "13015");
    ask(&cloud, "ConfigNet", json!({"vmIds": [vms[0]]})).refused(400, "13002");
    ask(&cloud, "QueryVm", json!({"vmId": ""})).refused(400, "10003");
}

#[tokio::test(start_paused = true)]
async fn operating_a_desktop_that_is_not_there_fails_as_a_task() {
    let cloud = TestCloud::new();
    let vms = desktops(&cloud, &json!({}));
    let answer = done(
        &cloud,
        "OperateVm",
        json!({"vmIds": [vms[0], NOBODY], "action": "off"}),
    );
    let ended = task(&cloud, &answer);
    assert_eq!(ended["status"], "Failed");
    assert_eq!(
        ended["failReason"],
        format!("subtask power off desktop {NOBODY} failed: no such desktop")
    );
    assert_eq!(view(&cloud, &vms[0])["status"], "stop");
}

#[tokio::test(start_paused = true)]
async fn orders_are_refused_for_the_documented_reasons() {
    let cloud = TestCloud::new();
    let refused = |changes: Json, code: &str| {
        let before = cloud.simulator.state_json();
        cloud
            .ask("cds.desktop.CreateVm", &order(&cloud, &changes))
            .refused(400, code);
        let mut after = cloud.simulator.state_json();
        after["ids"] = before["ids"].clone();
        assert_eq!(before, after, "a refused order left a trace");
    };
    refused(json!({"requestId": null}), "10003");
    refused(json!({"requestId": ""}), "10003");
    refused(json!({"name": ""}), "10003");
    refused(json!({"num": "0"}), "10003");
    refused(json!({"num": "1.5"}), "10003");
    refused(json!({"qos": "fast"}), "10003");
    refused(json!({"hostNo": "0"}), "10003");
    refused(json!({"billCycle": "year"}), "10003");
    refused(
        json!({"billCycle": "month", "duration": "99999999"}),
        "10003",
    );
    refused(json!({"isToMonth": "2"}), "10003");
    refused(json!({"siteId": NOBODY}), "10006");
    refused(json!({"productId": NOBODY}), "10006");
    refused(json!({"imageId": NOBODY}), "10006");
    refused(json!({"subAccountId": "76581"}), "10006");
    refused(json!({"sysVolume": "tape"}), "10003");
    refused(json!({"sysVolume": "ssd"}), "10003");
    refused(json!({"sysVolume": "ssd", "sysVolumeSize": "201"}), "10003");
    refused(
        json!({"sysVolume": "ssd", "sysVolumeSize": "32", "imageId": "e363df6f-2916-4efd-a243-50de5fb8928d"}),
        "10003",
    );
    for name in ["vpcId", "subnetNetId", "vgatewayNetId", "vgatewayConfId"] {
        refused(json!({name: NOBODY}), "13505");
    }
    refused(json!({"vgatewayConfId": "10289"}), "13505");
    refused(
        json!({"vgatewayNetId": "73d2c7ec-cdcb-11ec-a318-ee97882ecf7d"}),
        "13505",
    );
    refused(json!({"num": "101"}), "12502");
    refused(json!({"num": "101", "billCycle": "month"}), "12501");
    cloud.simulator.set_balance(1.0);
    refused(json!({}), "13001");
    cloud.simulator.set_balance(1_000_000.0);
    assert_eq!(
        desktops(&cloud, &json!({"sysVolume": "ssd", "sysVolumeSize": "200"})).len(),
        1
    );
    desktops(&cloud, &json!({"num": "99"}));
    refused(json!({}), "12502");
    refused(json!({"num": "51", "billCycle": "month"}), "13000");
}

#[tokio::test(start_paused = true)]
async fn a_monthly_order_is_paid_and_costs_nothing_where_it_fails() {
    let cloud = TestCloud::new();
    let before = cloud.balance();
    let monthly = json!({"billCycle": "month", "duration": "2", "num": "2"});
    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskFails("no GPU".into())).times(1));
    let lost = done(&cloud, "CreateVm", order(&cloud, &monthly));
    assert_eq!(task(&cloud, &lost)["failReason"], "no GPU");
    close(cloud.balance(), before);
    assert_eq!(all(&cloud, json!({})), Vec::<String>::new());
    let price = json!({"siteId": SITE, "goodsId": "15273", "billCycle": "month", "duration": "2", "num": "2"});
    let price = ask(&cloud, "QueryVmPrice", price).ok()["Data"]["tradeAmount"]
        .as_f64()
        .unwrap();
    close(price, 5400.0);
    let vms = desktops(&cloud, &monthly);
    close(before - cloud.balance(), price);
    let one = view(&cloud, &vms[0]);
    // Ordered on 2026-03-01 at 08:00 UTC; the failed order took some minutes.
    assert!(
        one["expireTime"]
            .as_str()
            .unwrap()
            .starts_with("2026-05-01T08:0")
            && one["billMethod"] == 1
    );
    let to_end = desktops(
        &cloud,
        &json!({"billCycle": "month", "isToMonth": "1", "priceToMonth": "1"}),
    );
    assert_eq!(
        view(&cloud, &to_end[0])["expireTime"],
        "2026-03-31T16:00:00.000+0000"
    );
    close(before - cloud.balance(), price + 1350.0);
}

#[tokio::test(start_paused = true)]
async fn what_expires_is_listed_renewed_or_over() {
    let cloud = TestCloud::new();
    let monthly = |name: &str, renews: &str| {
        let changes =
            json!({"name": name, "billCycle": "month", "isToMonth": "1", "isAutoRenewal": renews});
        desktops(&cloud, &changes).remove(0)
    };
    let (by_hand, own, lapsing) = (
        monthly("by hand", "0"),
        monthly("own", "1"),
        monthly("lapsing", "0"),
    );
    let on_demand = desktops(&cloud, &json!({"name": "on demand"})).remove(0);
    let expiring = || {
        let listed = ask(&cloud, "QueryExpireVms", json!({})).ok()["Data"].clone();
        let pair = |one: &Json| {
            format!(
                "{} {}",
                one["vmName"].as_str().unwrap(),
                one["status"].as_str().unwrap()
            )
        };
        listed
            .as_array()
            .unwrap()
            .iter()
            .map(pair)
            .collect::<Vec<_>>()
    };
    assert_eq!(expiring(), Vec::<String>::new());
    advance(24 * 86_400);
    assert_eq!(expiring(), ["by hand using", "own using", "lapsing using"]);
    let renew = |vms: Json, changes: Json| {
        let mut params = json!({"vmIds": vms, "isAutoRenewal": "0"});
        merge(params.as_object_mut().unwrap(), &changes);
        ask(&cloud, "RenewalOrder", params)
    };
    renew(json!([on_demand]), json!({})).refused(400, "12504");
    renew(json!([NOBODY]), json!({})).refused(400, "10006");
    renew(json!([]), json!({})).refused(400, "10003");
    renew(json!([by_hand]), json!({"duration": "0"})).refused(400, "10003");
    let before = cloud.balance();
    let renewed = renew(json!([by_hand, by_hand]), json!({"duration": "2"})).ok()["Data"].clone();
    assert_eq!(
        (&renewed["successVmIds"], &renewed["failedVmIds"]),
        (&json!([by_hand]), &json!([]))
    );
    close(before - cloud.balance(), 2700.0);
    assert_eq!(
        view(&cloud, &by_hand)["expireTime"],
        "2026-05-31T16:00:00.000+0000"
    );
    assert_eq!(expiring(), ["own using", "lapsing using"]);
    let before = cloud.balance();
    advance(7 * 86_400);
    assert_eq!(expiring(), ["lapsing asMonthExpired"]);
    close(before - cloud.balance(), 1350.0);
    assert_eq!(
        view(&cloud, &own)["expireTime"],
        "2026-04-30T16:00:00.000+0000"
    );
    ask(
        &cloud,
        "OperateVm",
        json!({"vmIds": [lapsing], "action": "on"}),
    )
    .refused(400, "13002");
    // Of two only one can be paid.
    cloud.simulator.set_balance(1400.0);
    let part = renew(json!([lapsing, by_hand]), json!({})).ok()["Data"].clone();
    assert_eq!(
        (&part["successVmIds"], &part["failedVmIds"]),
        (&json!([lapsing]), &json!([by_hand]))
    );
    renew(json!([by_hand]), json!({})).refused(400, "12500");
    assert_eq!(view(&cloud, &lapsing)["status"], "stop");
    done(
        &cloud,
        "OperateVm",
        json!({"vmIds": [lapsing], "action": "on"}),
    );
    assert_eq!(view(&cloud, &lapsing)["status"], "using");
    advance(200 * 86_400);
    assert_eq!(view(&cloud, &own)["status"], "asMonthExpired");
    close(cloud.balance(), 50.0);
}

#[tokio::test(start_paused = true)]
async fn desktops_on_demand_become_monthly_ones() {
    let cloud = TestCloud::new();
    let vms = desktops(&cloud, &json!({"num": "2"}));
    let before = cloud.balance();
    let convert = |vms: &Json| {
        ask(
            &cloud,
            "UpdateOrder",
            json!({"vmIds": vms, "duration": "1"}),
        )
    };
    convert(&json!([NOBODY])).refused(400, "10006");
    convert(&json!([vms[0]])).ok();
    close(before - cloud.balance(), 1350.0);
    assert_eq!(all(&cloud, json!({"billMethod": "1"})), vms[..1]);
    convert(&json!([vms[0]])).refused(400, "12503");
    cloud.simulator.set_balance(0.0);
    convert(&json!([vms[1]])).refused(400, "12506");
    cloud.simulator.state().kernel.cloud[DESKTOP].monthly_quota = 1;
    convert(&json!([vms[1]])).refused(400, "12501");
    assert_eq!(all(&cloud, json!({"billMethod": "0"})), vms[1..]);
    ask(&cloud, "QueryVms", json!({"billMethod": "2"})).refused(400, "10003");
}

#[tokio::test(start_paused = true)]
async fn sub_accounts_are_made_changed_and_refused() {
    let cloud = TestCloud::new();
    let list = |params: Json| ask(&cloud, "QuerySubAccounts", params).ok()["Data"].clone();
    let create = |changes: Json| {
        let mut params = json!({"email": EMAIL, "name": "miao123"});
        merge(params.as_object_mut().unwrap(), &changes);
        ask(&cloud, "CreateSubAccount", params)
    };
    create(json!({"password": "CDS—GCW666"})).refused(400, "10003");
    create(json!({"email": "nobody"})).refused(400, "10003");
    create(json!({"remark": "x".repeat(31)})).refused(400, "10003");
    create(json!({})).ok();
    assert_eq!(list(json!({}))[0]["status"], "creating");
    ask(
        &cloud,
        "ChangeSubAccountName",
        json!({"email": EMAIL, "name": "x"}),
    )
    .refused(400, "10211");
    ask(
        &cloud,
        "ChangeSubAccountRemark",
        json!({"emails": [EMAIL], "remark": "x"}),
    )
    .refused(400, "11013");
    cloud.settle();
    create(json!({})).refused(400, "11000");
    let made = list(json!({"email": EMAIL}))[0].clone();
    assert_eq!(
        (&made["status"], &made["bindNum"]),
        (&json!("create"), &json!(0))
    );
    assert!(made["password"].as_str().unwrap().len() >= 8);
    ask(
        &cloud,
        "ChangeSubAccountName",
        json!({"email": EMAIL, "name": "new"}),
    )
    .ok();
    ask(
        &cloud,
        "ChangeSubAccountRemark",
        json!({"emails": [EMAIL], "remark": "r"}),
    )
    .ok();
    assert_eq!(
        list(json!({"name": "new", "remark": "r"}))
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(list(json!({"name": "miao123"})), json!([]));
    ask(
        &cloud,
        "ChangeSubAccountName",
        json!({"email": "a@b.cn", "name": "x"}),
    )
    .refused(400, "10006");
    ask(
        &cloud,
        "ChangeSubAccountRemark",
        json!({"emails": [EMAIL, "a@b.cn"], "remark": "x"}),
    )
    .refused(400, "10006");
    assert_eq!(list(json!({}))[0]["remark"], "r");

    let several = json!({"createAccountParams": [
        {"name": "one", "email": "one@b.cn", "password": "Abcdefg1"},
        {"name": "two", "email": "one@b.cn"},
        {"name": "miao1233333", "email": "3121111111@163.com", "remark": "miao123aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {"email": "four@b.cn"},
    ]});
    let answer = done(&cloud, "CreateSubAccounts", several);
    assert_eq!(
        (&answer["successNum"], &answer["failedNum"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(
        answer["failedMsgs"][1]["messsage"],
        "a remark has at most 30 characters"
    );
    assert_eq!(
        list(json!({"email": "one@b.cn"}))[0]["password"],
        "Abcdefg1"
    );
    assert!(
        !cloud.simulator.saved().contains("Abcdefg1"),
        "a password stands in a file"
    );
    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskFails("x".into())).times(1));
    done(
        &cloud,
        "CreateSubAccount",
        json!({"email": "bad@b.cn", "name": "bad"}),
    );
    let bad = list(json!({"email": "bad@b.cn"}))[0].clone();
    assert_eq!(bad["status"], "error");
    let vms = desktops(&cloud, &json!({}));
    ask(
        &cloud,
        "BindAccounts",
        json!({"vmIds": vms, "accountId": bad["accountId"]}),
    )
    .refused(400, "13013");
}

#[tokio::test(start_paused = true)]
async fn users_are_bound_and_unbound() {
    let cloud = TestCloud::new();
    let (first, second) = (
        account(&cloud, EMAIL)["accountId"].clone(),
        account(&cloud, "b@b.cn")["accountId"].clone(),
    );
    let vms = desktops(&cloud, &json!({"num": "2"}));
    let change = |account: &Json| {
        ask(
            &cloud,
            "ChangeAccount",
            json!({"vmId": vms[0], "accountId": account}),
        )
    };
    change(&json!(NOBODY)).refused(400, "13011");
    change(&first).ok();
    assert_eq!(view(&cloud, &vms[0])["accountEmail"], EMAIL);
    change(&second).refused(400, "13011");
    let bound = done(
        &cloud,
        "BindAccounts",
        json!({"vmIds": [vms[0], vms[1], NOBODY], "accountId": second}),
    );
    assert_eq!(
        (&bound["successNum"], &bound["failedNum"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        bound["failedMsgs"][1],
        json!({"vmId": NOBODY, "messsage": "no such desktop"})
    );
    assert_eq!(all(&cloud, json!({"email": "b@b.cn"})), vms[1..]);
    assert_eq!(account(&cloud, EMAIL)["bindNum"], 1);
    ask(&cloud, "UnbindAccounts", json!({"vmIds": [vms[0]]})).refused(400, "13012");
    done(
        &cloud,
        "OperateVm",
        json!({"vmIds": [vms[0]], "action": "off"}),
    );
    change(&second).ok();
    let unbound = done(&cloud, "UnbindAccounts", json!({"vmIds": vms}));
    assert_eq!(
        (
            &unbound["successNum"],
            &unbound["failedMsgs"][0]["messsage"]
        ),
        (&json!(1), &json!("the desktop is on"))
    );
    assert_eq!(
        (
            &view(&cloud, &vms[0])["accountEmail"],
            &account(&cloud, "b@b.cn")["bindNum"]
        ),
        (&json!(""), &json!(1))
    );
}

#[tokio::test(start_paused = true)]
async fn a_site_gets_a_default_network_and_then_desktops() {
    let cloud = TestCloud::new();
    let net =
        |site: &str| ask(&cloud, "GetDefaultNet", json!({"siteId": site})).ok()["Data"].clone();
    assert_eq!(net(OTHER_SITE), Json::Null);
    ask(&cloud, "SupplyDefaultNet", json!({"siteId": OTHER_SITE})).refused(400, "13506");
    ask(&cloud, "CreateDefaultNet", json!({"siteId": NOBODY})).refused(400, "10006");
    ask(&cloud, "CreateDefaultNet", json!({"siteId": SITE})).refused(400, "13500");
    let made = ask(&cloud, "CreateDefaultNet", json!({"siteId": OTHER_SITE})).ok()["Data"].clone();
    assert_eq!(
        (
            &net(OTHER_SITE)["subnets"][0]["status"],
            &task(&cloud, &made)["status"]
        ),
        (&json!("creating"), &json!("Running"))
    );
    let place = |net: &Json| {
        json!({"siteId": OTHER_SITE, "vpcId": net["vpcId"], "subnetNetId": net["subnets"][0]["id"],
            "vgatewayNetId": net["vgateways"][1]["id"], "vgatewayConfId": net["vgateways"][1]["conf_id"]})
    };
    ask(&cloud, "CreateVm", order(&cloud, &place(&net(OTHER_SITE)))).refused(400, "13505");
    ask(&cloud, "SupplyDefaultNet", json!({"siteId": OTHER_SITE})).refused(400, "13506");
    cloud.settle();
    let own = net(OTHER_SITE);
    assert_eq!(
        (&own["vpcName"], own["vgateways"].as_array().unwrap().len()),
        (&json!("宿迁-云桌面默认VPC"), 2)
    );
    let vms = desktops(&cloud, &place(&own));
    assert_eq!(
        all(
            &cloud,
            json!({"vpcName": "宿迁-云桌面默认VPC", "siteId": OTHER_SITE, "productId": PRODUCT})
        ),
        vms
    );
    {
        let mut state = cloud.simulator.state();
        let vpc = state.kernel.cloud[DESKTOP]
            .vpcs
            .get_mut(own["vpcId"].as_str().unwrap())
            .unwrap();
        vpc.networks.retain(|network| network.line != Some(10289));
    }
    assert_eq!(net(OTHER_SITE)["vgateways"].as_array().unwrap().len(), 1);
    done(&cloud, "SupplyDefaultNet", json!({"siteId": OTHER_SITE}));
    assert_eq!(net(OTHER_SITE)["vgateways"][1]["conf_name"], "电信");
    let custom = ask(
        &cloud,
        "GetCustomNet",
        json!({"siteId": "32e6fd62-9bac-11ec-875a-2a8d1f4e167e"}),
    )
    .ok()["Data"]
        .clone();
    assert_eq!(custom[0]["vpcId"], "2c869a08-d749-11ec-9fb4-ca91557d24a6");
    assert_eq!(
        ask(&cloud, "GetCustomNet", json!({"siteId": SITE})).ok()["Data"],
        json!([])
    );
    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskFails("x".into())).times(1));
    let third = "09a38804-c1ee-11ec-bd22-4641dfd57315";
    done(&cloud, "CreateDefaultNet", json!({"siteId": third}));
    assert_eq!(net(third), Json::Null);
}

#[tokio::test(start_paused = true)]
async fn offers_and_prices_agree() {
    let cloud = TestCloud::new();
    let data = |action: &str, params: Json| ask(&cloud, action, params).ok()["Data"].clone();
    let row = data("QueryProducts", json!({"siteId": SITE}))[0].clone();
    assert_eq!(
        (&row["requirePrice"], &row["monthPrice"]),
        (&json!(0.186_833_333_3), &json!(3364.0))
    );
    let price = |changes: Json| {
        let mut params = json!({"siteId": SITE, "goodsId": "15264"});
        merge(params.as_object_mut().unwrap(), &changes);
        ask(&cloud, "QueryVmPrice", params)
    };
    assert_eq!(
        price(json!({"num": "2"})).ok()["Data"]["tradeAmount"],
        22.42
    );
    let month = price(json!({"billCycle": "month", "sysVolume": "ssd", "sysVolumeSize": "200"}))
        .ok()["Data"]
        .clone();
    assert_eq!(
        (
            &month["vmPrice"],
            &month["sysVolumePrice"],
            &month["singleTradeAmount"]
        ),
        (&json!(3364.0), &json!(200.0), &json!(3564.0))
    );
    assert_eq!(
        price(json!({"billCycle": "year"})).ok()["Data"]["tradeAmount"],
        40_368.0
    );
    price(json!({"billCycle": "day"})).refused(400, "10003");
    price(json!({"siteId": NOBODY})).refused(400, "10006");
    price(json!({"goodsId": "1"})).refused(400, "12505");
    assert_eq!(
        data("QuerySites", json!({"siteId": SITE}))[0]["siteName"],
        "娄底A"
    );
    assert_eq!(data("QuerySites", json!({"siteId": NOBODY})), json!([]));
    let images = |params: Json| ask(&cloud, "QueryImages", params);
    let own = images(json!({"productId": PRODUCT, "siteId": SITE})).ok();
    assert_eq!(
        own["data"][0]["privateImages"][0]["imageSites"][0]["siteName"],
        "娄底A"
    );
    assert_eq!(
        (own["data"].as_array().unwrap().len(), &own["code"]),
        (1, &json!("Success"))
    );
    images(json!({"productId": NOBODY})).refused(400, "10006");
    images(json!({"siteId": NOBODY})).refused(400, "10006");

    let lines = data("GetLineBillingScheme", json!({"siteId": SITE}));
    let named: Vec<_> = LINES
        .iter()
        .map(|line| json!([line.id, line.name]))
        .collect();
    let answered: Vec<_> = lines
        .as_array()
        .unwrap()
        .iter()
        .map(|line| json!([line["conf_id"], line["conf_name"]]))
        .collect();
    assert_eq!(answered, named);
    let eip = |changes: Json| {
        let mut params =
            json!({"siteId": SITE, "size": "1", "qos": "5", "bandwidthConfId": "10289"});
        merge(params.as_object_mut().unwrap(), &changes);
        ask(&cloud, "GetEipPrice", params)
    };
    let prices = eip(json!({})).ok()["Data"].clone();
    assert_eq!(
        (
            &prices["bandwidth_price"]["price_str"],
            &prices["total_price"]["price"]
        ),
        (&json!("1.50"), &json!(2.0))
    );
    eip(json!({"bandwidthConfId": "1069"})).refused(400, "10006");
    eip(json!({"size": "0"})).refused(400, "10003");
    eip(json!({"qos": "x"})).refused(400, "10003");
}

#[tokio::test(start_paused = true)]
async fn a_random_walk_ends_in_a_state_that_can_be_read_again() {
    for seed in 0..4 {
        let cloud = TestCloud::new();
        let account = account(&cloud, EMAIL)["accountId"].clone();
        for step in 0..80 {
            let draw = |purpose: &str, most: u32| draw(seed, purpose, step, most);
            let vms = all(&cloud, json!({}));
            let id = vms
                .get(draw("one", 4) as usize)
                .cloned()
                .unwrap_or(NOBODY.to_owned());
            let cycle = if draw("cycle", 2) == 0 {
                "month"
            } else {
                "minute"
            };
            let (action, params) = match draw("action", 10) {
                0..=2 => (
                    "CreateVm",
                    order(
                        &cloud,
                        &json!({"billCycle": cycle, "isToMonth": "1", "isAutoRenewal": "1"}),
                    ),
                ),
                3 => ("DeleteVm", json!({"vmId": id})),
                4 => ("OperateVm", json!({"vmIds": [id], "action": "on"})),
                5 | 6 => ("OperateVm", json!({"vmIds": [id], "action": "off"})),
                7 => ("ChangeAccount", json!({"vmId": id, "accountId": account})),
                8 => ("RenewalOrder", json!({"vmIds": [id]})),
                _ => ("UnbindAccounts", json!({"vmIds": [id]})),
            };
            let is_busy = id != NOBODY && {
                let status = view(&cloud, &id)["status"].clone();
                !["using", "stop", "asMonthExpired"].contains(&status.as_str().unwrap())
            };
            let answer = ask(&cloud, action, params);
            assert!(
                !is_busy || action == "CreateVm" || answer.code() != "Success",
                "{action} on a busy desktop: {}",
                answer.1
            );
            advance(
                draw(
                    "time",
                    if draw("long", 20) == 0 {
                        4_000_000
                    } else {
                        200
                    },
                )
                .into(),
            );
        }
        cloud.settle();
        let state = cloud.simulator.state_json();
        let mut addresses = std::collections::BTreeSet::new();
        for desktop in state["desktop"]["desktops"].as_array().unwrap() {
            assert!(
                addresses.insert(desktop["elastic_address"].to_string()),
                "an address is there twice"
            );
        }
        SavedState::parse(&state.to_string()).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_whose_desktops_do_not_fit_together_is_told_of() {
    let cloud = TestCloud::new();
    desktops(&cloud, &json!({"num": "2"}));
    let problems = |change: &dyn Fn(&mut Json)| {
        let mut state = cloud.simulator.state_json();
        change(&mut state["desktop"]["desktops"][1]);
        SavedState::parse(&state.to_string())
            .err()
            .unwrap_or_default()
    };
    assert_eq!(problems(&|_| ()), "");
    for (field, value, text) in [
        ("site", "none", "there is no site none"),
        ("product", "none", "there is no product none"),
        ("account", "none", "there is no sub-account none"),
        ("subnet", "none", "has no network none"),
        ("private_address", "10.9.0.9", "10.9.0.9 is not an address"),
        (
            "public_address",
            "10.3.0.2",
            "another desktop has 10.3.0.2 too",
        ),
    ] {
        let told = problems(&|desktop| desktop[field] = json!(value));
        assert!(told.contains(text), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_desktop_on_demand_is_metered_until_it_is_paid_by_the_month_or_goes() {
    const DAY: u64 = 86_400;
    let cloud = TestCloud::new();
    let credit = || {
        cloud.ask("cds.subject.DescribeSubjects", &json!({})).ok()["Data"]["SubjectList"][0]["Balance"].clone()
    };
    let on_credit = |cycle: &str| json!({"subAccountId": "3273359", "billCycle": cycle});
    cloud
        .ask("cds.desktop.CreateVm", &order(&cloud, &on_credit("month")))
        .refused(400, "13001");
    let first = desktops(&cloud, &json!({"num": "2"}));
    let full = credit();
    let tried = desktops(&cloud, &on_credit("minute")).remove(0);
    let before = cloud.due();
    advance(DAY);
    let hour = (cloud.due() - before) / 72.0;
    assert!(hour > 0.0, "{hour}");
    cloud
        .ask(
            "cds.desktop.UpdateOrder",
            &json!({"requestId": REQUEST, "vmIds": [first[0]]}),
        )
        .ok();
    // Of the two that are left.
    assert!(
        (cloud.due() - 48.0 * hour).abs() < hour,
        "{} at {hour} an hour",
        cloud.due()
    );
    for id in [&first[1], &tried] {
        assert_eq!(credit(), full);
        cloud.done(
            "cds.desktop.DeleteVm",
            &json!({"requestId": REQUEST, "vmId": id}),
        );
    }
    assert!(
        cloud.due() < 0.001 && credit() != full,
        "{} {}",
        cloud.due(),
        credit()
    );
}

#[tokio::test(start_paused = true)]
async fn desktops_are_switched_off_and_lose_their_users_in_one_task() {
    let cloud = TestCloud::new();
    let id = desktops(&cloud, &json!({})).remove(0);
    let account = account(&cloud, EMAIL)["accountId"].clone();
    let bind = json!({"vmIds": [id], "accountId": account});
    done(&cloud, "BindAccounts", bind);
    let before = view(&cloud, &id);
    assert_ne!(before["accountEmail"], "");
    done(&cloud, "OffAndUnbind", json!({"vmIds": [id]}));
    let after = view(&cloud, &id);
    assert_eq!(
        (&after["status"], &after["accountEmail"]),
        (&json!("stop"), &json!(""))
    );
    // Once more changes nothing.
    done(&cloud, "OffAndUnbind", json!({"vmIds": [id]}));
    assert_eq!(view(&cloud, &id)["status"], "stop");
    ask(&cloud, "OffAndUnbind", json!({"vmIds": ["none"]})).refused(400, "13002");
}
