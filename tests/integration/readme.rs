//! What the README and the guide show is run, and every example script runs.

use crate::support::{Test, simulator};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, str};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A fenced block of a page: its language and its text.
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
}

pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text = lines
                .by_ref()
                .take_while(|line| *line != "```")
                .flat_map(|line| [line, "\n"])
                .collect();
            blocks.push(Block {
                language: language.to_owned(),
                text,
            });
        }
    }
    blocks
}

/// A reader's machine: a folder with the clone's scripts, an endpoint to an account, and the
/// commands that the README names.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let machine = Self { folder };
        machine.file("scripts/quickstart.lua", &read("scripts/quickstart.lua"));
        let (url, _) = simulator();
        machine.file(
            ".config/cumulua/cumulua.toml",
            &format!("[profiles.default.cds]\nendpoint = \"{url}\"\n"),
        );
        machine.command(
            "cumulua",
            &format!("exec '{}' \"$@\"", env!("CARGO_BIN_EXE_cumulua")),
        );
        // `cargo test` runs this test, and .ci/nightly runs all three in a clean clone.
        machine.command(
            "cargo",
            "case \"$*\" in\n'run -- '*) shift 2; exec cumulua \"$@\" ;;\n'test' | 'install --locked --path .') ;;\n*) exit 1 ;;\nesac",
        );
        machine
            .command("pass", "case \"$*\" in\n'show cds/id') echo sim ;;\n'show cds/key') echo sim-secret ;;\n*) exit 1 ;;\nesac");
        machine
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn command(&self, name: &str, body: &str) {
        let path = self.file(&format!("bin/{name}"), &format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a block as a person's shell would; what it prints on standard output and standard
    /// error.
    fn shell(&self, block: &str) -> (String, String) {
        let home = self.folder.path();
        let mut command = Command::new("sh");
        command
            .args(["-e", "-c", block])
            .current_dir(home)
            .env_clear()
            .env("HOME", home);
        let output = command
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", home.join("bin").display()),
            )
            .output()
            .unwrap();
        let text = |bytes: &[u8]| str::from_utf8(bytes).unwrap().to_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(
            output.status.success(),
            "{block}\nends with {}:\n{stdout}{stderr}",
            output.status
        );
        (stdout, stderr)
    }
}

#[test]
fn everything_that_the_readme_shows_is_run() {
    let machine = Machine::new();
    let mut printed = None;
    let mut run = 0;
    let readme = blocks(&read("README.md"));
    for Block { language, text } in &readme {
        match language.as_str() {
            "sh" => printed = Some(machine.shell(text).0),
            "text" => assert_eq!(
                printed.take().as_deref(),
                Some(text.as_str()),
                "what the commands above it print"
            ),
            // Its first line names the file; a later command runs it.
            "lua" => {
                let name = text
                    .lines()
                    .next()
                    .and_then(|line| line.strip_prefix("-- "))
                    .expect("a script's name");
                assert!(
                    readme
                        .iter()
                        .any(|block| block.language == "sh" && block.text.contains(name)),
                    "no command runs {name}"
                );
                machine.file(name, text);
            }
            other => panic!("a block of {other:?} is not run:\n{text}"),
        }
        run += 1;
    }
    assert_eq!(
        run,
        read("README.md").matches("\n```\n").count(),
        "a block that is not closed, or not at the beginning of a line"
    );
    assert!(run >= 8, "{run} blocks");
}

#[test]
fn the_readmes_first_command_shows_the_main_job() {
    let first = blocks(&read("README.md")).into_iter().next().unwrap().text;
    assert_eq!(first, "cargo run -- run --sim scripts/quickstart.lua\n");
    let (stdout, stderr) = Machine::new().shell(&first);
    for step in [
        "created",
        "found by tag",
        "stopped",
        "resized",
        "started",
        "deleted",
        "0 left",
    ] {
        assert!(stdout.contains(step), "{step:?} is missing in {stdout}");
    }
    assert!(stderr.contains("of cloud time in"), "{stderr}");
}

#[test]
fn the_readme_counts_the_actions_that_there_are() {
    let listed: Vec<serde_json::Value> =
        serde_json::from_str(&Test::new().args(["actions", "--json"]).run_well()).unwrap();
    let claimed = format!("the {} Actions", listed.len());
    assert!(read("README.md").contains(&claimed), "{claimed}");
}

/// The pages of the guide, each with its path.
pub(crate) fn pages() -> Vec<(String, String)> {
    let entries = fs::read_dir(root().join("docs/guide")).unwrap();
    let mut pages: Vec<_> = entries
        .map(|entry| {
            format!(
                "docs/guide/{}",
                entry.unwrap().file_name().to_str().unwrap()
            )
        })
        .collect();
    pages.sort();
    pages
        .into_iter()
        .map(|path| (path.clone(), read(&path)))
        .collect()
}

#[test]
fn the_lua_of_each_page_of_the_guide_is_one_script_that_runs() {
    let mut run = 0;
    for (path, page) in pages() {
        let blocks = blocks(&page);
        let script: String = blocks
            .iter()
            .filter(|block| block.language == "lua")
            .map(|block| block.text.as_str())
            .collect();
        if script.is_empty() {
            continue;
        }
        // What the page itself says goes into the configuration.
        let config: String = blocks
            .iter()
            .filter(|block| block.language == "toml")
            .map(|block| block.text.as_str())
            .collect();
        let output = Test::new()
            .file("config/cumulua/cumulua.toml", config)
            .file("page.lua", script);
        let output = output.args(["run", "--sim", "page.lua"]).run();
        assert_eq!(output.status, 0, "{path}: {}", output.stderr);
        run += 1;
    }
    assert!(run >= 10, "{run} pages");
}

const HOLIDAYS: &str = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20270101\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

#[test]
fn the_settings_that_the_guide_shows_are_read() {
    for (path, page) in pages() {
        for Block { text, .. } in blocks(&page)
            .into_iter()
            .filter(|block| block.language == "toml")
        {
            if text.contains("[[schedule]]") {
                let files = Test::new()
                    .file("schedules.toml", text)
                    .file("snapshots.lua", "")
                    .file("resize.lua", "")
                    .file("report.lua", "")
                    .file("holidays.ics", HOLIDAYS);
                let files = files.file("notify.lua", "return { page = function() end }");
                files
                    .args(["schedule", "check", "schedules.toml"])
                    .run_well();
            } else {
                let shown = Test::new()
                    .file("config/cumulua/cumulua.toml", &text)
                    .args(["profile", "show"])
                    .run_well();
                assert!(
                    !text.contains("access_key") || shown.contains("0123456789abcdef"),
                    "{path}: {shown}"
                );
            }
        }
    }
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

#[test]
fn every_example_script_runs_against_the_simulator() {
    let folder = root().join("scripts");
    let (plain, with_arguments): (Vec<_>, Vec<_>) = scripts(&folder)
        .into_iter()
        .partition(|script| script.parent() == Some(&folder));
    let tests: String = fs::read_dir(root().join("tests/integration"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for script in with_arguments {
        let name = script.file_name().unwrap().to_str().unwrap();
        assert!(tests.contains(name), "{name} has no test");
    }
    for script in plain {
        let output = Test::new()
            .args(["run", "--sim", script.to_str().unwrap()])
            .run();
        assert_eq!(output.status, 0, "{}: {}", script.display(), output.stderr);
    }
}
