//! The service `/ecs/v1` of Capital Online: elastic servers and their images.

mod account;
mod create;
mod describe;
mod disk;
mod effect;
mod event;
mod family;
mod image;
mod monitor;
mod network;
mod operate;
mod power;
mod price;
mod renewal;
mod state;
#[cfg(test)]
pub(crate) mod tests;
mod zone;

pub(crate) use effect::Effect;
pub(crate) use event::describe as describe_event;
pub(crate) use image::Image;
pub(crate) use price::{disk_price, per_day_of_disk};
pub(crate) use renewal::renew;
pub(crate) use state::{Os, Power, Server, State, index, problems};
pub(crate) use zone::{Zone, zones};

use crate::cloud::call::{self, Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::world::World;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    let tables = [
        account::ACTIONS,
        create::ACTIONS,
        describe::ACTIONS,
        event::ACTIONS,
        family::ACTIONS,
        image::ACTIONS,
        monitor::ACTIONS,
        operate::ACTIONS,
        power::ACTIONS,
        price::ACTIONS,
        zone::ACTIONS,
    ];
    call::find(&tables, action)
}

/// What the works of this service are called, and how long they take.
mod work {
    use crate::cloud::task::{Dialect, Work};

    const fn work(kind: &'static str, least: u32, most: u32) -> Work {
        Work { dialect: Dialect::EcsEvent, kind, least, most }
    }

    // `EventType` of `DescribeEvent`: only `create_ecs` is documented. Those of power are the values of `OpType`.
    pub(super) const CREATE: Work = work("create_ecs", 30, 90);
    pub(super) const DELETE: Work = work("delete_ecs", 20, 60);
    pub(super) const START: Work = work("start_up_ecs", 10, 40);
    pub(super) const STOP: Work = work("shutdown_ecs", 10, 40);
    pub(super) const RESTART: Work = work("restart_ecs", 20, 60);
    pub(super) const SWITCH_OFF: Work = work("hard_shutdown_ecs", 5, 15);
    pub(super) const PASSWORD: Work = work("reset_password", 5, 20);
    pub(super) const CREATE_IMAGE: Work = work("create_image", 120, 300);
    pub(super) const DELETE_IMAGE: Work = work("delete_image", 10, 30);
    pub(super) const SYNC_IMAGE: Work = work("sync_image", 120, 300);
}

/// A text that is given and not empty.
pub(crate) fn filled<'a>(call: &Call<'a>, name: &str) -> Result<&'a str, Refusal> {
    let text = call.params.text(name).ok_or_else(|| call.missing(name))?;
    if text.is_empty() { Err(empty(name)) } else { Ok(text) }
}

/// The ids of a list, each once; at least one.
pub(crate) fn ids(call: &Call, name: &str) -> Result<Vec<String>, Refusal> {
    let mut ids: Vec<String> = Vec::new();
    for id in call.params.texts(name) {
        if id.is_empty() {
            return Err(empty(name));
        }
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    if ids.is_empty() { Err(empty(name)) } else { Ok(ids) }
}

/// The ids of a JSON array in a text; `None` where all are meant.
pub(crate) fn ids_in_text(call: &Call, name: &str) -> Result<Option<Vec<String>>, Refusal> {
    let Some(text) = call.params.text(name).filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let is_broken = text.trim_start().starts_with('[') && serde_json::from_str::<Vec<String>>(text).is_err();
    if is_broken { Err(call.malformed(name, "it is not a JSON array of texts")) } else { Ok(Some(call.params.several(name))) }
}

fn empty(name: &str) -> Refusal {
    Refusal::new("InvalidParameter.IsNull", format!("The parameter {name} is empty"))
}

/// The answer of an Action that starts an event.
pub(crate) fn started(event: &str) -> Json {
    json!({"Data": {"EventId": event}})
}

/// Times as the document's answers write them.
pub(crate) fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The day of a name that is made, as in the document's examples.
pub(crate) fn day(world: &World) -> String {
    world.now().strftime("%Y%m%d").to_string()
}
