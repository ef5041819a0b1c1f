//! What `?` and `help` show: the catalogue's pages, or the Actions that words find.

use super::parse;
use crate::reference;
use crate::reference::page::{self, Paper};
use crate::repl::editor::candidate::Knowledge;
use crate::repl::editor::complete::action_at;
use crate::repl::editor::context;
use cumulua_core::catalog::search::search;

/// The page of a name, of the Action that a variable holds, or the Actions that have the words;
/// otherwise what may have been meant.
pub(in crate::repl) fn page(
    subject: &str,
    paper: &Paper,
    knowledge: &dyn Knowledge,
) -> Result<String, String> {
    let subject = subject.trim().trim_matches(['"', '\'']);
    let catalog = knowledge.catalog();
    if subject.is_empty() {
        return Ok(overview(paper, knowledge));
    }
    let failure = match page::render_named(catalog, subject, paper) {
        Ok(text) => return Ok(text),
        Err(failure) => failure,
    };
    if let Some(action) =
        context::path_at_end_of(subject).and_then(|path| action_at(&path, knowledge))
    {
        return Ok(page::action(&action, paper));
    }
    let words: Vec<String> = subject.split_whitespace().map(str::to_owned).collect();
    let found = search(
        catalog.actions().map_err(|failure| failure.to_string())?,
        &words,
    );
    if found.is_empty() {
        Err(failure.to_string())
    } else {
        Ok(reference::table(&found, paper.width))
    }
}

fn overview(paper: &Paper, knowledge: &dyn Knowledge) -> String {
    let catalog = knowledge.catalog();
    let products = catalog.products().into_iter().map(|name| {
        let title = catalog
            .product(&name)
            .map(|product| product.title.clone())
            .unwrap_or_default();
        format!("{name:<8}{title}")
    });
    let intro = "Lines are Lua. The products below are globals; Tab completes, ?cds shows a page.";
    format!(
        "{}\n\n{}\n\n{}",
        wrap(intro, paper.width),
        products
            .map(|line| wrap(&line, paper.width))
            .collect::<Vec<_>>()
            .join("\n"),
        parse::listing(paper.width)
    )
}

/// Text broken at spaces.
fn wrap(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut();
        match last {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}
