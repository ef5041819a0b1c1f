//! From JSON to tables: straight from its text, or from an answer that has been parsed. Integers
//! are exact, larger ones are strings; null is absent in objects and the sentinel in lists.

use super::marks::{self, is_list};
use super::memory_budget::MemoryBudget;
use cumulua_core::json::{Name, is_number};
use mlua::{Either, IntoLua as _, Lua, Table, Value as LuaValue};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;

/// Why JSON does not become a value of Lua.
pub(super) enum DecodeError<E> {
    /// It is no JSON.
    Json(E),
    /// Lua has no room for it.
    Lua(mlua::Error),
}

/// Makes a value of the whole of a JSON text.
pub(super) fn from_text(
    lua: &Lua,
    text: &[u8],
) -> Result<LuaValue, DecodeError<serde_json::Error>> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = from_json(lua, &mut json, text)?;
    json.end().map_err(DecodeError::Json)?;
    Ok(value)
}

/// Makes a value of JSON, which stands in `text` where it has not been parsed.
fn from_json<'de, D: Deserializer<'de>>(
    lua: &Lua,
    json: D,
    text: &'de [u8],
) -> Result<LuaValue, DecodeError<D::Error>> {
    let maker = Maker::new(lua, text);
    let made = (&maker)
        .deserialize(json)
        .map_err(|failure| match maker.failure.take() {
            Some(failure) => DecodeError::Lua(failure),
            None => DecodeError::Json(failure),
        })?;
    made.into_lua(lua).map_err(DecodeError::Lua)
}

/// Makes a value of JSON that has been parsed.
pub(super) fn from_value(lua: &Lua, json: &Json) -> mlua::Result<LuaValue> {
    from_json(lua, json, &[]).map_err(|unmade| match unmade {
        DecodeError::Lua(failure) => failure,
        DecodeError::Json(failure) => mlua::Error::external(failure),
    })
}

/// What the values of a text take at most, as a multiple of the text: `[]` is an empty table.
const LARGEST_FACTOR: usize = 32;

/// Makes the values of a text of so many bytes. Under a limit of memory mlua guards each string and
/// each field by a protected call, which is half of the work: it is lifted meanwhile where there is
/// room for whatever comes.
pub(super) fn with_room_for<T>(
    lua: &Lua,
    length: usize,
    make: impl FnOnce() -> T,
) -> mlua::Result<T> {
    if length.saturating_mul(LARGEST_FACTOR) > MemoryBudget::of(lua).left() {
        return Ok(make());
    }
    let limit = lua.set_memory_limit(0)?;
    let made = make();
    lua.set_memory_limit(limit)?;
    Ok(made)
}

/// Every value that stands at a path of the catalogue (`Data.Instances[]`) in an answer.
pub(super) fn at(answer: &LuaValue, path: &str) -> mlua::Result<Vec<LuaValue>> {
    let mut found = vec![answer.clone()];
    for part in path.split('.') {
        let key = part.strip_suffix("[]");
        let mut next = Vec::new();
        for value in found.iter().filter_map(LuaValue::as_table) {
            match value.raw_get::<LuaValue>(key.unwrap_or(part))? {
                LuaValue::Table(list) if key.is_some() && is_list(&list) => {
                    next.extend(
                        list.sequence_values::<LuaValue>()
                            .flatten()
                            .filter(|item| !item.is_null()),
                    );
                }
                LuaValue::Nil => {}
                other => next.push(other),
            }
        }
        found = next;
    }
    Ok(found)
}

/// A text, borrowed where it holds no escapes. mlua writes each of these straight to its stack, and
/// not a `Cow`.
type Text<'de> = Either<&'de str, String>;

/// What a table is filled with. A text stays one until it is in its place: a reference of mlua's to
/// it would cost as much again, and most fields are texts.
type Made<'de> = Either<Text<'de>, LuaValue>;

/// From so many fields and elements on the collector rests: none of them can be garbage yet, and it
/// would walk over all of them at each doubling.
const MANY: usize = 10_000;

/// Makes values, and keeps what all of them share.
struct Maker<'lua, 'de> {
    lua: &'lua Lua,
    /// The text that is read; empty where it has been parsed before.
    text: &'de [u8],
    /// The fields of the objects that are open, the innermost one's last: a table is made once its
    /// size is known, so that it never grows.
    fields: RefCell<Vec<(Text<'de>, Made<'de>)>>,
    list_mark: OnceCell<Table>,
    made: Cell<usize>,
    /// Whether the collector was stopped here.
    is_paused: Cell<bool>,
    /// An error of Lua's, which serde's cannot carry.
    failure: Cell<Option<mlua::Error>>,
    /// For fields that wait for their table.
    budget: MemoryBudget,
}

/// What a field takes that waits for its table.
const FIELD: usize = size_of::<(Text<'_>, Made<'_>)>();

impl<'lua, 'de> Maker<'lua, 'de> {
    fn new(lua: &'lua Lua, text: &'de [u8]) -> Self {
        Self {
            lua,
            text,
            fields: RefCell::default(),
            list_mark: OnceCell::new(),
            made: Cell::new(0),
            is_paused: Cell::new(false),
            failure: Cell::new(None),
            budget: MemoryBudget::of(lua),
        }
    }

    fn count(&self, made: usize) {
        let before = self.made.get();
        self.made.set(before + made);
        if before < MANY && before + made >= MANY && self.lua.gc_is_running() {
            self.lua.gc_stop();
            self.is_paused.set(true);
        }
    }

    fn table<T, E: serde::de::Error>(&self, table: mlua::Result<T>) -> Result<T, E> {
        table.map_err(|failure| {
            let error = E::custom(&failure);
            self.failure.set(Some(failure));
            error
        })
    }

    /// An empty table is an object; this makes it a list.
    fn mark(&self, table: &Table) -> mlua::Result<()> {
        if self.list_mark.get().is_none() {
            let _ = self.list_mark.set(marks::list(self.lua)?);
        }
        table.set_metatable(self.list_mark.get().cloned())
    }
}

impl Drop for Maker<'_, '_> {
    fn drop(&mut self) {
        if self.is_paused.get() {
            self.lua.gc_restart();
        }
    }
}

impl<'de> DeserializeSeed<'de> for &Maker<'_, 'de> {
    type Value = Made<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Made<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Maker<'_, 'de> {
    type Value = Made<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Made<'de>, E> {
        Ok(Either::Right(LuaValue::NULL))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Made<'de>, E> {
        Ok(Either::Right(LuaValue::Boolean(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Made<'de>, E> {
        Ok(Either::Right(LuaValue::Integer(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Made<'de>, E> {
        Ok(i64::try_from(value).map_or_else(
            |_| owned(value.to_string()),
            |value| Either::Right(LuaValue::Integer(value)),
        ))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Made<'de>, E> {
        Ok(owned(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Made<'de>, E> {
        Ok(owned(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Made<'de>, E> {
        Ok(Either::Right(LuaValue::Number(value)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Made<'de>, E> {
        Ok(Either::Left(Either::Left(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Made<'de>, E> {
        Ok(owned(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Made<'de>, A::Error> {
        let mut failure = None;
        let mut length = 0;
        let elements = Elements {
            maker: self,
            list,
            failure: &mut failure,
            length: &mut length,
        };
        let table = self.lua.create_sequence_from(elements);
        // Whatever ended the list first is the reason.
        if let Some(failure) = failure {
            return Err(failure);
        }
        let table = self.table(table.and_then(|table| {
            if length == 0 {
                self.mark(&table).map(|()| table)
            } else {
                Ok(table)
            }
        }))?;
        self.count(length);
        Ok(Either::Right(LuaValue::Table(table)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Made<'de>, A::Error> {
        // An object that has been parsed knows its length; serde_json's form of a number does not.
        let is_parsed = object.size_hint().is_some();
        let mut next = object.next_key_seed(Name)?;
        if !is_parsed && next.as_ref().is_some_and(|name| is_number(name, self.text)) {
            return object.next_value().map(number);
        }
        let first = self.fields.borrow().len();
        while let Some(name) = next {
            let value = match object.next_value_seed(self)? {
                Either::Right(null) if null.is_null() => Either::Right(LuaValue::Nil),
                value => value,
            };
            let name = match name {
                Cow::Borrowed(name) => Either::Left(name),
                Cow::Owned(name) => Either::Right(name),
            };
            if let Err(failure) = self.budget.take(FIELD) {
                return self.table(Err(failure));
            }
            self.fields.borrow_mut().push((name, value));
            next = object.next_key_seed(Name)?;
        }
        let mut fields = self.fields.borrow_mut();
        self.count(fields.len() - first);
        self.budget.give((fields.len() - first) * FIELD);
        let table = self.table(self.lua.create_table_from(fields.drain(first..)))?;
        Ok(Either::Right(LuaValue::Table(table)))
    }
}

fn owned<'de>(text: String) -> Made<'de> {
    Either::Left(Either::Right(text))
}

/// A number that is no integer of 64 bits.
fn number<'de>(text: String) -> Made<'de> {
    let mut digits = text.bytes();
    if text != "-0" && digits.all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return owned(text);
    }
    match text.parse::<f64>() {
        Ok(float) if float.is_finite() => Either::Right(LuaValue::Number(float)),
        _ => owned(text),
    }
}

/// The elements of a list, on their way into its table.
struct Elements<'maker, 'lua, 'de, A: SeqAccess<'de>> {
    maker: &'maker Maker<'lua, 'de>,
    list: A,
    failure: &'maker mut Option<A::Error>,
    length: &'maker mut usize,
}

impl<'de, A: SeqAccess<'de>> Iterator for Elements<'_, '_, 'de, A> {
    type Item = Made<'de>;

    fn next(&mut self) -> Option<Made<'de>> {
        match self.list.next_element_seed(self.maker) {
            Ok(element) => {
                *self.length += usize::from(element.is_some());
                element
            }
            Err(failure) => {
                *self.failure = Some(failure);
                None
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.list.size_hint().unwrap_or(0), None)
    }
}
