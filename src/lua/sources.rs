//! The texts of chunks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A script's text as Lua takes it: a byte-order mark is dropped, and a first line `#!…` is the
/// system's; its line stays, so that numbers agree.
pub(super) fn lua_text(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.strip_prefix('#') {
        Some(rest) => format!("--{rest}"),
        None => text.to_owned(),
    }
}

/// The texts of chunks, by their names, so that an error can show its line.
pub type Sources = BTreeMap<String, String>;

/// Sources that the runtime and its loader share.
pub(super) type SharedSources = Arc<Mutex<Sources>>;

pub(super) fn remember(sources: &SharedSources, chunk_name: &str, text: &str) {
    let name = chunk_name.trim_start_matches(['@', '=']).to_owned();
    sources
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(name, text.to_owned());
}
