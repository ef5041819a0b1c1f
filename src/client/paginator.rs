//! Paging: which page is asked for next, and whether the pages together are the whole list.
//!
//! What was collected is held against the server's own total, where it gives one, otherwise against
//! its number of pages; ids must be unique. A list that changes while it is read is an error: an
//! item that slides to a page that was read already would be missed.

use super::value::{Params, Value};
use cumulua_core::catalog::{Action, PageStyle, PaginatorModel, Required, path};
use serde_json::Value as Json;
use std::collections::HashSet;

/// The size of a page where one must be given and the document names no largest.
const PAGE_SIZE: u64 = 100;

/// Items that an error names; more are counted.
const MOST_NAMED: usize = 10;

/// Why the pages are not the list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The Action does not list anything.
    #[error("{0} gives no list, so there are no pages to walk through")]
    NotAList(String),
    /// The Action changes something.
    #[error("{0} changes something, and a call for each page would do so again and again")]
    Changes(String),
    /// A parameter that paging sets itself.
    #[error("{0} is set page by page; to read one page, call the Action itself")]
    Reserved(String),
    /// Items came twice.
    #[error("{} came twice: the list changed while it was read, so others may be missing; read it again", list_ids(.0))]
    Twice(Vec<String>),
    /// The list is another than when the reading began.
    #[error("{}", changed(.vanished, .appeared, *.expected, *.collected))]
    Changed {
        /// Items of the first reading that the second did not give.
        vanished: Vec<String>,
        /// Items that only the second reading gave.
        appeared: Vec<String>,
        /// Items that the server counts.
        expected: u64,
        /// Items that the first reading gave.
        collected: u64,
    },
}

/// How far a reading is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// There may be more.
    More,
    /// It is the whole list.
    Complete,
    /// It is not: the numbers do not fit. A second reading shows which items are concerned.
    Doubtful,
}

/// One reading of a list, page by page.
#[derive(Debug, Clone)]
pub struct Paginator {
    action: Action,
    params: Params,
    page: u64,
    collected: u64,
    ids: Vec<String>,
    seen: HashSet<String>,
    last_page: Vec<String>,
    total: Option<u64>,
    pages: Option<u64>,
    /// Whether the last page said that there is another one.
    has_more: Option<bool>,
}

impl Paginator {
    /// A reading from the first page on.
    pub fn new(action: Action, params: Params) -> Result<Self, PageError> {
        let model = action
            .paginator
            .as_ref()
            .ok_or_else(|| PageError::NotAList(action.full_name.to_string()))?;
        if !action.read_only {
            return Err(PageError::Changes(action.full_name.to_string()));
        }
        let positions = [&model.page, &model.offset, &model.marker];
        let (mut params, reading) = (params, Self::begin(action.clone(), Params::new()));
        let first = reading.next_params();
        for name in positions.into_iter().flatten() {
            // That a reading begins with the first page goes without saying.
            let text = |params: &Params| params.get(name).and_then(Value::to_text);
            if params.contains_key(name) && text(&params) != text(&first) {
                return Err(PageError::Reserved(name.clone()));
            }
            params.remove(name);
        }
        Ok(Self::begin(action, params))
    }

    /// The same reading from its beginning.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::begin(self.action.clone(), self.params.clone())
    }

    fn begin(action: Action, params: Params) -> Self {
        Self {
            action,
            params,
            page: 0,
            collected: 0,
            ids: Vec::new(),
            seen: HashSet::new(),
            last_page: Vec::new(),
            total: None,
            pages: None,
            has_more: None,
        }
    }

    /// The Action.
    pub fn action(&self) -> &Action {
        &self.action
    }

    fn model(&self) -> Option<&PaginatorModel> {
        self.action.paginator.as_ref()
    }

    /// Where the items stand in an answer.
    pub fn items_path(&self) -> &str {
        self.model().map_or("", |model| model.items.as_str())
    }

    /// The parameters of the next page.
    pub fn next_params(&self) -> Params {
        let mut params = self.params.clone();
        let Some(model) = self.model() else {
            return params;
        };
        let mut set = |name: &Option<String>, number: u64| {
            if let Some(name) = name {
                params.insert(name.clone(), self.number(name, number));
            }
        };
        match model.style {
            PageStyle::Page => set(&model.page, self.page + 1),
            PageStyle::Offset => set(&model.offset, self.collected),
            PageStyle::Marker => {
                if let (Some(name), Some(last)) = (&model.marker, self.last_page.last()) {
                    params.insert(name.clone(), Value::String(last.clone()));
                }
            }
            PageStyle::None => {}
        }
        for name in [&model.size, &model.limit].into_iter().flatten() {
            if let Some(size) = self.size(name) {
                params
                    .entry(name.clone())
                    .or_insert_with(|| self.number(name, size));
            }
        }
        params
    }

    /// The parameters with which the first page can be asked for by a call of its own.
    pub fn first_page(&self) -> Params {
        let is_needed = |name: &str| {
            let param = self.action.param(name);
            param.is_some_and(|param| param.required == Required::Yes)
        };
        let is_position = |name: &str| {
            let model = self.model();
            model.is_some_and(|model| {
                [&model.page, &model.offset, &model.marker]
                    .into_iter()
                    .flatten()
                    .any(|position| position == name)
            })
        };
        let mut params = self.next_params();
        params.retain(|name, _| !is_position(name) || is_needed(name));
        params
    }

    /// A number as the parameter's type wants it.
    fn number(&self, name: &str, number: u64) -> Value {
        let is_text = self
            .action
            .param(name)
            .is_some_and(|param| param.kind == cumulua_core::catalog::Kind::String);
        if is_text {
            Value::String(number.to_string())
        } else {
            Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
        }
    }

    /// The largest page that the document allows; where it names none, the service's own, unless
    /// the parameter is required.
    fn size(&self, name: &str) -> Option<u64> {
        let param = self.action.param(name)?;
        let largest = param.max.and_then(|max| format!("{max:.0}").parse().ok());
        largest.or_else(|| (param.required == Required::Yes).then_some(PAGE_SIZE))
    }

    /// Takes a page in.
    pub fn take(&mut self, answer: &Json) -> Result<Progress, PageError> {
        let Some(model) = self.action.paginator.clone() else {
            return Ok(Progress::Complete);
        };
        let items = path::values(answer, &model.items);
        let ids: Vec<String> = items
            .iter()
            .filter_map(|item| id_of(item, model.id.as_deref()))
            .collect();
        let number = |at: &Option<String>| {
            path::text(path::first(answer, at.as_deref()?)?)
                .parse::<u64>()
                .ok()
        };
        let (total, pages) = (number(&model.total), number(&model.pages));
        let is_counted = model.total.is_some() || model.pages.is_some();
        // Without a count the end shows in an empty page; some services give the last one again
        // instead.
        if !is_counted && self.page > 0 && !ids.is_empty() && ids == self.last_page {
            return Ok(Progress::Complete);
        }
        let twice: Vec<String> = ids
            .iter()
            .filter(|id| !self.seen.insert((*id).clone()))
            .cloned()
            .collect();
        if !twice.is_empty() {
            return Err(PageError::Twice(twice));
        }
        let more = model.more.as_deref().and_then(|at| path::first(answer, at));
        self.has_more = more.map(|more| path::text(more).eq_ignore_ascii_case("true"));
        let count = items.len() as u64;
        self.page += 1;
        self.collected += count;
        self.ids.extend(ids.iter().cloned());
        self.last_page = ids;
        let moved = |before: Option<u64>, now: Option<u64>| {
            before.is_some() && now.is_some() && before != now
        };
        if moved(self.total, total) || moved(self.pages, pages) {
            (self.total, self.pages) = (total, pages);
            return Ok(Progress::Doubtful);
        }
        (self.total, self.pages) = (total.or(self.total), pages.or(self.pages));
        Ok(self.progress(model.style, count))
    }

    fn progress(&self, style: PageStyle, count: u64) -> Progress {
        let is_last = match (style, self.total, self.pages) {
            (PageStyle::None, _, _) => true,
            (PageStyle::Marker, _, _) => self.has_more != Some(true) || count == 0,
            (_, Some(total), _) => self.collected >= total || count == 0,
            (_, None, Some(pages)) => self.page >= pages || count == 0,
            (_, None, None) => count == 0,
        };
        if !is_last {
            return Progress::More;
        }
        let is_short = self.total.is_some_and(|total| self.collected != total)
            || (style == PageStyle::Page
                && self.total.is_none()
                && self.pages.is_some_and(|pages| self.page < pages));
        if is_short {
            Progress::Doubtful
        } else {
            Progress::Complete
        }
    }

    /// What a second reading shows of a doubtful first one.
    pub fn changed_since(&self, second: &Self) -> PageError {
        let without = |from: &Self, other: &Self| {
            from.ids
                .iter()
                .filter(|id| !other.seen.contains(*id))
                .cloned()
                .collect()
        };
        PageError::Changed {
            vanished: without(self, second),
            appeared: without(second, self),
            expected: self.total.unwrap_or(second.collected),
            collected: self.collected,
        }
    }
}

/// What distinguishes an item: its id, or itself where it is no structure.
fn id_of(item: &Json, id: Option<&str>) -> Option<String> {
    match (item, id) {
        (Json::Object(_), Some(at)) => path::first(item, at)
            .map(path::text)
            .filter(|id| !id.is_empty()),
        (Json::Object(_) | Json::Array(_), _) => None,
        (scalar, _) => Some(path::text(scalar)),
    }
}

fn list_ids(ids: &[String]) -> String {
    let text = ids
        .iter()
        .take(MOST_NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if ids.len() > MOST_NAMED {
        format!("{text} and {} more", ids.len() - MOST_NAMED)
    } else {
        text
    }
}

fn changed(vanished: &[String], appeared: &[String], expected: u64, collected: u64) -> String {
    let mut parts = Vec::new();
    if !vanished.is_empty() {
        parts.push(format!("{} vanished", list_ids(vanished)));
    }
    if !appeared.is_empty() {
        parts.push(format!("{} appeared", list_ids(appeared)));
    }
    let what = if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join("; "))
    };
    format!(
        "the list changed while it was read: it gave {collected} items and the service counts {expected}{what}; read it again"
    )
}

#[cfg(test)]
mod tests {
    use super::{PageError, Paginator, Progress};
    use crate::client::value::{Params, Value};
    use cumulua_core::catalog::Catalog;
    use serde_json::json;

    fn reading(action: &str) -> Paginator {
        Paginator::new(Catalog::default().action(action).unwrap(), Params::new()).unwrap()
    }

    fn ebs(ids: &[&str], total: u64) -> serde_json::Value {
        let items: Vec<_> = ids.iter().map(|id| json!({"DiskId": id})).collect();
        json!({"Data": {"DiskList": items}, "TotalCount": total})
    }

    #[test]
    fn pages_follow_one_another_until_the_total_is_reached() {
        let mut reading = reading("cds.ebs.DescribeDiskList");
        let number = |reading: &Paginator| reading.next_params()["PageNumber"].clone();
        let first = number(&reading);
        assert_eq!(reading.take(&ebs(&["a", "b"], 3)), Ok(Progress::More));
        assert_ne!(first, number(&reading));
        assert_eq!(reading.take(&ebs(&["c"], 3)), Ok(Progress::Complete));
    }

    #[test]
    fn a_marker_is_the_last_item_until_there_is_no_more() {
        let mut reading = reading("cds.oss_v11.ListObjects");
        let page = |names: &[&str], more: bool| {
            let items: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
            json!({"Data": {"object_list": items, "is_next_page": more}})
        };
        assert_eq!(reading.next_params().get("next_marker"), None);
        assert_eq!(reading.take(&page(&["a", "b"], true)), Ok(Progress::More));
        let marker = reading.next_params()["next_marker"].to_text();
        assert_eq!(marker.as_deref(), Some("b"));
        assert_eq!(reading.take(&page(&["c"], false)), Ok(Progress::Complete));
        let again = reading.again();
        assert_eq!(again.next_params().get("next_marker"), None);
    }

    #[test]
    fn an_item_that_comes_twice_is_named() {
        let mut reading = reading("cds.ebs.DescribeDiskList");
        reading.take(&ebs(&["a", "b"], 4)).unwrap();
        assert_eq!(
            reading.take(&ebs(&["b", "c"], 4)),
            Err(PageError::Twice(vec!["b".to_owned()]))
        );
    }

    #[test]
    fn a_total_that_moves_is_doubtful_and_a_second_reading_names_the_items() {
        let mut first = reading("cds.ebs.DescribeDiskList");
        first.take(&ebs(&["a", "b"], 4)).unwrap();
        assert_eq!(first.take(&ebs(&["d"], 3)), Ok(Progress::Doubtful));
        let mut second = first.again();
        second.take(&ebs(&["b", "c", "d"], 3)).unwrap();
        let error = first.changed_since(&second).to_string();
        assert!(
            error.contains("a vanished") && error.contains("c appeared"),
            "{error}"
        );
    }

    #[test]
    fn a_short_list_is_doubtful_even_on_a_single_page() {
        assert_eq!(
            reading("cds.ebs.DescribeDiskList").take(&ebs(&[], 2)),
            Ok(Progress::Doubtful)
        );
    }

    #[test]
    fn without_a_count_an_empty_page_or_the_last_one_again_is_the_end() {
        let page = |ids: &[&str]| json!({"Data": ids.iter().map(|id| json!({"VdcId": id})).collect::<Vec<_>>()});
        let mut ending = reading("cds.vdc.DescribeVdc");
        assert_eq!(ending.take(&page(&["a"])), Ok(Progress::More));
        assert_eq!(ending.clone().take(&page(&[])), Ok(Progress::Complete));
        assert_eq!(ending.take(&page(&["a"])), Ok(Progress::Complete));
    }

    #[test]
    fn offsets_count_items() {
        let mut reading = reading("mcs.DescribeInstances");
        let set = |id: &str| json!({"InstanceSet": {"Instance": [{"instanceId": id}], "Total": 2}});
        reading.take(&set("a")).unwrap();
        assert_eq!(reading.next_params()["Offset"], Value::Integer(1));
        assert_eq!(reading.take(&set("b")), Ok(Progress::Complete));
    }

    #[test]
    fn a_page_of_ones_own_is_refused() {
        let params = Params::from([("PageNumber".to_owned(), Value::Integer(3))]);
        let action = Catalog::default()
            .action("cds.ebs.DescribeDiskList")
            .unwrap();
        assert_eq!(
            Paginator::new(action, params).unwrap_err(),
            PageError::Reserved("PageNumber".to_owned())
        );
    }
}
