//! The simulator over real HTTP, as `cumulua sim` serves it.

use crate::support::{Test, simulator};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[test]
fn the_quickstart_runs_over_http_and_leaves_nothing_behind() {
    let (url, simulator) = simulator();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/quickstart.lua");
    let output = Test::new().args(["run", "--endpoint", &format!("cds={url}"), script.to_str().unwrap()]).run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let check = "print(#cds.ccs.DescribeInstances().Data.Instances)";
    Test::against(&url, check).prints("0\n");
    assert!(simulator.requests().iter().all(|record| record.status == Some(200)));
}

#[test]
fn one_bit_of_the_secret_makes_a_signature_error_that_the_script_sees() {
    let (url, _simulator) = simulator();
    let code = "local ok, e = pcall(cds.ccs.DescribeTags) print(ok, e.kind, e.code, e.http_status)";
    // t and u differ in one bit.
    let output = Test::against(&url, code).credentials("sim", "sim-secreu").run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(output.stdout.starts_with("false\tservice\tSignatureDoesNotMatch\t"), "{}", output.stdout);
}

/// `cumulua sim` in a process of its own, which ends with this.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cumulua"))
            .args(["sim", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.strip_prefix("listening on ").unwrap().trim().to_owned();
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
fn the_command_serves_and_says_where() {
    let served = Served::start(&["--secret", "other-secret"]);
    let right = Test::against(&served.url, "print(cds.ccs.DescribeTags().Code)").credentials("sim", "other-secret").run();
    let wrong = Test::against(&served.url, "cds.ccs.DescribeTags()").run();
    assert_eq!(right.stdout, "Success\n", "{}", right.stderr);
    assert_eq!(wrong.status, 3);
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
fn a_clock_that_is_off_is_corrected_once_and_said() {
    let (url, simulator) = simulator();
    simulator.set_clock_skew(3600);
    let output =
        Test::against(&url, "print(cds.ccs.CreateTag({ TagName = 'x' }).Code) print(meta(cds.ccs.DescribeTags()).attempts)").run();
    assert_eq!((output.status, output.stdout.as_str()), (0, "Success\n1\n"), "{}", output.stderr);
    assert_eq!(output.stderr.matches("s behind the service's").count(), 1, "{}", output.stderr);
}

#[test]
fn faults_come_from_the_command_line_and_wrong_ones_are_explained() {
    Test::new().args(["sim", "--fault", "CreateDsk:drop-after"]).fails(2, &["no Action is named CreateDsk", "CreateDisk"]);
    Test::new().args(["sim", "--fault", "CreateDisk:drop"]).fails(2, &["there is no kind of fault", "drop-after"]);
    let served = Served::start(&["--fault", "CreateTag:refuse:NotEnoughBalance,times=1"]);
    let code = "for _ = 1, 2 do print(pcall(cds.ccs.CreateTag, { TagName = 'x' })) end";
    let output = Test::against(&served.url, code).run();
    assert!(output.stdout.starts_with("false\t") && output.stdout.contains("NotEnoughBalance"), "{}", output.stdout);
    assert!(output.stdout.contains("\ntrue\t"), "{}", output.stdout);
}
