//! The history of runs: what is recorded, what is not, and how it is shown.

use crate::support::{Test, simulator};
use cumulua::history::{
    CallRow, Filter, Found, NewRun, OutputBuffer, RunOutcome, RunRow, RunState, Store,
};
use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use tempfile::TempDir;

/// A store for several commands.
struct History {
    _folder: TempDir,
    path: String,
}

impl History {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db").to_str().unwrap().to_owned();
        Self {
            _folder: folder,
            path,
        }
    }

    /// `cumulua … --store` this one.
    fn command<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Test {
        Test::new()
            .args(args)
            .env("CUMULUA_STORE", &self.path)
            .env("TZ", "Asia/Shanghai")
    }

    fn store(&self) -> Store {
        Store::open(&self.path)
    }

    fn runs(&self) -> Vec<RunRow> {
        self.store().runs(Filter::default()).unwrap()
    }

    fn calls(&self, run: &RunRow) -> Vec<CallRow> {
        self.store().calls(&run.run.id, 0, 1000).unwrap()
    }

    fn lines(&self, run: &RunRow) -> Vec<(String, String)> {
        let lines = self.store().output(&run.run.id, 0, 1000).unwrap();
        lines
            .into_iter()
            .map(|line| (line.stream, line.line))
            .collect()
    }
}

#[test]
fn a_run_is_recorded_with_its_output_its_calls_and_its_waits() {
    let history = History::new();
    let script = "print('one', 2) io.write('a', 1, '\\n') io.stdout:write('part') log.warn('careful') log.debug('quiet')
        local r = cds.ccs.CreateInstance { RegionId = 'CN_Beijing_A', VdcId = '0bb08ed7-e686-4168-93e5-e0187579753b',
            InstanceName = 'web', InstanceType = 'CCS.C3', Cpu = 2, Ram = 4, Password = 'Pass-word-1' }
        print('Pass-word-1') wait(r) cds.ccs.DeleteTag { TagId = '9' }";
    let test = history
        .command(["run", "--sim", "night.lua", "x", "--token", "abcdef"])
        .file("night.lua", script);
    let output = test.fails(3, &["InvalidTagId.NotFound"]);
    assert_eq!(
        output.stdout, "one\t2\na1\npartPass-word-1\n",
        "what is printed is not changed"
    );
    let runs = history.runs();
    let [run] = runs.as_slice() else {
        panic!("{runs:?}")
    };
    assert_eq!(
        (run.run.name.as_str(), run.run.kind.as_str(), run.status),
        ("night", "run", Some(3))
    );
    assert_eq!(
        (run.state.outcome(), run.run.profile.as_deref()),
        (Some(RunOutcome::Failed), Some("simulator"))
    );
    assert!(
        run.error
            .as_ref()
            .unwrap()
            .starts_with("night.lua:4: cds.ccs.DeleteTag"),
        "{:?}",
        run.error
    );
    assert_eq!(run.run.args, ["x", "--token", "[secret]"]);
    assert_eq!(run.run.script_hash.as_ref().unwrap().len(), 64);
    let summaries = |stream: &str, line: &str| (stream.to_owned(), line.to_owned());
    let expected = [
        summaries("out", "one\t2"),
        summaries("out", "a1"),
        summaries("err", "warning: careful"),
        summaries("out", "part[secret]"),
    ];
    let lines = history.lines(run);
    assert_eq!(
        lines
            .iter()
            .filter(|(_, line)| !line.starts_with("info"))
            .cloned()
            .collect::<Vec<_>>(),
        expected
    );
    let calls = history.calls(run);
    assert_eq!(calls[0].params["Password"], "[secret]");
    assert!(calls.iter().all(|call| call.phase == "ended") && calls.len() as u64 == run.calls);
    assert_eq!(
        calls.last().unwrap().code.as_deref(),
        Some("InvalidTagId.NotFound")
    );
    let waits = history.store().waits(&run.run.id).unwrap();
    assert_eq!((waits.len(), waits[0].done), (1, Some(true)));
    assert!(
        waits[0].start.what.contains("cds.ccs.CreateInstance")
            && waits[0].ended > Some(waits[0].start.started)
    );
}

#[test]
fn a_script_without_effects_a_simulation_and_what_is_left_out_are_not_recorded() {
    let history = History::new();
    history.command(["run", "-e", "print(1)"]).prints("1\n");
    assert!(!Path::new(&history.path).exists(), "nothing is made for it");
    let test = Test::simulated("cds.ccs.DescribeTags()");
    let state = test.path("state");
    test.prints("");
    assert!(!state.exists());
    history
        .command([
            "run",
            "--sim",
            "--no-record",
            "-e",
            "lock 'a' cds.ccs.DescribeTags()",
        ])
        .prints("");
    assert!(!Path::new(&history.path).exists());
}

#[test]
fn a_call_is_recorded_and_listed() {
    let history = History::new();
    history
        .command(["call", "--sim", "cds.ccs.CreateTag", "TagName=web"])
        .run();
    history
        .command(["call", "--sim", "cds.ccs.DeleteTag", "TagId=9"])
        .fails(3, &[]);
    let summaries: Vec<_> = history
        .runs()
        .into_iter()
        .map(|row| (row.run.name, row.state.outcome(), row.run.args.concat()))
        .collect();
    let expected = [
        (
            "cds.ccs.DeleteTag".to_owned(),
            Some(RunOutcome::Failed),
            "TagId=9".to_owned(),
        ),
        (
            "cds.ccs.CreateTag".to_owned(),
            Some(RunOutcome::Done),
            "TagName=web".to_owned(),
        ),
    ];
    assert_eq!(summaries, expected);
}

#[test]
fn no_secret_reaches_the_store() {
    let history = History::new();
    let (url, _simulator) = simulator();
    let code = "local p = secret 'vm-password' print(p) log.info(p)
        pcall(cds.ccs.ResetInstancesPassword, { InstanceIds = 'i-1', Password = p })
        pcall(cds.ccs.ResetInstancesPassword, { InstanceIds = 'i-1', Password = 'plain-Password-1' })
        pcall(cds.ccs.DescribeTask, { TaskId = 'plain-Password-1' }) print('late-Password-1')
        pcall(cds.ccs.ResetInstancesPassword, { InstanceIds = 'i-1', Password = 'late-Password-1' })
        print('plain-Password-1') io.write('plain-Pass', 'word-1\\n') error('plain-Password-1')";
    let endpoint = format!("cds={url}");
    let test = history.command([
        "run",
        "--endpoint",
        &endpoint,
        "-e",
        code,
        "late-Password-1",
        "--password=hunter3",
    ]);
    test.credentials("sim", "sim-secret")
        .env("VM_PASSWORD", "hunter2-Hunter2")
        .fails(1, &[]);
    let run = history.runs().remove(0);
    assert_eq!(
        run.run.args,
        ["[secret]", "--password=[secret]"],
        "what only turned out to be a secret"
    );
    assert!(
        history
            .lines(&run)
            .iter()
            .all(|(_, line)| !line.contains("late-Password-1"))
    );
    let mut bytes = Vec::new();
    for file in [history.path.clone(), history.path.clone() + "-wal"] {
        let _ = std::fs::File::open(file).map(|mut file| file.read_to_end(&mut bytes));
    }
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("ResetInstancesPassword"));
    for secret in [
        "hunter2",
        "hunter3",
        "sim-secret",
        "plain-Password-1",
        "Signature=",
    ] {
        assert!(!text.contains(secret), "{secret} stands in the store");
    }
}

#[test]
fn a_mutating_call_is_in_the_store_before_it_leaves_and_kill_9_does_not_take_it() {
    let history = History::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("cds=http://{}", listener.local_addr().unwrap());
    let code = "print('before') cds.ccs.CreateTag { TagName = 'web' }";
    let mut child = Command::new(env!("CARGO_BIN_EXE_cumulua"))
        .args([
            "run",
            "--store",
            &history.path,
            "--endpoint",
            &endpoint,
            "-e",
            code,
        ])
        .env("HOME", Path::new(&history.path).parent().unwrap())
        .env_remove("XDG_CONFIG_HOME")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let _ = stream.read(&mut [0; 1024]).unwrap();
    let running = history.runs().remove(0);
    assert_eq!(history.store().state(&running), RunState::Running);
    child.kill().unwrap();
    child.wait().unwrap();
    let lost = history.runs().remove(0);
    assert_eq!(
        history.store().state(&lost),
        RunState::Ended(RunOutcome::Lost)
    );
    let calls = history.calls(&lost);
    assert_eq!(
        (calls.len(), calls[0].phase.as_str(), calls[0].sent.as_str()),
        (1, "sending", "maybe")
    );
    assert_eq!(
        history.lines(&lost),
        [("out".to_owned(), "before".to_owned())]
    );
    let shown = history.command(["runs", "list", "--failed"]).run().stdout;
    assert!(shown.contains("lost"), "{shown}");
    assert!(
        history
            .command(["runs", "show", "(command line)"])
            .run()
            .stdout
            .contains("sent, and not answered")
    );
}

#[test]
fn a_store_that_does_not_work_is_a_warning_and_stops_nothing() {
    let code = "for i = 1, 3 do cds.ccs.CreateTag { TagName = 't' .. i } end print('done')";
    let test = Test::simulated(code)
        .file("file", "no folder")
        .args(["--store", "file/runs.db"]);
    let output = test.run();
    assert_eq!((output.status, output.stdout.as_str()), (0, "done\n"));
    let warnings = output.stderr.matches("not recorded").count();
    assert!(
        (1..=2).contains(&warnings) && output.stderr.contains("--store"),
        "{}",
        output.stderr
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_nothing() {
    let history = History::new();
    history
        .command(["call", "--sim", "cds.ccs.DescribeTags"])
        .run();
    // A file that cannot grow is what a full disk looks like.
    let code = "for i = 1, 200 do print(('x'):rep(2000)) cds.ccs.CreateTag { TagName = 't' .. i } end log.warn 'came to its end'";
    let command = format!(
        "trap '' XFSZ; ulimit -f 600; exec '{}' run --sim -e \"$CODE\"",
        env!("CARGO_BIN_EXE_cumulua")
    );
    let output = Command::new("bash")
        .args(["-c", &command])
        .env("CODE", code)
        .env("CUMULUA_STORE", &history.path)
        .env("HOME", Path::new(&history.path).parent().unwrap())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stderr.contains("came to its end"),
        "{stderr}"
    );
    assert!(stderr.contains("recorded late"), "{stderr}");
    assert_eq!(
        history.store().runs(Filter::default()).unwrap().len(),
        2,
        "the store is whole"
    );
}

#[test]
fn a_lock_has_one_holder_among_the_runs_of_a_store() {
    let history = History::new();
    let store = history.store();
    let held = store
        .locks()
        .named("nightly", "another-run")
        .unwrap()
        .held()
        .unwrap();
    let code =
        "local ok, e = pcall(lock, 'nightly', { timeout = 0 }) print(ok, e.kind, (tostring(e):find('another-run', 1, true)) ~= nil)
        lock 'free' print 'free'";
    history
        .command(["run", "-e", code])
        .prints("false\ttimeout\ttrue\nfree\n");
    let mut child = Command::new(env!("CARGO_BIN_EXE_cumulua"))
        .args([
            "run",
            "--store",
            &history.path,
            "-e",
            "lock 'nightly' print 'mine'",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(
        line.contains("waiting for the lock \"nightly\"") && line.contains("another-run"),
        "{line}"
    );
    drop(held);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, b"mine\n");
}

fn recorded(id: &str) -> NewRun {
    NewRun {
        id: id.to_owned(),
        name: "nightly".to_owned(),
        kind: "schedule".to_owned(),
        attempt: 1,
        started: "2026-11-21T02:30:00Z".parse().unwrap(),
        ..NewRun::default()
    }
}

#[test]
fn a_run_that_a_server_has_recorded_is_claimed_once_and_records_its_own_output() {
    let history = History::new();
    history.store().start_run(recorded("r1")).unwrap();
    let code = "local p = 'Plain-word-1' pcall(cds.ccs.ResetInstancesPassword, { InstanceIds = 'i', Password = p }) print(p)";
    let args = [
        "run",
        "--sim",
        "--run-id",
        "r1",
        "--run-schedule",
        "nightly",
        "-e",
        code,
        "arg",
    ];
    history.command(args).prints("[secret]\n");
    let Found::One(row) = history.store().find_run("r1").unwrap() else {
        panic!("it is there")
    };
    assert_eq!(
        (
            row.run.name.as_str(),
            row.run.kind.as_str(),
            row.state.outcome()
        ),
        ("nightly", "schedule", Some(RunOutcome::Done))
    );
    assert_eq!((row.calls, row.run.args.concat().as_str()), (1, "arg"));
    assert_eq!(
        history.lines(&row)[..1],
        [("out".to_owned(), "[secret]".to_owned())]
    );
    history.command(args).fails(1, &["r1", "has ended"]);
    history
        .command(["run", "--sim", "--run-id", "r9", "-e", "print 'never'"])
        .fails(1, &["r9", "is not in"]);
}

#[test]
fn a_schedules_run_is_not_carried_out_beside_an_earlier_one() {
    let history = History::new();
    let store = history.store();
    store.start_run(recorded("r2")).unwrap();
    let _held = store
        .locks()
        .schedule("nightly", "r1")
        .unwrap()
        .held()
        .unwrap();
    let output = history
        .command([
            "run",
            "--run-id",
            "r2",
            "--run-schedule",
            "nightly",
            "-e",
            "print 'never'",
        ])
        .fails(1, &["still going on", "r1"]);
    assert_eq!(output.stdout, "");
    let Found::One(row) = store.find_run("r2").unwrap() else {
        panic!("it is there")
    };
    assert_eq!(row.state.outcome(), Some(RunOutcome::Failed));
}

#[test]
fn the_history_is_shown_in_this_machines_zone_by_id_and_by_name() {
    let history = History::new();
    history
        .command([
            "run",
            "--sim",
            "-e",
            "print 'hello' cds.ccs.CreateTag { TagName = 'a' }",
        ])
        .run();
    let id = history.runs().remove(0).run.id;
    for wanted in [&id[..6], &id.to_uppercase(), "(command line)"] {
        let shown = history.command(["runs", "show", wanted]).run().stdout;
        for word in [
            &id,
            "+08:00",
            "| hello",
            "cds.ccs.CreateTag {\"TagName\":\"a\"} -> ok",
            "ended: done, exit status 0",
        ] {
            assert!(shown.contains(word), "{word:?} is missing in {shown}");
        }
    }
    let json: Json = serde_json::from_str(
        &history
            .command(["runs", "show", "--json", &id])
            .run()
            .stdout,
    )
    .unwrap();
    let moments: Vec<_> = json["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|moment| moment["what"].as_str().unwrap())
        .collect();
    assert_eq!(moments, ["output", "call"]);
    assert!(json["started"].as_str().unwrap().ends_with("+08:00"));
    history.command(["runs", "logs", &id]).prints("hello\n");
    let call: Json = serde_json::from_str(
        &history
            .command(["runs", "calls", "--json", &id])
            .run()
            .stdout,
    )
    .unwrap();
    assert_eq!(
        (call["action"].as_str(), call["sent"].as_str()),
        (Some("cds.ccs.CreateTag"), Some("yes"))
    );
    let listed: Json =
        serde_json::from_str(&history.command(["runs", "list", "--json"]).run().stdout).unwrap();
    assert_eq!(
        (listed[0]["id"].as_str(), listed[0]["outcome"].as_str()),
        (Some(id.as_str()), Some("done"))
    );
    history
        .command(["runs", "show", "(comand line)"])
        .fails(1, &["did you mean (command line)", "runs list"]);
    history
        .command(["runs", "list", "--since", "soon"])
        .fails(2, &["soon", "02:30"]);
    history
        .command(["runs", "prune"])
        .fails(2, &["--older-than"]);
    let pruned = history.command(["runs", "prune", "--keep", "0"]).run_well();
    assert!(pruned.starts_with("forgot 1 runs and 0 firings; the store has "));
    assert!(history.runs().is_empty());
}

#[test]
fn of_times_without_a_server_the_history_says_so() {
    let history = History::new();
    let store = history.store();
    let at = |text: &str| text.parse().unwrap();
    let (first, _) = store
        .server_began(1, "1", at("2026-11-20T00:00:00Z"))
        .unwrap();
    store
        .server_seen(first, at("2026-11-20T06:00:00Z"), false)
        .unwrap();
    let (second, before) = store
        .server_began(2, "1", at("2026-11-20T18:00:00Z"))
        .unwrap();
    assert_eq!(
        before.map(|before| before.seen),
        Some(at("2026-11-20T06:00:00Z"))
    );
    store
        .server_seen(second, at("2026-11-21T00:00:00Z"), true)
        .unwrap();
    store.flush(std::time::Duration::from_mins(1)).unwrap();
    let said = |time: &str| history.command(["runs", "list", "--at", time]).run().stderr;
    let down = said("2026-11-20T12:00:00Z");
    assert!(
        down.contains(
            "no server ran from 2026-11-20 14:00:00 +08:00 to 2026-11-21 02:00:00 +08:00"
        ),
        "{down}"
    );
    assert!(!said("2026-11-20T20:00:00Z").contains("no server"));
    assert!(said("2026-11-19T20:00:00Z").contains("before 2026-11-20 08:00:00 +08:00"));
    assert!(said("2026-11-22T20:00:00Z").contains("since 2026-11-21 08:00:00 +08:00: what is due"));
}

#[test]
fn the_text_that_ran_is_kept_once_without_secrets() {
    let history = History::new();
    let script = "local later = { Password = 'literal-password' }\n\
                  pcall(cds.ccs.CreateTag, { TagName = 'of-a-test' }) -- token-of-a-comment\n\
                  if args[1] then secret 'later' cds.ccs.DescribeTags() end\n";
    let run = |more: &[&str]| {
        Test::new()
            .file("kept.lua", script)
            .file(
                "config/cumulua/cumulua.toml",
                "[profiles.default.secrets]\nlater = { env = 'LATER' }\n",
            )
            .env("LATER", "token-of-a-comment")
            .args(["run", "--sim", "--store", &history.path, "kept.lua"])
            .args(more.to_vec())
            .run_well();
    };
    let kept = || {
        history
            .command(["runs", "show", "kept", "--script"])
            .run_well()
    };
    run(&[]);
    let text = kept();
    assert!(text.contains("Password = secret \"password\""), "{text}");
    assert!(
        text.contains("token-of-a-comment"),
        "nothing knows it yet: {text}"
    );
    run(&["x"]);
    assert!(kept().contains("-- [secret]"), "{}", kept());
    run(&[]);
    assert!(kept().contains("-- [secret]"), "it stays so: {}", kept());
    history
        .command(["runs", "prune", "--keep", "0", "--name", "kept"])
        .run_well();
    let hash = cumulua::history::sha256(script.as_bytes());
    assert_eq!(history.store().script(&hash).unwrap(), None);
}

#[test]
fn what_a_change_made_is_recorded_with_its_ids_and_found_by_them() {
    let history = History::new();
    let made = Test::new()
        .args(["run", "--sim", "--store", &history.path, "-e"])
        .arg("local vdc = cds.vdc.CreateVdc { RegionId = 'CN_Beijing_A', VdcName = 'v' } wait(vdc) print(vdc.TaskId)")
        .run_well();
    let task = made.trim();
    let about = history
        .command(["runs", "calls", "--json", "--about", task])
        .run_well();
    let calls = json_lines(&about);
    let change = calls
        .iter()
        .find(|call| call["read_only"] == false)
        .unwrap();
    assert!(
        change["ids"]
            .as_array()
            .unwrap()
            .iter()
            .any(|id| id == task),
        "{change}"
    );
    let shown = history
        .command(["runs", "show", "(command line)"])
        .run_well();
    assert!(shown.contains(&format!("): {task}")), "{shown}");
    let row = &history.runs()[0];
    assert!(row.host.as_ref().is_some_and(|host| !host.is_empty()));
}

/// Three runs: two of `tags`, which make a tag and read, and a call.
fn with_three_runs() -> History {
    let history = History::new();
    let code =
        "cds.ccs.CreateTag { TagName = args[1] } cds.ccs.DescribeTags() print('a, \"b\"\\nc')";
    for name in ["web", "db"] {
        let store = &history.path;
        Test::new()
            .file("tags.lua", code)
            .args(["run", "--sim", "--store", store, "tags.lua", name])
            .run_well();
    }
    history
        .command([
            "call",
            "--sim",
            "cds.ccs.CreateTag",
            "TagName=mail",
            "--store",
        ])
        .args([history.path.as_str()])
        .run_well();
    history
}

/// The objects of JSON lines.
fn json_lines(text: &str) -> Vec<serde_json::Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn calls_of_many_runs_are_chosen_by_what_they_are() {
    let history = with_three_runs();
    let names = |options: &[&str]| {
        let args = ["runs", "calls", "--json"].iter().chain(options).copied();
        let calls = json_lines(&history.command(args).run_well());
        let of = |call: &serde_json::Value| call["params"]["TagName"].as_str().map(str::to_owned);
        calls.iter().map(of).collect::<Vec<_>>()
    };
    let tag = |name: &str| Some(name.to_owned());
    let (web, db, mail) = (tag("web"), tag("db"), tag("mail"));
    assert_eq!(
        names(&["--mutating"]),
        [mail.clone(), db.clone(), web.clone()]
    );
    assert_eq!(names(&["--mutating", "--name", "tags"]), [db.clone(), web]);
    assert_eq!(names(&["--about", "mai"]), std::slice::from_ref(&mail));
    assert_eq!(
        names(&["--action", "cds.ccs.CreateTag", "--limit", "1"]),
        [mail]
    );
    assert_eq!(names(&["--action", "cds.ccs.CreateTa"]), []);
    assert_eq!(names(&["--action", "cds", "--name", "tags"]).len(), 4);
    assert_eq!(names(&["--unknown"]), []);
    assert_eq!(names(&["--in-region", "nowhere"]), []);
    let shown = history.command(["runs", "calls", "--limit", "2"]).run();
    assert_eq!(shown.stdout.lines().count(), 3, "{}", shown.stdout);
    assert!(shown.stderr.contains("more than 2"), "{}", shown.stderr);
    history
        .command(["runs", "calls", "tags", "--since", "1h"])
        .fails(2, &["either name a run", "--since"]);
}

#[test]
fn export_gives_all_that_is_recorded_in_either_form() {
    let history = with_three_runs();
    let export = |options: &[&str]| {
        let args = ["runs", "export"].iter().chain(options).copied();
        history.command(args).run_well()
    };
    for (what, count) in [("runs", 3), ("calls", 5), ("output", 4), ("firings", 0)] {
        let lines = json_lines(&export(&[what]));
        assert_eq!(lines.len(), count, "{what}");
        let csv = export(&[what, "--format", "csv"]);
        let mut csv = csv::Reader::from_reader(csv.as_bytes());
        let headings = csv.headers().unwrap().clone();
        let rows: Vec<_> = csv.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), count, "{what}");
        for (row, line) in rows.iter().zip(&lines) {
            for (heading, cell) in headings.iter().zip(row) {
                let expected = match &line[heading] {
                    serde_json::Value::Null => String::new(),
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                assert_eq!(cell, expected, "{what}: {heading}");
            }
        }
    }
    let first = &json_lines(&export(&["runs"]))[0];
    assert_eq!(
        first["args"],
        serde_json::json!(["web"]),
        "the earliest first"
    );
    history
        .command(["runs", "export", "--failed"])
        .fails(2, &["runs export calls"]);
}

#[test]
fn what_happened_at_half_past_two_is_one_question() {
    use cumulua::history::{Firing, FiringOutcome};
    let history = History::new();
    let store = history.store();
    let at = |text: &str| text.parse().unwrap();
    let firing = |schedule: &str, due: &str, outcome| Firing {
        schedule: schedule.to_owned(),
        due: at(due),
        decided: at(due),
        outcome,
        detail: Some("run r1 was still going on".to_owned()),
    };
    let ran = FiringOutcome::Ran {
        run: "r1".to_owned(),
    };
    store
        .decide(
            firing("nightly", "2026-11-20T18:10:00Z", ran),
            Some(NewRun {
                started: at("2026-11-20T18:10:00Z"),
                ..recorded("r1")
            }),
        )
        .unwrap();
    let end = cumulua::history::RunEnd {
        id: "r1".to_owned(),
        ended: at("2026-11-20T18:50:00Z"),
        outcome: RunOutcome::TimedOut,
        status: Some(124),
        error: Some("too long".to_owned()),
    };
    store.end_run(end).unwrap();
    store
        .decide(
            firing("nightly", "2026-11-20T18:30:00Z", FiringOutcome::Overlap),
            None,
        )
        .unwrap();
    store
        .decide(
            firing("hourly", "2026-11-20T19:00:00Z", FiringOutcome::Paused),
            None,
        )
        .unwrap();
    // Made good on another day.
    store
        .start_run(NewRun {
            name: "nightly".to_owned(),
            kind: "backfill".to_owned(),
            due: Some(at("2026-11-20T18:30:30Z")),
            started: at("2026-11-22T01:00:00Z"),
            ..recorded("b1")
        })
        .unwrap();
    let listed = history
        .command(["runs", "list", "--at", "2026-11-21 02:30"])
        .run()
        .stdout;
    let lines: Vec<_> = listed
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        lines,
        [
            "2026-11-22 09:00:00 +08:00 nightly b1 starting 0 for 2026-11-21 02:30:30 +08:00; its process has not begun yet",
            "2026-11-21 02:30:00 +08:00 nightly - overlap run r1 was still going on",
            "2026-11-21 02:10:00 +08:00 nightly r1 timed out 40m 0s 0 too long",
        ]
    );
    let failed: Json = serde_json::from_str(
        &history
            .command(["runs", "list", "--failed", "--json"])
            .run()
            .stdout,
    )
    .unwrap();
    let outcomes: Vec<_> = failed
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["overlap", "timed out"], "the pause was wanted");
}

#[test]
fn logs_follow_a_run_to_its_end() {
    let history = History::new();
    let store = history.store();
    store.start_run(recorded("r1")).unwrap();
    store
        .claim_run(
            NewRun {
                pid: Some(1),
                ..recorded("r1")
            },
            None,
            "2026-11-21T02:30:00Z".parse().unwrap(),
        )
        .unwrap();
    let alive = store.locks().run("r1").unwrap().held();
    let output = cumulua::history::OutputBuffer::of(&store, "r1");
    let line = |text: &str| {
        let at = "2026-11-21T02:30:01Z".parse().unwrap();
        let line = cumulua::history::Line {
            at,
            stream: cumulua::history::Stream::Out,
            text: text.to_owned(),
        };
        output.add(line);
    };
    line("first");
    let mut child = Command::new(env!("CARGO_BIN_EXE_cumulua"))
        .args(["runs", "logs", "-f", "r1", "--store", &history.path])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let (send, receive) = mpsc::channel();
    let reader = thread::spawn(move || {
        BufReader::new(stdout)
            .lines()
            .for_each(|line| send.send(line.unwrap()).unwrap());
    });
    assert_eq!(receive.recv().unwrap(), "first");
    line("second");
    assert_eq!(receive.recv().unwrap(), "second");
    drop(alive);
    reader.join().unwrap();
    assert!(child.wait().unwrap().success(), "it ends with the run");
}

#[test]
fn a_run_that_prints_without_end_is_recorded_with_its_calls_and_its_end() {
    let history = History::new();
    let code = "for i = 1, 20000 do print(i, ('x'):rep(2000)) end
        cds.ccs.CreateTag { TagName = 'web' } print 'last'";
    let printed = history.command(["run", "--sim", "-e", code]).run_well();
    assert_eq!(printed.lines().count(), 20_001);
    let store = history.store();
    let run = store.runs(Filter::default()).unwrap().remove(0);
    assert_eq!(run.state, RunState::Ended(RunOutcome::Done));
    let id = run.run.id;
    assert_eq!(store.calls(&id, 0, 10).unwrap().len(), 1);
    let lines = store.output(&id, 0, u32::MAX).unwrap();
    assert!(lines[0].line.starts_with("1\t") && lines[50].line.starts_with("51\t"));
    let last: Vec<_> = lines.iter().rev().take(50).collect();
    assert_eq!(last[0].line, "last");
    assert!(last[49].line.starts_with("19952\t"), "{}", last[49].line);
    let bytes: usize = lines.iter().map(|row| row.line.len() + 1).sum();
    assert!(bytes <= OutputBuffer::HEAD + OutputBuffer::TAIL, "{bytes}");
}

#[test]
fn a_name_is_never_taken_for_the_beginning_of_another_runs_id() {
    let history = History::new();
    let store = history.store();
    for (id, name) in [
        ("aaaa-1", "payments"),
        ("bbbb-2", "a"),
        ("ab12-3", "payments"),
    ] {
        let run = NewRun {
            id: id.to_owned(),
            name: name.to_owned(),
            kind: "run".to_owned(),
            ..NewRun::default()
        };
        store.start_run(run).unwrap();
    }
    for (wanted, name) in [("a", "a"), ("aa", "payments"), ("bbbb", "a")] {
        let shown = history.command(["runs", "show", wanted, "--json"]).run();
        let run: Json = serde_json::from_str(&shown.stdout).unwrap();
        assert_eq!(run["name"], name, "{wanted}: {}", shown.stderr);
    }
}

#[test]
fn of_a_name_the_run_that_goes_on_is_cancelled_and_not_a_later_one_that_has_ended() {
    let history = History::new();
    let store = history.store();
    for (id, started) in [("aaaa-1", 1), ("bbbb-2", 2)] {
        let run = NewRun {
            id: id.to_owned(),
            name: "nightly".to_owned(),
            kind: "run".to_owned(),
            pid: Some(std::process::id()),
            started: jiff::Timestamp::from_second(started).unwrap(),
            ..NewRun::default()
        };
        store.start_run(run).unwrap();
    }
    let end = cumulua::history::RunEnd {
        id: "bbbb-2".to_owned(),
        ended: jiff::Timestamp::from_second(3).unwrap(),
        outcome: RunOutcome::Done,
        status: Some(0),
        error: None,
    };
    store
        .end_run_within(end, std::time::Duration::from_mins(1))
        .unwrap();
    let _going_on = store.locks().run("aaaa-1").unwrap().held().unwrap();
    let cancelled = history.command(["runs", "cancel", "nightly"]).run();
    // It has no socket here.
    assert!(
        cancelled.stderr.contains("aaaa-1") && !cancelled.stderr.contains("has ended"),
        "{}",
        cancelled.stderr
    );
}
