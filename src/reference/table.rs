//! Actions with their summaries, for the terminal.

use super::describe::brief;
use super::page::{Paper, grid};
use cumulua_core::catalog::Action;
use cumulua_core::controls::escape;

/// Name and summary of each Action in aligned columns, or where names take more than half of the
/// width, one below the other; a summary is cut to its first sentence.
pub fn table(actions: &[Action], width: usize) -> String {
    let row = |action: &Action| {
        let summary = escape(&brief(action)).into_owned();
        (escape(&action.full_name).into_owned(), summary)
    };
    let rows: Vec<_> = actions.iter().map(row).collect();
    let paper = Paper {
        width,
        color: false,
    };
    let longest = rows.iter().map(|(name, _)| name.len()).max();
    if longest.is_none_or(|longest| longest * 2 <= width) {
        let rows = rows.into_iter().map(|(name, summary)| vec![name, summary]);
        return grid(rows.collect(), &paper);
    }
    let below = |(name, summary)| {
        let summary = grid(vec![vec!["  ".to_owned(), summary]], &paper);
        format!("{name}\n{summary}")
    };
    rows.into_iter().map(below).collect()
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

    #[test]
    fn on_a_narrow_terminal_a_summary_stands_below_its_name() {
        let text = table(&Catalog::default().actions_of("cds.ccs").unwrap(), 40);
        let mut lines = text
            .lines()
            .skip_while(|line| *line != "cds.ccs.CreateInstance");
        lines.next().unwrap();
        let summary = lines.next().unwrap();
        assert!(summary.starts_with("    Creates "), "{summary:?}");
        let wide = text
            .lines()
            .filter(|line| line.chars().count() > 40)
            .count();
        assert_eq!(wide, 0, "{text}");
    }
}
