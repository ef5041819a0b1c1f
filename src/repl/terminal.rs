//! What a session needs of the terminal beside the line that is typed.

use crate::lua::{ScriptError, Sources};

/// What a session needs of the terminal beside the line that is typed; the command provides it.
pub trait Terminal: Send + Sync {
    /// Lines.
    fn height(&self) -> usize;
    /// Columns, 20 at least.
    fn width(&self) -> usize;
    /// Whether colours are wanted.
    fn has_color(&self) -> bool;
    /// A line of what a script prints; false where nobody reads it any more.
    fn print(&self, text: &str) -> bool;
    /// A note of the session's own.
    fn say(&self, text: &str);
    /// A value or a page: through the pager where it is longer than the screen.
    fn page(&self, text: &str);
    /// A script's error as a person reads it; with the rest of the stack where that is asked for.
    fn error(&self, error: &ScriptError, sources: &Sources, with_trace: bool) -> String;
    /// Lets the person edit a text in the editor of their choice.
    fn edit(&self, text: &str) -> Result<String, String>;
}
