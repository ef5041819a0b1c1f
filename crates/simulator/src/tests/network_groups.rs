//! Network security groups.

use super::TestCloud;
use serde_json::{Value as Json, json};

fn group(cloud: &TestCloud, name: &str) -> Json {
    let params =
        json!({"SecurityGroupName": name, "Description": "d", "SecurityGroupType": "private"});
    cloud.ask("CreateNSG", &params).ok()["Data"]["SecurityGroupId"].clone()
}

fn rule(group: &Json, changes: &Json) -> Json {
    let mut rule = json!({"SecurityGroupId": group, "Description": "web", "Action": "ACCEPT", "Direction": 0,
        "Protocol": "TCP", "IpList": ["10.4.0.0/14", "192.168.0.1"], "PortList": ["443", "8000-8080", "22"], "Priority": 4});
    super::merge(rule.as_object_mut().unwrap(), changes);
    rule
}

fn described(cloud: &TestCloud, group: &Json) -> Json {
    let params = json!({"SecurityGroupId": group});
    cloud.ask("DescribeNSGAttribute", &params).ok()["Data"].clone()
}

fn priorities(cloud: &TestCloud, group: &Json) -> Vec<Json> {
    let rules = described(cloud, group)["Rules"].clone();
    let rules = rules.as_array().unwrap().iter();
    rules.map(|rule| rule["Priority"].clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn groups_are_made_found_renamed_and_deleted() {
    let cloud = TestCloud::new();
    let (web, _) = (group(&cloud, "web"), group(&cloud, "database"));
    let found = |params: Json| {
        let data = cloud.ask("DescribeNSGs", &params).ok()["Data"].clone();
        let groups = data["SecurityGroups"].as_array().unwrap().clone();
        assert_eq!(data["SecurityGroupCount"], groups.len());
        groups
    };
    assert_eq!(found(json!({})).len(), 2);
    assert_eq!(found(json!({"Keyword": "we"}))[0]["SecurityGroupId"], web);
    assert_eq!(
        found(json!({"ProjectId": "0-0", "SecurityGroupType": "private"})).len(),
        2
    );
    assert!(found(json!({"SecurityGroupType": "public"})).is_empty());
    assert!(found(json!({"ProjectId": "other"})).is_empty());
    let rename = json!({"SecurityGroupId": web, "SecurityGroupName": "site", "Description": "e"});
    cloud.ask("ModifyNSGAttribute", &rename).ok();
    assert_eq!(found(json!({"Keyword": "site"}))[0]["Description"], "e");
    let gone = json!({"SecurityGroupId": web});
    cloud.ask("DeleteNSG", &gone).ok();
    assert_eq!(found(json!({})).len(), 1);
    cloud
        .ask("DeleteNSG", &gone)
        .refused(404, "InvalidSecurityGroupId.NotFound");
    // The groups that they have taken the place of are others.
    let old = cloud.ask("DescribeSecurityGroups", &json!({})).ok();
    assert_eq!(old["Data"]["SecurityGroupCount"], 0);
}

#[tokio::test(start_paused = true)]
async fn rules_are_ranked_and_no_two_have_one_priority() {
    let cloud = TestCloud::new();
    let id = group(&cloud, "web");
    let add = |changes: Json| cloud.ask("AddNSGRule", &rule(&id, &changes));
    add(json!({})).ok();
    add(json!({"Priority": 2, "Protocol": "ICMP", "PortList": ["0"]})).ok();
    add(json!({})).refused(400, "InvalidParameter");
    for wrong in [
        json!({"Priority": 9, "IpList": ["web"]}),
        json!({"Priority": 9, "IpList": []}),
        json!({"Priority": 9, "PortList": ["0", "80"]}),
        json!({"Priority": 9, "PortList": ["http"]}),
        json!({"Priority": 9, "Protocol": "ICMP"}),
    ] {
        add(wrong).refused(400, "InvalidParameter");
    }
    assert_eq!(priorities(&cloud, &id), [2, 4]);
    let data = described(&cloud, &id);
    assert_eq!(
        (&data["RuleCount"], &data["QuotaCount"]),
        (&json!(2), &json!(8))
    );
    let ids = [0, 1].map(|place| data["Rules"][place]["RuleId"].clone());
    let swap = json!({"SecurityGroupId": id, "Rules": [
        {"RuleId": ids[0], "Priority": 4}, {"RuleId": ids[1], "Priority": 2}]});
    cloud.ask("ModifyNSGRulePriority", &swap).ok();
    assert_eq!(described(&cloud, &id)["Rules"][0]["RuleId"], ids[1]);
    let clash = json!({"SecurityGroupId": id, "Rules": [{"RuleId": ids[0], "Priority": 2}]});
    cloud
        .ask("ModifyNSGRulePriority", &clash)
        .refused(400, "InvalidParameter");
    let change = json!({"SecurityGroupId": id, "RuleId": ids[1], "Action": "DROP"});
    cloud.ask("ModifyNSGRule", &change).ok();
    let first = described(&cloud, &id)["Rules"][0].clone();
    assert_eq!(
        (&first["Action"], &first["Protocol"]),
        (&json!("DROP"), &json!("TCP"))
    );
    let remove = json!({"SecurityGroupId": id, "RuleId": ids[1]});
    cloud.ask("RemoveNSGRule", &remove).ok();
    cloud
        .ask("RemoveNSGRule", &remove)
        .refused(404, "InvalidSecurityGroupRuleId.NotFound");
    assert_eq!(priorities(&cloud, &id), [4]);
}

#[tokio::test(start_paused = true)]
async fn cards_join_follow_the_rules_and_leave() {
    let cloud = TestCloud::new();
    let id = group(&cloud, "web");
    let server = cloud.servers(1).remove(0);
    let view = cloud.instance(&server);
    let card = view["PrivateNetworkInterface"][0]["InterfaceId"].clone();
    let of_group = json!({"SecurityGroupId": id});
    let cards = json!({"SecurityGroupId": id, "InterfaceIds": [card]});
    let status = || {
        let data = cloud.ask("DescribeNSGMembers", &of_group).ok()["Data"].clone();
        assert_eq!(
            data["MemberCount"],
            data["Members"].as_array().unwrap().len()
        );
        data["Members"][0].clone()
    };
    let unknown = json!({"SecurityGroupId": id, "InterfaceIds": ["none"]});
    cloud
        .ask("JoinNSG", &unknown)
        .refused(400, "InvalidInterfaceID.Malformed");
    cloud.ask("JoinNSG", &cards).ok();
    assert_eq!(status()["InterfaceStatus"], "syncing");
    cloud.settle();
    let member = status();
    assert_eq!(
        (&member["InterfaceStatus"], &member["InstanceId"]),
        (&json!("ok"), &json!(server))
    );
    let counts = cloud.ask("DescribeNSGs", &json!({})).ok()["Data"]["SecurityGroups"][0].clone();
    assert_eq!(
        (&counts["InstanceCount"], &counts["InterfaceCount"]),
        (&json!(1), &json!(1))
    );
    cloud.ask("AddNSGRule", &rule(&id, &json!({}))).ok();
    assert_eq!(status()["InterfaceStatus"], "syncing");
    cloud.settle();
    cloud
        .ask("DeleteNSG", &of_group)
        .refused(403, "InvalidSecurityGroupId.InUse");
    cloud.ask("LeaveNSG", &cards).ok();
    assert_eq!(status()["InterfaceStatus"], "unbinding");
    cloud.settle();
    assert!(status().is_null());
    cloud.ask("JoinNSG", &cards).ok();
    cloud.settle();
    cloud.finish("DeleteInstance", &json!({"InstanceIds": [server]}));
    assert!(status().is_null());
    let other = cloud.servers(1).remove(0);
    let card = cloud.instance(&other)["PrivateNetworkInterface"][0]["InterfaceId"].clone();
    cloud
        .ask(
            "JoinNSG",
            &json!({"SecurityGroupId": id, "InterfaceIds": [card]}),
        )
        .ok();
    cloud
        .ask(
            "DeleteNSG",
            &json!({"SecurityGroupId": id, "ForceDelete": true}),
        )
        .ok();
    cloud.settle();
    cloud
        .ask("DescribeNSGMembers", &of_group)
        .refused(404, "InvalidSecurityGroupId.NotFound");
}

#[tokio::test(start_paused = true)]
async fn a_card_that_could_not_join_says_so() {
    let cloud = TestCloud::new();
    let id = group(&cloud, "web");
    let server = cloud.servers(1).remove(0);
    let card = cloud.instance(&server)["PrivateNetworkInterface"][0]["InterfaceId"].clone();
    cloud
        .simulator
        .fault("cds.ccs.JoinNSG:task-fails".parse().unwrap());
    cloud
        .ask(
            "JoinNSG",
            &json!({"SecurityGroupId": id, "InterfaceIds": [card]}),
        )
        .ok();
    cloud.settle();
    let members = cloud
        .ask("DescribeNSGMembers", &json!({"SecurityGroupId": id}))
        .ok();
    assert_eq!(members["Data"]["Members"][0]["InterfaceStatus"], "error");
}
