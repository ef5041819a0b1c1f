//! Control sockets: whose requests are accepted, what is answered, and what is done.

use crate::support::{Test, simulator};
use cumulua::history::Told;
use cumulua::history::{Filter, RunOutcome, RunRow, Store};
use cumulua::run::control::{
    AskError, Client, Listener, Reply, Request, ask, run_socket, server_socket,
};
use cumulua_core::clock::real_now;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const MUCH: Duration = Duration::from_mins(1);

/// A store's path, which no socket's address could hold.
fn store() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a-folder-with-a-long-name".repeat(6));
    std::fs::create_dir(&deep).unwrap();
    let store = deep.join("runs.db");
    (folder, store)
}

fn listening(store: &Path) -> Listener {
    let answer = |request: &Request, _: &Client| match request {
        Request::Trigger { schedule, .. } => Reply::Done(schedule.clone()),
        other => Reply::unknown("server", other.verb()),
    };
    Listener::start(&server_socket(store), "server", answer).unwrap()
}

/// What is answered to bytes as another program may send them.
fn answered(store: &Path, sent: &[u8]) -> String {
    // The path of the socket is too long for an address.
    let link = tempfile::tempdir().unwrap();
    let near = link.path().join("d");
    std::os::unix::fs::symlink(server_socket(store).parent().unwrap(), &near).unwrap();
    let mut stream = UnixStream::connect(near.join("server.sock")).unwrap();
    // The listener may refuse a line before it has read all of it.
    let _ = stream.write_all(sent);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn a_request_is_answered_by_the_listener() {
    let (_folder, store) = store();
    let trigger = Request::Trigger {
        schedule: "nightly".to_owned(),
        params: BTreeMap::new(),
        args: None,
        told: Told::default(),
    };
    assert!(matches!(
        ask(&server_socket(&store), &trigger, MUCH),
        Err(AskError::NoListener(_))
    ));
    let listener = listening(&store);
    assert_eq!(
        ask(&server_socket(&store), &trigger, MUCH).unwrap(),
        Reply::Done("nightly".to_owned())
    );
    drop(listener);
    assert!(matches!(
        ask(&server_socket(&store), &trigger, MUCH),
        Err(AskError::NoListener(_))
    ));
}

#[test]
fn clients_that_send_nothing_do_not_take_what_a_server_needs() {
    let (_folder, store) = store();
    let _listener = listening(&store);
    let link = tempfile::tempdir().unwrap();
    let near = link.path().join("d");
    std::os::unix::fs::symlink(server_socket(&store).parent().unwrap(), &near).unwrap();
    let connect = || UnixStream::connect(near.join("server.sock")).unwrap();
    let silent: Vec<_> = (0..32).map(|_| connect()).collect();
    let mut one_more = connect();
    let mut answer = String::new();
    one_more.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("too many ask at once"), "{answer}");
    drop(silent);
}

#[test]
fn only_its_user_can_reach_a_socket() {
    let (_folder, store) = store();
    let socket = server_socket(&store);
    let folder = socket.parent().unwrap();
    std::fs::create_dir(folder).unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let _listener = listening(&store);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(folder), mode(&socket)), (0o700, 0o600));
}

#[test]
fn a_socket_that_a_killed_process_has_left_is_replaced() {
    let (_folder, store) = store();
    let socket = server_socket(&store);
    std::mem::forget(listening(&store));
    let _listener = listening(&store);
    assert!(std::fs::metadata(&socket).unwrap().file_type().is_socket());
    let trigger = Request::Trigger {
        schedule: "again".to_owned(),
        params: BTreeMap::new(),
        args: None,
        told: Told::default(),
    };
    assert_eq!(
        ask(&socket, &trigger, MUCH).unwrap(),
        Reply::Done("again".to_owned())
    );
}

#[test]
fn what_is_no_request_is_refused_with_what_is_wrong() {
    let (_folder, store) = store();
    let _listener = listening(&store);
    let refused = |sent: &[u8], words: &str| {
        let answer = answered(&store, sent);
        assert!(
            answer.contains("refused") && answer.contains(words),
            "{answer}"
        );
    };
    refused(b"hello\n", "no line of JSON");
    refused(
        b"{\"verb\":\"trigger\",\"schedule\":7}\n",
        "no line of JSON as it should be",
    );
    refused(b"{\"verb\":\"trigger\"", "has no end");
    refused(&vec![b'x'; 70_000], "longer than 64 KiB");
    let version = format!(
        "this server is of version {} and does not know",
        env!("CARGO_PKG_VERSION")
    );
    refused(b"{\"verb\":\"suspend\"}\n", &format!("{version} suspend"));
    refused(b"{\"verb\":\"cancel\"}\n", &format!("{version} cancel"));
    refused(b"{}\n", &version);
    refused(b"{\"verb\":\"\\u001b[2J\"}\n", "u{1b}[2J");
    let answer = answered(
        &store,
        b"{\"verb\":\"trigger\",\"schedule\":\"x\",\"of_a_later_version\":1}\n",
    );
    assert_eq!(answer, "{\"done\":\"x\"}\n");
}

/// A run that goes on, until something ends it.
struct Going {
    folder: TempDir,
    child: std::process::Child,
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Going {
    fn start(code: &str) -> Self {
        Self::start_in(code, Path::new("runs.db"))
    }

    /// The same in a store that another has made.
    fn start_in(code: &str, store: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (url, _) = simulator();
        let mut child = Command::new(env!("CARGO_BIN_EXE_cumulua"))
            .args([
                "run",
                "--store",
                store.to_str().unwrap(),
                "--endpoint",
                &format!("cds={url}"),
                "-e",
                code,
            ])
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .envs([
                ("CUMULUA_CDS_ACCESS_KEY", "sim"),
                ("CUMULUA_CDS_SECRET_KEY", "sim-secret"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "begun\n");
        Self { folder, child }
    }

    fn store(&self) -> Store {
        Store::open(self.folder.path().join("runs.db"))
    }

    /// The run's id, once the store has its row: the run does not wait for that.
    fn run(&self) -> String {
        self.run_in(&self.store())
    }

    fn run_in(&self, store: &Store) -> String {
        let started = real_now();
        loop {
            let rows = store.runs(Filter::default()).unwrap();
            let is_own = |row: &RunRow| row.run.pid == Some(self.child.id());
            if let Some(row) = rows.into_iter().find(is_own) {
                return row.run.id;
            }
            assert!(started.elapsed() < MUCH, "the run is not recorded");
            std::thread::yield_now();
        }
    }

    fn cumulua<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Test {
        command_on(&self.folder.path().join("runs.db"), args)
    }
}

/// A command on a store.
fn command_on<'a>(store: &Path, args: impl IntoIterator<Item = &'a str>) -> Test {
    Test::new()
        .args(args)
        .env("CUMULUA_STORE", store.to_str().unwrap())
}

#[test]
fn a_run_is_cancelled_from_elsewhere_and_what_it_deferred_runs() {
    let mut going = Going::start(
        "cds.ccs.DescribeTags() defer(function() local file = io.open('tidied', 'w') file:write('yes') file:close() end)
         io.stdout:setvbuf('no') print('begun') time.sleep('1h')",
    );
    let run = going.run();
    let cancelled = going.cumulua(["runs", "cancel", &run[..8]]).run();
    assert_eq!(
        (cancelled.status, cancelled.stdout),
        (0, format!("(command line) {}: cancelled\n", &run[..8]))
    );
    let _ = going.child.wait();
    let row = going.store().run(&run).unwrap().unwrap();
    assert_eq!(row.state.outcome(), Some(RunOutcome::Cancelled));
    assert!(row.error.is_some_and(|error| error.contains("runs cancel")));
    assert_eq!(
        std::fs::read_to_string(going.folder.path().join("tidied")).unwrap(),
        "yes"
    );
    assert!(
        !run_socket(&going.folder.path().join("runs.db"), &run).exists(),
        "it leaves no socket behind"
    );
    going
        .cumulua(["runs", "cancel", &run[..8]])
        .fails(1, &["has ended already: cancelled"]);
}

#[test]
fn several_runs_are_cancelled_at_once_and_none_where_one_is_not_found() {
    let script = "cds.ccs.DescribeTags() print('begun') io.stdout:flush() time.sleep('1h')";
    let mut first = Going::start(script);
    let store = first.folder.path().join("runs.db");
    let mut second = Going::start_in(script, &store);
    let mut deaf = Going::start_in(script, &store);
    let [a, b, c] = [&first, &second, &deaf].map(|going| going.run_in(&first.store()));
    let cancel = |runs: &[&str]| command_on(&store, [&["runs", "cancel"], runs].concat());
    cancel(&[&a, "no-such-run", &b]).fails(1, &["no-such-run"]);
    assert!(first.child.try_wait().unwrap().is_none());
    std::fs::remove_file(run_socket(&store, &c)).unwrap();
    let output = cancel(&[&a, &c, &b, &a]).run();
    assert_eq!(output.status, 1, "{}", output.stderr);
    let lines = [&a, &b].map(|run| format!("(command line) {}: cancelled\n", &run[..8]));
    assert_eq!(output.stdout, lines.concat());
    assert!(
        output.stderr.contains("does not listen"),
        "{}",
        output.stderr
    );
    for going in [&mut first, &mut second] {
        going.child.wait().unwrap();
    }
    assert!(deaf.child.try_wait().unwrap().is_none());
    // Each problem is said.
    let output = cancel(&[&a, &b]).run();
    assert_eq!(output.stderr.matches("has ended already").count(), 2);
}

#[test]
fn a_run_that_does_not_listen_is_left_alone() {
    let mut going =
        Going::start("cds.ccs.DescribeTags() print('begun') io.stdout:flush() time.sleep('1h')");
    let run = going.run();
    std::fs::remove_file(run_socket(&going.folder.path().join("runs.db"), &run)).unwrap();
    going
        .cumulua(["runs", "cancel", &run])
        .fails(1, &["does not listen", &going.child.id().to_string()]);
    assert!(going.child.try_wait().unwrap().is_none());
}

#[test]
fn what_a_killed_run_has_left_goes_when_runs_are_pruned() {
    let mut going =
        Going::start("cds.ccs.DescribeTags() print('begun') io.stdout:flush() time.sleep('1h')");
    let run = going.run();
    let store = going.folder.path().join("runs.db");
    let socket = run_socket(&store, &run);
    let lock = going
        .folder
        .path()
        .join("runs.db.locks")
        .join(format!("run-{run}"));
    let prune = || command_on(&store, ["runs", "prune", "--older-than", "1d"]).run_well();
    prune();
    assert!(
        socket.exists() && lock.exists(),
        "they are of a run that goes on"
    );
    going.child.kill().unwrap();
    going.child.wait().unwrap();
    assert!(socket.exists() && lock.exists());
    prune();
    assert!(!socket.exists() && !lock.exists());
}

#[test]
fn a_store_that_is_reached_through_a_link_is_the_same_one() {
    let going =
        Going::start("cds.ccs.DescribeTags() print('begun') io.stdout:flush() time.sleep('1h')");
    let run = going.run();
    let link = going.folder.path().join("link.db");
    std::os::unix::fs::symlink("runs.db", &link).unwrap();
    let list = command_on(&link, ["runs", "list"]).run();
    assert!(list.stdout.contains("running"), "{}", list.stdout);
    let cancelled = command_on(&link, ["runs", "cancel", &run]).run();
    assert_eq!(cancelled.status, 0, "{}", cancelled.stderr);
}
