//! No state without a reason: every outcome that a firing or a run can have is brought about, and has
//! its reason in the same words wherever it is named.

use crate::served::{Process, Served, command, folder, get, until};
use cumulua::history::{Filter, FiringOutcome, Planned, RunOutcome, RunState, Store};
use cumulua::schedule::file::ScheduleFile;
use cumulua_core::clock::wall_now;
use jiff::SignedDuration;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use std::collections::BTreeMap;

fn one(name: &str, lines: &str) -> String {
    format!("[[schedule]]\nname = '{name}'\nscript = 'a.lua'\n{lines}\n")
}

const YEARLY: &str = "cron = '@yearly'\n";

const SCRIPT: &str = "
    if args[1] == 'fail' then error 'boom' end
    if args[1] then time.sleep(args[1]) end
";

fn list(served: &Served, args: &[&str]) -> Vec<Json> {
    let all = [&["runs", "list", "--json", "--limit", "500"], args].concat();
    let output = served.run(&all);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn table(served: &Served) -> String {
    let output = served.run(&["runs", "list", "--limit", "500"]);
    String::from_utf8(output.stdout).unwrap()
}

/// Each outcome of a firing: a schedule that has it, and words of its reason.
const FIRINGS: [(&str, &str, &str); 10] = [
    (
        "queued",
        "wants",
        "waiting for the pool db: 1 of 1 taken by holds",
    ),
    ("overlap", "busy", "was still going on"),
    ("paused", "off", "the file has paused = true"),
    ("paused", "held", "the freeze"),
    ("too late", "late", "no server was running at its time"),
    ("superseded", "latest", "a later firing ran in its place"),
    (
        "blocked",
        "frozen",
        "nothing starts during the calendar freeze",
    ),
    ("not followed", "follows", "fails had no success within"),
    (
        "not started",
        "gone",
        "the schedule was taken from the file",
    ),
    ("dropped", "given-up", "given up by "),
];

fn schedules() -> String {
    let pool = YEARLY.to_owned() + "pool = 'db'\n";
    let often = "every = '1s'\n";
    [
        "[calendar.freeze]\ndates = ['2020-01-01/2099-01-01']\n[pool.db]\nsize = 1\n".to_owned(),
        one("holds", &format!("{pool}args = ['1h']\nstop = 'end'")),
        one("wants", &pool),
        one("given-up", &pool),
        one("busy", &format!("{often}args = ['1h']")),
        one("off", &format!("{often}paused = true")),
        one("held", often),
        one("late", "cron = '@hourly'"),
        one("latest", "cron = '@hourly'\ncatch_up = '6h'"),
        one("frozen", &format!("{often}not_during = 'freeze'")),
        one("fails", &format!("{YEARLY}args = ['fail']")),
        one("follows", "after = 'fails'\nwithin = '1s'"),
    ]
    .concat()
}

#[test]
fn every_outcome_of_a_firing_has_its_reason_in_the_same_words_everywhere() {
    let gone = one("gone", &format!("{YEARLY}pool = 'db'"));
    let folder = folder(&(schedules() + &gone), SCRIPT);
    let file = ScheduleFile::read(&folder.path().join("schedules.toml")).unwrap();
    let store = Store::open(folder.path().join("runs.db"));
    // As a server left them that has been gone for hours.
    let planned = file
        .schedules
        .iter()
        .filter(|schedule| ["late", "latest"].contains(&&*schedule.name));
    let planned = planned.map(|schedule| Planned {
        name: schedule.name.to_string(),
        times: schedule.timing.fingerprint(),
    });
    let before = wall_now() - SignedDuration::from_hours(4);
    store.plan(planned.collect(), before).unwrap();
    drop(store);
    let serve = ["--http", "127.0.0.1:0", "--grace", "1h", "--stop", "end"];
    let served = Served::start(folder, &serve);
    let address = served.address();
    served.wait_for_words("busy: started");
    let pause = ["schedule", "pause", "held", "--reason", "the freeze"];
    assert!(served.run(&pause).status.success());
    for name in ["holds", "wants", "given-up", "gone", "fails"] {
        served.trigger(name);
    }
    assert!(
        served
            .run(&["schedule", "drop", "given-up"])
            .status
            .success()
    );
    served.wait_for_words("gone: ");
    served.write("schedules.toml", &schedules());
    assert!(served.run(&["schedule", "reload"]).status.success());
    until(|| {
        let listed = list(&served, &[]);
        FIRINGS.iter().all(|(outcome, name, _)| {
            listed
                .iter()
                .any(|row| row["outcome"] == *outcome && row["name"] == *name)
        })
    });
    // The server ends once its runs have, and starts nothing meanwhile.
    served.signal("TERM");
    served.wait_for_words("ending: nothing starts any more");
    let refused = served.run(&["schedule", "trigger", "fails"]);
    let refused = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.contains("the server was ending"), "{refused}");

    let listed = list(&served, &[]);
    let table = table(&served);
    let metrics = get(&address, "/metrics");
    let ending = [("shutting down", "fails", "the server was ending")];
    let mut brought_about = BTreeMap::from([("ran", true)]);
    for (outcome, name, words) in FIRINGS.into_iter().chain(ending) {
        let is_meant = |row: &&Json| row["outcome"] == outcome && row["name"] == name;
        let row = listed.iter().find(is_meant);
        let row = row.unwrap_or_else(|| panic!("{outcome}, {name}: {table}"));
        let reason = row["error"].as_str().unwrap_or_default();
        assert!(reason.contains(words), "{outcome}, {name}: {reason:?}");
        let start: String = reason.chars().take(60).collect();
        let has = |line: &str| line.contains(outcome) && line.contains(&start);
        assert!(
            table.lines().any(has),
            "{outcome}, {name}: {start} in {table}"
        );
        // What waits is not decided, and has its own metric.
        let counted = format!("cumulua_schedule_firings_total{{outcome=\"{outcome}\"}} ");
        let waiting = format!("cumulua_schedule_queued{{schedule=\"{name}\"}} 1\n");
        let is_counted = metrics.contains(&counted) || metrics.contains(&waiting);
        assert!(
            is_counted || outcome == "shutting down",
            "{outcome}: {metrics}"
        );
        brought_about.insert(outcome, true);
    }
    // No row at all is without a reason, and no outcome is left out.
    for row in &listed {
        let is_firing = row["kind"] == "firing";
        let reason = row["error"].as_str().unwrap_or_default();
        assert!(!is_firing || !reason.is_empty(), "{row:#}");
    }
    for outcome in FiringOutcome::all() {
        let word = outcome.as_str();
        assert!(
            brought_about.contains_key(word),
            "{word} is not brought about"
        );
    }
    served.signal("TERM");
    served.end_now();
}

/// Each outcome of a run: a schedule whose run has it, and words of its reason.
const RUNS: [(RunOutcome, &str, &str); 8] = [
    (RunOutcome::Done, "well", ""),
    (RunOutcome::Failed, "fails", "boom"),
    (RunOutcome::Failed, "exits", "os.exit(7)"),
    (
        RunOutcome::TimedOut,
        "times",
        "the run did not end within its 1 s",
    ),
    // A run in a terminal, of no schedule.
    (RunOutcome::Interrupted, "a", "interrupted"),
    (RunOutcome::Cancelled, "cancelled", "runs cancel"),
    (RunOutcome::Lost, "signaled", "ended by a signal"),
    (
        RunOutcome::Lost,
        "killed",
        "its process ended without recording how",
    ),
];

#[test]
fn every_end_of_a_run_has_its_reason_in_the_same_words_everywhere() {
    let long = format!("{YEARLY}args = ['1h']\n");
    let notify = "notify = { lua = 'notify.lua:keep' }\n";
    let text = [
        one("well", YEARLY),
        one("fails", &format!("{YEARLY}args = ['fail']\n{notify}")),
        one("exits", &format!("{YEARLY}args = ['exit']\n{notify}")),
        one("times", &format!("{long}timeout = '1s'\n{notify}")),
        one("signaled", &format!("{long}{notify}")),
        one("cancelled", &long),
        one("killed", &format!("{long}{notify}")),
    ]
    .concat();
    // A run that no server has recorded is there once it has a lock.
    let first = "if args[1] == 'exit' then os.exit(7) end if args[2] then lock(args[2]) end";
    let script = format!("{first}\n{SCRIPT}");
    let folder = folder(&text, &script);
    let keep = "return { keep = function(event) print(json.encode(event)) end }";
    std::fs::write(folder.path().join("notify.lua"), keep).unwrap();
    let served = Served::start(folder, &[]);
    served.wait_for_words("serving 7 schedules");
    for (_, name, _) in RUNS.into_iter().filter(|(_, name, _)| *name != "a") {
        served.trigger(name);
    }
    let args = ["run", "--store", "runs.db", "a.lua", "1h", "locked"];
    let in_terminal = Process(command(&served.folder, &args).spawn().unwrap());
    let store = served.store();
    let process = |name: &str| {
        let filter = || Filter {
            name: Some(name.to_owned()),
            ..Filter::default()
        };
        let running = || {
            let row = store.runs(filter()).unwrap().pop()?;
            let pid = row.run.pid.filter(|_| row.state == RunState::Running)?;
            Pid::from_raw(i32::try_from(pid).ok()?)
        };
        until(|| running().is_some());
        running().unwrap()
    };
    kill_process(process("killed"), Signal::KILL).unwrap();
    kill_process(process("signaled"), Signal::TERM).unwrap();
    kill_process(process("a"), Signal::INT).unwrap();
    process("cancelled");
    let cancelled = served.run(&["runs", "cancel", "cancelled"]);
    assert!(cancelled.status.success(), "{cancelled:?}");
    until(|| {
        list(&served, &[])
            .iter()
            .all(|row| row["ended"].is_string())
    });
    until(|| {
        let rows = store.notifications_about("killed", 10).unwrap();
        rows.iter().any(|row| row.state == "delivered")
    });
    let listed = list(&served, &[]);
    let table = table(&served);
    let status = served.run(&["schedule", "status", "--json"]);
    let status: Vec<Json> = serde_json::from_slice(&status.stdout).unwrap();
    for (outcome, name, words) in RUNS {
        let row = listed.iter().find(|row| row["name"] == name).unwrap();
        assert_eq!(row["outcome"], outcome.as_str(), "{row:#}");
        let reason = row["error"].as_str().unwrap_or_default();
        assert!(reason.contains(words), "{name}: {reason:?}");
        assert_eq!(reason.is_empty(), outcome == RunOutcome::Done, "{name}");
        for stand in status.iter().filter(|stand| stand["name"] == name) {
            assert_eq!(stand["last"]["error"], row["error"], "{stand:#}");
        }
        let start: String = reason.chars().take(60).collect();
        let has = |line: &str| line.contains(name) && line.contains(&start);
        assert!(table.lines().any(has), "{name}: {start} in {table}");
        let id = row["id"].as_str().unwrap();
        let shown = served.run(&["runs", "show", id]).stdout;
        let shown = String::from_utf8(shown).unwrap();
        assert!(shown.contains(&start), "{name}: {shown}");
        let about = store.notifications_about(name, 10).unwrap();
        for notification in about {
            let content: Json = serde_json::from_str(&notification.content).unwrap();
            assert_eq!(content["error"], row["error"], "{content:#}");
            assert_eq!(content["outcome"], row["outcome"], "{content:#}");
        }
    }
    let brought_about = |outcome: RunOutcome| RUNS.iter().any(|(each, _, _)| *each == outcome);
    for outcome in RunOutcome::ALL {
        assert!(brought_about(outcome), "{outcome:?} is not brought about");
    }
    drop(in_terminal);
    served.end();
}

#[test]
fn a_run_that_has_not_begun_says_so() {
    let served = Served::start(folder(&one("waits", YEARLY), SCRIPT), &[]);
    served.wait_for_words("serving 1 schedule");
    // As where a process of the run before still has to end.
    let store = served.store();
    let before = store.locks().schedule("waits", "before").unwrap();
    served.trigger("waits");
    until(|| !list(&served, &[]).is_empty());
    let row = list(&served, &[]).remove(0);
    assert_eq!(row["outcome"], RunState::Queued.as_str(), "{row:#}");
    assert_eq!(row["error"], "its process has not begun yet", "{row:#}");
    assert!(table(&served).contains("its process has not begun yet"));
    drop(before);
    served.wait_for_words("waits: done");
    served.end();
}
