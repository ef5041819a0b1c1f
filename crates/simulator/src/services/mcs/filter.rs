//! Lists of the product: filtered, cut to a page, and counted.

use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use serde_json::{Map, Value as Json, json};

/// Conditions that all must hold, each by one of its values. The document leaves open how they are
/// joined.
pub(super) struct Filter<'a>(Vec<(&'a str, Vec<&'a str>)>);

impl<'a> Filter<'a> {
    /// The call's `Filter`, of fields that the list knows.
    pub(super) fn of(call: &Call<'a>, known: &[&str]) -> Result<Self, Refusal> {
        let conditions = call.params.objects("Filter");
        let conditions: Vec<_> = conditions
            .iter()
            .map(|one| (one.required("Name"), one.texts("Value")))
            .collect();
        match conditions.iter().find(|(name, _)| !known.contains(name)) {
            Some((name, _)) => Err(call.malformed(
                "Filter",
                &format!("one cannot filter by {name:?}, but by {}", known.join(", ")),
            )),
            None => Ok(Self(conditions)),
        }
    }

    /// A condition more, unless it has no values.
    pub(super) fn and(mut self, name: &'a str, values: Vec<&'a str>) -> Self {
        if !values.is_empty() {
            self.0.push((name, values));
        }
        self
    }

    pub(super) fn is_open(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an item, whose fields `field` knows, is wanted.
    pub(super) fn fits<'b>(&self, field: impl Fn(&str) -> &'b str) -> bool {
        self.0
            .iter()
            .all(|(name, values)| values.contains(&field(name)))
    }
}

/// A page of items with its place among all of them. `Limit` is the number of items that are there,
/// as the document's tables say.
pub(super) fn set<T>(
    call: &Call,
    name: &str,
    items: impl Iterator<Item = T> + Clone,
    describe: impl Fn(T) -> Json,
) -> Result<Json, Refusal> {
    let total = items.clone().count();
    page(call, name, total, items, describe)
}

/// The same where the number of items is known.
pub(super) fn page<T>(
    call: &Call,
    name: &str,
    total: usize,
    items: impl Iterator<Item = T>,
    describe: impl Fn(T) -> Json,
) -> Result<Json, Refusal> {
    let page = call.page(u64::MAX)?;
    let views: Vec<_> = page.take(items).into_iter().map(describe).collect();
    let mut set = Map::new();
    set.insert("Total".to_owned(), json!(total));
    set.insert("Limit".to_owned(), json!(views.len()));
    set.insert("Offset".to_owned(), json!(page.offset()));
    set.insert(name.to_owned(), Json::Array(views));
    Ok(Json::Object(set))
}
