//! What keeps a firing from beginning at its time: calendars, places, other schedules; and backfills.

use super::tests::{at, describe, ended, file, first, tick};
use super::{Cause, Decision, Engine, MissCause, Outcome, PreviousAttempt, ScheduleState};
use crate::schedule::file::ScheduleFile;
use crate::schedule::notify::NotifyEvent;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

fn engine(file: &ScheduleFile) -> Engine {
    Engine::new(file, &HashMap::new(), at(0))
}

/// A schedule of every minute that does not start from second `from` to `to`.
fn blocked(from: i64, to: i64, lines: &str) -> ScheduleFile {
    file(&format!(
        "[calendar.freeze]\ndates = ['{}/{}']\n[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\nnot_during = 'freeze'\n{lines}",
        at(from),
        at(to)
    ))
}

fn texts(decisions: &[Decision]) -> Vec<String> {
    let word = |decision: &Decision| match decision {
        Decision::Wait(_, why) => Some(why.to_string()),
        Decision::Miss(miss) => Some(miss.reason.to_string()),
        _ => None,
    };
    decisions.iter().filter_map(word).collect()
}

#[test]
fn a_firing_inside_a_calendar_goes_without_a_run_and_says_until_when() {
    let mut engine = engine(&blocked(110, 200, ""));
    assert_eq!(tick(&mut engine, 60), ["start 60 schedule"]);
    assert_eq!(
        ended(&mut engine, 60, Outcome::Failed, 70),
        Vec::<String>::new()
    );
    let decisions = engine.tick(at(120), MissCause::Busy);
    let until = at(200).strftime("%Y-%m-%d %H:%M:%S +00:00").to_string();
    assert_eq!(
        texts(&decisions),
        [format!(
            "nothing starts during the calendar freeze, which it is until {until}"
        )]
    );
    assert_eq!(describe(decisions), ["miss 120: Blocked"]);
    assert_eq!(tick(&mut engine, 180), ["miss 180: Blocked"]);
    assert_eq!(tick(&mut engine, 240), ["start 240 schedule"]);
}

#[test]
fn one_run_begins_at_the_end_of_a_calendar_where_that_is_wanted() {
    let file = blocked(110, 200, "when_blocked = 'run-at-end'");
    let mut engine = engine(&file);
    assert_eq!(tick(&mut engine, 60), ["start 60 schedule"]);
    ended(&mut engine, 60, Outcome::Done, 70);
    assert_eq!(tick(&mut engine, 120), ["wait 120"]);
    assert_eq!(tick(&mut engine, 180), ["miss 180: Blocked"]);
    assert_eq!(engine.next_due(), Some(at(200)));
    assert_eq!(engine.load(), (0, 1));
    assert_eq!(tick(&mut engine, 200), ["start 120 schedule"]);
    // The server was gone at its end.
    let known = ScheduleState {
        fingerprint: file.schedules[0].timing.fingerprint(),
        handled: at(60),
        ..ScheduleState::default()
    };
    for (now, expected) in [
        (
            205,
            vec!["wait 120", "miss 180: Blocked", "start 120 catch_up"],
        ),
        (
            225,
            vec![
                "wait 120",
                "miss 180: Blocked",
                "miss 120: TooLate(NotRunning)",
            ],
        ),
    ] {
        let known = HashMap::from([("a".to_owned(), known.clone())]);
        let mut engine = Engine::new(&file, &known, at(now));
        assert_eq!(
            describe(engine.tick(at(now), MissCause::NotRunning)),
            expected,
            "{now}"
        );
    }
}

#[test]
fn what_is_held_back_waits_on_under_the_next_server() {
    let file = blocked(110, 200, "when_blocked = 'run-at-end'");
    let known = ScheduleState {
        fingerprint: file.schedules[0].timing.fingerprint(),
        handled: at(120),
        ..ScheduleState::default()
    };
    let mut engine = Engine::new(&file, &HashMap::from([("a".to_owned(), known)]), at(150));
    let held = PreviousAttempt {
        at: at(120),
        cause: Cause::CatchUp,
        ..first("a")
    };
    let gone = SignedDuration::from_hours(9);
    let taken_up = engine.take_up(&held, gone, at(150)).map(describe);
    assert_eq!(taken_up, Some(Vec::new()));
    assert_eq!(tick(&mut engine, 180), ["miss 180: Blocked"]);
    assert_eq!(tick(&mut engine, 200), ["start 120 catch_up"]);
}

#[test]
fn neither_a_repetition_nor_what_waited_begins_inside_a_calendar_but_a_person_can() {
    let retries = "retries = { count = 1, delay = '50s', backoff = 1 }";
    let mut one = engine(&blocked(110, 200, retries));
    tick(&mut one, 60);
    let retried = ended(&mut one, 60, Outcome::Failed, 70);
    assert_eq!(retried, ["retry 60 at 120"]);
    assert_eq!(
        tick(&mut one, 120),
        ["give up 60 attempt 1: Blocked", "miss 120: Blocked"]
    );
    let retries = format!("{retries}\nwhen_blocked = 'run-at-end'");
    let mut one = engine(&blocked(110, 200, &retries));
    tick(&mut one, 60);
    ended(&mut one, 60, Outcome::Failed, 70);
    assert_eq!(tick(&mut one, 120), ["retry 60 at 200", "wait 120"]);
    assert_eq!(
        tick(&mut one, 200),
        [
            "start 60 attempt 2",
            "miss 180: Blocked",
            "miss 120: Overlap"
        ],
    );
    let mut one = engine(&blocked(125, 200, "overlap = 'queue'"));
    tick(&mut one, 60);
    assert_eq!(tick(&mut one, 120), ["wait 120"]);
    assert_eq!(
        ended(&mut one, 60, Outcome::Done, 130),
        ["miss 120: Blocked"]
    );
    let triggered = describe(one.trigger("a", Arc::default(), at(140)).unwrap());
    assert_eq!(triggered, ["start 140 trigger"]);
}

/// Schedules of every minute by their names, in a pool.
fn pooled(names: &[&str], lines: &str) -> ScheduleFile {
    let mut text = "max_running = 3\n[pool.db]\nsize = 2\n".to_owned();
    for name in names {
        let _ = writeln!(
            text,
            "[[schedule]]\nname = '{name}'\nscript = 'a.lua'\nevery = '1m'\n{lines}"
        );
    }
    file(&text)
}

fn named(decisions: &[Decision]) -> Vec<String> {
    let word = |decision: &Decision| match decision {
        Decision::Start(attempt) => vec![format!("start {}", attempt.schedule.name)],
        Decision::Wait(attempt, _) => vec![format!("wait {}", attempt.schedule.name)],
        Decision::Miss(miss) => vec![format!("miss {}", miss.schedule.name)],
        other => describe(vec![other.clone()]),
    };
    decisions.iter().flat_map(word).collect()
}

#[test]
fn a_pool_lets_as_many_run_as_it_has_places_and_the_others_wait_in_their_order() {
    let mut engine = engine(&pooled(&["d", "c", "b", "a"], "pool = 'db'"));
    let decisions = engine.tick(at(60), MissCause::Busy);
    assert_eq!(
        named(&decisions),
        ["start a", "start b", "wait c", "wait d"]
    );
    let time = at(60).strftime("%Y-%m-%d %H:%M:%S +00:00");
    assert_eq!(
        texts(&decisions)[0],
        format!("waiting for the pool db: 2 of 2 taken by a ({time}), b ({time})")
    );
    assert_eq!(engine.load(), (2, 2));
    // What waits is running for `overlap`.
    let skipped = engine.tick(at(120), MissCause::Busy);
    assert_eq!(named(&skipped), ["miss a", "miss b", "miss c", "miss d"]);
    assert!(
        texts(&skipped)[2].ends_with("was still waiting for a place"),
        "{skipped:?}"
    );
    let mut end =
        |name: &str, second| named(&engine.ended(name, at(60), Outcome::Done, at(second)));
    assert_eq!(end("b", 130), ["start c"]);
    assert_eq!(end("c", 131), ["start d"]);
    assert_eq!(end("d", 132), Vec::<String>::new());
}

#[test]
fn the_server_has_places_too_and_a_repetition_needs_one() {
    let retries = "retries = { count = 1, delay = '10s' }";
    let mut engine = engine(&pooled(&["a", "b", "c", "d"], retries));
    let decisions = engine.tick(at(60), MissCause::Busy);
    assert_eq!(
        named(&decisions),
        ["start a", "start b", "start c", "wait d"]
    );
    assert!(
        texts(&decisions)[0]
            .starts_with("waiting for a place of the server (max_running): 3 of 3 taken by a ("),
        "{decisions:?}"
    );
    let failed = engine.ended("a", at(60), Outcome::Failed, at(61));
    assert_eq!(named(&failed), ["retry 60 at 71", "start d"]);
    assert!(
        engine.tick(at(71), MissCause::Busy).is_empty(),
        "there is no place for it"
    );
    let done = engine.ended("b", at(60), Outcome::Done, at(75));
    assert_eq!(describe(done), ["start 60 attempt 2"]);
}

#[test]
fn what_waits_for_a_place_goes_with_its_schedule_and_its_pause() {
    let mut engine = engine(&pooled(&["a", "b", "c", "d"], "pool = 'db'"));
    engine.tick(at(60), MissCause::Busy);
    let without_c = pooled(&["a", "b", "d"], "pool = 'db'");
    assert_eq!(
        describe(engine.reload(&without_c, at(61))),
        ["miss 60: Removed"]
    );
    engine.set_paused("d", true);
    let done = engine.ended("a", at(60), Outcome::Done, at(62));
    assert_eq!(describe(done), ["miss 60: Paused"]);
    engine.set_paused("d", false);
    assert_eq!(
        named(&engine.tick(at(120), MissCause::Busy)),
        ["start a", "miss b", "wait d"]
    );
    // A larger pool has places at once.
    let larger = ScheduleFile {
        limits: crate::schedule::model::RunLimits {
            max_running: None,
            pools: [("db".into(), 9)].into(),
        },
        ..without_c
    };
    assert_eq!(named(&engine.reload(&larger, at(121))), ["start d"]);
}

/// `b` follows `a`, and `c` follows both.
fn chained() -> ScheduleFile {
    file(
        "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1h'\n
        [[schedule]]\nname = 'b'\nscript = 'a.lua'\nafter = 'a'\nwithin = '10m'\n
        [[schedule]]\nname = 'c'\nscript = 'a.lua'\nafter = ['a', 'b']\nwithin = '10m'",
    )
}

fn end_at(
    engine: &mut Engine,
    name: &str,
    at_: Timestamp,
    outcome: Outcome,
    second: i64,
) -> Vec<Decision> {
    engine.ended(name, at_, outcome, at(second))
}

#[test]
fn a_schedule_fires_once_all_that_it_follows_have_succeeded_anew() {
    let mut engine = engine(&chained());
    let begins = engine.next_due().unwrap();
    engine.tick(begins, MissCause::Busy);
    let hour = engine.tick(at(3600), MissCause::Busy);
    let a = match &hour[..] {
        [Decision::Start(attempt)] => attempt.at,
        other => panic!("{other:?}"),
    };
    let decisions = end_at(&mut engine, "a", a, Outcome::Done, 3700);
    assert_eq!(named(&decisions), ["start b", "wait c"]);
    assert_eq!(
        texts(&decisions),
        ["waiting for b, which has had no success in time"]
    );
    assert_eq!(
        named(&end_at(&mut engine, "b", at(3700), Outcome::Done, 3750)),
        ["start c"]
    );
    // A success counts once.
    assert_eq!(
        named(&end_at(&mut engine, "c", at(3700), Outcome::Done, 3760)),
        Vec::<String>::new()
    );
    let triggered = engine.trigger("a", Arc::default(), at(3800)).unwrap();
    assert_eq!(named(&triggered), ["start a"]);
    let decisions = end_at(&mut engine, "a", at(3800), Outcome::Done, 3900);
    assert_eq!(named(&decisions), ["start b", "wait c"]);
    // The other one comes too late.
    let late = engine.tick(at(3900 + 600), MissCause::Busy);
    assert_eq!(named(&late)[0], "miss c");
    assert!(
        texts(&late)[0].starts_with("b had no success within"),
        "{late:?}"
    );
}

#[test]
fn a_failure_lets_what_follows_wait_and_a_success_in_time_lets_it_run() {
    let mut engine = engine(&chained());
    engine.trigger("a", Arc::default(), at(10));
    let failed = end_at(&mut engine, "a", at(10), Outcome::Failed, 20);
    assert_eq!(named(&failed), ["wait b", "wait c"]);
    assert!(
        texts(&failed)[0].starts_with("waiting for a, whose run of"),
        "{failed:?}"
    );
    engine.trigger("a", Arc::default(), at(30));
    let done = end_at(&mut engine, "a", at(30), Outcome::Done, 40);
    assert_eq!(describe(done), ["start 20 schedule", "wait 20"]);
}

#[test]
fn a_chain_goes_on_under_the_next_server() {
    let file = chained();
    let success = ScheduleState {
        last_success: Some(at(100)),
        ..ScheduleState::default()
    };
    let fired = ScheduleState {
        last_fired: Some(at(50)),
        ..ScheduleState::default()
    };
    let known = HashMap::from([("a".to_owned(), success), ("b".to_owned(), fired)]);
    let mut one = Engine::new(&file, &known, at(200));
    let waited = PreviousAttempt {
        name: "c",
        at: at(100),
        number: 1,
        cause: Cause::CatchUp,
    };
    one.take_up(&waited, SignedDuration::ZERO, at(200));
    assert_eq!(
        named(&one.tick(at(200), MissCause::NotRunning)),
        ["start b", "wait c"]
    );
    let done = end_at(&mut one, "b", at(200), Outcome::Done, 210);
    assert_eq!(describe(done), ["start 100 schedule"]);
}

#[test]
fn a_backfill_makes_good_what_a_chain_waits_for_as_of_its_time() {
    let mut engine = engine(&chained());
    let backfill = |engine: &mut Engine, for_: i64, outcome: Outcome, now: i64| {
        engine.backfill("a", &Arc::default(), &[at(for_)]).unwrap();
        end_at(engine, "a", at(for_), outcome, now)
    };
    let nothing = Vec::<String>::new();
    // A time that is older than `within` has it.
    let old = backfill(&mut engine, -3600, Outcome::Done, 10);
    assert_eq!(named(&old), nothing);
    let failed = backfill(&mut engine, -7200, Outcome::Failed, 20);
    assert_eq!(named(&failed), nothing, "nothing waits for it");
    engine.trigger("a", Arc::default(), at(100));
    let failed = end_at(&mut engine, "a", at(100), Outcome::Failed, 110);
    assert_eq!(named(&failed), ["wait b", "wait c"]);
    let done = backfill(&mut engine, 100, Outcome::Done, 200);
    assert_eq!(named(&done), ["start b", "wait c"]);
    let is_recovery = |decision: &Decision| match decision {
        Decision::Notify(notice) => notice.event == NotifyEvent::Recovery,
        _ => false,
    };
    assert!(done.iter().any(is_recovery), "{done:?}");
    // `b` has fired since.
    let again = backfill(&mut engine, 150, Outcome::Done, 210);
    assert_eq!(named(&again), nothing);
}

#[test]
fn a_backfill_runs_its_times_one_after_another_and_costs_no_firing() {
    let mut one = engine(&file(
        "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'",
    ));
    let times = [at(-300), at(-240), at(-180)];
    let decisions = one.backfill("a", &Arc::default(), &times).unwrap();
    assert_eq!(
        describe(decisions),
        ["start -300 backfill", "wait -240", "wait -180"]
    );
    assert_eq!(
        tick(&mut one, 60),
        ["wait 60"],
        "it goes before the rest of the backfill"
    );
    assert_eq!(
        ended(&mut one, -300, Outcome::Done, 70),
        ["start 60 schedule"]
    );
    assert_eq!(
        ended(&mut one, 60, Outcome::Done, 80),
        ["start -240 backfill"]
    );
    assert_eq!(
        describe(one.backfill("a", &Arc::default(), &times).unwrap()),
        ["wait -300"],
        "each once"
    );
    assert!(one.backfill("none", &Arc::default(), &times).is_none());
}

#[test]
fn what_waits_behind_a_firing_that_is_given_up_begins() {
    let mut engine = engine(&file(
        "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1h'\n",
    ));
    let given = Arc::default();
    let triggered = engine.trigger("a", Arc::clone(&given), at(10)).unwrap();
    assert_eq!(describe(triggered), ["start 10 trigger"]);
    assert!(ended(&mut engine, 10, Outcome::Unrecorded, 10).is_empty());
    let times = [at(-7200), at(-3600)];
    let waiting = engine.backfill("a", &given, &times).unwrap();
    assert_eq!(describe(waiting), ["wait -7200", "wait -3600"]);
    assert_eq!(tick(&mut engine, 11), ["start 10 trigger"]);
    ended(&mut engine, 10, Outcome::Unrecorded, 70);
    assert_eq!(
        tick(&mut engine, 71),
        ["miss 10: Unrecorded", "start -7200 backfill"]
    );
    // A backfill waits for the store as long as it takes.
    for second in 71..500 {
        assert!(ended(&mut engine, -7200, Outcome::Unrecorded, second).is_empty());
        assert_eq!(tick(&mut engine, second + 1), ["start -7200 backfill"]);
    }
    assert_eq!(
        ended(&mut engine, -7200, Outcome::Done, 600),
        ["start -3600 backfill"]
    );
}

#[test]
fn what_waits_behind_a_repetition_that_is_given_up_begins() {
    let freeze = format!("[calendar.freeze]\ndates = ['{}/{}']\n", at(85), at(400));
    let text = format!(
        "{freeze}[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\noverlap = 'queue'\nnot_during = 'freeze'\n\
         retries = {{ count = 1, delay = '30s' }}\n"
    );
    for is_paused in [false, true] {
        let mut engine = engine(&file(&text));
        assert_eq!(tick(&mut engine, 60), ["start 60 schedule"]);
        assert_eq!(
            ended(&mut engine, 60, Outcome::Failed, 70),
            ["retry 60 at 100"]
        );
        let given = Arc::default();
        let triggered = engine.trigger("a", given, at(80)).unwrap();
        assert_eq!(describe(triggered), ["wait 80"]);
        engine.set_paused("a", is_paused);
        let decided = tick(&mut engine, 100);
        assert_eq!(decided.last().unwrap(), "start 80 trigger", "{decided:?}");
    }
}

#[test]
fn however_much_cannot_be_recorded_the_engine_has_no_more_to_look_at() {
    let mut engine = engine(&file(
        "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '5s'\noverlap = 'allow'\n",
    ));
    for second in 0..90 {
        let decisions = engine.tick(at(second), MissCause::Busy);
        for decision in decisions {
            if let Decision::Start(attempt) = decision {
                engine.ended("a", attempt.at, Outcome::Unrecorded, at(second));
            }
        }
        // What is due next, and what is tried again: a minute's firings at most.
        let times = engine.agenda.len();
        assert!(times <= 14, "{times} at {second}");
    }
}
