//! What an Action makes, removes and awaits, in words.

use super::document::{Block, Line};
use super::example;
use cumulua_core::catalog::{Action, CreatesModel, Kind, KindModel};

/// What becomes of the things that an Action is about.
pub(super) fn section(action: &Action) -> Vec<Block> {
    let creates = action.creates.iter().filter_map(|creates| {
        let kind = action.service.kinds.get(&creates.kind)?;
        Some((creates, kind))
    });
    let mut blocks: Vec<Block> = creates
        .map(|(creates, kind)| Block::Text(made(action, creates, kind)))
        .collect();
    for (_, kind) in action.service.removed_by(action) {
        let parts = action.service.kinds.values().filter(|part| {
            let parent = part.parent.as_ref();
            let parent = parent.and_then(|name| action.service.kinds.get(name));
            parent.is_some_and(|parent| std::ptr::eq(parent, kind))
        });
        let parts: Vec<String> = parts.map(|part| lower(&part.title)).collect();
        let mut line = Line::text(format!("Removes {}", lower(&kind.title)));
        if let Some(removal) = &kind.removed_by {
            line = line.and(" by ").and_code(&removal.param);
        }
        if !parts.is_empty() {
            line = line.and(format!("; with it goes {}", parts.join(", ")));
        }
        blocks.push(Block::Text(line.and(".")));
    }
    blocks
}

/// What one of a kind is found by, awaited by and removed by.
fn made(action: &Action, creates: &CreatesModel, kind: &KindModel) -> Line {
    let full_name = |name: &str| format!("{}.{name}", action.service.service);
    let mut line = Line::text(format!("Makes {}", lower(&kind.title)));
    if let Some(each) = &creates.each {
        let is_one = action
            .param(each)
            .is_some_and(|param| param.kind == Kind::Object);
        let when = if is_one {
            " where there is a "
        } else {
            " for each element of "
        };
        line = line.and(when).and_code(each);
    } else if let Some(count) = &creates.count {
        line = line.and(", as many as ").and_code(count).and(" says");
    }
    if creates.replaces {
        line = line.and(" in place of those that there were");
    }
    line = match (&creates.given, creates.ids.first()) {
        (Some(given), _) => line.and("; ").and_code(given).and(" is its id"),
        (None, Some(ids)) => line.and("; its id stands at ").and_code(ids),
        (None, None) => line.and("; its id is not in the answer"),
    };
    line = line
        .and(". ")
        .and_link(&kind.list, &full_name(&kind.list))
        .and(" lists it");
    line = match (&kind.removed_by, &kind.kept) {
        (Some(removal), _) => {
            let line = line
                .and(", ")
                .and_link(&removal.action, &full_name(&removal.action))
                .and(" removes it");
            match &removal.form {
                Some(form) => line
                    .and(" (")
                    .and_code(&removal.param)
                    .and(" is ")
                    .and_code(form)
                    .and(")."),
                None => line.and("."),
            }
        }
        (None, Some(why)) => line.and(format!(". {why}.")),
        (None, None) => line.and("."),
    };
    let state = kind.state.as_ref();
    let Some((state, wait)) = state.and_then(|state| Some((state, state.wait.as_ref()?))) else {
        return line;
    };
    let product = &action.product.product;
    let wait = example::lua_string(&format!("{product}.{wait}"));
    let done = example::lua_string(&state.at_rest);
    line.and(" ")
        .and_code(format!(
            "wait.for_state({wait}, {{ id = id, done = {done} }})"
        ))
        .and(" waits until it is there.")
}

/// The title of a kind inside a sentence.
fn lower(title: &str) -> String {
    let mut letters = title.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
