//! Answers as bytes, whole or spoilt by a fault.

use crate::faults::fault::{Fault, TriggeredFault};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use std::time::Duration;

/// How a request ends.
#[derive(Debug)]
pub enum Outcome {
    /// With an answer. Its Content-Length is larger than its body where it was cut short.
    Answer(Response<Bytes>),
    /// With an answer that comes after so long.
    Delayed(Duration, Response<Bytes>),
    /// Without a connection.
    Unconnected,
    /// With the connection closed and no answer.
    Dropped,
}

/// A response of the cloud.
pub(crate) fn response(
    status: u16,
    content_type: &'static str,
    body: impl Into<Bytes>,
    now: Timestamp,
) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(date) = DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&now)
        .ok()
        .and_then(|date| date.parse().ok())
    {
        headers.insert(header::DATE, date);
    }
    response
}

/// What a fault makes of the answer to a call that was carried out.
pub(crate) fn spoilt(triggered: Option<&TriggeredFault>, mut answer: Response<Bytes>) -> Outcome {
    let whole = answer.body().clone();
    let seconds = triggered
        .and_then(|triggered| triggered.retry_after)
        .filter(|_| !answer.status().is_success());
    if let Some(seconds) = seconds {
        answer
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    match triggered.map(|triggered| &triggered.fault) {
        Some(Fault::NoConnection) => return Outcome::Unconnected,
        Some(Fault::DropAfter | Fault::DropBefore) => return Outcome::Dropped,
        Some(Fault::Delay(delay)) => return Outcome::Delayed(*delay, answer),
        Some(Fault::CutShort) => {
            answer
                .headers_mut()
                .insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
            *answer.body_mut() = whole.slice(..whole.len() / 2);
        }
        Some(Fault::Malformed) => {
            *answer.body_mut() = Bytes::from_static(b"<html><body>It works!</body></html>");
        }
        Some(Fault::Empty) => *answer.body_mut() = Bytes::new(),
        Some(Fault::Deep) => {
            let levels = 10_000;
            *answer.body_mut() = format!(
                "{{\"Code\":\"Success\",\"Data\":{}{}}}",
                "[".repeat(levels),
                "]".repeat(levels)
            )
            .into();
        }
        Some(Fault::TooLarge(size)) => {
            *answer.body_mut() = format!(
                "{{\"Code\":\"Success\",\"Data\":\"{}\"}}",
                "x".repeat(*size)
            )
            .into();
        }
        _ => {}
    }
    Outcome::Answer(answer)
}
