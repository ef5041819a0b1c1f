//! What a session needs of the terminal beside the line that is typed.

use crate::lua::console::Attended;
use crate::lua::{ScriptError, Sources};

/// What a session needs of the terminal beside the line that is typed; the command provides it.
pub trait Terminal: Send + Sync {
    /// Lines.
    fn height(&self) -> usize;
    /// Columns, 20 at least.
    fn width(&self) -> usize;
    /// Whether colors are wanted.
    fn has_color(&self) -> bool;
    /// Writes to standard output; false where it has no reader any more.
    fn write(&self, text: &str) -> bool;
    /// A note of the session's own, without the secrets in it.
    fn note(&self, text: &str);
    /// Text without the secrets that are known.
    fn redact(&self, text: &str) -> String;
    /// Takes the progress of calls and waits off the screen, or lets it come back.
    fn hide_progress(&self, is_hidden: bool);
    /// Whether a text is longer than the screen, and there is a pager for it.
    fn needs_pager(&self, text: &str) -> bool;
    /// Shows a text in the pager, until that is left; false where it does not start.
    fn page(&self, text: &str) -> bool;
    /// What a person types, a line at most; none at the end of it.
    fn read(&self) -> Attended<std::io::Result<Option<Vec<u8>>>>;
    /// A script's error as a person reads it; with the rest of the stack where that is asked for.
    fn error(&self, error: &ScriptError, sources: &Sources, with_trace: bool) -> String;
    /// Lets the person edit a text in the editor of their choice.
    fn edit(&self, text: &str) -> Result<String, String>;
}
