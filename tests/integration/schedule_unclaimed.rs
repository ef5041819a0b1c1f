//! Runs that a server had recorded, and whose process had not begun when the server ended.

use crate::served::{Process, Served, command, folder, until};
use cumulua::history::{
    AttemptKey, Filter, Firing, FiringOutcome, FiringRow, Given, HistoryEntry, NewRun, Of,
    Requester, Retry, RunEnd, RunOutcome, RunRow, RunState, Store, UserRequest, Verb,
};
use cumulua_core::clock::wall_now;
use jiff::{SignedDuration, Timestamp};
use std::fs;
use std::process::Stdio;
use tempfile::TempDir;

const NIGHTLY: &str = "[[schedule]]\nname = 'nightly'\nscript = 'a.lua'\ncron = '@yearly'\n";

/// Leaves a line for each time that it is carried out.
const COUNTS: &str = "local file <close> = io.open('begun', 'a')
    file:write((run and run.params.zone or args[1] or '-') .. '\\n')
    file:flush()";

fn before(seconds: i64) -> Timestamp {
    let now = Timestamp::from_millisecond(wall_now().as_millisecond()).unwrap();
    now - SignedDuration::from_secs(seconds)
}

fn run(due: Timestamp) -> NewRun {
    NewRun {
        id: "r1".to_owned(),
        name: "nightly".to_owned(),
        kind: "schedule".to_owned(),
        due: Some(due),
        attempt: 1,
        started: due,
        ..NewRun::default()
    }
}

fn firing(run: &NewRun) -> Firing {
    Firing {
        schedule: run.name.clone(),
        due: run.due.unwrap(),
        decided: run.due.unwrap(),
        outcome: FiringOutcome::Ran {
            run: run.id.clone(),
        },
        detail: None,
    }
}

/// What a server records before it starts a run's process.
fn own(run: NewRun) -> HistoryEntry {
    HistoryEntry::Firing(firing(&run), Some(run))
}

fn store(folder: &TempDir) -> Store {
    Store::open(folder.path().join("runs.db"))
}

fn begun(folder: &TempDir) -> Vec<String> {
    let text = fs::read_to_string(folder.path().join("begun")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn firings(store: &Store) -> Vec<FiringRow> {
    store
        .firings(Some("nightly"), None, None, false, None)
        .unwrap()
}

fn runs(store: &Store) -> Vec<RunRow> {
    let filter = Filter {
        name: Some("nightly".to_owned()),
        ..Filter::default()
    };
    store.runs(filter).unwrap()
}

/// A server over a store that has these.
fn serve(schedules: &str, entries: Vec<HistoryEntry>) -> (Served, Store) {
    let folder = folder(schedules, COUNTS);
    let store = store(&folder);
    store.decide_together(entries).unwrap();
    let served = Served::start(folder, &[]);
    (served, store)
}

/// The process that the server before had started comes to its run only now: it carries nothing out.
fn come_late(folder: &TempDir) {
    let late = ["run", "--detached"];
    let late = [&late[..], &["--store", "runs.db", "--run-id", "r1"]].concat();
    let output = command(folder, &late).arg("a.lua").output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("r1 is not in"), "{said}");
}

#[test]
fn a_run_that_was_never_claimed_begins_anew_once_under_the_next_server() {
    let with_params = format!("{NIGHTLY}params = {{ zone = 'default' }}\n");
    let given = Given {
        params: serde_json::json!({ "zone": "kept" })
            .as_object()
            .unwrap()
            .clone(),
        ..Given::default()
    };
    let requested = |verb, run: &NewRun| {
        HistoryEntry::Requested(UserRequest {
            schedule: Some("nightly".to_owned()),
            due: run.due,
            ..UserRequest::new(verb, Requester::default(), run.started)
        })
    };
    let triggered = NewRun {
        kind: "trigger".to_owned(),
        ..run(before(20))
    };
    let backfilled = NewRun {
        kind: "backfill".to_owned(),
        ..run(before(200_000))
    };
    let fired = Some(triggered.clone());
    let cases = [
        (
            "at its time",
            NIGHTLY.to_owned(),
            vec![own(run(before(2)))],
            "-",
        ),
        (
            "caught up",
            format!("{NIGHTLY}catch_up = '1d'\n"),
            vec![own(run(before(7200)))],
            "-",
        ),
        (
            "triggered, with what it was given",
            with_params.clone(),
            vec![
                HistoryEntry::Given("nightly".to_owned(), triggered.due.unwrap(), given),
                requested(Verb::Trigger, &triggered),
                HistoryEntry::Beside(firing(&triggered), fired),
            ],
            "kept",
        ),
        (
            "backfilled",
            with_params,
            vec![
                requested(Verb::Backfill, &backfilled),
                HistoryEntry::Over(firing(&backfilled), Some(backfilled.clone())),
            ],
            "default",
        ),
        (
            "one that overlaps with none",
            format!("{NIGHTLY}overlap = 'allow'\n"),
            vec![own(run(before(2)))],
            "-",
        ),
    ];
    let begins_anew = |case: &str, schedules: &str, entries, expected: &str| {
        let (served, store) = serve(schedules, entries);
        served.wait_for_words("nightly: the run of");
        served.wait_for_words("nightly: done, status 0");
        come_late(&served.folder);
        let (folder, _) = served.end();
        assert_eq!(begun(&folder), [expected], "{case}");
        let (rows, decided) = (runs(&store), firings(&store));
        assert_eq!((rows.len(), decided.len()), (1, 1), "{case}");
        assert_ne!(rows[0].run.id, "r1", "{case}");
        assert_eq!(rows[0].state, RunState::Ended(RunOutcome::Done), "{case}");
        assert_eq!(decided[0].run.as_ref(), Some(&rows[0].run.id), "{case}");
        assert!(store.unheard_runs().unwrap().is_empty(), "{case}");
    };
    std::thread::scope(|scope| {
        for (case, schedules, entries, expected) in cases {
            scope.spawn(move || begins_anew(case, &schedules, entries, expected));
        }
    });
}

#[test]
fn a_repetition_that_was_never_claimed_is_still_to_come() {
    let due = before(3);
    let first = NewRun {
        id: "r0".to_owned(),
        ..run(due)
    };
    let failed = RunEnd {
        id: "r0".to_owned(),
        ended: before(2),
        outcome: RunOutcome::Failed,
        status: Some(1),
        error: None,
    };
    let key = AttemptKey {
        schedule: "nightly".to_owned(),
        due,
        number: 1,
    };
    let second = NewRun {
        attempt: 2,
        ..run(due)
    };
    let entries = || {
        vec![
            own(first.clone()),
            HistoryEntry::End(failed.clone()),
            HistoryEntry::Retry(key.clone(), Retry::At(before(1))),
            HistoryEntry::Run(second.clone()),
        ]
    };
    let schedules = format!("{NIGHTLY}retries = {{ count = 2, delay = '1s' }}\n");
    let (served, store) = serve(&schedules, entries());
    served.wait_for_words("nightly: done, status 0");
    come_late(&served.folder);
    let (folder, _) = served.end();
    assert_eq!(begun(&folder).len(), 1);
    let attempts: Vec<_> = runs(&store)
        .iter()
        .map(|row| (row.run.attempt, row.state))
        .collect();
    let ended = RunState::Ended;
    assert_eq!(
        attempts,
        [(2, ended(RunOutcome::Done)), (1, ended(RunOutcome::Failed))]
    );
    // Its schedule is gone meanwhile.
    let (served, store) = serve(&NIGHTLY.replace("nightly", "other"), entries());
    served.wait_for_words("serving");
    until(|| runs(&store)[0].retry_given_up.is_some());
    let (folder, _) = served.end();
    assert_eq!((begun(&folder).len(), runs(&store).len()), (0, 1));
}

#[test]
fn a_run_that_was_never_claimed_and_may_not_begin_has_a_row_that_says_why() {
    let old = || vec![own(run(before(7200)))];
    let cases = [
        (NIGHTLY.to_owned(), old(), "too late", "the server ended"),
        (
            format!("{NIGHTLY}paused = true\n"),
            vec![own(run(before(2)))],
            "paused",
            "paused = true",
        ),
        (
            NIGHTLY.replace("nightly", "other"),
            vec![own(run(before(2)))],
            "not started",
            "taken from the file",
        ),
    ];
    let has_a_row = |schedules: &str, entries, outcome: &str, words: &str| {
        let (served, store) = serve(schedules, entries);
        served.wait_for_words("serving");
        until(|| firings(&store)[0].outcome == outcome);
        come_late(&served.folder);
        let (folder, _) = served.end();
        let detail = firings(&store)[0].detail.clone().unwrap();
        assert!(detail.contains(words), "{detail}");
        assert!(begun(&folder).is_empty() && runs(&store).is_empty());
    };
    std::thread::scope(|scope| {
        for (schedules, entries, outcome, words) in cases {
            scope.spawn(move || has_a_row(&schedules, entries, outcome, words));
        }
    });
}

#[test]
fn a_run_that_was_never_claimed_waits_for_what_goes_on() {
    let other = NewRun {
        id: "r0".to_owned(),
        pid: Some(1),
        ..run(before(3))
    };
    for (overlap, while_it_goes_on) in [("queue", "queued"), ("skip", "overlap")] {
        let schedules = format!("{NIGHTLY}overlap = '{overlap}'\n");
        let folder = folder(&schedules, COUNTS);
        let store = store(&folder);
        let entries = vec![own(other.clone()), own(run(before(2)))];
        store.decide_together(entries).unwrap();
        let held = store.locks().run("r0").unwrap().held();
        let served = Served::start(folder, &[]);
        served.wait_for_words("still goes on");
        until(|| {
            let row = firings(&store).remove(0);
            let detail = row.detail.unwrap_or_default();
            row.outcome == while_it_goes_on && detail.contains("still going on")
        });
        drop(held);
        served.wait_for_words("nightly: lost");
        if overlap == "queue" {
            served.wait_for_words("nightly: done, status 0");
        }
        let (folder, _) = served.end();
        assert_eq!(begun(&folder).len(), usize::from(overlap == "queue"));
    }
}

#[test]
fn a_firing_that_follows_others_begins_anew_too() {
    let schedules =
        format!("{NIGHTLY}[[schedule]]\nname = 'first'\nscript = 'a.lua'\ncron = '@yearly'\n")
            .replacen("cron = '@yearly'", "after = ['first']\nwithin = '1d'", 1);
    let first = NewRun {
        id: "r0".to_owned(),
        name: "first".to_owned(),
        ..run(before(10))
    };
    let end = RunEnd {
        id: "r0".to_owned(),
        ended: before(5),
        outcome: RunOutcome::Done,
        status: Some(0),
        error: None,
    };
    let entries = vec![own(first), HistoryEntry::End(end), own(run(before(4)))];
    let (served, store) = serve(&schedules, entries);
    served.wait_for_words("nightly: done, status 0");
    come_late(&served.folder);
    let (folder, _) = served.end();
    assert_eq!(begun(&folder).len(), 1);
    assert_eq!((runs(&store).len(), firings(&store).len()), (1, 1));
}

#[test]
fn a_run_that_is_held_up_when_its_server_ends_begins_under_the_next() {
    let served = Served::start(folder(NIGHTLY, COUNTS), &[]);
    served.wait_for_words("serving");
    // As a process of a server before holds it for a moment.
    let held = served.store().locks().schedule("nightly", "r0").unwrap();
    served.trigger("nightly");
    let (folder, store) = served.end();
    assert_eq!(runs(&store)[0].state, RunState::Queued);
    drop(held);
    let served = Served::start(folder, &[]);
    served.wait_for_words("nightly: done, status 0");
    let (folder, store) = served.end();
    assert_eq!((begun(&folder).len(), runs(&store).len()), (1, 1));
    let due = firings(&store)[0].due;
    let asked = store.user_requests(Of::Run(&runs(&store)[0].run.id, Some(("nightly", due))));
    assert_eq!(asked.unwrap().len(), 1, "who asked for it is still known");
}

#[test]
fn a_process_that_claims_its_run_first_goes_on_under_the_next_server() {
    let folder = folder(
        NIGHTLY,
        &format!("{COUNTS}\nwhile not io.open('go') do time.sleep('10ms') end"),
    );
    let store = store(&folder);
    store.decide_together(vec![own(run(before(2)))]).unwrap();
    let mut claims = command(
        &folder,
        &[
            "run",
            "--detached",
            "--store",
            "runs.db",
            "--run-id",
            "r1",
            "a.lua",
        ],
    );
    let claims = claims.stdout(Stdio::null()).spawn().unwrap();
    let mut claims = Process(claims);
    until(|| !begun(&folder).is_empty());
    let served = Served::start(folder, &[]);
    served.wait_for_words("still goes on");
    fs::write(served.folder.path().join("go"), "").unwrap();
    assert!(claims.0.wait().unwrap().success());
    served.wait_for_words("nightly: done, status 0");
    let (folder, _) = served.end();
    assert_eq!((begun(&folder).len(), runs(&store).len()), (1, 1));
    assert_eq!(runs(&store)[0].run.id, "r1");
}
