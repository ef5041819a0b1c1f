//! What loading the catalogue costs: one service, as a script that uses one pays for it, and all of
//! them. The bar for all is 30 ms.

use criterion::{Criterion, criterion_group, criterion_main};
use cumulua_core::catalog::Catalog;

fn loading(criterion: &mut Criterion) {
    criterion.bench_function("load one service", |bencher| {
        bencher.iter(|| {
            Catalog::default()
                .service("cds.ccs")
                .map(|service| service.actions.len())
        });
    });
    criterion.bench_function("load every service", |bencher| {
        bencher.iter(|| Catalog::default().actions().map(|actions| actions.len()));
    });
}

criterion_group!(benches, loading);
criterion_main!(benches);
