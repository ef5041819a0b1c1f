//! One attempt over HTTP, by reqwest. Redirects and its retries are off: each would
//! send a nonce again.

pub use super::body::{Body, Reader};

use super::proxy::Proxies;
use crate::config::is_loopback;
use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderValue};
use http::method::InvalidMethod;
use http::{HeaderMap, StatusCode};
use hyper_util::client::proxy::matcher::Intercept;
use reqwest::{Client, redirect, retry};
use std::error::Error;
use std::fmt::Display;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use url::{Position, Url};

/// A boxed future, for traits that are used as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What an answer is written to.
pub type Writer = Box<dyn AsyncWrite + Send + Unpin>;

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
    pub body: Option<(&'static str, Body)>,
    /// How long the attempt may take; the sender watches over it.
    pub timeout: Duration,
    /// Where the answer goes.
    pub answer: AnswerTo,
}

impl Request {
    /// Host and port, as errors name them.
    pub fn host(&self) -> &str {
        &self.url[Position::BeforeHost..Position::AfterPort]
    }
}

/// Opens what an answer is written to, by its status and its headers.
pub type OpenWriter = Arc<dyn Fn(StatusCode, &HeaderMap) -> io::Result<Writer> + Send + Sync>;

/// Where the body of an answer goes.
#[derive(Clone)]
pub enum AnswerTo {
    /// Into memory; an answer of more than so many bytes is refused.
    Memory(usize),
    /// Into a writer, however large it is. Only a success (2xx) goes there; any other answer goes
    /// into memory.
    Writer {
        /// Opens the writer, once a success has begun to arrive.
        open: OpenWriter,
        /// How large any other answer may be, in bytes.
        limit: usize,
    },
}

impl AnswerTo {
    /// How large an answer in memory may be, in bytes.
    pub fn limit(&self) -> usize {
        match self {
            Self::Memory(limit) | Self::Writer { limit, .. } => *limit,
        }
    }
}

/// An answer as it arrived.
#[derive(Debug)]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body; empty where a writer took it.
    pub body: Bytes,
}

/// How an attempt failed; the variants show how far it got.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TransportError {
    /// No connection was made, so nothing was sent.
    #[error("no connection to {host}: {reason}")]
    NotConnected {
        /// Host and port.
        host: String,
        /// The system's reason.
        reason: String,
    },
    /// HTTP cannot be set up on this machine.
    #[error("HTTPS cannot be used here: {0}")]
    Unusable(String),
    /// The body cannot be opened, so nothing was sent.
    #[error("the body cannot be read: {0}")]
    NoBody(String),
    /// The connection broke before an answer arrived.
    #[error("the connection to {host} broke before an answer: {reason}")]
    Dropped {
        /// Host and port.
        host: String,
        /// The system's reason.
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
        /// The system's reason.
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
    /// The answer arrived and its writer failed.
    #[error("the answer of {host} cannot be written: {reason}")]
    NotWritten {
        /// Host and port.
        host: String,
        /// The status that had arrived.
        status: u16,
        /// The system's reason.
        reason: String,
    },
}

/// Something that carries attempts: HTTP, or the simulator in this process.
pub trait Transport: Send + Sync {
    /// Carries one attempt, however long it takes.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// Time to make a connection, its TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection is kept: a firewall may forget it without notice.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// How long a connection is silent before the other side is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// HTTP by reqwest. A client for each kind of destination, made at the first attempt that needs it.
#[derive(Default)]
pub struct HttpTransport {
    outside: OnceLock<Result<Destination, TransportError>>,
    outside_named: OnceLock<Result<Destination, TransportError>>,
    loopback: OnceLock<Result<Destination, TransportError>>,
    plain_loopback: OnceLock<Result<Destination, TransportError>>,
}

/// A client, and the proxies that it goes through.
struct Destination {
    client: Client,
    proxies: Option<Arc<Proxies>>,
}

impl HttpTransport {
    fn destination(&self, url: &Url, headers: &HeaderMap) -> Result<&Destination, TransportError> {
        let destination = match (is_loopback(url), url.scheme()) {
            // Over HTTP/2 the host would be named twice, and differently.
            (false, _) if headers.contains_key(header::HOST) => {
                self.outside_named.get_or_init(|| {
                    let settings = settings().http1_only();
                    Destination::new(settings, Some(Proxies::of_environment()))
                })
            }
            (false, _) => self
                .outside
                .get_or_init(|| Destination::new(settings(), Some(Proxies::of_environment()))),
            // It meets no certificate, and reading the system's takes megabytes. It would trust
            // none.
            (true, "http") => self
                .plain_loopback
                .get_or_init(|| Destination::new(settings().tls_certs_only([]), None)),
            (true, _) => self
                .loopback
                .get_or_init(|| Destination::new(settings(), None)),
        };
        destination.as_ref().map_err(Clone::clone)
    }

    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        let host = request.host().to_owned();
        let Request {
            method,
            mut url,
            mut headers,
            body,
            answer,
            ..
        } = request;
        let destination = self.destination(&url, &headers)?;
        let proxy = destination.proxy(&url)?;
        let is_plain = url.scheme() == "http";
        // Over HTTP/2 and to a proxy it would travel.
        if !url.username().is_empty() || url.password().is_some() {
            let _ = url.set_username("");
            let _ = url.set_password(None);
        }
        let method = method
            .parse()
            .map_err(|error: InvalidMethod| TransportError::Unusable(error.to_string()))?;
        let mut message = reqwest::Request::new(method, url);
        if let Some((content_type, body)) = body {
            // A header of the request's own goes before.
            headers
                .entry(header::CONTENT_TYPE)
                .or_insert(HeaderValue::from_static(content_type));
            *message.body_mut() = Some(
                body.open()
                    .await
                    .map_err(|error| TransportError::NoBody(error.to_string()))?,
            );
        }
        *message.headers_mut() = headers;
        let answered = destination
            .client
            .execute(message)
            .await
            .map_err(|error| no_answer(error, &host, proxy.as_ref()))?;
        // To a service by plain http, a proxy answers in the service's place.
        if let Some(proxy) = proxy
            .filter(|_| is_plain && answered.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED)
        {
            let reason = through(&proxy, "proxy authorization required");
            return Err(TransportError::NotConnected { host, reason });
        }
        receive(answered, &host, &answer).await
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.exchange(request))
    }
}

fn settings() -> reqwest::ClientBuilder {
    // A second call finds the provider installed, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = Client::builder()
        .user_agent(concat!("cumulua/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        // The system reports a connection that is gone without notice within this time.
        .tcp_keepalive(KEEPALIVE)
        .tcp_keepalive_interval(KEEPALIVE)
        .tcp_keepalive_retries(3);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let settings = settings.tcp_user_timeout(2 * KEEPALIVE);
    settings
}

impl Destination {
    fn new(
        settings: reqwest::ClientBuilder,
        proxies: Option<Proxies>,
    ) -> Result<Self, TransportError> {
        let proxies = proxies.map(Arc::new);
        // What reqwest finds in the environment by itself does not count.
        let settings = proxies
            .iter()
            .flat_map(Proxies::for_client)
            .fold(settings.no_proxy(), reqwest::ClientBuilder::proxy);
        let client = settings
            .build()
            .map_err(|error| TransportError::Unusable(causes(&error)))?;
        Ok(Self { client, proxies })
    }

    /// The proxy that takes a URL.
    fn proxy(&self, url: &Url) -> Result<Option<Intercept>, TransportError> {
        let Some(proxies) = &self.proxies else {
            return Ok(None);
        };
        let Some(proxy) = proxies.of(url) else {
            return Ok(None);
        };
        let scheme = proxy.uri().scheme_str().unwrap_or("http");
        if ["http", "https"].contains(&scheme) {
            return Ok(Some(proxy));
        }
        let host = url[Position::BeforeHost..Position::AfterPort].to_owned();
        let reason = format!(
            "the proxy {} is one of {scheme}; proxies of http and https are supported",
            proxy.uri()
        );
        Err(TransportError::NotConnected { host, reason })
    }
}

/// Why there is no answer. Nothing of the URL is in it.
fn no_answer(error: reqwest::Error, host: &str, proxy: Option<&Intercept>) -> TransportError {
    let error = error.without_url();
    if error.is_builder() {
        return TransportError::Unusable(causes(&error));
    }
    let reason = if error.is_connect() && error.is_timeout() {
        format!("it was not made within {} s", CONNECT_TIMEOUT.as_secs())
    } else {
        causes(&error)
    };
    let reason = proxy.map_or_else(|| reason.clone(), |proxy| through(proxy, &reason));
    let host = host.to_owned();
    if error.is_connect() || is_unsent(&error) {
        TransportError::NotConnected { host, reason }
    } else {
        TransportError::Dropped { host, reason }
    }
}

fn through(proxy: &Intercept, reason: &str) -> String {
    format!("through the proxy {}: {reason}", proxy.uri())
}

/// Whether the connection closed before it took the request.
fn is_unsent(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_canceled)
        {
            return true;
        }
        cause = error.source();
    }
    false
}

/// An error's innermost cause is what happened; the outer ones only name where.
fn causes(error: &dyn Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// Reads an answer to its end.
async fn receive(
    mut answered: reqwest::Response,
    host: &str,
    to: &AnswerTo,
) -> Result<Response, TransportError> {
    let (status, headers) = (answered.status(), std::mem::take(answered.headers_mut()));
    let mut sink = Sink::new(host, status, &headers, to)?;
    loop {
        let chunk = answered.chunk().await.map_err(|error| {
            let (host, reason) = (host.to_owned(), causes(&error.without_url()));
            TransportError::CutShort {
                host,
                status: status.as_u16(),
                reason,
            }
        })?;
        match chunk {
            Some(chunk) => sink.take(chunk).await?,
            None => break,
        }
    }
    Ok(Response {
        status,
        headers,
        body: sink.end().await?,
    })
}

/// The answer that is already in memory, put where the request wants it.
pub async fn deliver(
    response: Response,
    host: &str,
    to: &AnswerTo,
) -> Result<Response, TransportError> {
    let mut sink = Sink::new(host, response.status, &response.headers, to)?;
    sink.take(response.body).await?;
    Ok(Response {
        body: sink.end().await?,
        ..response
    })
}

/// Where an answer goes while it is read.
struct Sink<'a> {
    host: &'a str,
    status: u16,
    limit: usize,
    writer: Option<Writer>,
    whole: Whole,
}

/// Most answers come in one chunk, which needs no copy.
enum Whole {
    Chunk(Bytes),
    Chunks(BytesMut),
}

impl<'a> Sink<'a> {
    fn new(
        host: &'a str,
        status: StatusCode,
        headers: &HeaderMap,
        to: &AnswerTo,
    ) -> Result<Self, TransportError> {
        let mut sink = Self {
            host,
            status: status.as_u16(),
            limit: to.limit(),
            writer: None,
            whole: Whole::Chunk(Bytes::new()),
        };
        if let AnswerTo::Writer { open, .. } = to
            && status.is_success()
        {
            sink.writer = Some(open(status, headers).map_err(|error| sink.write_error(&error))?);
        }
        Ok(sink)
    }

    async fn take(&mut self, chunk: Bytes) -> Result<(), TransportError> {
        if let Some(writer) = &mut self.writer {
            let written = writer.write_all(&chunk).await;
            return written.map_err(|error| self.write_error(&error));
        }
        let length = match &self.whole {
            Whole::Chunk(first) => first.len(),
            Whole::Chunks(chunks) => chunks.len(),
        };
        if length + chunk.len() > self.limit {
            return Err(TransportError::TooLarge {
                host: self.host.to_owned(),
                status: self.status,
                limit: self.limit,
            });
        }
        match &mut self.whole {
            Whole::Chunk(first) if first.is_empty() => *first = chunk,
            Whole::Chunk(first) => {
                let mut chunks = BytesMut::from(&first[..]);
                chunks.extend_from_slice(&chunk);
                self.whole = Whole::Chunks(chunks);
            }
            Whole::Chunks(chunks) => chunks.extend_from_slice(&chunk),
        }
        Ok(())
    }

    async fn end(mut self) -> Result<Bytes, TransportError> {
        if let Some(writer) = &mut self.writer {
            let written = writer.shutdown().await;
            written.map_err(|error| self.write_error(&error))?;
        }
        Ok(match self.whole {
            Whole::Chunk(chunk) => chunk,
            Whole::Chunks(chunks) => chunks.freeze(),
        })
    }

    fn write_error(&self, error: &dyn Display) -> TransportError {
        TransportError::NotWritten {
            host: self.host.to_owned(),
            status: self.status,
            reason: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        AnswerTo, Body, HttpTransport, OpenWriter, Reader, Request, Response, Transport as _,
        TransportError, Writer,
    };
    use bytes::Bytes;
    use http::HeaderMap;
    use std::io::{self, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::pin::Pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{self, Receiver};
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll};
    use std::thread;
    use std::time::Duration;
    use tokio::io::AsyncWrite;
    use url::Url;

    /// Answers so many requests on each connection and closes it then, or instead of an empty
    /// answer. Gives its URL and what it was sent. `answer` gets the number of the connection.
    fn serving(
        each: usize,
        answer: impl Fn(usize) -> String + Send + 'static,
    ) -> (Url, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = BufReader::new(stream.unwrap());
                for _ in 0..each {
                    let message = message(&mut stream);
                    let answer = answer(number);
                    if message.is_empty() || send.send(message).is_err() || answer.is_empty() {
                        break;
                    }
                    // A client that does not want the answer has closed the connection.
                    let _ = stream.get_mut().write_all(answer.as_bytes());
                }
            }
        });
        (url, receive)
    }

    /// A request, as far as it comes.
    fn message(stream: &mut impl io::BufRead) -> String {
        let mut head = String::new();
        let mut length = 0;
        while !head.ends_with("\r\n\r\n") {
            let start = head.len();
            if stream.read_line(&mut head).unwrap_or(0) == 0 {
                return head;
            }
            if let Some(value) = head[start..].strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = Vec::new();
        let _ = stream.take(length).read_to_end(&mut body);
        head + &String::from_utf8(body).unwrap()
    }

    fn ok(text: &str) -> String {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        )
    }

    fn get(url: &Url) -> Request {
        Request {
            method: "GET",
            url: url.clone(),
            headers: HeaderMap::new(),
            body: None,
            timeout: Duration::from_mins(1),
            answer: AnswerTo::Memory(1024),
        }
    }

    fn post(url: &Url, length: u64, text: &'static str) -> Request {
        let open = Arc::new(move || Ok(Box::new(text.as_bytes()) as Reader));
        Request {
            method: "POST",
            body: Some(("text/plain", Body::Stream { length, open })),
            ..get(url)
        }
    }

    async fn text(transport: &HttpTransport, request: Request) -> Result<String, TransportError> {
        transport
            .send(request)
            .await
            .map(|response| String::from_utf8(response.body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_connection_serves_one_request_after_another() {
        let (url, asked) = serving(2, |number| ok(&number.to_string()));
        let transport = HttpTransport::default();
        for path in ["/a?b=%20c", "/"] {
            assert_eq!(
                text(&transport, get(&url.join(path).unwrap()))
                    .await
                    .unwrap(),
                "0"
            );
            let head = asked.recv().unwrap();
            assert!(
                head.starts_with(&format!("GET {path} HTTP/1.1\r\n")),
                "{head}"
            );
            let version = env!("CARGO_PKG_VERSION");
            for header in [
                "accept: */*",
                "accept-encoding: gzip",
                &format!("user-agent: cumulua/{version}"),
            ] {
                assert!(
                    head.contains(&format!("\r\n{header}\r\n")),
                    "{header} is missing in {head}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_header_of_the_request_takes_the_place_of_the_usual_one() {
        let (url, asked) = serving(1, |_| ok(""));
        let mut request = post(&url, 1, "x");
        request.headers = [
            ("user-agent", "other"),
            ("accept", "a/b"),
            ("content-type", "c/d"),
        ]
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .into_iter()
        .collect();
        text(&HttpTransport::default(), request).await.unwrap();
        let head = asked.recv().unwrap();
        for (name, whole) in [
            ("user-agent", "user-agent: other"),
            ("accept:", "accept: a/b"),
            ("content-type", "content-type: c/d"),
        ] {
            assert!(
                head.matches(name).count() == 1 && head.contains(whole),
                "{head}"
            );
        }
    }

    #[tokio::test]
    async fn a_user_and_a_password_in_the_url_are_not_sent() {
        let (mut url, asked) = serving(1, |_| ok(""));
        url.set_username("someone").unwrap();
        url.set_password(Some("pass-word")).unwrap();
        text(&HttpTransport::default(), get(&url)).await.unwrap();
        let head = asked.recv().unwrap().to_lowercase();
        assert!(
            !head.contains("someone")
                && !head.contains("pass-word")
                && !head.contains("authorization"),
            "{head}"
        );
    }

    #[tokio::test]
    async fn a_closed_connection_is_not_used_again() {
        let (url, asked) = serving(1, |number| ok(&number.to_string()));
        let transport = HttpTransport::default();
        assert_eq!(text(&transport, get(&url)).await.unwrap(), "0");
        // The second connection is accepted once the first is closed; what the library sees of
        // that, it sees while others run.
        let other = HttpTransport::default();
        assert_eq!(text(&other, get(&url)).await.unwrap(), "1");
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(text(&transport, get(&url)).await.unwrap(), "2");
        assert_eq!(asked.try_iter().count(), 3);
    }

    #[tokio::test]
    async fn a_kept_connection_that_dies_with_a_request_does_not_lead_to_a_second_one() {
        let answers = AtomicUsize::new(0);
        let (url, asked) = serving(9, move |_| match answers.fetch_add(1, Ordering::Relaxed) {
            1 => String::new(),
            _ => ok("again"),
        });
        let transport = HttpTransport::default();
        text(&transport, get(&url)).await.unwrap();
        let error = text(&transport, post(&url, 1, "x")).await.unwrap_err();
        assert!(matches!(error, TransportError::Dropped { .. }), "{error}");
        assert_eq!(
            asked.try_iter().count(),
            2,
            "the first, and the one that nothing answered"
        );
    }

    #[tokio::test]
    async fn a_dropped_request_is_distinguished_from_one_that_found_no_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!(
            "http://{}/?Signature=abc",
            listener.local_addr().unwrap()
        ))
        .unwrap();
        let listening =
            thread::spawn(move || message(&mut BufReader::new(listener.accept().unwrap().0)));
        let dropped = text(&HttpTransport::default(), get(&url))
            .await
            .unwrap_err();
        assert!(
            matches!(dropped, TransportError::Dropped { .. }),
            "{dropped}"
        );
        listening.join().unwrap();
        let refused = text(&HttpTransport::default(), get(&url))
            .await
            .unwrap_err();
        assert!(
            matches!(refused, TransportError::NotConnected { .. }),
            "{refused}"
        );
        for error in [dropped, refused] {
            assert!(
                !format!("{error} {error:?}").contains("Signature"),
                "{error:?}"
            );
            assert!(error.to_string().contains(url.authority()), "{error}");
        }
    }

    #[tokio::test]
    async fn a_stream_travels_with_its_length_and_is_opened_anew_for_each_attempt() {
        let (url, asked) = serving(3, |_| ok(""));
        let (transport, request) = (HttpTransport::default(), post(&url, 5, "hello"));
        for _ in 0..2 {
            text(&transport, request.clone()).await.unwrap();
            let message = asked.recv().unwrap();
            assert!(
                message.contains("\r\ncontent-length: 5\r\n") && message.ends_with("\r\n\r\nhello"),
                "{message}"
            );
            assert!(
                message.contains("\r\ncontent-type: text/plain\r\n")
                    && !message.contains("transfer-encoding"),
                "{message}"
            );
        }
        text(&transport, post(&url, 0, "")).await.unwrap();
        assert!(asked.recv().unwrap().ends_with("\r\n\r\n"));
    }

    #[tokio::test]
    async fn a_stream_of_another_length_is_never_a_whole_request() {
        let (url, asked) = serving(1, |_| String::new());
        for (length, reason) in [
            (6, "ended early: 6 bytes were announced and 5 read"),
            (4, "is longer than announced"),
        ] {
            let error = text(&HttpTransport::default(), post(&url, length, "hello"))
                .await
                .unwrap_err();
            assert!(
                matches!(&error, TransportError::Dropped { .. })
                    && error.to_string().contains(reason),
                "{error}"
            );
        }
        for message in asked.try_iter() {
            assert!(!message.ends_with("hello"), "{message}");
        }
        let error = text(&HttpTransport::default(), post(&url, 0, "more"))
            .await
            .unwrap_err();
        assert!(matches!(&error, TransportError::NoBody(_)), "{error}");
    }

    #[tokio::test]
    async fn a_body_that_cannot_be_opened_sends_nothing() {
        let (url, asked) = serving(1, |_| ok(""));
        let open = Arc::new(|| Err(io::Error::other("no such file")));
        let request = Request {
            body: Some(("text/plain", Body::Stream { length: 5, open })),
            ..get(&url)
        };
        let error = text(&HttpTransport::default(), request).await.unwrap_err();
        assert_eq!(error.to_string(), "the body cannot be read: no such file");
        assert!(asked.try_recv().is_err());
    }

    #[tokio::test]
    async fn an_answer_in_memory_has_a_cap() {
        let (url, _asked) = serving(1, |number| {
            match number {
            0 | 1 => ok("12345"),
            _ => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n123\r\n2\r\n45\r\n0\r\n\r\n".to_owned(),
        }
        });
        for (limit, fits) in [(5, true), (4, false), (5, true), (4, false)] {
            let request = Request {
                answer: AnswerTo::Memory(limit),
                ..get(&url)
            };
            match text(&HttpTransport::default(), request).await {
                Ok(text) => assert!(fits && text == "12345", "{text}"),
                Err(error) => assert!(
                    !fits
                        && matches!(
                            error,
                            TransportError::TooLarge {
                                limit: 4,
                                status: 200,
                                ..
                            }
                        ),
                    "{error}"
                ),
            }
        }
    }

    #[tokio::test]
    async fn an_answer_that_ends_early_is_cut_short() {
        let (url, _asked) = serving(1, |_| {
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123".to_owned()
        });
        let error = text(&HttpTransport::default(), get(&url))
            .await
            .unwrap_err();
        assert!(
            matches!(error, TransportError::CutShort { status: 200, .. }),
            "{error}"
        );
    }

    #[tokio::test]
    async fn the_answer_to_a_head_may_speak_of_a_packed_body_and_has_none() {
        let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 99\r\n\r\n";
        let (url, _asked) = serving(1, move |_| head.to_owned());
        let request = Request {
            method: "HEAD",
            ..get(&url)
        };
        assert_eq!(text(&HttpTransport::default(), request).await.unwrap(), "");
    }

    /// Keeps what is written to it, or refuses it.
    #[derive(Clone, Default)]
    struct Kept {
        bytes: Arc<Mutex<Vec<u8>>>,
        is_full: bool,
    }

    impl AsyncWrite for Kept {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            if self.is_full {
                return Poll::Ready(Err(io::Error::other("the disk is full")));
            }
            self.bytes.lock().unwrap().extend_from_slice(bytes);
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    async fn receive_into(url: &Url, kept: &Kept) -> Result<Response, TransportError> {
        let kept = kept.clone();
        let open: OpenWriter = Arc::new(move |_, _| Ok(Box::new(kept.clone()) as Writer));
        let request = Request {
            answer: AnswerTo::Writer { open, limit: 4 },
            ..get(url)
        };
        HttpTransport::default().send(request).await
    }

    #[tokio::test]
    async fn a_writer_takes_a_success_of_any_size() {
        let (url, _asked) = serving(1, |_| ok(&"x".repeat(100_000)));
        let kept = Kept::default();
        assert_eq!(receive_into(&url, &kept).await.unwrap().body, Bytes::new());
        assert_eq!(kept.bytes.lock().unwrap().len(), 100_000);
        let error = receive_into(
            &url,
            &Kept {
                is_full: true,
                ..Kept::default()
            },
        )
        .await
        .unwrap_err();
        assert!(
            matches!(&error, TransportError::NotWritten { status: 200, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("the disk is full"), "{error}");
    }

    #[tokio::test]
    async fn a_writer_takes_nothing_but_a_success() {
        let (url, _asked) = serving(1, |_| ok("gone").replace("200 OK", "404 Not Found"));
        let kept = Kept::default();
        assert_eq!(receive_into(&url, &kept).await.unwrap().body, "gone");
        assert!(kept.bytes.lock().unwrap().is_empty());
    }
}
