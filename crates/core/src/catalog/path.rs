//! Paths of the catalogue (`Data.Instances[].InstanceId`) read from an answer.

use serde_json::Value as Json;

/// Every value that stands at `path`, lists flattened in order; nulls are left out.
pub fn values<'a>(answer: &'a Json, path: &str) -> Vec<&'a Json> {
    let mut found = vec![answer];
    for part in path.split('.') {
        let (key, each) = match part.strip_suffix("[]") {
            Some(key) => (key, true),
            None => (part, false),
        };
        found = found
            .into_iter()
            .filter_map(|value| value.get(key))
            .flat_map(|value| match value {
                Json::Array(items) if each => items.iter().collect::<Vec<_>>(),
                other => vec![other],
            })
            .filter(|value| !value.is_null())
            .collect();
    }
    found
}

/// The one value at `path`, where there is one.
pub fn first<'a>(answer: &'a Json, path: &str) -> Option<&'a Json> {
    values(answer, path).into_iter().next()
}

/// The same, where an empty path leads to the answer itself.
pub fn first_or_self<'a>(answer: &'a Json, path: &str) -> Option<&'a Json> {
    if path.is_empty() {
        Some(answer)
    } else {
        first(answer, path)
    }
}

/// A scalar as text, without JSON's quotes.
pub fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{first, text, values};
    use serde_json::json;

    #[test]
    fn a_list_on_the_way_is_walked_in_order() {
        let answer = json!({"Data": [{"TaskId": 1}, {"TaskId": "2"}, {"TaskId": null}, {}]});
        let ids: Vec<_> = values(&answer, "Data[].TaskId")
            .into_iter()
            .map(text)
            .collect();
        assert_eq!(ids, ["1", "2"]);
    }

    #[test]
    fn a_missing_key_is_nothing() {
        assert_eq!(first(&json!({"Data": {}}), "Data.TaskId"), None);
    }
}
