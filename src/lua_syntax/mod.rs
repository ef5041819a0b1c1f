//! Lua's text for the prompt: its tokens, also of a line that is not finished yet or wrong, and the
//! locals that outlive their line.
//!
//! Whether a text is Lua at all is for the compiler to decide.

mod draft;
pub mod locals;
mod scan;
mod secrets;
mod tokens;

pub use secrets::Secrets;
pub use tokens::{Token, TokenKind, code, is_name, keywords, plain_text, tokens};
