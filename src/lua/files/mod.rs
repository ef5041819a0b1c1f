//! File handles: buffered descriptors, Lua's formats to read from them, and the userdata that
//! scripts hold.

pub(super) mod arguments;
pub(super) mod child;
pub(super) mod format;
pub(super) mod handle;
pub(super) mod input;
pub(super) mod no_result;
pub(super) mod numeral;
pub(super) mod open;
pub(super) mod output;
mod parent_file;
pub(super) mod pass_on;
pub(super) mod path;
mod pipe;
pub(super) mod problem;
pub(super) mod request;
pub(super) mod results;
pub(super) mod shared;
pub(super) mod standard;
pub(super) mod stream;
