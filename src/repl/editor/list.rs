//! The list of candidates: aligned summaries, a bound on its length, and Ctrl-C while it stops at a
//! full screen.

use super::candidate::Candidate;
use rustyline::completion::Candidate as Listed;
use rustyline::{
    Cmd, ConditionalEventHandler, Event, EventContext, KeyCode, KeyEvent, Modifiers, Movement,
    RepeatCount,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A longer list is not read.
const MOST: usize = 2_000;

/// A candidate as the list shows it.
pub(super) struct ListEntry {
    display: String,
    insert: String,
}

impl Listed for ListEntry {
    fn display(&self) -> &str {
        &self.display
    }

    fn replacement(&self) -> &str {
        &self.insert
    }
}

/// The candidates with aligned summaries, no wider than the terminal.
pub(super) fn build_list(mut found: Vec<Candidate>, columns: usize) -> Vec<ListEntry> {
    let rest = (found.len() > MOST).then(|| ListEntry {
        display: format!("… and {} more", found.len() - MOST),
        // What all begin with is put in, so those that are not shown must count.
        insert: common_beginning(&found),
    });
    found.truncate(MOST);
    let widest = found
        .iter()
        .map(|candidate| candidate.name.chars().count())
        .max()
        .unwrap_or_default()
        .min(columns / 2);
    let shown = |candidate: &Candidate| {
        if candidate.summary.is_empty() {
            return candidate.name.clone();
        }
        let summary = candidate.summary.replace('\n', " ");
        let text = format!("{:<widest$}  {summary}", candidate.name);
        console::truncate_str(&text, columns.saturating_sub(3), "…").into_owned()
    };
    found
        .into_iter()
        .map(|candidate| ListEntry {
            display: shown(&candidate),
            insert: candidate.insert,
        })
        .chain(rest)
        .collect()
}

fn common_beginning(found: &[Candidate]) -> String {
    let Some((first, others)) = found.split_first() else {
        return String::new();
    };
    let mut common = first.insert.as_str();
    for other in others {
        let same = common
            .char_indices()
            .zip(other.insert.chars())
            .find(|((_, one), other)| one != other);
        let length = same.map_or(common.len().min(other.insert.len()), |((at, _), _)| at);
        common = &common[..length];
    }
    common.to_owned()
}

/// Makes Ctrl-C leave a list that stops at a full screen, where rustyline knows only `q`: it
/// follows how far the list is shown.
#[derive(Default)]
pub(super) struct ListPager {
    /// Rows that are not shown yet.
    left: AtomicUsize,
    /// Rows that a screen takes.
    screen: AtomicUsize,
}

impl ListPager {
    /// A list is about to be shown.
    pub(super) fn begins(&self, entries: &[ListEntry], rows: usize, columns: usize) {
        let widest = entries
            .iter()
            .map(|entry| console::measure_text_width(&entry.display))
            .max()
            .unwrap_or_default();
        let side_by_side = columns / (widest + 2).min(columns);
        let screen = rows - 1;
        self.screen.store(screen, Ordering::Relaxed);
        self.left.store(
            entries.len().div_ceil(side_by_side).saturating_sub(screen),
            Ordering::Relaxed,
        );
    }

    fn pressed(&self, key: KeyEvent) -> Option<Cmd> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return None;
        }
        let shown = match key {
            KeyEvent(KeyCode::Char(' ' | 'y' | 'Y'), _) => self.screen.load(Ordering::Relaxed),
            KeyEvent(KeyCode::Enter, _) => 1,
            KeyEvent(KeyCode::Char('n' | 'N' | 'q' | 'Q'), Modifiers::NONE)
            | KeyEvent(KeyCode::Backspace, _)
            | KeyEvent(KeyCode::Char('C'), Modifiers::CTRL) => left,
            _ => 0,
        };
        self.left
            .store(left.saturating_sub(shown), Ordering::Relaxed);
        // One of the keys that leave the list.
        (key == KeyEvent::ctrl('C')).then_some(Cmd::Kill(Movement::BackwardChar(1)))
    }
}

/// The keys that a [`ListPager`] follows.
pub(super) struct ListKeys(pub(super) Arc<ListPager>);

impl ConditionalEventHandler for ListKeys {
    fn handle(&self, event: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        match event {
            Event::KeySeq(keys) => self.0.pressed(*keys.first()?),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Candidate, MOST, build_list, common_beginning};

    #[test]
    fn a_list_is_cut_and_nothing_is_put_in_that_only_its_beginning_shares() {
        let mut found: Vec<Candidate> = (0..MOST)
            .map(|number| Candidate::new(format!("name_{number}"), ""))
            .collect();
        found.extend((0..100_000).map(|number| Candidate::new(format!("nose_{number}"), "")));
        let entries = build_list(found, 80);
        assert_eq!(entries.len(), MOST + 1);
        assert_eq!(
            (
                entries[MOST].display.as_str(),
                entries[MOST].insert.as_str()
            ),
            ("… and 100000 more", "n")
        );
    }

    #[test]
    fn what_candidates_begin_with_ends_between_characters() {
        let found = ["服务器", "服装", "服"].map(|name| Candidate::new(name, ""));
        assert_eq!(common_beginning(&found), "服");
        assert_eq!(common_beginning(&[]), "");
    }
}
