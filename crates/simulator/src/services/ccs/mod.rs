//! The service `/ccs` of Capital Online: cloud servers and what belongs to them.

mod create;
mod describe;
mod disk;
mod effect;
mod image;
mod instance;
mod interface;
mod payment;
mod price;
mod public;
mod rule;
mod security_group;
mod shown;
mod state;
mod tag;
mod template;

pub(crate) use effect::Effect;
pub(crate) use payment::renew;
pub(crate) use state::{Instance, State, index, problems};

use crate::cloud::call::{self, Call, Handler};
use crate::cloud::refusal::Refusal;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

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
    call::find(&tables, action)
}

/// What task dialect and names the works of this service have, and how long they take.
mod work {
    use crate::cloud::task::{Dialect, Work};

    const fn work(kind: &'static str, least: u32, most: u32) -> Work {
        Work { dialect: Dialect::CdsTask, kind, least, most }
    }

    // `TaskType` of `DescribeTask`: two are documented, `orderCreateVM` and `newOrderUpdateVM`.
    pub(super) const CREATE: Work = work("orderCreateVM", 60, 180);
    pub(super) const UPDATE: Work = work("newOrderUpdateVM", 20, 60);
    pub(super) const DELETE: Work = work("orderDeleteVM", 20, 60);
    pub(super) const POWER: Work = work("powerVM", 10, 40);
    pub(super) const HARD_STOP: Work = work("powerVM", 2, 5);
    pub(super) const REINSTALL: Work = work("resetImageVM", 60, 180);
    pub(super) const PASSWORD: Work = work("resetPasswordVM", 5, 20);
    pub(super) const DISK: Work = work("newOrderUpdateVM", 15, 45);
    pub(super) const INTERFACE: Work = work("updateInterface", 5, 30);
    pub(super) const TEMPLATE: Work = work("template", 120, 300);
    pub(super) const SECURITY_GROUP: Work = work("securityGroup", 3, 15);
}

impl Call<'_> {
    /// The servers of a list or of a comma-separated text, each once; none that a task works on.
    fn idle_instances(&self, ids: &[&str]) -> Result<Vec<String>, Refusal> {
        let mut found: Vec<String> = Vec::new();
        for id in ids {
            self.world.idle_instance(id)?;
            if !found.iter().any(|known| known == id) {
                found.push((*id).to_owned());
            }
        }
        if found.is_empty() { Err(self.malformed("InstanceIds", "it names no server")) } else { Ok(found) }
    }
}

/// The answer of an Action that starts a task.
fn started(task: &str) -> Json {
    json!({"TaskId": task})
}

/// The answer of an Action that starts a task and has an empty `Data`.
fn started_with_data(task: &str) -> Json {
    json!({"Data": {}, "TaskId": task})
}

/// The answer of an Action that is done at once and still has the fields of a task.
fn done_at_once() -> Json {
    json!({"Data": {}, "TaskId": ""})
}

/// Times as the document's answers write them.
fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
