//! `cumulua schedule`: the file as a person writes it, the table of firings, and the server from
//! outside.

use crate::support::Test;
use cumulua::history::{Filter, Planned, RunOutcome, Store, locks::Taken};
use cumulua::schedule::file::{SCHEMA, ScheduleFile};
use cumulua_core::clock::{real_now, wall_now};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;

const DAILY: &str = "[[schedule]]\nname = 'nightly'\nscript = 'a.lua'\ncron = '30 2 * * *'\ntimezone = 'Europe/Berlin'\n";

#[test]
fn check_prints_what_is_wrong_with_line_and_column() {
    let faulty = Test::new()
        .file("schedules.toml", DAILY.replace("script", "scrpt"))
        .args(["schedule", "check"]);
    faulty.fails(
        1,
        &[
            "line 3, column 1",
            "did you mean script?",
            "scrpt = 'a.lua'",
        ],
    );
    let missing = Test::new()
        .file("schedules.toml", DAILY)
        .args(["schedule", "check"]);
    missing.fails(
        1,
        &[
            "schedules.toml, line 1",
            "nightly: the script",
            "cannot be read",
        ],
    );
    let broken = Test::new()
        .file("schedules.toml", DAILY)
        .file("a.lua", "print(1)\nprint(")
        .args(["schedule", "check"]);
    broken.fails(1, &["does not parse", "a.lua:2:"]);
    let profile = format!("{DAILY}profile = 'prodution'\n");
    let profile = Test::new()
        .file("schedules.toml", profile)
        .file("a.lua", "")
        .file("cumulua.toml", "[profiles.production]");
    profile
        .args(["schedule", "check"])
        .fails(1, &["no profile \"prodution\"", "did you mean production?"]);
    Test::new()
        .args(["schedule", "check", "none.toml"])
        .fails(1, &["none.toml cannot be read"]);
}

#[test]
fn check_prints_what_is_hardly_meant_and_fails_for_it_only_where_asked_to() {
    let odd = |name: &str, cron: &str| {
        format!("[[schedule]]\nname = '{name}'\nscript = 'a.lua'\ncron = '{cron}'\n")
    };
    let mut text = odd("a", "*/70 * * * *") + &odd("b", "0 0 30 2 *") + &odd("c", "0 0 13 * FRI");
    for number in 0..50 {
        text += &odd(&format!("crowd-{number}"), "30 4 * * *");
    }
    let check = |args: &[&str]| {
        Test::new()
            .file("s.toml", &text)
            .file("a.lua", "")
            .args(["schedule", "check", "s.toml"])
            .args(args.to_vec())
    };
    let output = check(&[]).run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert_eq!(
        output.stdout,
        "s.toml: 53 schedules, 0 errors, 4 warnings; 53 without a timezone, which go by UTC\n"
    );
    let lines = [
        "line 1: a: */70",
        "line 5: b: it never fires",
        "line 9: c: day 13",
        "line 13: 50 schedules fire in the same second",
    ];
    for line in lines {
        assert!(output.stderr.contains(line), "{line} in {}", output.stderr);
    }
    check(&["--strict"]).fails(1, &["*/70"]);
}

#[test]
fn check_names_the_receivers_that_the_configuration_does_not_let_messages_go_to() {
    let text = format!(
        "{DAILY}heartbeat = 'https://hc.example/secret-path-of-it'\n[schedule.notify]\nslack = 'https://hooks.example/x'\nwecom = {{ env = 'NOT_HERE' }}\nemail = {{ server = 'smtps://mail.example', from = 'a@b.example', to = 'c@d.example' }}\n"
    );
    let check = |allow: &str| {
        Test::new()
            .file("schedules.toml", &text)
            .file("a.lua", "")
            .file("user.toml", format!("[http]\nallow = [{allow}]\n"))
            .args(["schedule", "check", "--config", "user.toml"])
            .run()
    };
    let output = check("'hc.example'");
    assert!(
        output.stdout.contains("0 errors, 2 warnings"),
        "{}",
        output.stdout
    );
    for refused in [
        "nightly: slack will not be delivered",
        "allow = [\"hooks.example\"]",
        "nightly: email will not be delivered",
        "allow = [\"smtps://mail.example:465\"]",
    ] {
        assert!(output.stderr.contains(refused), "{}", output.stderr);
    }
    let output = check("");
    assert!(
        output.stderr.contains("heartbeat will not be delivered"),
        "{}",
        output.stderr
    );
    assert!(!output.stderr.contains("secret-path"), "{}", output.stderr);
    let output = check("'hc.example', 'hooks.example', 'smtps://mail.example'");
    assert!(output.stdout.contains("0 warnings"), "{}", output.stderr);
}

#[test]
fn next_says_what_calendars_keep_from_running_and_what_follows_others() {
    let ics = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=YEARLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let text = format!(
        "[calendar.holidays]\nfile = 'holidays.ics'\n{DAILY}not_during = 'holidays'\n[[schedule]]\nname = 'report'\nscript = 'a.lua'\nafter = 'nightly'\n"
    );
    let next = |more: &[&str]| {
        let from = [
            "schedule",
            "next",
            "--count",
            "2",
            "--from",
            "2027-12-24T00:00:00Z",
        ];
        Test::new()
            .file("schedules.toml", &text)
            .file("holidays.ics", ics)
            .file("a.lua", "")
            .args(from)
            .args(more.to_vec())
            .run()
    };
    let shown = next(&[]);
    let lines: Vec<_> = shown.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", shown.stderr);
    assert!(!lines[1].contains("calendar"), "{}", shown.stdout);
    assert!(
        lines[2].contains("does not run: nothing starts during the calendar holidays, which it is until 2027-12-26 00:00:00 +01:00"),
        "{}",
        shown.stdout
    );
    assert!(
        shown
            .stderr
            .contains("report fires after a success of nightly"),
        "{}",
        shown.stderr
    );
    let listed: Json = serde_json::from_str(&next(&["--json"]).stdout).unwrap();
    assert!(listed[0].get("blocked").is_none());
    assert!(listed[1]["blocked"].as_str().unwrap().contains("holidays"));
}

#[test]
fn the_example_has_no_warnings_and_the_schema_is_printed() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/schedules.toml");
    Test::new()
        .args(["schedule", "check", "--strict", file.to_str().unwrap()])
        .run_well();
    let printed: Json =
        serde_json::from_str(&Test::new().args(["schedule", "schema"]).run_well()).unwrap();
    assert_eq!(printed, serde_json::from_str::<Json>(SCHEMA).unwrap());
    let example: toml::Value = toml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    jsonschema::validate(&printed, &serde_json::to_value(example).unwrap()).unwrap();
}

#[test]
fn the_examples_script_counts_servers_and_changes_nothing() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/inventory.lua");
    let run = ["run", "--sim", "--read-only", script.to_str().unwrap()];
    assert_eq!(Test::new().args(run).run_well(), "no servers\n");
    assert_eq!(Test::new().args(run).arg("Running").run_well(), "");
}

#[test]
fn next_prints_the_firings_after_a_time_with_their_offsets() {
    let next = [
        "schedule",
        "next",
        "--from",
        "2026-03-27T12:00:00+01:00",
        "--count",
        "3",
    ];
    let text = format!(
        "{DAILY}[[schedule]]\nname = 'often'\nscript = 'a.lua'\nevery = '12h'\nend = 2026-03-28\n"
    );
    let printed = Test::new()
        .file("schedules.toml", &text)
        .args(next)
        .arg("--json")
        .run_well();
    let expected = json!([
        { "name": "often", "at": "2026-03-27T12:00:00+00:00" },
        { "name": "nightly", "at": "2026-03-28T02:30:00+01:00" },
        { "name": "nightly", "at": "2026-03-29T03:00:00+02:00" },
        { "name": "nightly", "at": "2026-03-30T02:30:00+02:00" },
    ]);
    assert_eq!(serde_json::from_str::<Json>(&printed).unwrap(), expected);
    let table = Test::new()
        .file("schedules.toml", &text)
        .args(next)
        .run_well();
    let line = table
        .lines()
        .find(|line| line.contains("2026-03-29"))
        .unwrap();
    let parts = [
        "nightly",
        "Sun 2026-03-29 03:00:00 +02:00",
        "2026-03-29 01:00:00Z",
        "DST: the clocks went forward, +01:00 to +02:00",
        "end of the gap",
    ];
    assert!(parts.iter().all(|part| line.contains(part)), "{table}");
    let autumn = [
        "schedule",
        "next",
        "--from",
        "2026-10-24T12:00:00Z",
        "--count",
        "1",
    ];
    let table = Test::new()
        .file("schedules.toml", DAILY)
        .args(autumn)
        .run_well();
    assert!(
        table.contains("02:30:00 +02:00") && table.contains("the first of two 02:30"),
        "{table}"
    );
}

#[test]
fn trigger_without_a_server_runs_right_here_and_is_recorded() {
    let files = |script: &str| {
        Test::new()
            .file("schedules.toml", DAILY.to_owned() + "args = ['x']")
            .file("a.lua", script)
    };
    let test = files("print('hello ' .. args[1]) log.warn('noted')")
        .args(["schedule", "trigger", "nightly", "--store", "runs.db"]);
    let path = test.path("runs.db");
    let output = test.run();
    assert_eq!(
        (output.status, output.stdout.as_str()),
        (0, "hello x\n"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("noted"));
    let store = Store::open(path);
    let runs = store.runs(Filter::default()).unwrap();
    let run = &runs[0];
    assert_eq!(
        (
            run.run.name.as_str(),
            run.run.kind.as_str(),
            run.state.outcome()
        ),
        ("nightly", "trigger", Some(RunOutcome::Done))
    );
    let lines: Vec<_> = store
        .output(&run.run.id, 0, 10)
        .unwrap()
        .into_iter()
        .map(|row| row.line)
        .collect();
    assert!(
        lines.contains(&"hello x".to_owned()) && lines.iter().any(|line| line.contains("noted")),
        "{lines:?}"
    );
    assert_eq!(
        store
            .firings(Some("nightly"), None, None, false, None)
            .unwrap()[0]
            .run
            .as_deref(),
        Some(run.run.id.as_str())
    );
    files("error 'boom'")
        .args(["schedule", "trigger", "nightly", "--store", "runs.db"])
        .fails(1, &["boom"]);
    files("")
        .args(["schedule", "trigger", "nihgtly", "--store", "runs.db"])
        .fails(1, &["no schedule \"nihgtly\"; did you mean nightly?"]);
}

#[test]
fn a_faulty_file_and_a_taken_store_start_no_server() {
    let serve = ["schedule", "serve", "--store", "runs.db"];
    Test::new()
        .file("schedules.toml", DAILY.replace("30 2", "30 25"))
        .args(serve)
        .fails(1, &["line 4, column 8", "is no cron expression"]);
    let test = Test::new().file("schedules.toml", DAILY).args(serve);
    let store = Store::open(test.path("runs.db"));
    let Taken::Held(_lock) = store.locks().server().unwrap() else {
        panic!("no other process has this store")
    };
    test.fails(1, &["already serves the store", "runs.db", "--store"]);
    Test::new()
        .file("schedules.toml", DAILY)
        .args(serve)
        .args(["--http", "0.0.0.0:0"])
        .fails(2, &["--http-public"]);
}

#[cfg(unix)]
mod served {
    use super::{
        DAILY, Filter, Planned, RunOutcome, ScheduleFile, SignedDuration, Store, fs, real_now,
        wall_now,
    };
    use crate::served::{Process, Served, command, folder, get, until};
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    use std::os::unix::net::UnixDatagram;
    use std::process::{Command, Output, Stdio};
    use std::time::Duration;

    #[test]
    fn a_server_runs_what_is_asked_for_and_ends_it_when_it_ends() {
        let script = "print('begun') defer(function() print('tidied') end) time.sleep('1h')";
        let served = Served::start(folder(DAILY, script), &["--grace", "1ms"]);
        served.wait_for_words("serving 1 schedule");
        served.trigger("nightly");
        served.wait_for_words("nightly: started");
        let again = served.run(&["schedule", "trigger", "nightly"]);
        let output = String::from_utf8_lossy(&again.stderr).into_owned();
        assert!(
            !again.status.success() && output.contains("still going on"),
            "{output}"
        );
        let second = served.run(&["schedule", "serve"]);
        assert!(
            !second.status.success()
                && String::from_utf8_lossy(&second.stderr).contains("already serves")
        );
        let (_folder, store) = served.end();
        let runs = store.runs(Filter::default()).unwrap();
        assert_eq!(runs.len(), 1);
        assert_eq!(
            (runs[0].state.outcome(), runs[0].run.kind.as_str()),
            (Some(RunOutcome::Lost), "trigger")
        );
        assert!(
            runs[0]
                .error
                .as_deref()
                .unwrap()
                .contains("ended by a signal"),
            "{:?}",
            runs[0].error
        );
        let missed = store.firings(None, None, None, true, None).unwrap();
        assert_eq!(missed.len(), 1);
        assert_eq!(
            (missed[0].outcome.as_str(), missed[0].run.as_deref()),
            ("overlap", None)
        );
    }

    #[test]
    fn a_changed_file_is_taken_over_and_a_faulty_one_refused() {
        let served = Served::start(folder(DAILY, ""), &[]);
        served.wait_for_words("serving 1 schedule");
        served.write("schedules.toml", "[[schedule]]\nname = 'x'");
        served.signal("HUP");
        assert!(
            served
                .wait_for_words("refused")
                .contains("line 1, column 1: this schedule has no script")
        );
        let answer = served.run(&["schedule", "trigger", "nightly"]);
        assert!(
            !answer.status.success(),
            "the command reads the file as it is now"
        );
        served.write(
            "schedules.toml",
            &(DAILY.to_owned() + &DAILY.replace("nightly", "weekly")),
        );
        served.signal("HUP");
        served.wait_for_words("serving 2 schedules");
        assert!(
            served
                .run(&["schedule", "pause", "weekly"])
                .status
                .success()
        );
        served.wait_for_words("weekly: paused");
        let (_folder, store) = served.end();
        assert!(store.schedule_states().unwrap()["weekly"].paused.is_some());
    }

    #[test]
    fn what_was_missed_while_no_server_ran_is_reported_or_caught_up() {
        let start = wall_now()
            .checked_sub(SignedDuration::from_mins(210))
            .unwrap();
        let text = |name: &str, more: &str| {
            format!(
                "[[schedule]]\nname = '{name}'\nscript = 'a.lua'\nevery = '1h'\nstart = {start:.0}\n{more}\n"
            )
        };
        let text = text("told", "")
            + &text(
                "caught-up",
                "catch_up = { within = '2h', runs = 'all' }\noverlap = 'allow'",
            );
        let folder = folder(&text, "print('hello')");
        let file = ScheduleFile::parse(&folder.path().join("schedules.toml"), &text).unwrap();
        let planned = |schedule: &std::sync::Arc<cumulua::schedule::model::Schedule>| Planned {
            name: schedule.name.to_string(),
            times: schedule.timing.fingerprint(),
        };
        let store = Store::open(folder.path().join("runs.db"));
        store
            .plan(file.schedules.iter().map(planned).collect(), start)
            .unwrap();
        let served = Served::start(folder, &[]);
        served.wait_for_words("caught-up: done");
        served.wait_for_words("caught-up: done");
        let (_folder, store) = served.end();
        let outcomes = |name: &str| -> Vec<String> {
            store
                .firings(Some(name), None, None, false, None)
                .unwrap()
                .into_iter()
                .rev()
                .map(|row| row.outcome)
                .collect()
        };
        assert_eq!(outcomes("told"), ["too late", "too late", "too late"]);
        assert_eq!(outcomes("caught-up"), ["too late", "ran", "ran"]);
        let rows = store
            .firings(Some("caught-up"), None, None, false, Some(1))
            .unwrap();
        assert!(
            rows[0].detail.as_deref().unwrap().starts_with("caught up"),
            "{:?}",
            rows[0].detail
        );
    }

    #[test]
    fn health_is_served_at_a_socket_that_systemd_gives() {
        use std::os::fd::AsRawFd as _;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let folder = folder(DAILY, "");
        // The protocol: the socket is descriptor 3, and LISTEN_PID is the process itself.
        let script = format!(
            "exec 3<&{}; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"",
            listener.as_raw_fd()
        );
        rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::empty()).unwrap();
        let mut serve = Command::new("bash");
        serve
            .args(["-c", &script, "bash", env!("CARGO_BIN_EXE_cumulua")])
            .args(["schedule", "serve", "--store", "runs.db"])
            .current_dir(folder.path())
            .env("HOME", folder.path());
        let served = Served::spawn(folder, serve);
        served.wait_for_words(&format!("health and metrics on http://{address}"));
        let health = get(&address, "/health");
        assert!(health.contains("\"status\":\"ok\""), "{health}");
        served.end();
    }

    #[test]
    fn the_units_are_what_systemd_reads() {
        let units = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/systemd");
        let folder = tempfile::tempdir().unwrap();
        for name in ["cumulua.service", "cumulua.socket"] {
            let unit = fs::read_to_string(units.join(name)).unwrap();
            let binary = env!("CARGO_BIN_EXE_cumulua");
            let unit = unit.replace("/usr/bin/cumulua", binary);
            fs::write(folder.path().join(name), unit).unwrap();
        }
        let verify = Command::new("systemd-analyze")
            .args(["verify", "--man=no", "--recursive-errors=no"])
            .args(["cumulua.service", "cumulua.socket"])
            .current_dir(folder.path())
            .output();
        // Where there is no systemd, `.ci/run` is elsewhere; the server's side is tested above.
        let Ok(verify) = verify else { return };
        let said = String::from_utf8_lossy(&verify.stderr);
        assert!(verify.status.success() && said.trim().is_empty(), "{said}");
    }

    #[test]
    fn systemd_is_notified_when_the_server_is_ready_reloads_and_ends() {
        let folder = folder(DAILY, "");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        let variables = [("NOTIFY_SOCKET", path.to_str().unwrap())];
        let served = Served::start_with(folder, &["--grace", "30s"], &variables);
        let told = |words: &str| {
            let mut buffer = [0; 4096];
            loop {
                let length = socket.recv(&mut buffer).unwrap();
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                if text.contains(words) {
                    return text;
                }
            }
        };
        told("READY=1");
        told("WATCHDOG=1");
        served.signal("HUP");
        assert!(told("RELOADING=1").contains("MONOTONIC_USEC="));
        told("READY=1");
        served.end();
        assert!(
            told("STOPPING=1").contains("EXTEND_TIMEOUT_USEC=53000000"),
            "the grace of 30 s, and what it takes to end runs"
        );
    }

    #[test]
    fn a_schedule_that_comes_back_into_the_file_is_paused_as_it_was_left() {
        let served = Served::start(folder(DAILY, ""), &[]);
        served.wait_for_words("serving 1 schedule");
        assert!(
            served
                .run(&["schedule", "pause", "nightly"])
                .status
                .success()
        );
        served.wait_for_words("nightly: paused");
        let soon =
            |name: &str| format!("[[schedule]]\nname = '{name}'\nscript = 'a.lua'\nevery = '1s'\n");
        served.write("schedules.toml", &soon("other"));
        served.signal("HUP");
        served.wait_for_words("other: started");
        served.write("schedules.toml", &soon("nightly"));
        served.signal("HUP");
        assert!(
            served
                .wait_for_words("nightly: 2")
                .contains("did not run: paused by ")
        );
        served.end();
    }

    #[test]
    fn a_retry_is_made_by_the_next_server_and_one_that_cannot_be_made_is_reported() {
        let retried = |name: &str, delay: &str| {
            let retries = format!("retries = {{ count = 1, delay = '{delay}' }}");
            format!(
                "[[schedule]]\nname = '{name}'\nscript = 'a.lua'\ncron = '@yearly'\n{retries}\n"
            )
        };
        let text = retried("soon", "1s") + &retried("gone", "1h");
        let served = Served::start(folder(&text, "error 'boom'"), &[]);
        served.wait_for_words("serving 2 schedules");
        for name in ["gone", "soon"] {
            served.trigger(name);
            served.wait_for_words(&format!("{name}: attempt 1 failed"));
        }
        let (folder, store) = served.end();
        assert!(
            store
                .runs(Filter {
                    to_repeat: true,
                    ..Filter::default()
                })
                .unwrap()
                .iter()
                .any(|row| row.run.name == "gone")
        );
        fs::write(folder.path().join("schedules.toml"), retried("soon", "1s")).unwrap();
        let served = Served::start(folder, &[]);
        served.wait_for_words("soon: started");
        let (folder, store) = served.end();
        let of = |name: &str| {
            store
                .runs(Filter {
                    name: Some(name.to_owned()),
                    ..Filter::default()
                })
                .unwrap()
        };
        assert_eq!(
            of("soon")
                .iter()
                .map(|row| row.run.attempt)
                .collect::<Vec<_>>(),
            [2, 1]
        );
        let gone = of("gone");
        assert_eq!(gone.len(), 1);
        let shown = command(&folder, &["runs", "show", "gone", "--store", "runs.db"])
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(
            shown.contains("retry      given up: the schedule was taken from the file"),
            "{shown}"
        );
    }

    #[test]
    fn a_run_that_ended_with_its_server_is_notified_and_repeated_by_the_next() {
        let retried =
            DAILY.replace("nightly", "retried") + "retries = { count = 1, delay = '1s' }\n";
        let told = DAILY.replace("nightly", "told") + "notify = { lua = 'n.lua:hear' }\n";
        let folder = folder(&(retried + &told), "print('begun') time.sleep('1h')");
        let hear = "return { hear = function(event)
            local file <close> = io.open('heard', 'a')
            file:write(event.schedule, ' ', event.event, ' ', event.outcome, ': ', event.error, '\\n')
        end }";
        fs::write(folder.path().join("n.lua"), hear).unwrap();
        let served = Served::start(folder, &["--grace", "1ms"]);
        served.wait_for_words("serving 2 schedules");
        for name in ["retried", "told"] {
            served.trigger(name);
        }
        let store = served.store();
        let runs = |store: &Store| store.runs(Filter::default()).unwrap();
        until(|| {
            runs(&store)
                .iter()
                .all(|row| !store.output(&row.run.id, 0, 1).unwrap().is_empty())
        });
        let (folder, _) = served.end();
        for row in runs(&store) {
            assert_eq!(row.state.outcome(), Some(RunOutcome::Lost));
            assert!(row.error.unwrap().contains("ended by a signal"));
        }
        let served = Served::start(folder, &["--grace", "1ms"]);
        served.wait_for_words("retried: attempt 1 failed; the next is at");
        served.wait_for_words("retried: started");
        let (folder, store) = served.end();
        let attempts = store
            .runs(Filter {
                name: Some("retried".to_owned()),
                ..Filter::default()
            })
            .unwrap();
        assert_eq!(
            attempts
                .iter()
                .map(|row| row.run.attempt)
                .collect::<Vec<_>>(),
            [2, 1]
        );
        let heard = fs::read_to_string(folder.path().join("heard")).unwrap();
        assert_eq!(
            heard,
            "told lost lost: ended by a signal, as at the end of its server or of the machine\n"
        );
        // What follows from the end of the repetition may be left to the next server.
        let unheard = store.unheard_runs().unwrap();
        assert!(
            unheard.iter().all(|row| row.run.attempt == 2),
            "{unheard:?}"
        );
    }

    #[test]
    fn a_server_answers_requests_at_once() {
        let served = Served::start(folder(DAILY, ""), &[]);
        served.wait_for_words("serving 1 schedule");
        let began = real_now();
        for word in ["pause", "resume"].iter().cycle().take(20) {
            assert!(served.run(&["schedule", word, "nightly"]).status.success());
        }
        assert!(
            real_now() - began < Duration::from_secs(10),
            "one that looks once a second would take 20 s"
        );
        served.end();
    }

    #[test]
    fn what_follows_another_runs_after_its_success_and_in_its_pools_place() {
        let never = "script = 'a.lua'\ncron = '0 0 1 1 *'\npool = 'one'\n";
        let text = format!(
            "[pool.one]\nsize = 1\n[[schedule]]\nname = 'a'\n{never}[[schedule]]\nname = 'other'\n{never}
             [[schedule]]\nname = 'b'\nscript = 'a.lua'\nafter = 'a'\n"
        );
        // It goes on until it is let go.
        let script = "while not io.open('go') do time.sleep(0.05) end";
        let served = Served::start(folder(&text, script), &[]);
        served.wait_for_words("serving 3 schedules");
        for name in ["a", "other"] {
            served.trigger(name);
        }
        served.wait_for_words("waits: waiting for the pool one: 1 of 1 taken by a (");
        served.write("go", "");
        served.wait_for_words("a: done");
        served.wait_for_words("b: done");
        let (_folder, store) = served.end();
        let mut runs = store.runs(Filter::default()).unwrap();
        runs.sort_by_key(|row| row.run.started);
        let [first, ..] = &runs[..] else {
            panic!("no run")
        };
        let other = runs.iter().find(|row| row.run.name == "other").unwrap();
        assert!(Some(other.run.started) >= first.ended, "it had to wait");
        assert_eq!(runs.len(), 3);
    }

    #[test]
    fn a_firing_inside_a_calendar_has_a_row_with_its_reason() {
        let text = "[calendar.freeze]\ndates = ['2020-01-01/2999-12-31']\n[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = 1\nnot_during = 'freeze'";
        let served = Served::start(folder(text, ""), &[]);
        served.wait_for_words("did not run: nothing starts during the calendar freeze, which it is until 3000-01-01 00:00:00 +00:00");
        let listed = served.run(&["runs", "list", "--json"]);
        let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
        assert_eq!(listed[0]["outcome"], "blocked");
        let failed = served.run(&["runs", "list", "--json", "--failed"]);
        assert_eq!(
            String::from_utf8_lossy(&failed.stdout).trim(),
            "[]",
            "it was wanted"
        );
        served.end();
    }

    #[test]
    fn a_log_that_nobody_reads_keeps_nothing_from_running() {
        let folder = folder(DAILY, "print('ran')");
        let path = folder.path().join("log");
        assert!(
            Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        let mut log = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
            .open(&path)
            .unwrap();
        while log.write(&[b'x'; 4096]).is_ok() {}
        let stderr = fs::OpenOptions::new().write(true).open(&path).unwrap();
        let mut serve = command(&folder, &["schedule", "serve", "--store", "runs.db"]);
        let mut server = Process(serve.stderr(stderr).spawn().unwrap());
        let began = real_now();
        while !folder.path().join("runs.db.d/server.sock").exists() {
            assert!(
                real_now() - began < Duration::from_secs(30),
                "it never listened"
            );
            std::thread::yield_now();
        }
        let trigger = ["schedule", "trigger", "nightly", "--store", "runs.db"];
        let asked = command(&folder, &trigger).output().unwrap();
        assert!(asked.status.success(), "{asked:?}");
        let store = Store::open(folder.path().join("runs.db"));
        let ran = || {
            let runs = store.runs(Filter::default()).unwrap();
            runs.iter().any(|run| {
                run.run.kind == "trigger" && run.state.outcome() == Some(RunOutcome::Done)
            })
        };
        while !ran() {
            assert!(real_now() - began < Duration::from_secs(30), "it never ran");
            std::thread::yield_now();
        }
        let id = server.0.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        assert!(server.0.wait().unwrap().success(), "it ends all the same");
    }

    #[test]
    fn a_server_is_asked_also_from_another_folder_than_its_own() {
        let served = Served::start(folder(DAILY, "print('ran')"), &[]);
        served.wait_for_words("serving 1 schedule");
        let elsewhere = tempfile::tempdir().unwrap();
        let store = served.folder.path().join("runs.db");
        for (name, is_there) in [("nightly", true), ("nihgtly", false)] {
            let mut trigger = command(&elsewhere, &["schedule", "trigger", name]);
            let output = trigger.arg("--store").arg(&store).output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.success(), is_there, "{stderr}");
            assert!(is_there || stderr.contains("nightly"), "{stderr}");
        }
        served.wait_for_words("nightly: done");
        served.end();
    }

    #[test]
    fn a_script_that_ends_itself_with_any_status_has_not_timed_out() {
        for status in [124, 130] {
            let served = Served::start(folder(DAILY, &format!("os.exit({status})")), &[]);
            served.wait_for_words("serving 1 schedule");
            served.trigger("nightly");
            served.wait_for_words(&format!("nightly: failed, status {status}"));
            let (_folder, store) = served.end();
            let row = store.runs(Filter::default()).unwrap().remove(0);
            assert_eq!(
                row.state,
                cumulua::history::RunState::Ended(RunOutcome::Failed)
            );
            assert_eq!(row.status, Some(status));
        }
    }

    #[test]
    fn what_a_script_starts_puts_no_secret_into_the_history() {
        let text = DAILY.to_owned() + "allow_run = true\n";
        let script = "local ok = pcall(cds.ccs.DescribeTags, {}, { timeout = '10ms', retries = 0 })
            os.execute 'cat key; cat key >&2; test -z $CDS_SECRET_KEY && echo last'
            print('done')";
        let variables = [
            ("CDS_SECRET_ID", "AKID-of-the-test"),
            ("CDS_SECRET_KEY", "key-that-nobody-reads"),
        ];
        let test = folder(&text, script);
        fs::write(test.path().join("key"), "key-that-nobody-reads\n").unwrap();
        fs::write(
            test.path().join("cumulua.toml"),
            "[profiles.default.cds]\nendpoint = 'http://127.0.0.1:1'\n",
        )
        .unwrap();
        assert!(command(&test, &["trust"]).status().unwrap().success());
        let served = Served::start_with(test, &[], &variables);
        served.wait_for_words("serving 1 schedule");
        served.trigger("nightly");
        served.wait_for_words("nightly: done");
        for entry in fs::read_dir(served.folder.path())
            .unwrap()
            .flatten()
            .filter(|entry| entry.path().is_file() && entry.file_name() != "key")
        {
            let bytes = fs::read(entry.path()).unwrap();
            assert!(
                !String::from_utf8_lossy(&bytes).contains("key-that-nobody-reads"),
                "{:?}",
                entry.path()
            );
        }
        let (_folder, store) = served.end();
        let run = store.runs(Filter::default()).unwrap().remove(0).run.id;
        let lines: Vec<_> = store
            .output(&run, 0, 100)
            .unwrap()
            .into_iter()
            .map(|row| (row.stream, row.line))
            .collect();
        for (stream, line) in [
            ("out", "[secret]"),
            ("err", "[secret]"),
            ("out", "last"),
            ("out", "done"),
        ] {
            assert!(
                lines.contains(&(stream.to_owned(), line.to_owned())),
                "{line}: {lines:#?}"
            );
        }
    }

    #[test]
    fn a_store_that_refuses_for_a_while_costs_no_firing_its_row() {
        let folder = folder(
            "[[schedule]]\nname = 'often'\nscript = 'a.lua'\nevery = '1s'\n",
            "",
        );
        let program = format!(
            "trap '' XFSZ; exec '{}' schedule serve --store runs.db --http 127.0.0.1:0",
            env!("CARGO_BIN_EXE_cumulua")
        );
        let mut shell = Command::new("bash");
        shell
            .args(["-c", &program])
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .stdin(Stdio::null());
        let served = Served::spawn(folder, shell);
        let address = served.address();
        served.wait_for_words("often: done");
        // A file that cannot grow is what a full disk looks like.
        let limit = |size: &str| {
            let pid = served.child.0.id().to_string();
            assert!(
                Command::new("prlimit")
                    .args(["--pid", &pid, &format!("--fsize={size}:")])
                    .status()
                    .unwrap()
                    .success()
            );
        };
        limit("0");
        served.wait_for_words("cannot be used");
        served.wait_for_words("often: not started yet");
        served.wait_for_words("did not run");
        assert!(get(&address, "/health").starts_with("HTTP/1.1 503"));
        limit("unlimited");
        served.wait_for_words("recorded late");
        served.wait_for_words("often: done");
        assert!(get(&address, "/health").starts_with("HTTP/1.1 200"));
        let (_folder, store) = served.end();
        let firings = store
            .firings(Some("often"), None, None, false, None)
            .unwrap();
        assert!(
            firings
                .windows(2)
                .all(|pair| pair[0].due.duration_since(pair[1].due).as_secs() == 1),
            "{firings:#?}"
        );
        // The first that could not be recorded began once it could; those of meanwhile say why not.
        let missed = firings.iter().filter(|firing| firing.outcome != "ran");
        let details: Vec<_> = missed
            .map(|firing| firing.detail.clone().unwrap_or_default())
            .collect();
        assert!(
            !details.is_empty()
                && details
                    .iter()
                    .all(|detail| detail.contains("the run store")),
            "{firings:#?}"
        );
    }

    #[test]
    fn kill_9_in_any_state_leaves_each_firing_accounted_for_once() {
        let schedule = |overlap: &str| {
            format!(
                "[[schedule]]\nname = '{overlap}'\nscript = 'a.lua'\nevery = '1s'\noverlap = '{overlap}'\ncatch_up = '1h'\n"
            )
        };
        let names = ["skip", "queue", "cancel", "allow"];
        let text: String = names.into_iter().map(schedule).collect();
        let mut folder = folder(&text, "print('begun') time.sleep('700ms')");
        // Right after it has planned, while runs begin, while one goes on, and when one has just
        // ended.
        for moment in [
            "serving 4",
            "skip: started",
            "queue: ",
            "allow: done",
            "cancel: ",
        ] {
            let mut served = Served::start(folder, &[]);
            served.wait_for_words(moment);
            served.child.0.kill().unwrap();
            served.child.0.wait().unwrap();
            folder = served.folder;
        }
        let served = Served::start(folder, &[]);
        served.wait_for_words("allow: done");
        let (_folder, store) = served.end();
        for name in names {
            let firings = store.firings(Some(name), None, None, false, None).unwrap();
            assert!(
                firings
                    .windows(2)
                    .all(|pair| pair[0].due.duration_since(pair[1].due).as_secs() == 1),
                "{firings:#?}"
            );
            let runs = store
                .runs(Filter {
                    name: Some(name.to_owned()),
                    ..Filter::default()
                })
                .unwrap();
            assert!(runs.iter().all(|row| row.ended.is_some()), "{runs:#?}");
            let mut carried_out: Vec<_> = runs.iter().map(|row| row.run.id.clone()).collect();
            let mut ran: Vec<_> = firings
                .iter()
                .filter_map(|firing| firing.run.clone())
                .collect();
            carried_out.sort();
            ran.sort();
            assert_eq!(ran, carried_out, "{name}");
            assert!(
                firings
                    .iter()
                    .all(|firing| firing.run.is_some() || firing.detail.is_some()),
                "{firings:#?}"
            );
        }
    }

    #[test]
    fn a_run_that_a_person_cancels_has_not_failed_and_is_not_repeated() {
        let schedules = format!("{DAILY}retries = {{ count = 3, delay = \"1s\" }}\n");
        let served = Served::start(folder(&schedules, "print('begun') time.sleep('1h')"), &[]);
        served.wait_for_words("serving 1 schedule");
        served.trigger("nightly");
        served.wait_for_words("nightly: started");
        let store = served.store();
        // Its process has begun once it is known who it is.
        while store.runs(Filter::default()).unwrap()[0].claimed.is_none() {
            std::thread::yield_now();
        }
        let cancelled = served.run(&["runs", "cancel", "nightly"]);
        assert!(
            cancelled.status.success(),
            "{}",
            String::from_utf8_lossy(&cancelled.stderr)
        );
        served.wait_for_words("nightly: cancelled, status 130");
        let (_folder, store) = served.end();
        let runs = store.runs(Filter::default()).unwrap();
        assert_eq!(
            (runs.len(), runs[0].state.outcome()),
            (1, Some(RunOutcome::Cancelled))
        );
        assert!(runs[0].retry_at.is_none() && runs[0].retry_given_up.is_none());
    }

    #[test]
    fn a_server_reads_its_file_again_and_learns_which_schedules_are_paused() {
        let served = Served::start(folder(DAILY, ""), &[]);
        served.wait_for_words("serving 1 schedule");
        let output = |output: Output| {
            String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
        };
        served.write("schedules.toml", "[[schedule]\n");
        let reloaded = served.run(&["schedule", "reload"]);
        assert_eq!(reloaded.status.code(), Some(1));
        assert!(output(reloaded).contains("the changed file is refused"));
        served.write("schedules.toml", DAILY);
        let reloaded = served.run(&["schedule", "reload"]);
        assert!(reloaded.status.success() && output(reloaded) == "1 schedule served\n");
        for (command, word) in [("pause", "paused"), ("resume", "resumed")] {
            assert_eq!(
                output(served.run(&["schedule", command, "nightly"])),
                format!("nightly: {word}\n")
            );
            served.wait_for_words(&format!("nightly: {word}"));
        }
        let (folder, _) = served.end();
        let alone = command(&folder, &["schedule", "reload", "--store", "runs.db"])
            .output()
            .unwrap();
        assert_eq!(alone.status.code(), Some(1));
        assert!(output(alone).contains("no server serves the store"));
    }

    #[test]
    fn health_and_metrics_are_served_on_loopback() {
        let served = Served::start(folder(DAILY, ""), &["--http", "127.0.0.1:0"]);
        let address = served.address();
        served.wait_for_words("serving 1 schedule");
        let health = get(&address, "/health");
        assert!(
            health.starts_with("HTTP/1.1 200") && health.contains("{\"status\":\"ok\"}"),
            "{health}"
        );
        let metrics = get(&address, "/metrics");
        assert!(
            metrics.contains("text/plain; version=0.0.4")
                && metrics.contains("\ncumulua_schedules 1\n"),
            "{metrics}"
        );
        served.end();
    }
}
