//! The service `/vpc` of Capital Online: VPCs with subnets, gateways, EIPs and bandwidths.

mod bandwidth;
mod binding;
mod effect;
mod eip;
mod flow;
mod metering;
mod net;
mod price;
mod site;
mod state;
#[cfg(test)]
mod tests;
mod usage;
mod vlink;
mod vpcs;

pub(crate) use effect::Effect;
pub(crate) use metering::renew;
pub(crate) use state::{Eip, Net, State, index, problems};

use crate::cloud::call::{self, Call, Handler};
use crate::cloud::refusal::Refusal;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    let tables = [
        bandwidth::ACTIONS,
        binding::ACTIONS,
        eip::ACTIONS,
        flow::ACTIONS,
        net::ACTIONS,
        price::ACTIONS,
        usage::ACTIONS,
        vlink::ACTIONS,
        vpcs::ACTIONS,
    ];
    call::find(&tables, action)
}

/// What task dialect and names the works of this service have, and how long they take.
mod work {
    use crate::cloud::task::{Dialect, Work};

    const fn work(kind: &'static str, least: u32, most: u32) -> Work {
        Work { dialect: Dialect::CdsTask, kind, least, most }
    }

    pub(super) const CREATE_VPC: Work = work("createVpc", 10, 40);
    pub(super) const DELETE_VPC: Work = work("deleteVpc", 10, 40);
    pub(super) const CREATE_NET: Work = work("createSubnet", 10, 40);
    pub(super) const DELETE_NET: Work = work("deleteSubnet", 5, 30);
    pub(super) const EIP: Work = work("updateEip", 5, 30);
    pub(super) const BANDWIDTH: Work = work("updateBandwidth", 5, 30);
    pub(super) const VLINK: Work = work("updateInterface", 10, 40);
    /// `CreateEIP` and `ReserveIPAndBindEIP` answer without a task.
    pub(super) const CREATE_EIP: Work = Work { dialect: Dialect::Unasked, ..work("createEip", 5, 20) };
    pub(super) const RESERVE: Work = Work { dialect: Dialect::Unasked, ..work("reserveIp", 5, 20) };
}

/// The service documents no error codes at all: these are Alibaba's names for what is not there, what a task works on or is in
/// the wrong state, and what others need.
fn not_found(kind: &str, id: &str) -> Refusal {
    Refusal::new(format!("Invalid{kind}.NotFound"), format!("There is no {} {id}", kind.trim_end_matches("Id")))
}

fn wrong_state(text: impl Into<String>) -> Refusal {
    Refusal::new("IncorrectStatus", text)
}

fn in_use(text: impl Into<String>) -> Refusal {
    Refusal::new("DependencyViolation", text)
}

/// The answer of an Action that starts a task.
fn started(task: &str) -> Json {
    json!({"Data": {}, "TaskId": task})
}

/// Times as the document's answers write them. It does not tell their zone; here it is UTC.
fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

impl Call<'_> {
    /// Refuses a resource that a task works on.
    fn idle(&self, id: &str) -> Result<(), Refusal> {
        match self.world.tasks.shown(id) {
            None => Ok(()),
            Some(state) => Err(wrong_state(format!("{id} is {state}"))),
        }
    }
}
