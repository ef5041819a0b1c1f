//! The fifth step: one attempt over HTTP. Redirects and the library's own retries are off: each would re-send a nonce.

use super::effects::BoxFuture;
use crate::config::is_loopback;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use std::sync::OnceLock;
use std::time::Duration;
use url::Url;

/// An attempt on its way.
#[derive(Clone)]
pub struct Request {
    /// The method, in capitals.
    pub method: &'static str,
    /// Where to, with the signed query; it holds a signature, so it must not be logged.
    pub url: Url,
    /// Headers beside those that HTTP itself needs; they may hold secrets.
    pub headers: HeaderMap,
    /// The body and its content type.
    pub body: Option<(&'static str, Bytes)>,
    /// How long the attempt may take.
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
    /// Carries one attempt.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// HTTP by reqwest, set up at the first attempt.
#[derive(Default)]
pub struct HttpTransport {
    outside: OnceLock<Result<reqwest::Client, String>>,
    loopback: OnceLock<Result<reqwest::Client, String>>,
}

impl HttpTransport {
    /// Time to make a connection.
    const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

    fn client(&self, url: &Url) -> Result<&reqwest::Client, TransportError> {
        let local = is_loopback(url);
        let cell = if local { &self.loopback } else { &self.outside };
        let client = cell.get_or_init(|| Self::build(local).map_err(|error| causes(&error)));
        client.as_ref().map_err(|reason| TransportError::Unusable(reason.clone()))
    }

    fn build(local: bool) -> Result<reqwest::Client, reqwest::Error> {
        // A second call finds the provider installed, which is what we want.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("cumulua/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(Self::CONNECT_TIMEOUT)
            .tcp_nodelay(true);
        if local {
            builder = builder.no_proxy();
        }
        builder.build()
    }

    async fn attempt(&self, request: Request) -> Result<Response, TransportError> {
        let host = authority(&request.url);
        let client = self.client(&request.url)?;
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|error| TransportError::Unusable(error.to_string()))?;
        let mut builder = client.request(method, request.url).timeout(request.timeout);
        if let Some((content_type, body)) = request.body {
            builder = builder.header(http::header::CONTENT_TYPE, content_type).body(body);
        }
        // A script's own content type takes the place of the one above.
        builder = builder.headers(request.headers);
        let mut answer = builder.send().await.map_err(|error| before_answer(error, &host, request.timeout))?;
        let status = answer.status();
        let headers = answer.headers().clone();
        let mut body = BytesMut::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > request.max_answer => {
                    return Err(TransportError::TooLarge { host, status: status.as_u16(), limit: request.max_answer });
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(Response { status, headers, body: body.freeze() }),
                Err(error) if error.is_timeout() => {
                    return Err(TransportError::TimedOut { host, seconds: request.timeout.as_secs_f64() });
                }
                Err(error) => {
                    return Err(TransportError::CutShort { host, status: status.as_u16(), reason: causes(&error.without_url()) });
                }
            }
        }
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.attempt(request))
    }
}

fn before_answer(error: reqwest::Error, host: &str, timeout: Duration) -> TransportError {
    let host = host.to_owned();
    // The URL holds the signature.
    let error = error.without_url();
    if error.is_connect() {
        TransportError::NotConnected { host, reason: causes(&error) }
    } else if error.is_builder() {
        TransportError::Unusable(causes(&error))
    } else if error.is_timeout() {
        TransportError::TimedOut { host, seconds: timeout.as_secs_f64() }
    } else {
        TransportError::Dropped { host, reason: causes(&error) }
    }
}

/// An error's innermost cause says what happened; the outer ones only say where.
fn causes(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
