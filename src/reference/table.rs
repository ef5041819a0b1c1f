//! Actions with their summaries, for the terminal.

use super::describe::first_sentence;
use super::page::{Paper, grid};
use cumulua_core::catalog::Action;

/// Name and summary of each Action in aligned columns; a summary is cut to its first sentence.
pub fn table(actions: &[Action], width: usize) -> String {
    let rows = actions.iter().map(|action| {
        vec![
            action.full_name.to_string(),
            first_sentence(&action.summary).to_owned(),
        ]
    });
    grid(
        rows.collect(),
        &Paper {
            width,
            color: false,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::table;
    use cumulua_core::catalog::Catalog;

    #[test]
    fn names_and_summaries_stand_in_columns_of_the_given_width() {
        let text = table(&Catalog::default().actions_of("cds.ccs").unwrap(), 100);
        let line = text
            .lines()
            .find(|line| line.starts_with("cds.ccs.CreateInstance "))
            .unwrap();
        assert!(line.contains("Creates"));
        assert!(text.lines().all(|line| line.chars().count() <= 100));
        assert!(!text.contains('\u{1b}'));
    }
}
