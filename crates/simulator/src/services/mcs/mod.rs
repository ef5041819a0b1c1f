//! Meituan's cloud servers. No Action tells of tasks here: the states of the machines show how far a work has come.

mod create;
mod describe;
mod effect;
mod instance;
mod key;
mod lease;
mod list;
mod metadata;
mod offer;
mod public_key;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use effect::Effect;
pub(crate) use state::{State, index, pass, problems};

use crate::cloud::call::{self, Call, Handler};
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    let tables =
        [create::ACTIONS, describe::ACTIONS, instance::ACTIONS, key::ACTIONS, lease::ACTIONS, metadata::ACTIONS, offer::ACTIONS];
    call::find(&tables, action)
}

/// How long the works of this service take. The document gives one figure: a soft stop ends after 30 seconds.
mod work {
    use crate::cloud::task::{Dialect, Work};

    const fn work(kind: &'static str, least: u32, most: u32) -> Work {
        Work { dialect: Dialect::Unasked, kind, least, most }
    }

    pub(super) const CREATE: Work = work("create_instance", 20, 60);
    pub(super) const START: Work = work("start_instance", 5, 20);
    pub(super) const STOP: Work = work("stop_instance", 5, 30);
    pub(super) const CUT_OFF: Work = work("cut_off_instance", 1, 3);
    pub(super) const REBOOT: Work = work("reboot_instance", 10, 40);
    pub(super) const REBUILD: Work = work("rebuild_root_image", 40, 120);
    pub(super) const CHANGE: Work = work("change_instance_type", 15, 60);
    pub(super) const TERMINATE: Work = work("terminate_instance", 5, 20);
}

/// A refusal in the product's way: its codes are HTTP statuses.
fn refusal(status: u16, message: impl Into<String>) -> Refusal {
    Refusal::new(status.to_string(), message).with_status(status)
}

/// The charge is more than the account has; the text is the document's.
fn too_expensive() -> Refusal {
    refusal(406, "No enough balance")
}

/// The answer of an Action that only says that it was done.
fn done() -> Json {
    json!({"return": "True"})
}

/// A name that a person gives: what the document leaves open is held to what its answers can show.
fn acceptable_name<'a>(call: &Call<'a>, parameter: &str) -> Result<&'a str, Refusal> {
    let name = call.params.required(parameter).trim();
    let fits = !name.is_empty() && name.chars().count() <= 128 && !name.chars().any(char::is_control);
    let refusal = || call.malformed(parameter, "it must have 1 to 128 characters");
    if fits { Ok(name) } else { Err(refusal()) }
}
