//! The resources: found, checked and changed for the Actions and the ends of tasks.

use super::refusals::refusal;
use super::state::{Condition, Instance, MCS};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;

impl Cloud {
    /// A machine by its id, otherwise by its name.
    pub(super) fn mcs_instance(&self, id_or_name: &str) -> Result<&Instance, Refusal> {
        let instances = &self[MCS].instances;
        if let Some(instance) = instances.get(id_or_name) {
            return Ok(instance);
        }
        let mut named = instances
            .iter()
            .filter(|instance| instance.name == id_or_name);
        match (named.next(), named.next()) {
            (Some(instance), None) => Ok(instance),
            (Some(_), Some(_)) => Err(refusal(
                409,
                format!("Several instances are called {id_or_name}; give the id of one"),
            )),
            (None, _) => Err(refusal(404, format!("Instance {id_or_name} not found"))),
        }
    }

    /// As `status` writes it.
    pub(super) fn mcs_status<'a>(&'a self, instance: &Instance) -> &'a str {
        self.tasks
            .state_of(&instance.id)
            .unwrap_or(instance.condition.word())
    }

    /// Takes a machine away and sets its address free.
    pub(super) fn remove_mcs_instance(&mut self, id: &str) {
        if let Some(address) = self[MCS]
            .instances
            .remove(id)
            .and_then(|instance| instance.address)
        {
            self.addresses
                .release(&self.states[MCS].network.id, address);
        }
    }

    /// Sees to it that a machine's lease is looked at when it ends.
    pub(super) fn watch_lease(&mut self, id: &str) {
        if let Some(instance) = self[MCS].instances.get(id) {
            let is_over = instance.condition == Condition::Suspend;
            let next = if is_over {
                instance.kept_until()
            } else {
                instance.lease_ends
            };
            self[MCS].leases.insert((next, id.to_owned()));
        }
    }

    /// Notes that money has moved.
    pub(super) fn mcs_balance_changed(&mut self) {
        self[MCS].balance_changed = Some(self.now());
    }
}

/// Suspends the machines whose lease has ended, and takes away those that were kept long enough.
pub(crate) fn pass(cloud: &mut Cloud) {
    let now = cloud.now();
    while cloud[MCS]
        .leases
        .first()
        .is_some_and(|(time, _)| *time <= now)
    {
        let Some((_, id)) = cloud[MCS].leases.pop_first() else {
            return;
        };
        let Some(instance) = cloud[MCS].instances.get_mut(&id) else {
            continue;
        };
        if instance.kept_until() <= now {
            cloud.remove_mcs_instance(&id);
            continue;
        }
        if instance.lease_ends <= now && instance.condition != Condition::Error {
            instance.condition = Condition::Suspend;
        }
        let next = if instance.lease_ends <= now {
            instance.kept_until()
        } else {
            instance.lease_ends
        };
        cloud[MCS].leases.insert((next, id));
    }
}
