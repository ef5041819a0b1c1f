//! Examples as text: a call in Lua, an answer in JSON, with keys in the documented order.

use cumulua_core::catalog::path::text;
use cumulua_core::catalog::{Action, Field, Param};
use serde_json::Value as Json;

/// A line longer than this is broken up.
const WIDTH: usize = 88;

const LUA_KEYWORDS: [&str; 22] = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
    "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
];

/// A value whose keys have an order.
enum Tree {
    Scalar(Json),
    /// Opened by the runtime under this name.
    Secret(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// The example call of an Action, as `cds.ccs.CreateInstance { … }`.
pub(super) fn call(action: &Action) -> String {
    call_without(
        action,
        &[],
        action.full_name.len() + "local answer = ".len(),
    )
    .map_or_else(
        || format!("{} {{}}", action.full_name),
        |table| format!("{} {table}", action.full_name),
    )
}

/// The example's table without some of its parameters, on a line that holds `beside` more; nothing
/// where none is left.
pub(super) fn call_without(action: &Action, left_out: &[&str], beside: usize) -> Option<String> {
    let Tree::Map(mut entries) = of_params(&action.params, &action.example) else {
        return None;
    };
    // A token copied from here would make different calls look like one.
    let generated = |name: &str| {
        action
            .param(name)
            .is_some_and(|param| param.generated.is_some())
    };
    entries.retain(|(name, _)| !left_out.contains(&name.as_str()) && !generated(name));
    (!entries.is_empty()).then(|| write(&Tree::Map(entries), &LUA, 0, beside))
}

/// The example answer of an Action.
pub(super) fn answer(action: &Action) -> String {
    let mut fields = action.product.reply.clone();
    fields.extend(action.answer.fields.iter().cloned());
    write(
        &of_fields(action, &fields, &action.answer.example),
        &JSON,
        0,
        0,
    )
}

/// Whether a name can stand after a dot in Lua.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !LUA_KEYWORDS.contains(&name)
}

fn of_params(params: &[Param], value: &Json) -> Tree {
    match value {
        Json::Array(items) => {
            Tree::List(items.iter().map(|item| of_params(params, item)).collect())
        }
        Json::Object(map) => Tree::Map(
            ordered(params.iter().map(|param| param.name.as_str()), map)
                .map(|(name, value)| {
                    let param = params.iter().find(|param| param.name == *name);
                    let tree = match param {
                        Some(param) if param.sensitive => secrets(&param.name, value),
                        Some(param) => of_params(&param.fields, value),
                        None => of_params(&[], value),
                    };
                    (name.clone(), tree)
                })
                .collect(),
        ),
        scalar => Tree::Scalar(scalar.clone()),
    }
}

fn secrets(name: &str, value: &Json) -> Tree {
    match value {
        Json::Array(items) => Tree::List(items.iter().map(|item| secrets(name, item)).collect()),
        _ => Tree::Secret(kebab(name)),
    }
}

fn of_fields(action: &Action, fields: &[Field], value: &Json) -> Tree {
    match value {
        Json::Array(items) => Tree::List(
            items
                .iter()
                .map(|item| of_fields(action, fields, item))
                .collect(),
        ),
        Json::Object(map) => Tree::Map(
            ordered(fields.iter().map(|field| field.name.as_str()), map)
                .map(|(name, value)| {
                    let field = fields.iter().find(|field| field.name == *name);
                    (
                        name.clone(),
                        of_fields(
                            action,
                            field.map_or(&[], |field| action.service.fields_of(field)),
                            value,
                        ),
                    )
                })
                .collect(),
        ),
        scalar => Tree::Scalar(scalar.clone()),
    }
}

/// The entries of `map` in the order of `names`, the others after them.
fn ordered<'a>(
    names: impl Iterator<Item = &'a str>,
    map: &'a serde_json::Map<String, Json>,
) -> impl Iterator<Item = (&'a String, &'a Json)> {
    let names: Vec<&str> = names.collect();
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(name, _)| {
        names
            .iter()
            .position(|known| known == name)
            .unwrap_or(usize::MAX)
    });
    entries.into_iter()
}

/// `ImagePassword` as `image-password`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    let mut after_small = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && after_small {
            text.push('-');
        }
        after_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        text.push(if c == '_' {
            '-'
        } else {
            c.to_ascii_lowercase()
        });
    }
    text
}

/// How a language writes what [`Tree`] holds.
struct Syntax {
    list: (&'static str, &'static str),
    /// What stands inside the brackets of a line.
    padding: &'static str,
    key: fn(&str) -> String,
    scalar: fn(&Json) -> String,
    secret: fn(&str) -> String,
}

const LUA: Syntax = Syntax {
    list: ("{", "}"),
    padding: " ",
    key: |name| {
        if is_identifier(name) {
            format!("{name} = ")
        } else {
            format!("[{}] = ", lua_string(name))
        }
    },
    scalar: lua_scalar,
    secret: |name| format!("secret {}", lua_string(name)),
};

const JSON: Syntax = Syntax {
    list: ("[", "]"),
    padding: " ",
    key: |name| format!("{}: ", Json::from(name)),
    scalar: Json::to_string,
    secret: |name| Json::from(name).to_string(),
};

/// `indent`: of the lines after the first; `beside`: how much else stands on a single line.
fn write(tree: &Tree, syntax: &Syntax, indent: usize, beside: usize) -> String {
    let (open, close, parts): (_, _, Vec<(String, &Tree)>) = match tree {
        Tree::Scalar(value) => return (syntax.scalar)(value),
        Tree::Secret(name) => return (syntax.secret)(name),
        Tree::List(items) => (
            syntax.list.0,
            syntax.list.1,
            items.iter().map(|item| (String::new(), item)).collect(),
        ),
        Tree::Map(entries) => (
            "{",
            "}",
            entries
                .iter()
                .map(|(name, value)| ((syntax.key)(name), value))
                .collect(),
        ),
    };
    if parts.is_empty() {
        return format!("{open}{close}");
    }
    let flat: Vec<String> = parts
        .iter()
        .map(|(key, value)| format!("{key}{}", write(value, syntax, indent + 2, key.len())))
        .collect();
    let length: usize = flat.iter().map(|part| part.chars().count() + 2).sum();
    if indent + beside + length < WIDTH
        && (parts.len() < 4 || open == "[")
        && flat.iter().all(|part| !part.contains('\n'))
    {
        let pad = if open == "{" { syntax.padding } else { "" };
        return format!("{open}{pad}{}{pad}{close}", flat.join(", "));
    }
    let space = " ".repeat(indent + 2);
    let end = " ".repeat(indent);
    format!(
        "{open}\n{space}{}\n{end}{close}",
        flat.join(&format!(",\n{space}"))
    )
}

fn lua_scalar(value: &Json) -> String {
    match value {
        Json::String(text) => lua_string(text),
        Json::Null => "null".to_owned(),
        // Lua would read a whole number beyond 64 bits as a float.
        Json::Number(number)
            if number.as_i64().is_none() && !number.to_string().contains(['.', 'e', 'E']) =>
        {
            lua_string(&number.to_string())
        }
        other => text(other),
    }
}

/// Text as a Lua literal.
pub(super) fn lua_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            // Always three digits, so that a digit that follows is not read as part of it.
            c if c.is_ascii_control() => literal.extend(format!("\\{:03}", u32::from(c)).chars()),
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::{LUA, is_identifier, kebab, lua_string, of_params, write};
    use serde_json::{Value as Json, json};

    fn lua_literal(value: &Json) -> String {
        write(&of_params(&[], value), &LUA, 0, 0)
    }

    #[test]
    fn strings_are_escaped_for_lua() {
        assert_eq!(lua_string("a\"b\\c\n\u{1}2公"), r#""a\"b\\c\n\0012公""#);
    }

    #[test]
    fn a_number_that_lua_cannot_hold_is_a_string() {
        assert_eq!(
            lua_literal(&json!(9_007_199_254_740_993_i64)),
            "9007199254740993"
        );
        assert_eq!(lua_literal(&json!(u64::MAX)), "\"18446744073709551615\"");
        assert_eq!(lua_literal(&json!(1.5)), "1.5");
    }

    #[test]
    fn a_key_that_is_no_identifier_stands_in_brackets() {
        assert_eq!(
            lua_literal(&json!({"a": null, "b-c": true, "end": [1, 2]})),
            r#"{ a = null, ["b-c"] = true, ["end"] = { 1, 2 } }"#
        );
        assert!(!is_identifier("2x"));
    }

    #[test]
    fn a_secret_is_named_after_its_parameter() {
        assert_eq!(kebab("ImagePassword"), "image-password");
        assert_eq!(kebab("SSHKey"), "sshkey");
        assert_eq!(kebab("user_pwd"), "user-pwd");
    }
}
