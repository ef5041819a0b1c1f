//! A file that an answer leads to: received under a name of its own beside the one it is to have,
//! which it gets once it is whole. What breaks off goes on where it was, if the file is still the
//! same (RFC 9110, Range and If-Range).

use super::base::Gate;
use super::positional;
use super::transfer::Transfer;
use super::upload::of_file;
use super::web::learn_query;
use crate::client::error::{CallError, Sent};
use crate::client::retry::RetryPolicy;
use crate::client::transport::{AnswerTo, OpenWriter, Request, TransportError, Writer};
use crate::client::{Attempts, CallOptions, FileOption, Route};
use cap_std::fs::{Dir, OpenOptions};
use cumulua_core::catalog::{Action, path};
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use serde_json::Value as Json;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::AsyncWrite;
use tokio::task::{JoinHandle, spawn_blocking};
use url::Url;

/// An answer that refuses is no longer than this, in bytes.
const LARGEST_REFUSAL: usize = 64 * 1024;

/// How much is written at once at most, in bytes.
const CHUNK: usize = 64 * 1024;

/// What is received from then on counts: an attempt that brought so much is not one of those that
/// led to nothing.
const PROGRESS: u64 = 1 << 20;

/// Where a file is to stand: its folder, held open, and its name there.
pub(super) struct Target {
    folder: Dir,
    name: PathBuf,
    path: String,
    overwrite: bool,
}

/// What a download is given beside its URL.
pub(super) struct Receiving<'a> {
    pub(super) action: &'a Action,
    pub(super) options: &'a CallOptions,
    pub(super) route: &'a Route,
    pub(super) attempts: &'a Attempts,
    pub(super) transfer: Arc<Transfer>,
}

impl Gate {
    /// Finds the place of a file that is to be received, by the rules of every other file.
    pub(super) fn target(&self, file: &FileOption) -> Result<Target, CallError> {
        let FileOption { path, overwrite } = file;
        let (folder, name) = self.entry(path).map_err(|problem| of_file(path, problem))?;
        let target = Target {
            folder,
            name,
            path: path.display().to_string(),
            overwrite: *overwrite,
        };
        let path = &target.path;
        match target.folder.symlink_metadata(&target.name) {
            Ok(_) if !overwrite => Err(CallError::BadOption(format!(
                "{path} is there already; overwrite = true replaces it"
            ))),
            Ok(about) if !about.is_file() => Err(CallError::BadOption(format!(
                "{path} is no file, and is not replaced by one"
            ))),
            Ok(_) => Ok(target),
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(target),
            Err(problem) => Err(CallError::BadOption(format!("{path}: {problem}"))),
        }
    }

    /// Receives the file that an answer leads to.
    pub(super) async fn receive(
        &self,
        target: Target,
        answer: &Json,
        receiving: Receiving<'_>,
    ) -> Result<(), CallError> {
        let Receiving {
            action,
            options,
            route,
            attempts,
            transfer,
        } = receiving;
        let url = url_of(action, route, answer)?;
        learn_query(&self.parts.redactor, &url);
        let part = Part::new(target, &self.parts.random.uuid());
        let part = Arc::new(Mutex::new(part));
        let _leftover = Leftover(Arc::clone(&part));
        let policy = RetryPolicy {
            retries: options.retries.unwrap_or(RetryPolicy::DEFAULT_RETRIES),
            repeatable: true,
        };
        let mut made = 0;
        loop {
            made += 1;
            let before = lock(&part).received();
            let left = attempts.left(self.elapsed());
            let request = request(&url, &part, &transfer, attempts.timeout(self.elapsed()));
            let sending = self.send_moving(request, &transfer);
            let response = self.clock().within(left, sending).await;
            let error = match response {
                None => return Err(attempts.out_of_time(Sent::Yes)),
                Some(Ok(response)) if response.status.is_success() => {
                    match lock(&part).shortage() {
                        None => break,
                        Some(reason) => CallError::NotReceived {
                            reason,
                            http_status: Some(response.status.as_u16()),
                            can_pass: true,
                        },
                    }
                }
                Some(Ok(response)) => refused(&url, response.status, &part),
                Some(Err(error)) => error.into(),
            };
            if lock(&part).received() >= before + PROGRESS {
                made = 1;
            }
            let Some(pause) = policy.pause(&error, made, self.parts.random.fraction()) else {
                return Err(error);
            };
            self.clock().sleep(pause).await;
        }
        let file = lock(&part).file();
        if let Some(file) = file {
            // What has its name is what is on the disk, whatever happens then.
            let written = spawn_blocking(move || file.sync_all()).await;
            positional::outcome(written).map_err(|problem| unwritten(&url, &problem))?;
        }
        lock(&part)
            .name()
            .map_err(|problem| unwritten(&url, &problem))
    }
}

/// The URL of a file. One that leads elsewhere is not asked for.
fn url_of(action: &Action, route: &Route, answer: &Json) -> Result<Url, CallError> {
    let failed = |reason: String| CallError::NotReceived {
        reason,
        http_status: None,
        can_pass: false,
    };
    let place = action.download.as_ref().map_or("", |model| &model.url);
    let text = path::first(answer, place).and_then(Json::as_str);
    let text = text.ok_or_else(|| failed(format!("the answer has no URL at {place}")))?;
    let url = Url::parse(text)
        .map_err(|error| failed(format!("what the answer has at {place} is no URL: {error}")))?;
    // An endpoint of the profile's own, a simulator's, gives out its own files.
    if url.origin() == route.url.origin() {
        return Ok(url);
    }
    let host = url.host_str().unwrap_or_default();
    if !action.service.has_domain(host) {
        let domains = action.service.domains.join(", ");
        return Err(failed(format!(
            "its URL leads to the host {host:?}, which is not below {domains}"
        )));
    }
    if url.scheme() != "https" {
        return Err(failed(format!(
            "its URL begins with {}:, and files are received by https alone",
            url.scheme()
        )));
    }
    Ok(url)
}

fn request(
    url: &Url,
    part: &Arc<Mutex<Part>>,
    transfer: &Arc<Transfer>,
    timeout: Duration,
) -> Request {
    let mut headers = HeaderMap::new();
    // As it is stored: the length and the places of parts are those of its bytes.
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    if let Some((range, validator)) = lock(part).rest() {
        headers.insert(header::RANGE, range);
        headers.insert(header::IF_RANGE, validator);
    }
    let (part, transfer) = (Arc::clone(part), Arc::clone(transfer));
    let open: OpenWriter = Arc::new(move |status, headers| {
        lock(&part)
            .open(status, headers, &transfer)
            .map(|writer| Box::new(writer) as Writer)
    });
    Request {
        method: "GET",
        url: url.clone(),
        headers,
        body: None,
        timeout,
        answer: AnswerTo::Writer {
            open,
            limit: LARGEST_REFUSAL,
        },
    }
}

fn refused(url: &Url, status: StatusCode, part: &Mutex<Part>) -> CallError {
    let host = url.host_str().unwrap_or_default();
    let (reason, can_pass) = match status {
        StatusCode::RANGE_NOT_SATISFIABLE => {
            lock(part).forget();
            (format!("{host} has no more of it"), true)
        }
        status if status.is_redirection() => (
            format!("{host} redirects elsewhere, which is not followed"),
            false,
        ),
        status => (
            format!("{host} answers with HTTP status {}", status.as_u16()),
            status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
        ),
    };
    CallError::NotReceived {
        reason,
        http_status: Some(status.as_u16()),
        can_pass,
    }
}

fn unwritten(url: &Url, problem: &io::Error) -> CallError {
    CallError::Transport(TransportError::NotWritten {
        host: url.host_str().unwrap_or_default().to_owned(),
        status: 200,
        reason: problem.to_string(),
    })
}

fn lock(part: &Mutex<Part>) -> std::sync::MutexGuard<'_, Part> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is received, until it has its name.
struct Part {
    target: Target,
    /// What its names begin with while it is no whole file; nothing else begins so.
    own_name: String,
    /// How often it began.
    begun: u32,
    file: Option<Arc<File>>,
    stored: Arc<AtomicU64>,
    /// How long it is to be, where that is known.
    total: Option<u64>,
    /// What shows that a file is still the same.
    validator: Option<HeaderValue>,
}

impl Part {
    fn new(target: Target, id: &str) -> Self {
        Self {
            target,
            own_name: format!(".cumulua-{id}"),
            begun: 0,
            file: None,
            stored: Arc::default(),
            total: None,
            validator: None,
        }
    }

    fn received(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }

    fn file(&self) -> Option<Arc<File>> {
        self.file.clone()
    }

    fn temporary(&self) -> String {
        format!("{}-{}.part", self.own_name, self.begun)
    }

    /// What is asked for to go on: the rest, where the file is still the same.
    fn rest(&self) -> Option<(HeaderValue, HeaderValue)> {
        let received = self.received();
        // Without a length it may have been unpacked on its way, so that places are others.
        let can_go_on = received > 0 && self.total.is_some() && self.file.is_some();
        let range = HeaderValue::from_str(&format!("bytes={received}-"));
        Some((range.ok()?, self.validator.clone()?)).filter(|_| can_go_on)
    }

    /// Where the answer that has begun is written to.
    fn open(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        transfer: &Arc<Transfer>,
    ) -> io::Result<PartWriter> {
        let at = if status == StatusCode::PARTIAL_CONTENT {
            let at = self.received();
            if first_byte(headers) != Some(at) || self.file.is_none() {
                return Err(io::Error::other("it is another part than was asked for"));
            }
            at
        } else {
            self.begin(headers)?;
            0
        };
        transfer.begin(at, self.total.unwrap_or_default());
        let file = self.file.clone();
        Ok(PartWriter {
            file: file.ok_or_else(|| io::Error::other("there is no file to write to"))?,
            at,
            stored: Arc::clone(&self.stored),
            transfer: Arc::clone(transfer),
            writing: None,
        })
    }

    /// Begins at the beginning, in a new file: a thread may still write to the old one.
    fn begin(&mut self, headers: &HeaderMap) -> io::Result<()> {
        self.forget();
        self.begun += 1;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let file = self.target.folder.open_with(self.temporary(), &options)?;
        self.file = Some(Arc::new(file.into_std()));
        let length = headers.get(header::CONTENT_LENGTH);
        self.total = length.and_then(|length| length.to_str().ok()?.parse().ok());
        self.validator = validator(headers);
        Ok(())
    }

    /// Drops what has been received.
    fn forget(&mut self) {
        if self.file.take().is_some() {
            // What is left over is not under the file's name.
            let _ = self.target.folder.remove_file(self.temporary());
        }
        self.stored = Arc::default();
        self.total = None;
        self.validator = None;
    }

    /// What is missing, where something is.
    fn shortage(&self) -> Option<String> {
        let (received, total) = (self.received(), self.total?);
        (received != total).then(|| format!("{received} of its {total} bytes came"))
    }

    /// Gives it its name.
    fn name(&mut self) -> io::Result<()> {
        let Target {
            folder,
            name,
            path,
            overwrite,
        } = &self.target;
        let temporary = self.temporary();
        if *overwrite {
            folder.rename(&temporary, folder, name)?;
            self.file = None;
            return Ok(());
        }
        // A link is made only where nothing has its name, whatever has come there meanwhile.
        match folder.hard_link(&temporary, folder, name) {
            Ok(()) => {}
            Err(problem) if problem.kind() == io::ErrorKind::AlreadyExists => {
                return Err(io::Error::other(format!("{path} has come there meanwhile")));
            }
            // There are file systems without links.
            Err(_) if folder.symlink_metadata(name).is_err() => {
                folder.rename(&temporary, folder, name)?;
                self.file = None;
            }
            Err(problem) => return Err(problem),
        }
        Ok(())
    }
}

/// Removes what has not become a file when its effect ends, however that is; a request that is
/// still somewhere does not keep it.
struct Leftover(Arc<Mutex<Part>>);

impl Drop for Leftover {
    fn drop(&mut self) {
        lock(&self.0).forget();
    }
}

/// What a resource can be held against: a strong tag, otherwise its time.
fn validator(headers: &HeaderMap) -> Option<HeaderValue> {
    let tag = headers.get(header::ETAG);
    let strong = tag.filter(|tag| tag.as_bytes().starts_with(b"\""));
    strong
        .or_else(|| headers.get(header::LAST_MODIFIED))
        .cloned()
}

/// The place of the first byte of a part: `bytes 5-9/10`.
fn first_byte(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (first, _) = range.strip_prefix("bytes ")?.split_once('-')?;
    first.parse().ok()
}

/// Writes what is received; one chunk is written while the next one comes.
struct PartWriter {
    file: Arc<File>,
    at: u64,
    stored: Arc<AtomicU64>,
    transfer: Arc<Transfer>,
    writing: Option<(JoinHandle<io::Result<()>>, u64)>,
}

impl PartWriter {
    fn poll_settled(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some((writing, length)) = &mut self.writing else {
            return Poll::Ready(Ok(()));
        };
        let ended = positional::outcome(ready!(Pin::new(writing).poll(context)));
        if ended.is_ok() {
            self.stored.fetch_add(*length, Ordering::Relaxed);
        }
        self.writing = None;
        Poll::Ready(ended)
    }
}

impl AsyncWrite for PartWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_settled(context))?;
        let chunk = bytes[..bytes.len().min(CHUNK)].to_vec();
        let length = chunk.len();
        let writing = positional::write(&self.file, chunk, self.at);
        self.writing = Some((writing, length as u64));
        self.at += length as u64;
        self.transfer.advance(length);
        Poll::Ready(Ok(length))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_settled(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_settled(context)
    }
}
