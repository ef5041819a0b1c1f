//! A server whose store is held by another process, or taken away.

use crate::served::{Served, command, folder, get, until};
use cumulua::history::{Filter, FiringOutcome, RunOutcome, Store};
use cumulua_core::clock::real_now;
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use std::fs;
use std::path::Path;
use std::time::Duration;

const EVERY_SECOND: &str =
    "[[schedule]]\nname = 'nightly'\nscript = 'a.lua'\nevery = '1s'\ncatch_up = 'none'\n";

const COUNTS: &str = "local file <close> = io.open('begun', 'a') file:write(run.id, '\\n')";

fn path(served: &Served) -> std::path::PathBuf {
    served.folder.path().join("runs.db")
}

async fn hold(path: &Path) -> SqliteConnection {
    let mut holder = SqliteConnection::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    holder.execute("PRAGMA busy_timeout = 60000").await.unwrap();
    holder.execute("BEGIN EXCLUSIVE").await.unwrap();
    holder
}

#[tokio::test]
async fn while_another_process_holds_the_store_health_says_so_at_once_and_firings_wait() {
    let served = Served::start(
        folder(EVERY_SECOND, COUNTS),
        &["--http", "127.0.0.1:0", "--log-format", "json"],
    );
    let address = served.wait_for_words("health and metrics on");
    let address = address.split("http://").nth(1).unwrap();
    let address = address.split('"').next().unwrap().to_owned();
    served.wait_for_words("nightly: done");
    let mut holder = hold(&path(&served)).await;
    served.wait_for_words("not started yet");
    let asked = real_now();
    let health = get(&address, "/health");
    assert!(health.starts_with("HTTP/1.1 503"), "{health}");
    assert!(health.contains("refuses to be written"), "{health}");
    assert!(asked.elapsed() < Duration::from_secs(2), "{asked:?}");
    // A firing that comes while the one before it waits has not overlapped with anything.
    let line = served.wait_for_words("did not run");
    assert!(line.contains("refused to record it"), "{line}");
    holder.execute("ROLLBACK").await.unwrap();
    served.wait_for_words("can be written again");
    served.wait_for_words("nightly: started");
    until(|| get(&address, "/health").starts_with("HTTP/1.1 200"));
    let (_folder, store) = served.end();
    let firings = store.firings(None, None, None, false, None).unwrap();
    assert!(
        firings
            .iter()
            .all(|firing| firing.outcome != FiringOutcome::Queued.as_str()),
        "{firings:?}"
    );
}

#[tokio::test]
async fn a_server_whose_store_is_held_ends_soon_and_never_says_that_it_can_be_written() {
    let served = Served::start(folder(EVERY_SECOND, COUNTS), &[]);
    served.wait_for_words("nightly: done");
    let _holder = hold(&path(&served)).await;
    served.wait_for_words("did not run");
    let asked = real_now();
    served.signal("TERM");
    let mut served = served;
    let mut log = String::new();
    while !log.ends_with("ended\n") {
        log += &(served.wait_for_words("") + "\n");
    }
    assert!(served.child.0.wait().unwrap().success());
    assert!(asked.elapsed() < Duration::from_secs(8), "{log}");
    assert!(!log.contains("can be written again"), "{log}");
}

#[tokio::test]
async fn what_a_run_does_while_the_store_is_held_is_recorded_once_it_is_free() {
    let script = "print('begun')
        while not io.open('go') do time.sleep('10ms') end
        cds.ccs.DescribeTags()
        for number = 1, 3 do cds.ccs.CreateTag { TagName = 't' .. number } end
        print('ended')";
    let schedules = "[[schedule]]\nname = 'nightly'\nscript = 'a.lua'\ncron = '@yearly'\n";
    let served = Served::start(folder(schedules, script), &["--sim"]);
    served.wait_for_words("serving");
    served.trigger("nightly");
    let store = served.store();
    let row = || store.runs(Filter::default()).unwrap().remove(0);
    let lines = || {
        let lines = store.output(&row().run.id, 0, 100).unwrap();
        lines.into_iter().map(|line| line.line).collect::<Vec<_>>()
    };
    until(|| !store.runs(Filter::default()).unwrap().is_empty() && !lines().is_empty());
    let mut holder = hold(&path(&served)).await;
    served.write("go", "");
    served.wait_for_words("nightly: done");
    holder.execute("ROLLBACK").await.unwrap();
    until(|| row().calls == 4);
    assert_eq!(row().state.outcome(), Some(RunOutcome::Done));
    let calls = store.calls(&row().run.id, 0, 10).unwrap();
    let ended = calls.iter().filter(|call| call.phase == "ended").count();
    assert_eq!((calls.len(), ended), (4, 4), "{calls:?}");
    let lines = lines();
    assert_eq!((&*lines[0], &*lines[lines.len() - 1]), ("begun", "ended"));
    // It says so, once.
    assert!(
        lines.len() == 3 && lines[1].contains("recorded late"),
        "{lines:?}"
    );
    let (folder, _) = served.end();
    let left = fs::read_dir(folder.path().join("runs.db.locks")).unwrap();
    let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
    let is_of_run = |name: &std::ffi::OsString| name.to_string_lossy().starts_with("left-");
    assert!(!left.iter().any(is_of_run), "{left:?}");
}

/// Takes the file away as a person would who knows nothing of a server.
fn remove(store: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut file = store.as_os_str().to_owned();
        file.push(end);
        let _ = fs::remove_file(file);
    }
}

#[test]
fn a_store_that_is_deleted_at_any_moment_of_a_firing_loses_no_run() {
    let served = Served::start(folder(EVERY_SECOND, COUNTS), &[]);
    let store = path(&served);
    let mut ended = 0;
    // Just after its decision, before its process claims it; while it is carried out; just after its
    // end; between firings.
    for moment in ["started for", "begun", "status", ""] {
        for _ in 0..2 {
            served.wait_for_words("started for");
            let begun = served.folder.path().join("begun");
            let lines = || {
                fs::read_to_string(&begun)
                    .unwrap_or_default()
                    .lines()
                    .count()
            };
            let before = lines();
            match moment {
                "begun" => until(|| lines() > before),
                "status" | "" => {
                    let line = served.wait_for_words("status");
                    assert!(line.contains("nightly: done"), "{line}");
                    ended += 1;
                }
                _ => {}
            }
            if moment.is_empty() {
                until(|| Store::open(&store).flush(Duration::from_secs(5)).is_ok());
            }
            remove(&store);
            let line = served.wait_for_words("status");
            assert!(line.contains("nightly: done"), "after {moment:?}: {line}");
            ended += 1;
        }
    }
    let (folder, store) = served.end();
    let begun = fs::read_to_string(folder.path().join("begun")).unwrap();
    assert!(begun.lines().count() >= ended, "{begun}");
    let going_on = store.runs(Filter {
        open: true,
        ..Default::default()
    });
    assert_eq!(going_on.unwrap().len(), 0);
}

#[test]
fn a_schedule_that_is_paused_stays_paused_when_the_store_is_deleted() {
    let schedules =
        format!("{EVERY_SECOND}[[schedule]]\nname = 'other'\nscript = 'a.lua'\nevery = '1s'\n");
    let folder = folder(&schedules, COUNTS);
    let pause = ["schedule", "pause", "other", "--reason", "freeze"];
    let paused = command(&folder, &pause)
        .args(["--store", "runs.db"])
        .output()
        .unwrap();
    assert!(paused.status.success(), "{paused:?}");
    let served = Served::start(folder, &[]);
    served.wait_for_words("nightly: done");
    remove(&path(&served));
    served.wait_for_words("nightly: started");
    served.wait_for_words("nightly: done");
    let (folder, _) = served.end();
    let served = Served::start(folder, &[]);
    let line = served.wait_for_words("paused");
    assert!(line.contains("other") && line.contains("freeze"), "{line}");
    let (_folder, store) = served.end();
    let firings = store
        .firings(Some("other"), None, None, false, None)
        .unwrap();
    assert!(
        firings
            .iter()
            .all(|firing| firing.outcome == FiringOutcome::Paused.as_str()),
        "{firings:?}"
    );
}
