//! `cumulua call` on a profile with `production = true`: asked about at a terminal, refused without
//! one, unless `--yes` is given.

use crate::support::{Test, simulator};
use crate::terminal::Sandbox;

fn config(url: &str, is_production: bool) -> String {
    format!(
        "profile = \"there\"\n[profiles.there]\nproduction = {is_production}\n[profiles.there.cds]\nendpoint = {url:?}\n"
    )
}

/// Calls of Actions that destroy, that cost, that change and that only read.
const CALLS: &[(&str, &[&str])] = &[
    (
        "destroys",
        &["call", "cds.ccs.DeleteInstance", "InstanceIds:=[\"i-1\"]"],
    ),
    (
        "costs",
        &[
            "call",
            "cds.ccs.ModifyInstanceSpec",
            "InstanceId=i-1",
            "Cpu:=8",
            "Ram:=16",
        ],
    ),
    ("", &["call", "cds.ccs.CreateTag", "TagName=blue"]),
    ("", &["call", "cds.ccs.DescribeTags"]),
];

#[test]
fn without_a_terminal_a_call_that_destroys_or_costs_in_production_wants_yes() {
    let (url, simulator) = simulator();
    for (effects, call) in CALLS {
        for is_production in [false, true] {
            for has_yes in [false, true] {
                let before = simulator.requests().len();
                let output = Test::new()
                    .file("config/cumulua/cumulua.toml", config(&url, is_production))
                    .args(call.iter().copied().chain(has_yes.then_some("--yes")))
                    .run();
                let is_refused = is_production && !has_yes && !effects.is_empty();
                let sent = simulator.requests().len() - before;
                assert_eq!(sent, usize::from(!is_refused), "{call:?} {}", output.stderr);
                let has_advice = output.stderr.contains("there is a production profile")
                    || output
                        .stderr
                        .contains("there is no terminal to ask at; --yes makes the call");
                assert_eq!(has_advice, is_refused, "{call:?} {}", output.stderr);
                assert!(
                    !is_refused || output.status == 1,
                    "{call:?} {}",
                    output.status
                );
            }
        }
    }
}

#[test]
fn at_a_terminal_a_call_that_destroys_or_costs_in_production_is_asked_about() {
    let (url, simulator) = simulator();
    let sandbox = Sandbox::new().file("config/cumulua/cumulua.toml", &config(&url, true));
    for (effects, call) in CALLS.iter().filter(|(effects, _)| !effects.is_empty()) {
        for (answer, is_sent) in [("", false), ("n", false), ("yes", true), ("Y", true)] {
            let before = simulator.requests().len();
            let mut terminal = sandbox.open(100, call);
            terminal
                .expect(effects)
                .expect("i-1")
                .expect("Send it to there? [y/N]")
                .line(answer);
            let status = terminal.expect_end();
            let sent = simulator.requests().len() - before;
            assert_eq!(
                sent,
                usize::from(is_sent),
                "{call:?} {answer}: {}",
                terminal.screen()
            );
            assert!(is_sent || status == 1, "{status}: {}", terminal.screen());
            assert_eq!(terminal.screen().contains("it was not confirmed"), !is_sent);
        }
    }
    let before = simulator.requests().len();
    let mut terminal = sandbox.open(100, CALLS[0].1);
    terminal.expect("[y/N]").keys(crate::terminal::CTRL_C);
    assert_eq!(terminal.expect_end(), 130, "{}", terminal.screen());
    assert_eq!(simulator.requests().len(), before);
}
