//! What becomes of the things of a service: the kinds that there are, what makes and removes one,
//! and what a second call would do.

use serde::Deserialize;
use std::collections::BTreeMap;

/// A kind of thing that a service keeps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindModel {
    /// What one is.
    pub title: String,
    /// The Action of the service that lists them.
    pub list: String,
    /// Where they stand in its answer; at the paginator's items by default.
    #[serde(default)]
    pub rows: Option<String>,
    /// The field of a row that is its id; empty where the row is nothing but the id.
    #[serde(default)]
    pub id: String,
    /// The field of a row that is its name.
    #[serde(default)]
    pub name: Option<String>,
    /// The kind that each belongs to and goes with.
    #[serde(default)]
    pub parent: Option<String>,
    /// Parameters of the service's Actions that name one, or several, by id.
    #[serde(default)]
    pub params: Vec<String>,
    /// Parameters that stand in a row under another name: that of the field.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Its states; none where it has none, or where they are not documented.
    #[serde(default)]
    pub state: Option<KindState>,
    /// Fields that no two have alike: the code of the refusal.
    #[serde(default)]
    pub unique: BTreeMap<String, String>,
    /// Codes for an id that there is not, of which an Action documents one; `ResourceNotFound`
    /// otherwise.
    #[serde(default)]
    pub absent: Vec<String>,
    /// What removes one.
    #[serde(default)]
    pub removed_by: Option<RemovedBy>,
    /// Why nothing does.
    #[serde(default)]
    pub kept: Option<String>,
}

/// The states of a kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindState {
    /// The field of a row where they stand.
    pub field: String,
    /// The one while it is made or changed, where that is documented.
    #[serde(default)]
    pub making: Option<String>,
    /// The one in which nothing goes on.
    pub at_rest: String,
    /// The state of the product that can be awaited.
    #[serde(default)]
    pub wait: Option<String>,
}

/// What removes a thing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovedBy {
    /// An Action of the service.
    pub action: String,
    /// The parameter that takes the id, or several.
    pub param: String,
    /// How the parameter has the id, where not by itself.
    #[serde(default)]
    pub form: Option<String>,
    /// Further parameters that the Action requires: where their values stand in a row.
    #[serde(default)]
    pub with: BTreeMap<String, String>,
}

/// What an Action makes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreatesModel {
    /// The kind.
    pub kind: String,
    /// Where the ids stand in the answer, the same ones at each path; empty where it does not have
    /// them.
    #[serde(default)]
    pub ids: Vec<String>,
    /// The parameter that is the id; of an element where `each` is given.
    #[serde(default)]
    pub given: Option<String>,
    /// The parameter that says how many are made; one is by default.
    #[serde(default)]
    pub count: Option<String>,
    /// The list parameter of which each element is one, or the object that is one where it is
    /// given.
    #[serde(default)]
    pub each: Option<String>,
    /// Whether those that there were before go, where `each` is given.
    #[serde(default)]
    pub replaces: bool,
}

/// What an Action changes by a list of its parameters.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditsModel {
    /// The kind.
    pub kind: String,
    /// The list parameter of which each element is one.
    pub each: String,
    /// The field of an element that is the id.
    pub by: String,
    /// Where the ids stand in the answer.
    #[serde(default)]
    pub ids: Vec<String>,
    /// The parameter that, where it is true, lets the list take the place of what there was.
    #[serde(default)]
    pub replaces_when: Option<String>,
}

/// Where an answer says for which ids an Action was carried out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartialModel {
    /// The parameter with the ids.
    pub param: String,
    /// The path of those for which it was.
    pub done: String,
    /// The path of those for which it was not.
    pub failed: String,
}

/// What a second call does that is like the first one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Again {
    /// Nothing more: it finds things as the first one left them, or is refused.
    Harmless,
    /// It may make or change something more.
    #[default]
    Adds,
}
