//! What the ends of tasks do to things.

use super::state::{GENERIC, Row};
use crate::cloud::service::TaskEffect;
use crate::cloud::state::Cloud;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// What happens to things of one kind. What has gone meanwhile is passed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Effect {
    pub(crate) service: String,
    pub(crate) kind: String,
    pub(crate) what: What,
}

/// What happens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum What {
    /// They are there from now on.
    Add(Vec<Row>),
    /// They have these values from now on.
    Change {
        keys: Vec<String>,
        fields: Map<String, Json>,
    },
    /// They are like this from now on.
    Replace(Vec<Row>),
    /// They go, and what belongs to them.
    Remove(Vec<String>),
}

/// Gives things of a kind values, for a service that has code of its own too.
pub(crate) fn change(
    service: &str,
    kind: &str,
    keys: Vec<String>,
    fields: Map<String, Json>,
) -> Effect {
    Effect {
        service: service.to_owned(),
        kind: kind.to_owned(),
        what: What::Change { keys, fields },
    }
}

impl TaskEffect for Effect {
    const STATE: &'static str = GENERIC.name();

    fn apply(self, cloud: &mut Cloud) {
        let Self {
            service,
            kind,
            what,
        } = self;
        let state = &mut cloud[GENERIC];
        match what {
            What::Add(rows) => {
                for row in rows {
                    state.rows_mut(&service, &kind).insert(row);
                }
            }
            What::Change { keys, fields } => {
                let rows = state.rows_mut(&service, &kind);
                for key in &keys {
                    if let Some(row) = rows.get_mut(key) {
                        row.fields.extend(fields.clone());
                    }
                }
            }
            What::Replace(rows) => {
                let known = state.rows_mut(&service, &kind);
                for row in rows {
                    if let Some(known) = known.get_mut(&row.id) {
                        *known = row;
                    }
                }
            }
            What::Remove(keys) => state.remove(&service, &kind, &keys),
        }
    }
}
