//! `http`: a small client for webhooks and the like; what it sends goes through the gate.

use crate::client::error::CallError;
use crate::client::value::Value;
use crate::effect_id::EffectId;
use crate::gate::Gate;
use crate::gate::web::{Text, WebAnswer, WebRequest};
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::options::{DURATION, duration};
use crate::lua::params;
use bytes::Bytes;
use cumulua_core::catalog::suggest;
use cumulua_core::controls;
use mlua::{Lua, Table, Value as LuaValue};
use std::sync::Arc;
use std::time::Duration;

/// How long a request may take by default.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How large an answer may be by default, in bytes.
const MAX_ANSWER: i64 = 8 * 1024 * 1024;

/// Redirects that a script can ask for at most.
const MOST_REDIRECTS: i64 = 10;

const OPTIONS: &[&str] = &[
    "method",
    "url",
    "query",
    "headers",
    "body",
    "json",
    "timeout",
    "redirects",
    "max_size",
];

/// The function's name, its method where it has one, the URL and the options.
type Arguments = (String, Option<String>, LuaValue, LuaValue);

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.effect("http", request)
}

/// Sends a request.
async fn request(
    lua: Lua,
    gate: Arc<Gate>,
    place: EffectId,
    (name, method, url, options): Arguments,
) -> Result<Table, Raised> {
    let request = parse_request(&name, method, &url, &options)
        .map_err(|problem| gate.refuse(&name, false, problem, &place))?;
    Ok(answer_to_lua(&lua, &gate.request(request, &place).await?)?)
}

fn answer_to_lua(lua: &Lua, answer: &WebAnswer) -> mlua::Result<Table> {
    let headers = lua.create_table()?;
    for name in answer.headers.keys() {
        let values: Vec<_> = answer
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        headers.raw_set(name.as_str(), values.join(", "))?;
    }
    let table = lua.create_table()?;
    table.raw_set("status", answer.status.as_u16())?;
    table.raw_set("headers", headers)?;
    table.raw_set("body", lua.create_string(&answer.body)?)?;
    if answer.simulated {
        table.raw_set("rehearsed", true)?;
    }
    Ok(table)
}

fn bad(problem: impl Into<String>) -> CallError {
    CallError::BadOption(problem.into())
}

fn parse_request(
    name: &str,
    method: Option<String>,
    url: &LuaValue,
    options: &LuaValue,
) -> Result<WebRequest, CallError> {
    let mut request = WebRequest {
        function: name.into(),
        method: "GET",
        url: Text::Plain(String::new()),
        headers: Vec::new(),
        body: None,
        timeout: TIMEOUT,
        redirects: 0,
        max_answer: usize::try_from(MAX_ANSWER).unwrap_or(usize::MAX),
    };
    let mut own_method = None;
    let mut own_url = params::value("url", url).map_err(CallError::Invalid)?;
    let mut query = Vec::new();
    let options = match options {
        LuaValue::Nil => None,
        LuaValue::Table(table) => Some(table),
        other => {
            return Err(bad(format!(
                "the options are a table, not a {}",
                other.type_name()
            )));
        }
    };
    let has_fixed = method.is_some();
    for (key, given) in options
        .iter()
        .flat_map(|table| table.pairs::<LuaValue, LuaValue>().flatten())
    {
        let key = key.to_string().unwrap_or_default();
        if key == "body" {
            request.body = Some(("text/plain; charset=utf-8", body(&given)?));
            continue;
        }
        let value = params::value(&key, &given).map_err(CallError::Invalid)?;
        let wrong = |expected: &str| bad(format!("{key} must be {expected}"));
        match (key.as_str(), value) {
            ("method" | "url", _) if has_fixed => {
                return Err(bad(format!(
                    "{key} is given twice; http.request takes it as an option"
                )));
            }
            ("method", Some(Value::String(text))) => own_method = Some(text),
            ("method", _) => return Err(wrong("a string")),
            ("url", value) => own_url = value,
            ("query", Some(Value::Object(fields))) => {
                query = fields.iter().map(field).collect::<Result<_, _>>()?;
            }
            ("headers", Some(Value::Object(fields))) => {
                request.headers = fields
                    .into_iter()
                    .map(|(name, value)| header(name, value))
                    .collect::<Result<_, _>>()?;
            }
            ("query" | "headers", _) => return Err(wrong("a table of names and values")),
            ("json", value) => {
                request.body = Some(("application/json", json(&value.unwrap_or(Value::Null))?));
            }
            ("timeout", value) => {
                request.timeout =
                    duration(&value.unwrap_or(Value::Null)).ok_or_else(|| wrong(DURATION))?;
            }
            ("redirects", Some(Value::Integer(count @ 0..=MOST_REDIRECTS))) => {
                request.redirects = u32::try_from(count).unwrap_or_default();
            }
            ("redirects", _) => return Err(wrong("a whole number from 0 to 10")),
            ("max_size", Some(Value::Integer(bytes @ 1..))) => {
                request.max_answer = usize::try_from(bytes).unwrap_or(usize::MAX);
            }
            ("max_size", _) => return Err(wrong("a number of bytes from 1")),
            (other, _) => {
                let near = suggest::nearest(other, OPTIONS.iter().copied());
                let other = controls::name(other);
                return Err(bad(format!(
                    "unknown option {other:?}{}",
                    suggest::did_you_mean(&near)
                )));
            }
        }
    }
    if options.is_some_and(|table| {
        ["body", "json"]
            .iter()
            .all(|key| table.contains_key(*key).unwrap_or(false))
    }) {
        return Err(bad("body and json are both given; a request has one body"));
    }
    request.method = parse_method(method.or(own_method), request.body.is_some())?;
    if request.body.is_some() && matches!(request.method, "GET" | "HEAD") {
        return Err(bad(format!("a {} has no body", request.method)));
    }
    request.url = parse_url(own_url, &query)?;
    Ok(request)
}

/// The method; without one, `POST` where there is a body.
fn parse_method(given: Option<String>, has_body: bool) -> Result<&'static str, CallError> {
    let Some(given) = given else {
        return Ok(if has_body { "POST" } else { "GET" });
    };
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    let method = methods
        .into_iter()
        .find(|method| given.eq_ignore_ascii_case(method));
    method.ok_or_else(|| {
        bad(format!(
            "method is {given:?}; there are GET, HEAD, POST, PUT, PATCH and DELETE"
        ))
    })
}

fn parse_url(given: Option<Value>, query: &[(String, String)]) -> Result<Text, CallError> {
    match given {
        Some(Value::String(text)) => Ok(Text::Plain(with_query(text, query))),
        Some(Value::Secret(secret)) if secret.stands_for().is_some() => Err(bad(format!(
            "url is the secret {:?}, which is not set; this simulation only has a stand-in for it, \
             which is no URL: set the secret to any URL",
            secret.stands_for().unwrap_or_default()
        ))),
        Some(Value::Secret(secret)) if query.is_empty() => Ok(Text::Secret(secret)),
        Some(Value::Secret(_)) => Err(bad("a secret url is given whole, without query")),
        None => Err(bad("url is missing")),
        Some(other) => Err(bad(format!(
            "url must be a string or a secret, not a {}",
            other.kind()
        ))),
    }
}

fn body(value: &LuaValue) -> Result<Bytes, CallError> {
    match value {
        LuaValue::String(text) => Ok(Bytes::from(text.as_bytes().to_vec())),
        other => Err(bad(format!(
            "body must be a string, not a {}; json = takes any value",
            other.type_name()
        ))),
    }
}

fn json(value: &Value) -> Result<Bytes, CallError> {
    if has_secret(value) {
        return Err(bad(
            "json holds a secret, which opens only as url and in headers",
        ));
    }
    Ok(Bytes::from(value.to_json().to_string()))
}

fn has_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(items) => items.iter().any(has_secret),
        Value::Object(fields) => fields.values().any(has_secret),
        _ => false,
    }
}

/// A header's value: text, a number, a secret, or a list of these whose parts stand one behind the
/// other.
fn header(name: String, value: Value) -> Result<(String, Vec<Text>), CallError> {
    let part = |value: Value| match value {
        Value::Secret(secret) => Ok(Text::Secret(secret)),
        Value::String(text) => Ok(Text::Plain(text)),
        Value::Integer(number) => Ok(Text::Plain(number.to_string())),
        other => Err(bad(format!(
            "the header {name} must be a string, a secret or a list of them, not a {}",
            other.kind()
        ))),
    };
    let parts = match value {
        Value::List(items) => items.into_iter().map(part).collect::<Result<_, _>>()?,
        single => vec![part(single)?],
    };
    Ok((name, parts))
}

fn field((name, value): (&String, &Value)) -> Result<(String, String), CallError> {
    match value {
        Value::Secret(_) => Err(bad(
            "query holds a secret; send it in a header, or give the whole url as a secret",
        )),
        value => match value.to_text() {
            Some(text) => Ok((name.clone(), text)),
            None => Err(bad(format!(
                "query.{name} must be a string or a number, not a {}",
                value.kind()
            ))),
        },
    }
}

fn with_query(url: String, query: &[(String, String)]) -> String {
    if query.is_empty() {
        return url;
    }
    match url::Url::parse(&url) {
        Ok(mut parsed) => {
            parsed.query_pairs_mut().extend_pairs(query);
            parsed.to_string()
        }
        // The gate reports what is wrong with it.
        Err(_) => url,
    }
}
