//! What the dashboard shows of the services.

use super::TestCloud;
use serde_json::{Value as Json, json};

#[tokio::test(start_paused = true)]
async fn every_list_of_every_service_is_among_its_lists() {
    let cloud = TestCloud::new();
    let state = cloud.simulator.state();
    for service in state.kernel.services {
        // The account with Alibaba is no service: its orders and tokens are no resources.
        let Some(kind) = service.state().filter(|_| service.name() != "aliyun") else {
            continue;
        };
        let lists = service.dashboard_lists(&state.kernel.cloud);
        let json = serde_json::to_value((kind.new)()).unwrap();
        let fields = json.as_object().unwrap().iter();
        for (name, _) in fields.filter(|(_, value)| matches!(value, Json::Array(_))) {
            let is_listed = lists.iter().any(|(listed, _)| listed == name);
            assert!(is_listed, "{} does not list {name}", service.name());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_without_a_value_lets_every_row_pass() {
    let cloud = TestCloud::new();
    for (email, name) in [("a@example.com", "first"), ("b@example.com", "second")] {
        let params = json!({"email": email, "name": name, "requestId": "1"});
        cloud.ask("cds.desktop.CreateSubAccount", &params).ok();
    }
    cloud.settle();
    let count = |params: Json| {
        let answer = cloud.ask("cds.desktop.QuerySubAccounts", &params).ok();
        answer["Data"].as_array().unwrap().len()
    };
    let all = count(json!({}));
    assert!(all >= 2);
    assert_eq!(count(json!({"email": "", "name": ""})), all);
    assert_eq!(count(json!({"email": "", "name": "second"})), 1);
    assert_eq!(
        count(json!({"email": "a@example.com", "name": "second"})),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_name_is_enough_where_the_document_says_keyword() {
    let cloud = TestCloud::new();
    let id = cloud.servers(1).remove(0);
    for name in ["web-1", "web-2", "db"] {
        cloud.done(
            "CreateTemplate",
            &json!({"InstanceId": id, "DisplayName": name, "PowerOn": true}),
        );
    }
    let ask = |params: Json| cloud.ask("DescribeTemplateInfo", &params).ok()["Data"].clone();
    let names = |data: &Json| -> Vec<Json> {
        data["TemplateList"]
            .as_array()
            .unwrap()
            .iter()
            .map(|own| own["Name"].clone())
            .collect()
    };
    assert_eq!(
        names(&ask(
            json!({"Keyword": "web", "PageNumber": 1, "PageSize": 10})
        )),
        ["web-1", "web-2"]
    );
    let second = ask(json!({"PageSize": 2, "PageNumber": 2}));
    assert_eq!(
        (names(&second), &second["TotalPage"]),
        (vec![json!("db")], &json!(2))
    );
}
