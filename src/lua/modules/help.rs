//! `help`: the catalogue's pages in a script or at the prompt.

use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::pretty;
use crate::reference;
use crate::reference::page::{self, Paper};
use cumulua_core::catalog::search::search;
use cumulua_core::catalog::{Catalog, CatalogError};

/// Pages are as wide as the terminal, but no wider than can be read.
const WIDEST: usize = 100;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.function("help", |_, gate, subject: Option<String>| {
        let subject = subject.unwrap_or_default();
        // Product and service tables print as `service cds.ccs`.
        let name = subject
            .strip_prefix("service ")
            .or_else(|| subject.strip_prefix("product "))
            .unwrap_or(&subject);
        if name.len() > LONGEST_NAME {
            return Err(Raised::invalid("help takes a name or some words"));
        }
        match help(gate.catalog(), name) {
            Ok(text) => Ok(text.trim_end().to_owned()),
            Err(failure) => Err(Raised::invalid(failure.to_string())),
        }
    })
}

/// Longer ones are no names, in bytes.
const LONGEST_NAME: usize = 1024;

/// The page of that name, or the Actions that have its words, or an error that suggests names.
fn help(catalog: &Catalog, name: &str) -> Result<String, CatalogError> {
    let paper = Paper {
        width: pretty::width().min(WIDEST),
        color: false,
    };
    if name.is_empty() {
        let pages = catalog
            .products()
            .into_iter()
            .map(|product| page::render_named(catalog, &product, &paper));
        return Ok(pages.collect::<Result<Vec<_>, _>>()?.join("\n"));
    }
    page::render_named(catalog, name, &paper).or_else(|failure| {
        let found = search(catalog.actions()?, &[name.to_owned()]);
        if found.is_empty() {
            Err(failure)
        } else {
            Ok(reference::table(&found, paper.width))
        }
    })
}
