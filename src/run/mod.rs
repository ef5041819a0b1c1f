//! A run: one script from its first line to the last of what it deferred; what of it is kept, and
//! how it is ended.

pub mod arguments;
mod cancel;
pub mod control;
pub mod given;
mod guard;
mod kept_script;
pub mod last_words;
mod lines;
mod process;
mod recorder;
pub mod requester;
mod run_locks;
mod script;

pub use cancel::{CancelError, Cancelled, cancel_run};
pub use guard::{Guard, Stuck};
pub use process::RunProcess;
pub use recorder::{Cancel, HistoryRecorder, Keep, RunInfo};
pub use script::{Ending, run};
