//! The simulator over real HTTP, as `cumulua sim` serves it.

use crate::support::{Test, simulator};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[test]
fn the_quickstart_runs_over_http_and_leaves_nothing_behind() {
    let (url, simulator) = simulator();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/quickstart.lua");
    let output = Test::new()
        .args([
            "run",
            "--endpoint",
            &format!("cds={url}"),
            script.to_str().unwrap(),
        ])
        .run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let check = "print(#cds.ccs.DescribeInstances().Data.Instances)";
    Test::against(&url, check).prints("0\n");
    assert!(
        simulator
            .requests()
            .iter()
            .all(|record| record.status == Some(200))
    );
}

#[test]
fn one_bit_of_the_secret_makes_a_signature_error_that_the_script_sees() {
    let (url, _simulator) = simulator();
    let code = "local ok, e = pcall(cds.ccs.DescribeTags) print(ok, e.kind, e.code, e.http_status)";
    // t and u differ in one bit.
    let output = Test::against(&url, code)
        .credentials("sim", "sim-secreu")
        .run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        output
            .stdout
            .starts_with("false\tservice\tSignatureDoesNotMatch\t"),
        "{}",
        output.stdout
    );
}

/// `cumulua sim` in a process of its own, which ends with this.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, Stdio::inherit())
    }

    fn start_with(arguments: &[&str], stderr: Stdio) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cumulua"))
            .args(["sim", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .strip_prefix("listening on ")
            .unwrap()
            .trim()
            .to_owned();
        Self { child, url }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_command_serves_and_prints_where() {
    let served = Served::start(&["--secret", "other-secret"]);
    let right = Test::against(&served.url, "print(cds.ccs.DescribeTags().Code)")
        .credentials("sim", "other-secret")
        .run();
    let wrong = Test::against(&served.url, "cds.ccs.DescribeTags()").run();
    assert_eq!(right.stdout, "Success\n", "{}", right.stderr);
    assert_eq!(wrong.status, 3);
}

/// `clients.md` row 13.
#[test]
fn ignored_parameters_are_named_on_standard_error_once_and_in_the_log_always() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let served = Served::start_with(&[], log.reopen().unwrap().into());
    let code = "for _ = 1, 2 do cds.ccs.DescribeTags({ keyword = 'x', ['a\\27b'] = 1 }, { unchecked = true }) end";
    let output = Test::against(&served.url, code).run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    // The line is written before the answer leaves.
    let log = fs::read_to_string(log.path()).unwrap();
    let line = "warning: DescribeTags: keyword is ignored: the Action has no such parameter";
    assert_eq!(log.matches(line).count(), 1, "{log}");
    assert_eq!(log.lines().count(), 2, "{log}");
    assert!(!log.contains('\u{1b}'), "{log:?}");
    Test::simulated(
        "cds.ccs.DescribeTags({ keyword = 'x' }, { unchecked = true }) cds.ccs.DescribeTags()
         local all = sim.requests() print(all[1].ignored.keyword, next(all[2].ignored))",
    )
    .prints("unknown\tnil\n");
}

#[test]
fn an_hour_of_task_time_takes_no_real_time() {
    let code = "for i = 1, 30 do
        wait(cds.ccs.CreateInstance { RegionId = 'CN_Beijing_A', VdcId = '0bb08ed7-e686-4168-93e5-e0187579753b', InstanceName = 'web',
            InstanceType = 'CCS.C3', Cpu = 2, Ram = 4, Password = 'Pass-word-1' })
    end
    print(os.clock() > 1800)";
    Test::simulated(code).prints("true\n");
}

#[test]
fn a_clock_that_is_off_is_corrected_and_logged_once() {
    let (url, simulator) = simulator();
    simulator.set_clock_skew(3600);
    let output =
        Test::against(&url, "print(cds.ccs.CreateTag({ TagName = 'x' }).Code) print(meta(cds.ccs.DescribeTags()).attempts)").run();
    assert_eq!(
        (output.status, output.stdout.as_str()),
        (0, "Success\n1\n"),
        "{}",
        output.stderr
    );
    assert_eq!(
        output.stderr.matches("s behind the service's").count(),
        1,
        "{}",
        output.stderr
    );
}

#[test]
fn faults_come_from_the_command_line_and_wrong_ones_are_explained() {
    Test::new()
        .args(["sim", "--fault", "CreateDsk:drop-after"])
        .fails(2, &["no Action is named CreateDsk", "CreateDisk"]);
    Test::new()
        .args(["sim", "--fault", "CreateDisk:drop"])
        .fails(2, &["there is no kind of fault", "drop-after"]);
    let served = Served::start(&["--fault", "CreateTag:refuse:NotEnoughBalance,times=1"]);
    let code = "for _ = 1, 2 do print(pcall(cds.ccs.CreateTag, { TagName = 'x' })) end";
    let output = Test::against(&served.url, code).run();
    assert!(
        output.stdout.starts_with("false\t") && output.stdout.contains("NotEnoughBalance"),
        "{}",
        output.stdout
    );
    assert!(output.stdout.contains("\ntrue\t"), "{}", output.stdout);
}

/// Ends a process as `kill` does, and waits for it.
fn terminate(served: &mut Served) -> Option<i32> {
    Command::new("kill")
        .args(["-TERM", &served.child.id().to_string()])
        .status()
        .unwrap();
    served.child.wait().unwrap().code()
}

#[test]
fn an_account_outlives_the_simulator_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut first = Served::start(&["--dump", &file("a.json"), "--speed", "1"]);
    let order =
        "cds.ccs.CreateInstance { RegionId = 'CN_Beijing_A', VdcId = '0bb08ed7-e686-4168-93e5-e0187579753b', InstanceName = 'web',
        InstanceType = 'CCS.C3', Cpu = 2, Ram = 4, Password = 'Pass-word-1' }";
    Test::against(&first.url, &format!("print({order}.TaskId)")).prints("190982\n");
    assert_eq!(terminate(&mut first), Some(0));
    let saved = std::fs::read_to_string(file("a.json")).unwrap();
    assert!(
        saved.contains("\"has_left\"") && !saved.contains("Pass-word-1"),
        "{saved}"
    );
    // The task that was running goes on in another process, and under --sim in no time.
    let mut second = Served::start(&[
        "--seed-file",
        &file("a.json"),
        "--dump",
        &file("b.json"),
        "--speed",
        "100000",
    ]);
    Test::against(&second.url, "print(wait(task('cds_task', '190982'))[1] ~= nil, #cds.ccs.DescribeInstances().Data.Instances)")
        .prints("true\t1\n");
    assert_eq!(terminate(&mut second), Some(0));
    let mut third = Served::start(&["--seed-file", &file("b.json"), "--dump", &file("c.json")]);
    assert_eq!(terminate(&mut third), Some(0));
    assert_eq!(
        std::fs::read_to_string(file("b.json")).unwrap(),
        std::fs::read_to_string(file("c.json")).unwrap()
    );
    let code = "wait(task('cds_task', '190982')) print(cds.ccs.DescribeInstances().Data.Instances[1].InstanceStatus)";
    let simulated = Test::new()
        .args([
            "run",
            "--sim",
            "--seed-file",
            &file("a.json"),
            "--dump",
            &file("d.json"),
            "-e",
            code,
        ])
        .run();
    assert_eq!(simulated.stdout, "running\n", "{}", simulated.stderr);
    assert!(
        std::fs::read_to_string(file("d.json"))
            .unwrap()
            .contains("\"ended\"")
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        4,
        "nothing else is left beside the files"
    );
}

#[test]
fn a_file_that_does_not_do_is_refused_before_anything_begins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seed.json").to_str().unwrap().to_owned();
    std::fs::write(
        &path,
        "{\n  \"ccs\": { \"instances\": [ { \"name\": 5 } ] }\n}",
    )
    .unwrap();
    Test::new()
        .args(["sim", "--seed-file", &path])
        .fails(2, &["--seed-file", "line 2", "column"]);
    Test::new()
        .args(["sim", "--seed-file", "/nowhere.json"])
        .fails(2, &["/nowhere.json cannot be read"]);
    Test::new()
        .args(["sim", "--dump", "/no/where.json"])
        .fails(2, &["there is no folder /no"]);
    Test::new()
        .args(["run", "--seed-file", &path, "-e", ""])
        .fails(2, &["--sim"]);
}

#[test]
fn a_link_to_a_state_is_followed_and_a_device_stays_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(file("state.json"), "old").unwrap();
    std::os::unix::fs::symlink("state.json", file("link.json")).unwrap();
    std::os::unix::fs::symlink("/dev/full", file("full")).unwrap();
    let dump = |name: &str| {
        Test::new()
            .args([
                "run",
                "--sim",
                "--dump",
                &file(name),
                "-e",
                "cds.ccs.DescribeTags()",
            ])
            .run()
    };
    assert_eq!(dump("link.json").status, 0);
    assert!(
        std::fs::read_to_string(file("state.json"))
            .unwrap()
            .contains("\"wallet\"")
    );
    let full = dump("full");
    assert!(
        full.status != 0 && full.stderr.contains("cannot be written"),
        "{} {}",
        full.status,
        full.stderr
    );
    for link in ["link.json", "full"] {
        assert!(
            std::fs::symlink_metadata(file(link)).unwrap().is_symlink(),
            "{link} was replaced"
        );
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        3,
        "something is left beside them"
    );
}

#[test]
fn the_guides_inventory_loads_as_it_is_written() {
    let page = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide/inventory.md"),
    )
    .unwrap();
    let (_, rest) = page.split_once("```json\n").unwrap();
    let (inventory, _) = rest.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder
        .path()
        .join("state.json")
        .to_str()
        .unwrap()
        .to_owned();
    std::fs::write(&file, inventory).unwrap();
    let code = "local server = cds.ccs.DescribeInstances({ TagName = 'blue' }).Data.Instances[1]
        print(server.InstanceName, server.VdcName, server.PrivateNetworkInterface[1].IP)
        time.sleep('48h')
        print(cds.billing.DescribeAccountInfo().Data.ToDeduct > 0)";
    let output = Test::new()
        .args(["run", "--sim", "--seed-file", &file, "-e", code])
        .run();
    assert_eq!(
        (output.status, output.stdout.as_str()),
        (0, "web-1\tproduction\t10.1.0.10\ntrue\n"),
        "{}",
        output.stderr
    );
}

#[test]
fn other_machines_reach_the_simulator_only_where_that_is_meant() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        Test::new()
            .args(["sim", "--listen", address])
            .fails(2, &[address, "--public"]);
    }
    // It is allowed to listen there, which this machine cannot.
    Test::new()
        .args(["sim", "--listen", "192.0.2.1:80", "--public"])
        .fails(1, &["cannot serve on 192.0.2.1:80"]);
}
