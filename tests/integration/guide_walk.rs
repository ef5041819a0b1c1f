//! The guide's walk through a night in which something did not run: played with a server and the
//! simulator. What the page shows is held against what its commands print.

use crate::readme::{blocks, read};
use crate::served::{AS_THE_FILE_SAYS, Served, folder};
use crate::support::simulator;
use cumulua::history::{Planned, Store};
use cumulua::schedule::file::ScheduleFile;
use cumulua_core::clock::wall_now;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};
use std::fs;
use std::process::Command;
use tempfile::TempDir;

/// The section that is played, and the time of day that it is about.
const WALK: &str = "## What happened at 02:30";
const TIME: &str = "02:30";

const SCRIPT: &str = r#"
    cds.ccs.CreateNSG {
        SecurityGroupName = "night", Description = "for the night", SecurityGroupType = "private",
    }
    print "made the group"
"#;

/// The schedules of the page, which fire at that time of day.
fn schedules(time: &Zoned) -> String {
    let one = |name: &str| {
        let cron = format!("cron = '{} {} * * *'", time.minute(), time.hour());
        format!("[[schedule]]\nname = '{name}'\nscript = 'a.lua'\n{cron}\ntimezone = 'UTC'\n")
    };
    one("nightly-groups") + &one("nightly-report")
}

/// A folder in which a server was left in the evening; one of its schedules is paused.
fn evening(time: &Zoned, url: &str) -> TempDir {
    let folder = folder(&schedules(time), SCRIPT);
    let config = folder.path().join(".config/cumulua/cumulua.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    let endpoint = format!("[profiles.default.cds]\nendpoint = \"{url}\"\n");
    fs::write(&config, endpoint).unwrap();
    let file = ScheduleFile::read(&folder.path().join("schedules.toml")).unwrap();
    let planned = file.schedules.iter().map(|schedule| Planned {
        name: schedule.name.to_string(),
        times: schedule.timing.fingerprint(),
    });
    let store = Store::open(folder.path().join("runs.db"));
    let evening = wall_now() - SignedDuration::from_hours(8);
    store.plan(planned.collect(), evening).unwrap();
    let pause = "schedule pause nightly-report --reason 'the freeze'";
    shell(&folder, &format!("cumulua {pause} --until 2099-01-01"));
    folder
}

/// What the commands of a block print on standard output.
fn shell(folder: &TempDir, block: &str) -> String {
    let program = env!("CARGO_BIN_EXE_cumulua");
    let output = Command::new("sh")
        .args([
            "-e",
            "-c",
            &format!("cumulua() {{ '{program}' \"$@\"; }}\n{block}"),
        ])
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("CUMULUA_STORE", "runs.db")
        .output()
        .unwrap();
    assert!(output.status.success(), "{block}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The words of a text's lines that are the same each time: no times, ids and lengths, and neither
/// the machine nor the user.
fn constant(text: &str) -> Vec<Vec<String>> {
    let is_id = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        bare.len() >= 8 && bare.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
    };
    let of_line = |line: &str| {
        let line: Vec<&str> = line.split_whitespace().collect();
        let mut words: Vec<String> = Vec::new();
        for (index, word) in line.iter().enumerate() {
            let before = words.last().map(String::as_str);
            let has_digit = word.contains(|c: char| c.is_ascii_digit());
            let is_varied = has_digit || is_id(word) || word.starts_with('/');
            let is_named = before == Some("host") || line.get(index + 1) == Some(&"(uid");
            let is_user = before == Some("by") || is_named;
            let unit = word.trim_end_matches([')', ',']);
            let is_length = before == Some("#") && ["ms", "s"].contains(&unit);
            if is_length || (is_varied && before == Some("#")) {
                continue;
            }
            words.push(if is_varied || is_user { "#" } else { word }.to_owned());
        }
        words
    };
    text.lines()
        .map(of_line)
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn the_walk_through_a_night_shows_what_its_commands_print() {
    // The page's time is one of three hours ago, so that no server begins just then.
    let time = (wall_now() - SignedDuration::from_hours(3)).to_zoned(TimeZone::UTC);
    let of_day = time.strftime("%H:%M").to_string();
    let (url, _) = simulator();
    let served = Served::start(evening(&time, &url), &[AS_THE_FILE_SAYS]);
    for name in ["nightly-groups", "nightly-report"] {
        served.wait_for_words(&format!("{name}: 2"));
    }
    let page = read("docs/guide/history.md");
    let walk = page.split(WALK).nth(1).expect("the walk");
    let walk = walk.split("\n## ").next().unwrap();
    let mut played = 0;
    let mut printed = None;
    for block in blocks(walk) {
        match block.language.as_str() {
            "sh" => {
                let commands = block.text.replace(TIME, &of_day);
                printed = Some(shell(&served.folder, &commands));
            }
            "text" => {
                let seen = printed.take().expect("a command before it");
                assert_eq!(
                    constant(&block.text),
                    constant(&seen),
                    "the commands print:\n{seen}"
                );
                played += 1;
            }
            other => panic!("a block of {other:?} is not played"),
        }
    }
    assert!(printed.is_none() && played >= 5, "{played}");
    served.end();
}
