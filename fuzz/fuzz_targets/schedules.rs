//! A schedule file is refused with a place that the text has, or has schedules whose firings come
//! in order.
#![no_main]

use cumulua::schedule::file::{FileError, ScheduleFile};
use cumulua::schedule::lint::lints;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|text: &str| {
    let now = Timestamp::constant(1_764_500_000, 0);
    match ScheduleFile::parse(Path::new("schedules.toml"), text) {
        Ok(file) => {
            for schedule in &file.schedules {
                let mut before = None;
                for firing in schedule.timing.firings(now).take(5) {
                    assert!(firing.at > now && firing.due >= firing.at, "{firing:?}");
                    assert!(before.is_none_or(|before| before < firing), "{firing:?}");
                    before = Some(firing);
                }
                let _ = schedule.timing.fingerprint();
            }
            let lines = text.lines().count();
            for (line, what) in lints(&file, now) {
                assert!(line >= 1 && line <= lines, "{line}: {what}");
            }
        }
        Err(FileError::Malformed {
            line, column, span, ..
        }) => {
            assert!(line >= 1 && line <= text.matches('\n').count() + 1, "{line}");
            assert!(column >= 1, "{column}");
            assert!(text.get(span).is_some(), "the place is in the text");
        }
        Err(FileError::Unreadable { .. }) => unreachable!("no file is read"),
    }
});
