//! Actions as functions: names from the catalogue, calls through the gate.

use super::native::{Natives, Outcome, invalid};
use super::{convert, error, tables, wait};
use crate::client::error::{CallError, Failure};
use crate::client::value::{Params, Value};
use crate::client::waiter::Task;
use crate::client::{Answer, Call, CallOptions, waiter};
use crate::gate::{Gate, Place};
use cumulua_core::catalog::{Action, CatalogError, Method};
use mlua::{AnyUserData, Lua, Table, UserData, UserDataRef, Value as LuaValue};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a call gives its script: the answer and what `meta` says of it.
type Answered = Outcome<(LuaValue, AnyUserData)>;

/// What a call is given: its Action by the number that the core holds for it, its arguments, then its place.
type CallArguments = (usize, LuaValue, Option<Table>, String, u64);

/// The Actions that a script has found, so that a call need not look for its own.
type Found = Arc<Mutex<Vec<Action>>>;

pub(super) fn register(natives: &Natives<'_>) -> mlua::Result<()> {
    // A product that is a single service has its Actions directly below it.
    natives.plain("is_single", |_, gate, product: String| Ok(gate.catalog().services().contains(&product)))?;
    natives.fallible("service", |lua, gate, (product, key): (String, LuaValue)| {
        let name = format!("{product}.{}", key_text(&key));
        if gate.catalog().services().contains(&name) {
            return Ok(Ok(name));
        }
        let found = gate.catalog().service(&name);
        Ok(Err(unknown(lua, found.err())?))
    })?;
    let found = Found::default();
    let known = Arc::clone(&found);
    // An Action's whole name, and its number.
    natives.fallible("action", move |lua, gate, (service, key): (String, LuaValue)| {
        match gate.catalog().action(&format!("{service}.{}", key_text(&key))) {
            Ok(action) => {
                let name = action.full_name.to_string();
                let mut found = lock(&found);
                let number = found.iter().position(|known| known.full_name == action.full_name).unwrap_or_else(|| {
                    found.push(action);
                    found.len() - 1
                });
                Ok(Ok((name, number)))
            }
            Err(failure) => Ok(Err(unknown(lua, Some(failure))?)),
        }
    })?;
    let gate = Arc::clone(natives.gate);
    let call_action = natives.lua.create_async_function(move |lua, args: CallArguments| {
        let (gate, action) = (Arc::clone(&gate), lock(&known).get(args.0).cloned());
        // In a box that goes when the call ends: what mlua is given stays until Lua's collector finds it.
        Box::pin(async move {
            let action = action.ok_or_else(|| mlua::Error::runtime("there is no such Action"))?;
            call(&lua, &gate, action, args).await
        })
    })?;
    natives.table.raw_set("call", call_action)?;
    natives.fallible("actions", |lua, gate, service: String| match gate.catalog().service(&service) {
        Ok(model) => Ok(Ok(model.actions.iter().map(|action| action.name.clone()).collect::<Vec<_>>())),
        Err(failure) => Ok(Err(unknown(lua, Some(failure))?)),
    })?;
    natives.plain("about", |lua, _, known: UserDataRef<About>| about(lua, &known))?;
    natives.fallible("members", |lua, gate, product: String| {
        let services = gate.catalog().services_of(&product);
        if !services.is_empty() {
            return Ok(Ok(services));
        }
        match gate.catalog().service(&product) {
            Ok(model) => Ok(Ok(model.actions.iter().map(|action| action.name.clone()).collect())),
            Err(failure) => Ok(Err(unknown(lua, Some(failure))?)),
        }
    })
}

fn key_text(key: &LuaValue) -> String {
    key.to_string().unwrap_or_default()
}

fn unknown(lua: &Lua, failure: Option<CatalogError>) -> mlua::Result<Table> {
    let message = failure.map_or_else(|| "not in the catalogue".to_owned(), |failure| failure.to_string());
    invalid(lua, &message)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls an Action. A coroutine takes two results over without a table around them.
async fn call(
    lua: &Lua,
    gate: &Gate,
    action: Action,
    (_, params, options, path, number): CallArguments,
) -> mlua::Result<(LuaValue, LuaValue)> {
    let place = Place { path, number };
    let given = match params {
        LuaValue::Nil => Ok(Params::new()),
        LuaValue::Table(table) => convert::params(&table).map_err(CallError::Invalid),
        other => Err(CallError::BadOption(format!("the first argument is a table of parameters, not a {}", other.type_name()))),
    };
    let request = given.and_then(|params| Ok((params, call_options(options)?)));
    let outcome = match request {
        Ok((params, options)) => gate.call(Call { action, params, options }, &place).await,
        Err(error) => Err(Failure::unsent(&action.full_name, error)),
    };
    Ok(match finish(lua, outcome, place)? {
        Ok((answer, about)) => (answer, LuaValue::UserData(about)),
        Err(error) => (LuaValue::Boolean(false), LuaValue::Table(error)),
    })
}

/// `cds.call { service =, action =, method =, query =, body = }`: an Action that the catalogue lacks.
pub(super) async fn call_by_name(
    lua: &Lua,
    gate: &Gate,
    (product, request, options, path, number): (String, Table, Option<Table>, String, u64),
) -> mlua::Result<Answered> {
    let place = Place { path, number };
    let outcome = match uncatalogued(gate, &product, &request, options) {
        Ok(call) => gate.call(call, &place).await,
        Err(error) => Err(Failure::unsent(&format!("{product}.call"), error)),
    };
    finish(lua, outcome, place)
}

fn uncatalogued(gate: &Gate, product: &str, request: &Table, options: Option<Table>) -> Result<Call, CallError> {
    let bad = |what: &str| CallError::BadOption(what.to_owned());
    for key in request.pairs::<String, LuaValue>().flatten().map(|(key, _)| key) {
        if !["service", "action", "method", "query", "body"].contains(&key.as_str()) {
            return Err(bad(&format!("unknown key {key:?}; there are service, action, method, query and body")));
        }
    }
    let text = |key: &str| request.get::<Option<String>>(key).map_err(|_| bad(&format!("{key} must be a string")));
    let service = text("service")?.map_or_else(|| product.to_owned(), |service| format!("{product}.{service}"));
    let name = text("action")?.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| bad("action is missing: the Action's name on the wire"))?;
    let table = |key: &str| match request.get::<Option<Table>>(key) {
        Ok(Some(table)) => convert::params(&table).map(Some).map_err(CallError::Invalid),
        Ok(None) => Ok(None),
        Err(_) => Err(bad(&format!("{key} must be a table"))),
    };
    let (query, body) = (table("query")?, table("body")?);
    let method = match text("method")?.as_deref() {
        Some("GET") => Method::Get,
        Some("POST") => Method::Post,
        Some(other) => return Err(bad(&format!("method is {other:?}, must be \"GET\" or \"POST\""))),
        None if body.is_some() => Method::Post,
        None => Method::Get,
    };
    let params = match (query, body, method) {
        (None, Some(body), Method::Post) => body,
        (query, None, Method::Get) => query.unwrap_or_default(),
        (None, None, Method::Post) => Params::new(),
        (_, Some(_), Method::Get) => return Err(bad("a GET has no body; its parameters are its query")),
        (Some(_), _, Method::Post) => return Err(bad("a POST carries its parameters in body")),
    };
    let unknown = |error: CatalogError| match error {
        CatalogError::Unknown { what, name, near } => CallError::Unknown { what, name, near },
        other => CallError::BadOption(other.to_string()),
    };
    let service = gate.catalog().service(&service).map_err(unknown)?;
    let product = gate.catalog().product(product).map_err(unknown)?;
    let mut options = call_options(options)?;
    options.unchecked = true;
    Ok(Call { action: Action::uncatalogued(product, service, &name, method), params, options })
}

fn finish(lua: &Lua, outcome: Result<Answer, Failure>, place: Place) -> mlua::Result<Answered> {
    match outcome {
        Ok(answer) => Ok(Ok(answered(lua, answer, place)?)),
        Err(failure) => Ok(Err(error::call(lua, &failure)?)),
    }
}

/// What is known of an answer beside its content. Few scripts ask, so that it becomes a table only where one does.
pub(super) struct About {
    /// Without its content.
    answer: Answer,
    tasks: Vec<Task>,
    place: Place,
}

impl UserData for About {}

/// An answer as Lua, and what `meta` says of it. The client limits an answer's size.
pub(super) fn answered(lua: &Lua, mut answer: Answer, place: Place) -> mlua::Result<(LuaValue, AnyUserData)> {
    let tasks = waiter::tasks(&answer);
    let json = std::mem::take(&mut answer.json);
    convert::unguarded(lua, || Ok((tables::from_parsed(lua, &json)?, lua.create_userdata(About { answer, tasks, place })?)))
}

fn about(lua: &Lua, known: &About) -> mlua::Result<Table> {
    let About { answer, tasks, place } = known;
    let about = lua.create_table_with_capacity(0, 11)?;
    about.raw_set("action", &*answer.action.full_name)?;
    about.raw_set("profile", &*answer.profile)?;
    about.raw_set("region", answer.region.as_deref())?;
    about.raw_set("endpoint", &*answer.endpoint)?;
    about.raw_set("http_status", answer.http_status)?;
    about.raw_set("request_id", answer.request_id.as_deref())?;
    about.raw_set("attempts", answer.attempts)?;
    about.raw_set("duration", answer.duration.as_secs_f64())?;
    let position = lua.create_table_with_capacity(0, 2)?;
    position.raw_set("path", place.path.as_str())?;
    position.raw_set("number", place.number)?;
    about.raw_set("place", position)?;
    if answer.action.task.is_some() {
        about.raw_set("starts_task", true)?;
        about.raw_set("task", wait::answer_handle(lua, answer, tasks)?)?;
    }
    Ok(about)
}

/// The second argument of a call.
pub(super) fn call_options(options: Option<Table>) -> Result<CallOptions, CallError> {
    let mut parsed = CallOptions::default();
    let Some(options) = options else { return Ok(parsed) };
    for (key, value) in options.pairs::<LuaValue, LuaValue>().flatten() {
        let key = key_text(&key);
        let value = convert::value(&key, &value).map_err(CallError::Invalid)?;
        let wrong = |expected: &str| CallError::BadOption(format!("the option {key} must be {expected}"));
        match (key.as_str(), value) {
            ("timeout", Some(value)) => parsed.timeout = Some(duration(&value).ok_or_else(|| wrong(DURATION))?),
            ("retries", Some(Value::Integer(count))) => {
                parsed.retries = Some(u32::try_from(count).map_err(|_| wrong("a whole number from 0"))?);
            }
            ("retries", _) => return Err(wrong("a whole number from 0")),
            ("profile", Some(Value::String(name))) => parsed.profile = Some(name),
            ("region", Some(Value::String(name))) => parsed.region = Some(name),
            ("profile" | "region", _) => return Err(wrong("a string")),
            ("unchecked", Some(Value::Bool(unchecked))) => parsed.unchecked = unchecked,
            ("unchecked", _) => return Err(wrong("true or false")),
            (other, _) => {
                let near = cumulua_core::catalog::suggest::nearest(other, ["timeout", "retries", "profile", "region", "unchecked"]);
                let hint = cumulua_core::catalog::suggest::did_you_mean(&near);
                return Err(CallError::BadOption(format!("unknown option {other:?}{hint}")));
            }
        }
    }
    Ok(parsed)
}

/// How durations are written.
pub(super) const DURATION: &str = "a number of seconds or a text as \"90s\", \"15m\" or \"1h 30m\"";

/// A duration from seconds or text.
pub(super) fn duration(value: &Value) -> Option<Duration> {
    match value {
        Value::Integer(seconds) => Some(Duration::from_secs(u64::try_from(*seconds).ok()?)),
        Value::Float(seconds) => Duration::try_from_secs_f64(*seconds).ok(),
        Value::String(text) => cumulua_core::clock::parse_duration(text),
        _ => None,
    }
    .filter(|duration| *duration <= cumulua_core::clock::LONGEST)
}
