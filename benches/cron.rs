//! What the next firing of a cron expression costs, in UTC and where clocks change.

use criterion::{Criterion, criterion_group, criterion_main};
use cumulua::schedule::cron::Expression;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::hint::black_box;

fn next(criterion: &mut Criterion) {
    let after: Timestamp = "2026-03-29T00:30:00Z".parse().expect("a time");
    for text in [
        "*/15 * * * *",
        "30 2 * * *",
        "0 0 29 2 *",
        "0 */5 9-17 * * MON-FRI",
    ] {
        let pattern = Expression::parse(text).expect("an expression").pattern();
        for zone in ["UTC", "Europe/Berlin"] {
            let zone = TimeZone::get(zone).expect("a zone");
            let name = format!("next of {text} in {}", zone.iana_name().unwrap_or_default());
            criterion.bench_function(&name, |bencher| {
                bencher.iter(|| pattern.next(black_box(after), &zone));
            });
        }
    }
}

criterion_group!(benches, next);
criterion_main!(benches);
