//! Profiles: which value counts, where it comes from, and what a project's file may not set by
//! itself.

use crate::support::{Test, simulator};

const FILE: &str = "
profile = 'staging'
[profiles.staging]
region = 'asia'
[profiles.staging.cds]
access_key = 'file-key'
secret_key = { file = 'cds.secret' }
[profiles.staging.secrets]
vm-password = { env = 'STAGING_PASSWORD' }
[profiles.production]
read_only = true
";

fn own() -> Test {
    Test::new()
        .file("config/cumulua/cumulua.toml", FILE)
        .file("config/cumulua/cds.secret", "the-secret-in-the-file\n")
}

#[test]
fn show_prints_where_each_value_comes_from_and_no_secret() {
    let output = own().args(["profile", "show"]).run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        output.stdout.contains("profile staging"),
        "{}",
        output.stdout
    );
    assert!(
        output.stdout.contains("access key: file-key"),
        "{}",
        output.stdout
    );
    assert!(output.stdout.contains("region: asia"), "{}", output.stdout);
    assert!(output.stdout.contains("cumulua.toml"), "{}", output.stdout);
    assert!(!output.stdout.contains("the-secret-in-the-file"));
}

#[test]
fn the_environment_goes_before_files_and_flags_before_the_environment() {
    let shown = |test: Test| test.args(["profile", "show"]).run().stdout;
    let environment = shown(
        own()
            .env("CDS_SECRET_ID", "environment-key")
            .env("CDS_REGION", "us"),
    );
    assert!(
        environment.contains("access key: environment-key (environment variable CDS_SECRET_ID)"),
        "{environment}"
    );
    assert!(
        environment.contains("region: us (environment variable CDS_REGION)"),
        "{environment}"
    );
    let flags = shown(own().env("CDS_REGION", "us").args(["--region", "cn"]));
    assert!(flags.contains("region: cn (--region)"), "{flags}");
}

#[test]
fn a_profile_that_the_command_names_goes_before_the_environment() {
    let shown = own()
        .env("CDS_SECRET_ID", "environment-key")
        .args(["profile", "show", "--profile", "staging"])
        .run()
        .stdout;
    assert!(shown.contains("access key: file-key"), "{shown}");
    let without_own = own()
        .env("CDS_SECRET_ID", "environment-key")
        .env("CDS_SECRET_KEY", "x")
        .args(["profile", "show", "production"])
        .run();
    assert!(
        without_own.stdout.contains("access key: environment-key"),
        "{}",
        without_own.stdout
    );
}

#[test]
fn any_file_makes_a_profile_production_and_none_takes_it_back() {
    let shown = |project: &str, own: &str| {
        let keys =
            "profile = 'p'\n[profiles.p.cds]\naccess_key = 'k'\nsecret_key = { env = 'S' }\n";
        let table = |says: &str| format!("[profiles.p]\n{says}\n");
        let test = Test::new()
            .file("cumulua.toml", table(project))
            .file("config/cumulua/cumulua.toml", keys.to_owned() + &table(own));
        test.env("S", "secret")
            .args(["profile", "show"])
            .run()
            .stdout
    };
    assert!(shown("production = false", "production = true").contains("production: true"));
    assert!(shown("production = true", "").contains("production: true"));
    assert!(!shown("production = false", "").contains("production"));
    Test::new()
        .file("cumulua.toml", "[profiles.p]\nproduction = 'yes'")
        .args(["profile", "list"])
        .fails(1, &["line 2"]);
}

#[test]
fn the_projects_file_goes_before_the_users_own() {
    let output = own()
        .file(
            "cumulua.toml",
            "[profiles.staging]\nregion = 'us'\n[profiles.staging.cds]\nrequests_per_second = 5\n",
        )
        .args(["profile", "show"])
        .run();
    assert!(output.stdout.contains("region: us"), "{}", output.stderr);
    assert!(
        output.stdout.contains("access key: file-key"),
        "{}",
        output.stdout
    );
}

#[test]
fn a_secret_one_level_too_high_is_refused_without_its_value() {
    let file = "[profiles.default]\nsecret_key = 'hunter2-hunter2'\n";
    let output = Test::new()
        .file("cumulua.toml", file)
        .args(["run", "-e", "cds.ccs.DescribeTags()"])
        .fails(1, &["line 2", "[profiles.NAME.cds]"]);
    assert!(!output.stderr.contains("hunter2"), "{}", output.stderr);
}

#[test]
fn a_projects_file_cannot_lift_what_the_users_own_forbids() {
    let own = "[profiles.production]\nread_only = true\n";
    let test = Test::new()
        .file("config/cumulua/cumulua.toml", own)
        .file("cumulua.toml", "[profiles.production]\nread_only = false\n");
    let shown = test
        .credentials("id", "key")
        .args(["profile", "show", "production"])
        .run()
        .stdout;
    assert!(shown.contains("read only: true"), "{shown}");
}

#[test]
fn a_file_of_a_secret_stands_beside_the_configuration_that_names_it() {
    let file = "[profiles.default.secrets]\nx = { file = 'x.secret' }\n";
    let test = Test::new()
        .file("proj/own.toml", file)
        .file("proj/x.secret", "value\n")
        .file("proj/s.lua", "print(secret 'x')");
    test.args(["run", "--config", "proj/own.toml", "proj/s.lua"])
        .prints("[secret]\n");
}

#[test]
fn a_projects_file_that_sets_more_than_it_may_is_refused_with_all_that_it_wants() {
    let own = "[profiles.production.cds]\naccess_key = 'own-key'\nsecret_key = 'own-secret-key'\nrequests_per_second = 2\n";
    for (file, wanted) in [
        ("profile = 'production'", "profile = \"production\""),
        ("[http]\nallow = ['evil.example']", "evil.example"),
        (
            "[profiles.production]\nallow_http = true",
            "profiles.production.allow_http",
        ),
        (
            "[profiles.production.secrets]\nx = { env = 'CDS_SECRET_KEY' }",
            "profiles.production.secrets.x",
        ),
        (
            "[profiles.production.cds]\naccess_key = 'theirs'",
            "profiles.production.cds.access_key",
        ),
        (
            "[profiles.production.cds]\nsecret_key = { env = 'HOME' }",
            "profiles.production.cds.secret_key",
        ),
        (
            "[profiles.production.cds]\nsecurity_token = { command = ['touch', 'ran'] }",
            "profiles.production.cds.security_token",
        ),
        (
            "[profiles.production.cds]\nendpoint = 'https://evil.example'",
            "profiles.production.cds.endpoint",
        ),
        (
            "[profiles.production.cds.endpoints]\nccs = 'https://evil.example'",
            "profiles.production.cds.endpoints.ccs",
        ),
        (
            "[profiles.production.cds]\nrequests_per_second = 3",
            "requests_per_second above 2",
        ),
        ("[profiles.production.cds]\nburst = 1000", "burst above 40"),
    ] {
        let file = format!("{file}\n[profiles.more.cds]\nendpoint = 'https://more.example'\n");
        let codes = [
            "cds.ccs.DescribeTags()",
            "cds.with { profile = 'production' }.ccs.DescribeTags()",
            "print(secret 'x')",
            "http.get 'https://evil.example'",
            "expect_account { profile = 'production' }",
        ];
        // What is refused does not depend on what asks.
        for code in &codes[..if wanted.starts_with("profile =") {
            5
        } else {
            1
        }] {
            Test::new()
                .file("cumulua.toml", &file)
                .file("config/cumulua/cumulua.toml", own)
                .credentials("id", "key")
                .args(["run", "-e", code])
                .fails(1, &[wanted, "profiles.more.cds.endpoint", "cumulua trust"]);
        }
    }
    // What it does set is harmless in a simulation.
    Test::new()
        .file(
            "cumulua.toml",
            "profile = 'x'\n[profiles.x.cds]\naccess_key = 'k'\n",
        )
        .args(["run", "--sim", "-e", "print(#cds.ccs.DescribeTags().Data)"])
        .prints("0\n");
}

/// What a file was to forbid is not known where it cannot be read.
#[test]
fn a_rehearsal_refuses_a_file_that_the_real_run_would() {
    for faulty in [
        "read_only = true\nread_onyl = true\n",
        "[profiles.default]\nread_only = 'yes'\n",
        "[profiles.default\n",
    ] {
        let test = |args: &[&str]| {
            let test = Test::new().file("cumulua.toml", faulty);
            test.args(args.iter().copied())
        };
        let call = ["call", "--sim", "cds.ccs.CreateTag", "TagName=a"];
        test(&call).fails(1, &["cumulua.toml"]);
        test(&["trust"]).fails(1, &["cumulua.toml"]);
    }
}

#[test]
fn a_projects_file_that_is_not_trusted_may_narrow_what_is_allowed() {
    let (url, simulator) = simulator();
    let file = "[profiles.default]\nread_only = true\nregion = 'us'\n[profiles.default.cds]\nrequests_per_second = 1\n";
    let code =
        "print(meta(cds.ccs.DescribeTags()).region, pcall(cds.ccs.CreateTag, { TagName = 'x' }))";
    let output = Test::new()
        .file("cumulua.toml", file)
        .credentials("sim", "sim-secret")
        .args(["run", "--endpoint", &format!("cds={url}"), "-e", code])
        .run();
    assert!(
        output.stdout.starts_with("us\tfalse"),
        "{}{}",
        output.stdout,
        output.stderr
    );
    assert_eq!(simulator.requests().len(), 1);
}

#[test]
fn the_users_secret_variables_stay_closed_whatever_a_projects_file_is() {
    for project in ["profile = 'x'", "no toml at all"] {
        Test::new()
            .file("cumulua.toml", project)
            .file(
                "config/cumulua/cumulua.toml",
                "[profiles.p.secrets]\nx = { env = 'PASS_WORD' }\n",
            )
            .env("PASS_WORD", "hunter2-hunter2")
            .args(["run", "-e", "print(env 'PASS_WORD')"])
            .fails(1, &["PASS_WORD"]);
    }
}

#[test]
fn a_digest_trusts_one_content_alone() {
    let file = "[profiles.default.secrets]\nx = { env = 'X' }\n";
    let sum = "66a057066e7fefe66fee1f974425c0dda9dcb879ab804c93c4929c6dc5cf100a";
    let test = || Test::new().file("cumulua.toml", file);
    test().args(["trust", "--show"]).prints(&format!(
        "cumulua.toml: not trusted\nSHA-256: {sum}\nsets profiles.default.secrets.x\n"
    ));
    let other = sum.replace(|c: char| c.is_ascii_digit(), "0");
    let output = test()
        .args(["trust", "--digest", &other])
        .fails(1, &["cannot be trusted", sum]);
    assert!(!output.folder.path().join("config/cumulua/trusted").exists());
    test().args(["trust", "--digest", "abc"]).fails(2, &["64"]);
    let output = test()
        .args(["trust", "--digest", &sum.to_uppercase(), "cumulua.toml"])
        .run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let folder = output.folder.path();
    let secret = std::process::Command::new(env!("CARGO_BIN_EXE_cumulua"))
        .args(["run", "--no-record", "-e", "print(secret 'x')"])
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .env("X", "hunter2-hunter2")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&secret.stdout), "[secret]\n");
}

#[test]
fn the_users_own_file_is_the_users_by_whatever_path_it_is_found() {
    let test = Test::new()
        .file(
            "config/cumulua/cumulua.toml",
            "[profiles.default.secrets]\nx = { env = 'X' }\n",
        )
        .file("config/cumulua/jobs/s.lua", "print(secret 'x')")
        .env("X", "value-of-x");
    let linked = test.path("linked");
    std::os::unix::fs::symlink(test.path("config"), &linked).unwrap();
    let linked = linked.display().to_string();
    test.env("XDG_CONFIG_HOME", &linked)
        .args(["run", "config/cumulua/jobs/s.lua"])
        .prints("[secret]\n");
}

#[test]
fn list_marks_the_current_profile() {
    let output = own().args(["profile", "list"]).run();
    assert!(output.stdout.contains("* staging"), "{}", output.stdout);
    assert!(output.stdout.contains("  production"), "{}", output.stdout);
}

#[test]
fn an_unknown_profile_suggests_the_nearest() {
    own()
        .args(["run", "--profile", "stagin", "-e", "cds.ccs.DescribeTags()"])
        .fails(1, &["stagin", "did you mean staging"]);
}

#[test]
fn secrets_come_from_the_environment_a_file_or_a_command() {
    let (url, _simulator) = simulator();
    let file = "[profiles.default.secrets]\na = { env = 'A' }\nb = { file = 'b.txt' }\nc = { command = ['echo', 'Sim-ulated-1'] }\n";
    let code = "for _, name in ipairs { 'a', 'b', 'c' } do
        local ok, e = pcall(cds.ccs.ResetInstancesPassword, { InstanceIds = 'i-1', Password = secret(name) })
        print(e.kind)
    end";
    // An explicitly named file is the user's own choice.
    let test = Test::new()
        .file("own.toml", file)
        .file("b.txt", "Sim-ulated-1\n")
        .env("A", "Sim-ulated-1")
        .env("PATH", "/usr/bin:/bin");
    test.args([
        "run",
        "--config",
        "own.toml",
        "--endpoint",
        &format!("cds={url}"),
        "-e",
        code,
    ])
    .prints("service\nservice\nservice\n");
}

#[test]
fn a_secret_that_is_nowhere_is_an_error_with_the_place_to_put_it() {
    own()
        .args(["run", "-e", "secret 'nowhere'"])
        .fails(3, &["nowhere", "NOWHERE", "cumulua.toml"]);
}

#[test]
fn a_projects_endpoint_counts_only_once_the_file_is_trusted() {
    let (url, _simulator) = simulator();
    let file = format!(
        "[profiles.default.cds]\naccess_key = 'sim'\nsecret_key = 'sim-secret'\nendpoint = '{url}'\n"
    );
    let script = "print(#cds.ccs.DescribeTags().Data)";
    let untrusted = Test::new()
        .file("cumulua.toml", &file)
        .args(["run", "-e", script]);
    let output = untrusted.fails(
        1,
        &[
            "cumulua.toml",
            "profiles.default.cds.access_key, profiles.default.cds.secret_key, profiles.default.cds.endpoint",
            "cumulua trust",
        ],
    );
    assert!(output.stdout.is_empty());
    let test = Test::new().file("cumulua.toml", &file);
    let path = test.path("cumulua.toml");
    let trusted = std::process::Command::new(env!("CARGO_BIN_EXE_cumulua"))
        .args(["trust", path.to_str().unwrap()])
        .env("HOME", path.parent().unwrap())
        .env("XDG_CONFIG_HOME", path.parent().unwrap().join("config"))
        .status()
        .unwrap();
    assert!(trusted.success());
    test.args(["run", "-e", script]).prints("0\n");
}

#[test]
fn a_profiles_read_only_holds_for_its_calls() {
    let (url, _simulator) = simulator();
    let code = "local ok, e = pcall(cds.ccs.CreateTag, { TagName = 'x' }) print(e.kind, e.sent)";
    let test = own().credentials("sim", "sim-secret");
    test.args([
        "run",
        "--profile",
        "production",
        "--endpoint",
        &format!("cds={url}"),
        "-e",
        code,
    ])
    .prints("policy\tno\n");
}

#[test]
fn a_script_on_the_wrong_account_stops_before_its_first_call() {
    let (url, simulator) = simulator();
    let run = |expected: &str, options: &[&str]| {
        let code = format!("expect_account {expected} cds.ccs.DescribeTags()");
        let test = own()
            .args(["run", "--endpoint", &format!("cds={url}"), "-e", &code])
            .args(options.iter().copied());
        test.run()
    };
    for wrong in [
        "{ profile = 'production' }",
        "{ id = 'another-key' }",
        "{ profile = 'staging', id = 'another-key' }",
    ] {
        let output = run(wrong, &[]);
        assert_eq!(output.status, 1, "{wrong}: {}", output.stderr);
        assert!(
            output.stderr.contains("the script expects") && output.stderr.contains("cumulua.toml"),
            "{}",
            output.stderr
        );
    }
    assert!(simulator.requests().is_empty());
    // The simulator refuses the key, so a call that leaves is a failed call (3).
    for right in [
        "{ profile = 'staging' }",
        "{ id = 'file-key' }",
        "{ profile = 'staging', id = 'file-key' }",
    ] {
        assert_eq!(run(right, &[]).status, 3, "{right}");
    }
    assert_eq!(
        run("{ profile = 'staging' }", &["--profile", "production"]).status,
        1
    );
    for bad in ["{}", "{ id = 7 }", "{ account = 'x' }", "'staging'"] {
        let output = run(bad, &[]);
        assert!(
            output.status == 1 && output.stderr.contains("expect_account"),
            "{bad}: {}",
            output.stderr
        );
    }
    Test::simulated("expect_account { profile = 'production', id = 'a-real-key' } print('a simulation goes on')")
        .prints("a simulation goes on\n");
}

#[test]
fn a_simulation_has_an_account_for_each_profile_that_calls_name() {
    let file = "profile = 'main'
        [profiles.main.cds]\naccess_key = 'a'\n[profiles.twin.cds]\naccess_key = 'a'\n[profiles.twin]\nregion = 'us'
        [profiles.other.cds]\naccess_key = 'b'\n[profiles.others_twin.cds]\naccess_key = 'b'\n";
    let tags = "local function tags(profile) return #cds.with { profile = profile }.ccs.DescribeTags().Data end ";
    let run = |options: &[&str], code: &str| {
        let code = tags.to_owned() + code;
        Test::new()
            .file("cumulua.toml", file)
            .args(["run", "--sim", "-e", &code])
            .args(options.iter().copied())
    };
    let code = "cds.ccs.CreateTag { TagName = 'x' } print(tags 'main', tags 'twin', tags 'simulator', tags 'other')";
    run(&[], code).prints("1\t1\t1\t0\n");
    run(&["--profile", "other"], code).prints("0\t0\t1\t1\n");
    run(&[], "cds.with { profile = 'other' }.ccs.CreateTag { TagName = 'x' } print(tags 'main', tags 'other', tags 'others_twin')")
        .prints("0\t1\t1\n");
    run(&[], "tags 'otter'").fails(1, &["did you mean other?"]);
    Test::simulated(
        "cds.with { profile = 'anything' }.ccs.CreateTag { TagName = 'x' } print(#sim.requests(), #sim.requests 'anything')",
    )
    .prints("0\t1\n");
    let meta = "local m = meta(cds.with { profile = 'other' }.ccs.DescribeTags()) print(m.profile)";
    run(&[], meta).prints("other\n");
    run(
        &[],
        "print(meta(cds.with { profile = 'twin' }.ccs.DescribeTags()).region)",
    )
    .prints("us\n");
}

#[test]
fn no_key_is_read_before_a_call_is_admitted() {
    let profile = "[profiles.default.cds]\naccess_key = 'key'\nsecret_key = { command = ['touch', 'asked'] }\n";
    let refused = |code: &str, options: &[&str]| {
        let test = Test::new()
            .file("config/cumulua/cumulua.toml", profile)
            .args(["run", "-e", code])
            .args(options.iter().copied());
        let asked = test.path("asked");
        let output = test.run();
        assert!(output.stderr.contains("nothing was"), "{}", output.stderr);
        asked.exists()
    };
    assert!(
        !refused("cds.ccs.CreateTag { TagName = 'web' }", &["--read-only"]),
        "a read-only run"
    );
    assert!(
        !refused("cds.ccs.CreateTag { TagNam = 'web' }", &[]),
        "parameters that do not fit"
    );
    assert!(
        refused("cds.ccs.CreateTag { TagName = 'web' }", &[]),
        "an admitted call; the command gives no key"
    );
}

#[cfg(unix)]
#[test]
fn a_configuration_that_is_no_file_is_refused_and_not_passed_over() {
    let made = |kind: &str| {
        let test = Test::new().args(["profile", "show"]);
        let path = test.path("cumulua.toml");
        match kind {
            "a FIFO" => assert!(
                std::process::Command::new("mkfifo")
                    .arg(&path)
                    .status()
                    .unwrap()
                    .success()
            ),
            "a link to nothing" => std::os::unix::fs::symlink("nowhere", &path).unwrap(),
            _ => std::os::unix::fs::symlink("/dev/zero", &path).unwrap(),
        }
        test.run()
    };
    for (kind, said) in [
        ("a FIFO", "it is no regular file"),
        ("a link to nothing", "No such file"),
        ("a device", "it is no regular file"),
    ] {
        let output = made(kind);
        assert_eq!(output.status, 1, "{kind}: {}", output.stderr);
        assert!(output.stderr.contains(said), "{kind}: {}", output.stderr);
    }
}

#[cfg(unix)]
#[test]
fn the_name_of_a_file_begins_no_line_of_its_own() {
    let test = Test::new().file("a\nregion: faked/cumulua.toml", FILE);
    let folder = test.path("a\nregion: faked");
    let output = test
        .args([
            "--config",
            &folder.join("cumulua.toml").display().to_string(),
        ])
        .args(["profile", "show"])
        .run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        !output
            .stdout
            .lines()
            .any(|line| line.starts_with("region:")),
        "{}",
        output.stdout
    );
    assert!(
        output.stdout.contains(r"a\nregion: faked"),
        "{}",
        output.stdout
    );
}
