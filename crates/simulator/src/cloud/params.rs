//! Parameters that have been checked, by name.

use serde_json::{Map, Value as Json};
use std::cell::RefCell;
use std::collections::HashSet;
use std::ptr;

/// The parameters of a call, or the fields of one of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Params<'a> {
    fields: &'a Map<String, Json>,
    reads: Option<&'a Reads>,
}

/// Which parameters have been read, by where their values stand in memory: so what is read inside
/// of others, however deep, needs no name. It says nothing of values that have moved since.
#[derive(Debug, Default)]
pub(crate) struct Reads(RefCell<HashSet<usize>>);

impl Reads {
    fn add(&self, value: &Json) {
        self.0.borrow_mut().insert(ptr::from_ref(value).addr());
    }

    fn add_all(&self, value: &Json) {
        self.add(value);
        match value {
            Json::Array(items) => items.iter().for_each(|item| self.add_all(item)),
            Json::Object(fields) => fields.values().for_each(|field| self.add_all(field)),
            _ => {}
        }
    }

    /// Whether a parameter, or a field of one, has been read.
    pub(crate) fn have(&self, value: &Json) -> bool {
        self.0.borrow().contains(&ptr::from_ref(value).addr())
    }
}

impl<'a> Params<'a> {
    /// Parameters whose reading is not noted.
    pub(crate) fn new(fields: &'a Map<String, Json>) -> Self {
        Self {
            fields,
            reads: None,
        }
    }

    /// Parameters that note what is read of them.
    pub(crate) fn noting(fields: &'a Map<String, Json>, reads: &'a Reads) -> Self {
        Self {
            fields,
            reads: Some(reads),
        }
    }

    /// All of them as they were given, to be kept or compared: that is no use of any of them.
    pub(crate) fn given(self) -> &'a Map<String, Json> {
        self.fields
    }

    /// A parameter with all that is in it, to be kept whole.
    pub(crate) fn whole(self, name: &str) -> Option<&'a Json> {
        let value = self.fields.get(name)?;
        if let Some(reads) = self.reads {
            reads.add_all(value);
        }
        Some(value)
    }

    pub(crate) fn get(self, name: &str) -> Option<&'a Json> {
        let value = self.fields.get(name)?;
        if let Some(reads) = self.reads {
            reads.add(value);
        }
        Some(value)
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str()
    }

    /// A required text; checked to be there.
    pub(crate) fn required(self, name: &str) -> &'a str {
        self.text(name).unwrap_or_default()
    }

    pub(crate) fn int(self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }

    /// A whole number, also one that is written as a text.
    pub(crate) fn number(self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        value
            .as_i64()
            .or_else(|| value.as_str()?.trim().parse().ok())
    }

    /// A size, number or count that is not negative.
    pub(crate) fn count(self, name: &str) -> Option<u64> {
        self.get(name)?.as_u64()
    }

    pub(crate) fn flag(self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    pub(crate) fn object(self, name: &str) -> Option<Params<'a>> {
        let fields = self.get(name)?.as_object()?;
        Some(Params { fields, ..self })
    }

    /// A list's objects; none where it is not given.
    pub(crate) fn objects(self, name: &str) -> Vec<Params<'a>> {
        self.list(name)
            .iter()
            .filter_map(Json::as_object)
            .map(|fields| Params { fields, ..self })
            .collect()
    }

    /// A list's texts; none where it is not given.
    pub(crate) fn texts(self, name: &str) -> Vec<&'a str> {
        self.list(name).iter().filter_map(Json::as_str).collect()
    }

    /// The parts of a comma-separated text.
    pub(crate) fn parts(self, name: &str) -> Vec<&'a str> {
        self.text(name)
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// Ids however they are written: a list, a JSON array in a text, or joined by commas.
    pub(crate) fn several(self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Json::String(text)) if text.trim_start().starts_with('[') => {
                serde_json::from_str(text).unwrap_or_default()
            }
            Some(Json::String(_)) => self.parts(name).into_iter().map(str::to_owned).collect(),
            _ => self.texts(name).into_iter().map(str::to_owned).collect(),
        }
    }

    fn list(self, name: &str) -> &'a [Json] {
        self.get(name)
            .and_then(Json::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::{Params, Reads};
    use serde_json::json;

    #[test]
    fn ids_are_read_however_they_are_written() {
        for value in [json!(["a", "b"]), json!("[\"a\",\"b\"]"), json!("a, b")] {
            let given = json!({"Ids": value});
            assert_eq!(
                Params::new(given.as_object().unwrap()).several("Ids"),
                ["a", "b"]
            );
        }
        assert!(
            Params::new(json!({}).as_object().unwrap())
                .several("Ids")
                .is_empty()
        );
    }

    #[test]
    fn what_is_read_is_noted_however_deep() {
        let given =
            json!({"Read": 1, "Unread": 1, "Disks": [{"Size": 1, "Type": "x"}, {"Size": 2}]});
        let (fields, reads) = (given.as_object().unwrap(), Reads::default());
        let params = Params::noting(fields, &reads);
        assert_eq!(params.int("Read"), Some(1));
        let disks = params.objects("Disks");
        assert_eq!(disks[1].int("Size"), Some(2));
        assert_eq!(params.given().len(), 3);
        let have = |place: &str| reads.have(given.pointer(place).unwrap());
        assert!(have("/Read") && have("/Disks") && have("/Disks/1/Size"));
        assert!(!have("/Unread") && !have("/Disks/0/Size") && !have("/Disks/0/Type"));
    }
}
