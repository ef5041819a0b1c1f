//! The subcommands, as the shell sees them.

use crate::support::{Test, simulator};
use serde_json::Value as Json;

#[test]
fn arguments_code_and_standard_input_reach_the_script() {
    Test::new()
        .file("a.lua", "print(#args, args[1], args[2])")
        .args(["run", "a.lua", "x y", "--flag"])
        .prints("2\tx y\t--flag\n");
    Test::new()
        .args(["run", "-e", "print(args[1])", "one"])
        .prints("one\n");
    Test::new()
        .args(["run", "-"])
        .input("print('from stdin')")
        .prints("from stdin\n");
    Test::new().input("print('piped')").prints("piped\n");
    Test::new().args(["run", "-e", ""]).prints("");
}

#[test]
fn an_error_can_be_read_by_programs() {
    let code = "\ncds.ccs.StopInstance { InstanceId = 'nope' }";
    let output = Test::simulated(code).args(["--error-format", "json"]).run();
    assert_eq!(output.status, 3);
    let error: Json = serde_json::from_str(output.stderr.lines().next().unwrap()).unwrap();
    assert_eq!(
        (error["kind"].as_str(), error["line"].as_u64()),
        (Some("service"), Some(2))
    );
    assert_eq!(error["action"], "cds.ccs.StopInstance");
}

#[test]
fn call_prints_the_answer_as_json() {
    let output = Test::new()
        .args(["call", "--sim", "cds.ccs.CreateTag", "TagName=web"])
        .run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert_eq!(
        serde_json::from_str::<Json>(&output.stdout).unwrap()["Code"],
        "Success"
    );
    Test::new()
        .args(["call", "--sim", "cds.ccs.CreateTag", "TagNam=web"])
        .fails(1, &["TagNam", "TagName"]);
    Test::new()
        .args(["call", "--sim", "cds.ccs.StopInstance", "InstanceId=i"])
        .fails(3, &["refused with"]);
}

#[test]
fn what_is_no_more_to_be_used_is_warned_about_once_a_run_and_action() {
    let code =
        "local group = { SecurityGroupName = 'a', Description = '', SecurityGroupType = 'public' }
        for _ = 1, 3 do cds.ccs.CreateSecurityGroup(group) end
        parallel({ cds.ccs.DescribeSecurityGroups, cds.ccs.DescribeSecurityGroups })
        cds.ccs.DescribeNSGs()";
    let output = Test::simulated(code).run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let warnings: Vec<&str> = output.stderr.lines().collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    for (warning, name, instead) in [
        (warnings[0], "CreateSecurityGroup", "CreateNSG"),
        (warnings[1], "DescribeSecurityGroups", "DescribeNSGs"),
    ] {
        let begin = format!("warning: cds.ccs.{name} is deprecated: ");
        assert!(warning.starts_with(&begin), "{warning}");
        let end = format!("; use cds.ccs.{instead}");
        assert!(warning.ends_with(&end), "{warning}");
    }
    let groups = "cds.ccs.DescribeSecurityGroups";
    let output = Test::new().args(["call", "--sim", groups]).run();
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    // What was not sent is no use of it.
    let code = "pcall(cds.ccs.CreateSecurityGroup, {})";
    assert_eq!(Test::simulated(code).run().stderr, "");
}

#[test]
fn what_is_no_more_to_be_used_is_marked_in_lists_and_comes_last() {
    let output = Test::new().args(["actions", "CreateSecurityGroup"]).run();
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert!(
        lines[0].starts_with("cds.sg.CreateSecurityGroup "),
        "{lines:?}"
    );
    let last = lines
        .iter()
        .find(|line| line.starts_with("cds.ccs.CreateSecurityGroup "));
    assert!(last.unwrap().contains(" Deprecated. Creates"), "{lines:?}");
    let page = Test::new()
        .args(["docs", "cds.ccs.LeaveSecurityGroup"])
        .run();
    let page: Vec<&str> = page.stdout.split_whitespace().collect();
    let page = page.join(" ");
    assert!(page.contains("Deprecated out of service since"), "{page}");
    assert!(page.contains("; use cds.ccs.LeaveNSG Effect"), "{page}");
    let service = Test::new().args(["docs", "cds.ccs"]).run();
    assert_eq!(service.stdout.matches("Deprecated. ").count(), 12);
}

#[test]
fn call_waits_with_the_option_for_it() {
    let parameters = [
        "RegionId=CN_Beijing_A",
        "VdcId=0bb08ed7-e686-4168-93e5-e0187579753b",
        "InstanceName=a",
        "InstanceType=CCS.C3",
    ];
    let rest = [
        "Cpu=2",
        "Ram:=4",
        "Password=Pass-word-1",
        "Amount=2",
        "--wait",
    ];
    let output = Test::new()
        .args(["call", "--sim", "cds.ccs.CreateInstance"])
        .args(parameters)
        .args(rest)
        .run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let printed: Json = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(printed["resources"].as_array().unwrap().len(), 2);
}

#[test]
fn wait_goes_on_with_a_task_of_an_earlier_run() {
    let (url, _simulator) = simulator();
    let create = "local r = cds.ccs.CreateInstance { RegionId = 'CN_Beijing_A', VdcId = '0bb08ed7-e686-4168-93e5-e0187579753b',
        InstanceName = 'web', InstanceType = 'CCS.C3', Cpu = 2, Ram = 4, Password = 'Pass-word-1' } print(r.TaskId)";
    let task = Test::against(&url, create).run().stdout;
    let waited = Test::new()
        .args([
            "wait",
            "cds_task",
            task.trim(),
            "--endpoint",
            &format!("cds={url}"),
        ])
        .run();
    assert_eq!(waited.status, 0, "{}", waited.stderr);
    assert_eq!(waited.stdout.lines().count(), 1);
}

#[test]
fn a_failed_task_has_its_own_status() {
    let (url, simulator) = simulator();
    simulator.fault(cumulua_simulator::FaultRule::new(
        cumulua_simulator::Fault::TaskFails("no capacity".to_owned()),
    ));
    let code = "wait(cds.ccs.CreateInstance { RegionId = 'CN_Beijing_A', VdcId = '0bb08ed7-e686-4168-93e5-e0187579753b',
        InstanceName = 'web', InstanceType = 'CCS.C3', Cpu = 2, Ram = 4, Password = 'Pass-word-1' })";
    Test::against(&url, code).fails(4, &["cds_task", "failed"]);
}

#[test]
fn actions_lists_and_finds() {
    let all: Json =
        serde_json::from_str(&Test::new().args(["actions", "--json"]).run().stdout).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 475);
    let found = Test::new()
        .args(["actions", "create", "instance"])
        .run()
        .stdout;
    assert!(
        found
            .lines()
            .take(5)
            .any(|line| line.contains("cds.ccs.CreateInstance")),
        "{found}"
    );
    let by_term = Test::new().args(["actions", "快照"]).run().stdout;
    assert!(by_term.contains("cds.ebs.CreateSnapshot"), "{by_term}");
    Test::new().args(["actions", "zzzz"]).fails(1, &["zzzz"]);
}

#[test]
fn docs_show_a_page_and_suggest_names() {
    let page = Test::new()
        .args(["docs", "cds.ccs.CreateInstance"])
        .run()
        .stdout;
    for part in ["VdcId", "Password", "NotEnoughBalance", "cds_task"] {
        assert!(page.contains(part), "{part} is missing");
    }
    Test::new()
        .args(["docs", "cds.ccs.CreateInstanze"])
        .fails(1, &["CreateInstance"]);
}

#[test]
fn an_overlay_adds_and_replaces_actions_without_a_build() {
    let overlay = r#"{ "service": "cds.ccs", "title": "Overlay", "actions": [
        { "name": "Preview", "summary": "A preview", "methods": ["GET"], "read_only": true, "params": [], "answer": {} },
        { "name": "DescribeTags", "summary": "Replaced", "methods": ["POST"], "read_only": true, "params": [], "answer": {} } ] }"#;
    let code = "print(type(cds.ccs.Preview), type(cds.ccs.CreateInstance))";
    let test = Test::new().file("over/cds/ccs.json", overlay);
    test.args(["run", "--catalog", "over", "-e", code])
        .prints("function\tfunction\n");
    let test = Test::new().file("over/cds/ccs.json", overlay);
    assert!(
        test.args(["docs", "--catalog", "over", "cds.ccs.DescribeTags"])
            .run()
            .stdout
            .contains("Replaced")
    );
    let test = Test::new().file("over/cds/ccs.json", "{\n \"service\": 5 }");
    test.args(["docs", "--catalog", "over", "cds.ccs.DescribeTags"])
        .fails(1, &["ccs.json, line 2"]);
}

#[test]
fn the_editors_definitions_have_every_global_of_the_runtime() {
    let test = Test::new().args(["types", "types"]);
    let path = test.path("types/cumulua.lua");
    let output = test.run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let definitions = std::fs::read_to_string(path).unwrap();
    let standard = "_G _VERSION assert collectgarbage coroutine debug dofile error getmetatable io ipairs load loadfile math next os \
                    package pairs pcall print rawequal rawget rawlen rawset require select setmetatable string table tonumber tostring \
                    type utf8 warn xpcall";
    let globals = Test::new()
        .args(["run", "-e", "for name in pairs(_G) do print(name) end"])
        .run()
        .stdout;
    for global in globals
        .lines()
        .filter(|global| !standard.split_whitespace().any(|known| known == *global))
    {
        let is_defined = definitions.contains(&format!("\nfunction {global}("))
            || definitions.contains(&format!("\n{global} = "));
        assert!(is_defined, "{global} has no definition");
    }
}

#[test]
fn completions_name_the_subcommands() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            Test::new()
                .args(["completions", shell])
                .run()
                .stdout
                .contains("actions")
        );
    }
}

#[test]
fn pairs_walks_alike_in_every_run() {
    let code = "local t = {} for i = 1, 50 do t['key' .. i] = i end local s = {} for k in pairs(t) do s[#s + 1] = k end print(table.concat(s))";
    let walk = || Test::new().args(["run", "-e", code]).run().stdout;
    assert_eq!(walk(), walk());
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_script_has_started_ends_with_it_in_another_session_too() {
    let start = "os.execute(\"setsid sh -c 'echo $$ > begun; mv begun pid; exec sleep 300' & \
                 while ! test -e pid; do :; done\")";
    for (more, status) in [("", 0), (" error('no')", 1), (" os.exit(3)", 3)] {
        let test = Test::new().args(["run", "--allow-run", "-e", &format!("{start}{more}")]);
        let output = test.run();
        assert_eq!(output.status, status, "{}", output.stderr);
        assert!(
            output.stderr.contains("went on and was ended"),
            "{}",
            output.stderr
        );
        let pid = std::fs::read_to_string(output.folder.path().join("pid")).unwrap();
        // What has ended and was not taken up yet has no command line any more.
        let command = std::fs::read(format!("/proc/{}/cmdline", pid.trim())).unwrap_or_default();
        assert!(command.is_empty(), "it still runs");
    }
}

#[test]
fn what_a_script_starts_inherits_no_key() {
    let config = "[profiles.default.cds]\naccess_key = 'AKID'\nsecret_key = { env = 'MY_KEY' }\n\
                  [profiles.default.secrets]\ndb = { env = 'DB_PASSWORD' }\n";
    let output = Test::new()
        .file("own.toml", config)
        .args([
            "run",
            "--config",
            "own.toml",
            "--allow-run",
            "-e",
            "os.execute('env')",
        ])
        .env("CDS_SECRET_KEY", "one-that-signs")
        .env("MY_KEY", "one-of-the-profile")
        .env("DB_PASSWORD", "one-of-the-script")
        .env("HARMLESS", "shown")
        .run();
    assert!(
        output.stdout.contains("HARMLESS=shown"),
        "{}",
        output.stdout
    );
    for secret in ["one-that-signs", "one-of-the-profile", "one-of-the-script"] {
        assert!(!output.stdout.contains(secret), "{}", output.stdout);
    }
}

#[test]
fn an_option_that_would_make_a_run_harmless_is_not_lost_behind_an_argument() {
    for option in ["--sim", "--read-only"] {
        let script = || Test::new().file("a.lua", "print(table.unpack(args))");
        script()
            .args(["run", "a.lua", "web-1", option])
            .fails(2, &[option, "in front of the script"]);
        script()
            .args(["run", "a.lua", "--", "web-1", option])
            .prints(&format!("web-1\t{option}\n"));
    }
}

/// A person can paste what an error names, and it must not ask another cloud.
#[test]
fn a_command_that_an_error_names_is_for_the_cloud_of_the_run() {
    let lost = "sim.fault { action = 'cds.ccs.CreateTag', kind = 'drop_after' } cds.ccs.CreateTag { TagName = 'a' }";
    let output = Test::new().args(["run", "--sim", "-e", lost]).run();
    let said = output
        .stderr
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(said.contains("DescribeTags --sim"), "{said}");
    let (url, simulator) = simulator();
    simulator.fault("cds.ccs.CreateTag: drop-after".parse().unwrap());
    let config = "[profiles.default.cds]\naccess_key = 'sim'\nsecret_key = 'sim-secret'\n";
    let endpoint = format!("cds={url}");
    let output = Test::new()
        .file("own.toml", config)
        .args(["call", "--config", "own.toml", "--endpoint", &endpoint])
        .args(["cds.ccs.CreateTag", "TagName=a"])
        .run();
    let said = output
        .stderr
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let wanted = format!("--config own.toml --endpoint {endpoint}");
    assert!(said.contains(&wanted), "{said}");
}

#[test]
fn color_is_never_shown_as_escapes() {
    for args in [
        &["docs", "cds.ccs.CreateInstance"][..],
        &["docs", "cds"],
        &["actions", "balance"],
        &["profile", "list"],
        &["runs", "list"],
    ] {
        let output = Test::new()
            .args(args.iter().copied())
            .args(["--color", "always"])
            .run();
        let text = output.stdout + &output.stderr;
        assert!(
            !text.contains("\\x1b") && !text.contains("\\u{1b}"),
            "{args:?}: {text}"
        );
        assert_eq!(text.contains('\u{1b}'), args[0] == "docs", "{args:?}");
    }
}
