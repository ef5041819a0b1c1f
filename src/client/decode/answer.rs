//! An answer, in JSON or in XML, becomes JSON with its wrapper taken off, or the service's refusal.

use super::xml;
use crate::client::error::{CallError, Refusal};
use crate::client::transport::Response;
use cumulua_core::catalog::{Action, Wrapper, path};
use cumulua_core::json;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use std::time::Duration;

/// A decoded answer.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// The answer, its wrapper taken off.
    pub json: Json,
    /// The HTTP status.
    pub http_status: u16,
    /// The request's id.
    pub request_id: Option<String>,
}

/// A server's clock that differs by less needs no correction, whatever the code is.
const CLOCK_TOLERANCE_SECONDS: i64 = 60;

/// How far a timestamp may be off: a service refuses any request beyond, by whatever code. Another
/// reason can have that code too, so it proves nothing.
const CLOCK_WINDOW_SECONDS: i64 = 15 * 60;

/// Decodes an answer.
pub fn decode(action: &Action, response: &Response, now: Timestamp) -> Result<Decoded, CallError> {
    let protocol = &action.product.protocol;
    let http_status = response.status.as_u16();
    let unreadable = |reason: String, is_cut_short| {
        let bytes = response.body.len();
        CallError::Unintelligible {
            reason,
            http_status,
            bytes,
            is_cut_short,
        }
    };
    let unintelligible = |reason: String| unreadable(reason, false);
    // Before its body is read, which may be empty or a page of HTML.
    if !(200..300).contains(&http_status) && http_status < 400 {
        return Err(unintelligible(
            "it is a redirect, which a signed request cannot follow".to_owned(),
        ));
    }
    if action.speaks_xml() && is_document(action, &response.body) {
        return document(action, response, now);
    }
    let json = match parse(action, &response.body) {
        Ok(json) => json,
        // A proxy's error page is neither; its status shows what happened.
        Err(_) if http_status >= 400 => {
            let refusal = decode_refusal(action, &Json::Null, response, now);
            return Err(refused(refusal, is_broken_answer(action, &response.body)));
        }
        Err(Unreadable {
            reason,
            is_cut_short,
        }) => return Err(unreadable(reason, is_cut_short)),
    };
    if let Some(wrapper) = &protocol.error_wrapper
        && let Some(error) = path::first(&json, wrapper)
    {
        let refusal = decode_refusal(action, error, response, now);
        let says_success = says_success(action, &json);
        return Err(refused(refusal, says_success));
    }
    let (json, is_wrapped) = unwrap(action, json);
    if !json.is_object() && http_status >= 400 {
        let refusal = decode_refusal(action, &Json::Null, response, now);
        return Err(refused(refusal, false));
    }
    if !json.is_object() {
        return Err(unintelligible(format!(
            "it is {} and not a JSON object",
            kind(&json)
        )));
    }
    let code = first_text(&json, &protocol.code);
    let success = action.success_codes();
    let succeeded = match &code {
        Some(code) if !success.is_empty() => {
            success.iter().any(|good| code.eq_ignore_ascii_case(good))
        }
        _ => true,
    };
    if code.is_none() && !success.is_empty() && !action.read_only && http_status < 400 {
        return Err(unintelligible(
            "it has no code, so it does not say whether the call was carried out".to_owned(),
        ));
    }
    if http_status >= 400 || !succeeded {
        let refusal = decode_refusal(action, &json, response, now);
        let is_contradicted = says_success(action, &json) || is_wrapped && refusal.code.is_none();
        return Err(refused(refusal, is_contradicted));
    }
    let request_id = request_id(action, &json, response);
    Ok(Decoded {
        json,
        http_status,
        request_id,
    })
}

/// Whether the answer to an Action that speaks XML is one: a document, or nothing where there is
/// nothing to read. What is in front of the service answers in JSON.
fn is_document(action: &Action, body: &[u8]) -> bool {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => !action.read_only,
        Some(first) => *first == b'<' || body.starts_with("\u{feff}".as_bytes()),
    }
}

/// The answer to an Action that speaks XML: its root as the one key of an object. A document of
/// another root is no answer, and of a page of HTML least of all.
fn document(action: &Action, response: &Response, now: Timestamp) -> Result<Decoded, CallError> {
    let http_status = response.status.as_u16();
    let text = String::from_utf8_lossy(&response.body);
    let read = match text.trim() {
        "" => Ok(Json::Object(Map::new())),
        text => xml::document(action, text.trim_start_matches('\u{feff}')),
    };
    let error = read.as_ref().ok().and_then(|json| json.get("Error"));
    if http_status >= 400 || error.is_some() {
        let refusal = decode_refusal(action, error.unwrap_or(&Json::Null), response, now);
        return Err(refused(refusal, false));
    }
    let unreadable = |reason: String| CallError::Unintelligible {
        is_cut_short: reason.contains("cut short"),
        reason,
        http_status,
        bytes: response.body.len(),
    };
    let json = read.map_err(unreadable)?;
    Ok(Decoded {
        request_id: request_id(action, &json, response),
        json,
        http_status,
    })
}

/// Why a body is no answer.
struct Unreadable {
    reason: String,
    /// Whether it is the beginning of one.
    is_cut_short: bool,
}

impl From<String> for Unreadable {
    fn from(reason: String) -> Self {
        Self {
            reason,
            is_cut_short: false,
        }
    }
}

/// What a body is, follows from its first character; a `Content-Type` is less reliable.
fn parse(action: &Action, body: &[u8]) -> Result<Json, Unreadable> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err("it is empty".to_owned().into());
    }
    let text = std::str::from_utf8(body).map_err(|error| format!("it is not UTF-8: {error}"))?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('<') {
        return Ok(xml::parse(action, text)?);
    }
    json::parse(text).map_err(|error| {
        if error.is_eof() {
            let reason = format!(
                "its JSON is cut short at line {}, column {}",
                error.line(),
                error.column()
            );
            return Unreadable {
                reason,
                is_cut_short: true,
            };
        }
        let reason = if error.to_string().starts_with("recursion limit") {
            format!(
                "its JSON is nested too deeply at line {}, column {}",
                error.line(),
                error.column()
            )
        } else {
            format!("it is not JSON: {error}")
        };
        reason.into()
    })
}

/// Whether a body says that the call was carried out, at any place where a code can stand.
fn says_success(action: &Action, json: &Json) -> bool {
    let protocol = &action.product.protocol;
    let mut codes = protocol.code.iter().filter_map(|key| json.get(key));
    codes.any(|code| {
        let code = path::text(code);
        let mut good = action.success_codes().iter();
        good.any(|good| code.eq_ignore_ascii_case(good))
    })
}

/// Whether a body that cannot be read is an answer of the service and no page of a proxy: then what
/// it said is not known.
fn is_broken_answer(action: &Action, body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    text.starts_with(['{', '[']) || text.contains(&format!("<{}Response", action.name))
}

/// The refusal as an error. Where the body says something else it proves nothing.
fn refused(refusal: Refusal, is_contradicted: bool) -> CallError {
    CallError::Refused(Box::new(Refusal {
        is_contradicted,
        throttled: refusal.throttled && !is_contradicted,
        time_refused: refusal.time_refused && !is_contradicted,
        ..refusal
    }))
}

/// Takes the one key off that wraps the whole answer, and gives whether there was one.
fn unwrap(action: &Action, json: Json) -> (Json, bool) {
    let Json::Object(mut map) = json else {
        return (json, false);
    };
    let wrapped = match action.product.protocol.wrapper {
        Some(Wrapper::ActionResponse) => {
            let key = format!("{}Response", action.name);
            map.contains_key(&key).then_some(key)
        }
        // Two of Alibaba's answers name another Action in their wrapper, so any single such key is
        // one.
        Some(Wrapper::ResponseSuffix) if map.len() == 1 => map
            .keys()
            .next()
            .filter(|key| key.ends_with("_response") || key.ends_with(".response"))
            .cloned(),
        _ => None,
    };
    match wrapped.and_then(|key| map.remove(&key)) {
        Some(inner) => (inner, true),
        None => (Json::Object(map), false),
    }
}

fn decode_refusal(action: &Action, json: &Json, response: &Response, now: Timestamp) -> Refusal {
    let protocol = &action.product.protocol;
    let http_status = response.status.as_u16();
    let code = first_text(json, &protocol.code).filter(|code| !code.is_empty());
    let message = first_text(json, &protocol.message).unwrap_or_default();
    let throttled = http_status == 429
        || code
            .as_ref()
            .is_some_and(|code| protocol.throttled.contains(code));
    let may_be_the_time = http_status < 500 && !throttled;
    let time_refused = may_be_the_time
        && code
            .as_ref()
            .is_some_and(|code| protocol.time_refused.contains(code));
    let tolerated = if time_refused {
        CLOCK_TOLERANCE_SECONDS
    } else {
        CLOCK_WINDOW_SECONDS
    };
    Refusal {
        meaning: code
            .as_ref()
            .and_then(|code| action.error(code))
            .map(|error| error.meaning.clone()),
        code,
        message,
        http_status,
        request_id: request_id(action, json, response),
        throttled,
        time_refused,
        retry_after: retry_after(response, now),
        clock_skew: clock_skew(response, now)
            .filter(|skew| may_be_the_time && skew.abs() > tolerated),
        is_contradicted: false,
    }
}

fn request_id(action: &Action, json: &Json, response: &Response) -> Option<String> {
    let in_body = first_text(json, &action.product.protocol.request_id).filter(|id| !id.is_empty());
    in_body.or_else(|| {
        ["x-request-id", "x-acs-request-id", "x-oss-request-id"]
            .into_iter()
            .find_map(|name| header(response, name))
    })
}

/// In seconds or as a date.
fn retry_after(response: &Response, now: Timestamp) -> Option<Duration> {
    let text = header(response, "retry-after")?;
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => http_date(&text)?.duration_since(now).try_into().ok(),
    }
}

/// How many seconds the server's clock is ahead of ours.
fn clock_skew(response: &Response, now: Timestamp) -> Option<i64> {
    Some(
        http_date(&header(response, "date")?)?
            .duration_since(now)
            .as_secs(),
    )
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text)
        .ok()
        .map(|zoned| zoned.timestamp())
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn first_text(json: &Json, keys: &[String]) -> Option<String> {
    keys.iter()
        .find_map(|key| json.get(key))
        .filter(|value| !value.is_null())
        .map(path::text)
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
