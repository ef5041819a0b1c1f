//! Starting, stopping and restarting servers.

use super::answers::started;
use super::arguments::{filled, ids};
use super::state::Power;
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::Value as Json;

pub(super) const ACTIONS: &[(&str, Handler)] = &[("OperateInstance", operate)];

fn operate(call: &mut Call) -> Result<Json, Refusal> {
    let (work, from, to) = match filled(call, "OpType")? {
        "start_up_ecs" => (work::START, Power::Shutdown, Power::Running),
        "shutdown_ecs" => (work::STOP, Power::Running, Power::Shutdown),
        "restart_ecs" => (work::RESTART, Power::Running, Power::Running),
        "hard_shutdown_ecs" => (work::SWITCH_OFF, Power::Running, Power::Shutdown),
        // The vendor enables accounts for it one by one.
        "free_shutdown_ecs" => {
            let text =
                "The account is not enabled for servers that cost nothing while they are off";
            return Err(Refusal::new("InvalidOperation", text));
        }
        _ => return Err(call.malformed("OpType", "there is no such operation")),
    };
    let servers = call.batch(&ids(call, "EcsIds")?)?;
    for id in &servers {
        let server = call.cloud.idle_ecs_server(id)?;
        if server.power != from {
            return Err(call.cloud.wrong_state(server));
        }
        call.cloud.paid_ecs_server(server)?;
    }
    let plan = Plan::holding(work, servers.clone()).then(Effect::SetPower { servers, to });
    Ok(started(&call.cloud.start(plan)))
}

impl Call<'_> {
    /// Servers that may be worked on together: none is busy, and all lie in one zone and one VPC.
    pub(super) fn batch(&self, ids: &[String]) -> Result<Vec<String>, Refusal> {
        let mut places = Vec::new();
        for id in ids {
            let server = self.cloud.ecs_server(id)?;
            places.push((&server.zone, self.cloud.ecs_vpc_of(server)));
        }
        if places.iter().any(|(zone, _)| *zone != places[0].0) {
            return Err(Refusal::new(
                "InvalidOperation.AzMismatch",
                "The servers do not lie in one zone",
            ));
        }
        if places.iter().any(|(_, vpc)| *vpc != places[0].1) {
            return Err(Refusal::new(
                "InvalidOperation.VpcMismatch",
                "The servers do not lie in one VPC",
            ));
        }
        for id in ids {
            self.cloud.idle_ecs_server(id)?;
        }
        Ok(ids.to_vec())
    }
}
