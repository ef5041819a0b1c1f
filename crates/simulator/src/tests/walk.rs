use super::{TestCloud, advance, order};
use crate::cloud::ids;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Does whatever chance says, allowed or not, and returns what the account looks like in the end.
fn walk(seed: u64, steps: u64) -> Json {
    let cloud = TestCloud::with_seed(seed);
    for step in 0..steps {
        let draw = |purpose: &str, most: usize| pick(seed, purpose, step, most);
        let state = cloud.simulator.state_json();
        let servers = cloud
            .ask("DescribeInstances", &json!({"PageSize": 1000}))
            .ok()["Data"]["Instances"]
            .clone();
        let servers = servers.as_array().unwrap();
        holds_together(servers, &state);
        let server = servers
            .get(draw("server", servers.len().max(1)))
            .cloned()
            .unwrap_or(json!({}));
        let one = json!({"InstanceId": server["InstanceId"].as_str().unwrap_or("none")});
        let with = |changes: Json| {
            let mut params = one.clone();
            super::merge(params.as_object_mut().unwrap(), &changes);
            params
        };
        let (action, params) = match draw("action", 12) {
            0 | 1 => (
                "CreateInstance",
                order(&json!({"Amount": 1 + draw("amount", 3), "LabelNames": ["a"]})),
            ),
            2 => (
                "DeleteInstance",
                json!({"InstanceIds": [one["InstanceId"]]}),
            ),
            3 => ("StopInstance", one.clone()),
            4 => ("StartInstance", one.clone()),
            5 => ("ModifyInstanceSpec", with(json!({"Cpu": 8}))),
            6 => ("CreateDisk", with(json!({"DataDisks": [{"Size": 100}]}))),
            7 => (
                "DeleteDisk",
                with(
                    json!({"DiskIds": [server["Disks"]["DataDisks"][0]["DiskId"].as_str().unwrap_or("none")]}),
                ),
            ),
            8 => ("RebootInstance", one.clone()),
            9 => (
                "CreateTemplate",
                with(json!({"DisplayName": "t", "PowerOn": true})),
            ),
            10 => (
                "DeleteInstancesTags",
                json!({"InstanceIds": one["InstanceId"], "DelTagIds": "257"}),
            ),
            _ => ("DescribeInstances", json!({})),
        };
        let answer = cloud.ask(action, &params);
        let busy = server["InstanceStatus"]
            .as_str()
            .is_some_and(|status| !["running", "stop"].contains(&status));
        let touches = !["CreateInstance", "DescribeInstances"].contains(&action);
        assert!(
            !(busy && touches) || answer.code() != "Success",
            "{action} on a busy server: {}",
            answer.1
        );
        assert!(
            [200, 400, 403, 404].contains(&answer.0),
            "{action}: {}",
            answer.1
        );
        advance(draw("time", 60) as u64);
    }
    cloud.simulator.state_json()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small numbers"
)]
fn pick(seed: u64, purpose: &str, step: u64, most: usize) -> usize {
    (ids::fraction(seed, purpose, step) * most as f64) as usize
}

/// What must be true of any state.
fn holds_together(servers: &[Json], state: &Json) {
    let mut addresses = BTreeSet::new();
    for server in servers {
        for interface in
            ["PublicNetworkInterface", "PrivateNetworkInterface"].map(|kind| &server[kind][0])
        {
            assert!(
                addresses.insert(interface["IP"].to_string()),
                "{} is there twice",
                interface["IP"]
            );
        }
        let status = server["InstanceStatus"].as_str().unwrap();
        let holds = |task: &&Json| {
            let holds = task["holds"].as_array();
            task["ended"].is_null()
                && holds.is_some_and(|holds| holds.contains(&server["InstanceId"]))
        };
        let held = state["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(holds)
            .count();
        assert!(held <= 1, "two tasks work on one server");
        assert_eq!(
            held == 0,
            ["running", "stop"].contains(&status),
            "{status} while {held} tasks work on it"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_random_walk_leaves_no_broken_state_and_repeats_itself() {
    for seed in 0..6 {
        let end = walk(seed, 120);
        assert_eq!(end, walk(seed, 120), "seed {seed}");
    }
}
