//! `/health` and `/metrics`.

use super::metrics::Metrics;
use super::samples::Samples;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::{Router, routing::get};
use cumulua_core::clock::real_now;
use futures_util::stream;
use http::{StatusCode, header};
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};

/// A request for what is known of each schedule, which the loop answers.
pub(super) type Scrape = oneshot::Sender<Samples>;

#[derive(Clone)]
struct ServerState {
    metrics: Arc<Metrics>,
    scrapes: mpsc::UnboundedSender<Scrape>,
    began: Instant,
}

/// Serves until the process ends, on a thread of its own: health is asked for just where the loop
/// may be held up. `began` is where the loop's own clock begins.
pub(super) fn serve_beside(
    listener: std::net::TcpListener,
    metrics: Arc<Metrics>,
    scrapes: mpsc::UnboundedSender<Scrape>,
    began: Instant,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let router = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(text))
        .with_state(ServerState {
            metrics,
            scrapes,
            began,
        });
    let listener = {
        let _entered = runtime.enter();
        TcpListener::from_std(listener)?
    };
    let serve = move || {
        // It accepts until the process ends.
        let _ = runtime.block_on(async { axum::serve(listener, router).await });
    };
    thread::Builder::new()
        .name("health".to_owned())
        .spawn(serve)
        .map(drop)
}

async fn health(State(server): State<ServerState>) -> Response<Body> {
    let fault = server.metrics.fault(real_now() - server.began);
    let degraded = server.metrics.degraded();
    let status = if fault.is_some() || degraded.is_some() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    let body = match (fault, degraded) {
        (None, Some(reason)) => serde_json::json!({ "status": "degraded", "reason": reason }),
        (fault, _) => serde_json::json!({ "status": fault.unwrap_or("ok") }),
    };
    answer(status, "application/json", body.to_string().into())
}

async fn text(State(server): State<ServerState>) -> Response<Body> {
    let (give, take) = oneshot::channel();
    // A server that ends gives no samples any more.
    let samples = match server.scrapes.send(give) {
        Ok(()) => take.await.unwrap_or_default(),
        Err(_) => Samples::default(),
    };
    // Part by part, as the client takes it: of 10,000 schedules it is several megabytes.
    let parts = std::iter::once(server.metrics.text()).chain(samples.text());
    let parts = stream::iter(parts.map(Ok::<_, Infallible>));
    answer(
        StatusCode::OK,
        "text/plain; version=0.0.4; charset=utf-8",
        Body::from_stream(parts),
    )
}

fn answer(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(content_type),
    );
    response
}
