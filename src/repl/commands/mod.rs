//! The session's own commands, which begin with `:`, and what they show and write.

pub(super) mod pages;
pub(super) mod parse;
mod perform;
pub(super) mod transcript;
