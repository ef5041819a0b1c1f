//! Classes of the definition files: tables of parameters and of answers, with nested ones beside
//! them.

use crate::reference::describe::{field_meaning, meaning};
use crate::reference::example::{is_identifier, lua_string};
use cumulua_core::catalog::path::text;
use cumulua_core::catalog::{Action, Field, Kind, KnownValue, Param, Required};

/// Classes, each followed by an empty line.
#[derive(Default)]
pub(super) struct Classes {
    done: Vec<String>,
}

/// The class of a shape.
pub(super) fn shape(service: &str, shape: &str) -> String {
    format!("{service}.Shape.{}", word(shape))
}

impl Classes {
    pub(super) fn text(&self) -> String {
        self.done.concat()
    }

    /// A table of parameters. A checker looks up a name that the class lacks in what it inherits,
    /// where `never` fits no value.
    pub(super) fn params(&mut self, class: &str, action: &Action, params: &[Param]) {
        let names: Vec<String> = params
            .iter()
            .map(|param| format!("{}: any, ", key(&param.name)))
            .collect();
        let mut own = format!(
            "---@class {class}: {{ {}[string]: never }}\n",
            names.concat()
        );
        for param in params {
            let nested = format!("{class}.{}", word(&param.name));
            // The option `file` takes the place of one.
            let is_file = param.kind == Kind::File;
            let optional = param.required != Required::Yes || param.generated.is_some() || is_file;
            for line in meaning(action, param) {
                own.push_str(&comment(&line.plain()));
            }
            own.push_str(&field_line(
                &param.name,
                optional,
                &param_type(param, &nested),
            ));
            if !param.fields.is_empty() {
                self.params(&nested, action, &param.fields);
            }
        }
        own.push('\n');
        self.done.push(own);
    }

    /// A table of an answer.
    pub(super) fn answer(
        &mut self,
        class: &str,
        parent: Option<&str>,
        fields: &[Field],
        service: &str,
    ) {
        let parent = parent.map_or(String::new(), |parent| format!(": {parent}"));
        let mut own = format!("---@class {class}{parent}\n");
        for field in fields {
            let nested = match &field.shape {
                Some(name) => shape(service, name),
                None => format!("{class}.{}", word(&field.name)),
            };
            for line in field_meaning(field, None) {
                own.push_str(&comment(&line.plain()));
            }
            own.push_str(&field_line(&field.name, false, &field_type(field, &nested)));
            if !field.fields.is_empty() {
                self.answer(&nested, None, &field.fields, service);
            }
        }
        own.push('\n');
        self.done.push(own);
    }
}

fn param_type(param: &Param, nested: &str) -> String {
    let of = param.of.unwrap_or(if param.fields.is_empty() {
        Kind::String
    } else {
        Kind::Object
    });
    let one = |kind: Kind| {
        let plain = match kind {
            Kind::Object if !param.fields.is_empty() => nested.to_owned(),
            other => literals(other, &param.values).unwrap_or_else(|| plain(other).to_owned()),
        };
        if param.sensitive {
            format!("{plain}|cumulua.Secret")
        } else {
            plain
        }
    };
    match param.kind {
        Kind::List => list(&one(of)),
        // Offered as a Lua list too; the runtime joins it.
        kind if param.encoding.is_some() => {
            format!("{}|{}", one(kind), list(param.of.map_or("string", plain)))
        }
        kind => one(kind),
    }
}

fn field_type(field: &Field, nested: &str) -> String {
    let structured = !field.fields.is_empty() || field.shape.is_some();
    let object = if structured { nested } else { "table" };
    let of = match field.of {
        Some(Kind::Object) => object,
        // A map to lists of what `fields` describe.
        Some(Kind::List) if structured => &list(nested),
        Some(kind) => plain(kind),
        None if structured => nested,
        None => "any",
    };
    let one = |kind: &Kind| match kind {
        Kind::Object => object.to_owned(),
        Kind::List => list(of),
        Kind::Map => format!("table<string, {of}>"),
        other => plain(*other).to_owned(),
    };
    field
        .kinds
        .as_slice()
        .iter()
        .map(one)
        .collect::<Vec<_>>()
        .join("|")
}

fn plain(kind: Kind) -> &'static str {
    match kind {
        Kind::List => "any[]",
        Kind::Object => "table",
        Kind::Map => "table<string, any>",
        other => other.as_str(),
    }
}

/// A closed list of values as a union of literals, where the type has literals.
fn literals(kind: Kind, values: &[KnownValue]) -> Option<String> {
    let literal = |value: &KnownValue| match kind {
        Kind::String => Some(lua_string(&text(value.value()))),
        Kind::Integer => value.value().as_i64().map(|number| number.to_string()),
        _ => None,
    };
    let literals: Option<Vec<String>> = values.iter().map(literal).collect();
    literals
        .filter(|literals| !literals.is_empty())
        .map(|literals| literals.join("|"))
}

fn list(of: &str) -> String {
    if of.contains('|') {
        format!("({of})[]")
    } else {
        format!("{of}[]")
    }
}

fn key(name: &str) -> String {
    if is_identifier(name) {
        name.to_owned()
    } else {
        format!("[{}]", lua_string(name))
    }
}

fn field_line(name: &str, optional: bool, kind: &str) -> String {
    let name = if is_identifier(name) {
        name.to_owned()
    } else {
        format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
    };
    format!(
        "---@field {name}{} {kind}\n",
        if optional { "?" } else { "" }
    )
}

fn comment(text: &str) -> String {
    format!(
        "---{}\n",
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    )
}

/// A name as a part of a class's name.
fn word(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Classes, literals};
    use cumulua_core::catalog::{Catalog, Field, Kind, KnownValue, Param};
    use serde_json::json;

    fn params(params: serde_json::Value) -> String {
        let action = Catalog::default().action("cds.ccs.CreateInstance").unwrap();
        let params: Vec<Param> = serde_json::from_value(params).unwrap();
        let mut classes = Classes::default();
        classes.params("P", &action, &params);
        classes.text()
    }

    fn has(text: &str, line: &str) {
        assert!(
            text.lines().any(|found| found == line),
            "no line {line} in\n{text}"
        );
    }

    #[test]
    fn a_list_in_a_string_can_be_given_as_a_list() {
        let text = params(
            json!([{"name": "Ids", "type": "string", "required": true, "summary": "Ids", "encoding": "comma"}]),
        );
        has(&text, "---@field Ids string|string[]");
    }

    #[test]
    fn a_name_that_is_no_identifier_stands_in_brackets() {
        let text = params(
            json!([{"name": "x-y", "type": "boolean", "required": "conditional", "summary": "Odd"}]),
        );
        has(&text, "---@field ['x-y']? boolean");
        has(&text, "---@class P: { [\"x-y\"]: any, [string]: never }");
    }

    #[test]
    fn a_generated_parameter_is_optional_and_a_secret_list_takes_secrets() {
        let text = params(json!([
            {"name": "Token", "type": "string", "required": true, "summary": "Token", "generated": "uuid"},
            {"name": "Keys", "type": "list", "of": "string", "required": true, "summary": "Keys", "sensitive": true},
        ]));
        has(&text, "---@field Token? string");
        has(&text, "---@field Keys (string|cumulua.Secret)[]");
    }

    #[test]
    fn values_of_other_types_are_no_literals() {
        let values: Vec<KnownValue> = vec![KnownValue::Bare(json!(true))];
        assert_eq!(literals(Kind::Boolean, &values), None);
        assert_eq!(
            literals(Kind::String, &[KnownValue::Bare(json!("a\"b"))]).unwrap(),
            r#""a\"b""#
        );
    }

    #[test]
    fn answers_nest_and_map() {
        let fields: Vec<Field> = serde_json::from_value(json!([
            {"name": "Data", "type": "map", "of": "list", "fields": [{"name": "Id", "type": ["string", "integer"]}]},
            {"name": "Tags", "type": "map", "of": "string"},
        ]))
        .unwrap();
        let mut classes = Classes::default();
        classes.answer("A", Some("cds.Reply"), &fields, "cds.ccs");
        let text = classes.text();
        has(&text, "---@class A: cds.Reply");
        has(&text, "---@field Data table<string, A.Data[]>");
        has(&text, "---@field Id string|integer");
        has(&text, "---@field Tags table<string, string>");
    }
}
