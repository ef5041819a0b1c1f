//! The example migrations, from one simulated account to another.

use crate::support::{Test, simulator};
use cumulua_simulator::Simulator;
use std::path::Path;
use std::sync::Arc;

/// Two accounts, each a cloud of its own.
struct Accounts {
    old: (String, Arc<Simulator>),
    new: (String, Arc<Simulator>),
}

impl Accounts {
    fn new() -> Self {
        let accounts = Self {
            old: simulator(),
            new: simulator(),
        };
        for (_, simulator) in [&accounts.old, &accounts.new] {
            // Tasks end before they are asked for, so that nothing is waited for.
            simulator.set_time_scale(0.0);
        }
        accounts
    }

    fn script(&self, args: &[&str]) -> Test {
        let profile =
            |name: &str, url: &str| format!("[profiles.{name}.cds]\nendpoint = {url:?}\n");
        let config = profile("old", &self.old.0) + &profile("new", &self.new.0);
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("scripts/migrations/copy-security-groups.lua");
        let test = Test::new().file("profiles.toml", config);
        test.args(["--config", "profiles.toml", "run", script.to_str().unwrap()])
            .args(args.iter().copied())
    }

    /// Makes two groups with rules in the old account.
    fn furnish(&self) {
        let code = r#"
            local ccs = cds.ccs
            for _, name in ipairs { "web", "db" } do
                local made = ccs.CreateNSG { SecurityGroupName = name, Description = name, SecurityGroupType = "private" }
                local id = made.Data.SecurityGroupId
                for priority, port in ipairs { "22", "443" } do
                    ccs.AddNSGRule {
                        SecurityGroupId = id, Action = "ACCEPT", Description = port, IpList = { "10.0.0.0/8", "192.168.0.1" },
                        PortList = { port, "8000-8080" }, Direction = 0, Priority = priority, Protocol = "TCP",
                    }
                end
                ccs.AddNSGRule {
                    SecurityGroupId = id, Action = "DROP", Description = "ping", IpList = { "0.0.0.0/0" }, PortList = { "0" },
                    Direction = 1, Priority = 9, Protocol = "ICMP",
                }
            end
        "#;
        Test::against(&self.old.0, code).prints("");
    }

    /// How often the new account was asked to make something.
    fn made(&self) -> usize {
        let is_making = |name: &str| name.starts_with("Create") || name.starts_with("Add");
        self.new
            .1
            .requests()
            .iter()
            .filter(|record| record.action.as_deref().is_some_and(is_making))
            .count()
    }
}

#[test]
fn security_groups_are_copied_once() {
    let accounts = Accounts::new();
    accounts.furnish();
    let run = |args: &[&str]| {
        let output = accounts.script(args).run();
        assert_eq!(output.status, 0, "{}", output.stderr);
        output.stdout
    };
    let both = ["--from", "old", "--to", "new"];
    assert!(
        run(&[&both[..], &["--dry-run"]].concat())
            .contains("dry run: 2 groups and 6 rules would be made in new")
    );
    assert_eq!(accounts.made(), 0);
    assert!(run(&[&both[..], &["web"]].concat()).contains("1 groups and 3 rules made in new"));
    assert!(run(&both).contains("1 groups and 3 rules made in new"));
    assert_eq!(accounts.made(), 8);
    assert!(run(&both).contains("0 groups and 0 rules made in new"));
    assert_eq!(accounts.made(), 8);
}

#[test]
fn a_group_that_is_not_there_and_bad_arguments_are_reported() {
    let accounts = Accounts::new();
    accounts
        .script(&["--from", "old", "--to", "new", "nothing"])
        .fails(1, &["old has no security group nothing"]);
    accounts
        .script(&["--from", "old"])
        .fails(1, &["usage: copy-security-groups.lua"]);
    accounts
        .script(&["--from", "old", "--to", "old"])
        .fails(1, &["the same profile"]);
}

/// The same in a simulation, where each profile has an account of its own; answers are lost on the
/// way.
#[test]
fn a_simulated_copy_makes_nothing_twice_on_a_bad_day() {
    let root = env!("CARGO_MANIFEST_DIR");
    let code = format!(
        r#"
        local old, new = cds.with {{ profile = "old" }}.ccs, cds.with {{ profile = "new" }}.ccs
        for _, name in ipairs {{ "web", "db" }} do
            local made = old.CreateNSG {{ SecurityGroupName = name, Description = name, SecurityGroupType = "private" }}
            for priority, port in ipairs {{ "22", "443" }} do
                old.AddNSGRule {{
                    SecurityGroupId = made.Data.SecurityGroupId, Action = "ACCEPT", Description = port, IpList = {{ "10.0.0.0/8" }},
                    PortList = {{ port }}, Direction = 0, Priority = priority, Protocol = "TCP",
                }}
            end
        end
        assert(#sim.requests() == 0 and #sim.requests("new") == 0 and #sim.requests("old") == 6)
        args = {{ "--from", "old", "--to", "new" }}
        local script = "{root}/scripts/migrations/copy-security-groups.lua"
        sim.fault {{ action = "CreateNSG", kind = "drop_after", times = 1, profile = "new" }}
        sim.fault {{ action = "AddNSGRule", kind = "drop_after", times = 1, after = 1, profile = "new" }}
        sim.fault {{ action = "AddNSGRule", kind = "refuse", code = "Busy", http = 400, times = 1, after = 2, profile = "new" }}
        local ok, problem = pcall(dofile, script)
        assert(not ok and problem.code == "Busy", tostring(problem))
        dofile(script)
        dofile(script)
        time.sleep("1h")
        local groups, rules = 0, 0
        for group in items(new.DescribeNSGs) do
            groups = groups + 1
            rules = rules + new.DescribeNSGAttribute({{ SecurityGroupId = group.SecurityGroupId }}).Data.RuleCount
        end
        print(groups, rules)"#
    );
    let output = Test::new()
        .args(["run", "--sim", "--allow-path", root, "-e", &code])
        .run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        output
            .stdout
            .ends_with("0 groups and 0 rules made in new\n2\t4\n"),
        "{}",
        output.stdout
    );
}
