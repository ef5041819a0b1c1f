//! The session's own commands, which begin with `:`, and what they show and write.

mod execute;
pub(super) mod pages;
pub(super) mod parse;
pub(super) mod transcript;
