//! What a key costs at the prompt with every service loaded: completion and the hint. The bar for a
//! completion is 5 ms.

use criterion::{Criterion, criterion_group, criterion_main};
use cumulua::lua::inspect::{InAnswer, Inspected, PathStep};
use cumulua::repl::{Knowledge, complete, hint};
use cumulua_core::catalog::Catalog;
use std::hint::black_box;
use std::path::Path;

/// A session in which nothing but the products is known.
struct Fresh(Catalog);

impl Knowledge for Fresh {
    fn catalog(&self) -> &Catalog {
        &self.0
    }

    fn folder(&self) -> &Path {
        Path::new(".")
    }

    fn profiles(&self) -> Vec<String> {
        Vec::new()
    }

    fn names(&self) -> Vec<(String, String)> {
        self.0
            .products()
            .into_iter()
            .map(|name| (name.clone(), name))
            .collect()
    }

    fn inspect(&self, root: &str, _: &[PathStep]) -> (Inspected, Option<InAnswer>) {
        (Inspected::Catalogue(root.to_owned()), None)
    }
}

fn keys(criterion: &mut Criterion) {
    let fresh = Fresh(Catalog::default());
    let loaded = fresh.0.actions().map(|actions| actions.len());
    assert!(
        loaded.is_ok_and(|count| count > 200),
        "every service is loaded"
    );
    for line in [
        "cds.",
        "cds.ccs.",
        "cds.ccs.CreateInstance { ",
        "cds.ccs.CreateInstance { RegionId = \"",
        "wa",
    ] {
        criterion.bench_function(&format!("complete {line}"), |bencher| {
            bencher.iter(|| complete(black_box(line), &fresh));
        });
    }
    let line = "cds.ccs.CreateInstance { RegionId = \"CN_Beijing_A\", ";
    criterion.bench_function("hint", |bencher| {
        bencher.iter(|| hint(black_box(line), 100, &fresh));
    });
}

criterion_group!(benches, keys);
criterion_main!(benches);
