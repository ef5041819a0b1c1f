//! A cron expression is refused, or names times that come in order and that it matches.
#![no_main]

use cumulua::schedule::cron::Expression;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::fuzz_target;

const ZONES: [&str; 4] = [
    "UTC",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/St_Johns",
];

fuzz_target!(|text: &str| {
    let Ok(expression) = Expression::parse(text) else {
        return;
    };
    let again = Expression::parse(expression.as_str()).expect("an expression");
    assert_eq!(again, expression);
    let _ = expression.lints();
    let pattern = expression.pattern();
    // Another year for another text, so that leap years and changes of clocks come up.
    let hash = text.bytes().fold(7_i64, |hash, byte| (hash * 31 + i64::from(byte)) % 4_000_000_000);
    for zone in ZONES {
        let zone = TimeZone::get(zone).expect("a zone");
        let mut before = Timestamp::from_second(hash).expect("a time");
        for _ in 0..3 {
            let Some(next) = pattern.next(before, &zone) else {
                break;
            };
            assert!(next > before, "{next} is not after {before}");
            let behind = next.saturating_add(SignedDuration::from_nanos(1)).expect("a time");
            // A time that a change of clocks skips fires at the change.
            let change = zone.preceding(behind).next();
            let is_change = change.is_some_and(|change| change.timestamp() == next);
            let is_named = pattern.names(zone.to_datetime(next));
            assert!(is_change || is_named, "{next} is not named");
            before = next;
        }
    }
});
