//! The runbooks of `scripts/runbooks/`: what they touch, what they leave alone, and that --dry-run
//! touches nothing.

use crate::support::{Output, Test, answering, http, simulator};
use cumulua_core::clock::Clock;
use std::path::Path;

/// A runbook against the cloud at this URL.
fn runbook(url: &str, name: &str, args: &[&str]) -> Test {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scripts/runbooks")
        .join(name);
    let endpoint = format!("cds={url}");
    Test::new()
        .args(["run", "--endpoint", &endpoint, script.to_str().unwrap()])
        .args(args.iter().copied())
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
    // By the module std.args that they share.
    let (url, simulator) = simulator();
    for (args, words) in [
        (
            vec!["--tags", "x"],
            vec!["unknown argument --tags", "usage: stop-idle-instances.lua"],
        ),
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
        at.to_zoned(jiff::tz::TimeZone::UTC)
            .strftime("%H:%M")
            .to_string()
    };
    let working = done(runbook(
        &url,
        "stop-idle-instances.lua",
        &["--from", &hour(5), "--to", &hour(7)],
    ));
    assert!(
        working.stdout.contains("within the working hours"),
        "{}",
        working.stdout
    );
    let dry = done(runbook(
        &url,
        "stop-idle-instances.lua",
        &["--from", "00:00", "--to", "00:00", "--dry-run"],
    ));
    assert_eq!(
        dry.stdout.matches("would stop ").count(),
        2,
        "{}",
        dry.stdout
    );
    assert_eq!(states(), "a=running b=running c=running");
    let stopped = done(runbook(
        &url,
        "stop-idle-instances.lua",
        &["--from", &hour(-1), "--to", &hour(2)],
    ));
    assert!(
        stopped.stdout.contains("stopped 2 instances"),
        "{}",
        stopped.stdout
    );
    assert_eq!(states(), "a=stop b=stop c=running");
    let again = done(runbook(
        &url,
        "stop-idle-instances.lua",
        &["--from", "00:00", "--to", "00:00"],
    ));
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
    let (table, chart) = (
        test.path("cost-by-project.csv"),
        test.path("cost-by-project.svg"),
    );
    let output = done(test);
    let expected = "Project,ProjectId,Resources,Cost,Currency\nshop,p-1,12,100.0,CN\n\"a, \"\"quoted\"\" <one> & more\",p-2,3,20.25,CN\n";
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
    assert_eq!(
        bars,
        ["480.0", "97.2"],
        "bars stand to each other as costs do"
    );
    assert!(
        texts.contains("120.50 CN") && texts.contains("shop"),
        "{texts}"
    );
    assert!(
        output.stderr.contains("the rest belongs to no project"),
        "120.5 is more than 120.25: {}",
        output.stderr
    );
    let test = runbook(&url, "cost-report.lua", &["--out", ".", "--dry-run"]);
    let table = test.path("cost-by-project.csv");
    let output = done(test);
    assert!(
        output.stdout.contains("would write ./cost-by-project.csv") && !table.exists(),
        "{}",
        output.stdout
    );
}

#[test]
fn each_disk_has_one_snapshot_a_day_and_the_oldest_of_the_runbooks_own_go() {
    let (url, simulator) = simulator();
    let disks = lua(
        &url,
        "local disks = wait(cds.ebs.CreateDisk { AvailableZoneCode = 'CN_Hohhot_B', DiskName = 'data', DiskFeature = 'SSD', Size = 32, Number = 2,
            BillingMethod = '0' })
        for _, name in ipairs { 'nightly-20260101-' .. disks[1], 'nightly-20260102-' .. disks[1], 'nightly-20260101-' .. disks[2], 'by-hand' } do
            wait(cds.ebs.CreateSnapshot { DiskId = disks[1], SnapshotName = name, ReservedTime = 'Forever' })
        end
        io.write(table.concat(disks, ' '))",
    );
    let (first, second) = disks.split_once(' ').unwrap();
    let snapshots = || {
        let code = "local names = {}
            for s in items(cds.ebs.DescribeSnapshotList, {}) do
                if s.SnapshotStatus == 'running' then names[#names + 1] = s.DiskId .. ' ' .. s.SnapshotName end
            end
            table.sort(names) io.write(table.concat(names, '\\n'))";
        lua(&url, code)
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let before = snapshots();
    let dry = done(runbook(
        &url,
        "nightly-snapshots.lua",
        &["--keep", "2", "--dry-run"],
    ));
    assert_eq!(
        dry.stdout.matches("would be made").count(),
        2,
        "{}",
        dry.stdout
    );
    assert!(
        dry.stdout.contains("1 old ones would be deleted"),
        "{}",
        dry.stdout
    );
    assert_eq!(snapshots(), before);
    let made = done(runbook(&url, "nightly-snapshots.lua", &["--keep", "2"]));
    assert!(
        made.stdout.contains("made, 1 old ones deleted")
            && made.stdout.contains("made, 0 old ones deleted"),
        "{}",
        made.stdout
    );
    let after = snapshots();
    let today = after
        .iter()
        .find_map(|name| {
            name.strip_prefix(&format!("{second} nightly-"))?
                .split('-')
                .next()
        })
        .unwrap()
        .to_owned();
    let mut expected = vec![
        format!("{first} by-hand"),
        format!("{first} nightly-20260101-{second}"),
        format!("{first} nightly-20260102-{first}"),
        format!("{first} nightly-{today}-{first}"),
        format!("{second} nightly-{today}-{second}"),
    ];
    expected.sort();
    assert_eq!(
        after, expected,
        "what another made, or made for another disk, stays"
    );
    let creations = || {
        simulator
            .requests()
            .iter()
            .filter(|request| request.action.as_deref() == Some("CreateSnapshot"))
            .count()
    };
    let made_so_far = creations();
    let again = done(runbook(&url, "nightly-snapshots.lua", &["--keep", "2"]));
    assert_eq!(
        (again.stdout.matches("is there").count(), creations()),
        (2, made_so_far),
        "{}",
        again.stdout
    );
    runbook(
        &url,
        "nightly-snapshots.lua",
        &["--disks", "disk-of-nobody"],
    )
    .fails(1, &["there is no disk disk-of-nobody"]);
    simulator.fault(
        cumulua_simulator::FaultRule::new(cumulua_simulator::Fault::TaskFails(
            "no room".to_owned(),
        ))
        .on("CreateSnapshot")
        .times(1),
    );
    let failed = runbook(&url, "nightly-snapshots.lua", &["--prefix", "weekly"])
        .fails(1, &["1 of 2 disks failed", "no room"]);
    assert!(
        failed.stdout.contains("made, 0 old ones deleted"),
        "the other disk is not held up: {}",
        failed.stdout
    );
}

#[test]
fn loose_eips_are_released_only_with_the_option_and_where_none_keeps_them() {
    let (url, _simulator) = simulator();
    lua(
        &url,
        "local function buy(description)
            local order = { RegionCode = 'CN_Hongkong', BandwidthType = 'Bandwidth_China_Telecom', BillScheme = 'BandwIdth', Qos = 5, Size = 1,
                Description = description }
            cds.vpc.CreateEIP(order)
        end
        buy() buy('kept for the shop') buy()
        local list = cds.vpc.DescribeEIP { RegionCode = 'CN_Hongkong' }.Data.EIPList
        for _, eip in ipairs(list) do
            if not eip.IsBind and eip.Description == '' then
                wait(cds.vpc.BindEIP { EIPId = eip.Id, NetId = '22390f70-af37-11ec-8944-1200cba86117', IP = '10.10.11.9' })
                break
            end
        end",
    );
    let count = || {
        let code = "local bound, loose = 0, 0
            for eip in items(cds.vpc.DescribeEIP, { RegionCode = 'CN_Hongkong' }) do
                if eip.IsBind then bound = bound + 1 else loose = loose + 1 end
            end
            io.write(bound, ' ', loose)";
        lua(&url, code)
    };
    let before = count();
    assert!(
        before.ends_with(" 2"),
        "one of them is loose and one is kept: {before}"
    );
    let bound = before.split(' ').next().unwrap();
    let report = done(runbook(&url, "loose-eips.lua", &[]));
    assert_eq!(
        (
            report.stdout.lines().count(),
            report.stdout.matches("younger than 7 days").count()
        ),
        (2, 1),
        "{}",
        report.stdout
    );
    let dry = done(runbook(
        &url,
        "loose-eips.lua",
        &["--days", "0", "--release", "--dry-run"],
    ));
    assert_eq!(
        dry.stdout.matches("would be released").count(),
        1,
        "{}",
        dry.stdout
    );
    assert!(
        dry.stdout.contains("kept: kept for the shop"),
        "{}",
        dry.stdout
    );
    done(runbook(
        &url,
        "loose-eips.lua",
        &["--days", "7", "--release"],
    ));
    assert_eq!(count(), before, "what is young stays");
    let released = done(runbook(
        &url,
        "loose-eips.lua",
        &["--days", "0", "--release"],
    ));
    assert_eq!(
        released.stdout.matches("\treleased").count(),
        1,
        "{}",
        released.stdout
    );
    assert_eq!(count(), format!("{bound} 1"));
}

#[test]
fn what_is_paid_in_advance_and_ends_soon_is_reported() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/runbooks");
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    // In one run, because its virtual time goes on between the reports.
    let setup = "
        local vdc = wait(cds.vdc.CreateVdc { RegionId = 'CN_Beijing_I', VdcName = 'bare' })[1]
        local net = wait(cds.vdc.CreatePrivateNetwork { VdcId = vdc, Name = 'private', Type = 'manual', Address = '10.241.0.0', Mask = '16' })[1]
        for name, charge in pairs { ['bms-prepaid'] = 'PrePaid', ['bms-on-demand'] = 'PostPaid' } do
            wait(cds.bms.CreateBmsInstance { RegionId = 'CN_Beijing_I', VdcId = vdc, Password = 'Pass-word-1', InstanceName = name, AssignHostNo = '001',
                InstanceChargeType = charge, AutoRenew = 0, PrepaidMonth = 1, ComputeId = 'eb41773f-c944-4831-810b-9db4826996f2', GoodsId = 7685,
                ImageId = '0dff0137-ed2b-4ebb-bccf-6ec9d982fbfb', EnableMonitor = true, PipeIds = { net }, Amount = 1 })
        end
        wait(cds.desktop.CreateVm { siteId = 'ebbfcb70-a98f-11ec-926b-8aaa763f849e', productId = '745f6546-dc5f-492f-82d1-9eb47cd9fa2d', name = 'desk',
            num = '1', imageId = 'dcd81283-d2e9-456d-9f03-803b83ecc25a', billCycle = 'month', duration = '1', isToMonth = '0', isAutoRenewal = '0',
            priceToMonth = '0', qos = '5', vpcId = '73cbf764-cdcb-11ec-a318-ee97882ecf7d', subnetNetId = '73d2c7ec-cdcb-11ec-a318-ee97882ecf7d',
            vgatewayNetId = '80587138-cdcb-11ec-a318-ee97882ecf7d', vgatewayConfId = '10298' })
        local function report(...)
            args = { ... }
            print('--', ...)
            dofile 'renewals.lua'
        end
        report('--days', '70', '--csv', 'never.csv', '--webhook', 'hook', '--dry-run')
        time.sleep(25 * 86400)
        report('--days', '70', '--csv', 'renewals.csv', '--webhook', 'hook')";
    let test = Test::new()
        .file("setup.lua", setup)
        .file("renewals.lua", text("renewals.lua"));
    let (never, table) = (test.path("never.csv"), test.path("renewals.csv"));
    let output = done(
        test.args(["run", "--sim", "setup.lua"])
            .env("HOOK", "https://hooks.example.com/services/x"),
    );
    let reports: Vec<&str> = output.stdout.split("--\t").collect();
    assert!(
        reports[1].contains("bare metal\tbms-prepaid") && !reports[1].contains("bms-on-demand"),
        "{}",
        output.stdout
    );
    assert!(
        reports[1].contains("would write never.csv\nwould post to the webhook\n")
            && !never.exists(),
        "{}",
        output.stdout
    );
    assert!(
        !reports[1].contains("desktop"),
        "a month is more than the service's seven days: {}",
        output.stdout
    );
    assert!(reports[2].contains("desktop\tdesk\t"), "{}", output.stdout);
    let written = std::fs::read_to_string(table).unwrap();
    assert!(
        written.starts_with("Kind,Name,Id,Ends,Days,Renews\n")
            && written.contains("desktop,desk,,"),
        "{written}"
    );
    assert_eq!(
        output
            .stderr
            .matches("not sent, this is a simulation")
            .count(),
        1,
        "{}",
        output.stderr
    );
}
