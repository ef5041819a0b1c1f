//! The simulator on a socket, for other processes and other languages.

use super::form::{self, Form, Parser};
use super::host::HostNames;
use crate::cloud::blob::FileBody;
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
use futures_util::StreamExt as _;
use http::{HeaderValue, Method, StatusCode, header};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// The largest request that is read, in bytes.
const MAX_REQUEST: usize = 16 << 20;

/// How much of a file is read at once, in bytes.
const CHUNK: u64 = 256 * 1024;

/// Serves a simulator until the task is dropped: any path is the cloud's, but for those below
/// `/_sim/` and, for a browser, `/`. It answers to addresses, names without a dot and the clouds'
/// own, and to `names`.
pub async fn serve(
    simulator: Arc<Simulator>,
    listener: TcpListener,
    names: &[String],
) -> io::Result<()> {
    if let Ok(mut address) = listener.local_addr() {
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        simulator.set_objects_at(format!("http://{address}"));
    }
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
    let (mut parts, body) = request.into_parts();
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let boundary = content_type.and_then(form::boundary).map(str::to_owned);
    let body = if let Some(boundary) = boundary {
        let parser = Parser::new(&boundary, simulator.destination_of_file());
        match read_form(parser, body).await {
            Ok(form) => _ = parts.extensions.insert(form),
            Err(problem) => return refuse(StatusCode::BAD_REQUEST, problem),
        }
        Bytes::new()
    } else if let Ok(body) = to_bytes(body, MAX_REQUEST).await {
        body
    } else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, String::new());
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

fn refuse(status: StatusCode, problem: String) -> Response {
    let mut response = Response::new(Body::from(problem));
    *response.status_mut() = status;
    response
}

/// Takes a form apart while it comes, so that its file need not be in memory.
async fn read_form(mut parser: Parser, body: Body) -> Result<Form, String> {
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        parser.push(&chunk.map_err(|error| error.to_string())?)?;
    }
    parser.end()
}

/// Reads files bit by bit while they are sent.
fn from_files(files: FileBody) -> Body {
    let stretches = files.0.into_iter().collect::<VecDeque<_>>();
    Body::from_stream(futures_util::stream::try_unfold(
        stretches,
        |mut stretches| async {
            while let Some(mut stretch) = stretches.pop_front() {
                let length = stretch.length.min(CHUNK);
                if length == 0 {
                    continue;
                }
                let mut file = File::open(&stretch.path)?;
                file.seek(SeekFrom::Start(stretch.start))?;
                let mut chunk = vec![0; usize::try_from(length).unwrap_or_default()];
                file.read_exact(&mut chunk)?;
                stretch.start += length;
                stretch.length -= length;
                stretches.push_front(stretch);
                return Ok::<_, io::Error>(Some((Bytes::from(chunk), stretches)));
            }
            Ok(None)
        },
    ))
}

/// A body whose length hyper does not know where the header gives another one, so that it breaks
/// off instead of objecting.
fn streamed(response: http::Response<Bytes>) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(files) = parts.extensions.remove::<FileBody>() {
        return Response::from_parts(parts, from_files(files));
    }
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
