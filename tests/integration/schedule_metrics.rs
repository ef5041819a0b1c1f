//! Metrics by schedule: right while things happen, and the same under the next server.

use crate::served::{Served, folder, get, until};
use jiff::Timestamp;
use serde_json::Value as Json;
use std::collections::BTreeMap;

const SERVE: [&str; 2] = ["--http", "127.0.0.1:0"];

const FILE: &str = "
    [[schedule]]\nname = 'often'\nscript = 'a.lua'\nevery = '1s'
    [[schedule]]\nname = 'hold'\nscript = 'a.lua'\nevery = '1s'\nargs = ['1h']
    [[schedule]]\nname = 'plain'\nscript = 'a.lua'\ncron = '@yearly'
    [[schedule]]\nname = 'never'\nscript = 'a.lua'\ncron = '@yearly'\nend = 2020-01-01
";

/// The samples of `/metrics`, by their names with labels.
fn samples(address: &str) -> BTreeMap<String, f64> {
    let text = get(address, "/metrics");
    let lines = text
        .lines()
        .filter(|line| line.starts_with("cumulua_") && line.contains("schedule"));
    lines
        .map(|line| {
            // Words of labels have spaces, as `too late`.
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

fn of(samples: &BTreeMap<String, f64>, metric: &str, labels: &str) -> Option<f64> {
    let name = format!("cumulua_schedule_{metric}{{schedule={labels}}}");
    samples.get(&name).copied()
}

fn status(served: &Served) -> BTreeMap<String, Json> {
    let output = served.run(&["schedule", "status", "--json"]);
    let rows: Vec<Json> = serde_json::from_slice(&output.stdout).unwrap();
    let named = rows
        .into_iter()
        .map(|row| (row["name"].as_str().unwrap().to_owned(), row));
    named.collect()
}

fn seconds(time: &Json) -> f64 {
    let at: Timestamp = time.as_str().unwrap().parse().unwrap();
    jiff::SignedDuration::from_millis(at.as_millisecond()).as_secs_f64()
}

fn done(served: &Served, args: &[&str]) {
    let output = served.run(args);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_metrics_of_a_schedule_are_those_of_the_store_also_under_the_next_server() {
    let script = "if args[1] then time.sleep(args[1]) end";
    let served = Served::start(folder(FILE, script), &SERVE);
    let address = served.address();
    served.wait_for_words("hold: started");
    let running = samples(&address);
    assert_eq!(of(&running, "running", "\"hold\""), Some(1.0));
    assert_eq!(
        of(&running, "state", "\"hold\",state=\"running\""),
        Some(1.0)
    );
    served.wait_for_words("the run of");
    for name in ["often", "hold"] {
        done(&served, &["schedule", "pause", name]);
    }
    until(|| status(&served)["often"]["last_success"].is_string());
    until(|| status(&served)["often"]["running"] == Json::Array(Vec::new()));
    done(&served, &["runs", "cancel", "hold"]);
    served.wait_for_words("hold: cancelled");
    served.trigger("plain");
    served.wait_for_words("plain: done");
    served.write("schedules.toml", "[[schedule]]\nname = 1\n");
    assert!(!served.run(&["schedule", "reload"]).status.success());
    served.write("schedules.toml", FILE);

    let before = samples(&address);
    let refused = before["cumulua_schedule_files_refused_total"];
    assert!(refused >= 1.0, "{refused}");
    let known = status(&served);
    for (name, row) in &known {
        let label = format!("\"{name}\"");
        let state = format!("{label},state=\"{}\"", row["state"].as_str().unwrap());
        assert_eq!(of(&before, "state", &state), Some(1.0), "{row:#}");
        let success = of(&before, "last_success_timestamp_seconds", &label);
        let expected = row["last_success"].is_string();
        let expected = expected.then(|| seconds(&row["last_success"]));
        assert_eq!(success, expected, "{name}");
        for (outcome, number) in row["missed_by_outcome"].as_object().unwrap() {
            let label = format!("{label},reason=\"{outcome}\"");
            assert_eq!(of(&before, "missed_firings", &label), number.as_f64());
        }
        if let Some(outcome) = row["last"]["outcome"].as_str() {
            let label = format!("{label},outcome=\"{outcome}\"");
            let took = seconds(&row["last"]["ended"]) - seconds(&row["last"]["started"]);
            let seen = of(&before, "last_run_duration_seconds", &label).unwrap();
            assert!((took - seen).abs() < 1e-6, "{name}: {took}, {seen}");
        }
        let undelivered = of(&before, "undelivered_notifications", &label);
        assert_eq!(undelivered, Some(0.0));
    }
    assert!(known["hold"]["missed_since_success"].as_u64() > Some(0));
    assert_eq!(known["hold"]["last"]["outcome"], "cancelled");
    assert!(of(&before, "last_start_lateness_seconds", "\"often\"").is_some());
    let asked_for = of(&before, "last_start_lateness_seconds", "\"plain\"");
    assert_eq!(asked_for, None, "a trigger is not late");
    let next = of(&before, "next_firing_timestamp_seconds", "\"plain\"");
    assert_eq!(next, Some(seconds(&known["plain"]["next"])));
    let over = of(&before, "next_firing_timestamp_seconds", "\"never\"");
    assert_eq!(over, None);

    let (folder, _) = served.end();
    let served = Served::start(folder, &SERVE);
    let after = samples(&served.address());
    let is_kept = |name: &str| {
        ["_last_", "_missed_", "_undelivered_", "_state"]
            .iter()
            .any(|part| name.contains(part))
    };
    let kept = |samples: &BTreeMap<String, f64>| {
        let all = samples.clone().into_iter();
        all.filter(|(name, _)| is_kept(name)).collect::<Vec<_>>()
    };
    assert_eq!(kept(&before), kept(&after));
    served.end();
}
