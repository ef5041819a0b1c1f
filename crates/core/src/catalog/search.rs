//! Finds Actions by words in their names, summaries and the vendor's own terms.

use super::{Action, ActionModel};

/// The Actions that have every one of `words` somewhere, best first, and those last that are no more
/// to be used.
pub fn search(actions: Vec<Action>, words: &[String]) -> Vec<Action> {
    let words: Vec<String> = words
        .iter()
        .flat_map(|word| word.split_whitespace())
        .map(str::to_lowercase)
        .collect();
    let mut ranked: Vec<(u32, Action)> = actions
        .into_iter()
        .filter_map(|action| score(&action, &words).map(|score| (score, action)))
        .collect();
    ranked.sort_by_key(|(score, action)| (action.deprecated.is_some(), std::cmp::Reverse(*score)));
    ranked.into_iter().map(|(_, action)| action).collect()
}

/// How well an Action fits: a word in its name weighs most, then the vendor's term, the summary,
/// its parameters.
fn score(action: &ActionModel, words: &[String]) -> Option<u32> {
    let name = action.full_name.to_lowercase();
    let own_name = action.name.to_lowercase();
    let summary = action.summary.to_lowercase();
    let term = action.term.clone().unwrap_or_default();
    let mut total = 0;
    for word in words {
        let mut best = 0;
        if own_name == *word || name == *word {
            best = 100;
        } else if name.contains(word) {
            // A shorter name is nearer to the word.
            best = 50 + u32::try_from(40usize.saturating_sub(own_name.len())).unwrap_or(0) / 4;
        } else if term.contains(word) {
            best = 40;
        } else if summary.contains(word) {
            best = 20;
        } else if action.params.iter().any(|param| {
            param.name.to_lowercase().contains(word)
                || param.term.as_ref().is_some_and(|term| term.contains(word))
        }) {
            best = 5;
        }
        if best == 0 {
            return None;
        }
        total += best;
    }
    Some(total)
}
