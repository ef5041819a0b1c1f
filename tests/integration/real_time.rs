//! Under `--sim`, virtual time stands still while the real world is waited for: a real pause inside
//! an effect takes none of it, and no deadline fires meanwhile.

use crate::support::Test;
use cumulua::history::{Filter, RunOutcome, Store};
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// What the real world takes.
const PAUSE: Duration = Duration::from_millis(100);

/// Does something while a task sleeps that would end at once, and with it the run by its timeout,
/// if time moved on; prints how far it did.
fn beside_a_sleeper(act: &str) -> String {
    format!(
        "local moved
        parallel {{
            function() local before = time.now() {act} moved = time.now() - before end,
            function() time.sleep(50) end,
        }}
        print(('%.0f'):format(moved))"
    )
}

fn simulated(act: &str) -> Test {
    Test::simulated(&beside_a_sleeper(act)).args(["--allow-run", "--timeout", "1m"])
}

#[test]
fn a_process_takes_no_virtual_time() {
    simulated("os.execute 'sleep 0.1'").prints("0\n");
}

#[test]
fn a_process_that_writes_or_reads_takes_no_virtual_time() {
    simulated(
        "local p = io.popen 'sleep 0.1; echo said' assert(p:read 'a' == 'said\\n') p:close()",
    )
    .prints("0\n");
    simulated("local p = io.popen('sleep 0.1', 'w') assert(p:close())").prints("0\n");
}

#[test]
fn standard_input_takes_no_virtual_time() {
    let folder = tempfile::tempdir().unwrap();
    let code = beside_a_sleeper("assert(io.read() == 'typed') assert(io.read 'a' == 'late')");
    let mut run = Command::new(env!("CARGO_BIN_EXE_cumulua"))
        .env_clear()
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .args(["run", "--sim", "--timeout", "1m", "-e", &code])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = run.stdin.take().unwrap();
    for part in ["typed\n", "late"] {
        thread::sleep(PAUSE);
        input.write_all(part.as_bytes()).unwrap();
    }
    drop(input);
    assert_eq!(
        String::from_utf8_lossy(&run.wait_with_output().unwrap().stdout),
        "0\n"
    );
}

#[tokio::test]
async fn the_intent_of_a_change_takes_no_virtual_time() {
    let test = simulated("cds.ccs.CreateTag { TagName = 'a' }").args(["--store", "runs.db"]);
    let path = test.path("runs.db");
    Store::open(&path).flush(Duration::from_mins(1)).unwrap();
    let mut writer = SqliteConnection::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    writer.execute("BEGIN IMMEDIATE").await.unwrap();
    let running = thread::spawn(|| test.prints("0\n"));
    // Longer, because the run has to start first.
    thread::sleep(5 * PAUSE);
    writer.execute("ROLLBACK").await.unwrap();
    running.join().unwrap();
}

#[tokio::test]
async fn a_run_whose_store_is_held_all_the_time_is_in_it_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let script = "cds.ccs.DescribeTags() cds.ccs.CreateTag { TagName = 'a' } print 'a' os.exit(3)";
    let test = Test::simulated(script).args(["--store", path.to_str().unwrap()]);
    let store = Store::open(&path);
    store.flush(Duration::from_mins(1)).unwrap();
    let mut writer = SqliteConnection::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    writer.execute("BEGIN EXCLUSIVE").await.unwrap();
    let ran = thread::spawn(|| test.run()).join().unwrap();
    assert_eq!((ran.status, &*ran.stdout), (3, "a\n"), "{}", ran.stderr);
    assert!(store.runs(Filter::default()).unwrap().is_empty());
    writer.execute("ROLLBACK").await.unwrap();
    store.take_up_left_ends(Duration::from_mins(1)).unwrap();
    let row = store.runs(Filter::default()).unwrap().remove(0);
    assert_eq!((row.calls, row.status), (2, Some(3)), "{row:?}");
    assert_eq!(row.state.outcome(), Some(RunOutcome::Failed));
    assert_eq!(
        store
            .output(&row.run.id, 0, 10)
            .unwrap()
            .last()
            .unwrap()
            .line,
        "a"
    );
}

#[test]
fn a_lock_of_another_run_takes_no_virtual_time() {
    let test = simulated("lock('busy', { timeout = '40s' })").args(["--store", "runs.db"]);
    let store = Store::open(test.path("runs.db"));
    let held = store
        .locks()
        .named("busy", "another-run")
        .unwrap()
        .held()
        .unwrap();
    let running = thread::spawn(|| test.prints("0\n"));
    thread::sleep(5 * PAUSE);
    drop(held);
    running.join().unwrap();
}

/// A task waits for a process that ends only once another task has done its part.
#[test]
fn other_tasks_go_on_while_a_process_is_waited_for() {
    let until_go = "while [ ! -e go ]; do sleep 0.01; done";
    for waits in [
        format!("os.execute '{until_go}'"),
        format!("local p = io.popen '{until_go}; echo went' assert(p:read() == 'went') p:close()"),
        format!("local p = io.popen('{until_go}', 'w') p:close()"),
    ] {
        let code = format!(
            "parallel {{ function() {waits} end, function() os.execute 'touch go' end }} print 'both'"
        );
        Test::new()
            .args(["run", "--allow-run", "-e", &code])
            .prints("both\n");
    }
}

/// What is ended while a process is waited for ends the process; so does a sibling's failure.
#[test]
fn a_process_ends_with_the_task_that_waits_for_it() {
    let code = "print(pcall(parallel, {
        function() os.execute 'echo $$ > pid; exec sleep 600' end,
        function() os.execute 'while [ ! -s pid ]; do sleep 0.01; done' error 'broken' end,
    }))
    local pid = io.open('pid'):read()
    os.execute('while kill -0 ' .. pid .. ' 2>/dev/null && ! grep -q \"^State:.Z\" /proc/' .. pid .. '/status; do sleep 0.01; done')
    print 'gone'";
    let printed = Test::new()
        .args(["run", "--allow-run", "-e", code])
        .run_well();
    assert!(
        printed.starts_with("false\t") && printed.ends_with("broken\ngone\n"),
        "{printed}"
    );
}

/// tokio lets a task do so much before others get their turn, and lets what it waits for wait: an
/// effect that ends at once does all the same.
#[test]
fn an_effect_that_ends_at_once_does_so_however_much_a_task_does() {
    let code = "for i = 1, 300 do time.sleep(0) os.getenv 'A' pcall(io.open, '/etc/hostname') pcall(cds.ccs.CreateTag, 'x') end
        parallel.map({ 1, 2, 3 }, function(i)
            for _ = 1, 300 do time.sleep(0) io.open(i .. '.txt', 'w'):close() os.remove(i .. '.txt') end
        end)
        print 'done'";
    Test::simulated(code).prints("done\n");
    let code = "local list = {} for i = 1, 300 do list[i] = i end
        parallel.map(list, function(i) local f = io.popen('echo ' .. i) assert(f:read 'n' == i) f:close() os.remove 'nothing' end, { limit = 150 })
        print 'done'";
    Test::new()
        .args(["run", "--allow-run", "-e", code])
        .prints("done\n");
}

#[test]
fn a_pipe_that_is_read_ends_with_its_task() {
    let code = "print(pcall(parallel, {
            function() io.popen('exec sleep 600'):read 'a' end,
            function() os.execute 'true' error 'broken' end,
        }))
        collectgarbage()
        print 'gone'";
    let printed = Test::new()
        .args(["run", "--allow-run", "-e", code])
        .run_well();
    assert!(printed.ends_with("broken\ngone\n"), "{printed}");
}
