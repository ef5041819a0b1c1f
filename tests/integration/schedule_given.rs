//! What the scripts of schedules are told and given, from outside.

use crate::served::{Served, command, folder};
use crate::support::Test;
use cumulua::history::{Filter, Store};
use std::fs;
use std::path::Path;

const WITH_PARAMS: &str = "[[schedule]]\nname = 'nightly'\nscript = 'a.lua'\ncron = '@yearly'\nargs = ['own']\n
[schedule.params]\ncount = 3\nids = { type = 'list', default = ['a'] }\ndry-run = false\nlogin = { type = 'secret' }\n";

/// Prints what it finds.
const TELLING: &str = "print(run.schedule, run.attempt, run.due == math.floor(run.due * 1000) / 1000, #run.id, args[1])
    print(run.params.count, json.encode(run.params.ids), run.params['dry-run'], run.params.login, run.params.none)
    local options = require 'std.args' { usage = 'a.lua', count = 1, ['dry-run'] = false, other = 'x' }
    print(options.count, options['dry-run'], options.other)";

fn printed(store: &Store) -> Vec<String> {
    let last = store.runs(Filter::default()).unwrap().remove(0);
    let rows = store.output(&last.run.id, 0, 100).unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

/// Whether a secret stands in any file of a folder.
fn is_anywhere(folder: &Path, secret: &str) -> Option<String> {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = is_anywhere(&path, secret) {
                return Some(found);
            }
        } else if path.file_name().unwrap() != "login.txt"
            && fs::read(&path).is_ok_and(|bytes| {
                bytes
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes())
            })
        {
            return Some(path.display().to_string());
        }
    }
    None
}

#[test]
fn a_script_finds_its_run_and_the_parameters_that_it_is_given() {
    let served = Served::start(folder(WITH_PARAMS, TELLING), &[]);
    served.write("login.txt", "open-sesame-9417\n");
    served.wait_for_words("serving 1 schedule");
    let store = served.store();
    let given = [
        "schedule",
        "trigger",
        "nightly",
        "count=7",
        "ids:=[\"b\",1]",
        "dry-run=true",
        "login=@login.txt",
    ];
    let answer = served.run(&given);
    assert!(answer.status.success(), "{answer:?}");
    served.wait_for_words("nightly: failed");
    let lines = printed(&store);
    assert_eq!(lines[0], "nightly\t1\ttrue\t36\town");
    assert_eq!(lines[1], "7\t[\"b\",1]\ttrue\t[secret]\tnil");
    assert!(lines[2].contains("unknown argument own"), "{lines:?}");
    let shown = served.run(&["runs", "show", "nightly"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.contains(
            r#"parameters {"count":7,"dry-run":true,"ids":["b",1]}, and login, which is not kept"#
        ),
        "{shown}"
    );
    // The defaults hold where nothing is given, and arguments take the place of the file's.
    let given = [
        "schedule", "trigger", "nightly", "--store", "runs.db", "--", "--other", "y",
    ];
    let answer = command(&served.folder, &given).output().unwrap();
    assert!(answer.status.success(), "{answer:?}");
    served.wait_for_words("nightly: done");
    let lines = printed(&store);
    assert_eq!(lines[0], "nightly\t1\ttrue\t36\t--other");
    assert_eq!(lines[1], "3\t[\"a\"]\tfalse\tnil\tnil");
    assert_eq!(lines[2], "3\tfalse\ty");
    let (folder, _) = served.end();
    assert_eq!(is_anywhere(folder.path(), "open-sesame-9417"), None);
}

#[test]
fn wrong_parameters_are_refused_with_and_without_a_server() {
    let refusals: [(&[&str], &str); 5] = [
        (&["cuont=7"], "did you mean count?"),
        (&["count=many"], "count takes a whole number"),
        (&["login=open"], "others can read a command line"),
        (&["count=1", "count=2"], "given twice"),
        (&["count"], "has no \"=\""),
    ];
    let served = Served::start(folder(WITH_PARAMS, ""), &[]);
    served.wait_for_words("serving 1 schedule");
    for (params, words) in refusals {
        let test = Test::new()
            .file("schedules.toml", WITH_PARAMS)
            .file("a.lua", "");
        let store = test.path("runs.db");
        test.args(["schedule", "trigger", "nightly", "--store", "runs.db"])
            .args(params.to_vec())
            .fails(1, &[words]);
        assert!(
            Store::open(store)
                .runs(Filter::default())
                .unwrap()
                .is_empty()
        );
        let answer = served.run(&[&["schedule", "trigger", "nightly"], params].concat());
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        assert!(
            !answer.status.success() && said.contains(words),
            "{params:?}: {said}"
        );
    }
    let (_folder, store) = served.end();
    assert!(store.runs(Filter::default()).unwrap().is_empty());
}

#[test]
fn a_run_by_itself_finds_its_id_and_no_parameters() {
    let code = "print(#run.id, run.due, run.attempt, run.schedule, next(run.params))";
    let test = Test::new().args(["run", "--store", "runs.db", "-e", code]);
    assert_eq!(test.run_well(), "36\tnil\tnil\tnil\tnil\n");
}

#[test]
fn without_a_server_a_trigger_gives_parameters_too() {
    let code = "print(run.params.count, run.params.login, args[1], io.read())";
    let test = Test::new()
        .file("schedules.toml", WITH_PARAMS)
        .file("login.txt", "open-sesame-9417")
        .file("a.lua", code);
    let trigger = ["schedule", "trigger", "nightly", "--store", "runs.db"];
    let given = ["count=9", "login=@login.txt", "--", "x"];
    let output = test.args(trigger).args(given).run();
    assert_eq!(output.stdout, "9\t[secret]\tx\tnil\n", "{}", output.stderr);
}

#[test]
fn the_next_server_gives_a_repetition_what_was_given_unless_it_was_a_secret() {
    let retries = "retries = { count = 1, delay = '1s' }\n\n[schedule.params]";
    let text = WITH_PARAMS.replace("\n[schedule.params]", retries);
    let script = "print(run.attempt, run.params.count, args[1]) error 'boom'";
    for (secret, expected) in [
        (false, "2\t7\tx"),
        (true, "login is a secret, which is not kept"),
    ] {
        let served = Served::start(folder(&text, script), &[]);
        served.write("login.txt", "open-sesame-9417");
        served.wait_for_words("serving 1 schedule");
        let mut given = vec!["schedule", "trigger", "nightly", "count=7"];
        given.extend(secret.then_some("login=@login.txt"));
        given.extend(["--store", "runs.db", "--", "x"]);
        let asked = command(&served.folder, &given).output().unwrap();
        assert!(asked.status.success(), "{asked:?}");
        served.wait_for_words("attempt 1 failed");
        let (folder, _) = served.end();
        let served = Served::start(folder, &[]);
        served.wait_for_words("nightly: failed");
        let (_folder, store) = served.end();
        let last = store.runs(Filter::default()).unwrap().remove(0);
        let seen = [printed(&store), vec![last.error.unwrap_or_default()]].concat();
        assert!(
            seen.iter().any(|line| line.contains(expected)),
            "{expected}: {seen:?}"
        );
    }
}

#[test]
fn check_refuses_the_parameters_that_std_args_of_the_script_refuses() {
    let types = [
        ("string", "'7'", "text"),
        ("integer", "7", "7"),
        ("number", "0.5", "0.5"),
        ("number", "7", "7"),
        ("boolean", "true", "true"),
        ("list", "['a']", ""),
        ("secret", "", "@given.txt"),
    ];
    for (kind, default, given) in types {
        for option in ["'x'", "1", "true"] {
            let default = if default.is_empty() {
                String::new()
            } else {
                format!(", default = {default}")
            };
            let schedules = format!(
                "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@yearly'\ntimezone = 'UTC'\n
                 [schedule.params]\nvalue = {{ type = '{kind}'{default} }}\n"
            );
            let script = format!("require 'std.args' {{ usage = 'x', value = {option} }}");
            let test = |args: &[&str]| {
                let files = Test::new()
                    .file("schedules.toml", &schedules)
                    .file("a.lua", &script)
                    .file("given.txt", "text");
                files.args(args.iter().copied()).run()
            };
            let check = test(&["schedule", "check"]);
            let trigger = ["schedule", "trigger", "a", "--store", "runs.db"];
            let value = format!("value={given}");
            let value = [value.as_str()];
            let value = if given.is_empty() { &[][..] } else { &value };
            let ran = test(&[&trigger[..], value].concat());
            let case = format!("{kind}{default}, {option}: {}{}", check.stderr, ran.stderr);
            assert_eq!(check.status == 0, ran.status == 0, "{case}");
            let words = format!("the parameter value is of the type {kind}, and std.args");
            assert_eq!(check.stderr.contains(&words), check.status != 0, "{case}");
        }
    }
}

#[test]
fn check_refuses_a_parameter_that_nothing_of_the_script_takes() {
    let schedules =
        "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@yearly'\ntimezone = 'UTC'\n
        [schedule.params]\nkep = 7\n";
    let check = |script: &str| {
        let files = Test::new().file("schedules.toml", schedules);
        files.file("a.lua", script).args(["schedule", "check"])
    };
    let declares = "local options = require 'std.args' { usage = 'x', keep = 1 }";
    check(declares).fails(
        1,
        &["nothing takes the parameter kep", "did you mean keep?"],
    );
    for other in [
        format!("{declares} print(run.params.kep)"),
        "print(run.params.kep)".to_owned(),
        "local args = require 'std.args' args { usage = 'x' }".to_owned(),
    ] {
        check(&other).run_well();
    }
}
