//! The runbooks of `scripts/runbooks/`: what they touch, what they leave alone, and that --dry-run touches nothing.

use crate::support::{Output, Test, answering, http, simulator};
use cumulua::clock::Clock;
use std::path::Path;

/// A runbook against the cloud at this URL.
fn runbook(url: &str, name: &str, args: &[&str]) -> Test {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/runbooks").join(name);
    let endpoint = format!("cds={url}");
    Test::new().args(["run", "--endpoint", &endpoint, script.to_str().unwrap()]).args(args.iter().copied())
}

fn done(test: Test) -> Output {
    let output = test.run();
    assert_eq!(output.status, 0, "{}{}", output.stdout, output.stderr);
    output
}

/// What a script prints against the cloud at this URL.
fn lua(url: &str, code: &str) -> String {
    done(Test::against(url, code)).stdout
}

#[test]
fn a_runbooks_arguments_are_checked() {
    // By the module options.lua that they share.
    let (url, simulator) = simulator();
    for (args, words) in [
        (vec!["--tags", "x"], vec!["unknown argument --tags", "usage: stop-idle-instances.lua"]),
        (vec!["--tag"], vec!["--tag needs a value"]),
        (vec!["--dry-run=yes"], vec!["takes no value"]),
        (vec!["--usage=x"], vec!["unknown argument"]),
        (vec!["--from", "7:00"], vec!["--from is a time of day"]),
    ] {
        runbook(&url, "stop-idle-instances.lua", &args).fails(1, &words);
    }
    runbook(&url, "cost-report.lua", &["--from", "2026-10-01"]).fails(1, &["give both"]);
    assert!(simulator.requests().is_empty());
}

#[test]
fn instances_of_a_tag_are_stopped_outside_their_working_hours_and_no_others() {
    let (url, _simulator) = simulator();
    lua(
        &url,
        "for name, tag in pairs { a = 'office-hours', b = 'office-hours', c = 'always-on' } do
            wait(cds.ccs.CreateInstance { RegionId = 'CN_Beijing_A', VdcId = '0bb08ed7-e686-4168-93e5-e0187579753b', InstanceName = name,
                InstanceType = 'CCS.C3', Cpu = 2, Ram = 4, Password = 'Pass-word-1', LabelNames = { tag } })
        end",
    );
    let states = || {
        lua(
            &url,
            "local states = {} for i in items(cds.ccs.DescribeInstances, {}) do states[#states + 1] = i.InstanceName .. '=' .. i.InstanceStatus end
             table.sort(states) io.write(table.concat(states, ' '))",
        )
    };
    let hour = |offset: i64| {
        let at = Clock::system().now() + jiff::SignedDuration::from_hours(offset);
        at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%H:%M").to_string()
    };
    let working = done(runbook(&url, "stop-idle-instances.lua", &["--from", &hour(5), "--to", &hour(7)]));
    assert!(working.stdout.contains("within the working hours"), "{}", working.stdout);
    let dry = done(runbook(&url, "stop-idle-instances.lua", &["--from", "00:00", "--to", "00:00", "--dry-run"]));
    assert_eq!(dry.stdout.matches("would stop ").count(), 2, "{}", dry.stdout);
    assert_eq!(states(), "a=running b=running c=running");
    let stopped = done(runbook(&url, "stop-idle-instances.lua", &["--from", &hour(-1), "--to", &hour(2)]));
    assert!(stopped.stdout.contains("stopped 2 instances"), "{}", stopped.stdout);
    assert_eq!(states(), "a=stopped b=stopped c=running");
    let again = done(runbook(&url, "stop-idle-instances.lua", &["--from", "00:00", "--to", "00:00"]));
    assert_eq!(again.stdout, "no instance with the tag office-hours runs\n");
}

const COSTS: &str = r#"{ "Code": "Success", "Message": "", "Data": {
    "TotalSummary": { "Currency": "CN", "TotalCost": 120.5, "MasterCost": 120.5, "ViceCost": 0.0, "ToDeduct": 0.0 },
    "BillInfo": [
        { "TotalCost": 20.25, "TotalMasterCost": 20.25, "TotalViceCost": 0.0, "ToDeduct": 0.0, "Currency": "CN",
          "ProjectName": "a, \"quoted\" <one> & more", "ProjectId": "p-2", "ResourceCount": 3 },
        { "TotalCost": 100.0, "TotalMasterCost": 100.0, "TotalViceCost": 0.0, "ToDeduct": 0.0, "Currency": "CN",
          "ProjectName": "shop", "ProjectId": "p-1", "ResourceCount": 12 } ] } }"#;

#[test]
fn costs_are_reported_by_project_as_csv_and_as_a_chart() {
    let url = answering(http("200 OK", COSTS, None));
    let args = ["--from", "2026-10-01", "--to", "2026-10-31", "--out", "."];
    let test = runbook(&url, "cost-report.lua", &args);
    let (table, chart) = (test.path("cost-by-project.csv"), test.path("cost-by-project.svg"));
    let output = done(test);
    let expected =
        "Project,ProjectId,Resources,Cost,Currency\nshop,p-1,12,100.0,CN\n\"a, \"\"quoted\"\" <one> & more\",p-2,3,20.25,CN\n";
    assert_eq!(std::fs::read_to_string(&table).unwrap(), expected);
    let chart = std::fs::read_to_string(&chart).unwrap();
    let mut reader = quick_xml::Reader::from_str(&chart);
    let (mut bars, mut texts) = (Vec::new(), String::new());
    loop {
        use quick_xml::events::Event;
        match reader.read_event().unwrap() {
            Event::Empty(tag) if tag.name().as_ref() == "rect" => {
                let width = tag.try_get_attribute("width").unwrap().unwrap();
                bars.push(width.value.into_owned());
            }
            Event::Text(text) => texts += &text,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(bars, ["480.0", "97.2"], "bars stand to each other as costs do");
    assert!(texts.contains("120.50 CN") && texts.contains("shop"), "{texts}");
    assert!(output.stderr.contains("the rest belongs to no project"), "120.5 is more than 120.25: {}", output.stderr);
    let test = runbook(&url, "cost-report.lua", &["--out", ".", "--dry-run"]);
    let table = test.path("cost-by-project.csv");
    let output = done(test);
    assert!(output.stdout.contains("would write ./cost-by-project.csv") && !table.exists(), "{}", output.stdout);
}
