use crate::cloud::money::Money;
use crate::services::aliyun::ALIYUN;
use crate::tests::documented::documented;
use crate::tests::{Answer, TestCloud, merge};
use serde_json::{Value as Json, json};

const OWNER: u64 = 1_217_259_133_477_183;

fn ask(cloud: &TestCloud, action: &str, changes: &Json) -> Answer {
    let mut params = json!({"OwnerId": OWNER});
    merge(params.as_object_mut().unwrap(), changes);
    cloud.ask(&format!("aliyun.aegis.{action}"), &params)
}

fn order(token: &str, changes: &Json) -> Json {
    let mut order = json!({"ClientToken": token, "Duration": 1, "PricingCycle": "Month", "VersionCode": 4, "VmNumber": 3});
    merge(order.as_object_mut().unwrap(), changes);
    order
}

/// A cloud whose account has three ECS servers, as in the document's sample call.
fn cloud() -> TestCloud {
    let cloud = TestCloud::new();
    let owners = json!([{"id": OWNER.to_string(), "ecs_servers": 3}]);
    cloud.simulator.state().kernel.cloud[ALIYUN].owners = serde_json::from_value(owners).unwrap();
    cloud
}

#[tokio::test(start_paused = true)]
async fn every_action_answers_its_documented_example() {
    let actions = cloud().catalog.actions_of("aliyun.aegis").unwrap();
    assert_eq!(actions.len(), 4);
    for action in actions {
        let cloud = cloud();
        let mut params = action.example.as_object().unwrap().clone();
        if action.name != "CreateInstance" {
            let id = ask(&cloud, "CreateInstance", &order("first", &json!({}))).ok()["InstanceId"]
                .clone();
            merge(&mut params, &json!({"InstanceId": id}));
        }
        documented(
            &action,
            &cloud.ask(&action.full_name, &Json::Object(params)).ok(),
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_guard_is_bought_seen_raised_and_renewed() {
    let cloud = cloud();
    ask(&cloud, "GetSummary", &json!({})).refused(404, "InvalidInstanceId.NotFound");
    let bought = ask(&cloud, "CreateInstance", &order("a", &json!({}))).ok();
    assert_eq!(
        ask(&cloud, "CreateInstance", &order("a", &json!({}))).ok()["OrderId"],
        bought["OrderId"]
    );
    ask(&cloud, "CreateInstance", &order("b", &json!({}))).refused(403, "Forbidden");
    let summary = ask(&cloud, "GetSummary", &json!({})).ok();
    assert_eq!(
        (&summary["TotalMachineNum"], &summary["InstanceId"]),
        (&json!("3"), &bought["InstanceId"])
    );
    assert_eq!(
        summary["ExpireDateTimestamp"], 1_775_030_400_000_i64,
        "2026-04-01T08:00:00Z"
    );

    let of = |token: &str, changes: Json| {
        let mut params = order(token, &json!({"InstanceId": bought["InstanceId"]}));
        merge(params.as_object_mut().unwrap(), &changes);
        params
    };
    ask(&cloud, "UpgradeInstance", &of("c", json!({"VmNumber": 2})))
        .refused(400, "InvalidParameter");
    ask(
        &cloud,
        "UpgradeInstance",
        &of("c", json!({"VmNumber": 501})),
    )
    .refused(400, "InvalidParameter");
    ask(&cloud, "UpgradeInstance", &of("c", json!({"VmNumber": 4}))).ok();
    assert_eq!(
        ask(&cloud, "GetSummary", &json!({})).ok()["TotalMachineNum"],
        "4"
    );
    ask(&cloud, "RenewInstance", &of("d", json!({"VmNumber": 4}))).refused(400, "InvalidParameter");
    let before = cloud.simulator.state().kernel.cloud[ALIYUN].balance;
    ask(
        &cloud,
        "RenewInstance",
        &of("d", json!({"PricingCycle": "Day", "Duration": 10})),
    )
    .ok();
    assert_eq!(
        cloud.simulator.state().kernel.cloud[ALIYUN].balance,
        before - Money::yuan(60.0)
    );
    let summary = ask(&cloud, "GetSummary", &json!({})).ok();
    assert_eq!(
        (&summary["TotalMachineNum"], &summary["ExpireDateTimestamp"]),
        (&json!("3"), &json!(1_775_894_400_000_i64))
    );
    ask(
        &cloud,
        "RenewInstance",
        &of("e", json!({"InstanceId": "aegis-cn-other"})),
    )
    .refused(404, "InvalidInstanceId.NotFound");
}

#[tokio::test(start_paused = true)]
async fn orders_are_held_to_the_document() {
    let cloud = cloud();
    for wrong in [
        json!({"VmNumber": 501}),
        json!({"VmNumber": 0}),
        json!({"VersionCode": "9"}),
        json!({"PricingCycle": "Hour"}),
        json!({"Duration": -1}),
    ] {
        ask(&cloud, "CreateInstance", &order("a", &wrong)).refused(400, "InvalidParameter");
    }
    cloud.simulator.state().kernel.cloud[ALIYUN].is_verified = false;
    ask(&cloud, "CreateInstance", &order("a", &json!({})))
        .refused(403, "Forbidden.UserVerification");
    cloud.simulator.state().kernel.cloud[ALIYUN].is_verified = true;
    ask(
        &cloud,
        "CreateInstance",
        &order("a", &json!({"IsAutoRenew": false, "AutoRenewDuration": 0})),
    )
    .ok();
}
