//! The harness: a command in a folder of its own, with an environment of its own.

use cumulua_core::catalog::Catalog;
use cumulua_core::clock::Clock;
use cumulua_simulator::{self, Options, Simulator};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use tempfile::TempDir;

/// A run of the command that a test describes step by step.
pub(crate) struct Test {
    folder: TempDir,
    command: Command,
    input: Option<Vec<u8>>,
}

/// How a run ended, for further looks.
pub(crate) struct Output {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// What the run wrote stays readable as long as its output.
    pub(crate) folder: TempDir,
}

impl Test {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cumulua"));
        // Neither the person's own files nor their accounts.
        command.env_clear().current_dir(folder.path());
        for (variable, name) in [
            ("HOME", ""),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_DATA_HOME", "data"),
        ] {
            command.env(variable, folder.path().join(name));
        }
        Self {
            folder,
            command,
            input: None,
        }
    }

    /// `cumulua run --sim -e CODE`.
    pub(crate) fn simulated(code: &str) -> Self {
        Self::new().args(["run", "--sim", "-e", code])
    }

    /// `cumulua run -e CODE` as the simulator's account at this URL.
    pub(crate) fn against(url: &str, code: &str) -> Self {
        Self::new()
            .args(["run", "--endpoint", &format!("cds={url}"), "-e", code])
            .credentials("sim", "sim-secret")
    }

    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn credentials(self, access_key: &str, secret: &str) -> Self {
        self.env("CDS_SECRET_ID", access_key)
            .env("CDS_SECRET_KEY", secret)
    }

    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// The working folder, below that of the test.
    pub(crate) fn in_folder(mut self, name: &str) -> Self {
        let folder = self.path(name);
        self.command.current_dir(folder);
        self
    }

    pub(crate) fn input(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.input = Some(text.into());
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Output {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = self.input.unwrap_or_default();
        let writer = thread::spawn(move || {
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Output {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            folder: self.folder,
        }
    }

    /// Runs it and holds it to ending well; what it printed.
    pub(crate) fn run_well(self) -> String {
        let output = self.run();
        assert_eq!(output.status, 0, "standard error: {}", output.stderr);
        output.stdout
    }

    /// Runs it and holds it to what it prints on standard output.
    pub(crate) fn prints(self, expected: &str) {
        let output = self.run();
        assert_eq!(
            (output.status, output.stdout.as_str()),
            (0, expected),
            "standard error: {}",
            output.stderr
        );
    }

    /// Runs it and holds it to its exit status and to words of its standard error.
    pub(crate) fn fails(self, status: i32, words: &[&str]) -> Output {
        let output = self.run();
        assert_eq!(
            output.status, status,
            "standard output: {}\nstandard error: {}",
            output.stdout, output.stderr
        );
        let flat = flat(&output.stderr);
        for word in words {
            assert!(flat.contains(word), "{word:?} is missing in: {flat}");
        }
        output
    }
}

/// Text without the frame and the line breaks that a report wraps it in.
pub(crate) fn flat(text: &str) -> String {
    text.lines()
        .map(|line| line.trim_start_matches([' ', '|', '│', 'x', '×']))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A simulator on a port of its own, for as long as the test process lives.
pub(crate) fn simulator() -> (String, Arc<Simulator>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (send, receive) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let options = Options {
                access_key: cumulua_simulator::ACCESS_KEY.to_owned(),
                secret: cumulua_simulator::SECRET.to_owned(),
                seed: 1,
                clock: Clock::system(),
            };
            let simulator = Arc::new(Simulator::new(Arc::new(Catalog::default()), options));
            // Tasks of minutes end in milliseconds, so that nothing is waited for.
            simulator.set_time_scale(0.0001);
            send.send(Arc::clone(&simulator)).unwrap();
            cumulua_simulator::serve(
                simulator,
                tokio::net::TcpListener::from_std(listener).unwrap(),
                &[],
            )
            .await
            .unwrap();
        });
    });
    (url, receive.recv().unwrap())
}

/// A server that answers every connection with these bytes and closes it; gives its URL.
pub(crate) fn answering(answer: impl Into<Vec<u8>>) -> String {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || {
                let mut request = [0; 16 * 1024];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(&answer);
            });
        }
    });
    url
}

/// An answer with that body, whole or with `length` bytes.
pub(crate) fn http(status: &str, body: &str, length: Option<usize>) -> String {
    let length = length.unwrap_or(body.len());
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
