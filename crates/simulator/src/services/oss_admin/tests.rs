use crate::tests::TestCloud;
use crate::tests::documented::documented;
use serde_json::{Value as Json, json};

fn ask(cloud: &TestCloud, action: &str, params: &Json) -> crate::tests::Answer {
    cloud.ask(&format!("aliyun.oss_admin.{action}"), params)
}

#[tokio::test(start_paused = true)]
async fn every_action_answers_its_documented_example_in_its_wrapper() {
    let actions = TestCloud::new()
        .catalog
        .actions_of("aliyun.oss_admin")
        .unwrap();
    assert_eq!(actions.len(), 4);
    for action in actions {
        let cloud = TestCloud::new();
        if action.name != "CreateOssInstance" {
            ask(&cloud, "CreateOssInstance", &json!({})).ok();
        }
        let response = cloud
            .simulator
            .handle(&cloud.request(&action.full_name, &action.example));
        let whole: Json = serde_json::from_slice(response.body()).unwrap();
        let (wrapper, answer) = whole.as_object().unwrap().iter().next().unwrap();
        let document = ["oss-admin_aliyuncs_com_", "oss-admin.aliyuncs.com."];
        assert!(
            document.iter().any(|start| wrapper.starts_with(start))
                && wrapper.ends_with("response"),
            "{wrapper}"
        );
        documented(&action, answer);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_is_opened_once_switched_and_closed_for_good() {
    let cloud = TestCloud::new();
    for action in [
        "StopOssInstance",
        "RestartOssInstance",
        "ReleaseOssInstance",
    ] {
        ask(&cloud, action, &json!({})).refused(403, "Forbidden");
    }
    let opened = ask(&cloud, "CreateOssInstance", &json!({})).ok();
    assert_eq!(
        (&opened["aliUid"], &opened["instacneStatus"]),
        (&json!("1217259133477183"), &json!("enabled"))
    );
    assert_eq!(
        (&opened["instanceId"], &opened["startTime"]),
        (&opened["aliUid"], &json!("2026-03-01 08:00:00"))
    );
    ask(
        &cloud,
        "CreateOssInstance",
        &json!({"ownerId": 1_217_259_133_477_183_u64}),
    )
    .refused(400, "ORDER.OPEND");
    assert_eq!(
        ask(&cloud, "CreateOssInstance", &json!({"ownerId": 12_345})).ok()["instanceName"],
        "12345"
    );
    ask(&cloud, "CreateOssInstance", &json!({"ownerId": -1})).refused(400, "InvalidParameter");
    let status = |cloud: &TestCloud| {
        cloud.simulator.state_json()["oss_admin"]["accounts"][0]["status"].clone()
    };
    ask(&cloud, "StopOssInstance", &json!({})).ok();
    assert_eq!(status(&cloud), "disabled");
    ask(&cloud, "StopOssInstance", &json!({})).ok();
    ask(&cloud, "RestartOssInstance", &json!({})).ok();
    assert_eq!(status(&cloud), "ok");
    ask(&cloud, "ReleaseOssInstance", &json!({})).ok();
    ask(&cloud, "RestartOssInstance", &json!({})).refused(403, "Forbidden");
    ask(&cloud, "RestartOssInstance", &json!({"ownerId": 12_345})).ok();
    ask(&cloud, "CreateOssInstance", &json!({})).ok();
}
