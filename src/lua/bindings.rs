//! How functions of ours become functions of Lua's.
//!
//! A native answers `true, results…`, or `false` and an error that `stdlib/core` raises: what Rust
//! raises itself would reach a script as a userdata without its line.

use super::error::Raised;
use crate::effect_id::EffectId;
use crate::gate::Gate;
use futures_util::FutureExt as _;
use mlua::{FromLua, FromLuaMulti, IntoLua, IntoLuaMulti, Lua, MultiValue, Table, Value};
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

/// Registers functions, each with the gate at hand.
pub(super) struct Bindings<'a> {
    pub(super) lua: &'a Lua,
    pub(super) gate: &'a Arc<Gate>,
    pub(super) table: Table,
}

/// An effect under way. Boxed one by one, so that a task that sleeps does not hold room for the
/// largest effect there is; and in a box that goes when the effect ends, because what mlua is given
/// stays until Lua's collector finds it.
pub(super) type Effect = Pin<Box<dyn Future<Output = mlua::Result<MultiValue>>>>;

impl Bindings<'_> {
    /// A value that stays what it is.
    pub(super) fn value(&self, name: &str, value: impl IntoLua) -> mlua::Result<()> {
        self.table.raw_set(name, value)
    }

    /// A function that cannot fail, and gives its results as they are.
    pub(super) fn plain<A: FromLuaMulti, R: IntoLuaMulti>(
        &self,
        name: &str,
        function: impl Fn(&Lua, &Arc<Gate>, A) -> mlua::Result<R> + Send + Sync + 'static,
    ) -> mlua::Result<()> {
        let gate = Arc::clone(self.gate);
        self.table.raw_set(
            name,
            self.lua
                .create_function(move |lua, args| function(lua, &gate, args))?,
        )
    }

    /// A function that can raise an error.
    pub(super) fn function<A: FromLuaMulti, R: IntoLuaMulti>(
        &self,
        name: &str,
        function: impl Fn(&Lua, &Arc<Gate>, A) -> Result<R, Raised> + Send + Sync + 'static,
    ) -> mlua::Result<()> {
        let called = name.to_owned();
        self.plain(name, move |lua, gate, args: MultiValue| {
            answer(
                lua,
                parse_arguments(lua, &called, args).and_then(|args| function(lua, gate, args)),
            )
        })
    }

    /// A function whose effect ends at once; it is given its place in the run first.
    pub(super) fn effect_now<A: FromLuaMulti, R: IntoLuaMulti>(
        &self,
        name: &str,
        effect: impl Fn(&Lua, &Arc<Gate>, &EffectId, A) -> Result<R, Raised> + Send + Sync + 'static,
    ) -> mlua::Result<()> {
        let called = name.to_owned();
        self.plain(
            name,
            move |lua, gate, (id, args): (EffectId, MultiValue)| {
                answer(
                    lua,
                    parse_arguments(lua, &called, args)
                        .and_then(|args| effect(lua, gate, &id, args)),
                )
            },
        )
    }

    /// A function that suspends the script; it is given its place in the run first. Arguments that
    /// do not fit are the script's fault.
    pub(super) fn effect<
        A: FromLuaMulti,
        R: IntoLuaMulti,
        F: Future<Output = Result<R, Raised>> + 'static,
    >(
        &self,
        name: &str,
        effect: impl Fn(Lua, Arc<Gate>, EffectId, A) -> F + Send + Sync + 'static,
    ) -> mlua::Result<()> {
        let (called, gate) = (name.to_owned(), Arc::clone(self.gate));
        let function = self.lua.create_async_function(
            move |lua, (place, args): (EffectId, MultiValue)| -> Effect {
                match parse_arguments(&lua, &called, args) {
                    // An async block would hold the effect twice: as what it is given, and as what
                    // it waits for.
                    Ok(args) => {
                        let effect = effect(lua.clone(), Arc::clone(&gate), place, args);
                        Box::pin(effect.map(move |outcome| answer(&lua, outcome)))
                    }
                    Err(mismatch) => Box::pin(ready(answer::<()>(&lua, Err(mismatch)))),
                }
            },
        )?;
        self.table.raw_set(name, function)
    }
}

/// Results behind `true`, or an error behind `false`.
pub(super) fn answer<T: IntoLuaMulti>(
    lua: &Lua,
    outcome: Result<T, Raised>,
) -> mlua::Result<MultiValue> {
    let (ok, mut values) = match outcome {
        Ok(value) => (true, value.into_lua_multi(lua)?),
        Err(raised) => (false, raised.into_value(lua)?.into_lua_multi(lua)?),
    };
    values.push_front(Value::Boolean(ok));
    Ok(values)
}

/// Arguments as a function takes them.
fn parse_arguments<A: FromLuaMulti>(lua: &Lua, name: &str, args: MultiValue) -> Result<A, Raised> {
    A::from_lua_multi(args, lua).map_err(|mismatch| Raised::invalid(bad_argument(name, &mismatch)))
}

fn bad_argument(name: &str, mismatch: &mlua::Error) -> String {
    let name = match name {
        "pretty" => "pp".to_owned(),
        "find_module" => "require".to_owned(),
        other => other.replace('_', "."),
    };
    let wanted = |to: &str| {
        if to == "&str" {
            "text in UTF-8".to_owned()
        } else {
            to.to_lowercase()
        }
    };
    let problem = match mismatch {
        mlua::Error::FromLuaConversionError { from, to, .. } => {
            format!("needs a {}, not a {from}", wanted(to))
        }
        mlua::Error::BadArgument { pos, cause, .. } => match &**cause {
            mlua::Error::FromLuaConversionError { from, to, .. } => {
                format!("needs a {} as argument {pos}, not a {from}", wanted(to))
            }
            other => format!("cannot take argument {pos}: {other}"),
        },
        other => other.to_string(),
    };
    format!("{name} {problem}")
}

/// `stdlib/core` keeps a table for each coroutine, and counts its effects there.
impl FromLua for EffectId {
    fn from_lua(value: Value, lua: &Lua) -> mlua::Result<Self> {
        let place = Table::from_lua(value, lua)?;
        Ok(Self {
            path: place.raw_get("path")?,
            number: place.raw_get("number")?,
        })
    }
}
