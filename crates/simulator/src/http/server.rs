//! The simulator on a socket, for other processes and other languages.

use super::host::HostNames;
use crate::{Outcome, Simulator, dashboard};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use axum::serve::{IncomingStream, Listener};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// The largest request that is read, in bytes.
const MAX_REQUEST: usize = 16 << 20;

/// Serves a simulator until the task is dropped: any path is the cloud's, but for those below
/// `/_sim/` and, for a browser, `/`. It answers to addresses, names without a dot and the clouds'
/// own, and to `names`.
pub async fn serve(
    simulator: Arc<Simulator>,
    listener: TcpListener,
    names: &[String],
) -> io::Result<()> {
    let names = HostNames::new(simulator.catalog(), names);
    let router = Router::new()
        .route("/_sim/requests", get(requests))
        .route("/_sim/state", get(state))
        .route("/_sim/status", get(status))
        .fallback(any)
        .layer(middleware::from_fn_with_state(Arc::new(names), check_host))
        .with_state(simulator);
    axum::serve(
        AbortableListener(listener),
        router.into_make_service_with_connect_info::<AbortHandle>(),
    )
    .await
}

async fn check_host(
    State(names): State<Arc<HostNames>>,
    request: Request,
    next: middleware::Next,
) -> Response {
    // An address of the request's own goes before, as a client sends it to a proxy.
    let host = match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => request
            .headers()
            .get(header::HOST)
            .map(|host| host.to_str().unwrap_or_default()),
    };
    // Without a name it is no browser's.
    if host.is_none_or(|host| names.have(host)) {
        return next.run(request).await;
    }
    let problem = "the simulator does not answer to this host's name; --host NAME lets it\n";
    let mut response = Response::new(Body::from(problem));
    *response.status_mut() = StatusCode::MISDIRECTED_REQUEST;
    response
}

async fn requests(State(simulator): State<Arc<Simulator>>) -> Response {
    json(serde_json::to_string(&simulator.requests()).unwrap_or_default())
}

async fn state(State(simulator): State<Arc<Simulator>>) -> Response {
    json(simulator.saved())
}

async fn status(State(simulator): State<Arc<Simulator>>) -> Response {
    json(dashboard::status(&simulator).to_string())
}

/// Alibaba's calls have this path too, but never without a query.
fn is_for_a_person(request: &Request) -> bool {
    request.method() == Method::GET
        && request.uri().path() == "/"
        && request.uri().query().is_none()
}

fn page() -> Response {
    let mut response = Response::new(Body::from(dashboard::page()));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    if let Ok(policy) = HeaderValue::from_str(&dashboard::content_policy()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn json(text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

async fn any(
    State(simulator): State<Arc<Simulator>>,
    ConnectInfo(abort): ConnectInfo<AbortHandle>,
    request: Request,
) -> Response {
    if is_for_a_person(&request) {
        return page();
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST).await else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return response;
    };
    match simulator.answer(&http::Request::from_parts(parts, body)) {
        Outcome::Answer(response) => streamed(response),
        Outcome::Delayed(delay, response) => {
            simulator.clock.sleep(delay).await;
            streamed(response)
        }
        Outcome::Unconnected | Outcome::Dropped => {
            abort.0.store(true, Ordering::Relaxed);
            Response::new(Body::empty())
        }
    }
}

/// A body whose length hyper does not know where the header gives another one, so that it breaks
/// off instead of objecting.
fn streamed(response: http::Response<Bytes>) -> Response {
    let (parts, body) = response.into_parts();
    let body = match parts.headers.get(header::CONTENT_LENGTH) {
        Some(_) => Body::from_stream(futures_util::stream::unfold(Some(body), |rest| async {
            if rest.is_none() {
                // What has been written leaves only when the stream has nothing for a moment.
                tokio::task::yield_now().await;
            }
            rest.map(|body| (Ok::<_, Infallible>(body), None))
        })),
        None => Body::from(body),
    };
    Response::from_parts(parts, body)
}

/// Cuts a connection: axum's handlers cannot close one without an answer, so the stream refuses to
/// write.
#[derive(Debug, Clone, Default)]
struct AbortHandle(Arc<AtomicBool>);

impl Connected<IncomingStream<'_, AbortableListener>> for AbortHandle {
    fn connect_info(stream: IncomingStream<'_, AbortableListener>) -> Self {
        stream.io().abort.clone()
    }
}

struct AbortableListener(TcpListener);

impl Listener for AbortableListener {
    type Io = AbortableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (AbortableStream, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        (
            AbortableStream {
                stream,
                abort: AbortHandle::default(),
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that can be cut.
struct AbortableStream {
    stream: TcpStream,
    abort: AbortHandle,
}

impl AsyncRead for AbortableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for AbortableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.abort.0.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
