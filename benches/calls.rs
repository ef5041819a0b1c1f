//! What a call costs in this process with an answer that arrives at once: through the gate alone,
//! as a line of Lua, and recorded in an audit; and the two steps of it that grow with the
//! parameters.

mod canned;

use criterion::{Criterion, criterion_group, criterion_main};
use cumulua::client::serialize::serialize;
use cumulua::client::validate::validate;
use cumulua::client::value::{Params, Value};
use cumulua::client::{Call, CallOptions};
use cumulua::effect_id::EffectId;
use cumulua::gate::audit::Audit;
use cumulua_core::clock::real_now;
use serde_json::json;
use std::hint::black_box;

const ANSWER: &str = include_str!("canned/tags.json");
const LINE: &str = "cds.ccs.DescribeTags()";

fn gate(criterion: &mut Criterion) {
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("an executor");
    let _entered = executor.enter();
    let gate = canned::gate(ANSWER, None);
    let action = gate
        .catalog()
        .action("cds.ccs.DescribeTags")
        .expect("an Action");
    criterion.bench_function("call, gate alone", |bencher| {
        bencher.iter(|| {
            let call = Call {
                action: action.clone(),
                params: Params::new(),
                content: None,
                options: CallOptions::default(),
            };
            executor
                .block_on(gate.call(call, &EffectId::default()))
                .expect("an answer")
        });
    });
}

fn lua(criterion: &mut Criterion) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let audit = Audit::new(file.path().to_owned());
    let plain = canned::Script::new(|| canned::gate(ANSWER, None), LINE);
    let audited = canned::Script::new(|| canned::gate(ANSWER, Some(audit)), LINE);
    for (name, script) in [
        ("call, line of Lua", plain),
        ("call, line of Lua, audited", audited),
    ] {
        criterion.bench_function(name, |bencher| {
            bencher.iter_custom(|times| {
                let started = real_now();
                script.run(times);
                started.elapsed()
            });
        });
    }
}

fn parameters(criterion: &mut Criterion) {
    let catalog = cumulua_core::catalog::Catalog::default();
    let action = catalog.action("cds.ccs.CreateInstance").expect("an Action");
    let given = json!({
        "RegionId": "CN_Beijing_A", "VdcId": "0bb08ed7-e686-4168-93e5-e0187579753b", "InstanceName": "web", "Cpu": 2, "Ram": 4,
        "InstanceType": "CCS.C3", "Password": "Abc!12345x", "Amount": 1,
    });
    let Value::Object(params) = Value::from(&given) else {
        unreachable!("it is an object")
    };
    criterion.bench_function("validate", |bencher| {
        bencher.iter(|| validate(&action, black_box(params.clone()), false, false).is_ok());
    });
    assert!(
        validate(&action, params.clone(), false, false).is_ok(),
        "the parameters are right"
    );
    criterion.bench_function("serialize", |bencher| {
        bencher.iter(|| serialize(&action, black_box(&params)));
    });
}

criterion_group!(benches, gate, lua, parameters);
criterion_main!(benches);
