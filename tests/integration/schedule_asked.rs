//! Who asked a server, or the store, for something.

use crate::served::{Served, command, folder};
use crate::support::Test;
use cumulua::history::{Filter, Of, Store};
use cumulua_core::clock::wall_now;
use jiff::SignedDuration;
use std::io::{BufRead as _, BufReader};
use std::process::Output;

const NIGHTLY: &str = "[[schedule]]\nname = 'nightly'\nscript = 'a.lua'\ncron = '@yearly'\n";

fn asked_as(served: &Served, args: &[&str]) -> Output {
    let output = command(&served.folder, args)
        .args(["--store", "runs.db"])
        .env("SUDO_USER", "mallory\u{1b}[2J")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_waits_of_a_schedule_is_dropped_with_and_without_a_server_and_has_who_asked_for_it() {
    let schedules = "[pool.db]\nsize = 1\n".to_owned()
        + &["holds", "waits", "other"]
            .map(|name| {
                format!("[[schedule]]\nname = '{name}'\nscript = 'a.lua'\ncron = '@hourly'\npool = 'db'\n")
            })
            .concat();
    let mut given = folder(&schedules, "time.sleep('1h')");
    for is_served in [true, false] {
        let served = Served::start(given, &["--stop", "leave"]);
        served.wait_for_words("serving 3 schedules");
        if is_served {
            served.trigger("holds");
            served.wait_for_words("holds: started");
        }
        let backfill = [
            "schedule",
            "backfill",
            "waits",
            "--from",
            "2020-01-01T00:00",
            "--to",
            "2020-01-01T05:00",
        ];
        asked_as(&served, &backfill);
        if is_served {
            served.trigger("other");
        }
        let store = served.store();
        let of = |name: &str, outcome: &str| {
            let rows = store.firings(Some(name), None, None, false, None).unwrap();
            let is_meant = |row: &&cumulua::history::FiringRow| row.outcome == outcome;
            rows.iter().filter(is_meant).cloned().collect::<Vec<_>>()
        };
        let waiting = of("waits", "queued").len();
        assert!(waiting >= 3, "{waiting}");
        let dropped = if is_served {
            text(&asked_as(&served, &["schedule", "drop", "waits"]))
        } else {
            served.signal("KILL");
            let dropped = asked_as(&served, &["schedule", "drop", "waits"]);
            text(&dropped)
        };
        let expected = format!("waits: gave up {waiting} firings and 0 repetitions\n");
        assert_eq!(dropped, expected);
        assert_eq!(of("waits", "queued").len(), 0);
        assert_eq!(of("waits", "dropped").len(), waiting);
        for row in of("waits", "dropped") {
            assert!(row.detail.unwrap().starts_with("given up by "));
        }
        assert!(!of("other", "queued").is_empty(), "it is another schedule");
        let again = text(&asked_as(&served, &["schedule", "drop", "waits"]));
        assert_eq!(again, "waits: nothing waits\n");
        if is_served {
            given = served.end().0;
        } else {
            let cancelled = served.run(&["runs", "cancel", "holds"]);
            assert!(cancelled.status.success(), "{cancelled:?}");
            return;
        }
    }
}

#[test]
fn each_trigger_pause_resume_and_cancel_has_who_asked_for_it() {
    let served = Served::start(folder(NIGHTLY, "time.sleep('1h')"), &[]);
    served.wait_for_words("serving 1 schedule");
    asked_as(&served, &["schedule", "trigger", "nightly"]);
    served.wait_for_words("nightly: started");
    asked_as(
        &served,
        &["schedule", "pause", "nightly", "--reason", "the freeze"],
    );
    served.wait_for_words("nightly: paused");
    asked_as(&served, &["schedule", "resume", "nightly"]);
    served.wait_for_words("nightly: resumed");
    asked_as(&served, &["runs", "cancel", "nightly"]);
    served.wait_for_words("nightly: cancelled");
    let shown = text(&asked_as(&served, &["runs", "show", "nightly"]));
    let uid = rustix::process::getuid().as_raw();
    for verb in ["trigger", "cancel"] {
        let line = shown
            .lines()
            .find(|line| line.contains(&format!("asked by   {verb}, ")));
        let line = line.unwrap_or_else(|| panic!("{verb}: {shown}"));
        assert!(line.contains(&format!("uid {uid})")), "{line}");
        let (kernel, told) = line.split_once("; told by the command: ").unwrap();
        assert!(
            !kernel.contains("mallory") && told.contains("sudo by mallory"),
            "{line}"
        );
        assert!(
            told.contains("host ") && !line.contains('\u{1b}'),
            "{line:?}"
        );
    }
    let json = text(&asked_as(&served, &["runs", "list", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["requests"][0]["verb"], "trigger");
    assert_eq!(json[0]["requests"][1]["verb"], "cancel");
    assert_eq!(json[0]["requests"][1]["uid"], uid);
    let (_folder, store) = served.end();
    let pauses = store.user_requests(Of::Pauses("nightly")).unwrap();
    let seen: Vec<_> = pauses
        .iter()
        .map(|request| {
            (
                request.verb.as_str(),
                request.reason.as_deref(),
                request.requester.uid,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("resume", None, Some(uid)),
            ("pause", Some("the freeze"), Some(uid))
        ]
    );
}

#[test]
fn the_servers_log_says_who_asked_for_each_trigger_pause_resume_and_cancel() {
    let served = Served::start(folder(NIGHTLY, "time.sleep('1h')"), &[]);
    served.wait_for_words("serving 1 schedule");
    let uid = format!("uid {}", rustix::process::getuid().as_raw());
    for (args, words) in [
        (
            ["schedule", "trigger", "nightly"],
            "nightly: asked to trigger: started; by ",
        ),
        (["schedule", "pause", "nightly"], "nightly: paused; by "),
        (["schedule", "resume", "nightly"], "nightly: resumed; by "),
        (["runs", "cancel", "nightly"], "nightly: cancelled"),
    ] {
        asked_as(&served, &args);
        let line = served.wait_for_words(words);
        let (kernel, told) = line.split_once("; told by the command: ").unwrap();
        assert!(
            kernel.contains(&uid) && !kernel.contains("mallory"),
            "{line}"
        );
        assert!(told.contains("sudo by mallory"), "{line}");
        assert!(!line.contains('\u{1b}'), "{line:?}");
    }
    served.end();
    // Where programs read it, too; and what nobody asked for names no one.
    let schedules = format!("{NIGHTLY}overlap = 'cancel'\n");
    let args = ["--log-format", "json"];
    let served = Served::start(folder(&schedules, "time.sleep('1h')"), &args);
    served.wait_for_words("serving 1 schedule");
    for _ in 0..2 {
        asked_as(&served, &["schedule", "trigger", "nightly"]);
        let line = served.wait_for_words("asked to trigger");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(line["by"].as_str().unwrap().contains(&uid), "{line}");
    }
    let ended = served.wait_for_words("nightly: cancelled");
    assert!(!ended.contains("; by "), "{ended}");
    served.end();
}

#[test]
fn a_trigger_without_a_server_has_who_gave_it_and_pruning_forgets_both() {
    let test = Test::new()
        .file("schedules.toml", NIGHTLY)
        .file("a.lua", "")
        .args(["schedule", "trigger", "nightly", "--store", "runs.db"]);
    let path = test.path("runs.db");
    let output = test.run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let store = Store::open(path);
    let run = store.runs(Filter::default()).unwrap().remove(0).run;
    let of = Of::Run(&run.id, run.due.map(|due| ("nightly", due)));
    let requests = store.user_requests(of).unwrap();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        requests[0].requester.uid,
        Some(rustix::process::getuid().as_raw())
    );
    let all = cumulua::history::Prune {
        before: Some(wall_now() + SignedDuration::from_hours(1)),
        ..Default::default()
    };
    store.prune(all).unwrap();
    assert!(store.user_requests(of).unwrap().is_empty());
}

#[test]
fn a_pause_ends_by_itself_and_is_shown_until_then() {
    let every = "[[schedule]]\nname = 'often'\nscript = 'a.lua'\nevery = '1s'\n";
    let served = Served::start(folder(every, ""), &[]);
    served.wait_for_words("often: done");
    let until = (wall_now() + SignedDuration::from_secs(4)).to_string();
    let paused = asked_as(&served, &["schedule", "pause", "often", "--until", &until]);
    assert!(text(&paused).contains("often: paused until "), "{paused:?}");
    let next = text(&asked_as(&served, &["schedule", "next", "--count", "10"]));
    let marked = next
        .lines()
        .filter(|line| line.contains("paused until"))
        .count();
    assert!((1..10).contains(&marked), "{next}");
    served.wait_for_words("did not run: paused by ");
    served.wait_for_words("often: done");
    let again = asked_as(&served, &["schedule", "pause", "often"]);
    assert_eq!(text(&again), "often: paused\n");
    served.end();
    for (until, words) in [
        ("2020-01-01", "has passed"),
        ("soon", "write it as 2026-12-01T08:00"),
    ] {
        Test::new()
            .file("schedules.toml", every)
            .args([
                "schedule", "pause", "often", "--store", "r.db", "--until", until,
            ])
            .fails(2, &[words]);
    }
}

#[test]
fn a_trigger_that_waits_ends_as_its_run_does() {
    let retries = NIGHTLY.to_owned() + "retries = { count = 1, delay = '1s' }\n";
    let script = "if args[1] == 'fail' then os.exit(7) end
        if args[1] == 'again' and run.attempt == 1 then error 'boom' end";
    let served = Served::start(folder(&retries, script), &[]);
    served.wait_for_words("serving 1 schedule");
    for (arg, expected, word) in [("", 0, "done"), ("again", 0, "done"), ("fail", 7, "failed")] {
        let args = [
            "schedule", "trigger", "nightly", "--wait", "--store", "runs.db", "--", arg,
        ];
        let output = command(&served.folder, &args).output().unwrap();
        let (said, noted) = (text(&output), String::from_utf8_lossy(&output.stderr));
        assert_eq!(
            output.status.code(),
            Some(expected),
            "{arg}: {said} {noted}"
        );
        assert!(
            said.starts_with("nightly ") && said.contains(word),
            "{said}"
        );
        assert!(noted.contains("nightly: started"), "{noted}");
        assert_eq!(
            noted.contains("attempt 1 failed"),
            !arg.is_empty(),
            "{noted}"
        );
    }
    served.end();
}

#[test]
fn ctrl_c_leaves_a_run_that_is_waited_for_and_says_how_to_end_it() {
    let served = Served::start(folder(NIGHTLY, "time.sleep('1h')"), &[]);
    served.wait_for_words("serving 1 schedule");
    let args = [
        "schedule", "trigger", "nightly", "--wait", "--store", "runs.db",
    ];
    let mut waiting = command(&served.folder, &args);
    let mut waiting = waiting
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(waiting.stderr.take().unwrap()).lines();
    lines
        .by_ref()
        .map_while(Result::ok)
        .find(|line| line.contains("Ctrl-C leaves it"))
        .unwrap();
    let id = rustix::process::Pid::from_child(&waiting);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let rest: Vec<_> = lines.map_while(Result::ok).collect();
    assert_eq!(waiting.wait().unwrap().code(), Some(130));
    assert!(
        rest.iter()
            .any(|line| line.contains("nightly goes on; `cumulua runs cancel ")),
        "{rest:?}"
    );
    asked_as(&served, &["runs", "cancel", "nightly"]);
    served.wait_for_words("nightly: cancelled");
    served.end();
}

#[test]
fn a_backfill_runs_each_time_once_and_says_who_asked() {
    let text = "[[schedule]]\nname = 'nightly'\nscript = 'a.lua'\ncron = '30 2 * * *'\n";
    let span = [
        "schedule",
        "backfill",
        "nightly",
        "--from",
        "2026-01-01",
        "--to",
        "2026-01-03T02:30:00Z",
    ];
    let alone = Test::new().file("schedules.toml", text).args(span);
    alone
        .args(["--store", "r.db"])
        .fails(1, &["no server serves"]);
    let served = Served::start(folder(text, "print(time.format(run.due))"), &[]);
    served.wait_for_words("serving 1 schedule");
    let dry = text_of(
        &served,
        &[&span[..], &["--dry-run", "--limit", "2"]].concat(),
    );
    assert!(
        dry.starts_with("nightly: 2 firings would run: 2026-01-01T02:30:00Z"),
        "{dry}"
    );
    let done = text_of(&served, &span);
    assert!(done.contains("3 firings run or wait"), "{done}");
    for _ in 0..3 {
        served.wait_for_words("nightly: done");
    }
    let again = text_of(&served, &span);
    assert!(again.contains("nothing of that span is left"), "{again}");
    let century = [
        "schedule",
        "backfill",
        "nightly",
        "--from",
        "2020-01-01",
        "--to",
        "2025-01-01",
    ];
    let refused = served.run(&century);
    let refused = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        refused.contains("1827 firings would run; --yes"),
        "{refused}"
    );
    let (_folder, store) = served.end();
    let mut runs = store.runs(Filter::default()).unwrap();
    runs.sort_by_key(|row| row.run.due);
    let dues: Vec<_> = runs
        .iter()
        .map(|row| row.run.due.unwrap().to_string())
        .collect();
    let expected = [
        "2026-01-01T02:30:00Z",
        "2026-01-02T02:30:00Z",
        "2026-01-03T02:30:00Z",
    ];
    assert_eq!(dues, expected);
    for row in &runs {
        let of = Of::Run(&row.run.id, row.run.due.map(|due| ("nightly", due)));
        let requests = store.user_requests(of).unwrap();
        assert_eq!((requests.len(), requests[0].verb.as_str()), (1, "backfill"));
    }
}

fn text_of(served: &Served, args: &[&str]) -> String {
    text(&asked_as(served, args))
}

#[test]
fn no_state_of_a_schedule_is_without_a_reason() {
    let one = |name: &str, lines: &str| {
        format!("[[schedule]]\nname = '{name}'\nscript = 'a.lua'\n{lines}\n")
    };
    let yearly = "cron = '@yearly'\n";
    let calendars = "[calendar.freeze]\ndates = ['2020-01-01/2099-01-01']\n[pool.db]\nsize = 1\n";
    let text = [
        calendars.to_owned(),
        one("holds", &format!("{yearly}pool = 'db'\nargs = ['1h']")),
        one("wants", &format!("{yearly}pool = 'db'")),
        one("held", yearly),
        one("off", &format!("{yearly}paused = true")),
        one("frozen", &format!("{yearly}not_during = 'freeze'")),
        one("follows", "after = 'held'"),
        one("over", &format!("{yearly}end = 2020-01-01")),
        one("plain", yearly),
        one(
            "again",
            &format!("{yearly}args = ['fail']\nretries = {{ count = 1, delay = '1h' }}"),
        ),
    ]
    .concat();
    let script =
        "if args[1] == 'fail' then error 'boom' end if args[1] then time.sleep(args[1]) end";
    let served = Served::start(folder(&text, script), &[]);
    served.wait_for_words("serving 9 schedules");
    let pause = [
        "schedule",
        "pause",
        "held",
        "--reason",
        "the freeze",
        "--until",
        "2098-01-01",
    ];
    asked_as(&served, &pause);
    for name in ["holds", "wants", "again", "plain"] {
        asked_as(&served, &["schedule", "trigger", name]);
    }
    served.wait_for_words("plain: done");
    let status = || {
        let json = text_of(&served, &["schedule", "status", "--json"]);
        serde_json::from_str::<Vec<serde_json::Value>>(&json).unwrap()
    };
    crate::served::until(|| status()[8]["why"].as_str().unwrap().contains("repetition"));
    let seen = status();
    let expected = [
        ("holds", "running", "since "),
        (
            "wants",
            "queued",
            "waiting for the pool db: 1 of 1 taken by holds",
        ),
        (
            "held",
            "paused",
            "until 2098-01-01 00:00:00 +00:00: the freeze",
        ),
        ("off", "paused", "the file has paused = true"),
        ("frozen", "blocked", "the calendar freeze"),
        ("follows", "waiting", "for a success of held"),
        ("over", "over", "never fires any more"),
        ("plain", "waiting", "for its time, "),
        ("again", "waiting", "for its repetition at "),
    ];
    for (row, (name, state, why)) in seen.iter().zip(expected) {
        assert_eq!(
            (row["name"].as_str(), row["state"].as_str()),
            (Some(name), Some(state)),
            "{row:#}"
        );
        assert!(row["why"].as_str().unwrap().contains(why), "{row:#}");
    }
    assert_eq!(seen[7]["last"]["outcome"], "done");
    assert!(seen[7]["usual_seconds"].as_f64().is_some() && seen[7]["last_success"].is_string());
    let pauses = &seen[2]["pauses"];
    assert_eq!(pauses[0]["verb"], "pause");
    assert_eq!(pauses[0]["reason"], "the freeze");
    assert_eq!(pauses[0]["until"], "2098-01-01T00:00:00Z");
    assert!(pauses[0]["by"].is_string() && pauses[0]["at"].is_string());
    let table = text_of(&served, &["schedule", "status"]);
    assert_eq!(table.lines().count(), 10, "{table}");
    let (folder, _) = served.end();
    let without = command(&folder, &["schedule", "status", "--store", "runs.db"])
        .output()
        .unwrap();
    let noted = String::from_utf8_lossy(&without.stderr).into_owned();
    assert!(noted.contains("no server runs with this store"), "{noted}");
}

#[test]
fn what_a_server_goes_on_with_can_be_stopped_though_its_file_is_broken_or_elsewhere() {
    let served = Served::start(folder(NIGHTLY, "time.sleep('1h')"), &[]);
    served.wait_for_words("serving 1 schedule");
    served.write("schedules.toml", "[[schedule]\n");
    served.wait_for_words("the changed file is refused");
    let elsewhere = tempfile::tempdir().unwrap();
    let store = served.folder.path().join("runs.db");
    for in_folder in [&served.folder, &elsewhere] {
        let ask = |args: &[&str]| {
            let mut command = command(in_folder, args);
            command.arg("--store").arg(&store).output().unwrap()
        };
        let until = [
            "schedule",
            "pause",
            "nightly",
            "--until",
            "2999-01-01T00:00",
        ];
        for (args, answer) in [
            (&until[..], "nightly: paused until 2999-01-01"),
            (&["schedule", "resume", "nightly"], "nightly: resumed"),
            (&["schedule", "drop", "nightly"], "nightly: nothing waits"),
        ] {
            let output = ask(args);
            assert!(output.status.success(), "{output:?}");
            assert!(text(&output).starts_with(answer), "{output:?}");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("nightly is one of this store's"), "{said}");
        }
        let unknown = ask(&["schedule", "pause", "nightyl"]);
        assert!(!unknown.status.success(), "{unknown:?}");
    }
    served.end();
}

#[test]
fn a_pause_that_is_asked_for_again_keeps_its_end_and_its_reason() {
    let folder = folder(NIGHTLY, "");
    let pause = |args: &[&str]| {
        let all = [&["schedule", "pause", "nightly"], args].concat();
        let output = command(&folder, &all)
            .args(["--store", "runs.db"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        text(&output).trim().to_owned()
    };
    let until = ["--until", "2999-01-01T00:00Z", "--reason", "the freeze"];
    assert!(pause(&until).starts_with("nightly: paused until 2999-01-01"));
    assert_eq!(pause(&[]), "nightly: paused already");
    let changed = pause(&["--until", "2999-02-01T00:00Z"]);
    assert!(
        changed.starts_with("nightly: pause changed, until 2999-02-01"),
        "{changed}"
    );
    assert_eq!(pause(&["--reason", "the move"]), "nightly: pause changed");
    let store = Store::open(folder.path().join("runs.db"));
    let state = store.schedule_states().unwrap()["nightly"];
    assert_eq!(
        state.paused_until.unwrap().to_string(),
        "2999-02-01T00:00:00Z"
    );
    let reasons: Vec<_> = store
        .user_requests(Of::Pauses("nightly"))
        .unwrap()
        .into_iter()
        .map(|request| request.reason.unwrap_or_default())
        .collect();
    assert_eq!(reasons.len(), 3);
    assert!(reasons.contains(&"the move".to_owned()), "{reasons:?}");
    assert_eq!(
        reasons
            .iter()
            .filter(|reason| *reason == "the freeze")
            .count(),
        2,
        "{reasons:?}"
    );
}

#[test]
fn a_configuration_that_no_run_can_use_is_shown_by_health_and_reload() {
    let folder = folder(NIGHTLY, "");
    std::fs::write(
        folder.path().join("cumulua.toml"),
        "[http]\nallow = ['pager.example']\n",
    )
    .unwrap();
    let served = Served::start(folder, &["--http", "127.0.0.1:0"]);
    let address = served.address();
    served.wait_for_words("its run cannot be configured");
    let health = crate::served::get(&address, "/health");
    assert!(
        health.contains("503") && health.contains("is not trusted"),
        "{health}"
    );
    let reloaded = served.run(&["schedule", "reload"]);
    assert!(
        text(&reloaded).contains("where 1 fault would end a run at once"),
        "{reloaded:?}"
    );
    served.end();
}
