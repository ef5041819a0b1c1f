//! The line that is typed: its thread, and what helps to type it.

mod assistant;
pub(super) mod candidate;
pub(super) mod complete;
pub(super) mod context;
mod highlight;
pub(super) mod hint;
pub(super) mod history;
pub(super) mod line;
mod list;
pub(super) mod prompt;
pub(super) mod remote;
