//! `/health` and `/metrics`.

use super::metrics::Metrics;
use axum::extract::State;
use axum::response::Response;
use axum::{Router, routing::get};
use cumulua_core::clock::real_now;
use http::{StatusCode, header};
use std::io;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpListener;

#[derive(Clone)]
struct ServerState {
    metrics: Arc<Metrics>,
    began: Instant,
}

/// Serves until the task is dropped. `began` is where the loop's own clock begins.
pub(super) async fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    began: Instant,
) -> io::Result<()> {
    let router = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(text))
        .with_state(ServerState { metrics, began });
    axum::serve(listener, router).await
}

async fn health(State(server): State<ServerState>) -> Response<String> {
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
    answer(status, "application/json", body.to_string())
}

async fn text(State(server): State<ServerState>) -> Response<String> {
    answer(
        StatusCode::OK,
        "text/plain; version=0.0.4; charset=utf-8",
        server.metrics.text(),
    )
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(content_type),
    );
    response
}
