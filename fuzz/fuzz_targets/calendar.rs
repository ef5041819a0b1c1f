//! An iCalendar file is refused with a sentence, or has spans that end after they begin.
#![no_main]

use cumulua::schedule::calendar::ics;
use cumulua::schedule::value::Zone;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

const ZONES: [&str; 3] = ["UTC", "Europe/Berlin", "Australia/Lord_Howe"];

fuzz_target!(|text: &str| {
    let now = Timestamp::constant(1_764_500_000, 0);
    for zone in ZONES {
        let zone = Zone::parse(zone).expect("a zone");
        match ics::spans(text, &zone, now) {
            Ok(spans) => {
                for (start, end) in spans {
                    assert!(start <= end, "{start} is after {end}");
                }
            }
            Err(problem) => assert!(problem.starts_with("it"), "{problem}"),
        }
    }
});
