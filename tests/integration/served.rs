//! A server of schedules, as a test starts it and asks it.

use cumulua::history::Store;
use cumulua_core::clock::real_now;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

/// In place of `--stop`: runs are left or ended as their schedules say.
pub(crate) const AS_THE_FILE_SAYS: &str = "as the file says";

/// A server in a folder of its own; it is read line by line.
pub(crate) struct Served {
    pub(crate) folder: TempDir,
    pub(crate) child: Process,
    lines: Receiver<String>,
}

/// A process that a failing test does not leave behind, where it would hold the tests' own
/// output open.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Served {
    pub(crate) fn start(folder: TempDir, args: &[&str]) -> Self {
        Self::start_with(folder, args, &[])
    }

    pub(crate) fn start_with(folder: TempDir, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command(&folder, &["schedule", "serve", "--store", "runs.db"]);
        // A test leaves no run behind, unless that is what it is about.
        if !(args.contains(&"--stop") || args.contains(&AS_THE_FILE_SAYS)) {
            command.args(["--stop", "end"]);
            // Nor does it wait for one that has nothing to finish.
            if !args.contains(&"--grace") {
                command.args(["--grace", "1s"]);
            }
        }
        let args = args.iter().filter(|arg| **arg != AS_THE_FILE_SAYS);
        command.args(args).envs(variables.iter().copied());
        Self::spawn(folder, command)
    }

    pub(crate) fn spawn(folder: TempDir, mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (send, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(stderr)
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| send.send(line))
        });
        Self {
            folder,
            child: Process(child),
            lines,
        }
    }

    /// Reads up to a line that has these words.
    pub(crate) fn wait_for_words(&self, words: &str) -> String {
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_mins(1)) {
            if line.contains(words) {
                return line;
            }
            seen.push(line);
        }
        panic!("{words:?} is not in the log: {seen:#?}");
    }

    /// Where health and metrics are served; to be asked for before anything later in the log.
    pub(crate) fn address(&self) -> String {
        let line = self.wait_for_words("health and metrics on http://");
        line.rsplit("http://").next().unwrap().to_owned()
    }

    pub(crate) fn trigger(&self, name: &str) {
        let triggered = self.run(&["schedule", "trigger", name]);
        assert!(triggered.status.success(), "{triggered:?}");
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(self.folder.path().join("runs.db"))
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.0.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        command(&self.folder, args)
            .args(["--store", "runs.db"])
            .output()
            .unwrap()
    }

    /// Ends it with SIGTERM; gives its store.
    pub(crate) fn end(self) -> (TempDir, Store) {
        self.signal("TERM");
        self.end_now()
    }

    /// Waits for its end, once it was asked to.
    pub(crate) fn end_now(mut self) -> (TempDir, Store) {
        self.wait_for_words("ended");
        assert!(self.child.0.wait().unwrap().success());
        let store = self.store();
        (self.folder, store)
    }
}

pub(crate) fn command(folder: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cumulua"));
    command
        .args(args)
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .stdin(Stdio::null());
    command
}

pub(crate) fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

pub(crate) fn folder(schedules: &str, script: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("schedules.toml"), schedules).unwrap();
    fs::write(folder.path().join("a.lua"), script).unwrap();
    folder
}

/// Waits until something is so.
pub(crate) fn until(is_so: impl Fn() -> bool) {
    let began = real_now();
    while !is_so() {
        assert!(
            real_now() - began < Duration::from_mins(1),
            "it never became so"
        );
        // Looking all the time would take the processor from what is waited for.
        std::thread::sleep(Duration::from_millis(1));
    }
}
