//! What is done to machines that are there.

use super::answers::done;
use super::create::{instance_type, template};
use super::lease::{Term, pay};
use super::refusals::{refusal, too_expensive};
use super::state::{Condition, Instance, MCS};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::{Plan, Work};
use jiff::Timestamp;
use serde_json::Value as Json;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("StartInstance", |call| {
        power(
            call,
            Condition::Ready,
            Condition::Running,
            work::START,
            "starting",
        )
    }),
    ("StopInstance", stop),
    ("RebootInstance", |call| {
        power(
            call,
            Condition::Running,
            Condition::Running,
            work::REBOOT,
            "rebooting",
        )
    }),
    ("RebuildInstanceRootImage", rebuild),
    ("TerminateInstance", terminate),
    ("ChangeInstanceType", change_type),
];

impl Instance {
    /// Lets a machine that was suspended be used again, if its lease runs.
    pub(super) fn wake(&mut self, now: Timestamp) {
        if self.condition == Condition::Suspend && self.lease_ends > now {
            self.condition = Condition::Ready;
        }
    }
}

impl Call<'_> {
    /// The machine that `InstanceId` names, by id or by name.
    pub(super) fn instance_of_mcs(&self) -> Result<Instance, Refusal> {
        self.cloud
            .mcs_instance(self.params.required("InstanceId"))
            .cloned()
    }

    /// The same where nothing is being done to it.
    pub(super) fn idle_instance_of_mcs(&self) -> Result<Instance, Refusal> {
        let instance = self.instance_of_mcs()?;
        match self.cloud.tasks.state_of(&instance.id) {
            None => Ok(instance),
            Some(state) => Err(in_wrong_state(&instance, state)),
        }
    }
}

fn in_wrong_state(instance: &Instance, state: &str) -> Refusal {
    refusal(
        409,
        format!("Instance {} is in status {state}", instance.name),
    )
}

fn in_condition(instance: &Instance, conditions: &[Condition]) -> Result<(), Refusal> {
    let fits = conditions.contains(&instance.condition);
    if fits {
        Ok(())
    } else {
        Err(in_wrong_state(instance, instance.condition.word()))
    }
}

fn stop(call: &mut Call) -> Result<Json, Refusal> {
    let work = if call.params.flag("Force") == Some(true) {
        work::CUT_OFF
    } else {
        work::STOP
    };
    power(call, Condition::Running, Condition::Ready, work, "stopping")
}

fn power(
    call: &mut Call,
    from: Condition,
    to: Condition,
    work: Work,
    showing: &'static str,
) -> Result<Json, Refusal> {
    let instance = call.idle_instance_of_mcs()?;
    in_condition(&instance, &[from])?;
    let effect = Effect::SetCondition {
        instance: instance.id.clone(),
        to,
    };
    call.cloud.start(
        Plan::holding(work, vec![instance.id])
            .showing(showing)
            .then(effect),
    );
    Ok(done())
}

/// A machine comes back in the state that it was in.
fn rebuild(call: &mut Call) -> Result<Json, Refusal> {
    let instance = call.idle_instance_of_mcs()?;
    in_condition(&instance, &[Condition::Running, Condition::Ready])?;
    let image = template(
        call.cloud,
        call.params.text("ImageId").unwrap_or(&instance.template_id),
    )?
    .id
    .clone();
    let effect = Effect::Rebuild {
        instance: instance.id.clone(),
        template: image,
    };
    call.cloud.start(
        Plan::holding(work::REBUILD, vec![instance.id])
            .showing("rebuilding")
            .then(effect),
    );
    Ok(done())
}

/// Whatever state it is in; what is left of the lease is lost. The document leaves both open.
fn terminate(call: &mut Call) -> Result<Json, Refusal> {
    let instance = call.idle_instance_of_mcs()?;
    let effect = Effect::Remove {
        instance: instance.id.clone(),
    };
    call.cloud.start(
        Plan::holding(work::TERMINATE, vec![instance.id])
            .showing("deleting")
            .then(effect),
    );
    Ok(done())
}

/// A new lease begins now; what is left of the old one is lost. The document leaves that open, and
/// the wanted state.
fn change_type(call: &mut Call) -> Result<Json, Refusal> {
    let term = Term::of(call)?;
    let instance = call.idle_instance_of_mcs()?;
    in_condition(&instance, &[Condition::Running, Condition::Ready])?;
    let kind = instance_type(call.cloud, call.params.required("InstanceType"))?.clone();
    let price = term.price(&kind);
    if !call.cloud[MCS].wallet.covers(price) {
        return Err(too_expensive());
    }
    let charge = pay(call, price, &instance.id)?;
    let now = call.cloud.now();
    let id = instance.id.clone();
    let effect = Effect::ChangeType {
        instance: id,
        to: kind.id,
        lease_began: now,
        lease_ends: term.end(now),
    };
    let plan = Plan::holding(work::CHANGE, vec![instance.id])
        .showing("resizing")
        .then(effect)
        .or_else(Effect::Refund { charge });
    call.cloud.start(plan);
    Ok(done())
}
