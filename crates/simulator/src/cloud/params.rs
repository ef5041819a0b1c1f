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

    /// A whole number, also one that is written as a text.
    pub(crate) fn number(self, name: &str) -> Option<i64> {
        let value = self.0.get(name)?;
        value
            .as_i64()
            .or_else(|| value.as_str()?.trim().parse().ok())
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
        self.list(name)
            .iter()
            .filter_map(Json::as_object)
            .map(Params)
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
        match self.0.get(name) {
            Some(Json::String(text)) if text.trim_start().starts_with('[') => {
                serde_json::from_str(text).unwrap_or_default()
            }
            Some(Json::String(_)) => self.parts(name).into_iter().map(str::to_owned).collect(),
            _ => self.texts(name).into_iter().map(str::to_owned).collect(),
        }
    }

    fn list(self, name: &str) -> &'a [Json] {
        self.0
            .get(name)
            .and_then(Json::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::Params;
    use serde_json::json;

    #[test]
    fn ids_are_read_however_they_are_written() {
        for value in [json!(["a", "b"]), json!("[\"a\",\"b\"]"), json!("a, b")] {
            let given = json!({"Ids": value});
            assert_eq!(
                Params(given.as_object().unwrap()).several("Ids"),
                ["a", "b"]
            );
        }
        assert!(
            Params(json!({}).as_object().unwrap())
                .several("Ids")
                .is_empty()
        );
    }
}
