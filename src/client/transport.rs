//! The fifth step: one attempt over HTTP. Redirects and the library's own retries are off: each would re-send a nonce.

pub use super::connect::Destination;

use super::connect::{Connector, causes};
use super::effects::BoxFuture;
use bytes::{Bytes, BytesMut};
use http::uri::InvalidUri;
use http::{HeaderMap, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body as _;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;
use tower_http::decompression::Decompression;
use tower_service::Service as _;
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

/// Something that carries attempts: HTTP, or the simulator in this process.
pub trait Transport: Send + Sync {
    /// Carries one attempt, however long it takes.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// HTTP by hyper, set up at the first attempt.
#[derive(Default)]
pub struct HttpTransport {
    outside: OnceLock<Result<Client, TransportError>>,
    loopback: OnceLock<Result<Client, TransportError>>,
    plain_loopback: OnceLock<Result<Client, TransportError>>,
}

/// Connections that are kept, and what makes new ones.
type Client = legacy::Client<Connector, Full<Bytes>>;

impl HttpTransport {
    fn client(&self, destination: Destination) -> Result<&Client, TransportError> {
        let cell = match destination {
            Destination::Outside => &self.outside,
            Destination::Loopback => &self.loopback,
            Destination::PlainLoopback => &self.plain_loopback,
        };
        let built = cell.get_or_init(|| {
            let connector = Connector::new(destination)?;
            Ok(legacy::Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector))
        });
        built.as_ref().map_err(Clone::clone)
    }

    async fn attempt(&self, request: Request) -> Result<Response, TransportError> {
        let authority = request.uri.authority().cloned();
        let host = || authority.as_ref().map(ToString::to_string).unwrap_or_default();
        let client = self.client(request.destination)?;
        let mut built = http::Request::builder()
            .method(request.method)
            .uri(request.uri)
            .header(header::ACCEPT, "*/*")
            .header(header::USER_AGENT, concat!("cumulua/", env!("CARGO_PKG_VERSION")));
        let body = match request.body {
            Some((content_type, body)) => {
                built = built.header(header::CONTENT_TYPE, content_type);
                Full::new(body)
            }
            None => Full::default(),
        };
        let mut built = built.body(body).map_err(|error| unusable(&error))?;
        // A script's own content type takes the place of the one above.
        built.headers_mut().extend(request.headers);
        let answer = Decompression::new(client).call(built).await.map_err(|error| before_answer(&error, host()))?;
        let (head, mut body) = answer.into_parts();
        let length = body.size_hint().exact().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let mut whole = BytesMut::with_capacity(length.min(request.max_answer));
        while let Some(frame) = body.frame().await {
            let status = head.status.as_u16();
            let frame = frame.map_err(|error| TransportError::CutShort { host: host(), status, reason: causes(&*error) })?;
            let Ok(chunk) = frame.into_data() else { continue };
            if whole.len() + chunk.len() > request.max_answer {
                return Err(TransportError::TooLarge { host: host(), status, limit: request.max_answer });
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(Response { status: head.status, headers: head.headers, body: whole.freeze() })
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.attempt(request))
    }
}

/// A URL as HTTP takes it, which has a limit to its length.
pub fn uri(url: &Url) -> Result<Uri, TransportError> {
    url.as_str().parse().map_err(|error: InvalidUri| unusable(&error))
}

pub(super) fn unusable(error: &dyn Error) -> TransportError {
    TransportError::Unusable(error.to_string())
}

fn before_answer(error: &legacy::Error, host: String) -> TransportError {
    let reason = causes(error);
    if error.is_connect() { TransportError::NotConnected { host, reason } } else { TransportError::Dropped { host, reason } }
}
