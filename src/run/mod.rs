//! A run: one script from its first line to the last of what it deferred; what of it is kept, and
//! how it is ended.

pub mod arguments;
pub mod control;
mod guard;
mod lines;
mod recorder;
mod run_locks;
mod script;

pub use guard::{Guard, Stuck};
pub use recorder::{Cancel, HistoryRecorder, Keep, RunInfo};
pub use script::{Ending, run};
