//! Calls of Actions.

use super::catalog::Found;
use crate::client::Call;
use crate::client::error::CallError;
use crate::client::value::Params;
use crate::effect_id::EffectId;
use crate::gate::Gate;
use crate::lua::answer::answer_to_lua;
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::memory_budget::MemoryBudget;
use crate::lua::{options, params};
use bytes::Bytes;
use cumulua_core::catalog::{Action, CatalogError, Method};
use cumulua_core::controls;
use mlua::{AnyUserData, Lua, Table, Value as LuaValue};
use std::sync::Arc;

/// The place, the Action by the number that the core holds for it, parameters and options.
type Arguments = (EffectId, usize, LuaValue, Option<Table>);

pub(in crate::lua) fn register(bindings: &Bindings<'_>, found: &Found) -> mlua::Result<()> {
    bindings.effect("call", call_by_name)?;
    let (gate, found) = (Arc::clone(bindings.gate), found.clone());
    // What scripts do most answers without `true` in front.
    let call_action = bindings.lua.create_async_function(
        move |lua, (place, number, params, options): Arguments| {
            let (gate, action) = (Arc::clone(&gate), found.get(number));
            // In a box that goes when the call ends: what mlua is given stays until Lua's collector
            // finds it.
            Box::pin(async move {
                let action =
                    action.ok_or_else(|| mlua::Error::runtime("there is no such Action"))?;
                call(&lua, &gate, action, place, params, options).await
            })
        },
    )?;
    bindings.value("call_action", call_action)
}

/// Calls an Action. A coroutine takes two results over without a table around them.
async fn call(
    lua: &Lua,
    gate: &Gate,
    action: Action,
    place: EffectId,
    params: LuaValue,
    options: Option<Table>,
) -> mlua::Result<(LuaValue, LuaValue)> {
    let given = match params {
        LuaValue::Nil => Ok((Params::new(), None)),
        LuaValue::Table(table) => given(lua, &action, &table),
        other => Err(CallError::BadOption(format!(
            "the first argument is a table of parameters, not a {}",
            other.type_name()
        ))),
    };
    let request = given.and_then(|given| Ok((given, options::call(options)?)));
    let outcome = match request {
        Ok(((params, content), options)) => {
            gate.call(
                Call {
                    action,
                    params,
                    content,
                    options,
                },
                &place,
            )
            .await
        }
        Err(error) => Err(gate.refuse(&action.full_name, action.read_only, error, &place)),
    };
    Ok(match outcome {
        Ok(answer) => {
            let (answer, about) = answer_to_lua(lua, answer, place)?;
            (answer, LuaValue::UserData(about))
        }
        Err(failure) => (
            LuaValue::Boolean(false),
            Raised::from(failure).into_value(lua)?,
        ),
    })
}

/// The parameters of a call, and what its file parameter is given as: a string, which need be no
/// text.
fn given(lua: &Lua, action: &Action, table: &Table) -> Result<(Params, Option<Bytes>), CallError> {
    let Some(param) = action.file_param() else {
        return Ok((params::table(table).map_err(CallError::Invalid)?, None));
    };
    let name = param.name.as_str();
    let Ok(LuaValue::String(content)) = table.raw_get(name) else {
        return Ok((params::table(table).map_err(CallError::Invalid)?, None));
    };
    // Until it is sent it is there twice.
    if content.as_bytes().len() > MemoryBudget::of(lua).left() {
        return Err(CallError::BadOption(format!(
            "{name} has no room in what is left of the script's memory; the option file = PATH sends a file of any size"
        )));
    }
    let params = params::table_without(table, name).map_err(CallError::Invalid)?;
    Ok((params, Some(Bytes::from(content.as_bytes().to_vec()))))
}

/// `cds.call { service =, action =, method =, query =, body = }`: an Action that the catalogue
/// lacks.
async fn call_by_name(
    lua: Lua,
    gate: Arc<Gate>,
    place: EffectId,
    (product, request, options): (String, Table, Option<Table>),
) -> Result<(LuaValue, AnyUserData), Raised> {
    let call = uncatalogued(&gate, &product, &request, options);
    // What cannot be read may change something.
    let call =
        call.map_err(|error| gate.refuse(&format!("{product}.call"), false, error, &place))?;
    Ok(answer_to_lua(&lua, gate.call(call, &place).await?, place)?)
}

fn uncatalogued(
    gate: &Gate,
    product: &str,
    request: &Table,
    options: Option<Table>,
) -> Result<Call, CallError> {
    let bad = |what: &str| CallError::BadOption(what.to_owned());
    for key in request
        .pairs::<String, LuaValue>()
        .flatten()
        .map(|(key, _)| key)
    {
        if !["service", "action", "method", "query", "body"].contains(&key.as_str()) {
            return Err(bad(&format!(
                "unknown key {key:?}; there are service, action, method, query and body"
            )));
        }
    }
    let text = |key: &str| {
        request
            .get::<Option<String>>(key)
            .map_err(|_| bad(&format!("{key} must be a string")))
    };
    let service = text("service")?.map_or_else(
        || product.to_owned(),
        |service| format!("{product}.{service}"),
    );
    let name = text("action")?.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| bad("action is missing: the Action's name on the wire"))?;
    for named in [&service, &name] {
        if *controls::name(named) != **named {
            return Err(bad(
                "no service and no Action has a name of more than 1024 bytes",
            ));
        }
    }
    let table = |key: &str| match request.get::<Option<Table>>(key) {
        Ok(Some(table)) => params::table(&table).map(Some).map_err(CallError::Invalid),
        Ok(None) => Ok(None),
        Err(_) => Err(bad(&format!("{key} must be a table"))),
    };
    let (query, body) = (table("query")?, table("body")?);
    let method = match text("method")?.as_deref() {
        Some("GET") => Method::Get,
        Some("POST") => Method::Post,
        Some("PUT") => Method::Put,
        Some("DELETE") => Method::Delete,
        Some(other) => {
            return Err(bad(&format!(
                "method is {other:?}, must be \"GET\", \"POST\", \"PUT\" or \"DELETE\""
            )));
        }
        None if body.is_some() => Method::Post,
        None => Method::Get,
    };
    let params = match (query, body, method.has_body()) {
        (None, body, true) => body.unwrap_or_default(),
        (query, None, false) => query.unwrap_or_default(),
        (_, Some(_), false) => {
            let method = method.as_str();
            return Err(bad(&format!(
                "a {method} has no body; its parameters are its query"
            )));
        }
        (Some(_), _, true) => {
            let method = method.as_str();
            return Err(bad(&format!("a {method} carries its parameters in body")));
        }
    };
    let unknown = |error: CatalogError| match error {
        CatalogError::Unknown { what, name, near } => CallError::Unknown { what, name, near },
        other => CallError::BadOption(other.to_string()),
    };
    let service = gate.catalog().service(&service).map_err(unknown)?;
    let product = gate.catalog().product(product).map_err(unknown)?;
    let mut options = options::call(options)?;
    options.unchecked = true;
    Ok(Call {
        action: Action::uncatalogued(product, service, &name, method),
        params,
        content: None,
        options,
    })
}
