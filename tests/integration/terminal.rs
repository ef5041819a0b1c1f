//! A terminal in a test: the command on a pty, and the screen that a person would see.

use cumulua_core::clock::real_now;
use rexpect::process::PtyProcess;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// A machine that is loaded takes long.
const PATIENCE: Duration = Duration::from_mins(1);

/// Enter, Tab and control characters as keys send them.
pub(crate) const ENTER: &str = "\r";
pub(crate) const TAB: &str = "\t";
pub(crate) const CTRL_C: &str = "\u{3}";
pub(crate) const CTRL_D: &str = "\u{4}";
pub(crate) const UP: &str = "\u{1b}[A";

struct Seen {
    screen: vt100::Parser,
    /// Everything that came, byte for byte.
    bytes: Vec<u8>,
    has_ended: bool,
}

/// The command on a terminal.
pub(crate) struct Terminal {
    process: PtyProcess,
    keys: File,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    #[expect(dead_code, reason = "the folder stays as long as it is used")]
    folder: Arc<TempDir>,
}

/// A folder with files, and the terminals that are opened in it.
pub(crate) struct Sandbox {
    folder: Arc<TempDir>,
    environment: Vec<(String, String)>,
    rows: u16,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let environment = [
            ("TERM", "xterm-256color"),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("LANG", "C.UTF-8"),
        ];
        let environment = environment
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        // Tall, so that nothing scrolls away.
        Self {
            folder,
            environment,
            rows: 200,
        }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn rows(mut self, rows: u16) -> Self {
        self.rows = rows;
        self
    }

    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Opens the prompt on a terminal of so many columns.
    pub(crate) fn open(&self, columns: u16, args: &[&str]) -> Terminal {
        let mut command = Command::new("sh");
        let size = format!(
            "stty echo rows {} cols {columns}; exec \"$0\" \"$@\"",
            self.rows
        );
        command
            .args(["-c", &size, env!("CARGO_BIN_EXE_cumulua")])
            .args(args)
            .env_clear()
            .current_dir(self.folder());
        command
            .env("HOME", self.folder())
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_CONFIG_HOME", self.path("config"));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut process = PtyProcess::new(command).unwrap();
        process.set_kill_timeout(Some(5_000));
        let keys = process.get_file_handle().unwrap();
        let screen = vt100::Parser::new(
            NonZeroU16::new(self.rows).unwrap(),
            NonZeroU16::new(columns).unwrap(),
            0,
        );
        let seen = Arc::new((
            Mutex::new(Seen {
                screen,
                bytes: Vec::new(),
                has_ended: false,
            }),
            Condvar::new(),
        ));
        let (mut output, watched) = (process.get_file_handle().unwrap(), Arc::clone(&seen));
        thread::spawn(move || {
            let mut buffer = [0; 8 * 1024];
            loop {
                let length = output.read(&mut buffer).unwrap_or_default();
                let (seen, changed) = &*watched;
                let mut seen = seen.lock().unwrap();
                seen.screen.process(&buffer[..length]);
                seen.bytes.extend_from_slice(&buffer[..length]);
                seen.has_ended = length == 0;
                changed.notify_all();
                if length == 0 {
                    return;
                }
            }
        });
        Terminal {
            process,
            keys,
            seen,
            folder: Arc::clone(&self.folder),
        }
    }

    /// Opens it on the simulator and waits for the prompt.
    pub(crate) fn simulated(&self, columns: u16) -> Terminal {
        let mut terminal = self.open(columns, &["--sim"]);
        terminal.expect("simulator cn>");
        terminal
    }
}

impl Terminal {
    /// Presses keys.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        self.bytes_as_keys(keys.as_bytes())
    }

    /// Sends bytes as keys do, which need not be UTF-8.
    pub(crate) fn bytes_as_keys(&mut self, bytes: &[u8]) -> &mut Self {
        self.keys.write_all(bytes).unwrap();
        self.keys.flush().unwrap();
        self
    }

    /// Types a line and enters it.
    pub(crate) fn line(&mut self, line: &str) -> &mut Self {
        self.keys(line).keys(ENTER)
    }

    /// Types a line, waits for words that it makes appear, and for the next prompt.
    pub(crate) fn enter(&mut self, line: &str, words: &str) -> &mut Self {
        let before = self.seen.0.lock().unwrap().bytes.len();
        self.line(line).expect(words).next_prompt(before)
    }

    /// Presses Ctrl-C at the prompt and waits for the next one.
    pub(crate) fn press_ctrl_c(&mut self) -> &mut Self {
        let before = self.seen.0.lock().unwrap().bytes.len();
        self.keys(CTRL_C).next_prompt(before)
    }

    fn next_prompt(&mut self, before: usize) -> &mut Self {
        self.wait("the next prompt", |seen| {
            // A frame that is being drawn can show a bare prompt too, and an input of several lines
            // has line breaks before it is entered.
            let begins: &[u8] = if has(&seen.bytes, BEGINS) {
                BEGINS
            } else {
                b"\n"
            };
            has(&seen.bytes[before..], begins) && is_bare_prompt(seen)
        });
        self
    }

    /// Waits until the screen shows these words, whatever the line breaks among them.
    pub(crate) fn expect(&mut self, words: &str) -> &mut Self {
        self.wait(words, |seen| flat(&text(seen)).contains(&flat(words)));
        self
    }

    /// Waits until the screen shows a line that is exactly this.
    pub(crate) fn expect_line(&mut self, line: &str) -> &mut Self {
        self.wait(line, |seen| {
            text(seen).lines().any(|shown| shown.trim_end() == line)
        });
        self
    }

    /// Waits until the screen shows these words so often.
    pub(crate) fn expect_count(&mut self, words: &str, count: usize) -> &mut Self {
        let words = flat(words);
        self.wait(&words, |seen| {
            flat(&text(seen)).matches(&words).count() >= count
        });
        self
    }

    /// Waits for the end; the status.
    pub(crate) fn expect_end(&self) -> i32 {
        self.wait("the end", |seen| seen.has_ended);
        match self.process.wait().unwrap() {
            rexpect::process::WaitStatus::Exited(_, status) => status,
            other => panic!("it ended by {other:?}"),
        }
    }

    /// Waits for the end and holds it to status 0.
    pub(crate) fn expect_success(&self) {
        assert_eq!(self.expect_end(), 0, "{}", self.screen());
    }

    pub(crate) fn screen(&self) -> String {
        text(&self.seen.0.lock().unwrap())
    }

    /// Looks at the screen cell by cell.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&vt100::Screen) -> T) -> T {
        at(self.seen.0.lock().unwrap().screen.screen())
    }

    /// Everything that came, with its escape sequences.
    pub(crate) fn bytes(&self) -> String {
        String::from_utf8_lossy(&self.seen.0.lock().unwrap().bytes).into_owned()
    }

    pub(crate) fn signal(&mut self, signal: rexpect::process::Signal) {
        self.process.signal(signal).unwrap();
    }

    fn wait(&self, what: &str, is_there: impl Fn(&Seen) -> bool) {
        let (seen, changed) = &*self.seen;
        let started = real_now();
        let mut seen = seen.lock().unwrap();
        while !is_there(&seen) {
            let left = PATIENCE.saturating_sub(started.elapsed());
            assert!(
                !left.is_zero() && !seen.has_ended,
                "{what:?} did not come; the screen:\n{}",
                text(&seen)
            );
            seen = changed.wait_timeout(seen, left).unwrap().0;
        }
    }
}

fn text(seen: &Seen) -> String {
    seen.screen.screen().contents()
}

/// With this the terminal is told that a line begins to be typed; a dumb one is not.
const BEGINS: &[u8] = b"\x1b[?2004h";

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Whether the cursor stands behind a prompt at which nothing is typed.
fn is_bare_prompt(seen: &Seen) -> bool {
    let screen = seen.screen.screen();
    let (row, _) = screen.cursor_position();
    screen
        .rows(0, screen.size().1.get())
        .nth(usize::from(row))
        .is_some_and(|line| line.trim_end().ends_with('>'))
}

/// Text without white space and frames, because a narrow terminal breaks lines anywhere.
fn flat(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !"│┆─╭╰·×".contains(*c))
        .collect()
}
