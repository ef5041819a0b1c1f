//! The fifth step: one attempt over HTTP. Redirects and the library's own retries are off: each would re-send a nonce.

pub use super::connect::Destination;

use super::connect::{Connector, causes};
use super::pool::{Outgoing, Pool, Site, Unanswered};
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::header::{self, HeaderValue};
use http::method::InvalidMethod;
use http::uri::{InvalidUri, PathAndQuery};
use http::{HeaderMap, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body as _;
use std::error::Error;
use std::future::ready;
use std::io::Read as _;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;
use url::Url;

/// An attempt on its way.
#[derive(Clone)]
pub struct Request {
    /// The method, in capitals.
    pub method: &'static str,
    /// Where to, with the signed query; it holds a signature, so it must not be logged.
    pub uri: Uri,
    /// How it is reached.
    pub destination: Destination,
    /// Headers beside those that HTTP itself needs; they may hold secrets.
    pub headers: HeaderMap,
    /// The body and its content type.
    pub body: Option<(&'static str, Bytes)>,
    /// How long the attempt may take; whoever sends it watches over that.
    pub timeout: Duration,
    /// How large an answer may be, in bytes.
    pub max_answer: usize,
}

/// An answer as it arrived.
#[derive(Debug)]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

/// How an attempt failed; the variants say how far it got.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TransportError {
    /// No connection was made, so nothing was sent.
    #[error("no connection to {host}: {reason}")]
    NotConnected {
        /// Host and port.
        host: String,
        /// What the system says.
        reason: String,
    },
    /// HTTP cannot be set up on this machine.
    #[error("HTTPS cannot be used here: {0}")]
    Unusable(String),
    /// The connection broke before an answer arrived.
    #[error("the connection to {host} broke before an answer: {reason}")]
    Dropped {
        /// Host and port.
        host: String,
        /// What the system says.
        reason: String,
    },
    /// No answer within the attempt's time.
    #[error("no answer from {host} within {seconds:.1} s")]
    TimedOut {
        /// Host and port.
        host: String,
        /// The attempt's time.
        seconds: f64,
    },
    /// The answer began and ended early.
    #[error("the answer of {host} was cut short: {reason}")]
    CutShort {
        /// Host and port.
        host: String,
        /// The status that had arrived.
        status: u16,
        /// What the system says.
        reason: String,
    },
    /// The answer is larger than answers may be.
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooLarge {
        /// Host and port.
        host: String,
        /// The status that had arrived.
        status: u16,
        /// The cap.
        limit: usize,
    },
}

/// A boxed future, for traits that are used as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that carries attempts: HTTP, or the simulator in this process.
pub trait Transport: Send + Sync {
    /// Carries one attempt, however long it takes.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// HTTP by hyper, set up at the first attempt.
#[derive(Default)]
pub struct HttpTransport {
    outside: OnceLock<Result<Pool, TransportError>>,
    loopback: OnceLock<Result<Pool, TransportError>>,
    plain_loopback: OnceLock<Result<Pool, TransportError>>,
}

impl HttpTransport {
    fn pool(&self, destination: Destination) -> Result<&Pool, TransportError> {
        let cell = match destination {
            Destination::Outside => &self.outside,
            Destination::Loopback => &self.loopback,
            Destination::PlainLoopback => &self.plain_loopback,
        };
        cell.get_or_init(|| Connector::new(destination).map(Pool::new)).as_ref().map_err(Clone::clone)
    }

    /// The request as HTTP has it, and the connections that may carry it.
    fn prepared(&self, request: Request) -> Result<(&Pool, Site, PathAndQuery, Outgoing), TransportError> {
        let Request { method, uri, destination, headers, body, .. } = request;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority), Some(path)) = (parts.scheme, parts.authority, parts.path_and_query) else {
            return Err(TransportError::Unusable("a URL without a host".to_owned()));
        };
        let site = Site::new(scheme, authority).map_err(|error| unusable(&error))?;
        let pool = self.pool(destination)?;
        let (content_type, body) = body.unzip();
        let mut message = http::Request::new(Full::new(body.unwrap_or_default()));
        *message.method_mut() = method.parse().map_err(|error: InvalidMethod| unusable(&error))?;
        let sent = message.headers_mut();
        sent.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        sent.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(GZIP));
        sent.insert(header::USER_AGENT, HeaderValue::from_static(concat!("cumulua/", env!("CARGO_PKG_VERSION"))));
        if let Some(content_type) = content_type {
            sent.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        // A script's own headers take the place of those above.
        sent.extend(headers);
        Ok((pool, site, path, Box::new(message)))
    }
}

/// Sends a request and reads its answer.
async fn exchange(
    pool: &Pool,
    site: Site,
    path: PathAndQuery,
    message: Outgoing,
    max_answer: usize,
) -> Result<Response, TransportError> {
    let (answer, lease) = pool.send(&site, path, message).await.map_err(|unanswered| {
        let host = site.host().to_owned();
        match unanswered {
            Unanswered::Unsent(error) => TransportError::NotConnected { host, reason: causes(&*error) },
            Unanswered::Broken(error) => TransportError::Dropped { host, reason: causes(&error) },
        }
    })?;
    let (mut head, mut body) = answer.into_parts();
    let host = || site.host().to_owned();
    let status = head.status.as_u16();
    let too_large = || TransportError::TooLarge { host: host(), status, limit: max_answer };
    let cut_short = |error: &dyn Error| TransportError::CutShort { host: host(), status, reason: causes(error) };
    let length = body.size_hint().exact().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let mut whole = BytesMut::with_capacity(length.min(max_answer));
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame.map_err(|error| cut_short(&error))?.into_data() else { continue };
        if whole.len() + chunk.len() > max_answer {
            return Err(too_large());
        }
        whole.extend_from_slice(&chunk);
    }
    lease.keep();
    let is_packed = head.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == GZIP);
    // The answer to a HEAD has no body, whatever it says of one.
    let body = if is_packed && !whole.is_empty() {
        head.headers.remove(header::CONTENT_ENCODING);
        head.headers.remove(header::CONTENT_LENGTH);
        let unpacked = unpacked(&whole, max_answer).map_err(|error| cut_short(&error))?;
        unpacked.ok_or_else(too_large)?.into()
    } else {
        whole.freeze()
    };
    Ok(Response { status: head.status, headers: head.headers, body })
}

/// The one encoding of answers that is asked for.
const GZIP: &str = "gzip";

/// What gzip packed; nothing where it is more than `limit` bytes.
fn unpacked(packed: &[u8], limit: usize) -> std::io::Result<Option<Vec<u8>>> {
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(packed).take(limit as u64 + 1).read_to_end(&mut unpacked)?;
    Ok((unpacked.len() <= limit).then_some(unpacked))
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let max_answer = request.max_answer;
        match self.prepared(request) {
            Ok((pool, site, path, message)) => Box::pin(exchange(pool, site, path, message, max_answer)),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

/// A URL as HTTP takes it, which has a limit to its length.
pub fn uri(url: &Url) -> Result<Uri, TransportError> {
    url.as_str().parse().map_err(|error: InvalidUri| unusable(&error))
}

pub(super) fn unusable(error: &dyn Error) -> TransportError {
    TransportError::Unusable(error.to_string())
}
