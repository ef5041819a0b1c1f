//! A list of resources as the dashboard shows it: how many there are, and the newest. The rest of a
//! long list is counted and not looked at.

use crate::cloud::store::{Keyed, Store};
use serde::Serialize;
use serde_json::{Map, Value as Json};

/// How many of a list are rendered.
const NEWEST: usize = 12;

/// A list of resources.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct DashboardList {
    pub(crate) count: usize,
    /// The last one first, without what must not be seen.
    newest: Vec<Json>,
}

impl DashboardList {
    pub(crate) fn of<T: Serialize>(
        items: impl DoubleEndedIterator<Item = T> + ExactSizeIterator,
    ) -> Self {
        let count = items.len();
        let json = |item: T| serde_json::to_value(item).unwrap_or_default();
        Self {
            count,
            newest: items.rev().take(NEWEST).map(json).map(visible).collect(),
        }
    }
}

impl<T: Keyed + Serialize> From<&Store<T>> for DashboardList {
    fn from(items: &Store<T>) -> Self {
        Self::of(items.iter())
    }
}

/// Whether a field of this name must not be seen.
fn is_hidden(name: &str) -> bool {
    let name = name.to_lowercase();
    let secrets = [
        "password",
        "passwd",
        "secret",
        "token",
        "private_key",
        "public_key",
    ];
    secrets.iter().any(|word| name.contains(word))
}

fn visible(value: Json) -> Json {
    match value {
        Json::Object(fields) => {
            let fields = fields.into_iter().filter(|(name, _)| !is_hidden(name));
            let fields = fields.map(|(name, value)| (name, visible(value)));
            Json::Object(fields.collect::<Map<_, _>>())
        }
        Json::Array(items) => items.into_iter().map(visible).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::DashboardList;
    use serde_json::json;

    #[test]
    fn lists_are_counted_and_only_the_newest_are_rendered() {
        let all = DashboardList::of(0..1000);
        assert_eq!((all.count, all.newest.len()), (1000, 12));
        assert_eq!(
            (&all.newest[0], &all.newest[11]),
            (&json!(999), &json!(988))
        );
    }

    #[test]
    fn a_secret_of_a_resource_is_left_out() {
        let item = json!({"id": 1, "password": "x", "inner": [{"secret_key": "x", "name": "a"}]});
        let newest = vec![json!({"id": 1, "inner": [{"name": "a"}]})];
        assert_eq!(
            DashboardList::of([item].iter()),
            DashboardList { count: 1, newest }
        );
    }
}
