//! A function's arguments, with the complaints that Lua's own functions have.

use super::format::Format;
use super::handle::Handle;
use crate::lua::error::Raised;
use mlua::{AnyUserData, Lua, LuaString, MultiValue, Value};

/// What is raised where a closed file is used; stdlib/core/files.lua knows it.
pub(in crate::lua) const CLOSED: &str = "attempt to use a closed file";

/// The arguments of a function.
pub(in crate::lua) struct Arguments<'a> {
    lua: &'a Lua,
    function: &'a str,
    values: Vec<Value>,
    /// 1 where the first is the file whose method it is: complaints do not count it.
    before_first: usize,
}

impl<'a> Arguments<'a> {
    /// The arguments of a function.
    pub(in crate::lua) fn new(lua: &'a Lua, function: &'a str, values: MultiValue) -> Self {
        Self {
            lua,
            function,
            values: values.into_iter().collect(),
            before_first: 0,
        }
    }

    /// Its arguments where the first is a file.
    pub(in crate::lua) fn of_method(lua: &'a Lua, function: &'a str, values: MultiValue) -> Self {
        Self {
            before_first: 1,
            ..Self::new(lua, function, values)
        }
    }

    /// A complaint about an argument, counted from 0.
    pub(in crate::lua) fn complaint(&self, index: usize, problem: &str) -> Raised {
        let number = (index + 1).saturating_sub(self.before_first).max(1);
        Raised::Text(format!(
            "bad argument #{number} to '{}' ({problem})",
            self.function
        ))
    }

    /// An argument that must be there.
    pub(in crate::lua) fn any(&self, index: usize) -> Result<&Value, Raised> {
        self.values
            .get(index)
            .ok_or_else(|| self.complaint(index, "value expected"))
    }

    /// A file, open or closed.
    pub(in crate::lua) fn handle(&self) -> Result<&AnyUserData, Raised> {
        match self.values.first() {
            Some(Value::UserData(data)) if data.is::<Handle>() => Ok(data),
            _ => Err(self.mismatch(0, "FILE*")),
        }
    }

    /// An open file.
    pub(in crate::lua) fn file(&self) -> Result<&AnyUserData, Raised> {
        let data = self.handle()?;
        let is_closed = data
            .borrow::<Handle>()
            .is_ok_and(|handle| handle.is_closed());
        if is_closed {
            Err(Raised::Text(CLOSED.to_owned()))
        } else {
            Ok(data)
        }
    }

    /// A text, or a number as text.
    pub(in crate::lua) fn text(&self, index: usize) -> Result<LuaString, Raised> {
        let value = self.values.get(index).unwrap_or(&Value::Nil);
        if let Value::String(text) = value {
            return Ok(text.clone());
        }
        self.lua
            .coerce_string(value.clone())
            .ok()
            .flatten()
            .ok_or_else(|| self.mismatch(index, "string"))
    }

    /// A text where there is one.
    pub(in crate::lua) fn optional_text(&self, index: usize) -> Result<Option<LuaString>, Raised> {
        match self.values.get(index) {
            None | Some(Value::Nil) => Ok(None),
            Some(_) => self.text(index).map(Some),
        }
    }

    /// A whole number where there is one.
    pub(in crate::lua) fn optional_integer(&self, index: usize) -> Result<Option<i64>, Raised> {
        match self.values.get(index) {
            None | Some(Value::Nil) => Ok(None),
            Some(value) => self.whole(index, value).map(Some),
        }
    }

    /// One of several words, by its place among them.
    pub(in crate::lua) fn word<T: Copy>(
        &self,
        index: usize,
        usual: Option<T>,
        words: &[(&str, T)],
    ) -> Result<T, Raised> {
        let given = match (self.optional_text(index)?, usual) {
            (None, Some(usual)) => return Ok(usual),
            (Some(given), _) => given,
            (None, None) => self.text(index)?,
        };
        let known = words
            .iter()
            .find(|(word, _)| given.as_bytes() == word.as_bytes());
        known.map(|(_, value)| *value).ok_or_else(|| {
            self.complaint(
                index,
                &format!("invalid option '{}'", given.to_string_lossy()),
            )
        })
    }

    /// The formats from an argument on.
    pub(in crate::lua) fn formats(&self, first: usize) -> Result<Vec<Format>, Raised> {
        let given = self.values.iter().enumerate().skip(first);
        given
            .map(|(index, value)| self.format(index, value))
            .collect()
    }

    /// All from an argument on.
    pub(in crate::lua) fn rest(&self, first: usize) -> impl Iterator<Item = (usize, &Value)> {
        self.values.iter().enumerate().skip(first)
    }

    fn format(&self, index: usize, value: &Value) -> Result<Format, Raised> {
        let format = match value {
            Value::Integer(_) | Value::Number(_) => usize::try_from(self.whole(index, value)?)
                .ok()
                .map(Format::Count),
            _ => Format::parse(&self.text(index)?.as_bytes()),
        };
        format.ok_or_else(|| self.complaint(index, "invalid format"))
    }

    fn whole(&self, index: usize, value: &Value) -> Result<i64, Raised> {
        if let Some(whole) = self.lua.coerce_integer(value.clone()).ok().flatten() {
            return Ok(whole);
        }
        match self.lua.coerce_number(value.clone()) {
            Ok(Some(_)) => Err(self.complaint(index, "number has no integer representation")),
            _ => Err(self.mismatch(index, "number")),
        }
    }

    fn mismatch(&self, index: usize, wanted: &str) -> Raised {
        let found = self
            .values
            .get(index)
            .map_or_else(|| "no value".to_owned(), type_name);
        self.complaint(index, &format!("{wanted} expected, got {found}"))
    }
}

/// A value's type, by the name that its metatable gives it where there is one.
fn type_name(value: &Value) -> String {
    let named = match value {
        Value::Table(table) => table
            .metatable()
            .and_then(|meta| meta.raw_get::<Option<String>>("__name").ok().flatten()),
        _ => None,
    };
    named.unwrap_or_else(|| {
        let usual = match value {
            Value::Integer(_) => "number",
            Value::LightUserData(_) => "light userdata",
            Value::Error(_) => "userdata",
            other => other.type_name(),
        };
        usual.to_owned()
    })
}
