//! The simulator on a socket, for other processes and other languages.

use crate::{Outcome, Simulator, dashboard};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request, State};
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
/// `/_sim/` and, for a browser, `/`.
pub async fn serve(simulator: Arc<Simulator>, listener: TcpListener) -> io::Result<()> {
    let router = Router::new()
        .route("/_sim/requests", get(requests))
        .route("/_sim/state", get(state))
        .route("/_sim/status", get(status))
        .fallback(any)
        .with_state(simulator);
    axum::serve(
        AbortableListener(listener),
        router.into_make_service_with_connect_info::<AbortHandle>(),
    )
    .await
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
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(policy),
    );
    response
}

fn json(text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
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
