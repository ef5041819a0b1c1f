//! Bad input: the error names the place and the remedy, and nothing is sent.

use crate::support::Test;

#[test]
fn an_unknown_action_suggests_the_nearest() {
    Test::simulated("cds.ccs.CreateInstanse {}").fails(
        1,
        &[
            "cds.ccs.CreateInstanse",
            "did you mean cds.ccs.CreateInstance",
        ],
    );
    Test::simulated("cds.css.CreateInstance {}").fails(1, &["cds.css", "cds.ccs"]);
}

#[test]
fn all_faults_of_a_call_are_reported_at_once_with_the_scripts_line() {
    let code = "local x = 1\ncds.ccs.CreateDisk { InstanceID = 'i', DataDisks = { { Size = 'big' }, { Siez = 100 } } }";
    Test::simulated(code).fails(
        1,
        &[
            "InstanceID: unknown parameter; did you mean InstanceId?",
            "DataDisks[1].Size",
            "DataDisks[2].Siez",
            "nothing was sent",
            ":2:",
        ],
    );
}

#[test]
fn a_mistyped_parameter_is_named_with_its_type() {
    Test::simulated("cds.ccs.ModifyInstanceSpec { InstanceId = 'i', Cpu = 'four' }")
        .fails(1, &["Cpu", "\"four\" is a string, must be an integer"]);
}

#[test]
fn without_credentials_the_variables_are_named() {
    let output = Test::new()
        .args(["run", "-e", "cds.ccs.DescribeTags {}"])
        .fails(3, &["CDS_SECRET_ID", "cumulua.toml", "--sim"]);
    assert!(output.stdout.is_empty());
}

#[test]
fn a_malformed_configuration_is_named_with_line_and_column() {
    let test = Test::new().file("cumulua.toml", "[profiles.default]\nregion = = 'cn'\n");
    test.args(["run", "-e", "cds.ccs.DescribeTags {}"])
        .fails(1, &["cumulua.toml, line 2, column 10"]);
    let test = Test::new().file("cumulua.toml", "[profiles.default]\nregoin = 'cn'\n");
    test.args(["run", "-e", "cds.ccs.DescribeTags {}"])
        .fails(1, &["cumulua.toml, line 2"]);
}

#[test]
fn an_unreadable_configuration_is_named() {
    Test::new()
        .args([
            "run",
            "--config",
            "absent.toml",
            "-e",
            "cds.ccs.DescribeTags {}",
        ])
        .fails(1, &["absent.toml"]);
}

#[test]
fn a_script_that_does_not_parse_shows_its_line() {
    Test::new()
        .file("bad.lua", "print(1)\nx = = 2\n")
        .args(["run", "bad.lua"])
        .fails(1, &["bad.lua:2", "does not parse"]);
}

#[test]
fn a_script_must_be_there_be_a_file_and_be_utf8() {
    Test::new()
        .args(["run", "absent.lua"])
        .fails(1, &["absent.lua"]);
    Test::new()
        .file("folder/x", "")
        .args(["run", "folder"])
        .fails(1, &["folder is a folder"]);
    Test::new()
        .file("latin.lua", b"-- ok\nprint('\xe9')\n")
        .args(["run", "latin.lua"])
        .fails(1, &["not UTF-8", "line 2"]);
}

#[test]
fn an_endpoint_that_is_down_is_a_dispatch_error_and_nothing_was_sent() {
    let code =
        "local ok, e = pcall(cds.ccs.DescribeTags, {}, { retries = 0 }) print(e.kind, e.sent)";
    Test::against("http://127.0.0.1:1", code).prints("dispatch\tno\n");
    Test::against(
        "http://127.0.0.1:1",
        "cds.ccs.DescribeTags({}, { retries = 0 })",
    )
    .fails(3, &["127.0.0.1:1"]);
}

#[test]
fn plain_http_beyond_this_machine_is_refused() {
    Test::against("http://example.com", "cds.ccs.DescribeTags {}")
        .fails(1, &["unencrypted", "use https"]);
}

#[test]
fn a_mutating_call_is_refused_by_a_read_only_run() {
    let code = "cds.ccs.DescribeTags {} local ok, e = pcall(cds.ccs.CreateTag, { TagName = 'x' }) print(e.kind, e.sent)";
    Test::simulated(code)
        .arg("--read-only")
        .prints("policy\tno\n");
}

#[test]
fn an_endpoint_of_no_product_is_refused() {
    Test::new()
        .args([
            "run",
            "--endpoint",
            "cd=http://127.0.0.1:1",
            "-e",
            "print(1)",
        ])
        .fails(2, &["cd", "did you mean cds?"]);
}

#[test]
fn an_error_shows_no_file_that_was_not_loaded() {
    let output = Test::new()
        .file("other.txt", "private text\n")
        .args(["run", "-e", "error('other.txt:1: x', 0)"])
        .fails(1, &["other.txt:1"]);
    assert!(!output.stderr.contains("private text"), "{}", output.stderr);
}

#[test]
fn usage_errors_have_their_own_status() {
    Test::new()
        .arg("--no-such-flag")
        .fails(2, &["--no-such-flag"]);
    Test::new().args(["run"]).fails(2, &["FILE"]);
    Test::new()
        .args(["call", "--sim", "cds.ccs.Nope"])
        .fails(2, &["cds.ccs.Nope"]);
    Test::new()
        .args(["call", "--sim", "cds.ccs.CreateTag", "TagName"])
        .fails(2, &["Name=value"]);
}

#[test]
fn a_rehearsal_refuses_what_a_read_only_profile_refuses() {
    let code = "print(pcall(cds.ccs.DescribeTags)) print(select(2, pcall(cds.ccs.CreateTag, { TagName = 'x' })).kind)";
    for (configuration, options) in [
        ("[profiles.default]\nread_only = true\n", vec![]),
        ("profile = \"p\"\n[profiles.p]\nread_only = true\n", vec![]),
        ("[profiles.p]\nread_only = true\n", vec!["--profile", "p"]),
    ] {
        let output = Test::new()
            .file("config/cumulua/cumulua.toml", configuration)
            .args(["run", "--sim"])
            .args(options)
            .args(["-e", code])
            .run();
        assert!(
            output.stdout.starts_with("true") && output.stdout.ends_with("policy\n"),
            "{configuration}: {}{}",
            output.stdout,
            output.stderr
        );
    }
}
