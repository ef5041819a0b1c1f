use crate::cloud::money::Money;
use crate::services::aliyun::ALIYUN;
use crate::tests::documented::documented;
use crate::tests::{Answer, TestCloud, advance, merge};
use serde_json::{Value as Json, json};

const OWNER: u64 = 1_217_259_133_477_183;
const DAY: u64 = 24 * 3600;

fn ask(cloud: &TestCloud, action: &str, changes: &Json) -> Answer {
    let mut params = json!({"OwnerId": OWNER});
    merge(params.as_object_mut().unwrap(), changes);
    cloud.ask(&format!("aliyun.sas.{action}"), &params)
}

/// An order with a token, and some of it changed.
fn order(token: &str, changes: &Json) -> Json {
    let mut order = json!({"ClientToken": token, "Duration": 1, "PricingCycle": "Month", "VersionCode": "level1", "BuyNumber": 1});
    merge(order.as_object_mut().unwrap(), changes);
    order
}

fn balance(cloud: &TestCloud) -> Money {
    cloud.simulator.state().kernel.cloud[ALIYUN].balance
}

/// A cloud whose account has so many ECS servers.
fn with_servers(servers: u64) -> TestCloud {
    let cloud = TestCloud::new();
    set_servers(&cloud, servers);
    cloud
}

fn set_servers(cloud: &TestCloud, servers: u64) {
    let owners = json!([{"id": OWNER.to_string(), "ecs_servers": servers, "rds_instances": 0}]);
    cloud.simulator.state().kernel.cloud[ALIYUN].owners = serde_json::from_value(owners).unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_action_answers_its_documented_example() {
    let actions = TestCloud::new().catalog.actions_of("aliyun.sas").unwrap();
    assert_eq!(actions.len(), 5);
    for action in actions {
        let cloud = TestCloud::new();
        let mut params = action.example.as_object().unwrap().clone();
        if params.contains_key("InstanceId") {
            let id = ask(&cloud, "CreateInstance", &order("first", &json!({}))).ok()["InstanceId"]
                .clone();
            merge(&mut params, &json!({"InstanceId": id}));
        }
        if action.idempotency_token.is_some() {
            merge(&mut params, &json!({"ClientToken": "bbb"}));
        }
        documented(
            &action,
            &cloud.ask(&action.full_name, &Json::Object(params)).ok(),
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_bought_renewed_raised_and_given_back() {
    let cloud = with_servers(3);
    assert_eq!(ask(&cloud, "GetInstanceCount", &json!({})).ok()["Data"], 3);
    let start = balance(&cloud);
    let bought = ask(
        &cloud,
        "CreateInstance",
        &order("a", &json!({"BuyNumber": 3})),
    )
    .ok();
    assert!(
        bought["InstanceId"]
            .as_str()
            .unwrap()
            .starts_with("sas-cn-"),
        "{bought}"
    );
    assert_eq!(
        (&bought["OrderId"], balance(&cloud)),
        (&json!("202012345678901"), start - Money::yuan(30.0))
    );
    ask(
        &cloud,
        "CreateInstance",
        &order("b", &json!({"BuyNumber": 3})),
    )
    .refused(403, "Forbidden");

    let id = bought["InstanceId"].clone();
    let of = |token: &str, changes: Json| {
        let mut params = order(token, &json!({"InstanceId": id, "BuyNumber": 3}));
        merge(params.as_object_mut().unwrap(), &changes);
        params
    };
    let renewed = ask(&cloud, "RenewInstance", &of("c", json!({"Duration": 2}))).ok();
    assert_eq!(
        (&renewed["OrderId"], balance(&cloud)),
        (&json!("202012345678902"), start - Money::yuan(90.0))
    );
    assert_eq!(
        cloud.simulator.state_json()["sas"]["instances"][0]["expires"],
        "2026-06-01T08:00:00Z"
    );

    ask(&cloud, "UpgradeInstance", &of("d", json!({}))).refused(400, "InvalidParameter");
    ask(
        &cloud,
        "UpgradeInstance",
        &of("e", json!({"VersionCode": "level2"})),
    )
    .ok();
    // 92 days at 50 yuan more a machine and 30 days.
    assert_eq!(
        balance(&cloud),
        start - Money::yuan(90.0) - Money::yuan(50.0 * 3.0 * 92.0 / 30.0)
    );
    ask(
        &cloud,
        "UpgradeInstance",
        &of("f", json!({"VersionCode": "level1"})),
    )
    .refused(400, "InvalidParameter");
    set_servers(&cloud, 2);
    ask(
        &cloud,
        "UpgradeInstance",
        &of("g", json!({"VersionCode": "level2", "BuyNumber": 2})),
    )
    .refused(400, "InvalidParameter");

    ask(
        &cloud,
        "RefundInstance",
        &json!({"InstanceId": "sas-cn-other"}),
    )
    .refused(404, "InvalidInstanceId.NotFound");
    ask(&cloud, "RefundInstance", &json!({"InstanceId": id})).ok();
    assert_eq!(balance(&cloud), start, "nothing of it was used");
    ask(&cloud, "RefundInstance", &json!({"InstanceId": id}))
        .refused(404, "InvalidInstanceId.NotFound");
    ask(&cloud, "RenewInstance", &of("h", json!({"BuyNumber": 2})))
        .refused(404, "InvalidInstanceId.NotFound");
    ask(
        &cloud,
        "CreateInstance",
        &order("i", &json!({"BuyNumber": 2})),
    )
    .ok();
}

#[tokio::test(start_paused = true)]
async fn what_was_used_is_not_paid_back() {
    let cloud = TestCloud::new();
    let start = balance(&cloud);
    let id = ask(&cloud, "CreateInstance", &order("a", &json!({}))).ok()["InstanceId"].clone();
    advance(31 * DAY / 2);
    ask(&cloud, "RefundInstance", &json!({"InstanceId": id})).ok();
    assert_eq!(balance(&cloud), start - Money::yuan(5.0));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_carried_out_once_and_means_one_call() {
    let cloud = TestCloud::new();
    let first = ask(&cloud, "CreateInstance", &order("token", &json!({}))).ok();
    let paid = balance(&cloud);
    let again = ask(&cloud, "CreateInstance", &order("token", &json!({}))).ok();
    assert_eq!(
        (&first["OrderId"], &first["InstanceId"]),
        (&again["OrderId"], &again["InstanceId"])
    );
    assert_ne!(first["RequestId"], again["RequestId"]);
    assert_eq!(
        (
            balance(&cloud),
            cloud.simulator.state_json()["aliyun"]["orders"]
                .as_array()
                .unwrap()
                .len()
        ),
        (paid, 1)
    );
    ask(
        &cloud,
        "CreateInstance",
        &order("token", &json!({"Duration": 2})),
    )
    .refused(400, "IdempotentParameterMismatch");
    let renewal = order("token", &json!({"InstanceId": first["InstanceId"]}));
    ask(&cloud, "RenewInstance", &renewal).refused(400, "IdempotentParameterMismatch");
    let renewal = order("renewal", &json!({"InstanceId": first["InstanceId"]}));
    for _ in 0..3 {
        ask(&cloud, "RenewInstance", &renewal).ok();
    }
    assert_eq!(balance(&cloud), paid - Money::yuan(10.0));
    for wrong in ["", "é", &"x".repeat(65)] {
        assert_eq!(
            ask(
                &cloud,
                "RenewInstance",
                &order(wrong, &json!({"InstanceId": first["InstanceId"]}))
            )
            .0,
            400,
            "{wrong}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_order_leaves_its_token_free_and_nothing_behind() {
    let cloud = TestCloud::new();
    cloud.simulator.state().kernel.cloud[ALIYUN].balance = Money::yuan(9.99);
    ask(&cloud, "CreateInstance", &order("a", &json!({}))).refused(400, "InsufficientBalance");
    let state = cloud.simulator.state_json();
    assert_eq!(
        (
            &state["sas"]["instances"],
            &state["aliyun"]["orders"],
            &state["aliyun"]["tokens"]
        ),
        (&json!([]), &json!([]), &json!([]))
    );
    cloud.simulator.state().kernel.cloud[ALIYUN].balance = Money::yuan(10.0);
    ask(&cloud, "CreateInstance", &order("a", &json!({}))).ok();
    assert_eq!(balance(&cloud), Money::ZERO);
}

#[tokio::test(start_paused = true)]
async fn orders_are_held_to_the_document() {
    let cloud = TestCloud::new();
    for wrong in [
        json!({"BuyNumber": 2}),
        json!({"BuyNumber": 0}),
        json!({"VersionCode": "level3"}),
        json!({"PricingCycle": "Day"}),
        json!({"Duration": 0}),
        json!({"Duration": 100_000}),
        json!({"IsAutoRenew": true, "AutoRenewDuration": 0}),
        json!({"OwnerId": 0}),
        json!({"BuyNumber": "many"}),
    ] {
        ask(&cloud, "CreateInstance", &order("a", &wrong)).refused(400, "InvalidParameter");
    }
    ask(
        &cloud,
        "CreateInstance",
        &order("a", &json!({"IsAutoRenew": true})),
    )
    .refused(400, "MissingParameter");
    cloud
        .ask("aliyun.sas.CreateInstance", &order("a", &json!({})))
        .refused(400, "MissingParameter");
    let nobody = with_servers(0);
    assert_eq!(ask(&nobody, "GetInstanceCount", &json!({})).ok()["Data"], 1);
    ask(&nobody, "CreateInstance", &order("a", &json!({}))).ok();
}

#[tokio::test(start_paused = true)]
async fn an_instance_renews_itself_while_there_is_money() {
    let cloud = TestCloud::new();
    let changes = json!({"IsAutoRenew": true, "AutoRenewDuration": 1});
    let id = ask(&cloud, "CreateInstance", &order("a", &changes)).ok()["InstanceId"].clone();
    cloud.simulator.state().kernel.cloud[ALIYUN].balance = Money::yuan(25.0);
    advance(200 * DAY);
    let raise = order("b", &json!({"InstanceId": id, "VersionCode": "level2"}));
    ask(&cloud, "UpgradeInstance", &raise).refused(403, "Forbidden");
    let state = cloud.simulator.state_json();
    assert_eq!(
        (&state["sas"]["instances"][0]["expires"], balance(&cloud)),
        (&json!("2026-06-01T08:00:00Z"), Money::yuan(5.0))
    );
    assert_eq!(state["aliyun"]["orders"][2]["time"], "2026-05-01T08:00:00Z");
    cloud.simulator.state().kernel.cloud[ALIYUN].balance = Money::yuan(1_000.0);
    ask(&cloud, "RefundInstance", &json!({"InstanceId": id})).ok();
}

#[tokio::test(start_paused = true)]
async fn owners_are_apart() {
    let cloud = TestCloud::new();
    let first = ask(&cloud, "CreateInstance", &order("a", &json!({}))).ok()["InstanceId"].clone();
    ask(
        &cloud,
        "CreateInstance",
        &order("b", &json!({"OwnerId": 12_345})),
    )
    .ok();
    ask(
        &cloud,
        "RefundInstance",
        &json!({"OwnerId": 12_345, "InstanceId": first}),
    )
    .refused(404, "InvalidInstanceId.NotFound");
}
