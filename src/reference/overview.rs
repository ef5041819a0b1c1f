//! The pages of products, services and reference tables.

use super::describe::{brief, effect};
use super::document::{Block, Document, Line, Row};
use cumulua_core::catalog::path::text;
use cumulua_core::catalog::{Action, Catalog, CatalogError, ProductModel, Region, Table};

/// A product: its services, how it is reached, its tables; the Actions too where it is a single
/// service.
pub(super) fn product(catalog: &Catalog, name: &str) -> Result<Document, CatalogError> {
    let model = catalog.product(name)?;
    let mut page = Document::new(name, model.term.as_deref(), Line::text(&model.title));
    page.blocks.push(Block::Facts(product_facts(&model)));
    let mut services = Vec::new();
    for service in catalog.services_of(name) {
        let service = catalog.service(&format!("{name}.{service}"))?;
        let count = service.actions.len().to_string();
        services.push(Row::of([
            Line::link(&service.service),
            Line::text(&service.title),
            Line::text(count),
        ]));
    }
    page.section(
        "Services",
        Block::table(&["Service", "What it is", "Actions"], services),
    );
    if catalog.services().iter().any(|service| service == name) {
        page.section("Actions", actions(&catalog.actions_of(name)?));
    }
    page.section("Regions", regions(&model));
    page.section(
        "Credentials",
        Block::table(&["Environment variable", "Holds"], credentials(&model)),
    );
    let tables = model.tables.iter().map(|(table, model)| {
        let link = Line::default().and_link(table, &format!("{name}.{table}"));
        Row::of([
            link,
            Line::text(&model.title),
            Line::text(model.values.len().to_string()),
        ])
    });
    page.section(
        "Reference tables",
        Block::table(&["Table", "What it lists", "Values"], tables.collect()),
    );
    let waiters = model.waiters.iter().map(|(name, waiter)| {
        Row::of([
            Line::code(name),
            Line::text(&waiter.summary),
            Line::link(&waiter.operation),
        ])
    });
    page.section(
        "Tasks",
        Block::table(&["Kind", "What it is", "Asked with"], waiters.collect()),
    );
    let states = model.states.iter().map(|(state, model)| {
        Row::of([
            Line::code(format!("{name}.{state}")),
            Line::text(&model.summary),
            Line::link(&model.operation),
        ])
    });
    page.section(
        "States for wait.for_state",
        Block::table(&["State", "Whose it is", "Asked with"], states.collect()),
    );
    Ok(page)
}

/// A service and its Actions.
pub(super) fn service(catalog: &Catalog, name: &str) -> Result<Document, CatalogError> {
    let model = catalog.service(name)?;
    if !name.contains('.') {
        return product(catalog, name);
    }
    let mut page = Document::new(name, model.term.as_deref(), Line::text(&model.title));
    let all = catalog.actions_of(name)?;
    let product = name.split('.').next().unwrap_or(name);
    let mut facts = vec![("Product", Line::link(product))];
    facts.extend(model.host.as_deref().map(|host| ("Host", Line::code(host))));
    facts.extend(model.path.as_deref().map(|path| ("Path", Line::code(path))));
    facts.extend(
        model
            .version
            .as_deref()
            .map(|version| ("Version", Line::code(version))),
    );
    facts.extend(all.first().map(|action| {
        (
            "Source",
            Line::text(format!(
                "{} ({})",
                action.source().file,
                action.source().title
            )),
        )
    }));
    page.blocks.push(Block::Facts(facts));
    page.section("Actions", actions(&all));
    Ok(page)
}

/// A reference table.
pub(super) fn table(product: &ProductModel, name: &str, table: &Table) -> Document {
    let page_name = format!("{}.{name}", product.product);
    let mut page = Document::new(&page_name, table.term.as_deref(), Line::text(&table.title));
    let line = table
        .line
        .map_or(String::new(), |line| format!(", line {line}"));
    page.blocks.push(Block::Facts(vec![
        ("Product", Line::link(&product.product)),
        (
            "Source",
            Line::text(format!(
                "{}{line} ({})",
                product.source.file, product.source.title
            )),
        ),
    ]));
    let grouped = table.values.iter().any(|value| value.group.is_some());
    let regional = table.values.iter().any(|value| value.region.is_some());
    let mut head = vec!["Value", "Meaning", "Vendor's term"];
    head.extend(regional.then_some("Region"));
    head.extend(grouped.then_some("Group"));
    let rows = table.values.iter().map(|value| {
        let term = value.term.as_deref().unwrap_or_default();
        let mut cells = vec![
            Line::code(text(&value.value)),
            Line::text(&value.label),
            Line::text(term),
        ];
        cells.extend(regional.then(|| Line::text(value.region.as_deref().unwrap_or_default())));
        cells.extend(grouped.then(|| Line::text(value.group.as_deref().unwrap_or_default())));
        Row::of(cells)
    });
    page.blocks.extend(Block::table(&head, rows.collect()));
    page
}

fn actions(actions: &[Action]) -> Option<Block> {
    let row = |action: &Action| {
        let name = Line::default().and_link(&action.name, &action.full_name);
        Row::of([name, Line::text(brief(action)), Line::text(effect(action))])
    };
    Block::table(
        &["Action", "What it does", "Effect"],
        actions.iter().map(row).collect(),
    )
}

fn product_facts(product: &ProductModel) -> Vec<(&'static str, Line)> {
    let mut facts = vec![(
        "Source",
        Line::text(format!(
            "{} ({})",
            product.source.file, product.source.title
        )),
    )];
    facts.extend(
        product
            .default_region
            .as_deref()
            .map(|region| ("Default region", Line::code(region))),
    );
    if let Some(zones) = &product.zones {
        let link = format!("{}.{zones}", product.product);
        facts.push((
            "Zones",
            Line::text("the values of ")
                .and_link(zones, &link)
                .and(" can be given as a region"),
        ));
    }
    facts
}

fn regions(product: &ProductModel) -> Option<Block> {
    let row = |(name, region): (&String, &Region)| {
        let host = |(documented, own): (&String, &String)| {
            Line::code(own).and(" for ").and_code(documented)
        };
        let hosts = if region.hosts.is_empty() {
            vec![Line::text("as documented")]
        } else {
            region.hosts.iter().map(host).collect()
        };
        Row {
            depth: 0,
            cells: vec![
                vec![Line::code(name)],
                vec![Line::text(&region.label)],
                hosts,
            ],
        }
    };
    Block::table(
        &["Region", "Where", "Hosts"],
        product.regions.iter().map(row).collect(),
    )
}

fn credentials(product: &ProductModel) -> Vec<Row> {
    let variables = &product.credentials;
    let all = [
        (Some(&variables.access_key), "the access key's id"),
        (Some(&variables.secret_key), "the secret key"),
        (variables.security_token.as_ref(), "a session's token"),
        (variables.region.as_ref(), "the region"),
        (variables.url.as_ref(), "the endpoint's URL"),
    ];
    let row = |(variable, what): (Option<&String>, &str)| {
        variable.map(|variable| Row::of([Line::code(variable), Line::text(what)]))
    };
    all.into_iter().filter_map(row).collect()
}
