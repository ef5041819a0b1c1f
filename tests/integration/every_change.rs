//! Every Action that changes something, through every fault that the simulator has: it is carried
//! out once at most, whatever the caller sees.

use crate::one_cloud::{OneCloud, profiles};
use cumulua::client::command::AccountRef;
use cumulua::client::error::Sent;
use cumulua::client::outcome_probe::OutcomeProbe;
use cumulua::client::paginator::Paginator;
use cumulua::client::value::Value;
use cumulua_core::catalog::{Action, Catalog};
use cumulua_simulator::FaultRule;
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
                assert!(
                    !code.contains("Parameter") && refusal.http_status != 500,
                    "{place}: {failure}"
                );
            }
        }
    }
    assert!(looked > 200, "{looked} lookups");
}
