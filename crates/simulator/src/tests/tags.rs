use super::{TestCloud, order};
use serde_json::{Value as Json, json};

#[tokio::test(start_paused = true)]
async fn tags_are_made_bound_and_only_deleted_when_nobody_carries_them() {
    let cloud = TestCloud::new();
    cloud.ask("CreateTag", &json!({"TagName": "blue"})).ok();
    let ids = cloud.finish(
        "CreateInstance",
        &order(&json!({"Amount": 2, "LabelNames": ["blue", "green"]})),
    );
    let tags = cloud.ask("DescribeTags", &json!({})).ok()["Data"].clone();
    assert_eq!(
        tags,
        json!([{"TagId": 257, "TagName": "blue"}, {"TagId": 258, "TagName": "green"}])
    );
    assert_eq!(
        cloud.instance(&ids[0])["Tags"][1],
        json!({"TagId": "258", "TagName": "green"})
    );

    let carriers = |name: &str| {
        cloud
            .ask("DescribeInstances", &json!({"TagName": name}))
            .ok()["Data"]["Instances"]
            .clone()
    };
    assert_eq!(carriers("green").as_array().unwrap().len(), 2);
    cloud
        .ask("DeleteTag", &json!({"TagId": "258"}))
        .refused(400, "20101");
    cloud
        .ask(
            "DeleteInstancesTags",
            &json!({"InstanceIds": ids.join(","), "DelTagIds": "258"}),
        )
        .ok();
    assert_eq!(carriers("green"), json!([]));
    cloud.ask("DeleteTag", &json!({"TagId": "258"})).ok();
    cloud
        .ask(
            "AddInstancesTags",
            &json!({"InstanceIds": ids[0], "AddTagIds": "258"}),
        )
        .refused(404, "InvalidTagId.NotFound");
    cloud
        .ask(
            "DeleteInstancesTags",
            &json!({"InstanceIds": ids.join(","), "DelTagIds": "257"}),
        )
        .ok();
    cloud
        .ask(
            "AddInstancesTags",
            &json!({"InstanceIds": ids[1], "AddTagIds": "257"}),
        )
        .ok();
    let carriers: Vec<Json> = carriers("blue")
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["InstanceId"].clone())
        .collect();
    assert_eq!(carriers, [json!(ids[1])]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_server_carries_no_tag() {
    let cloud = TestCloud::new();
    let ids = cloud.finish("CreateInstance", &order(&json!({"LabelNames": ["blue"]})));
    cloud.finish("DeleteInstance", &json!({"InstanceIds": ids}));
    cloud.ask("DeleteTag", &json!({"TagId": "257"})).ok();
}
