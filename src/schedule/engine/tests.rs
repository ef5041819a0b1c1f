//! Every policy, on a clock that the tests hold.

use super::{Cause, Decision, Engine, MissCause, Outcome, PreviousAttempt, Reason, ScheduleState};
use crate::schedule::file::ScheduleFile;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// A second of the minute at which every test begins.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_792_800_000 + second).unwrap()
}

pub(super) fn file(text: &str) -> ScheduleFile {
    ScheduleFile::parse(Path::new("schedules.toml"), text).unwrap()
}

/// A schedule of every minute with these lines beside.
fn minutely(lines: &str) -> ScheduleFile {
    file(&format!(
        "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\n{lines}"
    ))
}

fn engine(file: &ScheduleFile) -> Engine {
    Engine::new(file, &HashMap::new(), at(0))
}

/// An engine of a server that begins at `now`, where firings up to `handled` are decided.
fn restarted(file: &ScheduleFile, handled: i64, now: i64) -> (Engine, Vec<String>) {
    let fingerprint = file.schedules[0].timing.fingerprint();
    let known = ScheduleState {
        fingerprint,
        handled: at(handled),
        ..ScheduleState::default()
    };
    let mut engine = Engine::new(file, &HashMap::from([("a".to_owned(), known)]), at(now));
    let decisions = engine.tick(at(now), MissCause::NotRunning);
    (engine, describe(decisions))
}

/// Decisions as short lines, with seconds since the tests' beginning.
pub(super) fn describe(decisions: Vec<Decision>) -> Vec<String> {
    let seconds = |time: Timestamp| time.as_second() - at(0).as_second();
    let line = |decision| match decision {
        Decision::Start(attempt) if attempt.number > 1 => {
            format!("start {} attempt {}", seconds(attempt.at), attempt.number)
        }
        Decision::Start(attempt) => {
            format!("start {} {}", seconds(attempt.at), attempt.cause.as_str())
        }
        Decision::Wait(attempt, _) => format!("wait {}", seconds(attempt.at)),
        Decision::Miss(miss) => match miss.several {
            Some((first, count)) => format!(
                "miss {} to {}, {count}: {}",
                seconds(first),
                seconds(miss.at),
                word(&miss.reason)
            ),
            None => format!("miss {}: {}", seconds(miss.at), word(&miss.reason)),
        },
        Decision::End(attempt) => format!("end {}: Replaced", seconds(attempt.at)),
        Decision::Retry(attempt, time) => {
            format!("retry {} at {}", seconds(attempt.at), seconds(time))
        }
        Decision::GiveUp(attempt, reason) => format!(
            "give up {} attempt {}: {}",
            seconds(attempt.at),
            attempt.number,
            word(&reason)
        ),
        Decision::Notify(notice) if notice.firings > 1 => {
            format!(
                "notify {} {} of {}",
                seconds(notice.attempt.at),
                notice.event.as_str(),
                notice.firings
            )
        }
        Decision::Notify(notice) => format!(
            "notify {} {}",
            seconds(notice.attempt.at),
            notice.event.as_str()
        ),
    };
    // Events without a notifier are only counted.
    let is_notified = |decision: &Decision| match decision {
        Decision::Notify(notice) => {
            let notify = notice.attempt.schedule.notify.as_ref();
            notify.is_some_and(|notify| notify.on.contains(&notice.event))
        }
        _ => true,
    };
    decisions
        .into_iter()
        .filter(is_notified)
        .map(line)
        .collect()
}

/// A reason without what differs from case to case.
fn word(reason: &Reason) -> String {
    match reason {
        Reason::Overlap(_) => "Overlap".to_owned(),
        Reason::Paused(_) => "Paused".to_owned(),
        Reason::Blocked(_) => "Blocked".to_owned(),
        Reason::NotFollowed(_) => "NotFollowed".to_owned(),
        other => format!("{other:?}"),
    }
}

pub(super) fn tick(engine: &mut Engine, second: i64) -> Vec<String> {
    describe(engine.tick(at(second), MissCause::Busy))
}

pub(super) fn ended(
    engine: &mut Engine,
    firing: i64,
    outcome: Outcome,
    second: i64,
) -> Vec<String> {
    describe(engine.ended("a", at(firing), outcome, at(second)))
}

/// The first attempt for second 60, of a server before.
pub(super) fn first(name: &str) -> PreviousAttempt<'_> {
    PreviousAttempt {
        name,
        at: at(60),
        number: 1,
        cause: Cause::Schedule,
    }
}

#[test]
fn a_firing_starts_at_its_time_and_not_before() {
    let mut engine = engine(&minutely(""));
    assert_eq!(engine.next_due(), Some(at(60)));
    assert!(tick(&mut engine, 59).is_empty());
    assert_eq!(tick(&mut engine, 60), ["start 60 schedule"]);
    assert!(tick(&mut engine, 61).is_empty());
    assert_eq!(engine.next_due(), Some(at(120)));
}

#[test]
fn skip_leaves_a_firing_out_while_the_run_goes_on() {
    let mut engine = engine(&minutely(""));
    assert_eq!(tick(&mut engine, 60), ["start 60 schedule"]);
    assert_eq!(tick(&mut engine, 120), ["miss 120: Overlap"]);
    assert!(ended(&mut engine, 60, Outcome::Done, 130).is_empty());
    assert_eq!(tick(&mut engine, 180), ["start 180 schedule"]);
}

#[test]
fn queue_lets_firings_wait_in_order_up_to_a_number() {
    let mut engine = engine(&minutely("overlap = 'queue'"));
    tick(&mut engine, 60);
    assert_eq!(tick(&mut engine, 120), ["wait 120"]);
    assert_eq!(tick(&mut engine, 180), ["wait 180"]);
    assert_eq!(
        ended(&mut engine, 60, Outcome::Failed, 190),
        ["start 120 schedule"]
    );
    assert_eq!(
        ended(&mut engine, 120, Outcome::Done, 200),
        ["start 180 schedule"]
    );
    for minute in 4..104 {
        assert_eq!(
            tick(&mut engine, minute * 60),
            [format!("wait {}", minute * 60)]
        );
    }
    assert_eq!(tick(&mut engine, 104 * 60), ["miss 6240: QueueFull"]);
}

#[test]
fn cancel_ends_the_run_and_starts_once_it_has_ended() {
    let mut engine = engine(&minutely("overlap = 'cancel'"));
    tick(&mut engine, 60);
    assert_eq!(tick(&mut engine, 120), ["end 60: Replaced", "wait 120"]);
    assert_eq!(
        tick(&mut engine, 180),
        ["miss 120: Superseded", "wait 180"],
        "it is asked to end once"
    );
    assert_eq!(
        ended(&mut engine, 60, Outcome::Ended, 190),
        ["start 180 schedule"]
    );
}

#[test]
fn allow_runs_both() {
    let mut engine = engine(&minutely("overlap = 'allow'"));
    tick(&mut engine, 60);
    assert_eq!(tick(&mut engine, 120), ["start 120 schedule"]);
    assert!(ended(&mut engine, 60, Outcome::Done, 130).is_empty());
    assert_eq!(engine.load(), (1, 0));
}

#[test]
fn without_catch_up_a_missed_firing_is_notified_and_does_not_run() {
    let (_, decisions) = restarted(&minutely(""), 0, 200);
    let late = "TooLate(NotRunning)";
    assert_eq!(
        decisions,
        [
            format!("miss 60: {late}"),
            format!("miss 120: {late}"),
            format!("miss 180: {late}")
        ]
    );
}

#[test]
fn a_firing_seen_within_ten_seconds_is_on_time() {
    let (_, decisions) = restarted(&minutely(""), 0, 130);
    assert_eq!(
        decisions,
        ["miss 60: TooLate(NotRunning)", "start 120 schedule"]
    );
}

#[test]
fn catch_up_runs_the_latest_of_those_that_are_young_enough() {
    let (_, decisions) = restarted(&minutely("catch_up = '100s'"), 0, 200);
    assert_eq!(
        decisions,
        [
            "miss 60: TooLate(NotRunning)",
            "miss 120: Superseded",
            "start 180 catch_up"
        ]
    );
}

#[test]
fn catch_up_runs_none_where_the_next_one_is_just_due() {
    let (_, decisions) = restarted(&minutely("catch_up = '1h'"), 0, 180);
    assert_eq!(
        decisions,
        [
            "miss 60: Superseded",
            "miss 120: Superseded",
            "start 180 schedule"
        ]
    );
}

#[test]
fn catch_up_of_all_runs_them_in_order() {
    let lines = "catch_up = { within = '1h', runs = 'all' }\noverlap = ";
    let (mut engine, decisions) = restarted(&minutely(&format!("{lines}'queue'")), 0, 190);
    assert_eq!(decisions, ["start 60 catch_up", "wait 120", "wait 180"]);
    assert_eq!(
        describe(engine.ended("a", at(60), Outcome::Done, at(195))),
        ["start 120 catch_up"]
    );
    for overlap in ["skip", "cancel"] {
        let file = minutely(&format!("{lines}'{overlap}'"));
        let (mut engine, decisions) = restarted(&file, 0, 191);
        assert_eq!(decisions, ["start 60 catch_up", "wait 120", "wait 180"]);
        // The present one waits for them, and is overlapped with as ever.
        assert_eq!(tick(&mut engine, 240), ["wait 240"]);
        ended(&mut engine, 60, Outcome::Done, 241);
        ended(&mut engine, 120, Outcome::Done, 242);
        assert_eq!(
            ended(&mut engine, 180, Outcome::Done, 243),
            ["start 240 schedule"]
        );
        let next = tick(&mut engine, 300);
        let expected: &[&str] = if overlap == "skip" {
            &["miss 300: Overlap"]
        } else {
            &["end 240: Replaced", "wait 300"]
        };
        assert_eq!(next, expected);
    }
}

#[test]
fn a_week_of_missed_firings_shares_a_row_but_for_the_latest() {
    let (_, decisions) = restarted(&minutely(""), 0, 7 * 24 * 3600 + 30);
    assert_eq!(decisions.len(), 1001);
    assert_eq!(decisions[0], "miss 60 to 544800, 9080: TooLate(NotRunning)");
    assert_eq!(decisions[1], "miss 544860: TooLate(NotRunning)");
    assert_eq!(decisions[1000], "miss 604800: TooLate(NotRunning)");
}

#[test]
fn a_clock_that_jumps_ahead_leaves_missed_firings() {
    let mut engine = engine(&minutely(""));
    tick(&mut engine, 10);
    assert_eq!(
        describe(engine.tick(at(150), MissCause::ClockJump)),
        [
            "miss 60: TooLate(ClockJump)",
            "miss 120: TooLate(ClockJump)"
        ]
    );
}

/// A schedule of a fixed time, two minutes after the tests' beginning.
fn fixed() -> ScheduleFile {
    file("[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '2 0 * * *'")
}

#[test]
fn what_follows_the_clock_fires_again_once_it_is_set_back() {
    for text in ["every = '1m'", "cron = '* * * * *'", "cron = '*/1 0 * * *'"] {
        let file = file(&format!(
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\n{text}"
        ));
        for back in [4, 30, 60, 3600, 3 * 3600] {
            let mut engine = engine(&file);
            let noon = 12 * 3600;
            // Only one of these expressions fires at noon.
            let start = if text.contains(" 0 ") { 600 } else { noon };
            engine.tick(at(start - 1), MissCause::Busy);
            assert_eq!(tick(&mut engine, start).len(), 1, "{text}");
            ended(&mut engine, start, Outcome::Done, start + 1);
            let now = start + 1 - back;
            assert!(tick(&mut engine, now).is_empty(), "{text}: nothing at once");
            let next = engine.next_due().unwrap().as_second() - at(0).as_second();
            if now >= 0 {
                assert!(next > now && next <= now + 60, "{text}, {back}: {next}");
                assert_eq!(tick(&mut engine, next), [format!("start {next} schedule")]);
            }
        }
    }
}

#[test]
fn what_names_a_fixed_time_fires_once_for_it_though_the_clock_is_set_back() {
    let mut engine = engine(&fixed());
    assert_eq!(tick(&mut engine, 120), ["start 120 schedule"]);
    ended(&mut engine, 120, Outcome::Done, 121);
    for second in [60, 120, 121, 3600] {
        assert!(tick(&mut engine, second).is_empty(), "{second}");
    }
    let day = 24 * 3600;
    assert_eq!(
        tick(&mut engine, day + 120),
        [format!("start {} schedule", day + 120)]
    );
}

#[test]
fn a_firing_that_still_goes_on_when_its_time_comes_again_is_left_to_it() {
    for overlap in ["skip", "queue", "allow", "cancel"] {
        let mut engine = engine(&minutely(&format!("overlap = '{overlap}'")));
        assert_eq!(tick(&mut engine, 60), ["start 60 schedule"]);
        assert!(tick(&mut engine, 30).is_empty());
        assert!(tick(&mut engine, 60).is_empty(), "{overlap}");
        ended(&mut engine, 60, Outcome::Done, 61);
        assert_eq!(tick(&mut engine, 120), ["start 120 schedule"]);
    }
}

#[test]
fn a_retry_comes_after_its_pause_though_the_clock_is_set_back() {
    let mut engine = engine(&minutely("retries = { count = 1, delay = '10s' }"));
    tick(&mut engine, 60);
    assert_eq!(
        ended(&mut engine, 60, Outcome::Failed, 61),
        ["retry 60 at 71"]
    );
    tick(&mut engine, 62);
    assert!(tick(&mut engine, 2).is_empty());
    assert_eq!(tick(&mut engine, 11), ["start 60 attempt 2"]);
}

#[test]
fn a_server_that_starts_after_the_clock_was_set_back_goes_by_the_same_rule() {
    let (mut engine, decided) = restarted(&minutely(""), 600, 90);
    assert!(decided.is_empty());
    assert_eq!(tick(&mut engine, 120), ["start 120 schedule"]);
    let (mut engine, decided) = restarted(&fixed(), 120, 60);
    assert!(decided.is_empty() && tick(&mut engine, 120).is_empty());
    // A clock that was a day ahead was wrong: its firings count for nothing.
    let (mut engine, _) = restarted(&fixed(), 24 * 3600 + 120, 60);
    assert_eq!(tick(&mut engine, 120), ["start 120 schedule"]);
}

#[test]
fn what_comes_again_is_marked_so() {
    let mut engine = engine(&minutely(""));
    let marks = |decisions: Vec<Decision>| {
        let mark = |decision| match decision {
            Decision::Start(attempt) => attempt.is_repeated,
            other => panic!("{other:?}"),
        };
        decisions.into_iter().map(mark).collect::<Vec<_>>()
    };
    assert_eq!(marks(engine.tick(at(60), MissCause::Busy)), [false]);
    ended(&mut engine, 60, Outcome::Done, 61);
    engine.tick(at(30), MissCause::ClockJump);
    assert_eq!(marks(engine.tick(at(60), MissCause::Busy)), [true]);
    ended(&mut engine, 60, Outcome::Done, 61);
    assert_eq!(marks(engine.tick(at(120), MissCause::Busy)), [false]);
}

#[test]
fn what_comes_again_is_marked_so_by_the_next_server_too() {
    let file = minutely("");
    // Second 60 has come again already, and 120 has not.
    let known = ScheduleState {
        fingerprint: file.schedules[0].timing.fingerprint(),
        handled: at(60),
        ahead: Some(at(120)),
        ..ScheduleState::default()
    };
    let mut engine = Engine::new(&file, &HashMap::from([("a".to_owned(), known)]), at(61));
    for (second, is_repeated) in [(120, true), (180, false)] {
        let decisions = engine.tick(at(second), MissCause::Busy);
        let [Decision::Start(attempt)] = &decisions[..] else {
            panic!("{:?}", describe(decisions));
        };
        assert_eq!(attempt.is_repeated, is_repeated);
        ended(&mut engine, second, Outcome::Done, second + 1);
    }
}

#[test]
fn a_clock_that_was_far_ahead_is_forgiven_and_one_that_is_adjusted_fires_nothing_again() {
    let mut engine = engine(&minutely(""));
    assert_eq!(tick(&mut engine, 60), ["start 60 schedule"]);
    ended(&mut engine, 60, Outcome::Done, 61);
    assert!(tick(&mut engine, 59).is_empty() && tick(&mut engine, 60).is_empty());
    let year = 365 * 24 * 3600;
    engine.tick(at(year), MissCause::ClockJump);
    assert!(tick(&mut engine, 150).is_empty());
    assert_eq!(engine.next_due(), Some(at(180)));
}

#[test]
fn a_failed_run_is_repeated_with_growing_pauses_and_notified_once_at_the_end() {
    let text = "retries = { count = 2, delay = '5s', backoff = 3 }\nnotify = { webhook = 'https://pager.example/x' }";
    let mut engine = engine(&minutely(text));
    tick(&mut engine, 60);
    assert_eq!(
        ended(&mut engine, 60, Outcome::Failed, 61),
        ["retry 60 at 66"]
    );
    assert!(tick(&mut engine, 65).is_empty());
    assert_eq!(tick(&mut engine, 66), ["start 60 attempt 2"]);
    assert_eq!(
        ended(&mut engine, 60, Outcome::Failed, 67),
        ["retry 60 at 82"]
    );
    assert_eq!(tick(&mut engine, 82), ["start 60 attempt 3"]);
    assert_eq!(
        ended(&mut engine, 60, Outcome::Failed, 83),
        ["notify 60 failure"]
    );
    assert_eq!(tick(&mut engine, 120), ["start 120 schedule"]);
    assert_eq!(
        ended(&mut engine, 120, Outcome::Done, 121),
        ["notify 120 recovery"]
    );
    tick(&mut engine, 180);
    assert!(
        ended(&mut engine, 180, Outcome::Done, 181).is_empty(),
        "one recovery is notified once"
    );
}

#[test]
fn a_firing_that_waits_for_its_retry_still_counts_as_running() {
    let mut engine = engine(&minutely("retries = { count = 1, delay = '90s' }"));
    tick(&mut engine, 60);
    ended(&mut engine, 60, Outcome::Failed, 61);
    assert_eq!(tick(&mut engine, 120), ["miss 120: Overlap"]);
    assert_eq!(tick(&mut engine, 151), ["start 60 attempt 2"]);
}

#[test]
fn lateness_is_notified_where_it_is_asked_for() {
    let lines = "catch_up = '1h'\nnotify = { on = ['late', 'missed'], webhook = 'https://pager.example/x', late_after = '30s' }";
    let (_, decisions) = restarted(&minutely(lines), 0, 119);
    assert_eq!(decisions, ["start 60 catch_up", "notify 60 late"]);
    let (_, decisions) = restarted(&minutely(&lines.replace("catch_up = '1h'", "")), 0, 119);
    assert_eq!(
        decisions,
        ["miss 60: TooLate(NotRunning)", "notify 60 missed"]
    );
}

#[test]
fn a_day_of_missed_firings_is_notified_once() {
    let lines = "notify = { on = ['late', 'missed'], webhook = 'https://pager.example/x' }";
    let (_, decisions) = restarted(&minutely(lines), 0, 24 * 3600 + 30);
    let notices: Vec<_> = decisions
        .iter()
        .filter(|decision| decision.starts_with("notify"))
        .collect();
    assert_eq!(notices, ["notify 86400 missed of 1440"]);
    let all = format!("{lines}\ncatch_up = {{ within = '10m', runs = 'all' }}\noverlap = 'allow'");
    let (_, decisions) = restarted(&minutely(&all), 0, 24 * 3600 + 30);
    let notices: Vec<_> = decisions
        .iter()
        .filter(|decision| decision.starts_with("notify"))
        .collect();
    assert_eq!(
        notices,
        ["notify 85800 missed of 1430", "notify 86340 late of 9"]
    );
}

#[test]
fn what_is_too_old_to_be_caught_up_shares_a_row_also_where_all_are() {
    let (_, decisions) = restarted(
        &minutely("catch_up = { within = '10m', runs = 'all' }\noverlap = 'allow'"),
        0,
        7 * 24 * 3600 + 30,
    );
    assert_eq!(decisions.len(), 1001);
    assert_eq!(
        decisions
            .iter()
            .filter(|decision| decision.starts_with("start"))
            .count(),
        10
    );
}

#[test]
fn a_retry_outlives_its_server_as_long_as_catch_up_lets_it() {
    let retrying = |lines: &str| {
        let notify = "notify = { webhook = 'https://pager.example/x' }";
        minutely(&format!(
            "retries = {{ count = 2, delay = '90s' }}\n{notify}\n{lines}"
        ))
    };
    let file = retrying("");
    let mut engine = engine(&file);
    tick(&mut engine, 60);
    assert_eq!(
        ended(&mut engine, 60, Outcome::Failed, 61),
        ["retry 60 at 151"]
    );
    engine.end();
    assert!(
        !tick(&mut engine, 160)
            .iter()
            .any(|decision| decision.starts_with("start"))
    );
    let take_over = |engine: &mut Engine, now: i64| {
        engine
            .take_over_retry(&first("a"), at(151), at(now))
            .map(describe)
    };
    let (mut engine, _) = restarted(&file, 120, 140);
    assert_eq!(take_over(&mut engine, 140), Some(vec![]));
    assert_eq!(tick(&mut engine, 151), ["start 60 attempt 2"]);
    let (mut engine, _) = restarted(&file, 180, 200);
    assert_eq!(
        take_over(&mut engine, 200).unwrap(),
        [
            "give up 60 attempt 1: TooLate(NotRunning)",
            "notify 60 failure"
        ]
    );
    let (mut engine, _) = restarted(&retrying("catch_up = '1h'"), 180, 200);
    assert_eq!(take_over(&mut engine, 200), Some(vec![]));
    assert_eq!(tick(&mut engine, 200), ["start 60 attempt 2"]);
    assert_eq!(
        engine
            .take_over_retry(&first("b"), at(151), at(200))
            .map(describe),
        None
    );
}

#[test]
fn the_end_of_a_run_that_its_server_has_not_seen_means_to_the_next_what_it_would_have_meant_to_that()
 {
    let lines = "notify = { webhook = 'https://pager.example/x' }";
    let (mut engine, _) = restarted(&minutely(lines), 60, 70);
    let ended = |engine: &mut Engine, outcome, now| {
        describe(engine.ended_before(&first("a"), outcome, at(65), at(now)))
    };
    assert_eq!(
        ended(&mut engine, Outcome::Failed, 70),
        ["notify 60 failure"]
    );
    assert_eq!(
        ended(&mut engine, Outcome::Done, 70),
        ["notify 60 recovery"]
    );
    assert!(ended(&mut engine, Outcome::Ended, 70).is_empty());
    let retried = format!("{lines}\nretries = {{ count = 1, delay = '5s' }}");
    let (mut engine, _) = restarted(&minutely(&retried), 60, 72);
    assert_eq!(ended(&mut engine, Outcome::Failed, 72), ["retry 60 at 70"]);
    assert_eq!(
        tick(&mut engine, 72),
        ["start 60 attempt 2"],
        "it is not yet too late for it"
    );
    let (mut engine, _) = restarted(&minutely(&retried), 60, 110);
    let late = [
        "retry 60 at 70",
        "give up 60 attempt 1: TooLate(NotRunning)",
        "notify 60 failure",
    ];
    assert_eq!(ended(&mut engine, Outcome::Failed, 110), late);
    assert!(
        engine
            .ended_before(&first("gone"), Outcome::Failed, at(65), at(70))
            .is_empty()
    );
}

#[test]
fn a_run_of_the_server_before_that_fails_while_the_next_one_serves_is_repeated() {
    let (mut engine, _) = restarted(&minutely("retries = { count = 1, delay = '5s' }"), 60, 70);
    engine.adopt(&first("a"));
    assert_eq!(
        ended(&mut engine, 60, Outcome::Failed, 75),
        ["retry 60 at 80"]
    );
    assert_eq!(tick(&mut engine, 80), ["start 60 attempt 2"]);
}

#[test]
fn a_retry_that_cannot_come_any_more_is_given_up_and_notified() {
    let lines = "retries = { count = 2, delay = '30s' }\nnotify = { webhook = 'https://pager.example/x' }\noverlap = 'cancel'";
    let failed_once = || {
        let mut engine = engine(&minutely(lines));
        tick(&mut engine, 60);
        ended(&mut engine, 60, Outcome::Failed, 61);
        engine
    };
    let mut engine = failed_once();
    assert!(engine.set_paused("a", true));
    assert_eq!(
        tick(&mut engine, 91),
        ["give up 60 attempt 1: Paused", "notify 60 failure"]
    );
    let mut engine = failed_once();
    assert_eq!(
        describe(engine.reload(&file(""), at(70))),
        ["give up 60 attempt 1: Removed", "notify 60 failure"]
    );
    let slow = minutely(&lines.replace("30s", "90s"));
    let mut engine = self::engine(&slow);
    tick(&mut engine, 60);
    ended(&mut engine, 60, Outcome::Failed, 61);
    assert_eq!(
        tick(&mut engine, 120),
        [
            "give up 60 attempt 1: Superseded",
            "notify 60 failure",
            "start 120 schedule"
        ]
    );
}

#[test]
fn what_cannot_be_recorded_begins_once_it_can_and_a_retry_is_tried_again() {
    let lines =
        "retries = { count = 2, delay = '30s' }\nnotify = { webhook = 'https://pager.example/x' }";
    let mut engine = engine(&minutely(lines));
    tick(&mut engine, 60);
    for second in 60..90 {
        assert!(ended(&mut engine, 60, Outcome::Unrecorded, second).is_empty());
        assert_eq!(tick(&mut engine, second + 1), ["start 60 schedule"]);
    }
    assert!(ended(&mut engine, 60, Outcome::Done, 100).is_empty());
    // Beyond a minute it is given up, and told of once.
    assert_eq!(tick(&mut engine, 120), ["start 120 schedule"]);
    ended(&mut engine, 120, Outcome::Unrecorded, 120);
    assert_eq!(
        tick(&mut engine, 180),
        ["start 120 schedule", "miss 180: Unrecorded"]
    );
    ended(&mut engine, 120, Outcome::Unrecorded, 180);
    assert_eq!(
        tick(&mut engine, 181),
        ["miss 120: Unrecorded", "notify 120 missed"]
    );
    tick(&mut engine, 240);
    ended(&mut engine, 240, Outcome::Unrecorded, 300);
    assert_eq!(
        tick(&mut engine, 301),
        ["miss 240: Unrecorded", "start 300 schedule"]
    );
    ended(&mut engine, 300, Outcome::Failed, 330);
    assert_eq!(
        tick(&mut engine, 360),
        [
            "start 300 attempt 2",
            "miss 360: Overlap",
            "notify 300 overrun"
        ]
    );
    assert!(ended(&mut engine, 300, Outcome::Unrecorded, 360).is_empty());
    assert_eq!(tick(&mut engine, 361), ["start 300 attempt 2"]);
    engine.set_paused("a", true);
    ended(&mut engine, 300, Outcome::Done, 362);
}

#[test]
fn every_trigger_is_a_firing_of_its_own() {
    let mut engine = engine(&minutely("overlap = 'allow'"));
    let mut times = std::collections::BTreeSet::new();
    for _ in 0..60 {
        let decisions = engine.trigger("a", Arc::default(), at(10)).unwrap();
        let [Decision::Start(attempt)] = &decisions[..] else {
            panic!("{decisions:?}");
        };
        times.insert(attempt.at.as_millisecond());
    }
    assert_eq!(times.len(), 60, "as the history has them, in milliseconds");
}

#[test]
fn of_retries_that_cannot_be_recorded_none_is_lost() {
    let mut engine = engine(&minutely("retries = { count = 2, delay = '30s' }"));
    tick(&mut engine, 180);
    ended(&mut engine, 180, Outcome::Failed, 181);
    assert_eq!(tick(&mut engine, 211), ["start 180 attempt 2"]);
    assert!(ended(&mut engine, 180, Outcome::Unrecorded, 211).is_empty());
    assert_eq!(tick(&mut engine, 212), ["start 180 attempt 2"]);
}

#[test]
fn paused_schedules_miss_their_firings_and_can_be_triggered() {
    let mut engine = engine(&minutely(""));
    assert!(engine.set_paused("a", true) && !engine.set_paused("b", true));
    assert_eq!(tick(&mut engine, 60), ["miss 60: Paused"]);
    assert_eq!(
        describe(engine.trigger("a", Arc::default(), at(70)).unwrap()),
        ["start 70 trigger"]
    );
    assert!(engine.set_paused("a", false));
    assert_eq!(tick(&mut engine, 120), ["miss 120: Overlap"]);
    assert!(engine.trigger("b", Arc::default(), at(121)).is_none());
    let (_, decisions) = restarted(&minutely("paused = true"), 0, 60);
    assert_eq!(decisions, ["miss 60: Paused"]);
}

#[test]
fn a_firing_of_a_paused_schedule_says_who_has_paused_it() {
    let reasons = |engine: &mut Engine, now: i64| {
        let decisions = engine.tick(at(now), MissCause::Busy);
        let misses = decisions.into_iter().filter_map(|decision| match decision {
            Decision::Miss(miss) => Some(miss.reason.to_string()),
            _ => None,
        });
        misses.collect::<Vec<_>>()
    };
    let mut engine = engine(&minutely("paused = true"));
    assert_eq!(reasons(&mut engine, 60), ["the file has paused = true"]);
    engine.set_paused("a", true);
    assert_eq!(reasons(&mut engine, 120), ["the schedule was paused"]);
    engine.set_pause_reason("a", Some("paused by ops: freeze".into()));
    assert_eq!(reasons(&mut engine, 180), ["paused by ops: freeze"]);
}

#[test]
fn a_server_that_ends_decides_nothing_and_leaves_all_to_the_next() {
    let retried = "retries = { count = 1 }\nnotify = { webhook = 'https://pager.example/x' }";
    let mut engine = engine(&minutely(&format!("overlap = 'queue'\n{retried}")));
    tick(&mut engine, 60);
    assert_eq!(tick(&mut engine, 120), ["wait 120"]);
    engine.end();
    assert_eq!(engine.next_due(), None, "it must not look again and again");
    assert!(tick(&mut engine, 180).is_empty());
    assert!(ended(&mut engine, 60, Outcome::Failed, 181).is_empty());
    assert_eq!(
        describe(engine.trigger("a", Arc::default(), at(182)).unwrap()),
        ["miss 182: ShuttingDown"],
        "who asks for it is told"
    );
    let caught_up = minutely("catch_up = '1h'");
    let mut engine = self::engine(&caught_up);
    engine.end();
    assert!(tick(&mut engine, 60).is_empty() && tick(&mut engine, 61).is_empty());
    assert_eq!(restarted(&caught_up, 0, 90).1, ["start 60 catch_up"]);
}

#[test]
fn a_reload_in_the_firing_second_loses_nothing_and_repeats_nothing() {
    let before = minutely("");
    let mut engine = engine(&before);
    assert_eq!(
        describe(engine.reload(&before, at(60))),
        ["start 60 schedule"],
        "due by now goes by the file before"
    );
    assert!(describe(engine.reload(&before, at(60))).is_empty());
    assert!(tick(&mut engine, 60).is_empty());
    let slower = file("[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '2m'");
    ended(&mut engine, 60, Outcome::Done, 61);
    assert_eq!(
        describe(engine.reload(&slower, at(120))),
        ["start 120 schedule"]
    );
    assert_eq!(engine.next_due(), Some(at(240)));
}

#[test]
fn what_waits_over_a_reload_starts_as_the_file_is_then() {
    let with_script = |script: &str| {
        let text = "[[schedule]]\nname = 'a'\nscript = 'SCRIPT'\nevery = '1m'\noverlap = 'queue'\nretries = { count = 1, delay = '5s' }";
        file(&text.replace("SCRIPT", script))
    };
    let started = |decisions: Vec<Decision>| -> Vec<String> {
        let script = |decision| match decision {
            Decision::Start(attempt) => Some(
                attempt
                    .schedule
                    .script
                    .file_name()?
                    .to_string_lossy()
                    .into_owned(),
            ),
            _ => None,
        };
        decisions.into_iter().filter_map(script).collect()
    };
    let mut engine = engine(&with_script("before.lua"));
    assert_eq!(
        started(engine.tick(at(60), MissCause::Busy)),
        ["before.lua"]
    );
    assert_eq!(tick(&mut engine, 120), ["wait 120"]);
    assert_eq!(
        ended(&mut engine, 60, Outcome::Failed, 121),
        ["retry 60 at 126"]
    );
    assert!(describe(engine.reload(&with_script("after.lua"), at(122))).is_empty());
    assert_eq!(
        started(engine.tick(at(126), MissCause::Busy)),
        ["after.lua"]
    );
    assert_eq!(
        started(engine.ended("a", at(60), Outcome::Done, at(130))),
        ["after.lua"]
    );
}

#[test]
fn a_reload_keeps_a_firing_that_jitter_still_holds_back() {
    let jittered = minutely("jitter = '50s'");
    let due = jittered.schedules[0].timing.next(at(0)).unwrap().due;
    assert!(due > at(60));
    let mut engine = engine(&jittered);
    assert!(
        describe(engine.reload(&minutely("jitter = '50s'\ntimeout = '5m'"), at(60))).is_empty()
    );
    assert_eq!(engine.next_due(), Some(due));
    assert!(describe(engine.reload(&minutely(""), at(60))).is_empty());
    assert_eq!(
        tick(&mut engine, 61),
        ["start 60 schedule"],
        "without the jitter it is due at once"
    );
}

#[test]
fn a_schedule_that_leaves_the_file_ends_its_run_in_peace_and_starts_no_more() {
    let mut engine = engine(&minutely("overlap = 'queue'\nretries = { count = 1 }"));
    tick(&mut engine, 60);
    tick(&mut engine, 120);
    assert_eq!(
        describe(engine.reload(&file(""), at(130))),
        ["miss 120: Removed"]
    );
    assert!(tick(&mut engine, 180).is_empty());
    assert!(ended(&mut engine, 60, Outcome::Failed, 190).is_empty());
    assert_eq!((engine.count(), engine.next_due()), (0, None));
}

#[test]
fn a_restart_between_firing_and_end_waits_for_the_run_that_still_goes_on() {
    let file = minutely("overlap = 'queue'");
    let (mut engine, _) = restarted(&file, 60, 70);
    engine.adopt(&first("a"));
    assert_eq!(tick(&mut engine, 120), ["wait 120"]);
    assert_eq!(
        ended(&mut engine, 60, Outcome::Ended, 130),
        ["start 120 schedule"]
    );
}

#[test]
fn what_waited_goes_on_waiting_whatever_overlap_the_file_has_by_then() {
    for overlap in ["skip", "queue", "cancel"] {
        let (mut engine, _) = restarted(&minutely(&format!("overlap = '{overlap}'")), 99, 100);
        let mut decided = Vec::new();
        for second in [91, 92, 93] {
            let waited = PreviousAttempt {
                cause: Cause::Trigger,
                at: at(second),
                ..first("a")
            };
            let gone = SignedDuration::from_secs(1);
            decided.extend(describe(engine.take_up(&waited, gone, at(100)).unwrap()));
        }
        assert_eq!(decided, ["start 91 trigger", "wait 92", "wait 93"]);
        assert_eq!(
            ended(&mut engine, 91, Outcome::Done, 101),
            ["start 92 trigger"]
        );
    }
}

#[test]
fn what_waited_when_a_server_died_is_taken_up_or_notified() {
    let take_up = |lines: &str, name: &str, gone: i64, now: i64| {
        let (mut engine, _) = restarted(&minutely(lines), now - 1, now);
        let waited = PreviousAttempt {
            cause: Cause::CatchUp,
            ..first(name)
        };
        let gone = SignedDuration::from_secs(gone);
        engine.take_up(&waited, gone, at(now)).map(describe)
    };
    let starts = Some(vec!["start 60 catch_up".to_owned()]);
    assert_eq!(take_up("catch_up = '1h'", "a", 500, 1000), starts);
    assert_eq!(take_up("", "a", 500, 110), starts, "it is still young");
    assert_eq!(
        take_up("", "a", 50, 1000),
        starts,
        "the server was only restarted"
    );
    assert_eq!(
        take_up("", "a", 500, 1000),
        Some(vec!["miss 60: ServerGone".to_owned()])
    );
    assert_eq!(take_up("", "gone", 500, 1000), None);
}

#[test]
fn a_trigger_that_waited_when_a_server_died_is_not_carried_out_long_after_and_a_backfill_is() {
    let take_up = |cause: Cause, gone: i64, now: i64| {
        let (mut engine, _) = restarted(&minutely(""), now - 1, now);
        let waited = PreviousAttempt {
            cause,
            ..first("a")
        };
        let gone = SignedDuration::from_secs(gone);
        let decisions = engine.take_up(&waited, gone, at(now)).unwrap();
        describe(decisions)
    };
    for (cause, gone, now, expected) in [
        (Cause::Trigger, 500, 110, "start 60 trigger"),
        (Cause::Trigger, 50, 1000, "start 60 trigger"),
        (Cause::Trigger, 500, 1000, "miss 60: ServerGone"),
        (Cause::Backfill, 500, 1000, "start 60 backfill"),
    ] {
        assert_eq!(take_up(cause, gone, now), [expected], "{cause:?}");
    }
}

#[test]
fn other_times_begin_anew_and_the_same_times_go_on() {
    let hourly = file("[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '0 * * * *'");
    let known = ScheduleState {
        fingerprint: minutely("").schedules[0].timing.fingerprint(),
        handled: at(0),
        ..ScheduleState::default()
    };
    let mut engine = Engine::new(&hourly, &HashMap::from([("a".to_owned(), known)]), at(7000));
    assert!(
        engine.tick(at(7000), MissCause::NotRunning).is_empty(),
        "a schedule that was changed while no server ran has missed nothing"
    );
}

#[test]
fn reasons_have_words_for_a_person() {
    assert_eq!(
        Reason::TooLate(MissCause::NotRunning).to_string(),
        "no server was running at its time"
    );
}

#[test]
fn a_lost_run_is_one_message_and_each_event_comes_where_it_is_named() {
    let with = |on: &str| {
        let lines = format!(
            "retries = {{ count = 1, delay = '5s' }}\nnotify = {{ {on}webhook = 'https://pager.example/x' }}"
        );
        let mut engine = engine(&minutely(&lines));
        let mut decisions = Vec::new();
        for (minute, first, second) in [
            (60, Outcome::Lost, Outcome::Lost),
            (120, Outcome::Failed, Outcome::Done),
        ] {
            tick(&mut engine, minute);
            decisions.extend(ended(&mut engine, minute, first, minute + 1));
            tick(&mut engine, minute + 6);
            decisions.extend(ended(&mut engine, minute, second, minute + 7));
        }
        decisions.retain(|line| line.starts_with("notify"));
        decisions
    };
    assert_eq!(
        with(""),
        ["notify 60 lost", "notify 60 lost", "notify 120 recovery"]
    );
    assert_eq!(
        with("on = ['failure', 'retry', 'success'], "),
        [
            "notify 60 retry",
            "notify 60 failure",
            "notify 120 retry",
            "notify 120 success"
        ]
    );
}

#[test]
fn an_event_of_which_nobody_is_notified_is_still_one_and_success_is_none() {
    let events = |decisions: Vec<Decision>| -> Vec<&'static str> {
        let event = |decision: Decision| match decision {
            Decision::Notify(notice) => Some(notice.event.as_str()),
            _ => None,
        };
        decisions.into_iter().filter_map(event).collect()
    };
    for lines in [
        "",
        "notify = { on = ['late'], webhook = 'https://pager.example/x' }",
    ] {
        let mut engine = engine(&minutely(lines));
        engine.tick(at(60), MissCause::Busy);
        let failed = engine.ended("a", at(60), Outcome::Failed, at(61));
        assert_eq!(events(failed), ["failure"]);
        engine.tick(at(120), MissCause::Busy);
        assert_eq!(events(engine.tick(at(180), MissCause::Busy)), ["overrun"]);
        let done = engine.ended("a", at(120), Outcome::Done, at(181));
        assert_eq!(events(done), ["recovery"]);
    }
}
