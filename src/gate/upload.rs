//! A file that a call sends: opened once, by the rules of every other file, and read from its
//! beginning by each attempt.

use super::base::Gate;
use super::denied::Denied;
use super::files::{FileError, Opening};
use super::positional;
use super::transfer::Transfer;
use crate::client::Content;
use crate::client::error::{CallError, Sent};
use crate::client::transport::{Body, Reader};
use bytes::Bytes;
use std::fs::File;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::task::JoinHandle;

/// How much is read at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// What a file was when it was opened. One that is another meanwhile is sent by halves at most.
struct Upload {
    file: Arc<File>,
    path: String,
    length: u64,
    changed: Option<SystemTime>,
    transfer: Arc<Transfer>,
}

impl Gate {
    /// Opens the file that a call sends.
    pub(super) fn open_upload(
        &self,
        path: &Path,
        transfer: Arc<Transfer>,
    ) -> Result<Content, CallError> {
        let opening = Opening {
            reads: true,
            ..Opening::default()
        };
        let file = self
            .open_granted(path, opening)
            .map_err(|problem| of_file(path, problem))?;
        let about = file
            .metadata()
            .map_err(|problem| of_file(path, problem.into()))?;
        let shown = path.display().to_string();
        // Only of one of these it is known how much there is to send.
        if !about.is_file() {
            return Err(CallError::BadOption(format!(
                "{shown} is not a file that can be sent: it has no length"
            )));
        }
        let length = about.len();
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let upload = Arc::new(Upload {
            file: Arc::new(file),
            path: shown.clone(),
            length,
            changed: about.modified().ok(),
            transfer,
        });
        let open = move || -> io::Result<Reader> {
            upload.is_as_it_was()?;
            upload.transfer.begin(0, upload.length);
            Ok(Box::new(UploadReader {
                upload: Arc::clone(&upload),
                at: 0,
                chunk: Bytes::new(),
                reading: None,
                is_done: false,
            }))
        };
        Ok(Content {
            name,
            origin: format!("{length} bytes of {shown}"),
            body: Body::Stream {
                length,
                open: Arc::new(open),
            },
        })
    }
}

/// Why a file of a call is not used; nothing was sent.
pub(super) fn of_file(path: &Path, problem: FileError) -> CallError {
    match problem {
        FileError::Denied(Denied::Policy(because)) => CallError::Forbidden(because),
        FileError::Denied(denied) => CallError::BadOption(denied.to_string()),
        FileError::System(problem) => {
            CallError::BadOption(format!("{}: {problem}", path.display()))
        }
        FileError::Stopped(stop) => CallError::Cancelled {
            reason: stop.describe(),
            sent: Sent::No,
        },
    }
}

impl Upload {
    fn is_as_it_was(&self) -> io::Result<()> {
        let about = self.file.metadata()?;
        let (path, was, is) = (&self.path, self.length, about.len());
        if is != was {
            let how = if is > was { "grew" } else { "shrank" };
            return Err(io::Error::other(format!(
                "{path} {how} from {was} to {is} bytes after the call began"
            )));
        }
        if about.modified().ok() != self.changed {
            return Err(io::Error::other(format!(
                "{path} was changed after the call began"
            )));
        }
        Ok(())
    }
}

/// Reads a file from its beginning.
struct UploadReader {
    upload: Arc<Upload>,
    /// Where the next chunk begins.
    at: u64,
    chunk: Bytes,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    is_done: bool,
}

impl AsyncRead for UploadReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let own = &mut *self;
        while own.chunk.is_empty() && !own.is_done {
            let (file, at) = (&own.upload.file, own.at);
            let reading = own
                .reading
                .get_or_insert_with(|| positional::read(file, CHUNK, at));
            let read = positional::outcome(ready!(Pin::new(reading).poll(context)));
            own.reading = None;
            own.chunk = read?;
            own.at += own.chunk.len() as u64;
            if own.chunk.is_empty() || own.at > own.upload.length {
                own.upload.is_as_it_was()?;
                own.is_done = true;
            }
        }
        let count = own.chunk.len().min(buffer.remaining());
        buffer.put_slice(&own.chunk.split_to(count));
        own.upload.transfer.advance(count);
        Poll::Ready(Ok(()))
    }
}
