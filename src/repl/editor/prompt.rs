//! The prompt: whose account the next line uses, in red where it is production.

use crate::config::Profiles;
use anstyle::{AnsiColor, Style};
use cumulua_core::catalog::Catalog;

/// Names are cut, so that the line has room on a narrow terminal.
const LONGEST: usize = 16;

/// A prompt, with and without color.
#[derive(Debug, Clone, Default)]
pub(in crate::repl) struct Prompt {
    pub(in crate::repl) plain: String,
    pub(in crate::repl) styled: String,
}

/// The prompt for the profile and region of the next line.
pub(in crate::repl) fn prompt(profiles: &Profiles, catalog: &Catalog, has_color: bool) -> Prompt {
    let Ok(profile) = profiles.current() else {
        return Prompt {
            plain: "? > ".to_owned(),
            styled: "? > ".to_owned(),
        };
    };
    let is_production = profiles.production(&profile.value).ok().flatten().is_some();
    let products = catalog.products();
    let regional = products
        .iter()
        .filter_map(|name| catalog.product(name).ok())
        .find(|product| !product.regions.is_empty());
    let region = regional
        .and_then(|product| profiles.region(&product).ok().flatten())
        .map(|setting| setting.value);
    // Without color the mark must show it.
    let mark = if is_production { "!" } else { "" };
    let region = region
        .map(|region| format!(" {}", cut(&region)))
        .unwrap_or_default();
    let name = format!("{}{mark}{region}", cut(&profile.value));
    let style = if is_production {
        AnsiColor::Red.on_default().bold()
    } else {
        AnsiColor::Cyan.on_default()
    };
    let style = if has_color { style } else { Style::new() };
    Prompt {
        plain: format!("{name}> "),
        styled: format!("{style}{name}{style:#}> "),
    }
}

fn cut(name: &str) -> String {
    let printable = name.chars().filter(|c| !c.is_control());
    if name.chars().count() <= LONGEST {
        printable.collect()
    } else {
        printable.take(LONGEST - 1).chain(['…']).collect()
    }
}
