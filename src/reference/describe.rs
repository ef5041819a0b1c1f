//! Types, limits and effects in words.

use super::document::{Block, Line, Row};
use cumulua_core::catalog::path::text;
use cumulua_core::catalog::{
    Action, Encoding, Field, Generated, Kind, KnownValue, Location, Param, ProductModel, Required,
    ServiceModel,
};

/// What carrying an Action out does.
pub(super) fn effect(action: &Action) -> String {
    if action.read_only {
        return "only reads".to_owned();
    }
    let mut effect = "changes resources".to_owned();
    if action.costs {
        effect.push_str(", can cost money");
    }
    if action.destroys {
        effect.push_str(", can destroy data or resources");
    }
    effect
}

/// What an Action does, in a clause; of one that is no more to be used it says so first.
pub(super) fn brief(action: &Action) -> String {
    let brief = first_sentence(&action.summary);
    match action.deprecated {
        Some(_) => format!("Deprecated. {brief}"),
        None => brief.to_owned(),
    }
}

/// The table of an Action's parameters, nested ones below their parents.
pub(super) fn params(action: &Action) -> Option<Block> {
    let mut rows = Vec::new();
    for param in &action.params {
        add_param(&mut rows, action, param, 0);
    }
    Block::table(&["Parameter", "Type", "Required", "Meaning"], rows)
}

fn add_param(rows: &mut Vec<Row>, action: &Action, param: &Param, depth: usize) {
    let cells = vec![
        vec![Line::code(&param.name)],
        vec![Line::text(param_type(param))],
        vec![Line::text(required(param))],
        meaning(action, param),
    ];
    rows.push(Row { depth, cells });
    for field in &param.fields {
        add_param(rows, action, field, depth + 1);
    }
}

/// The table of an answer's fields, shapes resolved where they are used.
pub(super) fn fields(action: &Action) -> Option<Block> {
    let mut rows = Vec::new();
    for field in &action.answer.fields {
        add_field(&mut rows, &action.service, field, &mut Vec::new());
    }
    Block::table(&["Field", "Type", "Meaning"], rows)
}

fn add_field<'a>(
    rows: &mut Vec<Row>,
    service: &'a ServiceModel,
    field: &'a Field,
    above: &mut Vec<&'a Field>,
) {
    let cells = vec![
        vec![Line::code(&field.name)],
        vec![Line::text(field_type(field))],
        field_meaning(field, Some(service)),
    ];
    rows.push(Row {
        depth: above.len(),
        cells,
    });
    // A shape may hold itself.
    if !above
        .iter()
        .any(|outer| outer.shape.is_some() && outer.shape == field.shape)
    {
        above.push(field);
        for inner in service.fields_of(field) {
            add_field(rows, service, inner, above);
        }
        above.pop();
    }
}

/// What a field of an answer is, its values and its unit.
pub(super) fn field_meaning(field: &Field, service: Option<&ServiceModel>) -> Vec<Line> {
    let mut lines: Vec<Line> = summary(field.summary.as_deref(), field.term.as_deref(), service)
        .into_iter()
        .collect();
    lines.extend(values("Values", &field.values));
    lines.extend(
        field
            .unit
            .as_ref()
            .map(|unit| Line::text(format!("Unit: {unit}"))),
    );
    if field.sensitive {
        lines.push(Line::text("Never shown in logs, histories and plans"));
    }
    lines.extend(field.note.as_ref().map(|note| prose(note, service)));
    lines
}

fn prose(text: &str, service: Option<&ServiceModel>) -> Line {
    service.map_or_else(|| Line::text(text), |service| Line::prose(text, service))
}

fn param_type(param: &Param) -> String {
    match (param.kind, param.encoding) {
        (Kind::List, _) => list_of(param.of, !param.fields.is_empty()),
        (kind, Some(Encoding::Comma)) => {
            format!("{} or list, sent joined by commas", kind.as_str())
        }
        (kind, Some(Encoding::Json)) => format!("{} or list, sent as a JSON array", kind.as_str()),
        (Kind::File, None) => "string or file".to_owned(),
        (kind, None) => kind.as_str().to_owned(),
    }
}

fn field_type(field: &Field) -> String {
    let structured = !field.fields.is_empty() || field.shape.is_some();
    let one = |kind: &Kind| match kind {
        Kind::List => list_of(field.of, structured),
        Kind::Map => format!(
            "map to {}",
            field
                .of
                .map_or(if structured { "object" } else { "any" }, Kind::as_str)
        ),
        other => other.as_str().to_owned(),
    };
    field
        .kinds
        .as_slice()
        .iter()
        .map(one)
        .collect::<Vec<_>>()
        .join(" or ")
}

fn list_of(of: Option<Kind>, structured: bool) -> String {
    let of = of.map_or(if structured { "object" } else { "string" }, Kind::as_str);
    format!("list of {of}")
}

fn required(param: &Param) -> &'static str {
    match param.required {
        _ if param.generated == Some(Generated::Uuid) => "generated",
        _ if param.generated.is_some() => "optional",
        Required::Yes => "required",
        Required::No => "optional",
        Required::Conditional => "conditional",
    }
}

/// What a parameter is and what it may be.
pub(super) fn meaning(action: &Action, param: &Param) -> Vec<Line> {
    let service = &action.service;
    let mut lines: Vec<Line> = summary(Some(&param.summary), param.term.as_deref(), Some(service))
        .into_iter()
        .collect();
    lines.extend(param.generated.map(|generated| {
        Line::text(match generated {
            Generated::Uuid => "Made by the runtime where the script gives none",
            Generated::Empty => "Sent as an empty text where the script gives none",
        })
    }));
    if param.kind == Kind::File {
        lines.push(
            Line::text("The content as a string, or the option ")
                .and_code("file = PATH")
                .and(": that file is read while it is sent"),
        );
    }
    lines.extend(param.location.map(|location| {
        Line::text(match location {
            Location::Path => "Stands in the path",
            Location::Header => "Travels in a header of its name",
            Location::Body => "Travels in the body",
        })
    }));
    match (&param.condition, &param.required_when) {
        (Some(condition), _) => lines.push(Line::prose(condition, service)),
        (None, Some(when)) => {
            let values = when.is.iter().map(text).collect::<Vec<_>>().join(" or ");
            lines.push(
                Line::text("Required when ")
                    .and_code(&when.param)
                    .and(format!(" is {values}")),
            );
        }
        (None, None) => {}
    }
    lines.extend(values("Values", &param.values));
    lines.extend(values("Known values", &param.known_values));
    if let Some(table) = &param.table {
        lines.push(
            Line::text("Values: table ")
                .and_link(table, &format!("{}.{table}", action.product.product)),
        );
    }
    lines.extend(limits(param).map(Line::text));
    lines.extend(
        param
            .default
            .as_ref()
            .map(|default| Line::text("Default: ").and_code(text(default))),
    );
    if param.sensitive {
        lines.push(
            Line::text("Sensitive: takes a ")
                .and_code("secret")
                .and(", never shown in logs, histories and plans"),
        );
    }
    lines.extend(param.note.as_ref().map(|note| Line::prose(note, service)));
    lines
}

/// What it is, and the vendor's term for it.
fn summary(
    summary: Option<&str>,
    term: Option<&str>,
    service: Option<&ServiceModel>,
) -> Option<Line> {
    match (summary, term) {
        (Some(summary), Some(term)) => Some(prose(summary, service).and(format!(" ({term})"))),
        (Some(summary), None) => Some(prose(summary, service)),
        (None, term) => term.map(Line::text),
    }
}

fn values(what: &str, values: &[KnownValue]) -> Option<Line> {
    let (first, rest) = values.split_first()?;
    let one = |line: Line, value: &KnownValue| {
        let line = line.and_code(text(value.value()));
        value
            .label()
            .map_or(line.clone(), |label| line.and(format!(" ({label})")))
    };
    let start = one(Line::text(format!("{what}: ")), first);
    Some(
        rest.iter()
            .fold(start, |line, value| one(line.and(", "), value)),
    )
}

/// Range, step, length, unit and form, as `1 to 99, unit GB`.
fn limits(param: &Param) -> Option<String> {
    let unit = param.unit.as_ref().map(|unit| format!("unit {unit}"));
    let step = param.multiple_of.map(|step| format!("in steps of {step}"));
    let format = param.format.as_ref().map(|format| format!("form {format}"));
    let parts = [
        range(param.min, param.max, ""),
        step,
        range(param.min_length, param.max_length, " characters"),
        range(param.min_items, param.max_items, " elements"),
        unit,
        format,
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| capitalize(&parts.join(", ")))
}

fn range<T: std::fmt::Display>(min: Option<T>, max: Option<T>, what: &str) -> Option<String> {
    match (min, max) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}{what}")),
        (Some(min), None) => Some(format!("at least {min}{what}")),
        (None, Some(max)) => Some(format!("at most {max}{what}")),
        (None, None) => None,
    }
}

fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// What any answer of the product may carry beside an Action's own fields.
pub(super) fn reply(product: &ProductModel) -> Option<Line> {
    let names = product.reply.iter().map(|field| field.name.as_str());
    let line = Line::text(format!("Any answer of {} may also carry ", product.product));
    (!product.reply.is_empty()).then(|| line.and_codes(names).and("."))
}

/// Up to the first full stop or semicolon that ends a clause.
pub(super) fn first_sentence(text: &str) -> &str {
    let end = [". ", "; "].iter().filter_map(|stop| text.find(stop)).min();
    end.map_or(text, |end| &text[..end]).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::first_sentence;

    #[test]
    fn a_summary_is_cut_at_its_first_sentence() {
        assert_eq!(first_sentence("Lists disks. Page by page."), "Lists disks");
        assert_eq!(first_sentence("Price 1.5 a day"), "Price 1.5 a day");
    }
}
