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
    /// They go, and what belongs to them.
    Remove(Vec<String>),
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
            What::Remove(keys) => state.remove(&service, &kind, &keys),
        }
    }
}
