//! Values on their way to a service: JSON's kinds, plus secrets that only the request itself may
//! hold.

use cumulua_core::secret::{REDACTED, Secret};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Parameters by their wire names.
pub type Params = BTreeMap<String, Value>;

/// A parameter's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing; only possible inside lists.
    Null,
    /// true or false.
    Bool(bool),
    /// A whole number, exact.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    String(String),
    /// Text that must not be shown.
    Secret(Secret),
    /// A list.
    List(Vec<Value>),
    /// A structure; Lua's empty table is one, until its parameter shows that a list is meant.
    Object(Params),
}

impl Value {
    /// What a person would call its type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Float(_) => "number",
            Self::String(_) => "string",
            Self::Secret(_) => "secret",
            Self::List(_) => "list",
            Self::Object(_) => "object",
        }
    }

    /// As JSON for the wire, secrets opened.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Integer(value) => Json::from(*value),
            Self::Float(value) => Json::from(*value),
            Self::String(value) => Json::String(value.clone()),
            Self::Secret(value) => Json::String(value.expose().to_owned()),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Object(fields) => Json::Object(
                fields
                    .iter()
                    .map(|(name, value)| (name.clone(), value.to_json()))
                    .collect(),
            ),
        }
    }

    /// As JSON for a log or a record, secrets redacted.
    pub fn to_redacted_json(&self) -> Json {
        self.clone().into_redacted_json()
    }

    /// The same without a copy of its texts.
    pub fn into_redacted_json(self) -> Json {
        match self {
            Self::Secret(_) => Json::String(REDACTED.to_owned()),
            Self::String(text) => Json::String(text),
            Self::List(items) => {
                Json::Array(items.into_iter().map(Self::into_redacted_json).collect())
            }
            Self::Object(fields) => Json::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (name, value.into_redacted_json()))
                    .collect(),
            ),
            other => other.to_json(),
        }
    }

    /// A scalar as it stands in a query or form; none for lists, objects and nulls.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Bool(value) => Some(value.to_string()),
            Self::Integer(value) => Some(value.to_string()),
            Self::Float(value) => Some(Json::from(*value).to_string()),
            Self::String(value) => Some(value.clone()),
            Self::Secret(value) => Some(value.expose().to_owned()),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }
}

impl From<&Json> for Value {
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Self::Integer(integer),
                // Past 64 bits a number is only exact as text.
                (None, Some(float))
                    if !number
                        .to_string()
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || byte == b'-') =>
                {
                    Self::Float(float)
                }
                _ => Self::String(number.to_string()),
            },
            Json::String(value) => Self::String(value.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Json::Object(fields) => Self::Object(
                fields
                    .iter()
                    .map(|(name, value)| (name.clone(), Self::from(value)))
                    .collect(),
            ),
        }
    }
}
