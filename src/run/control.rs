//! Control sockets: how a process that runs scripts receives requests of other commands of the same
//! user.
//!
//! Each listens on a Unix socket of its own in the folder `<store>.d`: a server on `server.sock`, a
//! run on `<run>.sock`. A request is a line of JSON, and so is its answer:
//! `{"verb":"cancel","reason":"…"}`, then `{"done":"…"}` or `{"refused":"…"}`. What must outlast a
//! process is a row of the history; a request only announces it.

use super::given::GivenValue;
use crate::history::{Store, Told};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(unix)]
pub use unix::{Client, Listener, ask};

/// A longer line is refused, in bytes.
const LONGEST_LINE: u64 = 64 * 1024;

/// How long a client may take for its line, however it comes.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many clients are answered at once. Each takes a descriptor and a thread, which the runs of a
/// server need too.
const MOST_CLIENTS: usize = 32;

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Request {
    /// A run is to end.
    Cancel {
        /// Why, for its history.
        #[serde(default)]
        reason: String,
        /// Who asks, where that is a person.
        #[serde(default)]
        told: Option<Told>,
    },
    /// The server is to run a schedule now.
    Trigger {
        /// The schedule's name.
        schedule: String,
        /// Parameters of its script.
        #[serde(default)]
        params: BTreeMap<String, GivenValue>,
        /// Arguments of its script, in place of the file's.
        #[serde(default)]
        args: Option<Vec<String>>,
        /// Who asks.
        #[serde(default)]
        told: Told,
    },
    /// The server is to run a schedule for times that have passed.
    Backfill(BackfillSpan),
    /// The server is to give up what waits of a schedule.
    Drop {
        /// The schedule's name.
        schedule: String,
        /// Who asks.
        #[serde(default)]
        told: Told,
    },
    /// The server is to look at which schedules are paused.
    Look,
    /// The server is to read its file again.
    Reload,
}

/// For which times a schedule is to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillSpan {
    /// The schedule's name.
    pub schedule: String,
    /// From this time on, in milliseconds since 1970.
    pub from: i64,
    /// Up to and with this one.
    pub to: i64,
    /// So many at most, the earliest.
    pub limit: Option<u32>,
    /// Only says which they are.
    pub dry_run: bool,
    /// Whether there may be more than a thousand.
    pub yes: bool,
    /// Who asks.
    #[serde(default)]
    pub told: Told,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// What has been done.
    Done(String),
    /// What has become of a firing that was asked for.
    Fired {
        /// That, for a person.
        answer: String,
        /// The firing's time, in milliseconds since 1970.
        due: i64,
    },
    /// Why it is not done.
    Refused(String),
}

impl Request {
    const VERBS: [&'static str; 6] = ["cancel", "trigger", "backfill", "drop", "look", "reload"];

    /// The verb.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Cancel { .. } => "cancel",
            Self::Trigger { .. } => "trigger",
            Self::Backfill(_) => "backfill",
            Self::Drop { .. } => "drop",
            Self::Look => "look",
            Self::Reload => "reload",
        }
    }

    /// Reads a line for a listener of this kind, which is a `run` or a `server`.
    fn read(line: &[u8], kind: &str) -> Result<Self, Reply> {
        let refused = |error: serde_json::Error| {
            Reply::Refused(format!(
                "the request is no line of JSON as it should be: {error}"
            ))
        };
        let value: serde_json::Value = serde_json::from_slice(line).map_err(refused)?;
        match value["verb"].as_str() {
            Some(verb) if Self::VERBS.contains(&verb) => {
                serde_json::from_value(value).map_err(refused)
            }
            verb => Err(Reply::unknown(
                kind,
                verb.unwrap_or("a request without a verb"),
            )),
        }
    }
}

impl Reply {
    /// The answer of a listener of this kind to a verb that it does not know.
    pub fn unknown(kind: &str, verb: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        // What another process has sent is quoted, so that it controls no terminal.
        let verb: String = verb.chars().take(40).flat_map(char::escape_debug).collect();
        Self::Refused(format!(
            "this {kind} is of version {version} and does not know {verb}"
        ))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There is no listener.
    #[error("no process listens on {}", .0.display())]
    NoListener(PathBuf),
    /// There was no answer in time. What has not begun by then does not begin any more.
    #[error("there was no answer within {} s, and what was not begun by then is not done", .0.as_secs())]
    NoAnswer(Duration),
    /// It cannot be asked, or its answer cannot be read.
    #[error("{} cannot be asked: {reason}", .socket.display())]
    Failed {
        /// The socket.
        socket: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
}

/// The socket of the server of the store in this file.
pub fn server_socket(store: &Path) -> PathBuf {
    folder(store).join("server.sock")
}

/// The socket of a run in the store in this file.
pub fn run_socket(store: &Path, run: &str) -> PathBuf {
    // An id is given by the command that starts the run, and must lead to no other folder.
    let name: String = run
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .collect();
    folder(store).join(format!("{name}.sock"))
}

/// The file that a run of a server has as its standard error: what it could not record, as the
/// words of a crash.
pub fn last_words_file(store: &Path, run: &str) -> PathBuf {
    run_socket(store, run).with_extension("err")
}

/// Removes what killed runs have left: each socket whose run does not hold its lock any more, with
/// the lock's file. A run listens only once it holds its lock.
pub fn forget_killed(store: &Store) {
    // What they left of their end stands in the lock's file.
    if store.take_up_left_ends(PATIENCE).is_err() {
        return;
    }
    let Ok(sockets) = std::fs::read_dir(folder(store.path())) else {
        return;
    };
    for socket in sockets.filter_map(Result::ok) {
        let name = socket.file_name();
        let run = name.to_str().and_then(|name| {
            name.strip_suffix(".sock")
                .or_else(|| name.strip_suffix(".err"))
        });
        if let Some(run) = run.filter(|run| *run != "server" && !store.locks().is_run_alive(run)) {
            store.locks().forget_run(run);
            forget_run(store.path(), run);
        }
    }
}

/// Removes what a killed run has left beside the store: its socket, and its last words.
pub fn forget_run(store: &Path, run: &str) {
    // A file that is left over harms nothing.
    let _ = std::fs::remove_file(run_socket(store, run));
    let _ = std::fs::remove_file(last_words_file(store, run));
}

fn folder(store: &Path) -> PathBuf {
    let mut folder = store.as_os_str().to_owned();
    folder.push(".d");
    PathBuf::from(folder)
}

/// Reads a line of JSON that is not too long.
fn read_line(stream: impl io::Read) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(io::Read::take(stream, LONGEST_LINE + 1)).read_until(b'\n', &mut line)?;
    if line.last() != Some(&b'\n') {
        let problem = if line.len() as u64 > LONGEST_LINE {
            "the line is longer than 64 KiB"
        } else {
            "the line has no end"
        };
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    Ok(line)
}

fn write_line(mut stream: impl io::Write, content: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(content)?;
    line.push(b'\n');
    io::Write::write_all(&mut stream, &line)
}

#[cfg(unix)]
mod unix {
    use super::{AskError, MOST_CLIENTS, PATIENCE, Reply, Request, read_line, write_line};
    use cumulua_core::clock::real_now;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{Mode, OFlags};
    use std::fs::{self, DirBuilder, Permissions};
    use std::io;
    use std::os::fd::{AsRawFd as _, OwnedFd};
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    /// The pause after a connection that could not be accepted.
    const AFTER_FAILURE: Duration = Duration::from_millis(100);

    /// How long one that comes while too many ask waits for them, and how often it looks.
    const BUSY: Duration = Duration::from_secs(2);
    const LOOK: Duration = Duration::from_millis(10);

    /// Who asked, as long as the answer is waited for.
    #[derive(Debug, Clone)]
    pub struct Client(Arc<UnixStream>);

    impl Client {
        /// The client at the other end of a stream.
        pub fn new(stream: UnixStream) -> Self {
            Self(Arc::new(stream))
        }

        /// The user that it is of, as the kernel tells it.
        pub fn uid(&self) -> Option<u32> {
            #[cfg(target_os = "linux")]
            {
                let peer = rustix::net::sockopt::socket_peercred(&*self.0);
                peer.ok().map(|peer| peer.uid.as_raw())
            }
            // Only the same user gets into the folder of the socket.
            #[cfg(not(target_os = "linux"))]
            Some(rustix::process::geteuid().as_raw())
        }

        /// Whether it is gone, as where the command was ended: it gets no answer, so nothing is to
        /// be done for it. One that has only finished writing is not gone.
        pub fn is_gone(&self) -> bool {
            let mut stream = [PollFd::new(&self.0, PollFlags::empty())];
            let polled = poll(&mut stream, Some(&Timespec::default()));
            polled.is_ok_and(|_| stream[0].revents().contains(PollFlags::HUP))
        }
    }

    /// Answers requests on a thread of its own, until it is dropped.
    #[derive(Debug)]
    pub struct Listener {
        socket: SocketPath,
        is_over: Arc<AtomicBool>,
    }

    impl Listener {
        /// Listens on this socket, in place of one that another process has left. To be called
        /// under the lock of what it belongs to, a `run` or a `server`, which names it in answers.
        pub fn start(
            socket: &Path,
            kind: &'static str,
            answer: impl Fn(&Request, &Client) -> Reply + Send + Sync + 'static,
        ) -> io::Result<Self> {
            let place = SocketPath::make(socket)?;
            match fs::remove_file(place.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(place.path())?;
            fs::set_permissions(place.path(), Permissions::from_mode(0o600))?;
            let is_over = Arc::new(AtomicBool::new(false));
            let (over, answer) = (Arc::clone(&is_over), Arc::new(answer));
            thread::Builder::new()
                .name("control".to_owned())
                .spawn(move || {
                    for connected in listener.incoming() {
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                        let Ok(stream) = connected else {
                            // As where the process has no descriptor left: accepting again at once
                            // would only burn the processor.
                            thread::sleep(AFTER_FAILURE);
                            continue;
                        };
                        // Those that have asked are answered within moments, as a rule.
                        let began = real_now();
                        while Arc::strong_count(&answer) > MOST_CLIENTS && real_now() - began < BUSY
                        {
                            thread::sleep(LOOK);
                        }
                        if Arc::strong_count(&answer) > MOST_CLIENTS {
                            let busy = "too many ask at once; ask again".to_owned();
                            let _ = write_line(&stream, &Reply::Refused(busy));
                            continue;
                        }
                        let answer = Arc::clone(&answer);
                        // A client that connects and sends nothing must not keep others waiting.
                        // Without a thread they are not answered.
                        let _ = thread::Builder::new().spawn(move || serve(stream, kind, &*answer));
                    }
                })?;
            Ok(Self {
                socket: place,
                is_over,
            })
        }
    }

    impl Drop for Listener {
        fn drop(&mut self) {
            self.is_over.store(true, Ordering::Relaxed);
            // The thread looks once a client connects.
            let _ = UnixStream::connect(self.socket.path());
            let _ = fs::remove_file(self.socket.path());
        }
    }

    /// Answers a client; for one that is gone meanwhile nothing is done.
    fn serve(stream: UnixStream, kind: &str, answer: &dyn Fn(&Request, &Client) -> Reply) {
        let client = Client::new(stream);
        let reply = match read_request(&client.0, kind) {
            Ok(_) if client.is_gone() => return,
            Ok(request) => answer(&request, &client),
            Err(refused) => refused,
        };
        let _ = write_line(&*client.0, &reply);
    }

    fn read_request(stream: &UnixStream, kind: &str) -> Result<Request, Reply> {
        if !is_ours(stream) {
            return Err(Reply::Refused(
                "only the user who started it may ask something of it".to_owned(),
            ));
        }
        let line = read_line(Until {
            stream,
            end: real_now() + PATIENCE,
        });
        let line = line.map_err(|error| {
            Reply::Refused(if is_timeout(&error) {
                format!("no whole line came within {} s", PATIENCE.as_secs())
            } else {
                error.to_string()
            })
        });
        Request::read(&line?, kind)
    }

    /// A stream that is read until a time, whatever pieces it comes in.
    struct Until<'a> {
        stream: &'a UnixStream,
        end: Instant,
    }

    impl io::Read for Until<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let left = self.end.saturating_duration_since(real_now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.stream.set_read_timeout(Some(left))?;
            let mut stream = self.stream;
            io::Read::read(&mut stream, buffer)
        }
    }

    fn is_timeout(error: &io::Error) -> bool {
        matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
        )
    }

    /// Whether the other side is of this user, or the superuser's.
    fn is_ours(stream: &UnixStream) -> bool {
        #[cfg(target_os = "linux")]
        {
            let user = rustix::net::sockopt::socket_peercred(stream).map(|peer| peer.uid);
            user.is_ok_and(|user| user.is_root() || user == rustix::process::geteuid())
        }
        // Elsewhere the folder keeps others out.
        #[cfg(not(target_os = "linux"))]
        {
            let _ = stream;
            true
        }
    }

    /// Sends a request to the process that listens on a socket, and waits so long for the answer.
    pub fn ask(socket: &Path, request: &Request, patience: Duration) -> Result<Reply, AskError> {
        asked(socket, request, patience).map_err(|reason| match reason.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                AskError::NoListener(socket.to_owned())
            }
            _ if is_timeout(&reason) => AskError::NoAnswer(patience),
            _ => AskError::Failed {
                socket: socket.to_owned(),
                reason,
            },
        })
    }

    fn asked(socket: &Path, request: &Request, patience: Duration) -> io::Result<Reply> {
        let stream = UnixStream::connect(SocketPath::find(socket)?.path())?;
        stream.set_read_timeout(Some(patience))?;
        write_line(&stream, request)?;
        Ok(serde_json::from_slice(&read_line(&stream)?)?)
    }

    /// A socket in its folder, which is open: a socket's address has 108 bytes, and a path may be
    /// longer.
    #[derive(Debug)]
    struct SocketPath {
        folder: OwnedFd,
        socket: PathBuf,
    }

    impl SocketPath {
        /// Makes the folder where there is none; it must be of this user.
        fn make(socket: &Path) -> io::Result<Self> {
            if let Some(folder) = socket.parent() {
                DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(folder)?;
            }
            let place = Self::find(socket)?;
            let found = rustix::fs::fstat(&place.folder)?;
            if found.st_uid != rustix::process::geteuid().as_raw() {
                return Err(io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    "the folder of its socket belongs to another user",
                ));
            }
            if found.st_mode & 0o077 != 0 {
                rustix::fs::fchmod(&place.folder, Mode::RWXU)?;
            }
            Ok(place)
        }

        fn find(socket: &Path) -> io::Result<Self> {
            let folder = socket.parent().unwrap_or(socket);
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            Ok(Self {
                folder: rustix::fs::open(folder, flags, Mode::empty())?,
                socket: socket.to_owned(),
            })
        }

        fn path(&self) -> PathBuf {
            let name = self.socket.file_name().unwrap_or_default();
            if cfg!(target_os = "linux") {
                Path::new("/proc/self/fd")
                    .join(self.folder.as_raw_fd().to_string())
                    .join(name)
            } else {
                self.socket.clone()
            }
        }
    }
}

#[cfg(not(unix))]
pub use elsewhere::{Client, Listener, ask};

/// Where there are no such sockets, there are no listeners.
#[cfg(not(unix))]
mod elsewhere {
    use super::{AskError, Reply, Request};
    use std::io;
    use std::path::Path;
    use std::time::Duration;

    /// Never made.
    #[derive(Debug)]
    pub struct Listener;

    /// Never made.
    #[derive(Debug, Clone)]
    pub struct Client;

    impl Client {
        /// Never asked.
        pub fn is_gone(&self) -> bool {
            true
        }
    }

    impl Listener {
        /// Fails.
        pub fn start(
            _: &Path,
            _: &'static str,
            _: impl Fn(&Request, &Client) -> Reply + Send + Sync + 'static,
        ) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    /// Fails.
    pub fn ask(socket: &Path, _: &Request, _: Duration) -> Result<Reply, AskError> {
        Err(AskError::NoListener(socket.to_owned()))
    }
}
