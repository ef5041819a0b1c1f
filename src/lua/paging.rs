//! `pages` and `items`: reading a list page by page.

use super::convert;
use super::error;
use super::native::{Natives, Outcome};
use super::product::{answered, call_options};
use crate::client::error::{CallError, Failure, Kind};
use crate::client::paginator::Paginator;
use crate::client::value::Params;
use crate::gate::{Gate, Place, ReadError, Reading};
use mlua::{AnyUserData, Lua, Table, UserData, Value as LuaValue};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A list that is being read, as Lua holds it.
struct Reader(Arc<Mutex<Reading>>);

impl UserData for Reader {}

/// A page: the answer, what `meta` says of it, and its items.
type Page = (LuaValue, Option<AnyUserData>, Option<Table>);

pub(super) fn register(natives: &Natives<'_>) -> mlua::Result<()> {
    natives.fallible("reader", |lua, gate, (name, params, options): (String, Option<Table>, Option<Table>)| {
        let given = params.map_or_else(|| Ok(Params::new()), |table| convert::params(&table).map_err(CallError::Invalid));
        let request = given.and_then(|params| Ok((params, call_options(options)?)));
        let (params, options) = match request {
            Ok(request) => request,
            Err(error) => return Ok(Err(error::call(lua, &Failure::unsent(&name, error))?)),
        };
        let action = gate.catalog().action(&name).map_err(mlua::Error::external)?;
        match Paginator::new(action, params) {
            Ok(paginator) => Ok(Ok(Reader(Arc::new(Mutex::new(Reading::new(paginator, options)))))),
            Err(fault) => Ok(Err(error::plain(lua, Kind::Validation, &fault.to_string())?)),
        }
    })
}

/// The next page; nil behind the last.
pub(super) async fn next_page(
    lua: &Lua,
    gate: &Gate,
    (reader, path, number): (AnyUserData, String, u64),
) -> mlua::Result<Outcome<Page>> {
    let reading = Arc::clone(&reader.borrow::<Reader>()?.0);
    // Two tasks that share an iterator take turns.
    let mut reading = reading.lock().await;
    let place = Place { path, number };
    match gate.next_page(&mut reading, &place).await {
        Ok(None) => Ok(Ok((LuaValue::Nil, None, None))),
        Ok(Some(answer)) => {
            let (table, about) = answered(lua, answer, place)?;
            let items = lua.create_sequence_from(convert::at(&table, reading.items_path())?)?;
            Ok(Ok((table, Some(about), Some(items))))
        }
        Err(ReadError::Call(failure)) => Ok(Err(error::call(lua, &failure)?)),
        Err(ReadError::Pages(fault)) => {
            let table = error::plain(lua, Kind::Response, &fault.to_string())?;
            table.raw_set("action", reading.action())?;
            table.raw_set("sent", "yes")?;
            table.raw_set("retryable", true)?;
            Ok(Err(table))
        }
    }
}
