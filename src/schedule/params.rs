//! `[schedule.params]`: what a schedule's script can be given, of which type, and what it is given by
//! default.

use super::document::Fault;
use crate::history::{Given as Kept, Requester};
use crate::run::arguments;
use crate::run::given::{GivenValue, SecretParams};
use cumulua_core::catalog::suggest;
use cumulua_core::secret::{Redactor, Secret, is_named_secret};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::{Spanned, Value as Toml};

/// The parameters of a schedule by their names.
pub type Params = BTreeMap<String, Param>;

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// true or false.
    Boolean,
    /// A list of any of these.
    List,
    /// Text that no record keeps.
    Secret,
}

impl ParamType {
    const ALL: [Self; 6] = [
        Self::String,
        Self::Integer,
        Self::Number,
        Self::Boolean,
        Self::List,
        Self::Secret,
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Secret => "secret",
        }
    }

    /// How a value of it is written on a command line.
    fn example(self) -> &'static str {
        match self {
            Self::String => "text, as NAME=web",
            Self::Integer => "a whole number, as NAME=7",
            Self::Number => "a number, as NAME=0.5",
            Self::Boolean => "NAME=true or NAME=false",
            Self::List => "a list, as NAME:='[\"a\",\"b\"]'",
            Self::Secret => "NAME=@FILE, NAME=- or NAME=secret:SECRET",
        }
    }

    /// Whether a value is of this type.
    fn has(self, value: &Json) -> bool {
        match (self, value) {
            (Self::String | Self::Secret, Json::String(_)) | (Self::Boolean, Json::Bool(_)) => true,
            (Self::Integer, Json::Number(number)) => number.is_i64(),
            (Self::Number, Json::Number(number)) => number.as_f64().is_some_and(f64::is_finite),
            (Self::List, Json::Array(items)) => items.iter().all(|item| {
                let kinds = [Self::String, Self::Number, Self::Boolean, Self::List];
                kinds.into_iter().any(|kind| kind.has(item))
            }),
            _ => false,
        }
    }

    /// The value that a text means.
    fn read(self, text: &str) -> Option<Json> {
        match self {
            Self::String | Self::Secret => Some(text.into()),
            Self::Integer => text.parse::<i64>().ok().map(Json::from),
            Self::Number => serde_json::from_str(text)
                .ok()
                .filter(|value| self.has(value)),
            Self::Boolean => text.parse::<bool>().ok().map(Json::from),
            Self::List => None,
        }
    }

    fn of(value: &Json) -> Option<Self> {
        let all = [
            Self::String,
            Self::Integer,
            Self::Number,
            Self::Boolean,
            Self::List,
        ];
        all.into_iter().find(|kind| kind.has(value))
    }
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// The type.
    pub kind: ParamType,
    /// What it is where nothing else is given.
    pub default: Option<Json>,
}

/// What a script is given.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Parameters by their names, but for secrets.
    pub params: Map<String, Json>,
    /// Those that are secrets.
    pub secrets: SecretParams,
    /// Arguments in place of the schedule's.
    pub args: Option<Vec<String>>,
    /// Who asks for it.
    pub requester: Option<Requester>,
}

impl Given {
    /// What is given by default.
    pub fn defaults(params: &Params) -> Self {
        let known = params
            .iter()
            .filter_map(|(name, param)| Some((name.clone(), param.default.clone()?)));
        Self {
            params: known.collect(),
            ..Self::default()
        }
    }

    /// What a person gives, and the defaults for the rest; the error is why that cannot be.
    pub fn read(
        params: &Params,
        values: BTreeMap<String, GivenValue>,
        args: Option<Vec<String>>,
    ) -> Result<Self, String> {
        let mut given = Self {
            args,
            ..Self::defaults(params)
        };
        for (name, GivenValue { value, is_literal }) in values {
            let param = params.get(&name).ok_or_else(|| unknown(&name, params))?;
            let wrong = || {
                let example = param.kind.example().replace("NAME", &name);
                format!("the parameter {name} takes {example}")
            };
            if param.kind == ParamType::Secret {
                let text = value.as_str().ok_or_else(wrong)?;
                if is_literal {
                    return Err(format!("{}: others can read a command line", wrong()));
                }
                given.secrets.insert(name, Secret::new(text));
                continue;
            }
            let value = match &value {
                Json::String(text) => param.kind.read(text),
                value => param.kind.has(value).then(|| value.clone()),
            };
            given.params.insert(name.clone(), value.ok_or_else(wrong)?);
        }
        Ok(given)
    }

    /// Whether there is nothing to be kept.
    pub fn is_empty(&self) -> bool {
        self.params.is_empty() && self.secrets.is_empty() && self.args.is_none()
    }

    /// As the history keeps it.
    pub fn to_keep(&self) -> Kept {
        let args = self
            .args
            .as_ref()
            .map(|args| arguments::redact(args, &Redactor::default()));
        let mut not_kept: Vec<String> = self.secrets.keys().cloned().collect();
        if args != self.args {
            not_kept.push("one of the arguments".to_owned());
        }
        Kept {
            params: self.params.clone(),
            args,
            not_kept,
        }
    }

    /// As the history has kept it; the error is what it has not.
    pub fn from_kept(kept: Kept) -> Result<Self, String> {
        if let Some(lacking) = kept.not_kept.first() {
            return Err(format!(
                "{lacking} is a secret, which is not kept, and the server that had it has ended; trigger it again"
            ));
        }
        Ok(Self {
            params: kept.params,
            args: kept.args,
            ..Self::default()
        })
    }
}

fn unknown(name: &str, params: &Params) -> String {
    if params.is_empty() {
        return format!(
            "there is no parameter {name}: the schedule has none; [schedule.params] declares them"
        );
    }
    let near = suggest::nearest(name, params.keys().map(String::as_str));
    match near.as_slice() {
        [] => {
            let known: Vec<&str> = params.keys().map(String::as_str).collect();
            format!(
                "there is no parameter {name}; there is {}",
                known.join(", ")
            )
        }
        near => format!(
            "there is no parameter {name}{}",
            suggest::did_you_mean(near)
        ),
    }
}

/// `[schedule.params]` as it is written, with what `[defaults]` adds.
pub(super) fn read(
    own: Option<&BTreeMap<String, Spanned<Toml>>>,
    shared: Option<&BTreeMap<String, Spanned<Toml>>>,
) -> Result<Arc<Params>, Fault> {
    let mut params = Params::new();
    for (name, written) in shared.into_iter().chain(own).flatten() {
        let param = read_one(name, written.as_ref())
            .map_err(|problem| Fault::new(written.span(), problem))?;
        params.insert(name.clone(), param);
    }
    Ok(Arc::new(params))
}

fn read_one(name: &str, written: &Toml) -> Result<Param, String> {
    let is_name = name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if !is_name {
        return Err(format!(
            "{name:?} is no name of a parameter: up to 64 letters, digits, _ and -, a letter or _ first"
        ));
    }
    let Toml::Table(table) = written else {
        let value = json(written)?;
        let kind = ParamType::of(&value).ok_or(NO_TYPE)?;
        return declared(name, kind, Some(value));
    };
    if let Some(key) = table
        .keys()
        .find(|key| !["type", "default"].contains(&key.as_str()))
    {
        let near = suggest::did_you_mean(&suggest::nearest(key, ["type", "default"]));
        return Err(format!(
            "there is no key {key}{near}; a parameter has type and default"
        ));
    }
    let word = table.get("type").and_then(Toml::as_str).ok_or(NO_TYPE)?;
    let kind = ParamType::ALL
        .into_iter()
        .find(|kind| kind.as_str() == word);
    let kind = kind.ok_or_else(|| {
        let words = ParamType::ALL.map(ParamType::as_str);
        let near = suggest::did_you_mean(&suggest::nearest(word, words));
        format!("there is no type {word:?}{near}; {NO_TYPE}")
    })?;
    declared(name, kind, table.get("default").map(json).transpose()?)
}

const NO_TYPE: &str = "a parameter is a value, or { type = \"string\", \"integer\", \"number\", \"boolean\", \"list\" or \"secret\", default = … }";

fn declared(name: &str, kind: ParamType, default: Option<Json>) -> Result<Param, String> {
    if kind == ParamType::Secret && default.is_some() {
        return Err(
            "a secret does not stand in a file; `cumulua schedule trigger` gives it".to_owned(),
        );
    }
    if kind != ParamType::Secret && is_named_secret(name) {
        return Err(format!(
            "{name} is named like a secret, and only the type secret is not kept: {{ type = \"secret\" }}, or another name"
        ));
    }
    match default {
        Some(value) if !kind.has(&value) => Err(format!("the default is no {}", kind.as_str())),
        default => Ok(Param { kind, default }),
    }
}

/// A value of TOML as one of JSON.
fn json(value: &Toml) -> Result<Json, String> {
    match value {
        Toml::String(text) => Ok(text.as_str().into()),
        Toml::Integer(number) => Ok((*number).into()),
        Toml::Float(number) => serde_json::Number::from_f64(*number)
            .map(Json::Number)
            .ok_or_else(|| "write a number that is finite".to_owned()),
        Toml::Boolean(value) => Ok((*value).into()),
        Toml::Array(items) => items
            .iter()
            .map(json)
            .collect::<Result<_, _>>()
            .map(Json::Array),
        Toml::Datetime(_) | Toml::Table(_) => Err(format!("write text in quotes; {NO_TYPE}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Given, GivenValue, Json, Param, ParamType, Params};
    use serde_json::json;
    use std::collections::BTreeMap;

    fn params() -> Params {
        let all = ParamType::ALL.into_iter().map(|kind| {
            let default = None;
            (format!("a_{}", kind.as_str()), Param { kind, default })
        });
        all.collect()
    }

    fn read(name: &str, value: Json, is_literal: bool) -> Result<Given, String> {
        let values = BTreeMap::from([(name.to_owned(), GivenValue { value, is_literal })]);
        Given::read(&params(), values, None)
    }

    #[test]
    fn a_value_is_of_its_parameters_type_or_is_refused() {
        for (kind, given, expected) in [
            ("string", json!("7"), Some(json!("7"))),
            ("string", json!(7), None),
            ("integer", json!("7"), Some(json!(7))),
            ("integer", json!(-7), Some(json!(-7))),
            ("integer", json!("7.5"), None),
            ("integer", json!(7.5), None),
            ("integer", json!(u64::MAX), None),
            ("number", json!("7.5"), Some(json!(7.5))),
            ("number", json!(7), Some(json!(7))),
            ("number", json!("nan"), None),
            ("number", json!("true"), None),
            ("boolean", json!("true"), Some(json!(true))),
            ("boolean", json!("yes"), None),
            ("boolean", json!(1), None),
            (
                "list",
                json!(["a", 1, true, [0.5]]),
                Some(json!(["a", 1, true, [0.5]])),
            ),
            ("list", json!([null]), None),
            ("list", json!([{}]), None),
            ("list", json!("a"), None),
        ] {
            let name = format!("a_{kind}");
            let taken = read(&name, given.clone(), true).map(|given| given.params[&name].clone());
            assert_eq!(
                taken.as_ref().ok(),
                expected.as_ref(),
                "{kind}: {given}: {taken:?}"
            );
        }
    }

    #[test]
    fn a_secret_is_kept_nowhere_and_does_not_stand_on_a_command_line() {
        let refused = read("a_secret", json!("s3cret"), true).unwrap_err();
        assert!(refused.contains("a_secret=@FILE"), "{refused}");
        let given = read("a_secret", json!("s3cret"), false).unwrap();
        assert_eq!(given.secrets["a_secret"].expose(), "s3cret");
        let kept = given.to_keep();
        assert!(kept.params.is_empty() && kept.not_kept == ["a_secret"]);
        assert!(!format!("{given:?}").contains("s3cret"));
        assert!(
            Given::from_kept(kept)
                .unwrap_err()
                .contains("trigger it again")
        );
    }

    #[test]
    fn an_unknown_parameter_is_refused_with_the_nearest() {
        let refused = read("a_lst", json!([]), true).unwrap_err();
        assert!(refused.contains("did you mean a_list?"), "{refused}");
    }
}
