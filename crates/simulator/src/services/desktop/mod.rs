//! The service `/gcw` of Capital Online: cloud desktops with their sub-accounts and networks.

mod account;
mod binding;
mod content;
mod describe;
mod effect;
mod goods;
mod line;
mod network;
mod operate;
mod order;
mod price;
mod ready;
mod renewal;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use effect::Effect;
pub(crate) use renewal::renew;
pub(crate) use state::{State, index, problems};

use crate::cloud::call::{self, Call, Handler};
use crate::cloud::refusal::Refusal;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    let tables = [
        account::ACTIONS,
        binding::ACTIONS,
        describe::ACTIONS,
        goods::ACTIONS,
        line::ACTIONS,
        network::ACTIONS,
        operate::ACTIONS,
        order::ACTIONS,
        price::ACTIONS,
        renewal::ACTIONS,
    ];
    call::find(&tables, action)
}

/// What names the works of this service have, and how long they take.
mod work {
    use crate::cloud::task::{Dialect, Work};

    const fn work(kind: &'static str, least: u32, most: u32) -> Work {
        Work { dialect: Dialect::DesktopTask, kind, least, most }
    }

    pub(super) const CREATE: Work = work("create_desktop", 120, 300);
    pub(super) const POWER: Work = work("power_desktop", 20, 60);
    pub(super) const REBUILD: Work = work("rebuild_desktop", 120, 300);
    pub(super) const DELETE: Work = work("delete_desktop", 30, 90);
    pub(super) const CONFIGURE: Work = work("configure_desktop_net", 20, 60);
    pub(super) const NETWORK: Work = work("create_desktop_net", 60, 180);
    /// A sub-account has a state instead of a task.
    pub(super) const ACCOUNT: Work = Work { dialect: Dialect::Unasked, kind: "create_sub_account", least: 2, most: 8 };
}

/// A parameter of a wrong form, or one that is not there.
const MALFORMED: &str = "10003";
/// A parameter names what is not there or not sold.
const UNKNOWN: &str = "10006";

/// What is paid on demand has this end.
const NEVER: Timestamp = Timestamp::constant(4_070_880_000, 0);

/// A text that is required and not empty.
fn filled<'a>(call: &Call<'a>, name: &str) -> Result<&'a str, Refusal> {
    let text = call.params.required(name);
    if text.trim().is_empty() { Err(Refusal::new(MALFORMED, format!("The parameter {name} is empty"))) } else { Ok(text) }
}

/// A whole number that is written as a text, 1 at least.
fn number(call: &Call, name: &str, default: u64) -> Result<u64, Refusal> {
    if call.params.0.get(name).is_none() {
        return Ok(default);
    }
    let number = call.params.number(name).and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0);
    number.ok_or_else(|| Refusal::new(MALFORMED, format!("The parameter {name} is not a whole number above 0")))
}

/// A text that says 1.
fn says_yes(call: &Call, name: &str, default: bool) -> bool {
    call.params.text(name).map_or(default, |text| text == "1")
}

/// The ids of a list, each once; one at least.
fn ids<'a>(call: &Call<'a>, name: &str) -> Result<Vec<&'a str>, Refusal> {
    let mut ids: Vec<&str> = Vec::new();
    for id in call.params.texts(name) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.is_empty() { Err(Refusal::new(MALFORMED, format!("The parameter {name} is empty"))) } else { Ok(ids) }
}

/// The answer of an Action that is done at once.
fn done() -> Json {
    json!({"Data": null})
}
