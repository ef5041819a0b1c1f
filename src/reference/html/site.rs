//! The reference as static pages that work from a folder, without a server.

use super::search;
use crate::reference::document::{Block, Document, Line, Row, Span};
use crate::reference::output_folder::OutputFolder;
use crate::reference::{ReferenceError, action, overview};
use cumulua_core::catalog::Catalog;
use maud::{DOCTYPE, Markup, html};
use std::path::{Path, PathBuf};

const STYLE: &str = include_str!("site.css");
const SEARCH: &str = include_str!("search.js");

/// Writes the whole reference into `folder` and returns its files, `index.html` first. A page is
/// named after what it is about, as `cds.ccs.CreateInstance.html`.
pub fn write_site(catalog: &Catalog, folder: &Path) -> Result<Vec<PathBuf>, ReferenceError> {
    let mut output = OutputFolder::into(folder)?;
    output.write("index.html", &index(catalog)?)?;
    output.write("site.css", STYLE)?;
    output.write("search.js", SEARCH)?;
    output.write("search-index.js", &search::index(&catalog.actions()?))?;
    for name in catalog.products() {
        let product = catalog.product(&name)?;
        output.write_page(&overview::product(catalog, &name)?, &[])?;
        for (table_name, table) in &product.tables {
            output.write_page(&overview::table(&product, table_name, table), &[&name])?;
        }
    }
    for name in catalog.services() {
        let above: Vec<&str> = name
            .split_once('.')
            .map(|(product, _)| product)
            .into_iter()
            .collect();
        if !above.is_empty() {
            output.write_page(&overview::service(catalog, &name)?, &above)?;
        }
        for model in catalog.actions_of(&name)? {
            output.write_page(
                &action::document(&model),
                &[&above[..], &[name.as_str()]].concat(),
            )?;
        }
    }
    Ok(output.files)
}

impl OutputFolder<'_> {
    fn write_page(&mut self, document: &Document, above: &[&str]) -> Result<(), ReferenceError> {
        self.write(&file_of(&document.name), &page(document, above))
    }
}

fn file_of(page: &str) -> String {
    format!("{page}.html")
}

fn index(catalog: &Catalog) -> Result<String, ReferenceError> {
    let mut products = Vec::new();
    for name in catalog.products() {
        let mut services = Vec::new();
        for service in catalog
            .services()
            .into_iter()
            .filter(|service| service.split('.').next() == Some(name.as_str()))
        {
            services.push(catalog.service(&service)?);
        }
        products.push((catalog.product(&name)?, services));
    }
    let body = html! {
        h1 { "Reference" }
        p { "Every Action that cumulua knows, by product and service. The search box finds Actions by words in English and by the vendors' own terms." }
        @for (product, services) in &products {
            h2 { a href=(file_of(&product.product)) { (product.product) } " " span.soft { (product.title) @if let Some(term) = &product.term { " " (term) } } }
            div.wide { table { tbody {
                @for service in services {
                    tr {
                        td { a href=(file_of(&service.service)) { code { (service.service) } } }
                        td { (service.title) @if let Some(term) = &service.term { " " span.soft { (term) } } }
                        td.soft { (service.actions.len()) " Actions" }
                    }
                }
            } } }
        }
    };
    Ok(frame("cumulua reference", &body))
}

fn page(document: &Document, above: &[&str]) -> String {
    let body = html! {
        nav.path {
            a href="index.html" { "Reference" }
            @for name in above { " / " a href=(file_of(name)) { (name) } }
        }
        h1 { (document.name) @if let Some(term) = &document.term { " " span.soft lang="zh" { (term) } } }
        p.summary { (line(&document.summary)) }
        @for block in &document.blocks { (markup(block)) }
    };
    frame(&format!("{} · cumulua reference", document.name), &body)
}

fn frame(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="site.css";
                script src="search-index.js" defer {}
                script src="search.js" defer {}
            }
            body {
                header {
                    a.home href="index.html" { "cumulua" }
                    input #search type="search" placeholder="Search Actions: create disk, 快照 …" aria-label="Search Actions" autocomplete="off";
                }
                ol #found hidden {}
                main { (body) }
                footer { "Made from the catalogue by cumulua." }
            }
        }
    };
    page.into_string()
}

fn markup(block: &Block) -> Markup {
    html! {
        @match block {
            Block::Heading(text) => h2 { (text) },
            Block::Text(text) => p { (line(text)) },
            Block::Facts(facts) => dl { @for (name, text) in facts { dt { (name) } dd { (line(text)) } } },
            Block::Table { head, rows } => div.wide {
                table {
                    thead { tr { @for title in head { th { (title) } } } }
                    tbody { @for row in rows { (table_row(row)) } }
                }
            },
            Block::Code { language, text } => pre { code class=(format!("language-{language}")) { (text) } },
            Block::Notes(notes) => ul { @for note in notes { li { (line(note)) } } },
        }
    }
}

fn table_row(row: &Row) -> Markup {
    html! {
        tr {
            @for (index, cell) in row.cells.iter().enumerate() {
                td style=[(index == 0 && row.depth > 0).then(|| format!("padding-left:{}em", row.depth * 2))] {
                    @for text in cell { div { (line(text)) } }
                }
            }
        }
    }
}

fn line(line: &Line) -> Markup {
    html! {
        @for span in &line.0 {
            @match span {
                Span::Text(text) => (text),
                Span::Code(text) => code { (text) },
                Span::Link { text, page } => a href=(file_of(page)) { code { (text) } },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{frame, line, write_site};
    use crate::reference::document::Line;
    use cumulua_core::catalog::Catalog;
    use maud::html;
    use std::collections::BTreeSet;
    use std::fs;

    #[test]
    fn text_and_links_are_escaped() {
        let text = line(
            &Line::text("a < b & \"c\"")
                .and_code("<script>")
                .and_link("x", "\"><script>"),
        )
        .into_string();
        assert!(!text.contains("<script>"), "{text}");
        assert!(text.contains("a &lt; b &amp; &quot;c&quot;"), "{text}");
        assert!(frame("<b>", &html! {}).contains("<title>&lt;b&gt;</title>"));
    }

    #[test]
    fn every_link_leads_to_a_page_and_nothing_comes_from_outside() {
        let folder = tempfile::tempdir().unwrap();
        let files = write_site(&Catalog::default(), folder.path()).unwrap();
        let names: BTreeSet<String> = files
            .iter()
            .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        let lower: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(
            lower.len(),
            files.len(),
            "two pages have one name on a disk that ignores case"
        );
        let mut wrong = Vec::new();
        for file in files
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "html"))
        {
            let text = fs::read_to_string(file).unwrap();
            assert!(text.contains("name=\"viewport\""));
            for attribute in ["href=\"", "src=\""] {
                let targets = text
                    .split(attribute)
                    .skip(1)
                    .filter_map(|rest| rest.split('"').next());
                wrong.extend(
                    targets
                        .filter(|target| !names.contains(*target))
                        .map(|target| format!("{}: {target}", file.display())),
                );
            }
        }
        wrong.sort();
        wrong.dedup();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn an_action_and_its_service_lead_to_each_other() {
        let folder = tempfile::tempdir().unwrap();
        write_site(&Catalog::default(), folder.path()).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(read("cds.ccs.html").contains("href=\"cds.ccs.CreateInstance.html\""));
        assert!(read("cds.ccs.CreateInstance.html").contains("href=\"cds.ccs.html\""));
        assert!(read("index.html").contains("href=\"mcs.html\""));
    }
}
