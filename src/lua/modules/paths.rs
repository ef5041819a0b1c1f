//! `os.remove` and `os.rename`.

use crate::gate::RenameError;
use crate::lua::bindings::Bindings;
use crate::lua::files::arguments::Arguments;
use crate::lua::files::path::of_text;
use crate::lua::files::results::{completion, refusal_values};
use mlua::MultiValue;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.effect_now("remove", |lua, gate, id, values: MultiValue| {
        let path = Arguments::new(lua, "remove", values).text(0)?;
        match gate.remove(&of_text(&path), id) {
            Ok(()) => completion(lua, Ok(()), None),
            Err(error) => refusal_values(lua, error.into(), Some(&path.as_bytes())),
        }
    })?;
    bindings.effect_now("rename", |lua, gate, id, values: MultiValue| {
        let arguments = Arguments::new(lua, "rename", values);
        let (from, to) = (arguments.text(0)?, arguments.text(1)?);
        match gate.rename(&of_text(&from), &of_text(&to), id) {
            Ok(()) => completion(lua, Ok(()), None),
            Err(RenameError::Source(error)) => {
                refusal_values(lua, error.into(), Some(&from.as_bytes()))
            }
            Err(RenameError::Target(error)) => {
                refusal_values(lua, error.into(), Some(&to.as_bytes()))
            }
        }
    })
}
