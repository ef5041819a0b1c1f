//! The ids that an answer names: what a change made, started or took.

use serde_json::Value;

/// Ids of one answer at most.
const MOST: usize = 50;

/// What is longer is no id.
const LONGEST: usize = 200;

/// The ids that an answer names, in its order, each once. A field holds ids where its name ends in
/// `Id` or `Ids`; that of the request is none.
pub fn resource_ids(answer: &Value) -> Vec<String> {
    let mut ids = Vec::new();
    look(answer, false, &mut ids);
    ids
}

fn look(value: &Value, is_id: bool, ids: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                look(value, names_ids(name), ids);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| look(value, is_id, ids)),
        Value::String(text) if is_id => add(text.clone(), ids),
        Value::Number(number) if is_id => add(number.to_string(), ids),
        _ => {}
    }
}

fn add(id: String, ids: &mut Vec<String>) {
    if !id.is_empty() && id.len() <= LONGEST && ids.len() < MOST && !ids.contains(&id) {
        ids.push(id);
    }
}

fn names_ids(name: &str) -> bool {
    let stem = name.strip_suffix('s').unwrap_or(name);
    let ends = ["Id", "ID", "_id"].iter().any(|end| stem.ends_with(end)) || stem == "id";
    ends && !name.to_ascii_lowercase().contains("request")
}

#[cfg(test)]
mod tests {
    use super::resource_ids;
    use serde_json::json;

    #[test]
    fn ids_are_found_wherever_they_stand_and_the_requests_is_none() {
        let answer = json!({
            "RequestId": "r", "TaskId": 190_982, "Paid": "no id",
            "Data": { "InstanceIds": ["i-1", "i-2", "i-1"], "Disk": { "DiskId": "d-1", "Name": "x" }, "id": "e", "EipIds": [] },
            "requestId": "r", "ListID": "", "task_id": "t", "UserId": null,
        });
        assert_eq!(
            resource_ids(&answer)
                .into_iter()
                .collect::<std::collections::BTreeSet<_>>(),
            ["190982", "i-1", "i-2", "d-1", "e", "t"]
                .map(str::to_owned)
                .into()
        );
        let many: Vec<_> = (0..200).map(|number| format!("i-{number}")).collect();
        assert_eq!(resource_ids(&json!({ "InstanceIds": many })).len(), 50);
    }
}
