//! Parameters that have been checked, by name.

use serde_json::{Map, Value as Json};

/// The parameters of a call, or the fields of one of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Params<'a>(pub(crate) &'a Map<String, Json>);

impl<'a> Params<'a> {
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    /// A required text; checked to be there.
    pub(crate) fn required(self, name: &str) -> &'a str {
        self.text(name).unwrap_or_default()
    }

    pub(crate) fn int(self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// A size, number or count that is not negative.
    pub(crate) fn count(self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_u64()
    }

    pub(crate) fn flag(self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    pub(crate) fn object(self, name: &str) -> Option<Params<'a>> {
        self.0.get(name)?.as_object().map(Params)
    }

    /// A list's objects; none where it is not given.
    pub(crate) fn objects(self, name: &str) -> Vec<Params<'a>> {
        self.list(name).iter().filter_map(Json::as_object).map(Params).collect()
    }

    /// A list's texts; none where it is not given.
    pub(crate) fn texts(self, name: &str) -> Vec<&'a str> {
        self.list(name).iter().filter_map(Json::as_str).collect()
    }

    /// The parts of a comma-separated text.
    pub(crate) fn parts(self, name: &str) -> Vec<&'a str> {
        self.text(name).unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
    }

    fn list(self, name: &str) -> &'a [Json] {
        self.0.get(name).and_then(Json::as_array).map_or(&[], Vec::as_slice)
    }
}
