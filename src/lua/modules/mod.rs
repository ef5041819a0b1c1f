//! The function families that scripts find, a file each.

pub(super) mod call;
pub(super) mod catalog;
pub(super) mod csv;
pub(super) mod environment;
pub(super) mod errors;
pub(super) mod files;
pub(super) mod help;
pub(super) mod http;
pub(super) mod json;
pub(super) mod loader;
pub(super) mod lock;
pub(super) mod outcome;
pub(super) mod output;
pub(super) mod pages;
pub(super) mod parallel;
pub(super) mod paths;
pub(super) mod pp;
pub(super) mod process;
pub(super) mod sim;
pub(super) mod time;
pub(super) mod wait;
pub(super) mod wait_state;
