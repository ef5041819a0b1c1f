//! The README's commands do what it promises, and every example script runs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, str};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scripts(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(scripts(&path));
        } else if path.extension().is_some_and(|extension| extension == "lua") {
            found.push(path);
        }
    }
    found
}

fn run(args: &[&str]) -> (i32, String, String) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cumulua"));
    let output = command.args(args).current_dir(root()).env_clear().env("HOME", home.path()).output().unwrap();
    let text = |bytes: &[u8]| str::from_utf8(bytes).unwrap().to_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_readmes_first_command_shows_the_main_job() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains("cargo run -- run --sim scripts/quickstart.lua"));
    let (status, stdout, stderr) = run(&["run", "--sim", "scripts/quickstart.lua"]);
    assert_eq!(status, 0, "{stderr}");
    for step in ["created", "found by tag", "stopped", "resized", "started", "deleted", "0 left"] {
        assert!(stdout.contains(step), "{step:?} is missing in {stdout}");
    }
    assert!(stderr.contains("of cloud time in"), "{stderr}");
}

#[test]
fn every_command_of_the_readme_that_needs_no_account_works() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let commands: Vec<_> =
        readme.lines().filter_map(|line| line.strip_prefix("cumulua ")).filter(|line| !line.contains('#')).collect();
    assert!(!commands.is_empty());
    for command in commands {
        let args: Vec<_> = command.split_whitespace().collect();
        let (status, _, stderr) = run(&args);
        assert_eq!(status, 0, "cumulua {command}: {stderr}");
    }
}

#[test]
fn every_example_script_runs_against_the_simulator() {
    let folder = root().join("scripts");
    let (plain, with_arguments): (Vec<_>, Vec<_>) =
        scripts(&folder).into_iter().partition(|script| script.parent() == Some(&folder));
    let tests: String = fs::read_dir(root().join("tests/integration"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for script in with_arguments {
        let name = script.file_name().unwrap().to_str().unwrap();
        assert!(tests.contains(name), "{name} has no test");
    }
    for script in plain {
        let (status, _, stderr) = run(&["run", "--sim", script.to_str().unwrap()]);
        assert_eq!(status, 0, "{}: {stderr}", script.display());
    }
}
