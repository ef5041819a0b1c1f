//! The REPL: lines of Lua one after the other in one VM, with the clouds at hand.
//!
//! The VM has one thread, the session's, which drives the line in the foreground and the jobs side
//! by side. The line that is typed lives on the editor's thread; the two talk by channels.

mod background;
mod commands;
mod conversation;
mod editor;
mod evaluation;
mod interrupts;
mod jobs;
mod output;
mod pending;
mod running;
mod terminal;
mod ui;

pub use conversation::{Options, run};
pub use editor::candidate::{Candidate, Knowledge};
pub use editor::complete::complete;
pub use editor::hint::hint;
pub use editor::history::path as history_path;
pub use editor::line::discard_typed_ahead;
pub use interrupts::{Ending, Interrupts};
pub use running::Running;
pub use terminal::Terminal;
pub use ui::Ui;
