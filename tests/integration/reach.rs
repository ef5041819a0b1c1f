//! What of this machine a script may reach: nothing outside by any way in, and nothing that
//! cumulua itself works with.

#![cfg(unix)]

use crate::support::{Output, Test, flat};
use std::fs;
use std::os::unix::fs::symlink;

/// Every way in which a script has a file read; `%s` is its path.
const READS: [&str; 8] = [
    "io.open('%s'):read 'a'",
    "io.lines('%s')()",
    "io.input('%s') print(io.read 'a')",
    "assert(loadfile('%s'))",
    "dofile('%s')",
    "assert(io.open('%s', 'r+')):read 'a'",
    "assert(io.open('%s', 'a+')):read 'a'",
    "assert(os.rename('%s/x', 'y'))",
];

/// Every way in which a script changes what is at a path.
const CHANGES: [&str; 8] = [
    "assert(io.open('%s', 'w')):write 'x'",
    "assert(io.open('%s', 'a')):write 'x'",
    "assert(io.open('%s', 'r+')):write 'x'",
    "assert(io.open('%s', 'w+')):write 'x'",
    "io.output('%s')",
    "assert(os.remove('%s'))",
    "assert(os.rename('%s', 'taken'))",
    "assert(os.rename('mine', '%s'))",
];

fn filled(form: &str, path: &str) -> String {
    form.replace("%s", path)
}

fn is_refusal(text: &str) -> bool {
    [
        "outside the working",
        "cumulua itself",
        "none changes it",
        "none renames or removes it",
        "has other names",
    ]
    .iter()
    .any(|reason| text.contains(reason))
}

fn refused(output: &Output, form: &str) {
    assert_eq!(output.status, 1, "{form}: {}", output.stderr);
    assert!(
        is_refusal(&flat(&output.stderr)),
        "{form}: {}",
        output.stderr
    );
}

/// Holds each of these forms, tried in one run, to being refused.
fn all_refused<'f>(
    forms: impl IntoIterator<Item = &'f &'f str>,
    path: &str,
    make: fn(&str) -> Test,
    prepare: impl Fn(&Test),
) -> Output {
    let forms: Vec<String> = forms.into_iter().map(|form| filled(form, path)).collect();
    let tried = forms.iter().map(|form| {
        format!("print((tostring(select(2, pcall(assert(load [==[{form}]==])))):gsub('\\n', ' ')))")
    });
    let code = tried.collect::<Vec<_>>().join("\n");
    let test = make(&code);
    prepare(&test);
    let output = test.run();
    let said: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(
        said.len(),
        forms.len(),
        "{}{}",
        output.stdout,
        output.stderr
    );
    for (form, said) in forms.iter().zip(said) {
        assert!(is_refusal(said), "{form}: {said}");
    }
    output
}

#[test]
fn a_module_that_is_a_link_to_the_outside_is_refused_as_any_file_is() {
    for target in ["../outside.lua", "inner/../../outside.lua"] {
        let test = Test::new()
            .file("outside.lua", "SECRET LINE = is no Lua")
            .file("project/inner/a.lua", "")
            .file("project/main.lua", "require 'mod'")
            .args(["run", "--sim", "main.lua"])
            .in_folder("project");
        symlink(target, test.path("project/mod.lua")).unwrap();
        let output = test.run();
        refused(&output, target);
        assert!(!output.stderr.contains("SECRET"), "{}", output.stderr);
    }
}

#[test]
fn a_module_beside_its_script_needs_no_grant_and_a_link_within_its_folder_is_followed() {
    let test = Test::new()
        .file(
            "scripts/main.lua",
            "print(require 'mod', require 'shared.x')",
        )
        .file("scripts/lib/mod.lua", "return 'module'")
        .file("shared/x.lua", "return 'shared'")
        .file("elsewhere/here", "")
        .args([
            "run",
            "--sim",
            "--allow-path",
            "../shared",
            "../scripts/main.lua",
        ])
        .in_folder("elsewhere");
    symlink("lib/mod.lua", test.path("scripts/mod.lua")).unwrap();
    symlink("../shared", test.path("scripts/shared")).unwrap();
    let printed = test.run_well();
    assert!(
        printed.starts_with("module\t") && printed.contains("shared\t"),
        "{printed}"
    );
}

#[test]
fn no_way_of_reading_a_file_leads_outside() {
    let forms = READS.iter().map(|form| filled(form, "link"));
    let modules = [
        "require 'link'",
        "require 'folder.link'",
        "require 'folder'",
    ];
    for code in forms.chain(modules.map(str::to_owned)) {
        let test = Test::new()
            .file("outside/init.lua", "SECRET LINE = is no Lua")
            .file("outside/link.lua", "SECRET LINE = is no Lua")
            .file("project/main.lua", &code)
            .args(["run", "--sim", "main.lua"])
            .in_folder("project");
        let link = if code.contains("/x") {
            "../outside"
        } else {
            "../outside/init.lua"
        };
        symlink(link, test.path("project/link")).unwrap();
        symlink("../outside/init.lua", test.path("project/link.lua")).unwrap();
        symlink("../outside", test.path("project/folder")).unwrap();
        let output = test.run();
        refused(&output, &code);
        assert!(
            !output.stderr.contains("SECRET") && !output.stdout.contains("SECRET"),
            "{code}: {}",
            output.stderr
        );
    }
}

#[test]
fn a_module_of_the_standard_librarys_name_is_neither_read_outside_nor_waited_for() {
    let test = Test::new()
        .file("outside.lua", "SECRET")
        .file("project/std/none", "")
        .args(["run", "--sim", "-e", "require 'std.args' print 'on'"])
        .in_folder("project");
    symlink("../../outside.lua", test.path("project/std/args.lua")).unwrap();
    let output = test.run();
    assert_eq!((output.status, output.stdout.as_str()), (0, "on\n"));
    assert!(
        !output.stderr.contains("is not loaded"),
        "{}",
        output.stderr
    );
    let test = Test::new().file("std/none", "").args([
        "run",
        "--sim",
        "-e",
        "require 'std.args' print 'on'",
    ]);
    let made = std::process::Command::new("mkfifo")
        .arg(test.path("std/args.lua"))
        .status();
    assert!(made.unwrap().success());
    test.prints("on\n");
}

/// A home that is the working folder, with everything that cumulua keeps there.
fn home(code: &str) -> Test {
    let configuration =
        "[profiles.default.cds]\naccess_key = 'k'\nsecret_key = { file = '~/keys/cds' }\n
        [profiles.default.secrets]\nother = { file = '../../keys/other' }\n";
    let mut test = Test::new()
        .file("config/cumulua/cumulua.toml", configuration)
        .file("cumulua.toml", "[profiles.default]\nregion = 'cn'\n")
        .file("own.db", "OWN")
        .file("own-audit.jsonl", "OWN")
        .file("mine", "")
        .file("main.lua", code);
    for own in OWN {
        if !is_configuration(own) {
            test = test.file(own, "OWN");
        }
    }
    let folder = test.path("").display().to_string();
    let test = test.args([
        "run",
        "--sim",
        "--store",
        "own.db",
        "--audit",
        "own-audit.jsonl",
    ]);
    test.args(["--allow-path", "..", "--allow-path", &folder, "main.lua"])
}

/// Whether it is the one file among these that must be what it is for the run to begin.
fn is_configuration(own: &str) -> bool {
    own == OWN[0]
}

/// Files that no script may read or change.
const OWN: [&str; 11] = [
    "config/cumulua/cumulua.toml",
    "config/cumulua/trusted",
    "config/cumulua/catalog/cds/ccs.json",
    "state/cumulua/audit.jsonl",
    "state/cumulua/runs.db",
    "state/cumulua/runs.db-wal",
    "state/cumulua/runs.db.locks/run-a",
    "state/cumulua/history",
    "own.db.locks/run-a",
    "keys/cds",
    "keys/other",
];

#[test]
fn what_cumulua_works_with_is_granted_to_no_script() {
    for own in OWN {
        let deep = format!("config/../{own}");
        all_refused(&READS[..7], &deep, home, |_| ());
        let output = all_refused(&CHANGES, own, home, |_| ());
        if !is_configuration(own) {
            let kept = fs::read_to_string(output.folder.path().join(own)).unwrap();
            assert_eq!(kept, "OWN", "{own}");
        }
    }
    for named in ["own.db", "own-audit.jsonl"] {
        all_refused(READS[..7].iter().chain(&CHANGES), named, home, |_| ());
    }
}

#[test]
fn no_folder_that_holds_what_cumulua_works_with_is_moved_or_replaced() {
    for folder in [
        "config",
        "config/cumulua",
        "config/cumulua/catalog",
        "state",
        "state/cumulua",
        "own.db.locks",
        "keys",
    ] {
        all_refused(&CHANGES[5..], folder, home, |_| ());
    }
}

#[test]
fn a_second_name_of_what_cumulua_works_with_is_that_file() {
    for own in OWN {
        let forms = READS[..7].iter().chain(&CHANGES[..5]);
        let output = all_refused(forms, "second", home, |test| {
            fs::hard_link(test.path(own), test.path("second")).unwrap();
        });
        let kept = fs::read_to_string(output.folder.path().join("second")).unwrap();
        assert!(
            kept == "OWN" || is_configuration(own) && kept.contains("access_key"),
            "{own}: {kept}"
        );
    }
}

#[test]
fn a_link_on_the_way_to_what_cumulua_works_with_stays() {
    all_refused(&CHANGES[5..], "config", home, |test| {
        fs::rename(test.path("config"), test.path("dotfiles")).unwrap();
        symlink("dotfiles", test.path("config")).unwrap();
    });
}

#[test]
fn files_that_decide_what_scripts_may_do_are_read_and_not_written() {
    for deciding in ["cumulua.toml", "schedules.toml", "jobs/cumulua.toml"] {
        all_refused(
            &CHANGES,
            deciding,
            |code| home(code).file("jobs/x", ""),
            |_| (),
        );
        let code = format!("print(#io.open('{deciding}'):read 'a')");
        home(&code).file(deciding, "# four").prints("6\n");
    }
    let code = "print(io.open('cumulua.toml'):read 'a')";
    let secret = "[profiles.default.cds]\nsecret_key = 'plain'\n";
    let test = home(code).file("cumulua.toml", secret);
    refused(&test.run(), "a project's file that a secret stands in");
}

#[test]
fn a_schedule_file_of_any_name_and_its_calendars_are_not_changed_by_its_scripts() {
    let schedules = "[calendar.freeze]\nfile = 'days.ics'\n[[schedule]]\nname = 'nightly'\nscript = 'a.lua'\nevery = '1d'\nnot_during = ['freeze']\n";
    let calendar =
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20200101\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let script = "for _, name in ipairs { 'nightly.toml', 'days.ics' } do
            assert(#io.open(name):read 'a' > 0)
            for _, change in ipairs {
                function() return io.open(name, 'a') end,
                function() return os.remove(name) end,
                function() return os.rename(name, 'other') end,
            } do
                local done, error = pcall(change)
                assert(not done and error.kind == 'policy', name)
            end
        end
        assert(io.open('other.toml', 'w'))
        print 'as they were'";
    Test::new()
        .file("nightly.toml", schedules)
        .file("days.ics", calendar)
        .file("a.lua", script)
        .args(["schedule", "trigger", "nightly", "--file", "nightly.toml"])
        .args(["--store", "runs.db"])
        .prints("as they were\n");
}

#[test]
fn a_file_with_a_second_name_is_not_changed_because_that_could_be_one_that_decides() {
    for own in [
        "cumulua.toml",
        "schedules.toml",
        "deep/er/cumulua.toml",
        "plain",
    ] {
        let make = |code: &str| {
            let test = home(code).file("schedules.toml", "");
            test.file("deep/er/cumulua.toml", "")
        };
        let before = std::cell::RefCell::new(Vec::new());
        let output = all_refused(&CHANGES[..5], "second", make, |test| {
            if own == "plain" {
                fs::write(test.path(own), "text").unwrap();
            }
            *before.borrow_mut() = fs::read(test.path(own)).unwrap();
            fs::hard_link(test.path(own), test.path("second")).unwrap();
        });
        let after = fs::read(output.folder.path().join(own)).unwrap();
        assert_eq!(after, before.take(), "{own} is as it was");
    }
    // Its names are no part of what it holds.
    let code = "print(io.open('second'):read 'a') assert(os.rename('second', 'third')) assert(os.remove 'third')
        local file = assert(io.open('plain', 'w')) file:write 'free'";
    let test = Test::new()
        .file("plain", "text")
        .args(["run", "--sim", "-e", code]);
    fs::hard_link(test.path("plain"), test.path("second")).unwrap();
    test.prints("text\n");
}

#[test]
fn no_folder_around_a_file_that_decides_is_moved_or_replaced() {
    for deciding in ["cumulua.toml", "Schedules.TOML"] {
        for way in ["jobs", "jobs/deep", "jobs/deep/er", "current", "ways"] {
            let output = all_refused(&CHANGES[5..], way, home, |test| {
                fs::create_dir_all(test.path("jobs/deep/er")).unwrap();
                fs::write(test.path("jobs/deep/er").join(deciding), "OWN").unwrap();
                symlink("jobs/deep/er", test.path("current")).unwrap();
                fs::create_dir(test.path("ways")).unwrap();
                symlink("../jobs/deep/er", test.path("ways/current")).unwrap();
            });
            let own = output.folder.path().join("jobs/deep/er").join(deciding);
            assert_eq!(fs::read_to_string(own).unwrap(), "OWN", "{way}");
            let link = output.folder.path().join("current");
            assert!(link.is_symlink() && link.is_dir(), "{way}");
        }
    }
    let code =
        "assert(os.rename('jobs', 'done')) assert(os.remove 'link') assert(os.remove 'done/deep/x')
        assert(os.remove 'done/deep') print 'free'";
    let test = Test::new()
        .file("jobs/deep/x", "")
        .args(["run", "--sim", "-e", code]);
    symlink("jobs", test.path("link")).unwrap();
    test.prints("free\n");
}

#[test]
fn what_is_not_cumuluas_is_as_free_as_ever() {
    let code = "local file = assert(io.open('state/mine', 'w')) file:write 'x' file:close()
        assert(os.rename('state/mine', 'config/mine')) print(io.open('config/mine'):read 'a')
        assert(os.remove 'config/mine') assert(io.open('keys/mine', 'w'))";
    home(code).prints("x\n");
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_of_a_process_is_read_whatever_is_granted() {
    let code = "for _, path in ipairs {
            '/proc/self/mem', '/proc/self/environ', '/proc/thread-self/environ', '/proc/self/task/../environ',
            '/proc/1/cmdline', '/proc/self/fd/../environ' } do
            for _, mode in ipairs { 'r', 'r+' } do
                local ok, file = pcall(io.open, path, mode)
                assert(not ok or not file, path .. mode)
            end
        end
        print(io.open('/proc/loadavg'):read('n') >= 0)";
    crate::support::Test::new()
        .args(["run", "--allow-path", "/", "-e", code])
        .prints("true\n");
}

#[cfg(unix)]
#[test]
fn a_path_stays_the_bytes_that_it_is() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("file"), "outside").unwrap();
    let test = crate::support::Test::new();
    // A reading of its name as text would be the other's.
    let inside = test.path("").join(OsStr::from_bytes(b"d\xff"));
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(inside.join("file"), "inside").unwrap();
    symlink(OsStr::from_bytes(b"d\xff"), test.path("via")).unwrap();
    symlink(outside.path(), test.path("d\u{fffd}")).unwrap();
    let code =
        "for _, path in ipairs { 'via/file', 'd\\xff/file' } do print(io.open(path):read('a')) end
        print(pcall(io.open, 'd\\u{FFFD}/file') == false)";
    test.args(["run", "-e", code])
        .prints("inside\ninside\ntrue\n");
}

#[cfg(unix)]
#[test]
fn what_is_swapped_meanwhile_leads_nowhere() {
    use std::os::unix::fs::symlink;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("f"), "outside").unwrap();
    let test = crate::support::Test::new().file("kept/f", "inside");
    symlink(outside.path(), test.path("link")).unwrap();
    let (folder, goes_on) = (test.path(""), Arc::new(AtomicBool::new(true)));
    let swaps = Arc::clone(&goes_on);
    let swapping = std::thread::spawn(move || {
        let (x, kept, link) = (folder.join("x"), folder.join("kept"), folder.join("link"));
        while swaps.load(Ordering::Relaxed) {
            for of in [&kept, &link] {
                if std::fs::rename(of, &x).is_ok() {
                    std::thread::yield_now();
                    std::fs::rename(&x, of).unwrap();
                }
            }
        }
    });
    let code = "local seen = {}
        for i = 1, 3000 do
            local ok, file = pcall(io.open, 'x/f')
            local text = ok and file and file:read('a') or 'refused'
            seen[text] = true
        end
        print(seen.outside, seen.refused)";
    // The folder is there until the output is let go.
    let output = test.args(["run", "-e", code]).run();
    goes_on.store(false, Ordering::Relaxed);
    swapping.join().unwrap();
    assert_eq!(output.stdout, "nil\ttrue\n", "{}", output.stderr);
}
