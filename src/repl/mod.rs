//! The REPL: lines of Lua one after the other in one VM, with the clouds at hand.
//!
//! The VM has one thread, the session's, which drives the line in front and the jobs behind it side by side. The line that is typed
//! lives on the editor's thread; the two talk by channels.

mod background;
mod commands;
mod complete;
mod context;
mod conversation;
mod editor;
mod evaluation;
mod front;
mod highlight;
mod hint;
mod history;
mod interrupts;
mod jobs;
mod list;
mod open_ends;
mod orders;
mod output;
mod pages;
mod prompt;
mod secrets;
mod terminal;
mod transcript;
mod turn;

pub use complete::{Candidate, Knowledge, complete};
pub use conversation::{Options, run};
pub use front::Front;
pub use hint::hint;
pub use history::path as history_path;
pub use interrupts::Interrupts;
pub use terminal::Terminal;
pub use turn::Turn;
