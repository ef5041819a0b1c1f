//! Completion: what can stand at the cursor, each candidate with its summary.

use super::candidate::{Candidate, Knowledge, keep_matching};
use super::context::{self, Callee, Context, Expected, ValuePath};
use crate::lua::inspect::{InAnswer, Inspected};
use crate::lua_syntax::{is_name, keywords};
use crate::reference::lua_types;
use crate::repl::commands::parse;
use cumulua_core::catalog::{
    Action, ActionModel, Catalog, Field, Kind, KnownValue, Param, Required,
};
use serde_json::Value as Json;
use std::fs;
use std::path::Path;

/// Where the word at the end of `line` begins, and what can stand in its place.
pub fn complete(line: &str, knowledge: &dyn Knowledge) -> (usize, Vec<Candidate>) {
    if let Some(command) = line.strip_prefix(':') {
        let (start, found) = parse::complete(command, knowledge);
        return (start + 1, found);
    }
    let (offset, line) = match line.strip_prefix(['?', '&']) {
        Some(rest) => (1, rest),
        None => (0, line),
    };
    let context = context::at_end_of(line);
    let found = candidates(&context, &line[context.word.clone()], knowledge);
    (
        offset + context.word.start,
        keep_matching(found, &line[context.word]),
    )
}

/// The Action that a path names, directly or through a variable.
pub(in crate::repl) fn action_at(path: &ValuePath, knowledge: &dyn Knowledge) -> Option<Action> {
    let name = match catalogue_name(path, knowledge) {
        Some(name) => name,
        None => match knowledge.inspect(&path.root, &path.steps).0 {
            Inspected::Action(name) => name,
            _ => return None,
        },
    };
    knowledge.catalog().action(&name).ok()
}

/// The parameters of the table that is being typed.
pub(in crate::repl) fn params_of<'a>(action: &'a Action, callee: &Callee) -> &'a [Param] {
    callee
        .nested
        .iter()
        .fold(action.params.as_slice(), |params, name| {
            params
                .iter()
                .find(|param| param.name == *name)
                .map_or(&[], |param| param.fields.as_slice())
        })
}

fn candidates(context: &Context, word: &str, knowledge: &dyn Knowledge) -> Vec<Candidate> {
    match &context.expected {
        Expected::Text => Vec::new(),
        Expected::Module => modules(knowledge.folder(), word, context.quote.unwrap_or('"')),
        Expected::Name => names(word, knowledge),
        Expected::Field(path) => fields(path, knowledge),
        Expected::Key(callee) => match action_at(&callee.function, knowledge) {
            Some(action) => keys(params_of(&action, callee), &callee.given),
            None => names(word, knowledge),
        },
        Expected::Value(callee, param) => {
            let action = action_at(&callee.function, knowledge);
            let values = action.and_then(|action| {
                let param = params_of(&action, callee)
                    .iter()
                    .find(|known| known.name == *param)?;
                Some(values(&action, param, context.quote))
            });
            match values {
                Some(values) if !values.is_empty() || context.quote.is_some() => values,
                _ if context.quote.is_some() => Vec::new(),
                _ => names(word, knowledge),
            }
        }
    }
}

/// The catalogue's name of a path that begins at a product or a service.
fn catalogue_name(path: &ValuePath, knowledge: &dyn Knowledge) -> Option<String> {
    let (Inspected::Catalogue(base), _) = knowledge.inspect(&path.root, &[]) else {
        return None;
    };
    ValuePath {
        root: base,
        steps: path.steps.clone(),
    }
    .dotted()
}

fn fields(path: &ValuePath, knowledge: &dyn Knowledge) -> Vec<Candidate> {
    if let Some(name) = catalogue_name(path, knowledge) {
        return members(&name, knowledge.catalog());
    }
    let (inspected, answer) = knowledge.inspect(&path.root, &path.steps);
    let known = answer
        .map(|answer| answer_fields(&answer, knowledge.catalog()))
        .unwrap_or_default();
    let documented = |name: &str| {
        known
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, summary)| summary.clone())
    };
    match inspected {
        Inspected::Catalogue(name) => members(&name, knowledge.catalog()),
        Inspected::Table(fields) if !fields.is_empty() => {
            let described = fields.into_iter().map(|(name, glance)| {
                let summary = documented(&name)
                    .or_else(|| lua_types::runtime_summary(&format!("{}.{name}", path.root)));
                let summary = summary.map_or(glance.clone(), |summary| {
                    if glance.is_empty() {
                        summary
                    } else {
                        format!("{glance} · {summary}")
                    }
                });
                (name, summary)
            });
            described
                .filter(|(name, _)| is_name(name))
                .map(|(name, summary)| Candidate::new(name, summary))
                .collect()
        }
        Inspected::Action(_) => Vec::new(),
        // An empty list has no element to look at, but the document shows what one would have.
        Inspected::Table(_) | Inspected::Other => known
            .into_iter()
            .map(|(name, summary)| Candidate::new(name, summary))
            .collect(),
    }
}

/// The services of a product, or the Actions of a service.
/// What an Action does; of one that is no more to be used, why and what to use.
fn said_of(action: &ActionModel) -> String {
    let deprecated = action.deprecated.as_ref();
    deprecated.map_or_else(
        || action.summary.clone(),
        |deprecation| format!("Deprecated: {}", deprecation.advice()),
    )
}

fn members(name: &str, catalog: &Catalog) -> Vec<Candidate> {
    let services = catalog.services_of(name).into_iter().map(|service| {
        let title = catalog
            .service(&format!("{name}.{service}"))
            .map(|model| model.title.clone())
            .unwrap_or_default();
        Candidate::new(service, title)
    });
    let mut found: Vec<Candidate> = services.collect();
    if let Ok(service) = catalog.service(name) {
        found.extend(
            service
                .actions
                .iter()
                .map(|action| Candidate::new(&action.name, said_of(action))),
        );
    }
    if !name.contains('.') {
        found.push(Candidate::new(
            "with",
            "The same for another profile or region",
        ));
        found.push(Candidate::new(
            "call",
            "Calls an Action that the catalogue lacks",
        ));
    }
    found
}

/// The documented fields at a path below an answer.
fn answer_fields(answer: &InAnswer, catalog: &Catalog) -> Vec<(String, String)> {
    let Ok(action) = catalog.action(&answer.action) else {
        return Vec::new();
    };
    let mut fields: Vec<&Field> = action
        .answer
        .fields
        .iter()
        .chain(&action.product.reply)
        .collect();
    for name in &answer.fields {
        let Some(field) = fields.iter().find(|field| field.name == *name) else {
            return Vec::new();
        };
        fields = action.service.fields_of(field).iter().collect();
    }
    let summary = |field: &Field| {
        field
            .summary
            .clone()
            .or_else(|| field.term.clone())
            .unwrap_or_default()
    };
    fields
        .into_iter()
        .map(|field| (field.name.clone(), summary(field)))
        .collect()
}

fn keys(params: &[Param], given: &[String]) -> Vec<Candidate> {
    let missing = |param: &&Param| !given.contains(&param.name);
    let mut sorted: Vec<&Param> = params.iter().filter(missing).collect();
    sorted.sort_by_key(|param| !is_required(param));
    let candidate = |param: &Param| Candidate {
        name: param.name.clone(),
        insert: format!("{} = ", param.name),
        summary: format!(
            "{}{}: {}",
            if is_required(param) { "required " } else { "" },
            param.kind.as_str(),
            param.summary
        ),
    };
    sorted.into_iter().map(candidate).collect()
}

/// Whether a call without it is refused.
pub(in crate::repl) fn is_required(param: &Param) -> bool {
    param.required == Required::Yes && param.generated.is_none()
}

fn values(action: &Action, param: &Param, quote: Option<char>) -> Vec<Candidate> {
    let documented = param
        .values
        .iter()
        .chain(&param.known_values)
        .map(|known: &KnownValue| (known.value(), known.label().unwrap_or_default().to_owned()));
    let table = param
        .table
        .as_ref()
        .and_then(|table| action.product.tables.get(table));
    let in_table = table.into_iter().flat_map(|table| {
        table
            .values
            .iter()
            .map(|labeled| (&labeled.value, labeled.label.clone()))
    });
    let mut found: Vec<Candidate> = documented
        .chain(in_table)
        .map(|(value, label)| literal(value, label, quote))
        .collect();
    if quote.is_none() && param.kind == Kind::Boolean && found.is_empty() {
        found.extend(["true", "false"].map(|value| Candidate::new(value, &param.summary)));
    }
    if quote.is_none() && param.sensitive {
        found.push(Candidate {
            insert: "secret \"".to_owned(),
            ..Candidate::new("secret", "A secret by its name, which stays closed")
        });
    }
    found
}

fn literal(value: &Json, label: String, quote: Option<char>) -> Candidate {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let insert = match (quote, value) {
        (Some(quote), _) => format!("{text}{quote}"),
        (None, Json::String(_)) => format!("{text:?}"),
        (None, _) => text.clone(),
    };
    let name = if quote.is_none() {
        insert.clone()
    } else {
        text
    };
    Candidate {
        name,
        insert,
        summary: label,
    }
}

fn names(word: &str, knowledge: &dyn Knowledge) -> Vec<Candidate> {
    let products = knowledge.catalog().products();
    let described = knowledge
        .names()
        .into_iter()
        .filter(|(name, _)| is_name(name))
        .map(|(name, glance)| {
            let summary = match glance.as_str() {
                _ if products.contains(&name) && glance == name => knowledge
                    .catalog()
                    .product(&name)
                    .map(|product| product.title.clone())
                    .unwrap_or(glance),
                "function" | "table" => lua_types::runtime_summary(&name).unwrap_or(glance),
                _ => glance,
            };
            Candidate::new(name, summary)
        });
    let mut found: Vec<Candidate> = described.collect();
    if !word.is_empty() {
        found.extend(
            keywords()
                .iter()
                .map(|keyword| Candidate::new(*keyword, "")),
        );
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Modules of a folder whose names continue the word; each with the first comment of its file.
fn modules(folder: &Path, word: &str, quote: char) -> Vec<Candidate> {
    let (above, _) = word.rsplit_once('.').unwrap_or(("", word));
    let inside = above
        .split('.')
        .filter(|part| !part.is_empty())
        .fold(folder.to_owned(), |path, part| path.join(part));
    let prefix = if above.is_empty() {
        String::new()
    } else {
        format!("{above}.")
    };
    let Ok(entries) = fs::read_dir(inside) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let Some(stem) = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
        else {
            continue;
        };
        let file = if path.is_dir() {
            path.join("init.lua")
        } else {
            path.clone()
        };
        let is_module =
            file.extension().is_some_and(|extension| extension == "lua") && file.is_file();
        if is_module
            && stem
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        {
            let name = format!("{prefix}{stem}");
            let text = fs::read_to_string(&file).unwrap_or_default();
            let summary = text
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("--"))
                .unwrap_or_default();
            found.push(Candidate {
                insert: format!("{name}{quote}"),
                ..Candidate::new(name, summary.trim_start_matches('-').trim())
            });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}
