//! The audit: a record of each call, and no secret in it.

use crate::support::{Test, simulator};
use serde_json::Value as Json;
use std::fs;

/// The audit of a simulated run that ends well: its text and its records.
fn recorded(code: &str) -> (String, Vec<Json>) {
    let test = Test::simulated(code).args(["--audit", "audit.jsonl"]);
    let path = test.path("audit.jsonl");
    let output = test.run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let text = fs::read_to_string(path).unwrap();
    let records = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (text, records)
}

#[test]
fn each_call_has_a_record_and_a_mutating_one_another_before_it_leaves() {
    let code = "cds.ccs.DescribeTags() cds.ccs.CreateTag { TagName = 'web' } pcall(cds.ccs.DeleteTag, { TagId = '999999' })";
    let (_, records) = recorded(code);
    let summaries: Vec<_> = records
        .iter()
        .map(|record| {
            (
                record["action"].as_str().unwrap(),
                record["phase"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        summaries,
        [
            ("cds.ccs.DescribeTags", "ended"),
            ("cds.ccs.CreateTag", "sending"),
            ("cds.ccs.CreateTag", "ended"),
            ("cds.ccs.DeleteTag", "sending"),
            ("cds.ccs.DeleteTag", "ended"),
        ]
    );
    assert_eq!(records[2]["params"]["TagName"], "web");
    assert_eq!(records[2]["place"], "0#2");
    assert_eq!(records[4]["error"], "service");
    assert!(
        records
            .iter()
            .all(|record| record["time"].as_str().unwrap().ends_with('Z'))
    );
}

#[test]
fn what_cannot_be_made_is_recorded_too() {
    let code = "for _, call in ipairs {
            function() cds.ccs.CreateTag('web') end,
            function() cds.ccs.CreateTag({ TagName = 'web' }, { retry = 1 }) end,
            function() cds.ccs.CreateTag { TagNam = secret 'vm-password' } end,
            function() cds.ccs.CreateInstance { Passwrd = 'hunter2-secret', AdminPass = 'hunter2-secret' } end,
            function() cds.ccs.DescribeTags { Passwrod = 'hunter2-secret' } end,
            function() cds.call { service = 'ccs', name = 'CreateTag' } end,
            function() http.post('http://127.0.0.1:1/', { jsn = secret 'vm-password' }) end,
        } do
            assert(not pcall(call))
        end";
    let (text, records) = recorded(code);
    let summaries: Vec<_> = records
        .iter()
        .map(|record| {
            [
                &record["action"],
                &record["phase"],
                &record["sent"],
                &record["error"],
            ]
            .map(|value| value.as_str().unwrap())
        })
        .collect();
    let refused = |action| [action, "ended", "no", "validation"];
    let create = refused("cds.ccs.CreateTag");
    let instance = refused("cds.ccs.CreateInstance");
    let tags = refused("cds.ccs.DescribeTags");
    assert_eq!(
        summaries,
        [
            create,
            create,
            create,
            instance,
            tags,
            refused("cds.call"),
            refused("http.post")
        ]
    );
    assert!(
        !text.contains("Simulated-1") && !text.contains("hunter2"),
        "{text}"
    );
}

#[test]
fn no_secret_reaches_the_audit_the_output_or_an_error() {
    let (url, simulator) = simulator();
    let code = "local p = secret 'vm-password'
        print(p, tostring(p), 'x' .. p, p .. 'x', json.encode({ p }))
        pp({ p = p })
        log.info(p)
        pcall(cds.ccs.ResetInstancesPassword, { InstanceIds = 'i-1', Password = p })
        pcall(cds.ccs.ResetInstancesPassword, { InstanceIds = 'i-1', Password = 'plain-Password-1' })
        cds.ccs.ResetInstancesPassword { InstanceIds = 'i-1', Password = p, Typo = 1 }";
    let test = Test::against(&url, code)
        .args(["-vv", "--audit", "audit.jsonl"])
        .env("VM_PASSWORD", "hunter2-Hunter2");
    let path = test.path("audit.jsonl");
    let output = test.run();
    assert_eq!(output.status, 1, "{}", output.stderr);
    let audit = fs::read_to_string(path).unwrap();
    assert!(audit.contains("ResetInstancesPassword"));
    assert_eq!(simulator.requests().len(), 2);
    let requests = format!("{:?}", simulator.requests());
    // The excerpt of an error shows the script's own line, so what the script itself holds in plain
    // may stand there.
    for text in [&output.stdout, &output.stderr, &audit, &requests] {
        for secret in ["hunter2", "sim-secret"] {
            assert!(!text.contains(secret), "{secret} stands in {text}");
        }
    }
    assert!(output.stdout.contains("[secret]"));
    assert!(!audit.contains("plain-Password-1") && !requests.contains("plain-Password-1"));
}

#[test]
fn no_secret_reaches_the_audit_as_the_name_of_an_action() {
    let code = "pcall(cds.ccs.ResetInstancesPassword, { InstanceIds = 'i-1', Password = 'plain-Password-1' })
        pcall(cds.call, { service = 'ccs', action = 'plain-Password-1' })";
    let test = Test::simulated(code).args(["--audit", "audit.jsonl"]);
    let path = test.path("audit.jsonl");
    let output = test.run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let audit = fs::read_to_string(path).unwrap();
    assert!(audit.contains("\"action\":\"cds.ccs.[secret]\""), "{audit}");
    assert!(!audit.contains("plain-Password-1"), "{audit}");
}

#[test]
fn each_task_is_asked_for_in_the_region_that_started_it() {
    let code = "local function create(tree)
            return tree.ccs.CreateInstance { RegionId = 'CN_Beijing_A', VdcId = '0bb08ed7-e686-4168-93e5-e0187579753b',
                InstanceName = 'web', InstanceType = 'CCS.C3', Cpu = 2, Ram = 4, Password = 'Pass-word-1' }
        end
        wait { create(cds.with { region = 'asia' }), create(cds.with { region = 'us' }) }";
    let test = Test::simulated(code).args(["--audit", "audit.jsonl"]);
    let path = test.path("audit.jsonl");
    let output = test.run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let text = fs::read_to_string(path).unwrap();
    let polls: Vec<Json> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|record: &Json| record["read_only"] == true)
        .collect();
    for region in ["asia", "us"] {
        assert!(
            polls.iter().any(|poll| poll["region"] == region),
            "{region} is asked"
        );
    }
}

#[test]
fn a_secret_that_the_service_echoes_is_not_repeated() {
    let body = r#"{"Code":"SignatureDoesNotMatch","Message":"string to sign: GET&%2F&Password%3Dhunter2%252DHunter2%2520x, key top-secret-key"}"#;
    let url = crate::support::answering(crate::support::http("400 Bad Request", body, None));
    let code =
        "cds.ccs.ResetInstancesPassword { InstanceIds = 'i-1', Password = secret 'vm-password' }";
    let output = Test::against(&url, code)
        .credentials("id", "top-secret-key")
        .env("VM_PASSWORD", "hunter2-Hunter2 x")
        .fails(3, &["SignatureDoesNotMatch"]);
    for secret in ["top-secret-key", "hunter2"] {
        assert!(!output.stderr.contains(secret), "{}", output.stderr);
    }
}
