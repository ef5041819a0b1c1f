//! The hook, which looks at Lua code now and then: whether it is ended from outside, and whether it
//! has computed for so long that what goes on beside it should go on.

use super::modules::errors::is_own;
use super::stop_sign::StopSign;
use super::time_slice::TimeSlice;
use crate::gate::Gate;
use mlua::debug::{Debug, DebugEvent};
use mlua::{HookTriggers, Lua, Table, VmState};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// The hook looks after so many instructions: a few microseconds.
const INTERVAL: u32 = 2_000;

/// A task that is ended and goes on is told again after so many looks: what it deferred begins with
/// some instructions of ours.
const TELLING: u32 = 50;

pub(super) struct Hook {
    gate: Arc<Gate>,
    /// The places of coroutines, as the core keeps them.
    places: Table,
    time_slice: Rc<TimeSlice>,
    /// Whether all coroutines share the VM with others.
    is_shared: Cell<bool>,
    unheeded: Cell<u32>,
}

impl Hook {
    pub(super) fn new(lua: &Lua, gate: &Arc<Gate>, core: &Table) -> mlua::Result<Rc<Self>> {
        let time_slice = TimeSlice::of(gate.clock());
        lua.set_app_data(Rc::clone(&time_slice));
        Ok(Rc::new(Self {
            gate: Arc::clone(gate),
            places: core.raw_get("places")?,
            time_slice,
            is_shared: Cell::default(),
            unheeded: Cell::default(),
        }))
    }

    /// From now on each coroutine has others beside it.
    pub(super) fn share(&self) {
        self.is_shared.set(true);
    }

    pub(super) fn install(self: &Rc<Self>, lua: &Lua) -> mlua::Result<()> {
        self.look_at(lua, HookTriggers::new().every_nth_instruction(INTERVAL))
    }

    /// Sets when the coroutine that runs now is looked at, and those that it makes.
    fn look_at(self: &Rc<Self>, lua: &Lua, triggers: HookTriggers) -> mlua::Result<()> {
        let hook = Rc::clone(self);
        lua.set_global_hook(triggers, move |lua, debug| hook.look(lua, debug))
    }

    fn look(self: &Rc<Self>, lua: &Lua, debug: &Debug<'_>) -> mlua::Result<VmState> {
        if self.gate.cancel_token().is_raised() {
            return self.end_run(lua);
        }
        if debug.event() == DebugEvent::Line {
            return self.at_line(lua, debug);
        }
        if self.gate.has_ended_scopes() && self.is_cancelled(lua)? {
            return self.give_up_task();
        }
        if self.time_slice.is_ending() {
            // It began in another coroutine.
            self.look_at_lines(lua)?;
        } else if self.time_slice.has_lasted() {
            if self.has_others(lua)? {
                self.time_slice.look_for_its_end();
                self.look_at_lines(lua)?;
            } else {
                self.time_slice.begin();
            }
        }
        Ok(VmState::Continue)
    }

    /// Other code runs between two lines only.
    fn look_at_lines(self: &Rc<Self>, lua: &Lua) -> mlua::Result<()> {
        let triggers = HookTriggers::new().every_nth_instruction(INTERVAL);
        self.look_at(lua, triggers.every_line())
    }

    /// Once the run is ended, the hook looks at every instruction, because `pcall` can catch one
    /// error. Of a task that alone is ended, `pcall` lets the error pass.
    fn end_run(&self, lua: &Lua) -> mlua::Result<VmState> {
        let ended = Arc::clone(&self.gate);
        lua.set_global_hook(HookTriggers::new().every_nth_instruction(1), move |_, _| {
            if ended.cancel_token().is_raised() {
                Err(StopSign::raised())
            } else {
                Ok(VmState::Continue)
            }
        })?;
        Err(StopSign::raised())
    }

    fn give_up_task(&self) -> mlua::Result<VmState> {
        let look = self.unheeded.get();
        self.unheeded.set((look + 1) % TELLING);
        if look == 0 {
            Err(StopSign::raised())
        } else {
            Ok(VmState::Continue)
        }
    }

    fn at_line(self: &Rc<Self>, lua: &Lua, debug: &Debug<'_>) -> mlua::Result<VmState> {
        if self.time_slice.is_ending() {
            self.time_slice.goes_on(lua);
            let function = debug.function().to_pointer();
            if self.time_slice.may_end_at(function, debug.current_line())
                && !is_core(debug)
                && self.can_yield(lua)?
                && self.time_slice.tell(lua)
            {
                // Where a C function is in between, as in a comparison of `table.sort`, mlua goes on.
                return Ok(VmState::Yield);
            }
        } else {
            self.install(lua)?;
        }
        Ok(VmState::Continue)
    }

    /// Whether the coroutine that runs now is part of what is ended.
    fn is_cancelled(&self, lua: &Lua) -> mlua::Result<bool> {
        let is_raised = |path: &str| self.gate.cancel_at(path).is_raised();
        Ok(self.path(lua)?.is_some_and(|path| is_raised(&path)))
    }

    /// Whether anything may go on beside the coroutine that runs now.
    fn has_others(&self, lua: &Lua) -> mlua::Result<bool> {
        let is_in_scope = |path: &str| self.gate.is_in_scope(path);
        Ok(self.is_shared.get() || self.path(lua)?.is_some_and(|path| is_in_scope(&path)))
    }

    /// Whether all that resumed the coroutine that runs now can yield; whether it can itself is seen
    /// by mlua.
    fn can_yield(&self, lua: &Lua) -> mlua::Result<bool> {
        let place = self.place(lua)?;
        let is_stuck = place.map(|place| place.raw_get::<Option<bool>>("is_stuck"));
        Ok(is_stuck
            .transpose()?
            .is_some_and(|is_stuck| is_stuck != Some(true)))
    }

    fn path(&self, lua: &Lua) -> mlua::Result<Option<String>> {
        self.place(lua)?
            .map(|place| place.raw_get("path"))
            .transpose()
    }

    fn place(&self, lua: &Lua) -> mlua::Result<Option<Table>> {
        self.places.raw_get(lua.current_thread())
    }
}

/// Whether the core runs, which does not expect others between two lines of its own. As it is built
/// into the command, it knows no lines.
fn is_core(debug: &Debug<'_>) -> bool {
    debug.current_line().is_none() || debug.source().source.is_none_or(|source| is_own(&source))
}
