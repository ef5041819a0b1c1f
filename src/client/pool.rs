//! Connections that are kept for the next request. hyper-util's client keeps them too, and does more around each request than a call
//! can afford; ARCHITECTURE.md has the reason.

use super::connect::{BoxError, Connector};
use bytes::Bytes;
use cumulua_core::clock::real_now;
use futures_util::future::Either;
use http::header::HOST;
use http::uri::{Authority, InvalidUri, PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, Uri, uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::client::legacy::connect::Connection as _;
use hyper_util::rt::TokioExecutor;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a connection is kept: whatever stands between may forget it without a word.
const IDLE: Duration = Duration::from_secs(90);

/// What a connection leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    scheme: Scheme,
    authority: Authority,
}

impl Site {
    /// That of a URL. What stands before its host and port is nobody else's to know.
    pub(super) fn new(scheme: Scheme, authority: Authority) -> Result<Self, InvalidUri> {
        let authority = match authority.as_str().rsplit_once('@') {
            Some((_, host)) => host.parse()?,
            None => authority,
        };
        Ok(Self { scheme, authority })
    }

    /// Host and port.
    pub(super) fn host(&self) -> &str {
        self.authority.as_str()
    }

    fn uri(&self, path: PathAndQuery) -> Result<Uri, http::Error> {
        uri::Builder::new().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query(path).build()
    }
}

/// How a request failed to get an answer.
pub(super) enum Unanswered {
    /// It never left.
    Unsent(BoxError),
    /// It may have been read.
    Broken(hyper::Error),
}

/// The connections of one kind.
pub(super) struct Pool {
    connector: Connector,
    /// Those that nobody uses, and those that many may; the one that was used last is the last.
    idle: Mutex<VecDeque<Idle>>,
}

struct Idle {
    site: Site,
    connection: Connection,
    since: Instant,
}

type Body = Full<Bytes>;

/// A request; the pool writes its address. In a box, because a future holds what it is given, and so does each that it waits for.
pub(super) type Outgoing = Box<Request<Body>>;

enum Connection {
    /// Carries one request at a time.
    Http1(http1::SendRequest<Body>),
    /// Carries many.
    Http2(http2::SendRequest<Body>),
}

/// A connection whose answer is still to be read. Dropped before that, it is closed.
pub(super) struct Lease<'a> {
    pool: &'a Pool,
    site: &'a Site,
    connection: Connection,
}

impl Lease<'_> {
    /// The answer has been read; the next request may have the connection.
    pub(super) fn keep(self) {
        // Another one has been kept from the beginning.
        if let Connection::Http1(_) = self.connection {
            self.pool.keep(self.site.clone(), self.connection);
        }
    }
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, idle: Mutex::default() }
    }

    /// Sends a request, on a connection that is kept if there is one. A request that a closed connection gives back has not left and
    /// goes to the next.
    pub(super) async fn send<'p>(
        &'p self,
        site: &'p Site,
        path: PathAndQuery,
        mut request: Outgoing,
    ) -> Result<(Response<Incoming>, Lease<'p>), Unanswered> {
        loop {
            let kept = self.take(site);
            let is_new = kept.is_none();
            let mut connection = match kept {
                Some(connection) => connection,
                // In a box, since few requests need room for it.
                None => Box::pin(self.connect(site)).await.map_err(Unanswered::Unsent)?,
            };
            if !connection.is_ready().await && !is_new {
                continue;
            }
            connection.address(&mut request, site, &path).map_err(|error| Unanswered::Unsent(error.into()))?;
            match connection.try_send(*request).await {
                Ok(answer) => return Ok((answer, Lease { pool: self, site, connection })),
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) if !is_new => *request = unsent,
                    Some(_) => return Err(Unanswered::Unsent(failed.into_error().into())),
                    None => return Err(Unanswered::Broken(failed.into_error())),
                },
            }
        }
    }

    async fn connect(&self, site: &Site) -> Result<Connection, BoxError> {
        let stream = self.connector.connect(site.uri(PathAndQuery::from_static("/"))?).await?;
        // What goes wrong on a connection its requests are told.
        if stream.connected().is_negotiated_h2() {
            let (sender, driver) = http2::handshake(TokioExecutor::new(), stream).await?;
            tokio::spawn(driver);
            self.keep(site.clone(), Connection::Http2(sender.clone()));
            Ok(Connection::Http2(sender))
        } else {
            let (sender, driver) = http1::handshake(stream).await?;
            tokio::spawn(driver);
            Ok(Connection::Http1(sender))
        }
    }

    /// The connection to a site that was used last.
    fn take(&self, site: &Site) -> Option<Connection> {
        let now = real_now();
        let mut idle = self.lock();
        loop {
            let newest = idle.iter().rposition(|idle| idle.site == *site)?;
            let found = idle.remove(newest)?;
            if now.saturating_duration_since(found.since) > IDLE || found.connection.is_closed() {
                continue;
            }
            if let Connection::Http2(sender) = &found.connection {
                let connection = Connection::Http2(sender.clone());
                idle.push_back(Idle { site: found.site, connection, since: now });
            }
            return Some(found.connection);
        }
    }

    fn keep(&self, site: Site, connection: Connection) {
        let now = real_now();
        let mut idle = self.lock();
        while idle.front().is_some_and(|oldest| now.saturating_duration_since(oldest.since) > IDLE) {
            idle.pop_front();
        }
        idle.push_back(Idle { site, connection, since: now });
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn is_closed(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_closed(),
            Self::Http2(sender) => sender.is_closed(),
        }
    }

    /// Whether it takes a request, as soon as it is done with the one before; false where it has been closed.
    async fn is_ready(&mut self) -> bool {
        match self {
            Self::Http1(sender) => sender.ready().await.is_ok(),
            Self::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    /// Writes the address as the version of HTTP has it.
    fn address(&self, request: &mut Request<Body>, site: &Site, path: &PathAndQuery) -> Result<(), http::Error> {
        match self {
            Self::Http1(_) => {
                *request.uri_mut() = path.clone().into();
                if !request.headers().contains_key(HOST) {
                    request.headers_mut().insert(HOST, HeaderValue::from_str(site.host())?);
                }
            }
            Self::Http2(_) => *request.uri_mut() = site.uri(path.clone())?,
        }
        Ok(())
    }

    /// No `async fn`, which would keep the room that the request takes.
    fn try_send(
        &mut self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<Body>>>> + use<> {
        match self {
            Self::Http1(sender) => Either::Left(sender.try_send_request(request)),
            Self::Http2(sender) => Either::Right(sender.try_send_request(request)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Connection, IDLE, Pool, Site, Unanswered};
    use crate::client::connect::{Connector, Destination};
    use bytes::Bytes;
    use http::uri::{PathAndQuery, Scheme};
    use http::{Request, Response};
    use http_body_util::{BodyExt as _, Full};
    use hyper::body::Incoming;
    use hyper::client::conn::http2;
    use hyper::service::service_fn;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use std::convert::Infallible;
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    fn pool() -> Pool {
        Pool::new(Connector::new(Destination::PlainLoopback).unwrap())
    }

    fn site(authority: &str) -> Site {
        Site::new(Scheme::HTTP, authority.parse().unwrap()).unwrap()
    }

    /// The text of an answer, after which the connection is kept.
    async fn get(pool: &Pool, site: &Site, path: &'static str) -> Result<String, Unanswered> {
        let request = Box::new(Request::new(Full::default()));
        let (answer, lease) = pool.send(site, PathAndQuery::from_static(path), request).await?;
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        lease.keep();
        Ok(String::from_utf8(text.to_vec()).unwrap())
    }

    /// What a request begins with.
    fn head(stream: &mut BufReader<TcpStream>) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut head).unwrap(), 0, "a whole request");
        }
        head
    }

    /// Answers so many requests on each of its connections, and then closes it or does nothing more with it. An answer is the number of its
    /// connection and what the request begins with.
    fn serving(answers: &'static [usize], closes: bool) -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            let mut open = Vec::new();
            for (number, answers) in answers.iter().enumerate() {
                let mut stream = BufReader::new(listener.accept().unwrap().0);
                for _ in 0..*answers {
                    let text = format!("{number} {}", head(&mut stream).replace("\r\n", " "));
                    write!(stream.get_mut(), "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len()).unwrap();
                }
                open.extend(Some(stream).filter(|_| !closes));
            }
            thread::park();
        });
        site(&address)
    }

    #[tokio::test]
    async fn a_connection_serves_one_request_after_another() {
        let (pool, site) = (pool(), serving(&[2], false));
        let host = site.authority.as_str();
        for path in ["/a?b=c", "/"] {
            assert_eq!(get(&pool, &site, path).await.ok(), Some(format!("0 GET {path} HTTP/1.1 host: {host}  ")));
        }
    }

    #[tokio::test]
    async fn what_stands_before_the_host_is_not_sent() {
        let (pool, site) = (pool(), serving(&[1], false));
        let named = format!("user:password@{}", site.host()).parse().unwrap();
        let named = Site::new(Scheme::HTTP, named).unwrap();
        assert_eq!(get(&pool, &named, "/").await.ok(), Some(format!("0 GET / HTTP/1.1 host: {}  ", site.authority)));
    }

    #[tokio::test]
    async fn a_connection_that_was_closed_is_not_used_again() {
        let (pool, site) = (pool(), serving(&[1, 1], true));
        assert!(get(&pool, &site, "/").await.is_ok_and(|text| text.starts_with("0 ")));
        while !pool.lock()[0].connection.is_closed() {
            tokio::task::yield_now().await;
        }
        assert!(get(&pool, &site, "/").await.is_ok_and(|text| text.starts_with("1 ")));
    }

    #[tokio::test]
    async fn a_connection_that_was_idle_for_long_is_not_used_again() {
        let (pool, site) = (pool(), serving(&[1, 1], false));
        assert!(get(&pool, &site, "/").await.is_ok_and(|text| text.starts_with("0 ")));
        {
            let mut idle = pool.lock();
            idle[0].since = idle[0].since.checked_sub(IDLE * 2).unwrap();
        }
        assert!(get(&pool, &site, "/").await.is_ok_and(|text| text.starts_with("1 ")));
    }

    #[tokio::test]
    async fn a_request_that_may_have_been_read_is_told_from_one_that_never_left() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let site = site(&listener.local_addr().unwrap().to_string());
        let listening = thread::spawn(move || head(&mut BufReader::new(listener.accept().unwrap().0)));
        assert!(matches!(get(&pool(), &site, "/").await, Err(Unanswered::Broken(_))));
        listening.join().unwrap();
        assert!(matches!(get(&pool(), &site, "/").await, Err(Unanswered::Unsent(_))));
    }

    #[tokio::test]
    async fn a_connection_of_http_2_serves_many_at_once() {
        let (ours, theirs) = tokio::io::duplex(65_536);
        tokio::spawn(async move {
            let answer = service_fn(async |request: Request<Incoming>| {
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(request.uri().to_string()))))
            });
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            server.serve_connection(TokioIo::new(theirs), answer).await
        });
        let (sender, driver) = http2::handshake(TokioExecutor::new(), TokioIo::new(ours)).await.unwrap();
        tokio::spawn(driver);
        let (pool, site) = (pool(), site("a.test"));
        pool.keep(site.clone(), Connection::Http2(sender));
        let (one, other) = tokio::join!(get(&pool, &site, "/1"), get(&pool, &site, "/2"));
        assert_eq!((one.ok().as_deref(), other.ok().as_deref()), (Some("http://a.test/1"), Some("http://a.test/2")));
        assert_eq!(pool.lock().len(), 1);
    }
}
