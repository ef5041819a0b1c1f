//! Calendars of `schedules.toml`: times in which schedules do not start, or in which alone they do.

mod clock;
mod event;
pub mod ics;
mod spans;
mod table;
mod window;

pub(super) use table::{CalendarTable, Calendars, Listed, Wrong};
pub use window::{Block, Blocked, Window};
