use super::{Cloud, order};
use serde_json::{Value as Json, json};

#[tokio::test(start_paused = true)]
async fn a_template_is_made_of_a_server_copied_used_and_deleted() {
    let cloud = Cloud::new();
    let server = cloud.servers(1).remove(0);
    let templates =
        || -> Json { cloud.ask("DescribeTemplateInfo", &json!({"PageNumber": 1, "PageSize": 10})).ok()["Data"].clone() };
    let made = cloud.finish("CreateTemplate", &json!({"InstanceId": server, "DisplayName": "base", "PowerOn": false}));
    let template = templates()["TemplateList"][0].clone();
    assert_eq!((&template["TemplateId"], &template["Name"], &template["Count"]), (&json!(made[0]), &json!("base"), &json!(1)));
    assert_eq!(cloud.status(&server), "running");

    let there = json!({"TemplateId": made[0], "RegionId": "CN_Beijing_B"});
    cloud.ask("DeleteTemplate", &there).refused(404, "InvalidLaunchTemplateVersion.NotFound");
    cloud.finish("SyncTemplate", &there);
    assert_eq!(templates()["TemplateList"][0]["Region"][1]["RegionId"], "CN_Beijing_B");

    cloud.ask("CreateInstance", &order(&json!({"ImageId": made[0]}))).refused(400, "MissingParameter");
    cloud.finish("CreateInstance", &order(&json!({"ImageId": made[0], "ImagePassword": "tpl-password"})));

    cloud.finish("DeleteTemplate", &there);
    cloud.finish("DeleteTemplate", &json!({"TemplateId": made[0], "RegionId": "CN_Beijing_A"}));
    assert_eq!(templates()["TemplateList"], json!([]));
}
