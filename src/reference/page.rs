//! Pages as text for a terminal.

use super::document::{Block, Document, Line, Row};
use super::{action as of_action, overview};
use anstyle::{AnsiColor, Style};
use comfy_table::{
    Attribute, Cell, ColumnConstraint, ContentArrangement, LineStyle, Table, presets,
};
use cumulua_core::catalog::{Action, Catalog, CatalogError};
use cumulua_core::controls::escape;

/// What a page is written on.
#[derive(Debug, Clone, Copy)]
pub struct Paper {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether headings and names have ANSI styles.
    pub color: bool,
}

const TITLE: Style = AnsiColor::Cyan.on_default().bold();
const HEADING: Style = Style::new().bold();
const CODE: Style = AnsiColor::Green.on_default();

/// The page of whatever has that name: a product, a service, an Action or a reference table
/// (`cds.Region`).
pub fn render_named(catalog: &Catalog, name: &str, paper: &Paper) -> Result<String, CatalogError> {
    if catalog.services().iter().any(|service| service == name) {
        return service(catalog, name, paper);
    }
    if catalog.products().iter().any(|product| product == name) {
        return product(catalog, name, paper);
    }
    if let Some((product, table_name)) = name.split_once('.')
        && let Ok(model) = catalog.product(product)
        && model.tables.contains_key(table_name)
    {
        return table(catalog, product, table_name, paper);
    }
    Ok(action(&catalog.action(name)?, paper))
}

/// The page of an Action.
pub fn action(action: &Action, paper: &Paper) -> String {
    render(&of_action::document(action), paper)
}

/// The page of a service.
pub fn service(catalog: &Catalog, name: &str, paper: &Paper) -> Result<String, CatalogError> {
    Ok(render(&overview::service(catalog, name)?, paper))
}

/// The page of a product.
pub fn product(catalog: &Catalog, name: &str, paper: &Paper) -> Result<String, CatalogError> {
    Ok(render(&overview::product(catalog, name)?, paper))
}

/// The page of a product's reference table.
pub fn table(
    catalog: &Catalog,
    product: &str,
    name: &str,
    paper: &Paper,
) -> Result<String, CatalogError> {
    let model = catalog.product(product)?;
    let Some(table) = model.tables.get(name) else {
        let near =
            cumulua_core::catalog::suggest::nearest(name, model.tables.keys().map(String::as_str));
        return Err(CatalogError::Unknown {
            what: "table",
            name: format!("{product}.{name}"),
            near,
        });
    };
    Ok(render(&overview::table(&model, name, table), paper))
}

fn render(document: &Document, paper: &Paper) -> String {
    let title = style_text(&document.name, TITLE, paper);
    let mut parts = vec![
        document
            .term
            .as_ref()
            .map_or(title.clone(), |term| format!("{title}  {}", escape(term))),
    ];
    parts.push(paragraph(&document.summary, "", paper));
    for block in &document.blocks {
        parts.push(match block {
            Block::Heading(text) => style_text(text, HEADING, paper),
            Block::Text(line) => paragraph(line, "", paper),
            Block::Notes(lines) => lines
                .iter()
                .map(|line| paragraph(line, "-", paper))
                .collect(),
            Block::Facts(facts) => grid(
                facts
                    .iter()
                    .map(|(name, line)| vec![(*name).to_owned(), escaped(line)])
                    .collect(),
                paper,
            ),
            Block::Code { text, .. } => indent(text, paper),
            Block::Table { head, rows } => block_table(head, rows, paper),
        });
    }
    let text: Vec<&str> = parts.iter().map(|part| part.trim_end()).collect();
    format!("{}\n", text.join("\n\n"))
}

fn style_text(text: &str, style: Style, paper: &Paper) -> String {
    let text = escape(text);
    if paper.color {
        format!("{style}{text}{style:#}")
    } else {
        text.into_owned()
    }
}

/// A line as a terminal can have it. A catalogue of others may have what controls a terminal; styles are
/// added to what is escaped.
fn escaped(line: &Line) -> String {
    escape(&line.plain()).into_owned()
}

fn indent(code: &str, paper: &Paper) -> String {
    code.lines()
        .map(|line| format!("    {}", style_text(line, CODE, paper)))
        .collect::<Vec<_>>()
        .join("\n")
}

fn paragraph(line: &Line, bullet: &str, paper: &Paper) -> String {
    let cells = if bullet.is_empty() {
        vec![escaped(line)]
    } else {
        vec![bullet.to_owned(), escaped(line)]
    };
    grid(vec![cells], paper)
}

/// Aligned columns without borders; the last one wraps.
pub(super) fn grid(rows: Vec<Vec<String>>, paper: &Paper) -> String {
    let mut table = bare_table(paper);
    let columns = rows.first().map_or(0, Vec::len);
    for row in rows {
        table.add_row(row);
    }
    for index in 0..columns.saturating_sub(1) {
        keep_whole(&mut table, index);
    }
    finish(table)
}

fn block_table(head: &[&str], rows: &[Row], paper: &Paper) -> String {
    let mut table = bare_table(paper);
    table.load_style(presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─')));
    let bold = |text: &&str| {
        if paper.color {
            Cell::new(text).add_attribute(Attribute::Bold)
        } else {
            Cell::new(text)
        }
    };
    table.set_header(head.iter().map(bold));
    for row in rows {
        let cell = |(index, lines): (usize, &Vec<Line>)| {
            let indent = if index == 0 {
                "  ".repeat(row.depth)
            } else {
                String::new()
            };
            let cell = Cell::new(
                lines
                    .iter()
                    .map(|line| format!("{indent}{}", escaped(line)))
                    .collect::<Vec<_>>()
                    .join("\n"),
            );
            if paper.color && index == 0 {
                cell.fg(comfy_table::Color::Green)
            } else {
                cell
            }
        };
        table.add_row(row.cells.iter().enumerate().map(cell));
    }
    // A long name would leave a narrow terminal no room for its meaning.
    let widest = rows
        .iter()
        .filter_map(|row| {
            row.cells
                .first()?
                .first()
                .map(|line| line.plain().len() + row.depth * 2)
        })
        .max()
        .unwrap_or(0);
    if widest * 2 < paper.width {
        keep_whole(&mut table, 0);
    }
    finish(table)
}

fn bare_table(paper: &Paper) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(paper.width).unwrap_or(u16::MAX));
    if paper.color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

fn keep_whole(table: &mut Table, index: usize) {
    if let Some(column) = table.column_mut(index) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
}

fn finish(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    format!("{}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::{Paper, render_named, table};
    use cumulua_core::catalog::{Catalog, CatalogError};

    fn page(name: &str) -> String {
        render_named(
            &Catalog::default(),
            name,
            &Paper {
                width: 100,
                color: false,
            },
        )
        .unwrap()
    }

    fn has(text: &str, pieces: &[&str]) {
        let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for piece in pieces {
            assert!(one_line.contains(piece), "no {piece:?} in\n{text}");
        }
    }

    #[test]
    fn the_page_of_an_action_has_what_the_catalogue_knows() {
        has(
            &page("cds.ccs.CreateInstance"),
            &[
                "cds.ccs.CreateInstance 创建云服务器",
                "Effect changes resources, can cost money",
                "Method POST Host cdsapi.capitalonline.net Path /ccs Version 2019-08-08",
                "line 709",
                "Amount integer optional Number of servers (数量) 1 to 99 Default: 1",
                "DataDisks list of object optional",
                "ImagePassword string conditional",
                "Required when ImageId is a private (custom) image",
                "Values: PrePaid (Subscription, paid in advance by the month), PostPaid (Pay as you go)",
                "Password = secret \"password\"",
                "local ids = wait(answer, { timeout = \"15m\" })",
                "wait(task(\"cds_task\", id), { timeout = \"15m\" })",
                "NotEnoughBalance 400 The account's balance does not cover the order",
                "cds.ccs.DescribeInstances",
            ],
        );
    }

    #[test]
    fn nested_parameters_are_indented_below_theirs() {
        let text = page("cds.ccs.CreateInstance");
        assert!(
            text.lines().any(|line| line.starts_with("  IOPS ")),
            "{text}"
        );
    }

    #[test]
    fn a_list_shows_how_to_iterate_it() {
        has(
            &page("cds.ccs.DescribeInstances"),
            &[
                "for item in items(cds.ccs.DescribeInstances, {",
                "print(item.InstanceId)",
            ],
        );
    }

    #[test]
    fn an_example_leaves_to_the_runtime_what_it_generates() {
        let text = page("cds.desktop.CreateVm");
        has(
            &text,
            &[
                "requestId string generated",
                "local answer = cds.desktop.CreateVm { siteId =",
            ],
        );
    }

    #[test]
    fn no_line_is_wider_than_the_paper() {
        for name in [
            "cds",
            "mcs",
            "cds.ccs",
            "cds.Region",
            "cds.ccs.DescribeInstances",
        ] {
            let text = page(name);
            let code = |line: &&str| !line.starts_with("    ");
            let wide: Vec<_> = text
                .lines()
                .filter(code)
                .filter(|line| line.chars().count() > 100)
                .collect();
            assert!(wide.is_empty(), "{name}: {wide:#?}");
        }
    }

    #[test]
    fn styles_come_only_where_they_are_wanted() {
        let catalog = Catalog::default();
        let colored = render_named(
            &catalog,
            "cds.ccs.CreateInstance",
            &Paper {
                width: 80,
                color: true,
            },
        )
        .unwrap();
        assert!(colored.contains("\u{1b}["));
        assert!(!page("cds.ccs.CreateInstance").contains('\u{1b}'));
    }

    #[test]
    fn products_services_and_tables_have_pages() {
        has(
            &page("cds"),
            &[
                "cds.ccs",
                "CDS_SECRET_KEY",
                "cdsapi-asia.capitalonline.net",
                "InstanceType",
                "desktop_task",
            ],
        );
        has(&page("mcs"), &["MOS_URL", "DescribeInstances"]);
        has(&page("cds.ccs"), &["CreateInstance", "only reads"]);
        has(&page("cds.Region"), &["CN_Beijing_A Beijing A 北京A cn"]);
    }

    #[test]
    fn an_unknown_name_suggests_the_nearest() {
        let paper = Paper {
            width: 80,
            color: false,
        };
        let error =
            render_named(&Catalog::default(), "cds.ccs.CreateInstanse", &paper).unwrap_err();
        assert!(
            error.to_string().contains("cds.ccs.CreateInstance"),
            "{error}"
        );
        let error = table(&Catalog::default(), "cds", "Regoin", &paper).unwrap_err();
        assert!(matches!(error, CatalogError::Unknown { near, .. } if near == ["Region"]));
    }
}
