//! A program that takes a POST of JSON; the same notification has the same `Idempotency-Key`.

use super::message::Message;
use super::outlet::{Failure, Outlet, post_json, url};
use super::source::UrlSource;

pub(super) async fn send(
    to: &UrlSource,
    message: &Message,
    outlet: &dyn Outlet,
) -> Result<(), Failure> {
    let key = vec![("idempotency-key", message.id.clone())];
    post_json(outlet, url(outlet, to)?, key, &message.content)
        .await
        .map(drop)
}
