//! Ctrl-C: the run ends at once, what was deferred runs, and what is left open is reported.

#![cfg(unix)]

use crate::support::simulator;
use cumulua_simulator::{Fault, FaultRule};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Runs code against a simulator, sends an interrupt once it has printed a line, and gives status,
/// output and error.
fn interrupted(url: &str, code: &str) -> (i32, String, String) {
    interrupted_with(&[], url, code)
}

fn interrupted_with(options: &[&str], url: &str, code: &str) -> (i32, String, String) {
    interrupted_once(options, url, code, || true)
}

/// The same, once something else has happened too.
fn interrupted_once(
    options: &[&str],
    url: &str,
    code: &str,
    has_happened: impl Fn() -> bool,
) -> (i32, String, String) {
    let home = tempfile::tempdir().unwrap();
    let mut child: Child = Command::new(env!("CARGO_BIN_EXE_cumulua"))
        .args(["run", "--endpoint", &format!("cds={url}"), "-e", code])
        .args(options)
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    stdout.read_line(&mut printed).unwrap();
    while !has_happened() {
        std::thread::yield_now();
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    stdout.read_to_string(&mut printed).unwrap();
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    (child.wait().unwrap().code().unwrap_or(-1), printed, stderr)
}

#[test]
fn lua_code_calls_and_sleeps_end_with_status_130() {
    let (url, _simulator) = simulator();
    for code in [
        "print(1) while true do pcall(function() while true do end end) end",
        "print(1) time.sleep('1h')",
        "print(1) string.rep('a', 40000):find(('a*'):rep(30) .. 'b')",
        "parallel { function() print(1) while true do end end, function() while true do pcall(function() while true do end end) end end }",
        "parallel { function() print(1) coroutine.wrap(function() while true do end end)() end, function() time.sleep('1h') end }",
        "parallel { function() print(1) table.sort({ 2, 1 }, function() while true do end end) end, function() time.sleep('1h') end }",
    ] {
        let (status, _, stderr) = interrupted(&url, code);
        assert_eq!(status, 130, "{code}: {stderr}");
        assert!(stderr.contains("interrupted"), "{stderr}");
    }
}

#[test]
fn a_mutating_call_on_its_way_has_an_unknown_outcome() {
    let (url, simulator) = simulator();
    simulator.fault(FaultRule::new(Fault::Delay(Duration::from_hours(1))));
    // The line is printed before the call leaves, so the interrupt waits until it has arrived.
    let has_arrived = || !simulator.requests().is_empty();
    let (status, _, stderr) = interrupted_once(
        &[],
        &url,
        "print(1) cds.ccs.CreateTag { TagName = 'x' }",
        has_arrived,
    );
    assert_eq!(status, 130, "{stderr}");
    assert!(stderr.contains("sent = \"maybe\""), "{stderr}");
}

#[test]
fn a_task_that_goes_on_is_named_with_the_way_to_wait_for_it() {
    let (url, simulator) = simulator();
    simulator.fault(FaultRule::new(Fault::TaskHangs));
    let code = "local r = cds.ccs.CreateInstance { RegionId = 'CN_Beijing_A', VdcId = '0bb08ed7-e686-4168-93e5-e0187579753b',
        InstanceName = 'web', InstanceType = 'CCS.C3', Cpu = 2, Ram = 4, Password = 'Pass-word-1' }
        print(meta(r).task.id) wait(r)";
    let (status, printed, stderr) = interrupted(&url, code);
    assert_eq!(status, 130, "{stderr}");
    assert!(
        stderr.contains(&format!(
            "`cumulua wait cds_task {} --endpoint cds={url}`",
            printed.trim()
        )),
        "{stderr}"
    );
    // The command, when pasted, must not ask another account or region.
    let (_, printed, stderr) = interrupted_with(&["--region", "us"], &url, code);
    assert!(
        stderr.contains(&format!(
            "`cumulua wait cds_task {} --region us --endpoint cds={url}`",
            printed.trim()
        )),
        "{stderr}"
    );
    let bound = code.replace(
        "cds.ccs",
        "cds.with { region = 'asia', profile = 'default' }.ccs",
    );
    let (_, printed, stderr) = interrupted_with(&["--region", "us"], &url, &bound);
    assert!(
        stderr.contains(&format!(
            "`cumulua wait cds_task {} --profile default --region asia --endpoint cds={url}`",
            printed.trim()
        )),
        "{stderr}"
    );
}

#[test]
fn what_was_deferred_runs_and_ends_after_the_grace() {
    let (url, _simulator) = simulator();
    let (status, printed, _) = interrupted(
        &url,
        "defer(function() print('tidied') end) print('ready') time.sleep('1h')",
    );
    assert_eq!((status, printed.as_str()), (130, "ready\ntidied\n"));
    let (status, _, stderr) = interrupted_with(
        &["--grace", "0.2"],
        &url,
        "defer(function() while true do end end) print('ready') time.sleep('1h')",
    );
    assert_eq!(status, 130);
    assert!(stderr.contains("did not end within 0.2 s"), "{stderr}");
}
