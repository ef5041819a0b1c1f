use super::documented::documented;
use super::{TestCloud, merge, order};
use crate::cloud::service::Service as _;
use crate::services::ccs::Ccs;
use crate::{PRIVATE_ID, VDC_ID};
use serde_json::{Value as Json, json};

/// A cloud with one of everything, and its ids.
fn furnished(cloud: &TestCloud) -> Json {
    let disks = json!({"DataDisks": [{"Size": 100}], "LabelNames": ["blue"]});
    let server = cloud.finish("CreateInstance", &order(&disks)).remove(0);
    let template = cloud
        .finish(
            "CreateTemplate",
            &json!({"InstanceId": server, "DisplayName": "t", "PowerOn": true}),
        )
        .remove(0);
    cloud
        .ask(
            "CreateSecurityGroup",
            &json!({"SecurityGroupName": "g", "Description": "", "SecurityGroupType": "public"}),
        )
        .ok();
    let group = cloud.ask("DescribeSecurityGroups", &json!({})).ok()["Data"]["SecurityGroup"][0]["SecurityGroupId"].clone();
    let rule = json!({"SecurityGroupId": group, "Action": "1", "Description": "", "TargetAddress": "0.0.0.0/0", "TargetPort": "0",
        "LocalPort": "80", "Direction": "all", "Priority": "1", "Protocol": "TCP", "RuleType": "ip"});
    let rule = cloud.finish("AddSecurityGroupRule", &rule).remove(0);
    let network_group =
        json!({"SecurityGroupName": "n", "Description": "", "SecurityGroupType": "public"});
    let network_group =
        cloud.ask("CreateNSG", &network_group).ok()["Data"]["SecurityGroupId"].clone();
    let network_rule = json!({"SecurityGroupId": network_group, "Description": "web", "Action": "ACCEPT", "Direction": 0,
        "Protocol": "TCP", "IpList": ["0.0.0.0/0"], "PortList": ["80"], "Priority": 9});
    cloud.ask("AddNSGRule", &network_rule).ok();
    let of_network_group = json!({"SecurityGroupId": network_group});
    let rules = cloud.ask("DescribeNSGAttribute", &of_network_group).ok()["Data"]["Rules"].clone();
    cloud.ask("CreateTag", &json!({"TagName": "free"})).ok();
    let view = cloud.instance(&server);
    json!({
        "InstanceId": server, "VdcId": VDC_ID, "PrivateId": PRIVATE_ID, "TemplateId": template, "SecurityGroupId": group,
        "RuleId": rule, "TagId": "258", "TaskId": "190982", "DiskId": view["Disks"]["DataDisks"][0]["DiskId"],
        "InterfaceId": view["PublicNetworkInterface"][0]["InterfaceId"], "AddTagIds": "257", "DelTagIds": "257",
        "PublicIp": ["auto"], "NetworkGroupId": network_group, "NetworkRuleId": rules[0]["RuleId"],
    })
}

/// The catalogue's example of an Action, with the ids that are there.
fn example(cloud: &TestCloud, action: &str, ids: &Json) -> Json {
    let model = cloud.catalog.action(&format!("cds.ccs.{action}")).unwrap();
    let mut params = model.example.as_object().unwrap().clone();
    let names: Vec<_> = params.keys().cloned().collect();
    for name in names {
        let known = match (name.as_str(), &params[&name]) {
            ("InstanceIds", Json::Array(_)) => json!([ids["InstanceId"]]),
            ("InstanceIds", _) => ids["InstanceId"].clone(),
            ("DiskIds", _) => json!([ids["DiskId"]]),
            ("RuleIds", _) => json!([ids["RuleId"]]),
            ("BindData", bind) if bind[0].get("RuleId").is_some() => {
                json!([{"RuleId": ids["RuleId"], "Priority": 2}])
            }
            ("BindData", _) => json!([{"InstanceId": ids["InstanceId"], "PrivateId": PRIVATE_ID}]),
            ("SecurityGroupId", _) if action.contains("NSG") => ids["NetworkGroupId"].clone(),
            ("RuleId", _) if action.contains("NSG") => ids["NetworkRuleId"].clone(),
            ("Rules", _) => json!([{"RuleId": ids["NetworkRuleId"], "Priority": 2}]),
            ("InterfaceIds", _) => json!([ids["InterfaceId"]]),
            ("PublicIp", _) if action == "DescribeInstances" => continue,
            (name, _) if ids.get(name).is_some() => ids[name].clone(),
            _ => continue,
        };
        params.insert(name, known);
    }
    Json::Object(params)
}

#[tokio::test(start_paused = true)]
async fn every_action_of_the_catalogue_is_carried_out() {
    let actions = TestCloud::new().catalog.actions_of("cds.ccs").unwrap();
    assert_eq!(actions.len(), 65);
    for action in actions {
        assert!(
            Ccs.handling(&action.name).is_some(),
            "nothing carries {} out",
            action.name
        );
        let cloud = TestCloud::new();
        let ids = furnished(&cloud);
        // The example of `CreateTemplate` makes one of a server that is off.
        if [
            "StartInstance",
            "StartInstances",
            "ModifyInstanceSpec",
            "CreateTemplate",
        ]
        .contains(&action.name.as_str())
        {
            cloud.finish("StopInstance", &json!({"InstanceId": ids["InstanceId"]}));
        }
        let answer = cloud.ask(&action.name, &example(&cloud, &action.name, &ids));
        assert_eq!(answer.code(), "Success", "{}: {}", action.name, answer.1);
        documented(&action, &answer.ok());
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_parameter_changes_nothing() {
    let cloud = TestCloud::new();
    let mut params = json!({"PageNumber": 1});
    merge(
        params.as_object_mut().unwrap(),
        &json!({"AvailableResource": {"deep": [1]}}),
    );
    cloud.ask("DescribeInstances", &params).ok();
}
