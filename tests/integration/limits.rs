//! Limits hold against runaway Lua.

use crate::support::Test;

fn limited(code: &str) -> Test {
    Test::new().args([
        "run",
        "--timeout",
        "300ms",
        "--max-memory",
        "32M",
        "-e",
        code,
    ])
}

#[test]
fn an_endless_loop_ends_in_time() {
    limited("while true do end").fails(124, &["did not end within its 0.3 s"]);
}

#[test]
fn pcall_does_not_swallow_the_end() {
    limited("while true do pcall(function() while true do end end) end").fails(124, &[]);
    limited("while true do xpcall(function() while true do end end, function() while true do end end) end").fails(124, &[]);
}

#[test]
fn coroutines_do_not_escape_the_end() {
    limited("local co = coroutine.wrap(function() while true do pcall(function() while true do end end) end end) while true do pcall(co) end")
        .fails(124, &[]);
    limited(
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
    )
    .fails(124, &[]);
}

#[test]
fn a_pattern_match_inside_c_is_left_behind() {
    limited("string.rep('a', 40000):find(('a*'):rep(30) .. 'b')").fails(124, &["did not react"]);
}

#[test]
fn sleeping_ends_in_time() {
    limited("time.sleep('1h')").fails(124, &[]);
}

#[test]
fn memory_is_limited_and_pcall_does_not_swallow_that() {
    let limited =
        |code| Test::new().args(["run", "--timeout", "60s", "--max-memory", "32M", "-e", code]);
    limited("local t = {} while true do t[#t + 1] = string.rep('x', 100000) .. #t end")
        .fails(1, &["32 MiB", "--max-memory"]);
    limited("while true do pcall(string.rep, 'x', 1 << 30) end").fails(1, &["32 MiB"]);
}

#[test]
fn pcall_swallows_want_of_memory_from_no_function() {
    for call in [
        "io.open(s)",
        "io.open(s .. 'a')",
        "io.lines(s)",
        "io.open('x', s)",
        "require(s)",
        "dofile(s)",
        "loadfile(s)",
        "load(s)",
        "os.remove(s)",
        "os.rename(s, s)",
        "os.getenv(s)",
        "error(s .. '')",
        "task(s, 1)",
        "wait(task('cds_task', s))",
        "json.encode { s, s }",
        "json.decode(s)",
        "csv.encode { { s, s } }",
        "csv.decode(s)",
        "pp { s }",
        "lock(s)",
        "log.info(s)",
        "time.parse(s)",
        "s:upper()",
        "s:gsub('a', 'bb')",
        "string.rep(s, 3)",
        "table.concat { s, s }",
        "('%s%s'):format(s, s)",
        "coroutine.wrap(function() return s .. s end)()",
        "cds.ccs.DescribeInstances { InstanceId = s }",
    ] {
        let code = format!(
            "local s = ('a'):rep(15e6) local ok, err = pcall(function() return {call} end)
             io.write(ok and 'fine' or tostring(err):sub(1, 200))"
        );
        let output = Test::simulated(&code).args(["--max-memory", "32M"]).run();
        let ended = output.stderr.contains("more than its 32 MiB") && output.status == 1;
        let went_on = output.status == 0 && !output.stdout.contains("memory");
        assert!(ended || went_on, "{call}: {}", output.stdout);
    }
}

#[test]
fn finalizers_end_in_time_too() {
    limited("setmetatable({}, { __gc = function() while true do end end })").fails(124, &[]);
}

#[test]
fn exit_in_a_deferred_function_does_not_hide_an_error() {
    Test::new()
        .args([
            "run",
            "-e",
            "defer(function() os.exit(0) end) error('boom')",
        ])
        .fails(1, &["boom"]);
}

#[test]
fn exit_unwinds_through_pcall_and_runs_what_was_deferred() {
    let output = Test::new()
        .args([
            "run",
            "-e",
            "defer(function() print('deferred') end) pcall(os.exit, 7) print('not reached')",
        ])
        .run();
    assert_eq!(
        (output.status, output.stdout.as_str()),
        (7, "deferred\n"),
        "{}",
        output.stderr
    );
}

#[test]
fn what_was_deferred_runs_after_a_timeout_too() {
    for blocked in ["while true do end", "time.sleep('1h')"] {
        let code = format!("defer(function() print('tidied') end) {blocked}");
        let output = limited(&code).run();
        assert_eq!(
            (output.status, output.stdout.as_str()),
            (124, "tidied\n"),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn exit_in_a_deferred_function_keeps_the_first_reason() {
    limited("defer(function() os.exit(0) end) while true do end").fails(124, &["0.3 s"]);
    limited("defer(function() os.exit(0) end) os.exit(7)").fails(7, &[]);
}

#[test]
fn a_deferred_function_that_is_late_has_its_grace() {
    let code = "defer(function() local t = os.clock() while os.clock() - t < 0.5 do end print('tidied') end)";
    let output = limited(code).run();
    assert_eq!(
        (output.status, output.stdout.as_str()),
        (0, "tidied\n"),
        "{}",
        output.stderr
    );
}

#[test]
fn an_error_of_any_length_is_reported_at_once() {
    let output = Test::new()
        .args(["run", "-e", "error(('x'):rep(30000000))"])
        .fails(1, &["bytes more"]);
    assert!(output.stderr.len() < 100_000, "{}", output.stderr.len());
}

#[test]
fn an_error_that_names_itself_cancelled_is_an_error() {
    Test::new()
        .args(["run", "-e", "error { kind = 'cancelled' }"])
        .fails(1, &["cancelled"]);
}

#[test]
fn a_task_in_a_loop_ends_with_its_group() {
    let code = "local loop = function() while true do end end
        local ok, e = pcall(parallel, {
            function() error('first') end,
            function() defer(function() print('tidied') end) loop() end,
            function() defer(function() print('tidied') end) while true do pcall(loop) end end,
            function() coroutine.wrap(loop)() end,
            function() local co = coroutine.create(loop) while true do coroutine.resume(co) end end,
            function() for _ in loop do end end,
            function() setmetatable({}, { __index = loop })[1] = nil; return setmetatable({}, { __index = loop }).x end,
        })
        print(ok, e)";
    let output = Test::new()
        .args(["run", "--timeout", "60s", "-e", code])
        .run();
    assert_eq!(
        output.stdout, "tidied\ntidied\nfalse\t(command line):3: first\n",
        "{}",
        output.stderr
    );
    assert_eq!((output.status, output.stderr.as_str()), (0, ""));
}

/// Ways to compute without end, also where Lua cannot suspend.
const ENDLESS: [&str; 7] = [
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "coroutine.wrap(function() while true do end end)()",
    "table.sort({ 2, 1 }, function() while true do end end)",
    "('a'):gsub('a', function() while true do end end)",
    "return setmetatable({}, { __index = function() while true do end end }).x",
    "defer(function() while true do end end)",
];

#[test]
fn a_task_that_computes_ends_with_its_run() {
    for endless in ENDLESS {
        limited(&format!(
            "parallel {{ function() {endless} end, function() {endless} end }}"
        ))
        .fails(124, &["did not end within its 0.3 s"]);
    }
}

#[test]
fn a_task_that_computes_lets_another_end_the_run() {
    // Inside a C function, no other task can go on.
    let in_c = |endless: &str| endless.contains("sort") || endless.contains("gsub");
    for endless in ENDLESS.into_iter().filter(|endless| !in_c(endless)) {
        let code = format!(
            "parallel {{ function() {endless} end, function() time.sleep(0.01) os.exit(3) end }}"
        );
        let output = Test::new()
            .args(["run", "--timeout", "60s", "--grace", "0.1", "-e", &code])
            .run();
        assert_eq!(output.status, 3, "{endless}: {}", output.stderr);
    }
}

#[test]
fn a_sleep_goes_on_while_another_task_computes() {
    let code = "local slept = 0
        local computing = function() while slept < 5 do end end
        parallel {
            computing,
            function() for _ = 1, 5 do time.sleep(0.01) slept = slept + 1 end end,
            computing,
        }
        print(slept)";
    Test::new()
        .args(["run", "--timeout", "60s", "-e", code])
        .prints("5\n");
}

#[test]
fn what_tasks_compute_side_by_side_is_the_same_in_every_simulation() {
    let code = "local start = time.now()
        local function task(name, rounds)
            return function()
                for round = 1, 3 do
                    for _ = 1, rounds do end
                    cds.ccs.DescribeTags()
                    print(name, round, ('%.2f'):format(time.now() - start))
                end
                return name
            end
        end
        print(table.unpack(parallel { task('a', 3000000), task('b', 10), task('c', 1500000), task('d', 700000) }))";
    let first = Test::simulated(code).run_well();
    assert_eq!(first.lines().count(), 13);
    for _ in 0..3 {
        Test::simulated(code).prints(&first);
    }
}
