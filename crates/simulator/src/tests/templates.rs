use super::{TestCloud, order};
use serde_json::{Value as Json, json};

#[tokio::test(start_paused = true)]
async fn a_template_is_made_of_a_server_copied_used_and_deleted() {
    let cloud = TestCloud::new();
    let server = cloud.servers(1).remove(0);
    let templates = || -> Json {
        cloud
            .ask(
                "DescribeTemplateInfo",
                &json!({"PageNumber": 1, "PageSize": 10}),
            )
            .ok()["Data"]
            .clone()
    };
    let made = cloud.finish(
        "CreateTemplate",
        &json!({"InstanceId": server, "DisplayName": "base", "PowerOn": true}),
    );
    let template = templates()["TemplateList"][0].clone();
    assert_eq!(
        (
            &template["TemplateId"],
            &template["Name"],
            &template["Count"]
        ),
        (&json!(made[0]), &json!("base"), &json!(1))
    );
    assert_eq!(cloud.status(&server), "running");

    let there = json!({"TemplateId": made[0], "RegionId": "CN_Beijing_B"});
    cloud
        .ask("DeleteTemplate", &there)
        .refused(404, "InvalidLaunchTemplateVersion.NotFound");
    cloud.finish("SyncTemplate", &there);
    assert_eq!(
        templates()["TemplateList"][0]["Region"][1]["RegionId"],
        "CN_Beijing_B"
    );

    cloud
        .ask("CreateInstance", &order(&json!({"ImageId": made[0]})))
        .refused(400, "MissingParameter");
    cloud.finish(
        "CreateInstance",
        &order(&json!({"ImageId": made[0], "ImagePassword": "tpl-password"})),
    );

    cloud.finish("DeleteTemplate", &there);
    cloud.finish(
        "DeleteTemplate",
        &json!({"TemplateId": made[0], "RegionId": "CN_Beijing_A"}),
    );
    assert_eq!(templates()["TemplateList"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_template_is_made_as_power_on_says_and_takes_the_data_disks_along() {
    let cloud = TestCloud::new();
    let disks =
        json!([{"Size": 100, "Type": "high_disk"}, {"Size": 50, "Type": "ssd_disk", "IOPS": 5}]);
    let server = cloud
        .finish("CreateInstance", &order(&json!({"DataDisks": disks})))
        .remove(0);
    let make = |changes: Json| {
        let mut params = json!({"InstanceId": server, "DisplayName": "t", "PowerOn": true});
        super::merge(params.as_object_mut().unwrap(), &changes);
        params
    };
    cloud
        .ask("CreateTemplate", &make(json!({"PowerOn": false})))
        .refused(403, "IncorrectInstanceStatus");
    let whole = cloud.finish("CreateTemplate", &make(json!({}))).remove(0);
    cloud.finish("StopInstance", &json!({"InstanceId": server}));
    cloud
        .ask("CreateTemplate", &make(json!({})))
        .refused(403, "IncorrectInstanceStatus");
    let bare = cloud
        .finish(
            "CreateTemplate",
            &make(json!({"PowerOn": false, "WithDataDisk": false})),
        )
        .remove(0);
    let made_from = |template: &str, disks: Json| {
        let params = order(
            &json!({"ImageId": template, "ImagePassword": "tpl-password", "DataDisks": disks}),
        );
        let made = cloud.finish("CreateInstance", &params).remove(0);
        let views = cloud.instance(&made)["Disks"]["DataDisks"].clone();
        let views: Vec<_> = views
            .as_array()
            .unwrap()
            .iter()
            .map(|disk| (disk["Size"].clone(), disk["IopsSize"].clone()))
            .collect();
        json!(views)
    };
    assert_eq!(made_from(&whole, json!([])), json!([[100, 0], [50, 5]]));
    assert_eq!(
        made_from(&whole, json!([{"Size": 200}])),
        json!([[100, 0], [50, 5], [200, 0]])
    );
    assert_eq!(made_from(&bare, json!([])), json!([]));

    let price = |template: &str| {
        let params = json!({"RegionId": "CN_Beijing_A", "Cpu": 2, "Ram": 4, "InstanceType": "Standard", "ImageId": template,
            "SystemDisk": {}, "Amount": 1});
        cloud.ask("DescribeInstancePrice", &params)
    };
    let of = |template: &str| price(template).ok()["Data"]["TotalPrice"].as_f64().unwrap();
    // 150 GB and 5 packages of IOPS.
    assert!(
        (of(&whole) - of(&bare) - 70.0).abs() < 0.001,
        "{} {}",
        of(&whole),
        of(&bare)
    );
    price("no such image").refused(404, "InvalidLaunchTemplateVersion.NotFound");
}

#[tokio::test(start_paused = true)]
async fn a_template_can_be_used_only_where_it_has_been_copied_to() {
    let cloud = TestCloud::new();
    let server = cloud.servers(1).remove(0);
    let template = cloud
        .finish(
            "CreateTemplate",
            &json!({"InstanceId": server, "DisplayName": "t", "PowerOn": true}),
        )
        .remove(0);
    cloud.finish(
        "SyncTemplate",
        &json!({"TemplateId": template, "RegionId": "CN_Beijing_B"}),
    );
    cloud.finish(
        "DeleteTemplate",
        &json!({"TemplateId": template, "RegionId": "CN_Beijing_A"}),
    );
    let image = json!({"ImageId": template, "ImagePassword": "tpl-password"});
    cloud
        .ask("CreateInstance", &order(&image))
        .refused(404, "InvalidLaunchTemplateVersion.NotFound");
    let mut reset = json!({"InstanceId": server, "Password": "123abc,.;"});
    super::merge(reset.as_object_mut().unwrap(), &image);
    cloud
        .ask("ResetImage", &reset)
        .refused(404, "InvalidLaunchTemplateVersion.NotFound");
}
