//! Locks among processes: files beside the store that the system unlocks when their holder ends,
//! however it ends.

use super::digest::sha256;
use cumulua_core::clock::real_now;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How long a lock may outlive the server that held it: a busy machine takes its time to begin a
/// program.
const INHERITED: Duration = Duration::from_secs(5);

/// How long those are waited for who only look whether a lock is held.
const LOOKED_AT: Duration = Duration::from_secs(5);

/// The folder of a store's locks.
#[derive(Debug, Clone)]
pub struct Locks {
    folder: PathBuf,
}

/// A lock that this process holds, until this is dropped or the process ends.
#[derive(Debug)]
pub struct Held {
    /// The system unlocks the file when it is closed.
    file: File,
    remove: Option<PathBuf>,
}

impl Held {
    /// Leaves a line in the file, behind what the holder wrote of itself, and the file when it is
    /// let go. It is cut to what the file has room for.
    pub(super) fn leave(&mut self, line: &str) -> io::Result<()> {
        let mut holder = String::new();
        self.file.seek(SeekFrom::Start(0))?;
        (&self.file).take(RESERVED).read_to_string(&mut holder)?;
        let holder = first_line(&holder);
        if holder.len() + line.len() + 2 > usize::try_from(RESERVED).unwrap_or(usize::MAX) {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        // Inside what the file has already, so that a full disk takes it too.
        self.file.seek(SeekFrom::Start(holder.len() as u64))?;
        self.file.write_all(format!("\n{line}\n").as_bytes())?;
        self.remove = None;
        Ok(())
    }
}

/// The line that a run has left in the file of its lock, where nobody holds that any more.
fn read_left(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    // A process that is about to begin another program has all locks of its parent for a moment.
    let is_free = || file.try_lock_shared().is_ok();
    if !is_free() {
        thread::sleep(Duration::from_millis(2));
        if !is_free() {
            return None;
        }
    }
    let mut text = String::new();
    file.take(RESERVED).read_to_string(&mut text).ok()?;
    let line = text.lines().nth(1)?.trim_end();
    (!line.is_empty()).then(|| line.to_owned())
}

/// What the holder of a lock wrote of itself.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_end()
}

/// What the file of a run's lock takes on the disk from the start, in bytes.
const RESERVED: u64 = 4096;

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(path) = &self.remove {
            // A file that is left over harms nothing.
            let _ = fs::remove_file(path);
        }
    }
}

/// What came of trying to take a lock.
#[derive(Debug)]
pub enum Taken {
    /// It is ours.
    Held(Held),
    /// Another process holds it; what the holder wrote of itself, as `process 4711, run 3f2a…`.
    By(String),
}

impl Taken {
    /// The lock, where it is ours.
    pub fn held(self) -> Option<Held> {
        match self {
            Self::Held(held) => Some(held),
            Self::By(_) => None,
        }
    }
}

impl Locks {
    /// The locks of the store in this file.
    pub fn beside(store: &Path) -> Self {
        let mut folder = store.as_os_str().to_owned();
        folder.push(".locks");
        Self {
            folder: PathBuf::from(folder),
        }
    }

    /// The lock of the one server of a store.
    pub fn server(&self) -> io::Result<Taken> {
        let began = real_now();
        loop {
            match self.take("server", "")? {
                // A process that a killed server was about to start has it until its program
                // begins.
                Taken::By(holder) if is_gone(&holder) && real_now() - began < INHERITED => {
                    thread::sleep(Duration::from_millis(1));
                }
                taken => return Ok(taken),
            }
        }
    }

    /// The lock of a schedule, which the process that carries out its run holds: a restarted server
    /// finds it held while the run of its predecessor lives.
    pub fn schedule(&self, name: &str, run: &str) -> io::Result<Taken> {
        self.take(&file_name("schedule", name), run)
    }

    /// Whether a process carries out a run of this schedule.
    pub fn is_schedule_running(&self, name: &str) -> bool {
        self.is_held(&file_name("schedule", name))
    }

    /// The lock of a script's `lock "name"`.
    pub fn named(&self, name: &str, run: &str) -> io::Result<Taken> {
        self.take(&file_name("name", name), run)
    }

    /// The lock that a run holds while it goes on.
    pub fn run(&self, id: &str) -> io::Result<Taken> {
        let file = file_name("run", id);
        let mut taken = self.take(&file, id)?;
        if let Taken::Held(held) = &mut taken {
            let length = held.file.stream_position()?;
            let rest = usize::try_from(RESERVED.saturating_sub(length)).unwrap_or_default();
            held.file.write_all(" ".repeat(rest).as_bytes())?;
            held.remove = Some(self.folder.join(file));
        }
        Ok(taken)
    }

    /// The runs that have ended and left a line in the file of their lock, with that line.
    pub(super) fn left(&self) -> Vec<(PathBuf, String)> {
        self.files("run-", "")
            .filter_map(|(path, _)| read_left(&path).map(|line| (path, line)))
            .collect()
    }

    /// The same of one run.
    pub(super) fn left_by(&self, id: &str) -> Option<String> {
        read_left(&self.folder.join(file_name("run", id)))
    }

    /// The file for what a run could not record.
    pub(super) fn left_records(&self, run: &str) -> PathBuf {
        self.folder.join(format!("{}.db", file_name("left", run)))
    }

    /// All of these files whose runs have ended.
    pub(super) fn all_left_records(&self) -> Vec<PathBuf> {
        self.files("left-", ".db")
            .filter(|(_, run)| !self.is_run_alive(run))
            .map(|(path, _)| path)
            .collect()
    }

    /// The folder's files whose names begin and end so, with what stands between.
    fn files(&self, start: &str, end: &str) -> impl Iterator<Item = (PathBuf, String)> {
        let files = fs::read_dir(&self.folder).into_iter().flatten();
        let between = move |path: &Path| {
            let name = path.file_name().and_then(OsStr::to_str)?;
            Some(name.strip_prefix(start)?.strip_suffix(end)?.to_owned())
        };
        files.filter_map(move |file| {
            let path = file.ok()?.path();
            let name = between(&path)?;
            Some((path, name))
        })
    }

    /// Whether a run that has not recorded how it ended is still going on.
    pub fn is_run_alive(&self, id: &str) -> bool {
        self.is_held(&file_name("run", id))
    }

    /// Removes what a killed run has left.
    pub fn forget_run(&self, id: &str) {
        // A file that is left over harms nothing.
        let _ = fs::remove_file(self.folder.join(file_name("run", id)));
    }

    /// Waits for the lock under which the tables are made.
    pub(super) fn migration(&self) -> io::Result<File> {
        let file = self.open("migration")?;
        file.lock()?;
        Ok(file)
    }

    pub(super) fn make_folder(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        // A folder that an earlier version made, too.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            if fs::metadata(&self.folder)?.permissions().mode() & 0o077 != 0 {
                fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o700))?;
            }
        }
        Ok(())
    }

    fn open(&self, file: &str) -> io::Result<File> {
        self.make_folder()?;
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(self.folder.join(file))
    }

    fn take(&self, file: &str, run: &str) -> io::Result<Taken> {
        let mut file = self.open(file)?;
        let began = real_now();
        let mut looks = 0;
        let tried = loop {
            let tried = file.try_lock();
            looks += 1;
            if !matches!(tried, Err(TryLockError::WouldBlock)) {
                break tried;
            }
            // Who only looks whether it is held shares it, for some microseconds, or longer on a
            // busy machine. A process that is about to begin another program has its parent's.
            let is_looked_at = file.try_lock_shared().is_ok();
            if is_looked_at {
                file.unlock()?;
            }
            let is_over = if is_looked_at {
                real_now() - began >= LOOKED_AT
            } else {
                looks > 3
            };
            if is_over {
                break tried;
            }
            thread::sleep(Duration::from_millis(1));
        };
        match tried {
            Ok(()) => {
                let run = if run.is_empty() {
                    String::new()
                } else {
                    format!(", run {run}")
                };
                file.set_len(0)?;
                write!(file, "process {}{run}", std::process::id())?;
                Ok(Taken::Held(Held { file, remove: None }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                Ok(Taken::By(first_line(&holder).to_owned()))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn is_held(&self, file: &str) -> bool {
        let Ok(file) = File::open(self.folder.join(file)) else {
            return false;
        };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

/// Whether the process that has written this of itself has ended.
#[cfg(unix)]
fn is_gone(holder: &str) -> bool {
    use rustix::{io::Errno, process};
    let id = holder
        .strip_prefix("process ")
        .and_then(|id| id.parse().ok())
        .and_then(process::Pid::from_raw);
    id.is_some_and(|id| process::test_kill_process(id) == Err(Errno::SRCH))
}

#[cfg(not(unix))]
fn is_gone(_: &str) -> bool {
    false
}

/// A name may hold a secret, and any character, so a file shows its digest alone. The id of a run is
/// our own.
fn file_name(kind: &str, name: &str) -> String {
    let is_id = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if (kind == "run" || kind == "left") && is_id(name) {
        return format!("{kind}-{name}");
    }
    format!("{kind}-{}", sha256(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{Locks, Taken};

    #[test]
    fn a_lock_has_one_holder_and_names_it_and_is_free_once_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::beside(&folder.path().join("runs.db"));
        let held = locks.named("nightly/α", "run-1").unwrap().held().unwrap();
        match locks.named("nightly/α", "run-2").unwrap() {
            Taken::By(holder) => {
                assert_eq!(holder, format!("process {}, run run-1", std::process::id()));
            }
            Taken::Held(_) => panic!("two hold it"),
        }
        assert!(
            locks.named("nightly", "run-2").unwrap().held().is_some(),
            "another name is another lock"
        );
        drop(held);
        assert!(locks.named("nightly/α", "run-2").unwrap().held().is_some());
    }

    #[test]
    fn who_only_looks_whether_a_lock_is_held_keeps_none_from_taking_it() {
        use cumulua_core::clock::real_now;
        use std::time::Duration;
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::beside(&folder.path().join("runs.db"));
        drop(locks.run("r").unwrap());
        let looks = locks.open(&super::file_name("run", "r")).unwrap();
        looks.lock_shared().unwrap();
        let taken = std::thread::spawn(move || locks.run("r").unwrap());
        let began = real_now();
        while real_now() - began < Duration::from_millis(50) {
            std::thread::yield_now();
        }
        drop(looks);
        assert!(taken.join().unwrap().held().is_some());
    }

    #[test]
    fn a_long_name_has_a_lock_too() {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::beside(&folder.path().join("runs.db"));
        let (a, b) = ("ä".repeat(500), "ä".repeat(501));
        let _held = locks.schedule(&a, "").unwrap().held().unwrap();
        assert!(locks.is_schedule_running(&a) && !locks.is_schedule_running(&b));
    }

    #[cfg(unix)]
    #[test]
    fn no_file_shows_the_name_of_its_lock_and_the_folder_is_its_users_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("runs.db.locks");
        // As an earlier version left it.
        std::fs::create_dir(&own).unwrap();
        std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o755)).unwrap();
        let locks = Locks::beside(&folder.path().join("runs.db"));
        let name = "hunter2-hunter2";
        let _held = [
            locks.named(name, "r").unwrap(),
            locks.schedule(name, "r").unwrap(),
        ];
        let mode = std::fs::metadata(&own).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let files = std::fs::read_dir(&own).unwrap();
        let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2);
        for file in names {
            assert!(!file.to_string_lossy().contains("hunter2"), "{file:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_servers_lock_that_only_a_child_of_a_killed_one_still_has_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::beside(&folder.path().join("runs.db"));
        let mut killed = std::process::Command::new("true").spawn().unwrap();
        killed.wait().unwrap();
        let inherited = locks.server().unwrap().held().unwrap();
        std::fs::write(
            folder.path().join("runs.db.locks/server"),
            format!("process {}", killed.id()),
        )
        .unwrap();
        let begun = std::thread::spawn(move || drop(inherited));
        assert!(locks.server().unwrap().held().is_some());
        begun.join().unwrap();
        let _held = locks.server().unwrap().held();
        assert!(
            matches!(locks.server().unwrap(), Taken::By(_)),
            "who lives is not waited for"
        );
    }

    #[test]
    fn a_runs_lock_leaves_no_file_behind() {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::beside(&folder.path().join("runs.db"));
        let held = locks.run("r").unwrap().held().unwrap();
        assert!(locks.is_run_alive("r"));
        drop(held);
        assert!(!locks.is_run_alive("r"));
        assert_eq!(
            std::fs::read_dir(folder.path().join("runs.db.locks"))
                .unwrap()
                .count(),
            0
        );
    }

    #[test]
    fn what_a_run_leaves_is_read_once_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::beside(&folder.path().join("runs.db"));
        let mut held = locks.run("r").unwrap().held().unwrap();
        assert!(locks.left().is_empty());
        held.leave("first").unwrap();
        held.leave("its end").unwrap();
        assert!(held.leave(&"x".repeat(5000)).is_err(), "it has no room");
        assert!(locks.left().is_empty(), "it goes on");
        match locks.run("r").unwrap() {
            Taken::By(holder) => assert!(holder.ends_with(", run r"), "{holder:?}"),
            Taken::Held(_) => panic!("two hold it"),
        }
        drop(held);
        let mut left = locks.left();
        // A process that another test starts at this moment may hold it a little longer.
        while left.is_empty() {
            left = locks.left();
        }
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].1, "its end");
    }
}
