//! The prompt, driven by keys on a terminal of 80 and of 40 columns.

#![cfg(unix)]

use crate::support::simulator;
use crate::terminal::{CTRL_C, CTRL_D, ENTER, Sandbox, TAB, Terminal, UP};
use cumulua::lua::judge::{Judgement, judge};
use cumulua_simulator::{Fault, FaultRule};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const WIDTHS: [u16; 2] = [80, 40];

/// A server of the simulator, as a line of Lua.
const CREATE: &str = "r = cds.ccs.CreateInstance { RegionId = 'CN_Beijing_A', VdcId = '0bb08ed7-e686-4168-93e5-e0187579753b', \
                      InstanceName = 'web', Cpu = 4, Ram = 8, InstanceType = 'CCS.C3', Password = secret 'vm-password' }";

fn at_both_widths(test: impl Fn(Terminal)) {
    for width in WIDTHS {
        test(Sandbox::new().simulated(width));
    }
}

/// A sandbox whose profile `there` has the simulator at this URL, marked as production or not.
fn with_profile(url: &str, is_production: bool) -> Sandbox {
    let config = format!(
        "profile = \"there\"\n[profiles.there]\nregion = \"cn\"\nproduction = {is_production}\n[profiles.there.cds]\nendpoint = {url:?}\n\
         [profiles.other]\nregion = \"us\"\n[profiles.other.cds]\nendpoint = {url:?}\n"
    );
    Sandbox::new()
        .file("config/cumulua/cumulua.toml", &config)
        .env("VM_PASSWORD", "Simulated-1!")
}

#[test]
fn locals_outlive_their_line_and_values_are_shown() {
    at_both_widths(|mut terminal| {
        terminal
            .line("local x = 20")
            .enter("x + 1", "\n21")
            .enter("_ * 2", "\n42")
            .line("local function double(n) return 2 * n end");
        terminal.enter("double(x), 'te' .. 'xt'", "40\n\"text\"");
        terminal.enter("nil", "\nnil\n");
        terminal.line("do local x = 1 end").enter("x + 11", "\n31");
    });
}

#[test]
fn a_byte_that_is_no_utf8_ends_neither_the_line_nor_the_session() {
    at_both_widths(|mut terminal| {
        for (number, (before, bytes, after)) in [
            ("", &b"\xff"[..], "21 + 20"),
            ("21 ", &b"\xc3\x28"[..], "+ 20"),
            ("21 +", &b"\xf0\x9f\x98x"[..], " 20"),
            ("2", &b"\xff\xfe os.exit(3)\r"[..], "1 + 20"),
        ]
        .into_iter()
        .enumerate()
        {
            terminal
                .keys(before)
                .bytes_as_keys(bytes)
                .expect_count("a byte that is no UTF-8", number + 1);
            terminal.enter(after, "\n41");
        }
    });
}

#[test]
fn on_a_dumb_terminal_a_line_that_is_no_utf8_is_left_out() {
    let mut terminal = Sandbox::new().env("TERM", "dumb").simulated(80);
    terminal
        .bytes_as_keys(b"os.exit(3) \xff\n")
        .expect("a byte that is no UTF-8");
    terminal.keys("21 + 20\n").expect("41");
    terminal.keys(CTRL_D).expect_success();
}

#[test]
fn each_input_has_a_place_of_its_own_in_the_run() {
    at_both_widths(|mut terminal| {
        let place = "meta(cds.ccs.DescribeTags()).place.path";
        terminal
            .enter(place, "\"i1\"")
            .line("x = 1")
            .enter(place, "\"i3\"");
    });
}

#[test]
fn closures_and_later_lines_see_the_same_variable() {
    at_both_widths(|mut terminal| {
        terminal.line("local n = 0; local function up() n = n + 1; return n end");
        terminal
            .line("up()")
            .line("n = n + 10")
            .enter("up() + 100", "\n112");
        terminal
            .line("local n = 5")
            .enter("up() .. '-' .. n", "\"13-5\"");
        terminal
            .line("local limit <const> = 3")
            .enter("limit = 4", "attempt to assign to const variable 'limit'");
    });
}

#[test]
fn a_line_that_fails_keeps_what_it_had_set() {
    at_both_widths(|mut terminal| {
        terminal.enter("local a, b = 7; b = 8; error('half' .. 'way')", "halfway");
        terminal.enter("a * 100 + b", "\n708");
        terminal
            .line("local k = 1; keep = function() return k end")
            .enter("local k = missing()", "missing");
        terminal.enter("k + 500", "\n501");
    });
}

#[test]
fn a_chunk_goes_on_until_it_is_complete() {
    at_both_widths(|mut terminal| {
        terminal
            .line("local sum = 0")
            .line("for i = 1, 4 do")
            .line("  sum = sum + i")
            .enter("end", ">");
        terminal.enter("sum * 1000", "\n10000");
        terminal.line("{ 'a',").enter("'b' }", "{ \"a\", \"b\" }");
        terminal
            .line("t = [[one")
            .line("two]]")
            .enter("#t .. '!'", "\"7!\"");
    });
}

#[test]
fn ten_thousand_pasted_lines_run_at_once() {
    at_both_widths(|mut terminal| {
        let lines: Vec<String> = (1..=10_000)
            .map(|number| format!("local v{number} = {number}"))
            .collect();
        terminal.keys(&format!("\u{1b}[200~{}\u{1b}[201~", lines.join("\n")));
        terminal
            .expect("local v10000 = 10000")
            .keys(ENTER)
            .expect(">");
        terminal.enter("v1 + v201 + v9999", "10201");
    });
}

#[test]
fn a_pasted_text_that_is_no_chunk_runs_line_by_line() {
    at_both_widths(|mut terminal| {
        terminal.keys(
            "\u{1b}[200~y = 30\ny + 3\nfor i = 5, 5 do\n  print('i' .. i)\nend\ny + 4\u{1b}[201~\r",
        );
        terminal
            .expect_line("33")
            .expect_line("i5")
            .expect_line("34");
        terminal.keys("\u{1b}[200~y + 5\nmissing()\ny + 6\u{1b}[201~\r");
        terminal.expect("1 more of the pasted inputs did not run");
    });
}

#[test]
fn the_history_is_the_projects_own_and_never_holds_a_secret() {
    for width in WIDTHS {
        let sandbox = Sandbox::new().file("cumulua.toml", "[profiles.x]\n");
        let mut terminal = sandbox.simulated(width);
        terminal
            .enter("6 * 111", "\n666")
            .enter("t = { Password = 'hunter22' }", ">")
            .enter("'pw-is-' .. 'geheim33'", "pw-is-geheim33");
        let call = CREATE
            .replace("secret 'vm-password'", "'geheim33' .. 'X-1'")
            .replace("Password", "[\"Pass\" .. \"word\"]");
        terminal
            .enter(&call, ">")
            .enter(" 7 * 111", "\n777")
            .keys(CTRL_D)
            .expect_success();
        let projects = sandbox.path("state/cumulua/projects");
        let file = fs::read_dir(projects)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let kept = fs::read_to_string(&file).unwrap();
        assert!(
            kept.contains("6 * 111") && !kept.contains("hunter22") && !kept.contains("7 * 111"),
            "{kept}"
        );
        let mut terminal = sandbox.simulated(width);
        terminal
            .keys("\u{12}6 *")
            .expect("reverse-i-search")
            .keys(ENTER)
            .expect("\n666");
        assert!(!sandbox.path("state/cumulua/history").exists());
    }
}

#[test]
fn a_line_whose_secret_becomes_known_later_leaves_the_history() {
    let sandbox = Sandbox::new();
    let mut terminal = sandbox.simulated(80);
    terminal
        .enter("local pw = 'Geheim-33'", ">")
        .enter(&CREATE.replace("secret 'vm-password'", "pw"), ">");
    let kept = fs::read_to_string(sandbox.path("state/cumulua/history")).unwrap();
    assert!(
        kept.contains("CreateInstance") && !kept.contains("Geheim"),
        "{kept}"
    );
    terminal
        .keys(UP)
        .keys(UP)
        .keys(UP)
        .line("")
        .enter("40 + 2", "\n42");
    assert!(
        terminal.screen().matches("Geheim").count() == 1,
        "{}",
        terminal.screen()
    );
}

#[test]
fn a_history_that_cannot_be_written_is_reported_once() {
    let mut terminal = Sandbox::new().file("state", "no folder").simulated(80);
    terminal
        .enter("1 + 1", "the history cannot be written")
        .enter("2 + 2", "\n4")
        .enter("3 + 3", "\n6");
    assert_eq!(
        terminal.screen().matches("the history cannot").count(),
        1,
        "{}",
        terminal.screen()
    );
}

#[test]
fn completion_offers_what_can_stand_there_with_its_summary() {
    for width in WIDTHS {
        let sandbox = Sandbox::new()
            .file("tools/net.lua", "-- Networks\nreturn {}")
            .file("tidy.lua", "-- Tidies up\nreturn {}");
        let mut terminal = sandbox.simulated(width);
        let mut offers = |keys: &str, words: &[&str]| {
            terminal.keys(keys).keys(TAB);
            for word in words {
                terminal.expect(word);
            }
            terminal.press_ctrl_c();
        };
        offers("cds.", &["ccs", "Cloud servers", "vpc"]);
        offers(
            "cds.ccs.DescribeInst",
            &["DescribeInstanceMonitor  Reads", "DescribeInstances"],
        );
        offers("cds.oss_suqian.", &["Deprecated: "]);
        offers("cds.ccs.CreateInstance { V", &["{ VdcId ="]);
        offers(
            "cds.ccs.CreateInstance { DataDisks = { { Si",
            &["{ { Size ="],
        );
        offers(
            "cds.ccs.CreateInstance { RegionId = 'CN_Gua",
            &["CN_Guangzhou_A"],
        );
        offers("require 'ti", &["require 'tidy'"]);
        offers(":ti", &[":timing"]);
        offers("wai", &["wait"]);
        terminal.line("answer = cds.ccs.DescribeInstances()");
        terminal
            .keys("answer.Data.Ins")
            .keys(TAB)
            .expect("answer.Data.Instances")
            .keys("[1].")
            .keys(TAB);
        terminal.expect("InstanceName").expect("InstanceStatus");
    }
}

#[test]
fn ctrl_c_leaves_a_list_that_fills_the_screen() {
    for (width, keys) in [(80, ""), (40, "\r\r")] {
        let mut terminal = Sandbox::new().rows(10).simulated(width);
        terminal.keys("cds.ecs.").keys(TAB).expect("--More--");
        terminal
            .keys(keys)
            .keys(CTRL_C)
            .expect_line("simulator cn> cds.ecs.");
        terminal.press_ctrl_c().enter("1 + 1", "\n2");
    }
}

#[test]
fn the_hint_has_the_parameters_that_are_still_missing() {
    for (width, words, fewer) in [
        (
            80,
            "RegionId, VdcId, Password, InstanceName, Cpu,",
            "RegionId, InstanceName, Cpu,",
        ),
        (
            40,
            "RegionId, VdcId, Password, …",
            "Password = 2,  RegionId, …",
        ),
    ] {
        let mut terminal = Sandbox::new().simulated(width);
        terminal.line("cds.ccs.CreateInstance {").expect(words);
        terminal.keys("VdcId = 1, Password = 2,").expect(fewer);
        let screen = terminal.screen();
        assert!(
            screen
                .lines()
                .all(|line| line.chars().count() <= usize::from(width)),
            "{screen}"
        );
        assert_eq!(
            screen.lines().filter(|line| !line.is_empty()).count(),
            3,
            "a hint takes no line of its own: {screen}"
        );
    }
    let mut terminal = Sandbox::new().simulated(80);
    terminal
        .keys("cds.ccs.CreateInstance")
        .expect("{ RegionId, VdcId, Password, …");
}

#[test]
fn records_are_tables_that_fit_and_other_values_are_readable() {
    for width in WIDTHS {
        let mut terminal = Sandbox::new().simulated(width);
        terminal.line("rows = {}");
        terminal.line("for i = 1, 3 do rows[i] = { Id = 'i-' .. i, Name = 'web' .. i, Status = 'up', Zone = ('z'):rep(30), Disks = { {}, {} } } end");
        terminal.enter("rows", "│ web3");
        let screen = terminal.screen();
        let mut table = screen
            .lines()
            .filter(|line| line.starts_with(['│', '┌', '╞', '└']));
        assert!(
            table.all(|line| line.chars().count() <= usize::from(width)),
            "{screen}"
        );
        let head = screen
            .lines()
            .find(|line| line.contains("│ Name"))
            .unwrap()
            .to_owned();
        assert!(
            head.find("Name") < head.find("Id") && head.find("Id") < head.find("Status"),
            "{head}"
        );
        terminal.enter("pp({ b = { 1, 2 } }, 'json')", "\"b\": [");
        terminal
            .line("loop = {}; loop.me = loop")
            .enter("loop", "itself");
        terminal.enter("'\\u{4e91}服务器'", "\"云服务器\"");
    }
}

#[test]
fn a_hundred_thousand_entries_are_cut_and_long_values_go_through_the_pager() {
    for width in WIDTHS {
        let sandbox = Sandbox::new()
            .rows(24)
            .env("PAGER", "cat > paged; echo pager was here");
        let mut terminal = sandbox.simulated(width);
        terminal
            .line("big = {} for i = 1, 100000 do big[i] = { n = i } end")
            .enter("big", "pager was here");
        let paged = fs::read_to_string(sandbox.path("paged")).unwrap();
        assert!(
            paged.contains("and 98000 more"),
            "{}",
            paged.lines().last().unwrap()
        );
        terminal.enter("1 + 1", "\n2");
    }
}

#[test]
fn help_shows_the_catalogues_pages() {
    at_both_widths(|mut terminal| {
        terminal.enter("help", ":save FILE [FROM-TO]");
        terminal.enter("?cds.ccs.DescribeTags", "Lists all tags of the account");
        terminal.enter("help(cds.ccs.DeleteTag)", "cds.ccs.DeleteTag");
        terminal.enter("help \"create tag\"", "cds.ccs.CreateTag");
        terminal
            .line("local stop = cds.ccs.StopInstance")
            .enter("?stop", "cds.ccs.StopInstance");
        terminal.enter("?nothing of that kind", "not in the catalogue");
        let widest = terminal
            .screen()
            .lines()
            .map(|line| line.chars().count())
            .max()
            .unwrap();
        assert!(widest <= 80, "{}", terminal.screen());
    });
}

#[test]
fn ctrl_c_stops_a_loop_a_sleep_and_a_call_and_the_session_goes_on() {
    let (url, simulator) = simulator();
    simulator.fault(FaultRule::new(Fault::Delay(Duration::from_hours(1))));
    for width in WIDTHS {
        let sandbox = with_profile(&url, false);
        let mut terminal = sandbox.open(width, &[]);
        terminal.expect("there cn>").line("local kept = 41");
        for (index, code) in [
            "while true do pcall(function() while true do end end) end",
            "time.sleep('1h')",
            "cds.ccs.DescribeTags()",
        ]
        .into_iter()
        .enumerate()
        {
            terminal
                .line(&format!("print('begun', {index}) {code}"))
                .expect(&format!("begun\t{index}\n").replace('\t', " "));
            terminal.keys(CTRL_C).expect_count("interrupted", index + 1);
        }
        terminal.enter("kept + 1", "\n42");
    }
}

#[test]
fn ctrl_c_prints_what_goes_on_in_the_cloud_and_how_to_wait_for_it() {
    let (url, simulator) = simulator();
    simulator.fault(FaultRule::new(Fault::TaskHangs));
    for width in WIDTHS {
        let sandbox = with_profile(&url, false);
        let mut terminal = sandbox.open(width, &[]);
        terminal.expect("there cn>").line(CREATE);
        terminal
            .line("print('wai' .. 'ting') wait(r)")
            .expect("waiting")
            .keys(CTRL_C);
        terminal
            .expect("still running in the cloud: cds_task")
            .expect("wait(task(\"cds_task\"");
        terminal.enter("1 + 1", "\n2");
    }
}

#[test]
fn a_second_ctrl_c_asks_before_leaving() {
    at_both_widths(|mut terminal| {
        terminal.keys("typed").expect("> typed").press_ctrl_c();
        terminal
            .keys(CTRL_C)
            .expect("Leave? [y/N]")
            .enter("n", "n")
            .enter("1 + 1", "\n2");
        terminal.press_ctrl_c().expect("Ctrl-C again").keys(CTRL_C);
        terminal.expect_count("Leave? [y/N]", 2);
        terminal.line("y").expect_success();
    });
}

#[test]
fn a_job_runs_behind_and_its_result_comes_above_the_typed_line() {
    let (url, simulator) = simulator();
    simulator.fault(FaultRule::new(Fault::TaskHangs));
    for width in WIDTHS {
        let sandbox = with_profile(&url, false).file("go.lua", "return os.rename('wait', 'went')");
        let mut terminal = sandbox.open(width, &[]);
        terminal.expect("there cn>");
        terminal.enter(
            "&while not io.open('go') do time.sleep(0.02) end print('beh' .. 'ind') return 40 + 2",
            "[1] runs in the background",
        );
        terminal.enter("jobs", "[1] for").enter("20 + 3", "\n23");
        terminal.keys("local typed = 'half").expect("'half");
        fs::write(sandbox.path("go"), "").unwrap();
        terminal
            .expect("behind")
            .expect("[1] done after")
            .expect_line("42");
        terminal
            .enter(" way'", ">")
            .enter("typed .. '!'", "\"half way!\"");
        terminal
            .enter("&time.sleep('1h')", "[2] runs")
            .enter(":stop 2", "[2] stopped");
        terminal.enter("&error('ou' .. 'ch')", "ouch");
        terminal.enter("jobs", "nothing runs in the background");
    }
}

#[test]
fn what_a_job_writes_in_pieces_comes_above_the_typed_line() {
    for width in WIDTHS {
        let sandbox = Sandbox::new();
        let mut terminal = sandbox.open(width, &[]);
        let job = "&while not io.open('go') do time.sleep(0.02) end io.write('one ', 1) io.stdout:write('\\ntwo') print(2) pp { 3 } io.write('end')";
        terminal.expect("default").enter(job, "[1] runs");
        terminal.keys("local typed = 'half").expect("'half");
        fs::write(sandbox.path("go"), "").unwrap();
        terminal
            .expect_line("one 1")
            .expect_line("two2")
            .expect_line("{ 3 }")
            .expect_line("end")
            .expect("[1] done");
        terminal
            .enter(" way'", ">")
            .enter("typed .. '!'", "\"half way!\"");
    }
}

#[test]
fn a_job_that_computes_lets_lines_and_other_jobs_go_on() {
    at_both_widths(|mut terminal| {
        terminal
            .enter(
                "&while not is_done do end return 'ended' .. ' it'",
                "[1] runs",
            )
            .enter(
                "&while true do pcall(function() while true do end end) end",
                "[2] runs",
            )
            .enter("time.sleep(0.1) return 40 + 2", "\n42")
            .enter("&time.sleep(0.1) return 'slept' .. ' too'", "slept too")
            .line("print('be' .. 'gun') while true do end")
            .expect("begun")
            .keys(CTRL_C)
            .expect("interrupted")
            .enter(":stop 2", "[2] stopped")
            .enter("is_done = true", "ended it")
            .enter(":jobs", "nothing runs");
    });
}

#[test]
fn a_line_of_output_without_an_end_is_shown_before_the_prompt() {
    at_both_widths(|mut terminal| {
        terminal
            .line("io.write('a', 1)")
            .expect_line("a1")
            .expect_line("simulator cn>");
        terminal
            .line("io.write('What' .. '? ') answer = io.read()")
            .expect("What?")
            .line("this");
        terminal.enter("answer .. '!'", "\"this!\"");
    });
}

#[test]
fn a_script_reads_what_is_typed_as_a_file() {
    at_both_widths(|mut terminal| {
        terminal
            .line("io.write('Two num' .. 'bers? ') x, y, rest = io.read('n', 'n', 'l')")
            .expect("Two numbers?")
            .line("3 0x10 more");
        terminal.enter("x + y .. rest", "\"19 more\"");
        terminal
            .line("io.write('A' .. 'll? ') text = io.read('a')")
            .expect("All?")
            .line("one")
            .line("two")
            .keys(CTRL_D);
        terminal.enter("text .. '!'", "\"one\\ntwo\\n!\"");
        terminal
            .line("io.write('Li' .. 'nes? ') n = 0 for line in io.lines() do n = n + #line end")
            .expect("Lines?");
        terminal.line("12345").line("678").keys(CTRL_D);
        terminal
            .enter("n * 100", "\n800")
            .enter("io.read('x')", "io.read takes")
            .enter("&io.read()", "cannot read what is typed");
    });
}

#[test]
fn ctrl_c_ends_a_question_and_the_session_goes_on() {
    at_both_widths(|mut terminal| {
        terminal.enter("local kept = 41", ">");
        terminal
            .line("io.write('Wh' .. 'at? ') answer = io.read()")
            .expect("What?")
            .keys("half")
            .expect("What? half");
        terminal
            .keys(CTRL_C)
            .expect("interrupted")
            .enter("kept + 1", "\n42")
            .enter("answer", "\nnil");
        terminal
            .line("io.write('Ag' .. 'ain? ') answer = io.read()")
            .expect("Again?")
            .line("whole");
        terminal.enter("answer .. '!'", "\"whole!\"");
    });
}

#[test]
fn jobs_go_on_while_a_script_has_the_pager() {
    let sandbox = Sandbox::new()
        .rows(24)
        .env("PAGER", "cat > paged; cat unblock");
    assert!(
        Command::new("mkfifo")
            .arg(sandbox.path("unblock"))
            .status()
            .unwrap()
            .success()
    );
    let mut terminal = sandbox.open(80, &[]);
    terminal
        .expect("default")
        .enter("big = {} for i = 1, 50 do big[i] = 'x' .. i end", ">");
    let job = "&while not io.open('paged') do time.sleep(0.02) end local f = io.open('unblock', 'w') f:write('the job ' .. 'ran\\n') f:close()";
    terminal
        .enter(job, "[1] runs")
        .enter("pp(big)", "the job ran")
        .enter("1 + 1", "\n2");
}

#[test]
fn a_job_that_prints_a_lot_does_not_stop_the_keys() {
    let mut terminal = Sandbox::new().simulated(80);
    terminal.line("&for i = 1, 5000 do print('chat', i) end print('chat' .. 'ted')");
    for number in 0..5 {
        terminal.line(&format!("{number} + 700"));
    }
    terminal
        .expect_line("chatted")
        .expect_line("704")
        .expect("[1] done");
    terminal.enter("40 + 2", "\n42");
}

#[test]
fn jobs_go_on_while_a_pager_has_the_terminal() {
    for width in WIDTHS {
        let sandbox = Sandbox::new().rows(24).env(
            "PAGER",
            "touch paging; until [ -e done ]; do :; done; cat > /dev/null; echo pager saw it",
        );
        let mut terminal = sandbox.open(width, &[]);
        terminal
            .expect("default")
            .line("big = {} for i = 1, 100 do big[i] = 'line ' .. i end");
        terminal
            .enter("&while not io.open('paging') do time.sleep(0.02) end io.open('done', 'w') print('be' .. 'hind')", "[1] runs");
        terminal
            .line("big")
            .expect("pager saw it")
            .expect("behind")
            .enter("1 + 1", "\n2");
        terminal
            .enter(
                "print('be' .. 'gun') pp(big) return 'aft' .. 'er'",
                "\"after\"",
            )
            .expect_count("pager saw it", 2);
    }
}

#[test]
fn ctrl_c_in_the_foreground_leaves_jobs_alone() {
    let sandbox = Sandbox::new();
    let mut terminal = sandbox.open(80, &[]);
    terminal
        .expect("default")
        .line("&while not io.open('go') do time.sleep(0.02) end return 'job' .. ' lives'");
    terminal
        .line("print('beg' .. 'un') time.sleep('1h')")
        .expect("begun")
        .keys(CTRL_C);
    terminal.expect("interrupted");
    fs::write(sandbox.path("go"), "").unwrap();
    terminal.expect("\"job lives\"");
}

#[test]
fn commands_change_the_profile_the_region_and_what_is_shown() {
    let (url, _simulator) = simulator();
    for width in WIDTHS {
        let mut terminal = with_profile(&url, false).open(width, &[]);
        terminal.expect("there cn>");
        terminal
            .enter(":profile", "there are: other, there")
            .line(":profile other");
        terminal.expect("other us>").line(":region asia");
        terminal.expect("other asia>");
        terminal
            .enter(":region nowhere", "no product has a region")
            .enter(":profile otter", "did you mean other");
        terminal
            .enter(":timing", "each line's time")
            .enter("1 + 1", "took 0.");
        terminal
            .enter("cds.ccs.DescribeTags()", "took")
            .enter(":audit", "cds.ccs.DescribeTags done");
        terminal.enter(":quti", "did you mean quit");
    }
}

#[test]
fn a_session_is_saved_as_a_script_that_runs_by_itself() {
    for width in WIDTHS {
        let sandbox = Sandbox::new();
        let mut terminal = sandbox.simulated(width);
        terminal
            .line("local n = 20")
            .enter("n + 1", "\n21")
            .enter("missing()", "missing")
            .enter("print('last was ' .. _)", "last was 21");
        terminal
            .enter(&CREATE.replace("secret 'vm-password'", "'Geheim-33'"), ">")
            .enter("#wait(r)", "\n1");
        terminal
            .enter(":lines", "secret \"password\"")
            .enter(":save all.lua", "written to all.lua")
            .enter(":save part.lua 1-2", "part.lua");
        terminal.enter(":save all.lua", "exists");
        let script = fs::read_to_string(sandbox.path("all.lua")).unwrap();
        assert!(
            !script.contains("Geheim") && script.contains("secret \"password\""),
            "{script}"
        );
        let run = |name: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_cumulua"));
            let output = command
                .args(["run", "--sim", name])
                .current_dir(sandbox.folder())
                .env_clear()
                .env("HOME", sandbox.folder())
                .output();
            let output = output.unwrap();
            assert!(
                output.status.success(),
                "{script}\n{}",
                String::from_utf8_lossy(&output.stderr)
            );
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        assert_eq!(run("all.lua"), "last was 21\n");
        assert_eq!(run("part.lua"), "21\n");
        terminal
            .enter(":reset", "a new session")
            .enter("n", "\nnil")
            .enter(":load part.lua", "21")
            .enter("n + 5", "\n25");
        terminal.line(":quit").expect_success();
    }
}

#[test]
fn more_locals_than_a_function_may_have_are_saved_too() {
    let sandbox = Sandbox::new();
    let mut terminal = sandbox.simulated(80);
    let lines: Vec<String> = (1..=300)
        .map(|number| format!("local v{number} = {number}"))
        .collect();
    let lines = lines.join(" ");
    terminal
        .enter(&format!("\u{1b}[200~{lines}\u{1b}[201~"), ">")
        .enter("v1 + v300", "\n301")
        .enter(":save many.lua", "written");
    let output = Command::new(env!("CARGO_BIN_EXE_cumulua"))
        .args(["run", "many.lua"])
        .current_dir(sandbox.folder())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "301\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_last_line_is_edited_and_runs() {
    for width in WIDTHS {
        let sandbox = Sandbox::new().env("EDITOR", "sed -i s/20/50/");
        let mut terminal = sandbox.simulated(width);
        terminal.enter("20 + 3", "\n23").enter(":edit", "\n53");
        assert!(
            fs::read_dir(sandbox.folder())
                .unwrap()
                .flatten()
                .all(|entry| entry.path().extension().is_none_or(|e| e != "lua"))
        );
    }
}

#[test]
fn production_is_marked_and_asks_before_what_destroys_or_costs() {
    let (url, simulator) = simulator();
    for width in WIDTHS {
        let sandbox = with_profile(&url, true);
        let mut terminal = sandbox.open(width, &[]);
        terminal.expect("there! cn>");
        assert!(
            terminal.bytes().contains("\u{1b}[1m\u{1b}[31mthere!"),
            "{:?}",
            terminal.bytes()
        );
        let before = simulator.requests().len();
        terminal
            .line(CREATE)
            .expect("costs")
            .expect("InstanceName")
            .expect("Send it to there? [y/N]")
            .line("");
        terminal.expect("it was not confirmed");
        let screen = terminal.screen();
        assert!(
            screen.contains("[secret]") && !screen.contains("Simulated-1!"),
            "{screen}"
        );
        assert_eq!(simulator.requests().len(), before);
        terminal
            .line(CREATE.trim_start_matches("r = "))
            .expect_count("Send it to there? [y/N]", 2);
        terminal.line("y").expect("TaskId");
        assert_eq!(simulator.requests().len(), before + 1);
        terminal.enter("cds.ccs.DescribeTags()", "Success");
        terminal.enter(&format!("&{CREATE}"), "a line in the background cannot ask");
        assert_eq!(simulator.requests().len(), before + 2);
        // A script is not asked.
        let mut script = Command::new(env!("CARGO_BIN_EXE_cumulua"));
        let output = script
            .args(["run", "-e", CREATE])
            .current_dir(sandbox.folder())
            .env_clear()
            .envs([
                ("HOME", sandbox.folder()),
                ("XDG_CONFIG_HOME", &sandbox.path("config")),
            ])
            .env("VM_PASSWORD", "Simulated-1!")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn an_answer_that_was_typed_before_the_question_counts_for_nothing() {
    let (url, simulator) = simulator();
    let sandbox = with_profile(&url, true);
    let mut terminal = sandbox.open(80, &[]);
    terminal.expect("there! cn>");
    terminal
        .line(&format!(
            "while not io.open('go') do time.sleep(0.02) end {CREATE}"
        ))
        .keys("y\r")
        .expect("\ny");
    fs::write(sandbox.path("go"), "").unwrap();
    terminal
        .expect("Send it to there? [y/N]")
        .line("")
        .expect("it was not confirmed");
    assert_eq!(simulator.requests().len(), 0);
}

#[test]
fn a_signal_ends_a_session_that_asks() {
    let (url, simulator) = simulator();
    let mut terminal = with_profile(&url, true).open(80, &[]);
    terminal
        .expect("there! cn>")
        .line("cds.ccs.DeleteTag { TagId = 300 }")
        .expect("Send it to there? [y/N]");
    terminal.signal(rexpect::process::Signal::SIGTERM);
    assert_eq!(terminal.expect_end(), 0);
    assert_eq!(simulator.requests().len(), 0);
}

#[test]
fn tasks_side_by_side_ask_one_after_the_other() {
    let (url, simulator) = simulator();
    let mut terminal = with_profile(&url, true).open(80, &[]);
    terminal.expect("there! cn>");
    let delete = "function() return cds.ccs.DeleteTag { TagId = 300 } end";
    terminal
        .line(&format!(
            "parallel({{ {delete}, {delete} }}, {{ settle = true }})"
        ))
        .expect("Send it to there? [y/N]");
    terminal
        .line("n")
        .expect_count("Send it to there? [y/N]", 2);
    assert_eq!(simulator.requests().len(), 0);
    terminal.line("y").expect("error");
    assert_eq!(simulator.requests().len(), 1);
}

#[test]
fn an_error_takes_one_screen_and_the_rest_is_shown_on_demand() {
    for width in WIDTHS {
        let mut terminal = Sandbox::new().rows(30).simulated(width);
        terminal
            .line("local function inner() error('bro' .. 'ken') end")
            .line("local function outer() inner() end");
        terminal
            .enter("outer()", "broken")
            .expect(":trace shows the rest");
        terminal.expect("input[1]:1");
        let screen = terminal.screen();
        let underline: Vec<&str> = screen
            .lines()
            .filter(|line| line.contains('─') && !line.contains("input["))
            .collect();
        assert!(
            underline.iter().any(|line| line.contains("╰── here")) && underline.len() <= 3,
            "{screen}"
        );
        terminal
            .enter(":trace", "stack traceback")
            .enter("1 +* 1", "unexpected symbol near '*'");
    }
}

#[test]
fn whatever_is_raised_is_shown_with_its_place() {
    at_both_widths(|mut terminal| {
        terminal
            .enter(
                "error({ code = 7, why = 'x' })",
                "a table was raised: { code = 7, why = \"x\" }",
            )
            .expect("╰── here");
        terminal.enter(
            "error(setmetatable({}, { __tostring = function() return 'own' .. 'text' end }))",
            "owntext",
        );
        terminal
            .enter("error()", "nil was raised")
            .enter("error(true)", "a boolean was raised: true");
    });
}

#[test]
fn an_error_in_an_expression_is_shown_in_its_line() {
    at_both_widths(|mut terminal| {
        terminal
            .enter(
                "nowhere.Data -- of the answer",
                "attempt to index a nil value",
            )
            .expect("input[1]:1")
            .expect("╰── here");
    });
}

#[test]
fn many_faults_are_cut_to_the_screen() {
    let mut terminal = Sandbox::new().rows(16).env("PAGER", "").simulated(80);
    terminal.enter("error(('a line\\n'):rep(50))", ":trace shows the rest");
    let screen = terminal.screen();
    assert!(
        screen.contains("error(("),
        "the typed line is still on the screen: {screen}"
    );
    terminal.enter("1 + 1", "\n2");
}

#[test]
fn what_was_deferred_runs_at_the_end() {
    at_both_widths(|mut terminal| {
        terminal.line("defer(function() print('tidied' .. ' up') end)");
        terminal.line("local f <close> = setmetatable({}, { __close = function() print('clo' .. 'sed') end })");
        terminal
            .keys(CTRL_D)
            .expect("running what was deferred")
            .expect("closed\ntidied up")
            .expect_success();
    });
}

/// The fenced block of the guide that shows a session.
fn transcript() -> Vec<String> {
    let guide =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guide/prompt.md")).unwrap();
    let start = guide.find("```text\nsimulator cn> ").unwrap() + "```text\n".len();
    guide[start..]
        .split("```")
        .next()
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_guides_session_goes_as_written_there() {
    const PROMPT: &str = "simulator cn> ";
    let lines = transcript();
    let mut terminal = Sandbox::new().simulated(80);
    let mut rest = lines.iter().peekable();
    while let Some(line) = rest.next() {
        let Some(first) = line.strip_prefix(PROMPT) else {
            continue;
        };
        let mut input = first.to_owned();
        while judge(&input) == Judgement::Incomplete && !input.starts_with([':', '&']) {
            terminal.line(input.lines().last().unwrap());
            input = format!("{input}\n{}", rest.next().unwrap());
        }
        terminal.enter(input.lines().last().unwrap(), "");
    }
    let shown = terminal.screen();
    let session: Vec<&str> = shown
        .lines()
        .skip_while(|line| !line.starts_with(PROMPT))
        .map(str::trim_end)
        .collect();
    let session: Vec<&str> = session.into_iter().take(lines.len()).collect();
    assert_eq!(session, lines, "{shown}");
}

/// Every Lua file below a folder of the repository.
fn lua_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .unwrap()
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            found.extend(lua_files(path.to_str().unwrap()));
        } else if path.extension().is_some_and(|extension| extension == "lua") {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_script_runs_at_the_prompt_as_by_itself() {
    let mut judged = 0;
    for path in lua_files("tests/lua")
        .into_iter()
        .chain(lua_files("scripts"))
        .chain(lua_files("src"))
    {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let text = text.trim_start_matches('\u{feff}');
        let text = if text.starts_with('#') {
            format!("--{text}")
        } else {
            text.to_owned()
        };
        let is_lua = !path.ends_with("broken.lua") && !text.contains("\u{1b}Lua");
        assert_eq!(
            judge(&text) == Judgement::Whole,
            is_lua,
            "{}",
            path.display()
        );
        judged += 1;
    }
    assert!(judged > 30, "{judged}");
    let sandbox = Sandbox::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/quickstart.lua");
    let mut terminal = sandbox.simulated(80);
    terminal.enter(&format!(":load {}", script.display()), "deleted");
}

#[test]
fn os_exit_leaves_with_its_status_and_a_signal_puts_the_terminal_back() {
    let mut terminal = Sandbox::new().simulated(80);
    assert_eq!(terminal.line("os.exit(7)").expect_end(), 7);
    let mut terminal = Sandbox::new().simulated(80);
    assert_eq!(terminal.line("&os.exit(8)").expect_end(), 8);
    let mut terminal = Sandbox::new().simulated(80);
    terminal.keys("half a line").expect("half a line");
    terminal.signal(rexpect::process::Signal::SIGTERM);
    assert_eq!(terminal.expect_end(), 0);
}

#[test]
fn standard_input_that_is_no_terminal_is_a_script() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cumulua"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(
        &mut child.stdin.take().unwrap(),
        b"local x = 20\nprint(x + 1)",
    )
    .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.stdout.as_slice(), output.stderr.as_slice()),
        (b"21\n".as_slice(), b"".as_slice())
    );
}

#[test]
fn without_color_there_is_none_and_production_is_still_marked() {
    let (url, _simulator) = simulator();
    for width in WIDTHS {
        let mut terminal = with_profile(&url, true)
            .env("NO_COLOR", "1")
            .open(width, &[]);
        terminal.expect("there! cn>").line("missing()");
        terminal.expect("attempt to call");
        assert!(
            !terminal.bytes().contains("\u{1b}[3") && !terminal.bytes().contains("\u{1b}[1m"),
            "{:?}",
            terminal.bytes()
        );
    }
}

#[test]
fn a_dumb_terminal_is_enough() {
    for width in WIDTHS {
        let mut terminal = Sandbox::new().env("TERM", "dumb").open(width, &["--sim"]);
        terminal
            .expect("simulator cn>")
            .enter("local x = 20", ">")
            .enter("x + 1", "\n21");
        // A note waits for the next line there.
        terminal
            .enter("&40 + 2", "[1] runs")
            .enter("1", "\n1")
            .enter("2", "[1] done");
        terminal
            .line("for i = 8, 8 do")
            .enter("print('i' .. i) end", "i8");
        assert!(
            !terminal.bytes().contains('\u{1b}'),
            "{:?}",
            terminal.bytes()
        );
    }
}

#[test]
fn wide_characters_are_edited_as_what_they_are() {
    at_both_widths(|mut terminal| {
        terminal
            .keys("x = '服务器'")
            .keys("\u{1b}[D\u{1b}[D\u{7f}")
            .keys("云")
            .keys(ENTER);
        terminal
            .enter("x .. utf8.len(x)", "\"服云器3\"")
            .enter("服", "unexpected symbol");
    });
}
