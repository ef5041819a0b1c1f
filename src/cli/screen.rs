//! The terminal of a session beside its line: output, the pager, the editor.

use super::progress::Progress;
use super::{report, streams};
use crate::lua::console::Attended;
use crate::lua::{ScriptError, Sources};
use crate::repl::Terminal;
use cumulua_core::secret::Redactor;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, fs, io};

/// The pager where `PAGER` names none: it leaves short texts alone.
const PAGER: &str = "less -FRX";
/// What a terminal hands over at once, in bytes.
#[cfg(unix)]
const LONGEST_TYPED: usize = 4096;
/// The editor where neither `VISUAL` nor `EDITOR` names one.
const EDITOR: &str = "vi";

/// The terminal of a session beside its line.
pub(super) struct Screen {
    pub(super) progress: Arc<Progress>,
    pub(super) redactor: Arc<Redactor>,
}

impl Terminal for Screen {
    fn height(&self) -> usize {
        console::Term::stdout()
            .size_checked()
            .map_or(24, |(rows, _)| usize::from(rows))
    }

    fn width(&self) -> usize {
        console::Term::stdout()
            .size_checked()
            .map_or(100, |(_, columns)| usize::from(columns))
            .max(20)
    }

    fn has_color(&self) -> bool {
        report::output_has_color()
    }

    fn write(&self, text: &str) -> bool {
        let mut written = Ok(());
        self.progress.aside(|| {
            let mut stdout = streams::stdout().lock();
            written = stdout
                .write_all(text.as_bytes())
                .and_then(|()| stdout.flush());
        });
        written.is_ok()
    }

    fn note(&self, text: &str) {
        self.progress
            .aside(|| report::styled(&self.redactor.redact(text)));
    }

    fn redact(&self, text: &str) -> String {
        self.redactor.redact(text)
    }

    fn hide_progress(&self, is_hidden: bool) {
        self.progress.hide(is_hidden);
    }

    fn needs_pager(&self, text: &str) -> bool {
        let width = self.width();
        let rows: usize = text
            .lines()
            .map(|line| console::measure_text_width(line).div_ceil(width).max(1))
            .sum();
        let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        rows >= self.height() && !is_dumb && console::Term::stdout().is_term() && pager().is_some()
    }

    fn page(&self, text: &str) -> bool {
        pager().is_some_and(|pager| through(&pager, text))
    }

    fn read(&self) -> Attended<io::Result<Option<Vec<u8>>>> {
        Box::pin(read_typed())
    }

    fn error(&self, error: &ScriptError, sources: &Sources, with_trace: bool) -> String {
        report::render(error, sources, &*self.redactor, "?", with_trace)
    }

    fn edit(&self, text: &str) -> Result<String, String> {
        let file = Draft::write(text)
            .map_err(|failure| format!("the text cannot be put into a file: {failure}"))?;
        let editor = ["VISUAL", "EDITOR"]
            .iter()
            .find_map(|name| env::var(name).ok().filter(|editor| !editor.is_empty()));
        let editor = editor.unwrap_or_else(|| EDITOR.to_owned());
        // An editor's variable may hold arguments, which only a shell reads as people write them.
        let ended = Command::new("sh")
            .arg("-c")
            .arg(format!("{editor} \"$0\""))
            .arg(&file.0)
            .status();
        match ended {
            Ok(status) if status.success() => fs::read_to_string(&file.0)
                .map_err(|failure| format!("the file is lost: {failure}")),
            Ok(status) => Err(format!("{editor} ended with {status}; nothing runs")),
            Err(failure) => Err(format!("{editor} does not start: {failure}; set EDITOR")),
        }
    }
}

/// What is typed, once there is something.
#[cfg(unix)]
async fn read_typed() -> io::Result<Option<Vec<u8>>> {
    let (given_up, waiting) = io::pipe()?;
    let (done, typed) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || done.send(read_unless(&given_up)).is_ok());
    let typed = typed.await.map_err(io::Error::other)?;
    drop(waiting);
    typed
}

/// Reads what is typed, unless the other end of the pipe is closed before: the next prompt wants
/// the keys then.
#[cfg(unix)]
fn read_unless(given_up: &io::PipeReader) -> io::Result<Option<Vec<u8>>> {
    use rustix::event::{PollFd, PollFlags, poll};
    let input = io::stdin();
    let mut watched = [
        PollFd::new(&input, PollFlags::IN),
        PollFd::new(given_up, PollFlags::IN),
    ];
    rustix::io::retry_on_intr(|| poll(&mut watched, None))?;
    if !watched[1].revents().is_empty() {
        return Ok(None);
    }
    // A terminal hands a line over when it is whole, so this does not wait.
    let mut typed = vec![0; LONGEST_TYPED];
    let length = rustix::io::read(&input, &mut typed)?;
    typed.truncate(length);
    Ok((length > 0).then_some(typed))
}

#[cfg(not(unix))]
async fn typed() -> io::Result<Option<Vec<u8>>> {
    let read = || {
        let mut line = String::new();
        io::stdin()
            .read_line(&mut line)
            .map(|length| (length > 0).then(|| line.into_bytes()))
    };
    tokio::task::spawn_blocking(read)
        .await
        .map_err(io::Error::other)?
}

/// The pager; none where `PAGER` is empty.
fn pager() -> Option<String> {
    let pager = env::var("PAGER").unwrap_or_else(|_| PAGER.to_owned());
    (!pager.trim().is_empty()).then_some(pager)
}

/// Whether the pager has shown the text.
fn through(pager: &str, text: &str) -> bool {
    let started = Command::new("sh")
        .arg("-c")
        .arg(pager)
        .stdin(Stdio::piped())
        .spawn();
    let Ok(mut child) = started else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        // A reader that has read enough closes the pipe.
        let _ = stdin
            .write_all(text.as_bytes())
            .and_then(|()| stdin.write_all(b"\n"));
    }
    // The shell's own status for a command that it does not find.
    child.wait().is_ok_and(|status| status.code() != Some(127))
}

/// A file that only its owner reads, gone when it is done with.
struct Draft(PathBuf);

impl Draft {
    fn write(text: &str) -> io::Result<Self> {
        let path = env::temp_dir().join(format!(
            "cumulua-{}.lua",
            uuid::Uuid::from_u64_pair(random()?, random()?)
        ));
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        options
            .open(&path)?
            .write_all(format!("{text}\n").as_bytes())?;
        Ok(Self(path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn random() -> io::Result<u64> {
    getrandom::u64().map_err(io::Error::other)
}
