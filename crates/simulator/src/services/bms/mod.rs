//! The service `/bms` of Capital Online: bare-metal servers.

mod describe;
mod effect;
mod operate;
mod order;
mod price;
mod ready;
mod renewal;
mod state;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use effect::Effect;
pub(crate) use renewal::renew;
pub(crate) use state::{State, index, problems};

use crate::cloud::call::{self, Call, Handler};

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    call::find(&[describe::ACTIONS, operate::ACTIONS, order::ACTIONS, price::ACTIONS, renewal::ACTIONS], action)
}

/// What names the works of this service have, and how long they take.
mod work {
    use crate::cloud::task::{Dialect, Work};

    const fn work(kind: &'static str, least: u32, most: u32) -> Work {
        Work { dialect: Dialect::BmsTask, kind, least, most }
    }

    pub(super) const CREATE: Work = work("create_bms", 300, 900);
    pub(super) const POWER: Work = work("power_bms", 30, 120);
    pub(super) const REINSTALL: Work = work("reinstall_bms", 300, 900);
    pub(super) const DELETE: Work = work("delete_bms", 60, 180);
}

/// The document's examples are in this zone, which its appendix of zones lacks.
const EXAMPLES_ZONE: &str = "CN_Beijing_F";

/// Whether bare metal stands in a zone; nothing where there is no such zone. The appendix of zones marks those that have some.
pub(crate) fn has_bare_metal(call: &Call, zone: &str) -> Option<bool> {
    let known = call.table("Region").iter().find(|known| known.value == zone);
    known.map(|known| known.label.contains("bare metal")).or((zone == EXAMPLES_ZONE).then_some(true))
}
