use super::TestCloud;
use crate::PRIVATE_ID;
use serde_json::{Value as Json, json};

fn group(cloud: &TestCloud) -> Json {
    cloud.ask("CreateSecurityGroup", &json!({"SecurityGroupName": "web", "Description": "d", "SecurityGroupType": "private"})).ok();
    described(cloud)["SecurityGroupId"].clone()
}

fn described(cloud: &TestCloud) -> Json {
    cloud
        .ask("DescribeSecurityGroups", &json!({"Keyword": "web"}))
        .ok()["Data"]["SecurityGroup"][0]
        .clone()
}

fn rule(group: &Json) -> Json {
    json!({"SecurityGroupId": group, "Action": "1", "Description": "http", "TargetAddress": "120.78.170.188/28",
        "TargetPort": "0", "LocalPort": "80", "Direction": "all", "Priority": "10", "Protocol": "TCP", "RuleType": "ip"})
}

#[tokio::test(start_paused = true)]
async fn rules_are_added_ranked_described_and_removed() {
    let cloud = TestCloud::new();
    let id = group(&cloud);
    let rules = || {
        cloud
            .ask(
                "DescribeSecurityGroupAttribute",
                &json!({"SecurityGroupId": id}),
            )
            .ok()["Data"]
            .clone()
    };
    let made = cloud.finish("AddSecurityGroupRule", &rule(&id));
    let there = rules()["SecurityGroupRules"][0].clone();
    assert_eq!(
        (&there["RuleId"], &there["Action"], &there["Priority"]),
        (&json!(made[0]), &json!(1), &json!(10))
    );

    let mut without_port = rule(&id);
    without_port.as_object_mut().unwrap().remove("LocalPort");
    cloud
        .ask("AddSecurityGroupRule", &without_port)
        .refused(400, "MissingParameter");
    without_port["Protocol"] = json!("ICMP");
    cloud.finish("AddSecurityGroupRule", &without_port);
    assert_eq!(rules()["SecurityGroupRuleCount"], 2);
    let mut ranked_too_low = rule(&id);
    ranked_too_low["Priority"] = json!("101");
    cloud
        .ask("AddSecurityGroupRule", &ranked_too_low)
        .refused(400, "InvalidParameter");

    cloud.finish(
        "ModifySecurityGroupRulePriority",
        &json!({"SecurityGroupId": id, "BindData": [{"RuleId": made[0], "Priority": 3}]}),
    );
    cloud
        .ask(
            "ModifySecurityGroupRule",
            &json!({"SecurityGroupId": id, "RuleId": made[0], "Description": "new"}),
        )
        .ok();
    let there = rules()["SecurityGroupRules"][0].clone();
    assert_eq!(
        (&there["Priority"], &there["Description"]),
        (&json!(3), &json!("new"))
    );
    cloud.finish(
        "RemoveSecurityGroupRule",
        &json!({"SecurityGroupId": id, "RuleIds": made}),
    );
    assert_eq!(rules()["SecurityGroupRuleCount"], 1);
    let gone = json!({"SecurityGroupId": id, "RuleIds": made});
    cloud
        .ask("RemoveSecurityGroupRule", &gone)
        .refused(404, "InvalidSecurityGroupRuleId.NotFound");
}

#[tokio::test(start_paused = true)]
async fn a_group_in_use_is_deleted_only_by_force() {
    let cloud = TestCloud::new();
    let (id, servers) = (group(&cloud), cloud.servers(2));
    let entry = |server: &str| json!({"InstanceId": server, "PrivateId": PRIVATE_ID});
    let bind = json!({"SecurityGroupId": id, "BindData": [entry(&servers[0]), entry(&servers[1])]});
    cloud.finish("JoinSecurityGroup", &bind);
    let counts = |group: Json| {
        (
            group["BindInstanceCount"].clone(),
            group["BindInterfaceCount"].clone(),
            group["BindVdcCount"].clone(),
        )
    };
    assert_eq!(counts(described(&cloud)), (json!(2), json!(2), json!(1)));
    cloud
        .ask("DeleteSecurityGroup", &json!({"SecurityGroupId": id}))
        .refused(403, "InvalidSecurityGroupId.InUse");
    cloud.finish(
        "LeaveSecurityGroup",
        &json!({"SecurityGroupId": id, "BindData": [entry(&servers[0])]}),
    );
    cloud.finish("DeleteInstance", &json!({"InstanceIds": [servers[1]]}));
    assert_eq!(counts(described(&cloud)), (json!(0), json!(0), json!(0)));
    cloud.finish(
        "JoinSecurityGroup",
        &json!({"SecurityGroupId": id, "BindData": [entry(&servers[0])]}),
    );
    cloud.finish("ForceDeleteSecurityGroup", &json!({"SecurityGroupId": id}));
    cloud
        .ask("DeleteSecurityGroup", &json!({"SecurityGroupId": id}))
        .refused(404, "InvalidSecurityGroupId.NotFound");
}

#[tokio::test(start_paused = true)]
async fn semicolons_separate_the_ports_and_addresses_of_a_rule() {
    let cloud = TestCloud::new();
    let id = group(&cloud);
    let tried = |changes: &[(&str, &str)]| {
        let mut rule = rule(&id);
        for (name, value) in changes {
            rule[*name] = json!(value);
        }
        cloud.ask("AddSecurityGroupRule", &rule)
    };
    tried(&[("LocalPort", "70;90;8"), ("TargetPort", "1-9;80")]).ok();
    tried(&[("TargetAddress", "10.0.0.1;10.1.0.0/16")]).ok();
    tried(&[("LocalPort", "70,90")]).refused(400, "InvalidParameter");
    tried(&[("TargetAddress", "10.0.0.1,10.0.0.2")]).refused(400, "InvalidParameter");
}
