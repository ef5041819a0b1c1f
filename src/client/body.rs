//! The body of a request: bytes, or a stream of known length that each attempt opens anew.

use bytes::{Bytes, BytesMut};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};

/// What a stream is read from.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// The body of a request.
#[derive(Clone)]
pub enum Body {
    /// In memory.
    Bytes(Bytes),
    /// Read while it is sent.
    Stream {
        /// Its length in bytes, which travels before it does. A stream of another length fails the
        /// attempt.
        length: u64,
        /// Opens it from its beginning; called once for each attempt.
        open: Arc<dyn Fn() -> io::Result<Reader> + Send + Sync>,
    },
}

impl Body {
    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Stream { length, .. } => *length,
        }
    }

    /// All of it in memory, for a transport that sends nothing.
    pub async fn collect(self) -> io::Result<Bytes> {
        let (length, open) = match self {
            Self::Bytes(bytes) => return Ok(bytes),
            Self::Stream { length, open } => (length, open),
        };
        let mut stream = Exact::new(length, open()?);
        let mut whole = BytesMut::new();
        while let Some(chunk) = std::future::poll_fn(|context| stream.poll_chunk(context)).await {
            whole.extend_from_slice(&chunk?);
        }
        Ok(whole.freeze())
    }

    /// The body as the HTTP library takes it; opens a stream.
    pub(super) async fn open(self) -> io::Result<reqwest::Body> {
        match self {
            Self::Stream { length, open } if length > 0 => {
                Ok(reqwest::Body::wrap(Exact::new(length, open()?)))
            }
            // Of a body without a length the library would read nothing, and so not see that there
            // is more.
            other => Ok(other.collect().await?.into()),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.length())
    }
}

/// How much is read at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// A stream that has exactly so many bytes, or fails. The last of them is given only once the
/// stream has ended, so that a service never gets a whole request from a stream that is too long.
struct Exact {
    /// Only so that it may be shared: one task reads it.
    reader: Mutex<Reader>,
    length: u64,
    read: u64,
    /// The last chunk, until the end has been seen.
    last: Option<Bytes>,
    is_done: bool,
}

impl Exact {
    fn new(length: u64, reader: Reader) -> Self {
        Self {
            reader: Mutex::new(reader),
            length,
            read: 0,
            last: None,
            is_done: false,
        }
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.is_done {
            return Poll::Ready(None);
        }
        loop {
            let chunk = match ready!(self.poll_read(context)) {
                Ok(chunk) => chunk,
                Err(error) => return self.end(Some(Err(error))),
            };
            self.read += chunk.len() as u64;
            if chunk.is_empty() {
                let is_whole = self.read == self.length;
                let last = self.last.take().map(Ok);
                let cut =
                    || io::Error::new(io::ErrorKind::UnexpectedEof, self.differs("ended early"));
                let end = if is_whole { last } else { Some(Err(cut())) };
                return self.end(end);
            }
            if self.read > self.length {
                let error = io::Error::new(
                    io::ErrorKind::InvalidData,
                    self.differs("is longer than announced"),
                );
                return self.end(Some(Err(error)));
            }
            if self.read < self.length {
                return Poll::Ready(Some(Ok(chunk)));
            }
            self.last = Some(chunk);
        }
    }

    /// How many bytes have been handed on.
    fn given(&self) -> u64 {
        self.read.min(self.length) - self.last.as_ref().map_or(0, |last| last.len() as u64)
    }

    fn end(&mut self, last: Option<io::Result<Bytes>>) -> Poll<Option<io::Result<Bytes>>> {
        self.is_done = true;
        Poll::Ready(last)
    }

    fn differs(&self, how: &str) -> String {
        format!(
            "the body {how}: {} bytes were announced and {} read",
            self.length, self.read
        )
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let left = usize::try_from(self.length - self.read).unwrap_or(CHUNK);
        // At the end one byte more is asked for, which must not come.
        let mut chunk = BytesMut::zeroed(left.clamp(1, CHUNK));
        let mut buffer = ReadBuf::new(&mut chunk);
        let reader = self
            .reader
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        ready!(Pin::new(reader).poll_read(context, &mut buffer))?;
        let filled = buffer.filled().len();
        chunk.truncate(filled);
        Poll::Ready(Ok(chunk.freeze()))
    }
}

impl HttpBody for Exact {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.poll_chunk(context)
            .map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_done
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length - self.given())
    }
}
