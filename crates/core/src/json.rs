//! JSON as it stands in a text: numbers keep their digits, and a field may have any name.
//!
//! serde_json hands a number that is no integer of 64 bits on as an object with one field of a name
//! of its own, and its `Value` takes an object that has such a field for a number, too. What stands
//! in the text is told apart here: serde_json's own name never does.

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Error, Map, Number, Value};
use std::borrow::Cow;
use std::fmt;

/// serde_json's name of the one field of a number, with `arbitrary_precision`.
const NUMBER: &str = "$serde_json::private::Number";

/// Whether a name is serde_json's own for a number that is no integer of 64 bits, where `text` is
/// read. The same name in the text is a field's, as any other: it stands there, or was copied.
#[expect(
    clippy::ptr_arg,
    reason = "that a name is owned shows that it was copied"
)]
pub fn is_number(name: &Cow<'_, str>, text: &[u8]) -> bool {
    matches!(name, Cow::Borrowed(NUMBER)) && !text.as_ptr_range().contains(&name.as_ptr())
}

/// The value of a whole text.
///
/// # Errors
///
/// It is no JSON.
pub fn parse(text: &str) -> Result<Value, Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = InText(text).deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

/// Reads a value of this text.
#[derive(Clone, Copy)]
struct InText<'de>(&'de str);

impl<'de> DeserializeSeed<'de> for InText<'de> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for InText<'de> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = object.next_key_seed(Name)? {
            if is_number(&name, self.0.as_bytes()) {
                let digits: String = object.next_value()?;
                return digits
                    .parse::<Number>()
                    .map(Value::Number)
                    .map_err(A::Error::custom);
            }
            fields.insert(name.into_owned(), object.next_value_seed(self)?);
        }
        Ok(Value::Object(fields))
    }
}

/// The name of a field, borrowed where it stands in the text as it is.
pub struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{NUMBER, parse};
    use serde_json::{Value, json};

    #[test]
    fn a_field_has_any_name() {
        let escaped = "\\u0024serde_json::private::Number";
        for name in [NUMBER, escaped] {
            for value in ["\"5\"", "\"abc\"", "5", "{\"a\":1}", "[]", "null", "1e999"] {
                for (before, after) in [
                    ("", ""),
                    ("\"x\":1,", ""),
                    ("", ",\"y\":2"),
                    ("\"x\":1,", ",\"y\":2"),
                ] {
                    let text = format!("{{{before}\"{name}\":{value}{after}}}");
                    let read = parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
                    let fields = read.as_object().unwrap_or_else(|| panic!("{text}"));
                    let count =
                        1 + usize::from(!before.is_empty()) + usize::from(!after.is_empty());
                    assert!(
                        fields.len() == count && fields.contains_key(NUMBER),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn all_else_is_as_serde_json_has_it() {
        for text in [
            "null",
            "true",
            "0",
            "-0",
            "-0.0",
            "1e999",
            "12345678901234567890",
            "-9223372036854775808",
            "0.1000000000000000055511151231257827",
            "\"a\\u00e4\\n\"",
            "[]",
            "{}",
            "[1,[2,{\"a\":[null]}]]",
            "{\"a\":1,\"b\":{\"c\":1.5e3}}",
            "{\"a\":1,\"a\":2}",
        ] {
            assert_eq!(
                parse(text).unwrap(),
                serde_json::from_str::<Value>(text).unwrap(),
                "{text}"
            );
        }
        for text in ["", "{", "[1,]", "nul", "1 2", "{\"a\"}", "\"\\x\""] {
            let ours = parse(text).unwrap_err().to_string();
            assert_eq!(
                ours,
                serde_json::from_str::<Value>(text).unwrap_err().to_string()
            );
        }
        assert_eq!(parse("{\"a\": 1}").unwrap(), json!({"a": 1}));
    }
}
