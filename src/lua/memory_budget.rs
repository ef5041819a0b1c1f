//! The budget of a native for what it builds outside the VM: what the script may still take of
//! its memory. Tables that share a text can be written out to a thousand times their size.

use mlua::Lua;
use std::cell::Cell;
use std::io::{self, Write};

/// What a VM may use, in bytes, where natives find it.
struct Limit(usize);

/// Notes what a VM may use.
pub(super) fn set_limit(lua: &Lua, memory: usize) {
    lua.set_app_data(Limit(memory));
}

/// What is left.
pub(super) struct MemoryBudget(Cell<usize>);

impl MemoryBudget {
    /// What the script may still take.
    pub(super) fn of(lua: &Lua) -> Self {
        let limit = lua
            .app_data_ref::<Limit>()
            .map_or(usize::MAX, |limit| limit.0);
        Self(Cell::new(limit.saturating_sub(lua.used_memory())))
    }

    /// How much is left, in bytes.
    pub(super) fn left(&self) -> usize {
        self.0.get()
    }

    /// Takes so many bytes. The error ends the run, as that of the VM itself.
    pub(super) fn take(&self, bytes: usize) -> mlua::Result<()> {
        let left = self.0.get().checked_sub(bytes);
        let left = left.ok_or_else(|| mlua::Error::MemoryError("not enough memory".to_owned()))?;
        self.0.set(left);
        Ok(())
    }

    /// Gives them back.
    pub(super) fn give(&self, bytes: usize) {
        self.0.set(self.0.get().saturating_add(bytes));
    }
}

/// Bytes that are written, as long as the budget lasts.
pub(super) struct BudgetedText<'r> {
    bytes: Vec<u8>,
    budget: &'r MemoryBudget,
}

impl<'r> BudgetedText<'r> {
    pub(super) fn new(budget: &'r MemoryBudget) -> Self {
        Self {
            bytes: Vec::new(),
            budget,
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Write for BudgetedText<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.budget
            .take(bytes.len())
            .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The error of something that was written, or of a budget that is used up.
pub(super) fn used_up(problem: &io::Error) -> Option<mlua::Error> {
    (problem.kind() == io::ErrorKind::OutOfMemory)
        .then(|| mlua::Error::MemoryError("not enough memory".to_owned()))
}
