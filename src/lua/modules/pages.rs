//! `pages` and `items`: reading a list page by page.

use crate::client::error::{CallError, Failure, Kind};
use crate::client::paginator::Paginator;
use crate::client::value::Params;
use crate::effect_id::EffectId;
use crate::gate::{Gate, ReadError, Reading};
use crate::lua::answer::answer_to_lua;
use crate::lua::bindings::Bindings;
use crate::lua::error::{self, Raised};
use crate::lua::{json, options, params};
use mlua::{AnyUserData, Lua, Table, UserData, Value as LuaValue};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A list that is being read, as Lua holds it.
struct Reader(Arc<Mutex<Reading>>);

impl UserData for Reader {}

/// A page: the answer, its `meta`, and its items.
type Page = (LuaValue, Option<AnyUserData>, Option<Table>);

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.effect("next_page", next_page)?;
    bindings.function(
        "reader",
        |_, gate, (name, params, options): (String, Option<Table>, Option<Table>)| {
            let given = params.map_or_else(
                || Ok(Params::new()),
                |table| params::table(&table).map_err(CallError::Invalid),
            );
            let request = given.and_then(|params| Ok((params, options::call(options)?)));
            let (params, options) = request.map_err(|error| Failure::unsent(&name, error))?;
            let action = gate
                .catalog()
                .action(&name)
                .map_err(mlua::Error::external)?;
            let paginator = Paginator::new(action, params)
                .map_err(|fault| Raised::invalid(fault.to_string()))?;
            Ok(Reader(Arc::new(Mutex::new(Reading::new(
                paginator, options,
            )))))
        },
    )
}

/// The next page; nil behind the last.
async fn next_page(
    lua: Lua,
    gate: Arc<Gate>,
    place: EffectId,
    reader: AnyUserData,
) -> Result<Page, Raised> {
    let reading = Arc::clone(&reader.borrow::<Reader>()?.0);
    // Two tasks that share an iterator take turns.
    let mut reading = reading.lock().await;
    match gate.next_page(&mut reading, &place).await {
        Ok(None) => Ok((LuaValue::Nil, None, None)),
        Ok(Some(answer)) => {
            let (table, about) = answer_to_lua(&lua, answer, place)?;
            let items = lua.create_sequence_from(json::at(&table, reading.items_path())?)?;
            Ok((table, Some(about), Some(items)))
        }
        Err(ReadError::Call(failure)) => Err(failure.into()),
        Err(ReadError::Pages(fault)) => {
            let table = error::plain(&lua, Kind::Response, &fault.to_string())?;
            table.raw_set("action", reading.action())?;
            table.raw_set("sent", "yes")?;
            table.raw_set("retryable", true)?;
            Err(table.into())
        }
    }
}
