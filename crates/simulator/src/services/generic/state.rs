//! The things that the services keep, by service and kind.

use super::kept::keeps;
use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Store, keyed_by_id};
use cumulua_core::catalog::{KindModel, ServiceModel, path};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Where the state is kept.
pub(crate) const GENERIC: StateKey<State> = StateKey::new("generic");

/// The things of each service, by kind. A service that no call has reached yet has no entry.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct State(BTreeMap<String, BTreeMap<String, Store<Row>>>);

/// A thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// Its id; behind the id of what it belongs to, where it belongs to anything.
    pub(crate) id: String,
    /// What it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    /// What is known of it, by the names of the fields that it has in answers. The rest is as in
    /// the document's example.
    #[serde(default)]
    pub(crate) fields: Map<String, Json>,
}

keyed_by_id!(Row);

impl Row {
    /// One with its own id below what it belongs to.
    pub(crate) fn new(kind: &KindModel, parent: Option<&str>, id: Json) -> Self {
        let own = path::text(&id);
        Self {
            id: key(parent, &own),
            parent: parent.map(str::to_owned),
            fields: [(kind.id.clone(), id)].into_iter().collect(),
        }
    }

    /// Its own id.
    pub(crate) fn own_id(&self, kind: &KindModel) -> String {
        self.fields
            .get(&kind.id)
            .map(path::text)
            .unwrap_or_default()
    }
}

/// What a thing is found by. Ids need not be unique beyond what they belong to: names of accounts
/// are not.
pub(crate) fn key(parent: Option<&str>, own: &str) -> String {
    parent.map_or_else(|| own.to_owned(), |parent| format!("{parent}/{own}"))
}

impl State {
    /// Lets a service begin, where nothing has reached it yet: of the kinds that no Action makes
    /// there are those of the documents' examples.
    pub(crate) fn begin(&mut self, service: &ServiceModel) {
        if self.0.contains_key(&service.service) {
            return;
        }
        let is_made = |name: &str| {
            let mut made = service.actions.iter().flat_map(|action| &action.creates);
            made.any(|creates| creates.kind == name)
        };
        let mut kinds: BTreeMap<String, Store<Row>> = BTreeMap::new();
        // What belongs to another kind comes after it.
        let (first, then): (Vec<_>, Vec<_>) = service
            .kinds
            .iter()
            .filter(|(name, _)| keeps(&service.service, name) && !is_made(name))
            .partition(|(_, kind)| kind.parent.is_none());
        for (name, kind) in first.into_iter().chain(then) {
            let parent = kind.parent.as_ref().and_then(|parent| kinds.get(parent));
            let parent = parent.and_then(|rows| rows.iter().next());
            let parent = parent.map(|row| row.id.clone());
            let rows = examples(service, kind).into_iter().map(|fields| {
                let id = fields.get(&kind.id).cloned().unwrap_or_default();
                let mut row = Row::new(kind, parent.as_deref(), id);
                row.fields = fields;
                row
            });
            kinds.insert(name.clone(), rows.collect());
        }
        // A call that is refused leaves nothing behind.
        if !kinds.is_empty() {
            self.0.insert(service.service.clone(), kinds);
        }
    }

    /// The things of a kind.
    pub(crate) fn rows(&self, service: &str, kind: &str) -> impl Iterator<Item = &Row> {
        let rows = self.0.get(service).and_then(|kinds| kinds.get(kind));
        rows.into_iter().flat_map(Store::iter)
    }

    /// All kinds of a service of which there has been one.
    pub(crate) fn kinds(&self, service: &str) -> impl Iterator<Item = (&str, &Store<Row>)> {
        let kinds = self.0.get(service).into_iter().flatten();
        kinds.map(|(name, rows)| (name.as_str(), rows))
    }

    /// What does not fit together: services that there are not, and things that belong to none.
    pub(crate) fn problems(&self, known: &[&str]) -> Vec<String> {
        let mut problems = Vec::new();
        for (service, kinds) in &self.0 {
            if !known.contains(&service.as_str()) {
                problems.push(format!("generic: there is no service {service:?}"));
            }
            for (kind, rows) in kinds {
                let lost = rows.iter().filter(|row| {
                    let parent = row.parent.as_ref();
                    parent.is_some_and(|id| !kinds.values().any(|rows| rows.contains(id)))
                });
                problems.extend(lost.map(|row| {
                    format!("generic.{service}.{kind}: {:?} belongs to nothing", row.id)
                }));
            }
        }
        problems
    }

    /// The things of a kind, to be changed.
    pub(crate) fn rows_mut(&mut self, service: &str, kind: &str) -> &mut Store<Row> {
        let kinds = self.0.entry(service.to_owned()).or_default();
        kinds.entry(kind.to_owned()).or_default()
    }

    /// Takes things away, and what belongs to them.
    pub(crate) fn remove(&mut self, service: &str, kind: &str, keys: &[String]) {
        let Some(kinds) = self.0.get_mut(service) else {
            return;
        };
        if let Some(rows) = kinds.get_mut(kind) {
            for key in keys {
                rows.remove(key);
            }
        }
        for rows in kinds.values_mut() {
            rows.retain(|row| {
                let parent = row.parent.as_ref();
                parent.is_none_or(|parent| !keys.contains(parent))
            });
        }
    }
}

/// The rows of a kind in the example answer of the Action that lists them.
pub(super) fn examples(service: &ServiceModel, kind: &KindModel) -> Vec<Map<String, Json>> {
    let list = service.action(&kind.list);
    let rows = list.zip(service.rows_of(kind));
    let rows = rows.map(|(list, rows)| path::values(&list.answer.example, rows));
    let rows = rows.into_iter().flatten().filter_map(Json::as_object);
    rows.cloned().collect()
}
