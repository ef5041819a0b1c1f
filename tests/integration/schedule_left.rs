//! Runs need no server to go on: it is killed, stopped or ended, and they are not.

use crate::served::{AS_THE_FILE_SAYS, Served, command, folder, until};
use cumulua::history::locks::Locks;
use cumulua::history::{Filter, NewRun, RunEnd, RunOutcome, RunRow, RunState, Store};
use cumulua_core::clock::wall_now;
use std::fs;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const NIGHTLY: &str =
    "[[schedule]]\nname = 'nightly'\nscript = 'a.lua'\ncron = '@yearly'\nallow_run = true\n";

/// Goes on until there is a file `go`.
const WAITS: &str = "print('begun')
    defer(function() print('tidied') end)
    pcall(cds.ccs.DescribeTags, {}, { timeout = '10ms', retries = 0 })
    while not io.open('go') do time.sleep('10ms') end
    print('ended')";

fn store(folder: &TempDir) -> Store {
    Store::open(folder.path().join("runs.db"))
}

fn runs(store: &Store) -> Vec<RunRow> {
    store.runs(Filter::default()).unwrap()
}

fn lines(store: &Store, run: &str) -> Vec<String> {
    let rows = store.output(run, 0, 1000).unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

/// A server with a run that has printed its first line.
fn running(schedules: &str, script: &str, args: &[&str]) -> (Served, Store, String) {
    let folder = folder(schedules, script);
    let config = "[profiles.default.cds]\nendpoint = 'http://127.0.0.1:1'\n";
    fs::write(folder.path().join("cumulua.toml"), config).unwrap();
    assert!(command(&folder, &["trust"]).status().unwrap().success());
    let variables = [
        ("CDS_SECRET_ID", "id"),
        ("CDS_SECRET_KEY", "key-of-the-test"),
    ];
    let served = Served::start_with(folder, args, &variables);
    served.wait_for_words("serving");
    served.trigger("nightly");
    let store = store(&served.folder);
    let run = runs(&store).remove(0).run.id;
    until(|| lines(&store, &run).contains(&"begun".to_owned()));
    (served, store, run)
}

fn kill(mut served: Served) -> TempDir {
    served.child.0.kill().unwrap();
    served.child.0.wait().unwrap();
    served.folder
}

fn go(folder: &TempDir) {
    fs::write(folder.path().join("go"), "").unwrap();
}

/// How a run ended, also where it could only leave that beside the store: tests that look all the
/// time can keep it from writing.
fn outcome(store: &Store, run: &str) -> Option<RunOutcome> {
    let row = store.run(run).unwrap().unwrap();
    store.state(&row).outcome()
}

fn send(signal: &str, process: u32) {
    let status = Command::new("kill")
        .args([&format!("-{signal}"), &process.to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn a_run_goes_on_after_kill_9_of_its_server_and_the_next_takes_it_over() {
    let (served, store, run) = running(NIGHTLY, WAITS, &[]);
    let folder = kill(served);
    let served = Served::start(folder, &[]);
    served.wait_for_words("nightly: the run of");
    let again = served.run(&["schedule", "trigger", "nightly"]);
    assert!(
        !again.status.success(),
        "it overlaps as one of its own would"
    );
    go(&served.folder);
    served.wait_for_words("nightly: done, status 0");
    let (_folder, _) = served.end();
    let all = runs(&store);
    assert_eq!(
        (all.len(), outcome(&store, &run)),
        (1, Some(RunOutcome::Done))
    );
    assert_eq!(all[0].calls, 1);
    assert_eq!(lines(&store, &run), ["begun", "ended", "tidied"]);
    assert!(store.unheard_runs().unwrap().is_empty());
}

#[test]
fn a_run_that_ends_while_no_server_runs_is_neither_lost_nor_started_again() {
    for (script, expected, attempts) in [
        (WAITS.to_owned(), RunOutcome::Done, 1),
        (WAITS.to_owned() + "\nerror 'boom'", RunOutcome::Failed, 2),
    ] {
        let schedules = format!("{NIGHTLY}retries = {{ count = 1, delay = '1s' }}\n");
        let (served, store, run) = running(&schedules, &script, &[]);
        let folder = kill(served);
        go(&folder);
        until(|| outcome(&store, &run).is_some());
        assert_eq!(outcome(&store, &run), Some(expected));
        let served = Served::start(folder, &[]);
        served.wait_for_words("serving");
        if attempts == 2 {
            served.wait_for_words("nightly: attempt 1 failed; the next is at");
            served.wait_for_words("nightly: failed");
        }
        until(|| store.unheard_runs().unwrap().is_empty());
        let (_folder, _) = served.end();
        assert_eq!(outcome(&store, &run), Some(expected));
        assert_eq!(runs(&store).len(), attempts);
    }
}

#[test]
fn a_server_that_is_ended_leaves_its_runs_says_so_and_they_can_be_cancelled() {
    let (served, store, run) = running(NIGHTLY, WAITS, &["--stop", "leave"]);
    served.signal("TERM");
    let left = served.wait_for_words("1 run left");
    for words in [&run[..8], "nightly", "cumulua runs cancel"] {
        assert!(left.contains(words), "{left}");
    }
    served.wait_for_words("ended");
    let mut served = served;
    assert!(served.child.0.wait().unwrap().success());
    let folder = served.folder;
    assert_eq!(store.run(&run).unwrap().unwrap().state, RunState::Running);
    let cancelled = command(
        &folder,
        &["runs", "cancel", "nightly", "--store", "runs.db"],
    )
    .output()
    .unwrap();
    assert!(cancelled.status.success(), "{cancelled:?}");
    until(|| outcome(&store, &run) == Some(RunOutcome::Cancelled));
    assert_eq!(lines(&store, &run)[..2], ["begun", "tidied"]);
    let served = Served::start(folder, &[]);
    served.wait_for_words("serving");
    until(|| store.unheard_runs().unwrap().is_empty());
    let _kept = served.end();
    assert_eq!(runs(&store).len(), 1, "who cancels a run wants no other");
}

#[test]
fn a_second_signal_ends_what_would_be_left() {
    let schedules = format!("{NIGHTLY}retries = {{ count = 1, delay = '1s' }}\n");
    let (served, store, run) = running(&schedules, WAITS, &["--stop", "leave"]);
    served.signal("TERM");
    served.wait_for_words("1 run left");
    served.signal("INT");
    let (folder, _) = served.end_now();
    assert_eq!(outcome(&store, &run), Some(RunOutcome::Lost));
    assert!(lines(&store, &run).contains(&"tidied".to_owned()));
    go(&folder);
    let served = Served::start(folder, &[]);
    served.wait_for_words("nightly: attempt 1 failed; the next is at");
    served.wait_for_words("nightly: done");
    let _kept = served.end();
    assert_eq!(runs(&store).len(), 2);
}

#[test]
fn each_schedule_says_whether_its_runs_end_with_the_server() {
    let ended = NIGHTLY.to_owned() + "stop = 'end'\n";
    let left = NIGHTLY.replace("nightly", "left");
    let (served, store, run) = running(
        &format!("{ended}{left}"),
        WAITS,
        &["--grace", "1ms", AS_THE_FILE_SAYS],
    );
    served.trigger("left");
    until(|| {
        runs(&store)
            .iter()
            .all(|row| lines(&store, &row.run.id).contains(&"begun".to_owned()))
    });
    served.signal("TERM");
    assert!(served.wait_for_words("1 run left").contains("left "));
    let (folder, _) = served.end_now();
    assert_eq!(outcome(&store, &run), Some(RunOutcome::Lost));
    let row = |name: &str| {
        runs(&store)
            .into_iter()
            .find(|row| row.run.name == name)
            .unwrap()
    };
    assert_eq!(row("left").state, RunState::Running);
    go(&folder);
    until(|| row("left").state == RunState::Ended(RunOutcome::Done));
}

#[test]
fn a_run_that_the_machine_ends_runs_what_it_deferred_and_is_repeated() {
    let schedules = format!("{NIGHTLY}retries = {{ count = 1, delay = '1s' }}\n");
    let (served, store, run) = running(&schedules, WAITS, &[]);
    send("TERM", runs(&store)[0].run.pid.unwrap());
    served.wait_for_words("nightly: lost, status 130");
    assert_eq!(lines(&store, &run)[..2], ["begun", "tidied"]);
    go(&served.folder);
    served.wait_for_words("nightly: started");
    served.wait_for_words("nightly: done");
    let _kept = served.end();
}

#[test]
fn a_run_that_crashes_is_lost_with_its_last_words() {
    let (served, store, run) = running(NIGHTLY, WAITS, &[]);
    let words = served.folder.path().join(format!("runs.db.d/{run}.err"));
    fs::write(&words, "free(): invalid pointer\n").unwrap();
    send("ABRT", runs(&store)[0].run.pid.unwrap());
    served.wait_for_words("nightly: lost");
    until(|| runs(&store)[0].ended.is_some());
    let error = store.run(&run).unwrap().unwrap().error.unwrap();
    assert!(
        error.contains("signal: 6") && error.contains("free(): invalid"),
        "{error}"
    );
    assert!(!words.exists(), "they stand in the history");
    let _kept = served.end();
}

#[test]
fn a_server_that_stood_still_takes_no_run_that_ended_well_for_timed_out() {
    let schedules =
        format!("{NIGHTLY}timeout = '1m'\ngrace = '1s'\nretries = {{ count = 1, delay = '1s' }}\n");
    let (served, store, run) = running(&schedules, WAITS, &[]);
    served.signal("STOP");
    go(&served.folder);
    until(|| outcome(&store, &run).is_some());
    served.signal("CONT");
    served.wait_for_words("nightly: done, status 0");
    let _kept = served.end();
    assert_eq!(runs(&store).len(), 1);
}

#[test]
fn what_a_script_has_started_ends_with_it_also_where_no_server_sees_to_that() {
    let script = "os.execute '(sleep 300; true) > held & echo begun; wait'";
    let served = Served::start(folder(NIGHTLY, script), &[]);
    served.wait_for_words("serving");
    let held = served.folder.path().join("held");
    assert!(
        Command::new("mkfifo")
            .arg(&held)
            .status()
            .unwrap()
            .success()
    );
    served.trigger("nightly");
    let mut pipe = fs::File::open(&held).unwrap();
    let store = store(&served.folder);
    let folder = kill(served);
    until(|| runs(&store)[0].run.pid.is_some());
    send("TERM", runs(&store)[0].run.pid.unwrap());
    // It ends when no process has it open any more.
    std::io::Read::read_to_end(&mut pipe, &mut Vec::new()).unwrap();
    until(|| runs(&store)[0].ended.is_some());
    drop(folder);
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_script_has_started_ends_also_where_its_run_was_killed() {
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Watcher {
        Own,
        Next,
        Missing,
    }
    // In a session of its own, it is in no group of the run's.
    let script = "os.execute [[setsid sh -c 'trap \"\" TERM; exec 3> held; echo begun; sleep 1000; true' & wait]]";
    for watcher in [Watcher::Own, Watcher::Next, Watcher::Missing] {
        let folder = folder(NIGHTLY, script);
        let held = folder.path().join("held");
        let made = Command::new("mkfifo").arg(&held).status().unwrap();
        assert!(made.success());
        let mut served = Served::start(folder, &[AS_THE_FILE_SAYS]);
        served.wait_for_words("serving");
        served.trigger("nightly");
        let mut pipe = fs::File::open(&held).unwrap();
        let store = store(&served.folder);
        until(|| runs(&store)[0].run.pid.is_some());
        if watcher != Watcher::Own {
            let folder = kill(served);
            if watcher == Watcher::Missing {
                send("KILL", runs(&store)[0].run.pid.unwrap());
                until(|| !store.locks().is_run_alive(&runs(&store)[0].run.id));
            }
            served = Served::start(folder, &[]);
            served.wait_for_words("serving");
        }
        if watcher != Watcher::Missing {
            send("KILL", runs(&store)[0].run.pid.unwrap());
        }
        // It ends when no process has it open any more.
        std::io::Read::read_to_end(&mut pipe, &mut Vec::new()).unwrap();
        let lost = Some(RunOutcome::Lost);
        until(|| runs(&store)[0].state.outcome() == lost);
        served.end();
    }
}

/// A run that a server has recorded.
fn recorded() -> NewRun {
    NewRun {
        id: "r1".to_owned(),
        name: "nightly".to_owned(),
        kind: "schedule".to_owned(),
        due: Some(wall_now()),
        attempt: 1,
        started: wall_now(),
        ..NewRun::default()
    }
}

/// A run of a server before, whose process id is another process's by now.
fn with_the_id_of(store: &Store, process: u32) {
    store.start_run(recorded()).unwrap();
    let claimed = NewRun {
        pid: Some(process),
        ..recorded()
    };
    assert!(
        store
            .claim_run(claimed, Some("1".to_owned()), wall_now())
            .unwrap()
    );
}

#[test]
fn a_process_that_has_a_runs_id_by_now_is_not_the_run() {
    let mut other = Command::new("sleep").arg("1000").spawn().unwrap();
    // Without its lock the run is gone.
    let lost = folder(NIGHTLY, "");
    with_the_id_of(&store(&lost), other.id());
    let served = Served::start(lost, &["--grace", "1ms"]);
    served.wait_for_words("was lost");
    let (_folder, ended) = served.end();
    assert_eq!(outcome(&ended, "r1"), Some(RunOutcome::Lost));
    // With it another process carries it out, which only the lock shows.
    let going_on = folder(&(NIGHTLY.to_owned() + "overlap = 'cancel'\n"), "");
    let store = store(&going_on);
    with_the_id_of(&store, other.id());
    let held = store.locks().run("r1").unwrap().held();
    let served = Served::start(going_on, &[]);
    served.wait_for_words("still goes on");
    served.trigger("nightly");
    let end = RunEnd {
        id: "r1".to_owned(),
        ended: wall_now(),
        outcome: RunOutcome::Done,
        status: Some(0),
        error: None,
    };
    assert!(store.end_run(end).unwrap());
    drop(held);
    served.wait_for_words("nightly: done, status 0");
    served.wait_for_words("nightly: started");
    served.wait_for_words("nightly: done, status 0");
    let _kept = served.end();
    assert!(other.try_wait().unwrap().is_none(), "it was sent no signal");
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_run_without_a_script_has_failed_with_the_reason() {
    let served = Served::start(folder(NIGHTLY, ""), &[]);
    served.wait_for_words("serving");
    fs::remove_file(served.folder.path().join("a.lua")).unwrap();
    served.trigger("nightly");
    served.wait_for_words("nightly: failed, status 1");
    let (_folder, store) = served.end();
    let row = runs(&store).remove(0);
    assert!(row.error.unwrap().contains("a.lua cannot be read"));
    assert!(lines(&store, &row.run.id)[0].contains("a.lua cannot be read"));
}

#[test]
fn no_run_can_be_suspended_yet_which_is_said() {
    let folder = folder(&(NIGHTLY.to_owned() + "stop = 'suspend'\n"), "");
    let refused = |args: &[&str]| {
        let output = command(&folder, args).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let checked = refused(&["schedule", "check"]);
    assert!(
        checked.contains("line 6, column 8") && checked.contains("no run can be suspended yet"),
        "{checked}"
    );
    let asked = refused(&["schedule", "serve", "--stop", "suspend"]);
    assert!(asked.contains("no run can be suspended yet"), "{asked}");
}

#[test]
fn a_run_waits_for_a_store_that_does_not_work_yet() {
    let folder = folder(NIGHTLY, "print('ran')");
    let good = folder.path().join("good.db");
    let store = Store::open(&good);
    store.start_run(recorded()).unwrap();
    drop(store);
    // Its log goes with its last connection.
    until(|| !folder.path().join("good.db-wal").exists());
    let path = folder.path().join("runs.db");
    fs::create_dir(&path).unwrap();
    let mut run = command(
        &folder,
        &["run", "--store", "runs.db", "--run-id", "r1", "a.lua"],
    );
    let child = run.stdout(Stdio::piped()).spawn().unwrap();
    until(|| Locks::beside(&path).is_run_alive("r1"));
    fs::remove_dir(&path).unwrap();
    fs::rename(&good, &path).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"ran\n");
    let store = Store::open(&path);
    assert_eq!(outcome(&store, "r1"), Some(RunOutcome::Done));
}

#[test]
fn a_run_that_was_taken_over_is_cancelled_for_a_later_firing_like_any_other() {
    let schedules = format!("{NIGHTLY}overlap = 'cancel'\n");
    let (served, store, run) = running(&schedules, WAITS, &[]);
    let folder = kill(served);
    let served = Served::start(folder, &[]);
    served.wait_for_words("nightly: the run of");
    let trigger = ["schedule", "trigger", "nightly"];
    assert!(served.run(&trigger).status.success());
    served.wait_for_words("nightly: cancelled, status 130");
    assert!(lines(&store, &run).contains(&"tidied".to_owned()));
    go(&served.folder);
    served.wait_for_words("nightly: done, status 0");
    let _kept = served.end();
}

#[test]
fn a_run_keeps_its_time_without_a_server() {
    let schedules = format!("{NIGHTLY}timeout = '1s'\n");
    let (served, store, run) = running(&schedules, WAITS, &[]);
    let folder = kill(served);
    // Asking the store all the time would keep the run from writing there.
    until(|| !store.locks().is_run_alive(&run));
    assert_eq!(outcome(&store, &run), Some(RunOutcome::TimedOut));
    // Its end does not wait for its lines.
    until(|| lines(&store, &run).contains(&"tidied".to_owned()));
    drop(folder);
}
