//! Every Action that changes something, through every fault that the simulator has: it is carried
//! out once at most, whatever the caller sees.

use crate::one_cloud::{OneCloud, profiles};
use crate::support::Test;
use cumulua::client::command::AccountRef;
use cumulua::client::error::Sent;
use cumulua::client::outcome_probe::OutcomeProbe;
use cumulua::client::paginator::Paginator;
use cumulua::client::value::Value;
use cumulua_core::catalog::{Action, Catalog};
use cumulua_simulator::FaultRule;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// What goes wrong; the first fault counts, and is used up.
const FAULTS: &[&[&str]] = &[
    &[],
    &["*:refuse:Whatever,times=1"],
    &["*:refuse:Whatever:503,times=1"],
    &["*:throttle,times=2"],
    &["*:throttle,times=9"],
    &["*:error,times=1"],
    &["*:error:502,times=2"],
    &["*:error:503,times=1,retry-after=3"],
    &["*:error-after,times=1"],
    &["*:error-after:503,times=9,retry-after=1"],
    &["*:no-connection,times=3"],
    &["*:no-connection,times=9"],
    &["*:drop-before,times=1"],
    &["*:drop-after,times=1"],
    &["*:drop-after,times=9"],
    &["*:delay:30,times=1"],
    &["*:delay:90,times=1"],
    &["*:delay:90,times=9"],
    &["*:cut-short,times=1"],
    &["*:malformed,times=1"],
    &["*:empty,times=1"],
    &["*:deep,times=1"],
    &["*:large,times=1"],
    &["*:task-fails,times=1"],
    &["*:task-hangs,times=1"],
    &[
        "*:no-connection,times=1",
        "*:throttle,times=1",
        "*:drop-after,times=1",
        "*:cut-short",
    ],
    &[
        "*:throttle,times=1",
        "*:delay:61,times=1",
        "*:refuse:Whatever",
    ],
    &[
        "*:drop-before,chance=40%",
        "*:throttle,chance=40%",
        "*:error-after:500,chance=50%",
        "*:no-connection,chance=50%",
        "*:malformed",
    ],
];

/// Seconds by which the cloud's clock is ahead.
const SKEWS: &[i64] = &[0, 7200, -86400];

/// Holds one call to the rule.
async fn hold(cloud: &OneCloud, action: &Action, place: &str) {
    let outcome = cloud.call(action, &action.example).await;
    let (name, reached) = (&action.full_name, cloud.simulator.changes());
    let place = format!("{name} with {place}: reached {reached} times: {outcome:?}");
    if action.idempotency_token.is_some() {
        assert!(cloud.tokens() <= 1, "{} purchases: {place}", cloud.tokens());
    } else {
        assert!(reached <= 1, "{place}");
    }
    let sent = outcome
        .as_ref()
        .map_or_else(|failure| failure.sent, |_| Sent::Yes);
    assert!(reached == 0 || sent != Sent::No, "{place}");
    if let Err(failure) = outcome {
        let is_repeatable = action.idempotency_token.is_some();
        assert!(
            !failure.retryable || is_repeatable || reached == 0,
            "it is called retryable: {place}"
        );
        assert_eq!(
            failure.token.is_some(),
            is_repeatable && (failure.retryable || sent == Sent::Maybe)
        );
    }
}

#[test]
fn every_change_is_carried_out_once_at_most_through_every_fault() {
    let catalog = Arc::new(Catalog::default());
    let profiles = profiles();
    let actions = catalog.actions().unwrap();
    let changes: Vec<&Action> = actions.iter().filter(|action| !action.read_only).collect();
    assert!(changes.len() > 150);
    let halves = changes.chunks(changes.len().div_ceil(2));
    std::thread::scope(|scope| {
        for actions in halves {
            let (catalog, profiles) = (&catalog, &profiles);
            scope.spawn(move || {
                let mut builder = tokio::runtime::Builder::new_current_thread();
                let runtime = builder.enable_all().start_paused(true).build().unwrap();
                runtime.block_on(async {
                    for (index, action) in actions.iter().enumerate() {
                        for (seed, faults) in (1..).zip(FAULTS) {
                            // An answer of 40 MB takes its time; some Actions stand for all.
                            if faults.concat().contains("large") && index % 10 != 0 {
                                continue;
                            }
                            for skew in SKEWS.iter().filter(|skew| **skew == 0 || seed % 9 == 1) {
                                let cloud = OneCloud::new(catalog, profiles, seed);
                                cloud.simulator.set_clock_skew(*skew);
                                for fault in *faults {
                                    cloud.simulator.fault(fault.parse::<FaultRule>().unwrap());
                                }
                                let place = format!("{faults:?}, clock ahead by {skew} s");
                                hold(&cloud, action, &place).await;
                            }
                        }
                    }
                });
            });
        }
    });
}

#[tokio::test(start_paused = true)]
async fn every_lookup_can_be_made_with_the_parameters_that_it_has() {
    let (catalog, profiles) = (Arc::new(Catalog::default()), profiles());
    let mut looked = 0;
    for action in catalog.actions().unwrap() {
        let params = Value::from(&action.example);
        let Value::Object(params) = params else {
            continue;
        };
        let probe = OutcomeProbe::of(&catalog, &action, &params, AccountRef::default());
        let Some(probe) = probe.filter(|_| !action.read_only) else {
            continue;
        };
        let requests = probe.requests().into_iter().chain([probe.params()]);
        // All as they are, and one as a page of a list.
        for params in requests {
            let cloud = OneCloud::new(&catalog, &profiles, 1);
            let place = format!(
                "{}: {} {params:?}",
                action.full_name,
                probe.reading().full_name
            );
            let page = Paginator::new(probe.reading().clone(), params.clone())
                .map_or(params, |paginator| paginator.first_page());
            let answered = cloud
                .call(probe.reading(), &Value::Object(page).to_json())
                .await;
            looked += 1;
            if let Err(failure) = answered {
                assert_eq!(failure.sent, Sent::Yes, "{place}: {failure}");
                let refusal = failure.error.refusal().unwrap();
                let code = refusal.code.as_deref().unwrap_or_default();
                // So the vendor's service says that a disk is gone.
                let is_gone = refusal.message.contains("不存在");
                assert!(
                    (!code.contains("Parameter") || is_gone) && refusal.http_status != 500,
                    "{place}: {failure}"
                );
            }
        }
    }
    assert!(looked > 200, "{looked} lookups");
}

/// The parts of the script that loses calls, each a run of its own.
const PARTS: &[&str] = &[
    "ccs",
    "groups",
    "network_groups",
    "vdc",
    "vpc",
    "ecs",
    "ebs",
    "machines",
    "desktop",
    "vms",
    "metal",
    "products",
];

/// The VDC of the zone that sells bare metal, which no Action makes.
fn bare_zone() -> Json {
    const VDC: &str = "062f81d7-cee2-4aca-880f-ad8766c78dab";
    let network = |id: &str, name: &str, kind: Json, range: &str| json!({"id": id, "name": name, "vdc_id": VDC, "kind": kind, "segments": [{"range": range}]});
    let public = json!({"public": {"kind": "Bandwidth_BGP", "billing": "BandwIdth", "qos": 5}});
    json!({"vdc": {
        "vdcs": [{"id": VDC, "name": "bare", "region": "CN_Beijing_F"}],
        "networks": [
            network("79281b44-73db-11ea-ac8e-0242ac110002", "private", json!({"private": {}}), "10.241.14.0/24"),
            network("6c00cd1c-73db-11ea-8379-0242ac110002", "public", public, "101.252.0.0/29"),
        ],
    }})
}

#[test]
fn what_became_of_a_lost_call_is_found_out_wherever_a_lookup_decides() {
    let run = |part: &str| {
        let test = Test::new()
            .file("seed.json", bare_zone().to_string())
            .file("lost_calls.lua", include_str!("../vectors/lost_calls.lua"))
            .args(["run", "--sim"]);
        let seed: &[&str] = if part == "metal" {
            &["--seed-file", "seed.json"]
        } else {
            &[]
        };
        let output = test
            .args(seed.iter().copied())
            .args(["lost_calls.lua", part])
            .run();
        assert_eq!(output.status, 0, "{part}: {}", output.stderr);
        output.stdout
    };
    let found: Vec<String> = std::thread::scope(|scope| {
        let (left, right) = PARTS.split_at(PARTS.len() / 2);
        let threads = [left, right]
            .map(|parts| scope.spawn(|| parts.iter().map(|part| run(part)).collect::<Vec<_>>()));
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let found = found.concat();
    let found: Vec<&str> = found.lines().collect();
    let is_missing = |action: &Action| {
        let is_judged = action
            .lookup
            .as_ref()
            .is_some_and(|lookup| lookup.carried_out_when.is_some());
        let name = action.full_name.trim_start_matches("cds.");
        is_judged && !found.contains(&name)
    };
    let actions = Catalog::default().actions().unwrap();
    let missing: Vec<_> = actions
        .iter()
        .filter(|action| is_missing(action))
        .map(|action| &action.full_name)
        .collect();
    assert!(missing.is_empty(), "not tried: {missing:?}");
}
