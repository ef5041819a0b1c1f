//! A short view of state: how many of each kind there are, and the newest. Any state that can be written to a file has one; the
//! rest of a long list is counted and not looked at.

use crate::log::is_hidden;
use serde::Serialize;
use serde::ser::{Error as _, Impossible, SerializeMap, SerializeSeq, SerializeStruct, Serializer};
use serde_json::{Map, Value as Json, json};
use std::collections::VecDeque;

/// How many of a list are shown.
const SHOWN: usize = 12;

/// A service's state: its lists as `{"count": …, "newest": […]}`, everything else as it is.
pub(super) fn digest<T: Serialize>(state: &T) -> Map<String, Json> {
    match state.serialize(Fields) {
        Ok(fields) => fields,
        Err(_) => Map::new(),
    }
}

/// Without what must not be seen.
fn visible(value: Json) -> Json {
    match value {
        Json::Object(fields) => {
            fields.into_iter().filter(|(name, _)| !is_hidden(name)).map(|(name, value)| (name, visible(value))).collect()
        }
        Json::Array(items) => items.into_iter().map(visible).collect(),
        other => other,
    }
}

type Error = serde_json::Error;

fn shown<T: Serialize + ?Sized>(value: &T) -> Result<Json, Error> {
    serde_json::to_value(value).map(visible)
}

/// Refuses everything but what a reader wants of its first level.
macro_rules! only {
    ($($method:ident($($kind:ty),*)),* $(,)?) => {
        $(fn $method(self, $(_: $kind),*) -> Result<Self::Ok, Error> {
            Err(Error::custom("this is no collection"))
        })*
    };
}

/// What neither of the two readers below takes.
macro_rules! scalars {
    () => {
        only! {
            serialize_bool(bool), serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64),
            serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64), serialize_f32(f32), serialize_f64(f64),
            serialize_char(char), serialize_str(&str), serialize_bytes(&[u8]), serialize_none(), serialize_unit(),
            serialize_unit_struct(&'static str), serialize_unit_variant(&'static str, u32, &'static str),
        }

        fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Self::Ok, Error> {
            value.serialize(self)
        }

        fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Self::Ok, Error> {
            value.serialize(self)
        }

        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<Self::Ok, Error> {
            Err(Error::custom("this is no collection"))
        }

        fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
            Err(Error::custom("this is no collection"))
        }

        fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Error> {
            Err(Error::custom("this is no collection"))
        }

        fn serialize_tuple_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeTupleVariant, Error> {
            Err(Error::custom("this is no collection"))
        }

        fn serialize_struct_variant(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: usize,
        ) -> Result<Self::SerializeStructVariant, Error> {
            Err(Error::custom("this is no collection"))
        }
    };
}

/// Reads the fields of a service's state.
struct Fields;

struct FieldsOf(Map<String, Json>);

impl Serializer for Fields {
    type Ok = Map<String, Json>;
    type Error = Error;
    type SerializeSeq = Impossible<Self::Ok, Error>;
    type SerializeTuple = Impossible<Self::Ok, Error>;
    type SerializeTupleStruct = Impossible<Self::Ok, Error>;
    type SerializeTupleVariant = Impossible<Self::Ok, Error>;
    type SerializeMap = Impossible<Self::Ok, Error>;
    type SerializeStruct = FieldsOf;
    type SerializeStructVariant = Impossible<Self::Ok, Error>;

    scalars!();

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        Err(Error::custom("a state is a structure"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        Err(Error::custom("a state is a structure"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<FieldsOf, Error> {
        Ok(FieldsOf(Map::new()))
    }
}

impl SerializeStruct for FieldsOf {
    type Ok = Map<String, Json>;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        if !is_hidden(name) {
            let value = value.serialize(Collection).or_else(|_| shown(value))?;
            self.0.insert(name.to_owned(), value);
        }
        Ok(())
    }

    fn end(self) -> Result<Self::Ok, Error> {
        Ok(self.0)
    }
}

/// Counts a list, or a map whose keys are data.
struct Collection;

struct Counted {
    length: Option<usize>,
    count: usize,
    newest: VecDeque<Json>,
    key: Json,
}

impl Counted {
    fn of(length: Option<usize>) -> Self {
        Self { length, count: 0, newest: VecDeque::new(), key: Json::Null }
    }

    fn add(&mut self, item: impl FnOnce() -> Result<Json, Error>) -> Result<(), Error> {
        self.count += 1;
        if self.length.is_some_and(|length| self.count + SHOWN <= length) {
            return Ok(());
        }
        if self.newest.len() == SHOWN {
            self.newest.pop_back();
        }
        self.newest.push_front(item()?);
        Ok(())
    }

    fn json(self) -> Json {
        json!({"count": self.count, "newest": self.newest})
    }
}

impl Serializer for Collection {
    type Ok = Json;
    type Error = Error;
    type SerializeSeq = Counted;
    type SerializeTuple = Impossible<Json, Error>;
    type SerializeTupleStruct = Impossible<Json, Error>;
    type SerializeTupleVariant = Impossible<Json, Error>;
    type SerializeMap = Counted;
    type SerializeStruct = Impossible<Json, Error>;
    type SerializeStructVariant = Impossible<Json, Error>;

    scalars!();

    fn serialize_seq(self, length: Option<usize>) -> Result<Counted, Error> {
        Ok(Counted::of(length))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Counted, Error> {
        Ok(Counted::of(length))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Error> {
        Err(Error::custom("this is no collection"))
    }
}

impl SerializeSeq for Counted {
    type Ok = Json;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        self.add(|| shown(item))
    }

    fn end(self) -> Result<Json, Error> {
        Ok(self.json())
    }
}

impl SerializeMap for Counted {
    type Ok = Json;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = serde_json::to_value(key)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = self.key.take();
        self.add(|| Ok(json!({"id": key, "value": shown(value)?})))
    }

    fn end(self) -> Result<Json, Error> {
        Ok(self.json())
    }
}

#[cfg(test)]
mod tests {
    use super::digest;
    use serde::Serialize;
    use serde_json::{Value as Json, json};
    use std::collections::BTreeMap;

    #[derive(Serialize)]
    struct State {
        list: Vec<u32>,
        map: BTreeMap<u32, &'static str>,
        nested: Option<(u32, u32)>,
        password: &'static str,
    }

    #[test]
    fn lists_are_counted_and_only_the_newest_are_shown() {
        let state = State { list: (0..1000).collect(), map: [(1, "a")].into(), nested: Some((1, 2)), password: "x" };
        let view = Json::Object(digest(&state));
        assert_eq!(
            (&view["list"]["count"], &view["list"]["newest"][0], &view["list"]["newest"][11]),
            (&json!(1000), &json!(999), &json!(988))
        );
        assert_eq!(view["map"], json!({"count": 1, "newest": [{"id": 1, "value": "a"}]}));
        assert_eq!((&view["nested"], view.get("password")), (&json!([1, 2]), None));
    }
}
