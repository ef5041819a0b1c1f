//! Lists that are answered from data: the resources, the parameters that filter them, and the
//! places in the answer that the catalogue's paginator gives.

use crate::cloud::call::Call;
use crate::cloud::page::Page;
use crate::cloud::refusal::Refusal;
use cumulua_core::catalog::{Action, path};
use serde_json::{Value as Json, json};

/// A list that an Action answers. Every row is made, whatever the page: a list that grows long has a
/// handler and [`list_answer`].
pub(crate) struct Listing {
    pub(crate) action: &'static str,
    /// Every resource as the answer has it, oldest first.
    pub(crate) rows: fn(&Call<'_>) -> Vec<Json>,
    pub(crate) filters: &'static [Filter],
    /// How many items a page has where the call gives no size.
    pub(crate) page_size: u64,
}

/// A parameter that a row must fit. One that is absent or empty lets every row pass.
pub(crate) struct Filter {
    pub(crate) parameter: &'static str,
    /// The field of a row that it is compared with.
    pub(crate) field: &'static str,
    pub(crate) comparison: Comparison,
}

/// How a parameter is compared with a field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Comparison {
    Equals,
    /// The parameter is a part of the field.
    Contains,
}

impl Filter {
    fn lets_pass(&self, wanted: &str, row: &Json) -> bool {
        let own = row.get(self.field).map(path::text).unwrap_or_default();
        match self.comparison {
            Comparison::Equals => own == wanted,
            Comparison::Contains => own.contains(wanted),
        }
    }
}

impl Listing {
    pub(crate) fn answer(&self, call: &Call) -> Result<Json, Refusal> {
        let page = call.page(self.page_size)?;
        let given = self.filters.iter().filter_map(|filter| {
            let wanted = call.params.get(filter.parameter).map(path::text)?;
            (!wanted.is_empty()).then_some((filter, wanted))
        });
        let given: Vec<_> = given.collect();
        let passes = |row: &Json| {
            given
                .iter()
                .all(|(filter, wanted)| filter.lets_pass(wanted, row))
        };
        let rows: Vec<_> = (self.rows)(call).into_iter().filter(passes).collect();
        let count = rows.len();
        Ok(list_answer(
            call.action,
            page,
            count,
            page.take(rows.into_iter()),
        ))
    }
}

/// The answer with the items of a page out of so many: each part stands where the paginator says,
/// and the page's number and size beside the parts where the document's example has them.
pub(crate) fn list_answer(action: &Action, page: Page, count: usize, items: Vec<Json>) -> Json {
    let mut answer = json!({});
    let Some(paginator) = &action.paginator else {
        return answer;
    };
    let example = &action.answer.example;
    let items_path = paginator.items.trim_end_matches("[]");
    let numbers = [
        (paginator.total.clone(), count as u64),
        (paginator.pages.clone(), page.count(count)),
        (
            beside(items_path, example, paginator.page.as_deref()),
            page.number,
        ),
        (
            beside(items_path, example, paginator.size.as_deref()),
            page.size,
        ),
    ];
    put(&mut answer, items_path, Json::Array(items));
    for (place, number) in numbers {
        let Some(place) = place else { continue };
        let is_text = path::first(example, &place).is_some_and(Json::is_string);
        put(
            &mut answer,
            &place,
            if is_text {
                json!(number.to_string())
            } else {
                json!(number)
            },
        );
    }
    answer
}

/// Where the example has a parameter of the page: next to the items, or at the top.
fn beside(items: &str, example: &Json, parameter: Option<&str>) -> Option<String> {
    let parameter = parameter?;
    let next_to_items = items
        .rsplit_once('.')
        .map(|(parent, _)| format!("{parent}.{parameter}"));
    let places = next_to_items.into_iter().chain([parameter.to_owned()]);
    places
        .into_iter()
        .find(|place| path::first(example, place).is_some())
}

/// Puts a value at a path of keys.
fn put(answer: &mut Json, place: &str, value: Json) {
    let mut at = answer;
    for key in place.split('.') {
        at = &mut at[key];
    }
    *at = value;
}
