use super::{TestCloud, advance, order};
use crate::{Fault, FaultRule, VDC_ID};
use serde_json::{Value as Json, json};

/// A cloud that begins from a file.
fn from(text: &str) -> Result<TestCloud, String> {
    TestCloud::from_saved(text, TestCloud::new().clock.now())
}

fn refusal(text: &str) -> String {
    from(text).map(|_| ()).unwrap_err()
}

/// A cloud in the midst of things: tasks that run, one that will fail, one that hangs.
fn busy() -> TestCloud {
    let cloud = TestCloud::new();
    let ids = cloud.servers(6);
    let server = |at: usize, more: Json| {
        let mut params = json!({"InstanceId": ids[at]});
        super::merge(params.as_object_mut().unwrap(), &more);
        params
    };
    cloud
        .ask(
            "CreateSecurityGroup",
            &json!({"SecurityGroupName": "g", "Description": "", "SecurityGroupType": "public"}),
        )
        .ok();
    cloud
        .ask(
            "CreateInstance",
            &order(
                &json!({"InstanceChargeType": "PrePaid", "PrepaidMonth": 1, "LabelNames": ["t"]}),
            ),
        )
        .ok();
    cloud.ask("StopInstance", &server(0, json!({}))).ok();
    cloud
        .ask(
            "CreateDisk",
            &server(1, json!({"DataDisks": [{"Size": 100}]})),
        )
        .ok();
    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskFails("no luck".into())).times(1));
    cloud
        .ask(
            "CreateInstance",
            &order(&json!({"InstanceChargeType": "PrePaid", "PrepaidMonth": 1})),
        )
        .ok();
    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskHangs).times(1));
    cloud
        .ask(
            "CreateTemplate",
            &server(2, json!({"DisplayName": "t", "PowerOn": true})),
        )
        .ok();
    advance(7);
    let interface = cloud.instance(&ids[3])["PrivateNetworkInterface"][0]["InterfaceId"].clone();
    cloud
        .ask("ModifyIpAddress", &server(3, json!({"InterfaceId": interface, "Address": "10.240.192.200", "Password": "123abc,.;"})))
        .ok();
    cloud
}

#[tokio::test(start_paused = true)]
async fn what_is_written_and_read_is_written_the_same() {
    let first = busy().simulator.saved();
    assert_eq!(first, from(&first).unwrap().simulator.saved());
    assert!(first.contains("has_left") && first.contains("set_power"));
    let new = TestCloud::new().simulator.saved();
    assert_eq!(new, from(&new).unwrap().simulator.saved());
}

#[tokio::test(start_paused = true)]
async fn a_cloud_goes_on_where_it_stopped() {
    let cloud = busy();
    let other = TestCloud::from_saved(&cloud.simulator.saved(), cloud.clock.now()).unwrap();
    let taken = json!({"PublicIp": [], "PrivateIp": [{"PrivateId": crate::PRIVATE_ID, "IP": ["10.240.192.200"]}]});
    for cloud in [&cloud, &other] {
        cloud
            .ask("CreateInstance", &order(&taken))
            .refused(400, "InvalidPrivateIpAddress.Duplicated");
        cloud
            .ask(
                "StopInstance",
                &json!({"InstanceId": cloud.simulator.state_json()["ccs"]["instances"][0]["id"]}),
            )
            .refused(403, "IncorrectInstanceStatus");
    }
    advance(200);
    assert!(
        cloud.simulator.saved() == other.simulator.saved(),
        "they differ"
    );
    let id =
        |cloud: &TestCloud| cloud.ask("CreateInstance", &order(&json!({}))).ok()["TaskId"].clone();
    assert_eq!(id(&cloud), id(&other));
    cloud.settle();
    other.settle();
    assert!(
        cloud.simulator.saved() == other.simulator.saved(),
        "they differ"
    );
}

#[tokio::test(start_paused = true)]
async fn a_person_may_leave_out_what_is_as_in_a_new_cloud() {
    assert_eq!(
        from("{}")
            .unwrap()
            .ask("DescribeInstances", &json!({}))
            .ok()["Data"]["Instances"],
        json!([])
    );
    let id = "9af59bcd-fc3f-41ee-9b3c-d0c1ba2b4d5d";
    let server = json!({
        "id": id, "name": "old", "vdc_id": VDC_ID, "cpu": 4, "ram": 8, "kind": "Standard", "image": "Ubuntu_16.04_64",
        "charge_type": "PostPaid", "power": "running", "system": {"id": "s", "size": 20, "kind": "system_disk"},
        "created": "2025-05-01T08:00:00+08:00",
    });
    let cloud =
        from(&json!({"wallet": {"balance": 12.5}, "ccs": {"instances": [server]}}).to_string())
            .unwrap();
    let view = cloud.instance(id);
    assert_eq!(
        (&view["InstanceName"], &view["InstanceStatus"]),
        (&json!("old"), &json!("running"))
    );
    cloud
        .ask("CreateInstance", &order(&json!({})))
        .refused(400, "NotEnoughBalance");
    cloud.done("StopInstance", &json!({"InstanceId": id}));
    assert_eq!(cloud.status(id), "stop");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_makes_no_sense_is_refused_with_the_place() {
    assert!(
        refusal("{\n  \"css\": {}\n}").contains("unknown field `css`")
            && refusal("{\n  \"css\": {}\n}").contains("line 2")
    );
    let number = refusal(r#"{"ccs": {"instances": [{"id": 5}]}}"#);
    assert!(
        number.starts_with("ccs.instances[0].id: ") && number.contains("line 1 column 31"),
        "{number}"
    );
    assert!(refusal("{} {}").contains("trailing characters"));
    assert!(refusal("nothing").contains("line 1"));
    let network = json!({"id": "n", "name": "n", "vdc_id": "v", "kind": {"private": {}}, "segments": [{"range": "10.0.0.0/24"}]});
    let lost = refusal(&json!({"vdc": {"networks": [network]}}).to_string());
    assert!(
        lost.contains("vdc.networks, n: there is no VDC v"),
        "{lost}"
    );
    let twice = refusal(&json!({"vdc": {"networks": [network, network]}}).to_string());
    assert!(twice.contains("\"n\" stands here twice"), "{twice}");
    let task = |more: Json| {
        let mut task = json!({"id": "t", "dialect": "cds_task", "kind": "k", "created": "2026-01-01T00:00:00Z"});
        super::merge(task.as_object_mut().unwrap(), &more);
        json!({"tasks": [task]}).to_string()
    };
    assert!(refusal(&task(json!({"has_left": -1}))).contains("-1"));
    assert!(
        refusal(&task(json!({"effect": {"ccs": {"explode": {}}}})))
            .contains("unknown variant `explode`")
    );
    assert!(from(&task(json!({"has_left": 5}))).is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_guides_example_is_a_file_that_does() {
    let page = include_str!("../../../../docs/guide/inventory.md");
    let example = page
        .split("```json\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let cloud = from(example).unwrap();
    let view = cloud
        .ask("DescribeInstances", &json!({"TagName": "blue"}))
        .ok()["Data"]["Instances"][0]
        .clone();
    assert_eq!(
        (
            &view["InstanceName"],
            &view["PrivateNetworkInterface"][0]["IP"]
        ),
        (&json!("web-1"), &json!("10.1.0.10"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_fault_inside_an_effect_is_named_by_its_place() {
    let task = |name: &str, effect: &str| {
        let start = r#"{"id": "t", "dialect": "cds_task", "kind": "k","#;
        let created = r#""created": "2026-01-01T00:00:00Z", "has_left": 5,"#;
        format!("{{\"tasks\": [\n{start} {created}\n\"{name}\": {effect}}}]}}")
    };
    for name in ["effect", "undo"] {
        let path = format!("tasks[0].{name}");
        for (effect, problem) in [
            (r#"{"ccs": {"explode": {}}}"#, "unknown variant `explode`"),
            (
                r#"{"ccs": {"remove_group": {"groop": "g"}}}"#,
                "unknown field `groop`",
            ),
            (
                r#"{"ccs": {"remove_group": {"group": "g", "group": "h"}}}"#,
                "duplicate field `group`",
            ),
            (
                r#"{"ccs": {"remove_group": {"group": 5}}}"#,
                "invalid type: integer `5`",
            ),
            (
                r#"{"nothing": {}}"#,
                "unknown service `nothing`, expected one of `ccs`",
            ),
            (
                r#"{"ccs": {"remove_group": {"group": "g"}}, "ccs": {}}"#,
                "an effect has one service",
            ),
            ("{}", "an effect has the name of its service"),
            (
                "[]",
                "expected an object with the effect below the name of its service",
            ),
        ] {
            let told = refusal(&task(name, effect));
            assert!(told.starts_with(&path), "{effect}: {told}");
            assert!(
                told.contains(problem) && told.contains("at line 3"),
                "{effect}: {told}"
            );
        }
    }
    assert!(from(&task("effect", "null")).is_ok());
}

#[tokio::test(start_paused = true)]
async fn no_type_of_the_program_is_named_in_a_problem() {
    for (text, problem) in [
        (
            r#"{"ccs": 5}"#,
            "ccs: invalid type: integer `5`, expected an object at line 1",
        ),
        (r#"{"ids": 5}"#, "expected an object"),
        (r#"{"wallet": {"balance": "much"}}"#, "expected"),
        (
            r#"{"tasks": [{"id": "t", "has_run": "long"}]}"#,
            "expected a number",
        ),
    ] {
        let told = refusal(text);
        assert!(told.contains(problem), "{told}");
        let types = ["State", "Ids", "Wallet", "f64", "struct "];
        assert!(types.iter().all(|name| !told.contains(name)), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_parts_of_a_file_stand_in_one_order() {
    let text = from(r#"{"aegis": {}, "vdc": {}, "billing": {}}"#)
        .unwrap()
        .simulator
        .saved();
    let new = TestCloud::new().simulator.saved();
    let parts = |text: &str| -> Vec<String> {
        let start = |line: &&str| line.starts_with("  \"");
        let name = |line: &str| line.trim().split('"').nth(1).unwrap().to_owned();
        text.lines().filter(start).map(name).collect()
    };
    assert_eq!(parts(&text), parts(&new));
}
