//! Random sequences of Actions over every service, with parameters from the catalogue and the ids
//! at hand: whatever they are, the account stays whole.

use super::documented::documented;
use super::{TestCloud, advance};
use crate::cloud::ids;
use crate::cloud::kernel::Kernel;
use crate::cloud::money::Wallet;
use crate::cloud::state::Cloud;
use crate::services::billing::BILLING;
use crate::services::ccs::CCS;
use crate::services::registry::SERVICES;
use cumulua_core::catalog::{Action, Kind, KnownValue, Param, Required};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// What stands in every sensitive parameter; nothing that is written down may have it.
const SECRET_MARK: &str = "Mark-0f-a-secret";

/// One call: which Action of which of the sequence's services, and what its parameters follow from.
#[derive(Debug, Clone, Copy)]
struct Move {
    service: u16,
    action: u16,
    seed: u64,
}

fn steps() -> impl Strategy<Value = (Vec<u16>, Vec<Move>)> {
    let step =
        (any::<u16>(), any::<u16>(), any::<u64>()).prop_map(|(service, action, seed)| Move {
            service,
            action,
            seed,
        });
    (
        prop::collection::vec(any::<u16>(), 1..4),
        prop::collection::vec(step, 1..120),
    )
}

/// The same few sequences every time; `PROPTEST_CASES=1000` goes on a search.
fn config() -> ProptestConfig {
    let config = ProptestConfig {
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig {
            cases: 12,
            rng_seed: RngSeed::Fixed(1),
            ..config
        },
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_sequence_of_actions_breaks_the_account((services, steps) in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let _entered = runtime.enter();
        walk(&services, &steps);
    }
}

/// Sequences by chance are spread thin over many services; each gets one of its own.
#[tokio::test(start_paused = true)]
async fn every_service_survives_a_long_walk() {
    for service in 0..u16::try_from(with_actions().len()).unwrap() {
        let step = |number: u64| {
            let random = |purpose: &str| {
                u16::try_from(draw(u64::from(service) << 32 | number, purpose, 1 << 16)).unwrap()
            };
            // One call in four goes to a neighbor.
            let service = if number.is_multiple_of(4) {
                random("service")
            } else {
                0
            };
            Move {
                service,
                action: random("action"),
                seed: u64::from(service) << 32 | number,
            }
        };
        walk(
            &[service, service + 1],
            &(0..120).map(step).collect::<Vec<_>>(),
        );
    }
}

/// The services that can be called.
fn with_actions() -> Vec<&'static str> {
    SERVICES
        .iter()
        .filter(|service| !service.actions().is_empty())
        .map(|service| service.name())
        .collect()
}

fn walk(services: &[u16], steps: &[Move]) {
    let cloud = TestCloud::new();
    let money = money(&cloud.simulator.state().kernel.cloud);
    let mut gone = BTreeSet::new();
    let mut state = cloud.simulator.state_json();
    let all = with_actions();
    for step in steps {
        let service =
            all[usize::from(services[usize::from(step.service) % services.len()]) % all.len()];
        let actions = cloud.catalog.actions_of(service).unwrap();
        // Half of the calls make something, so that there is something for the others.
        let making: Vec<_> = actions
            .iter()
            .filter(|action| makes(action))
            .cloned()
            .collect();
        let actions = if step.action % 2 == 0 && !making.is_empty() {
            making
        } else {
            actions
        };
        take(
            &cloud,
            &actions[usize::from(step.action / 2) % actions.len()],
            step.seed,
            &mut state,
            &mut gone,
        );
        assert_eq!(
            cloud.simulator.state().kernel.problems(),
            Vec::<String>::new(),
            "after {service}"
        );
        assert!(
            cloud.simulator.state().kernel.cloud[CCS]
                .instances
                .is_indexed_right(),
            "the index is stale after {service}"
        );
        let paid = paid(&cloud.simulator.state().kernel.cloud);
        let left = self::money(&cloud.simulator.state().kernel.cloud);
        assert_eq!(
            left.iter()
                .zip(&paid)
                .map(|(left, paid)| left + paid)
                .collect::<Vec<_>>(),
            money,
            "money appeared or vanished"
        );
    }
    cloud.settle();
    assert_eq!(cloud.simulator.state().kernel.cloud.tasks.running(), 0);
    assert_eq!(
        cloud.simulator.state().kernel.problems(),
        Vec::<String>::new(),
        "in the end"
    );
    let saved = cloud.simulator.saved();
    let log = serde_json::to_string(&cloud.simulator.requests()).unwrap();
    assert!(
        !saved.contains(SECRET_MARK) && !log.contains(SECRET_MARK),
        "a secret is written down"
    );
    lists_nothing_gone(&cloud, &gone);
    let mut again = Kernel::parse(SERVICES, &saved).unwrap();
    assert!(
        serde_json::to_string_pretty(&again.cloud).unwrap() == saved.trim_end(),
        "what is read is written otherwise"
    );
    again.begin(cloud.clock.now(), cloud.clock.elapsed());
    assert_eq!(
        cloud.simulator.state().kernel.cloud.addresses,
        again.cloud.addresses,
        "an address is taken that nothing has"
    );
}

fn makes(action: &Action) -> bool {
    ["Create", "Add", "Import", "Bind", "Attach"]
        .iter()
        .any(|verb| action.name.starts_with(verb))
}

/// Makes a call and holds its answer and its traces to what must be true of any.
fn take(
    cloud: &TestCloud,
    action: &Action,
    seed: u64,
    state: &mut Json,
    gone: &mut BTreeSet<String>,
) {
    if draw(seed, "waits", 3) == 0 {
        // Now and then so long that terms end and renew themselves.
        let is_leap = draw(seed, "leap", 20) == 0;
        advance(if is_leap {
            40 * 86_400
        } else {
            draw(seed, "time", 300)
        });
        *state = cloud.simulator.state_json();
    }
    let known = pool(state);
    let params = Json::Object(parameters(action, seed, &known));
    let answer = cloud.ask(&action.full_name, &params);
    let after = cloud.simulator.state_json();
    let told = || {
        format!(
            "{} {params} gave {} {}",
            action.full_name, answer.0, answer.1
        )
    };
    assert!(
        [200, 400, 403, 404, 405, 406, 409, 429].contains(&answer.0),
        "{}",
        told()
    );
    let is_done =
        answer.0 == 200 && ["success", "ok"].contains(&answer.code().to_lowercase().as_str());
    if is_done {
        documented(action, &answer.1);
    }
    if !is_done || action.read_only {
        // An id that was drawn for nothing is no trace.
        state["ids"] = after["ids"].clone();
        assert!(*state == after, "{} left a trace", told());
    }
    let present: BTreeSet<String> = pool(&after).into_iter().map(|(_, id)| id).collect();
    gone.extend(
        known
            .into_iter()
            .map(|(_, id)| id)
            .filter(|id| !present.contains(id)),
    );
    gone.retain(|id| !present.contains(id));
    *state = after;
}

/// Asks every Action that lists without being told of what.
fn lists_nothing_gone(cloud: &TestCloud, gone: &BTreeSet<String>) {
    for action in cloud.catalog.actions().unwrap() {
        let needs_nothing = action
            .params
            .iter()
            .all(|param| param.required != Required::Yes)
            && action.one_of.is_empty();
        // A bill tells of what there was.
        let lists = action.read_only
            && action.paginator.is_some()
            && action.service.service != "cds.billing";
        if !lists || !needs_nothing {
            continue;
        }
        let answer = cloud.ask(&action.full_name, &json!({}));
        if answer.0 == 200 {
            let text = answer.1.to_string();
            let listed = gone.iter().find(|id| text.contains(&format!("\"{id}\"")));
            assert_eq!(listed, None, "{} lists what is gone", action.full_name);
        }
    }
}

fn wallets(cloud: &Cloud) -> Vec<Wallet> {
    let state = serde_json::to_value(cloud).unwrap();
    let wallet = |value: &Json| serde_json::from_value::<Wallet>(value.clone()).ok();
    [state.get("wallet"), state["mcs"].get("wallet")]
        .into_iter()
        .flatten()
        .filter_map(wallet)
        .collect()
}

/// What the accounts have, and the trial credits together.
fn money(cloud: &Cloud) -> Vec<i64> {
    let credits = cloud[BILLING]
        .credits
        .iter()
        .map(|credit| credit.balance.in_cents())
        .sum();
    wallets(cloud)
        .iter()
        .map(|wallet| wallet.balance.in_cents())
        .chain([credits])
        .collect()
}

/// What they have paid.
fn paid(cloud: &Cloud) -> Vec<i64> {
    let of = |wallet: &Wallet, by_credit: bool| -> i64 {
        let kept = wallet
            .charges
            .iter()
            .filter(|charge| !charge.refunded && charge.credit.is_some() == by_credit);
        kept.map(|charge| charge.amount.in_cents()).sum()
    };
    let metered: i64 = cloud[BILLING]
        .past_uses
        .iter()
        .map(|metered| metered.credited.in_cents())
        .sum();
    wallets(cloud)
        .iter()
        .map(|wallet| of(wallet, false))
        .chain([of(&cloud.wallet, true) + metered])
        .collect()
}

/// The ids of all resources, each with the names of the lists that it stands in.
fn pool(state: &Json) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (service, lists) in state
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| !["ids", "wallet", "tasks"].contains(&name.as_str()))
    {
        collect(service, lists, &mut found);
    }
    for task in state["tasks"].as_array().unwrap() {
        found.push(("tasks".to_owned(), task["id"].as_str().unwrap().to_owned()));
    }
    found
}

fn collect(path: &str, value: &Json, found: &mut Vec<(String, String)>) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| collect(path, item, found)),
        Json::Object(fields) => {
            if let Some(id) = fields.get("id").and_then(Json::as_str) {
                found.push((path.to_owned(), id.to_owned()));
            }
            for (name, value) in fields {
                collect(&format!("{path}.{name}"), value, found);
            }
        }
        _ => {}
    }
}

fn draw(seed: u64, purpose: &str, most: u64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "small numbers"
    )]
    let drawn = (ids::fraction(seed, purpose, 0) * most as f64) as u64;
    drawn.min(most.saturating_sub(1))
}

fn pick<'a, T>(seed: u64, purpose: &str, items: &'a [T]) -> Option<&'a T> {
    items.get(usize::try_from(draw(seed, purpose, items.len() as u64)).unwrap())
}

/// The document's example, or what the catalogue allows, with ids that are there.
fn parameters(action: &Action, seed: u64, known: &[(String, String)]) -> Map<String, Json> {
    let mut given = Map::new();
    let example = action
        .example
        .as_object()
        .filter(|_| draw(seed, "example", 10) < 7);
    for param in &action.params {
        let value = example.and_then(|example| example.get(&param.name));
        let purpose = format!("{} {}", action.full_name, param.name);
        let wants =
            param.required == Required::Yes || draw(seed, &format!("{purpose} given"), 10) < 3;
        match value {
            // Now and then something else than the example.
            Some(value) if draw(seed, &format!("{purpose} changed"), 10) < 8 => {
                given.insert(
                    param.name.clone(),
                    lifelike(action, param, value, seed, known),
                );
            }
            None if example.is_some() && param.required != Required::Yes => {}
            _ if wants => {
                given.insert(
                    param.name.clone(),
                    invented(action, param, seed, &purpose, known),
                );
            }
            _ => {}
        }
    }
    given
}

/// An example with ids that are there in place of the document's.
fn lifelike(
    action: &Action,
    param: &Param,
    value: &Json,
    seed: u64,
    known: &[(String, String)],
) -> Json {
    match value {
        _ if param.sensitive => marked(param),
        Json::Object(fields) => {
            let inner = |(name, value): (&String, &Json)| {
                let own = param.fields.iter().find(|field| field.name == *name);
                (
                    name.clone(),
                    own.map_or_else(
                        || value.clone(),
                        |own| lifelike(action, own, value, seed, known),
                    ),
                )
            };
            Json::Object(fields.iter().map(inner).collect())
        }
        Json::Array(items) => {
            let item = |(at, value): (usize, &Json)| match value {
                Json::String(_) => id_for(action, &param.name, seed.wrapping_add(at as u64), known)
                    .map_or_else(|| value.clone(), Json::from),
                other => lifelike(action, param, other, seed, known),
            };
            items.iter().enumerate().map(item).collect()
        }
        // The numbers of a table, as the zones, are no ids of resources.
        Json::String(_) if param.table.is_none() => {
            id_for(action, &param.name, seed, known).map_or_else(|| value.clone(), Json::from)
        }
        other => other.clone(),
    }
}

fn marked(param: &Param) -> Json {
    match param.kind {
        Kind::List => json!([SECRET_MARK]),
        _ => SECRET_MARK.into(),
    }
}

/// An id that is there and that the parameter may mean, if its name says that it is one.
fn id_for(action: &Action, name: &str, seed: u64, known: &[(String, String)]) -> Option<String> {
    // Now and then one that is not there, or of something else.
    if draw(seed, &format!("{name} odd"), 20) == 0 {
        return pick(seed, name, known).map(|(_, id)| id.clone());
    }
    let stem = name
        .trim_end_matches("List")
        .trim_end_matches('s')
        .strip_suffix("Id")
        .or_else(|| name.strip_suffix("ID"))?;
    let words = [
        stem.to_lowercase(),
        stem.trim_start_matches(|c: char| c.is_lowercase())
            .to_lowercase(),
    ];
    let service = action
        .service
        .service
        .rsplit('.')
        .next()
        .unwrap_or_default();
    let fits = |(path, _): &&(String, String)| {
        let last = path.rsplit('.').next().unwrap_or_default().replace('_', "");
        words.iter().any(|word| {
            !word.is_empty()
                && (last.contains(word.as_str()) || word.contains(last.trim_end_matches('s')))
        })
    };
    let own: Vec<_> = known
        .iter()
        .filter(fits)
        .filter(|(path, _)| path.starts_with(service))
        .collect();
    let any: Vec<_> = known.iter().filter(fits).collect();
    pick(seed, name, &own)
        .or_else(|| pick(seed, name, &any))
        .map(|(_, id)| id.clone())
}

/// A value that the catalogue allows.
fn invented(
    action: &Action,
    param: &Param,
    seed: u64,
    purpose: &str,
    known: &[(String, String)],
) -> Json {
    if param.sensitive {
        return marked(param);
    }
    let values: Vec<&Json> = param
        .values
        .iter()
        .chain(&param.known_values)
        .map(KnownValue::value)
        .collect();
    let table = param
        .table
        .as_ref()
        .and_then(|name| action.product.tables.get(name));
    let in_table = table
        .and_then(|table| pick(seed, purpose, &table.values))
        .map(|known| known.value.clone());
    if let Some(value) = pick(seed, purpose, &values)
        .map(|value| (*value).clone())
        .or(in_table)
    {
        return if param.kind == Kind::List {
            json!([value])
        } else {
            value
        };
    }
    match param.kind {
        Kind::Object => object(action, &param.fields, seed, purpose, known),
        Kind::List if !param.fields.is_empty() => {
            json!([object(action, &param.fields, seed, purpose, known)])
        }
        Kind::List => json!([text(action, param, seed, purpose, known)]),
        Kind::Integer | Kind::Number => {
            #[expect(clippy::cast_possible_truncation, reason = "limits are small")]
            let (least, most) = (
                param.min.unwrap_or(0.0) as i64,
                param.max.unwrap_or(500.0) as i64,
            );
            let span = u64::try_from(most.saturating_sub(least))
                .unwrap_or(0)
                .min(1000)
                + 1;
            let number = least + i64::try_from(draw(seed, purpose, span)).unwrap();
            #[expect(clippy::cast_possible_truncation, reason = "limits are small")]
            let step = param.multiple_of.map_or(1, |step| step as i64).max(1);
            json!(number / step * step)
        }
        Kind::Boolean => json!(draw(seed, purpose, 2) == 1),
        Kind::Map => json!({}),
        Kind::String | Kind::Any | Kind::File => text(action, param, seed, purpose, known).into(),
    }
}

fn object(
    action: &Action,
    params: &[Param],
    seed: u64,
    purpose: &str,
    known: &[(String, String)],
) -> Json {
    let wanted = params.iter().filter(|param| {
        param.required == Required::Yes || draw(seed, &format!("{purpose} {}", param.name), 2) == 1
    });
    let made = |param: &Param| {
        (
            param.name.clone(),
            invented(
                action,
                param,
                seed,
                &format!("{purpose} {}", param.name),
                known,
            ),
        )
    };
    Json::Object(wanted.map(made).collect())
}

fn text(
    action: &Action,
    param: &Param,
    seed: u64,
    purpose: &str,
    known: &[(String, String)],
) -> String {
    if let Some(id) = id_for(action, &param.name, seed, known) {
        return id;
    }
    match param.format.as_deref() {
        Some("ipv4") => format!("10.240.192.{}", draw(seed, purpose, 256)),
        Some("cidr") => format!("10.{}.0.0/24", draw(seed, purpose, 256)),
        Some("base64") => "c2VjcmV0".to_owned(),
        _ => match param.example.as_ref().and_then(Json::as_str) {
            Some(example) if draw(seed, purpose, 2) == 0 => example.to_owned(),
            _ => format!("{}{}", param.name.to_lowercase(), draw(seed, purpose, 5)),
        },
    }
}
