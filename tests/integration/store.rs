//! The run store: what has been recorded stays, once, whatever else writes and however its process
//! ends.

use cumulua::history::{
    AttemptKey, Filter, Firing, FiringOutcome, Found, HistoryEntry, NewRun, Planned, Prune, Pruned,
    Requester, Retry, RunEnd, RunOutcome, RunState, Store, StoreError, UserRequest, Verb,
};
use jiff::Timestamp;
use std::fs;
use std::path::PathBuf;
use std::thread;
use tempfile::TempDir;

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("runs.db"));
    (folder, store)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_792_800_000 + second).unwrap()
}

fn asked(verb: Verb, schedule: &str, second: i64) -> UserRequest {
    UserRequest {
        schedule: Some(schedule.to_owned()),
        ..UserRequest::new(verb, Requester::default(), at(second))
    }
}

fn run(id: &str, name: &str, second: i64) -> NewRun {
    NewRun {
        id: id.to_owned(),
        name: name.to_owned(),
        kind: "schedule".to_owned(),
        script: Some("nightly.lua".to_owned()),
        args: vec!["a b".to_owned()],
        version: "1".to_owned(),
        due: Some(at(second)),
        attempt: 1,
        started: at(second),
        ..NewRun::default()
    }
}

fn claim(store: &Store, id: &str, pid: u32, at: Timestamp) -> bool {
    store
        .claim_run(
            NewRun {
                pid: Some(pid),
                ..run(id, "nightly", 0)
            },
            None,
            at,
        )
        .unwrap()
}

fn end(id: &str, second: i64, outcome: RunOutcome) -> RunEnd {
    RunEnd {
        id: id.to_owned(),
        ended: at(second),
        outcome,
        status: Some(0),
        error: None,
    }
}

fn firing(schedule: &str, due: i64, outcome: FiringOutcome) -> Firing {
    Firing {
        schedule: schedule.to_owned(),
        due: at(due),
        decided: at(due + 1),
        outcome,
        detail: None,
    }
}

fn ids(store: &Store, filter: Filter) -> Vec<String> {
    store
        .runs(filter)
        .unwrap()
        .into_iter()
        .map(|row| row.run.id)
        .collect()
}

#[test]
fn a_firing_is_decided_once_and_a_queued_one_once_more() {
    let (_folder, store) = store();
    let ran = |id: &str| FiringOutcome::Ran { run: id.to_owned() };
    assert!(
        store
            .decide(
                firing("nightly", 0, ran("r1")),
                Some(run("r1", "nightly", 0))
            )
            .unwrap()
    );
    assert!(
        !store
            .decide(
                firing("nightly", 0, ran("r2")),
                Some(run("r2", "nightly", 0))
            )
            .unwrap()
    );
    assert!(
        store
            .decide(firing("nightly", 60, FiringOutcome::Queued), None)
            .unwrap()
    );
    assert!(
        !store
            .decide(firing("nightly", 60, FiringOutcome::Queued), None)
            .unwrap()
    );
    assert_eq!(store.queued_firings().unwrap().len(), 1);
    assert!(
        store
            .decide(
                firing("nightly", 60, ran("r3")),
                Some(run("r3", "nightly", 60))
            )
            .unwrap()
    );
    assert!(
        !store
            .decide(firing("nightly", 60, FiringOutcome::Overlap), None)
            .unwrap()
    );
    assert_eq!(
        ids(&store, Filter::default()),
        ["r3", "r1"],
        "a refused decision starts no run"
    );
    let told: Vec<_> = store
        .firings(Some("nightly"), None, None, false, None)
        .unwrap();
    assert_eq!(
        told.iter()
            .map(|row| row.run.as_deref())
            .collect::<Vec<_>>(),
        [Some("r3"), Some("r1")]
    );
    assert_eq!(
        store.schedule_states().unwrap()["nightly"].decided_upto,
        Some(at(60))
    );
}

#[test]
fn a_schedule_is_decided_only_forwards_and_pausing_changes_nothing_else() {
    let (_folder, store) = store();
    store
        .plan(
            vec![Planned {
                name: "nightly".to_owned(),
                times: "every 1 s".to_owned(),
            }],
            at(100),
        )
        .unwrap();
    let late = |due| Firing {
        decided: at(100),
        ..firing("nightly", due, FiringOutcome::TooLate)
    };
    assert_eq!(
        store
            .decide_together(vec![
                HistoryEntry::Firing(late(50), None),
                HistoryEntry::Firing(late(60), None)
            ])
            .unwrap(),
        [true, true]
    );
    assert!(
        store
            .set_paused(asked(Verb::Pause, "nightly", 200))
            .unwrap()
            && !store
                .set_paused(asked(Verb::Pause, "nightly", 300))
                .unwrap()
    );
    let state = store.schedule_states().unwrap()["nightly"];
    assert_eq!(
        (state.decided_upto, state.paused),
        (Some(at(100)), Some(at(200)))
    );
    assert!(
        store
            .set_paused(asked(Verb::Resume, "nightly", 400))
            .unwrap()
    );
    assert!(
        !store
            .set_paused(asked(Verb::Resume, "unknown", 400))
            .unwrap(),
        "what was never paused goes on"
    );
    assert_eq!(store.schedule_states().unwrap()["nightly"].paused, None);
}

#[test]
fn a_firing_whose_time_comes_again_has_the_row_of_its_second_run() {
    let (_folder, store) = store();
    let ran = |id: &str, decided| Firing {
        decided: at(decided),
        detail: (decided < 100).then(|| "again".to_owned()),
        ..firing("nightly", 60, FiringOutcome::Ran { run: id.to_owned() })
    };
    store
        .decide(ran("r1", 3600), Some(run("r1", "nightly", 60)))
        .unwrap();
    assert!(
        !store
            .decide(ran("r2", 61), Some(run("r2", "nightly", 60)))
            .unwrap()
    );
    let ahead = store.last_firings_after(at(30)).unwrap();
    assert_eq!(ahead.get("nightly"), Some(&at(60)));
    assert!(store.last_firings_after(at(60)).unwrap().is_empty());
    let again = HistoryEntry::Again(ran("r2", 61), Some(run("r2", "nightly", 60)));
    assert_eq!(store.decide_together(vec![again]).unwrap(), [true]);
    let rows = store
        .firings(Some("nightly"), None, None, false, None)
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].run.as_deref(), rows[0].detail.as_deref()),
        (Some("r2"), Some("again"))
    );
    assert_eq!(
        store.schedule_states().unwrap()["nightly"].decided_upto,
        Some(at(60))
    );
    assert!(store.run("r1").unwrap().is_some(), "the first run stays");
}

#[test]
fn what_a_clock_that_was_far_ahead_has_missed_is_decided_again_and_what_ran_is_not() {
    let (_folder, store) = store();
    let ahead = |due, outcome| Firing {
        decided: at(12_000),
        ..firing("nightly", due, outcome)
    };
    store
        .decide(ahead(60, FiringOutcome::TooLate), None)
        .unwrap();
    store
        .decide(
            ahead(
                120,
                FiringOutcome::Ran {
                    run: "r1".to_owned(),
                },
            ),
            Some(run("r1", "nightly", 120)),
        )
        .unwrap();
    store
        .decide(ahead(11_940, FiringOutcome::TooLate), None)
        .unwrap();
    let again = |due: i64, id: &str| {
        let outcome = FiringOutcome::Ran { run: id.to_owned() };
        store
            .decide(
                firing("nightly", due, outcome),
                Some(run(id, "nightly", due)),
            )
            .unwrap()
    };
    assert!(again(60, "r2") && !again(120, "r3"));
    assert_eq!(
        store.schedule_states().unwrap()["nightly"].decided_upto,
        Some(at(60)),
        "a restart decides what comes then"
    );
    assert!(!again(60, "r4"));
}

#[test]
fn a_firing_that_comes_again_and_does_not_run_takes_back_what_follows_it_too() {
    let (_folder, store) = store();
    let upto = || store.schedule_states().unwrap()["nightly"].decided_upto;
    let ran = FiringOutcome::Ran {
        run: "r1".to_owned(),
    };
    store
        .decide(firing("nightly", 160, ran), Some(run("r1", "nightly", 160)))
        .unwrap();
    for (due, outcome, is_new) in [
        (120, FiringOutcome::Overlap, true),
        (121, FiringOutcome::Queued, true),
        // What ran keeps its row, and the schedule follows the clock all the same.
        (160, FiringOutcome::Overlap, false),
    ] {
        let decided = Firing {
            decided: at(due),
            ..firing("nightly", due, outcome)
        };
        let again = HistoryEntry::Again(decided, None);
        assert_eq!(store.decide_together(vec![again]).unwrap(), [is_new]);
        assert_eq!(upto(), Some(at(due)), "a restart decides what comes then");
    }
}

#[test]
fn a_clock_that_was_only_corrected_takes_back_only_what_follows_it() {
    let (_folder, store) = store();
    let ran = |id: &str, due| {
        let decided = Firing {
            decided: at(100),
            ..firing("nightly", due, FiringOutcome::Ran { run: id.to_owned() })
        };
        (decided, run(id, "nightly", due))
    };
    let upto = || store.schedule_states().unwrap()["nightly"].decided_upto;
    let (ahead, first) = ran("r1", 160);
    store.decide(ahead, Some(first)).unwrap();
    // One that had waited, under a clock that stands before what was decided.
    let (waited, second) = ran("r2", 90);
    assert!(store.decide(waited, Some(second)).unwrap());
    assert_eq!(upto(), Some(at(160)), "it does not fire again");
    let (again, third) = ran("r3", 101);
    let again = HistoryEntry::Again(again, Some(third));
    assert_eq!(store.decide_together(vec![again]).unwrap(), [true]);
    assert_eq!(upto(), Some(at(101)), "this schedule follows the clock");
}

#[test]
fn a_repetition_is_to_come_until_it_begins_or_is_given_up() {
    let (_folder, store) = store();
    store
        .decide(
            firing(
                "a",
                60,
                FiringOutcome::Ran {
                    run: "r1".to_owned(),
                },
            ),
            Some(run("r1", "a", 60)),
        )
        .unwrap();
    store.end_run(end("r1", 61, RunOutcome::Failed)).unwrap();
    let attempt = |number| AttemptKey {
        schedule: "a".to_owned(),
        due: at(60),
        number,
    };
    let to_repeat = || {
        ids(
            &store,
            Filter {
                to_repeat: true,
                ..Filter::default()
            },
        )
    };
    assert_eq!(
        store
            .decide_together(vec![HistoryEntry::Retry(attempt(1), Retry::At(at(70)))])
            .unwrap(),
        [true]
    );
    assert_eq!(to_repeat(), ["r1"]);
    assert_eq!(
        store
            .prune(Prune {
                before: Some(at(100)),
                ..Prune::default()
            })
            .unwrap()
            .runs,
        0
    );
    store
        .decide_together(vec![HistoryEntry::Run(NewRun {
            attempt: 2,
            ..run("r2", "a", 60)
        })])
        .unwrap();
    assert!(to_repeat().is_empty());
    store
        .decide_together(vec![HistoryEntry::Retry(attempt(2), Retry::At(at(80)))])
        .unwrap();
    assert_eq!(to_repeat(), ["r2"]);
    store
        .decide_together(vec![HistoryEntry::Retry(
            attempt(2),
            Retry::GivenUp("for a reason".to_owned()),
        )])
        .unwrap();
    assert!(to_repeat().is_empty());
    let Found::One(row) = store.find_run("r2").unwrap() else {
        panic!("it is there")
    };
    assert_eq!(row.retry_given_up.as_deref(), Some("for a reason"));
}

#[test]
fn what_has_not_ended_was_going_on_ever_since_it_began() {
    let (_folder, store) = store();
    store.start_run(run("long", "a", 0)).unwrap();
    store.start_run(run("short", "a", 10)).unwrap();
    store.end_run(end("short", 20, RunOutcome::Done)).unwrap();
    let during = |from, to| {
        ids(
            &store,
            Filter {
                during: Some((at(from), at(to))),
                ..Filter::default()
            },
        )
    };
    assert_eq!(during(15, 16), ["short", "long"]);
    assert_eq!(during(3_600, 3_601), ["long"]);
}

#[test]
fn how_a_run_ended_is_recorded_once_and_it_is_claimed_once() {
    let (_folder, store) = store();
    store.start_run(run("r1", "nightly", 0)).unwrap();
    assert!(claim(&store, "r1", 4711, at(1)));
    assert!(
        !claim(&store, "r1", 4712, at(1)),
        "two processes must not carry out one run"
    );
    assert!(store.end_run(end("r1", 5, RunOutcome::Failed)).unwrap());
    assert!(!store.end_run(end("r1", 6, RunOutcome::Done)).unwrap());
    let Found::One(row) = store.find_run("r1").unwrap() else {
        panic!("the run is there")
    };
    assert_eq!(
        (row.state.outcome(), row.ended, row.run.pid),
        (Some(RunOutcome::Failed), Some(at(5)), Some(4711))
    );
    assert_eq!(row.run.args, ["a b"]);
}

#[test]
fn a_run_whose_process_is_gone_is_lost_and_one_that_lives_is_not() {
    let (_folder, store) = store();
    for id in ["alive", "gone", "unclaimed"] {
        store.start_run(run(id, "nightly", 0)).unwrap();
    }
    assert!(claim(&store, "alive", 1, at(1)) && claim(&store, "gone", 2, at(1)));
    let held = store.locks().run("alive").unwrap().held();
    let settled = store.settle_lost_runs(at(9), |_| None).unwrap();
    assert!(settled.taken_back.is_empty(), "no firing stands behind it");
    let mut lost: Vec<_> = settled.lost.into_iter().map(|row| row.run.id).collect();
    lost.sort();
    assert_eq!(lost, ["gone", "unclaimed"]);
    assert!(
        !claim(&store, "unclaimed", 3, at(10)),
        "a process that comes late must not carry it out"
    );
    assert_eq!(
        ids(
            &store,
            Filter {
                open: true,
                ..Filter::default()
            }
        ),
        ["alive"]
    );
    drop(held);
}

#[test]
fn a_run_that_leaves_its_end_while_a_server_begins_is_not_lost() {
    let (_folder, store) = store();
    for (id, second) in [("ends", 0), ("gone", 1)] {
        store.start_run(run(id, "nightly", second)).unwrap();
        assert!(claim(&store, id, 1, at(second)));
    }
    let held = std::cell::RefCell::new(store.locks().run("ends").unwrap().held());
    // Asked for of the later run, which comes first; as if its record had been waited for.
    let words = |lost: &str| {
        assert_eq!(lost, "gone");
        let mut held = held.take().unwrap();
        held.leave_end(&end("ends", 5, RunOutcome::Done)).unwrap();
        drop(held);
        // A process that another test starts at this moment may hold it a little longer.
        while store.locks().is_run_alive("ends") {}
        None
    };
    let settled = store.settle_lost_runs(at(9), words).unwrap();
    assert_eq!(settled.lost.len(), 1);
    let row = store.run("ends").unwrap().unwrap();
    assert_eq!(
        (row.state, row.ended),
        (RunState::Ended(RunOutcome::Done), Some(at(5)))
    );
}

#[test]
fn the_end_of_a_schedules_run_is_unheard_until_a_server_has_decided_what_follows() {
    let (_folder, store) = store();
    let unheard = || {
        store
            .unheard_runs()
            .unwrap()
            .into_iter()
            .map(|row| row.run.id)
            .collect::<Vec<_>>()
    };
    store.start_run(run("r1", "nightly", 0)).unwrap();
    store
        .start_run(NewRun {
            due: None,
            kind: "run".to_owned(),
            ..run("by-hand", "nightly", 0)
        })
        .unwrap();
    assert!(unheard().is_empty(), "both go on");
    let failed = RunEnd {
        error: Some("boom".to_owned()),
        ..end("r1", 5, RunOutcome::Failed)
    };
    store.end_run(failed).unwrap();
    store
        .end_run(end("by-hand", 5, RunOutcome::Failed))
        .unwrap();
    assert_eq!(unheard(), ["r1"]);
    assert!(store.last_outcomes().unwrap().is_empty());
    let heard = HistoryEntry::End(RunEnd {
        status: Some(1),
        ..end("r1", 6, RunOutcome::Lost)
    });
    assert_eq!(store.decide_together(vec![heard]).unwrap(), [true]);
    assert!(unheard().is_empty());
    let row = store.run("r1").unwrap().unwrap();
    let said = (
        row.state.outcome(),
        row.ended,
        row.status,
        row.error.as_deref(),
    );
    assert_eq!(
        said,
        (Some(RunOutcome::Failed), Some(at(5)), Some(0), Some("boom")),
        "its own process knows best"
    );
    store.start_run(run("r2", "nightly", 60)).unwrap();
    store
        .decide_together(vec![HistoryEntry::End(end("r2", 65, RunOutcome::Lost))])
        .unwrap();
    assert_eq!(
        store.run("r2").unwrap().unwrap().ended,
        Some(at(65)),
        "the server records it for a process that has not"
    );
    assert_eq!(store.last_outcomes().unwrap()["nightly"], RunOutcome::Lost);
}

#[test]
fn a_backfill_counts_for_chains_as_of_its_time_and_for_recovery_as_any_run() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("runs.db"));
    let backfill = NewRun {
        kind: "backfill".to_owned(),
        due: Some(at(20)),
        ..run("r1", "nightly", 500)
    };
    store.start_run(backfill).unwrap();
    let end = HistoryEntry::End(end("r1", 600, RunOutcome::Done));
    store.decide_together(vec![end]).unwrap();
    let last = store.last_successes().unwrap()["nightly"];
    assert_eq!((last.began, last.success), (None, Some(at(20))));
    assert_eq!(store.last_outcomes().unwrap()["nightly"], RunOutcome::Done);
}

#[test]
fn a_log_that_its_server_moves_grows_until_then_and_is_read_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let store = Store::open_served(&path);
    let size = || fs::metadata(&path).map_or(0, |data| data.len());
    let text = "x".repeat(16_000);
    for number in 0..400 {
        store
            .start_run(NewRun {
                args: vec![text.clone()],
                ..run(&format!("r{number}"), "nightly", number)
            })
            .unwrap();
    }
    let before = size();
    assert!(before < 1 << 20, "{before}");
    store.tidy().unwrap();
    store.flush(std::time::Duration::from_mins(1)).unwrap();
    assert!(size() > 6 << 20);
    assert_eq!(ids(&Store::open(&path), Filter::default()).len(), 400);
}

#[test]
fn the_beginning_of_an_id_is_enough_where_it_is_one_runs() {
    let (_folder, store) = store();
    store.start_run(run("abc1", "a", 0)).unwrap();
    store.start_run(run("abd2", "a", 1)).unwrap();
    assert!(matches!(store.find_run("ABC").unwrap(), Found::One(row) if row.run.id == "abc1"));
    assert!(matches!(store.find_run("ab").unwrap(), Found::Several(ids) if ids.len() == 2));
    assert!(matches!(store.find_run("x").unwrap(), Found::None));
    assert!(
        matches!(store.find_run("%").unwrap(), Found::None),
        "it is no pattern"
    );
}

#[test]
fn pruning_keeps_what_goes_on_and_takes_firings_along() {
    let (_folder, store) = store();
    for (number, name) in ["a", "a", "a", "b", "b"].iter().enumerate() {
        let (id, second) = (format!("r{number}"), i64::try_from(number).unwrap());
        let outcome = FiringOutcome::Ran { run: id.clone() };
        assert!(
            store
                .decide(firing(name, second, outcome), Some(run(&id, name, second)))
                .unwrap()
        );
        if number != 3 {
            store.end_run(end(&id, second, RunOutcome::Done)).unwrap();
        }
    }
    store
        .decide(firing("a", -5, FiringOutcome::Paused), None)
        .unwrap();
    store
        .decide(firing("b", -5, FiringOutcome::Queued), None)
        .unwrap();
    let pruned = store
        .prune(Prune {
            keep: Some(1),
            ..Prune::default()
        })
        .unwrap();
    assert_eq!(
        pruned,
        Pruned {
            runs: 2,
            firings: 3
        }
    );
    assert_eq!(
        ids(&store, Filter::default()),
        ["r4", "r3", "r2"],
        "a run that has not ended stays"
    );
    assert_eq!(
        store
            .prune(Prune {
                before: Some(at(100)),
                name: Some("b".to_owned()),
                keep: None
            })
            .unwrap()
            .runs,
        1
    );
    assert_eq!(
        ids(
            &store,
            Filter {
                name: Some("a".to_owned()),
                ..Filter::default()
            }
        ),
        ["r2"]
    );
    assert_eq!(
        store.queued_firings().unwrap().len(),
        1,
        "what waits to run is kept"
    );
}

#[test]
fn many_handles_on_one_new_file_make_its_tables_once_and_write_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/below/runs.db");
    let writers = (0..8).map(|writer| {
        let path: PathBuf = path.clone();
        thread::spawn(move || {
            let store = Store::open(path);
            for number in 0..20 {
                store
                    .start_run(run(&format!("{writer}-{number}"), "a", number))
                    .unwrap();
            }
        })
    });
    writers
        .collect::<Vec<_>>()
        .into_iter()
        .for_each(|writer| writer.join().unwrap());
    assert_eq!(
        Store::open(path).runs(Filter::default()).unwrap().len(),
        160
    );
}

#[test]
fn a_store_that_cannot_be_opened_is_an_error_with_its_path_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    let problem = Store::open(folder.path().join("file/runs.db"))
        .runs(Filter::default())
        .unwrap_err();
    assert!(
        problem.to_string().contains("file/runs.db") && problem.to_string().contains("--store"),
        "{problem}"
    );
    fs::write(
        folder.path().join("text.db"),
        "this is no database, whatever its name says, and it is long enough to be read",
    )
    .unwrap();
    let problem = Store::open(folder.path().join("text.db"))
        .runs(Filter::default())
        .unwrap_err();
    assert!(matches!(problem, StoreError::Unopened { .. }), "{problem}");
}

#[cfg(unix)]
#[test]
fn no_other_user_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, store) = store();
    store.start_run(run("r", "a", 0)).unwrap();
    for file in ["runs.db", "runs.db-wal"] {
        assert_eq!(
            fs::metadata(folder.path().join(file))
                .unwrap()
                .permissions()
                .mode()
                & 0o077,
            0,
            "{file}"
        );
    }
}

#[tokio::test]
async fn a_store_gives_the_space_of_what_it_forgot_back() {
    use sqlx::{ConnectOptions as _, Connection as _};
    // A file of an earlier version gives nothing back by itself.
    for is_old in [false, true] {
        let (folder, store) = store();
        let path = folder.path().join("runs.db");
        for second in 0..300 {
            let run = NewRun {
                args: vec!["x".repeat(20_000)],
                ..run(&format!("r{second}"), "a", second)
            };
            let id = run.id.clone();
            store.start_run(run).unwrap();
            store.end_run(end(&id, second, RunOutcome::Done)).unwrap();
        }
        drop(store);
        if is_old {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
            let mut other = options.connect().await.unwrap();
            let anew = "PRAGMA auto_vacuum = NONE; VACUUM";
            sqlx::raw_sql(anew).execute(&mut other).await.unwrap();
            other.close().await.unwrap();
        }
        let size = || fs::metadata(&path).unwrap().len();
        let store = Store::open(&path);
        for _ in 0..2 {
            store
                .prune(Prune {
                    keep: Some(3),
                    ..Prune::default()
                })
                .unwrap();
            store.shrink().unwrap();
            assert!(size() < 300_000, "{} bytes, old: {is_old}", size());
        }
        assert_eq!(ids(&store, Filter::default()), ["r299", "r298", "r297"]);
    }
}

#[test]
fn a_store_whose_file_was_deleted_is_made_anew() {
    let (folder, store) = store();
    store.start_run(run("r1", "a", 0)).unwrap();
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(folder.path().join(format!("runs.db{end}")));
    }
    store.start_run(run("r2", "a", 2)).unwrap();
    let kept = ids(&store, Filter::default());
    assert_eq!(kept, ["r2"]);
}
