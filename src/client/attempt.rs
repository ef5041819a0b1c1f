//! One attempt's request: a nonce, a timestamp and a signature of its own.

use super::call::Answer;
use super::route::Route;
use super::serialize::{Message, MessageBody};
use super::sign::{self, Address};
use super::transport::{AnswerTo, Request};
use bytes::Bytes;
use cumulua_core::catalog::{Action, PostStyle, Scheme};
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use std::borrow::Cow;
use std::time::Duration;

/// A request that can be sent once. `nonce` makes a value of its own for it, where the scheme wants
/// one.
pub fn sign_attempt(
    action: &Action,
    message: &Message,
    route: &Route,
    now: Timestamp,
    timeout: Duration,
    nonce: impl FnOnce() -> String,
) -> Request {
    let protocol = &action.product.protocol;
    let mut pairs: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(message.pairs.len() + 8);
    pairs.extend(
        message
            .pairs
            .iter()
            .map(|(name, value)| (name.as_str(), Cow::Borrowed(value.as_str()))),
    );
    add_common_parameters(&mut pairs, action, route, now, nonce);
    let method = message.method.as_str();
    let address = Address {
        scheme: route.url.scheme(),
        host: route.url.host_str().unwrap_or_default(),
        port: route.url.port(),
        path: route.url.path(),
    };
    let signature = sign::sign(&route.key, method, address, &pairs);
    let query = sign::with_signature(&signature);
    let (query, body) = match (&message.body, method) {
        (Some(body), _) => (Some(query), Some(body.typed())),
        (None, "POST") if protocol.post == PostStyle::Form => (
            None,
            Some((
                "application/x-www-form-urlencoded",
                Bytes::from(query).into(),
            )),
        ),
        (None, _) => (Some(query), None),
    };
    Request {
        method,
        url: route.url(&message.path, query.as_deref()),
        headers: headers(message),
        body,
        timeout,
        answer: AnswerTo::Memory(Answer::LARGEST),
    }
}

/// What is no header was refused when the call was checked.
fn headers(message: &Message) -> HeaderMap {
    let given = message.headers.iter();
    let mut headers = given
        .filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)))
        .collect::<HeaderMap<HeaderValue>>();
    // It has what stands between the parts.
    if let Some(MessageBody::Form(form)) = &message.body
        && let Ok(content_type) = form.content_type().parse()
    {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    headers
}

fn add_common_parameters<'a>(
    pairs: &mut Vec<(&'a str, Cow<'a, str>)>,
    action: &'a Action,
    route: &'a Route,
    now: Timestamp,
    nonce: impl FnOnce() -> String,
) {
    let mut add = |name, value: Cow<'a, str>| pairs.push((name, value));
    add("Action", action.wire_name().into());
    let now = format!("{now:.0}");
    let access_key = route.access_key.as_str();
    match action.product.protocol.signer {
        Scheme::Cds | Scheme::Pop => {
            add("AccessKeyId", access_key.into());
            add("SignatureMethod", "HMAC-SHA1".into());
            add("SignatureVersion", "1.0".into());
            add("SignatureNonce", nonce().into());
            add("Timestamp", now.into());
            if let Some(version) = action.version() {
                add("Version", version.into());
            }
            if let Some(token) = &route.token {
                add("SecurityToken", token.expose().into());
            }
        }
        Scheme::Sigv2 => {
            add("AWSAccessKeyId", access_key.into());
            add("SignatureVersion", "2".into());
            add("SignatureMethod", "HmacSHA256".into());
            add("Timestamp", now.replace('Z', ".000Z").into());
            if let Some(region) = &route.region {
                add("Region", (&**region).into());
            }
        }
    }
    if let Some(format) = &action.product.protocol.format {
        add("Format", format.as_str().into());
    }
}
