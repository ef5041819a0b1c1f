//! What can be made to go wrong, and how a rule for it is written.

pub(crate) mod fault;
pub(crate) mod syntax;
