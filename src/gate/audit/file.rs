//! The audit's lines. Those that are not waited for are written together a moment later, by a
//! thread of its own, so that writing them is no part of the time of a call.

#[cfg(unix)]
use crate::gate::fifo::never_waiting;
use crate::gate::fifo::{has_no_reader, waiting_again};
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long the record of a call that only reads may wait for more, so that they are written
/// together: each time that another thread wakes up for it takes time from the calls.
pub const GATHERING: Duration = Duration::from_millis(100);

/// Lines that may wait; the call that adds one more writes them all.
const MOST_WAITING: usize = 10_000;

/// Lines that are kept at most.
const MOST_KEPT: usize = 1_000;

/// Lines on their way into a file, and the latest ones.
pub(super) struct Lines {
    path: Option<PathBuf>,
    waiting: Mutex<Waiting>,
    /// Notified when the first line waits, and at the end.
    news: Condvar,
    sink: Mutex<Sink>,
}

#[derive(Default)]
struct Waiting {
    text: String,
    lines: usize,
    has_thread: bool,
    is_closed: bool,
    /// What the thread could not write, until it is reported.
    failed: Option<io::Error>,
}

#[derive(Default)]
struct Sink {
    file: Option<File>,
    /// Whether the file ends in the middle of a line: what a full disk took of it.
    is_torn: bool,
    /// The latest lines, where the session looks back while the run goes on.
    kept: Option<VecDeque<String>>,
}

impl Waiting {
    fn add(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.lines += 1;
    }
}

impl Lines {
    pub(super) fn new(path: Option<PathBuf>, keeps: bool) -> Self {
        let sink = Mutex::new(Sink {
            file: None,
            is_torn: false,
            kept: keeps.then(VecDeque::new),
        });
        Self {
            path,
            waiting: Mutex::default(),
            news: Condvar::new(),
            sink,
        }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The latest lines, oldest first.
    pub(super) fn kept(&self) -> Vec<String> {
        // A file that cannot be written is reported with the next record.
        if let Err(problem) = self.write() {
            lock(&self.waiting).failed = Some(problem);
        }
        lock(&self.sink).kept.iter().flatten().cloned().collect()
    }

    /// Takes a line that is written with the next. It is not counted, because the thread is woken
    /// for the first that is.
    pub(super) fn hold(&self, line: &str) {
        let mut waiting = lock(&self.waiting);
        waiting.add(line);
        waiting.lines -= 1;
    }

    /// Takes a line and returns when it is written.
    pub(super) fn write_now(&self, line: &str) -> io::Result<()> {
        lock(&self.waiting).add(line);
        self.write()
    }

    /// Takes a line that is written within moments. The error is why earlier ones are not.
    pub(super) fn write_soon(self: &Arc<Self>, line: &str) -> io::Result<()> {
        let mut waiting = lock(&self.waiting);
        waiting.add(line);
        let failed = waiting.failed.take();
        if waiting.has_thread && waiting.lines == 1 {
            self.news.notify_one();
        }
        if !waiting.has_thread {
            let lines = Arc::clone(self);
            waiting.has_thread = thread::Builder::new()
                .name("audit".to_owned())
                .spawn(move || lines.write_on())
                .is_ok();
        }
        let writes_itself = !waiting.has_thread || waiting.lines >= MOST_WAITING;
        drop(waiting);
        let written = if writes_itself { self.write() } else { Ok(()) };
        failed.map_or(written, Err)
    }

    /// Writes what waits, as one write of whole lines, so that runs side by side do not mix.
    pub(super) fn write(&self) -> io::Result<()> {
        // Held from before the lines are taken, which keeps their order.
        let mut sink = lock(&self.sink);
        let (text, failed) = {
            let mut waiting = lock(&self.waiting);
            waiting.lines = 0;
            (std::mem::take(&mut waiting.text), waiting.failed.take())
        };
        if let Some(kept) = &mut sink.kept {
            kept.extend(text.lines().map(str::to_owned));
            let surplus = kept.len().saturating_sub(MOST_KEPT);
            kept.drain(..surplus);
        }
        if let Some(path) = self.path.as_ref().filter(|_| !text.is_empty()) {
            let Sink { file, is_torn, .. } = &mut *sink;
            let file = match file {
                Some(file) => file,
                none => {
                    *is_torn = ends_in_a_line(path);
                    none.insert(open(path)?)
                }
            };
            // A line that is torn is closed, so that it takes no other with it.
            let text = if *is_torn {
                "\n".to_owned() + &text
            } else {
                text
            };
            let (written, outcome) = write_counted(file, text.as_bytes());
            if let Some(last) = written.checked_sub(1) {
                *is_torn = text.as_bytes()[last] != b'\n';
            }
            outcome?;
        }
        failed.map_or(Ok(()), Err)
    }

    /// Lets the thread end.
    pub(super) fn close(&self) {
        lock(&self.waiting).is_closed = true;
        self.news.notify_one();
    }

    fn write_on(&self) {
        loop {
            let mut waiting = lock(&self.waiting);
            while waiting.lines == 0 && !waiting.is_closed {
                waiting = self
                    .news
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if waiting.is_closed {
                return;
            }
            drop(waiting);
            thread::sleep(GATHERING);
            if let Err(problem) = self.write() {
                lock(&self.waiting).failed = Some(problem);
            }
        }
    }
}

/// Writes bytes, and counts those that went in where not all did.
fn write_counted(file: &mut File, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(length) => written += length,
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
            Err(problem) => return (written, Err(problem)),
        }
    }
    (written, Ok(()))
}

/// Whether a file ends in the middle of a line, as one does whose writer was killed.
fn ends_in_a_line(path: &Path) -> bool {
    let last = || {
        let is_file = fs::metadata(path)?.is_file();
        let mut file = if is_file {
            File::open(path)?
        } else {
            return Ok(None);
        };
        file.seek(SeekFrom::End(-1))?;
        let mut byte = [0];
        file.read_exact(&mut byte)?;
        Ok::<_, io::Error>(Some(byte[0]))
    };
    // One that is not there, or empty, ends in none.
    matches!(last(), Ok(Some(byte)) if byte != b'\n')
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600).custom_flags(never_waiting());
    }
    let opened = options.open(path).map_err(|problem| {
        if has_no_reader(&problem) {
            io::Error::other("nobody reads it")
        } else {
            problem
        }
    });
    waiting_again(opened?)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{Lines, lock};
    use cumulua_core::clock::real_now;
    use std::fs;
    use std::sync::Arc;
    use std::thread;
    use std::time::Duration;

    /// Lets other threads go on until it is so.
    fn until(is_so: impl Fn() -> bool) {
        let started = real_now();
        while !is_so() {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "it never was so"
            );
            thread::yield_now();
        }
    }

    #[test]
    fn a_line_that_is_torn_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        for before in ["", "whole\n", "to"] {
            fs::write(&path, before).unwrap();
            let lines = Lines::new(Some(path.clone()), false);
            lines.write_now("next").unwrap();
            lines.write_now("last").unwrap();
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                text.ends_with("\nnext\nlast\n") || before.is_empty(),
                "{text:?}"
            );
            assert!(
                text.lines().eq(before.lines().chain(["next", "last"])),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_could_not_be_written_is_reported_once_and_keeps_no_later_line_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        fs::create_dir(&path).unwrap();
        let lines = Arc::new(Lines::new(Some(path.clone()), false));
        lines.write_soon("lost").unwrap();
        until(|| lock(&lines.waiting).failed.is_some());
        fs::remove_dir(&path).unwrap();
        assert!(lines.write_soon("later").is_err(), "the first line is lost");
        until(|| fs::read_to_string(&path).is_ok_and(|text| text.contains("later")));
        lines.write_soon("later").unwrap();
        lines.write().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
        lines.close();
    }
}
