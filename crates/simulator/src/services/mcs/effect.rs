//! What the ends of works do to machines.

use super::state::{Condition, MCS};
use crate::cloud::service::TaskEffect;
use crate::cloud::state::Cloud;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the end of a work does here. What has gone meanwhile is passed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    SetCondition {
        instance: String,
        to: Condition,
    },
    /// The machine could not be made: it stays in the state `error`, and the money comes back.
    GiveUp {
        instance: String,
        charge: Option<usize>,
    },
    Rebuild {
        instance: String,
        template: String,
    },
    ChangeType {
        instance: String,
        to: String,
        lease_began: Timestamp,
        lease_ends: Timestamp,
    },
    Refund {
        charge: Option<usize>,
    },
    Remove {
        instance: String,
    },
}

impl TaskEffect for Effect {
    const STATE: &'static str = MCS.name();

    fn apply(self, cloud: &mut Cloud) {
        let now = cloud.now();
        match self {
            Self::SetCondition { instance, to } => {
                if let Some(instance) = cloud[MCS].instances.get_mut(&instance) {
                    instance.condition = if instance.lease_ends <= now {
                        Condition::Suspend
                    } else {
                        to
                    };
                }
            }
            Self::GiveUp { instance, charge } => {
                refund(cloud, charge);
                if let Some(instance) = cloud[MCS].instances.get_mut(&instance) {
                    instance.condition = Condition::Error;
                }
            }
            Self::Rebuild { instance, template } => {
                let Some(template) = cloud[MCS].templates.get(&template).cloned() else {
                    return;
                };
                let Some(instance) = cloud[MCS].instances.get_mut(&instance) else {
                    return;
                };
                if let Some(system) = instance.disks.first_mut() {
                    system.size = template.system_disk;
                }
                instance.template_id = template.id;
                instance.metadata.extend(template.metadata);
                instance.password_made = now;
            }
            Self::ChangeType {
                instance: id,
                to,
                lease_began,
                lease_ends,
            } => {
                let Some(kind) = cloud[MCS].instance_types.get(&to).cloned() else {
                    return;
                };
                let Some(instance) = cloud[MCS].instances.get_mut(&id) else {
                    return;
                };
                instance.type_id = to;
                (instance.lease_began, instance.lease_ends) = (lease_began, lease_ends);
                // Data is not cut off: a disk never shrinks.
                if let Some(data) = instance.disks.get_mut(1) {
                    data.size = data.size.max(kind.volume);
                }
                instance.wake(now);
                cloud.watch_lease(&id);
            }
            Self::Refund { charge } => refund(cloud, charge),
            Self::Remove { instance } => cloud.remove_mcs_instance(&instance),
        }
    }
}

fn refund(cloud: &mut Cloud, charge: Option<usize>) {
    cloud[MCS].wallet.refund(charge);
    cloud.mcs_balance_changed();
}
