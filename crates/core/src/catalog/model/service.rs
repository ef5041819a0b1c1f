//! A service: its Actions, shapes and errors.

use super::action::ActionModel;
use super::lifecycle::KindModel;
use super::parameter::Field;
use super::product::{ErrorModel, Source};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A service: a file of Actions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceModel {
    /// Where an editor finds the format.
    #[serde(rename = "$schema", default)]
    pub schema: Option<String>,
    /// The service's name in Lua, as `cds.ccs`.
    pub service: String,
    /// What it is.
    pub title: String,
    /// The vendor's own name of it.
    #[serde(default)]
    pub term: Option<String>,
    /// The document, where it is not the product's.
    #[serde(default)]
    pub source: Option<Source>,
    /// Further documents, by names that Actions use.
    #[serde(default)]
    pub sources: BTreeMap<String, Source>,
    /// The documented host; none where the profile gives the URL.
    #[serde(default)]
    pub host: Option<String>,
    /// Domain names of the vendor's below which what it keeps is reached.
    #[serde(default)]
    pub domains: Vec<String>,
    /// The path of its Actions.
    #[serde(default)]
    pub path: Option<String>,
    /// The API's version.
    #[serde(default)]
    pub version: Option<String>,
    /// Codes that mean success, in lower case, where they are not the product's.
    #[serde(default)]
    pub success: Option<Vec<String>>,
    /// Structures that several answers share.
    #[serde(default)]
    pub shapes: BTreeMap<String, Vec<Field>>,
    /// Error codes of its Actions.
    #[serde(default)]
    pub errors: BTreeMap<String, ErrorModel>,
    /// The kinds of things that it keeps, by names that its Actions use.
    #[serde(default)]
    pub kinds: BTreeMap<String, KindModel>,
    /// The Actions, in the document's order.
    pub actions: Vec<Arc<ActionModel>>,
}

impl ServiceModel {
    /// The fields below a field, its shape resolved.
    pub fn fields_of<'a>(&'a self, field: &'a Field) -> &'a [Field] {
        match &field.shape {
            Some(name) => self.shapes.get(name).map_or(&[], Vec::as_slice),
            None => &field.fields,
        }
    }

    /// An Action by the vendor's name.
    pub fn action(&self, name: &str) -> Option<&Arc<ActionModel>> {
        self.actions.iter().find(|action| action.name == name)
    }

    /// Where the rows of a kind stand in the answer of its list: a path, with `[]` at the end.
    pub fn rows_of<'a>(&'a self, kind: &'a KindModel) -> Option<&'a str> {
        let list = || self.action(&kind.list)?.paginator.as_ref();
        let paged = || list().map(|paginator| paginator.items.as_str());
        kind.rows.as_deref().or_else(paged)
    }

    /// The kinds that an Action removes things of.
    pub fn removed_by<'a>(
        &'a self,
        action: &'a ActionModel,
    ) -> impl Iterator<Item = (&'a String, &'a KindModel)> {
        self.kinds.iter().filter(|(_, kind)| {
            let removal = kind.removed_by.as_ref();
            removal.is_some_and(|removal| removal.action == action.name)
        })
    }

    /// The host of an Action; none where the profile gives the URL.
    pub fn host_of<'a>(&'a self, action: &'a ActionModel) -> Option<&'a str> {
        action.host.as_deref().or(self.host.as_deref())
    }

    /// Whether a host is one of its `domains`, or below one.
    pub fn has_domain(&self, host: &str) -> bool {
        self.domains.iter().any(|domain| {
            let above = host.strip_suffix(domain.as_str());
            above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
        })
    }

    /// The path of an Action.
    pub fn path_of<'a>(&'a self, action: &'a ActionModel) -> &'a str {
        action
            .path
            .as_deref()
            .or(self.path.as_deref())
            .unwrap_or("/")
    }
}
