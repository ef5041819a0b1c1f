//! The service `/ccs` of Capital Online: cloud servers and what belongs to them.

mod create;
mod describe;
mod disk;
mod instance;
mod interface;
mod price;
mod public;
mod rule;
mod security_group;
mod tag;
mod template;

pub(crate) use describe::described;
pub(crate) use security_group::described as described_group;

use super::params::Params;
use super::refusal::Refusal;
use super::world::World;
use crate::catalog::Action;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// A call whose parameters fit the catalogue.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) action: &'a Action,
    pub(crate) params: Params<'a>,
}

/// What carries an Action out: its answer, or why not.
pub(crate) type Handler = fn(&mut Call<'_>) -> Result<Json, Refusal>;

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    let tables = [
        create::ACTIONS,
        describe::ACTIONS,
        disk::ACTIONS,
        instance::ACTIONS,
        interface::ACTIONS,
        price::ACTIONS,
        public::ACTIONS,
        rule::ACTIONS,
        security_group::ACTIONS,
        tag::ACTIONS,
        template::ACTIONS,
    ];
    tables.into_iter().flatten().find(|(name, _)| *name == action).map(|(_, handler)| *handler)
}

impl Call<'_> {
    fn malformed(&self, name: &str, why: &str) -> Refusal {
        Refusal::malformed(self.action, name, why)
    }

    fn missing(&self, name: &str) -> Refusal {
        Refusal::missing(self.action, name)
    }

    /// Refuses a value that a reference table of the product lacks.
    fn in_table(&self, table: &str, value: &str, refusal: impl FnOnce() -> Refusal) -> Result<(), Refusal> {
        let known = |table: &crate::catalog::Table| table.values.iter().any(|known| known.value == value);
        if self.action.product.tables.get(table).is_none_or(known) { Ok(()) } else { Err(refusal()) }
    }

    /// Refuses a zone that the product does not have.
    fn zone(&self, name: &str) -> Result<(), Refusal> {
        let zone = self.params.required(name);
        self.in_table("Region", zone, || self.malformed(name, "it is not a zone"))
    }

    /// The servers of a list or of a comma-separated text, each once; none that a task works on.
    fn idle_instances(&mut self, ids: &[&str]) -> Result<Vec<String>, Refusal> {
        let mut found: Vec<String> = Vec::new();
        for id in ids {
            self.world.idle(id)?;
            if !found.iter().any(|known| known == id) {
                found.push((*id).to_owned());
            }
        }
        if found.is_empty() { Err(self.malformed("InstanceIds", "it names no server")) } else { Ok(found) }
    }
}

/// The answer of an Action that starts a task.
fn started(task: u64) -> Json {
    json!({"TaskId": task.to_string()})
}

/// The answer of an Action that starts a task and has an empty `Data`.
fn started_with_data(task: u64) -> Json {
    json!({"Data": {}, "TaskId": task.to_string()})
}

/// The answer of an Action that is done at once and still has the fields of a task.
fn done_at_once() -> Json {
    json!({"Data": {}, "TaskId": ""})
}

/// Times as the document's answers write them.
fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A page of a list, its number, and how many pages there are.
fn page<T>(items: Vec<T>, number: u64, size: u64) -> (Vec<T>, u64) {
    let size = size.max(1);
    let pages = (items.len() as u64).div_ceil(size);
    let skip = usize::try_from(number.saturating_sub(1).saturating_mul(size)).unwrap_or(usize::MAX);
    let take = usize::try_from(size).unwrap_or(usize::MAX);
    (items.into_iter().skip(skip).take(take).collect(), pages)
}
