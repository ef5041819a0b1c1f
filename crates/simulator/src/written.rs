//! A large part of an answer that is written already.

use serde::Serialize;
use serde_json::Value as Json;

/// A list of an answer as text: to make values of a page of servers first takes longer than all the rest.
#[derive(Debug)]
pub(crate) struct Written {
    /// The keys that lead to it; all but the last one are in the answer.
    at: &'static [&'static str],
    text: String,
}

impl Written {
    pub(crate) fn new(at: &'static [&'static str], list: &impl Serialize) -> Self {
        Self { at, text: serde_json::to_string(list).unwrap_or_default() }
    }

    /// The text of an answer with this part in its place.
    pub(crate) fn within(&self, answer: &Json) -> String {
        let mut text = String::with_capacity(self.text.len() + 1024);
        self.write(&mut text, answer, self.at);
        text
    }

    /// The answer with this part in its place.
    pub(crate) fn put_into(&self, answer: &Json) -> Json {
        serde_json::from_str(&self.within(answer)).unwrap_or_default()
    }

    fn write(&self, text: &mut String, value: &Json, at: &[&str]) {
        let (Some((key, rest)), Json::Object(fields)) = (at.split_first(), value) else {
            text.push_str(&self.text);
            return;
        };
        text.push('{');
        for (name, value) in fields.iter().filter(|(name, _)| name != key) {
            text.push_str(&Json::from(name.as_str()).to_string());
            text.push(':');
            text.push_str(&value.to_string());
            text.push(',');
        }
        text.push_str(&Json::from(*key).to_string());
        text.push(':');
        self.write(text, fields.get(*key).unwrap_or(&Json::Null), rest);
        text.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::Written;
    use serde_json::json;

    #[test]
    fn a_written_part_stands_where_it_belongs() {
        let answer = json!({"Code": "Success", "Data": {"Page": 1}, "Zone": null});
        let part = Written::new(&["Data", "List"], &[json!({"a": "\"x\""})]);
        let whole = json!({"Code": "Success", "Data": {"Page": 1, "List": [{"a": "\"x\""}]}, "Zone": null});
        assert_eq!(part.put_into(&answer), whole);
        assert_eq!(Written::new(&["List"], &[1, 2]).within(&json!({})), r#"{"List":[1,2]}"#);
    }
}
