//! What the ends of tasks do to servers and what belongs to them.

use super::state::{
    CCS, Disk, DiskPlan, Member, MemberStatus, Paid, Power, Rule, SecurityGroup, Template,
};
use crate::cloud::service::TaskEffect;
use crate::cloud::state::Cloud;
use crate::services::vdc::VDC;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// What the end of a task does here. What has gone meanwhile is passed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    /// Those whose term has ended meanwhile stay off.
    SetPower {
        instances: Vec<String>,
        to: Power,
    },
    RemoveInstances {
        instances: Vec<String>,
    },
    /// The order was not carried out: the money comes back.
    CancelOrder {
        instances: Vec<String>,
        charge: Option<usize>,
    },
    ChangeChargeType {
        instance: String,
        to: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        paid: Option<Paid>,
    },
    Resize {
        instance: String,
        cpu: Option<u64>,
        ram: Option<u64>,
        kind: Option<String>,
    },
    Reinstall {
        instance: String,
        image: String,
        size: u64,
        #[serde(default)]
        is_activated: bool,
    },
    AddDisks {
        instance: String,
        disks: Vec<Disk>,
    },
    ResizeDisk {
        instance: String,
        disk: String,
        size: u64,
        packages: u64,
    },
    ExtendSystemDisk {
        instance: String,
        size: u64,
        packages: u64,
    },
    RemoveDisks {
        instance: String,
        disks: Vec<String>,
    },
    Connect {
        instance: String,
        interface: String,
        connected: bool,
    },
    Readdress {
        instance: String,
        interface: String,
        address: Option<Ipv4Addr>,
        ipv6: Option<String>,
    },
    AddInterfaces {
        network: String,
        addresses: Vec<(String, Ipv4Addr)>,
    },
    RemoveInterfaces {
        instances: Vec<String>,
        interfaces: Vec<String>,
    },
    RemoveGroup {
        group: String,
    },
    JoinGroup {
        group: String,
        interfaces: BTreeMap<String, String>,
    },
    LeaveGroup {
        group: String,
        interfaces: BTreeMap<String, String>,
    },
    /// Those that are leaving the group go on, unless that has failed.
    SetMembers {
        group: String,
        interfaces: Vec<String>,
        to: MemberStatus,
    },
    LeaveNetworkGroup {
        group: String,
        interfaces: Vec<String>,
    },
    AddRule {
        group: String,
        rule: Rule,
    },
    RemoveRules {
        group: String,
        rules: Vec<String>,
    },
    PrioritiseRules {
        group: String,
        priorities: BTreeMap<String, u64>,
    },
    MakeTemplate {
        id: String,
        name: String,
        image: String,
        system_size: u64,
        #[serde(default)]
        disks: Vec<DiskPlan>,
        region: String,
    },
    CopyTemplate {
        template: String,
        region: String,
    },
    TakeTemplate {
        template: String,
        region: String,
    },
}

impl TaskEffect for Effect {
    const STATE: &'static str = CCS.name();

    #[expect(clippy::too_many_lines, reason = "an arm an effect")]
    fn apply(self, cloud: &mut Cloud) {
        match self {
            Self::SetPower { instances, to } => {
                let now = cloud.now();
                for id in &instances {
                    cloud.change_instance(id, |instance| {
                        instance.power = if instance.has_lapsed(now) {
                            Power::Stopped
                        } else {
                            to
                        }
                    });
                }
            }
            Self::RemoveInstances { instances } => cloud.remove_instances(&instances),
            Self::CancelOrder { instances, charge } => {
                cloud.refund(charge);
                cloud.remove_instances(&instances);
            }
            Self::ChangeChargeType { instance, to, paid } => {
                cloud.expect_end(paid.as_ref());
                cloud.change_instance(&instance, |instance| {
                    (instance.charge_type, instance.paid) = (to, paid);
                });
            }
            Self::Resize {
                instance,
                cpu,
                ram,
                kind,
            } => cloud.change_instance(&instance, |instance| {
                instance.cpu = cpu.unwrap_or(instance.cpu);
                instance.ram = ram.unwrap_or(instance.ram);
                instance.kind = kind.unwrap_or_else(|| std::mem::take(&mut instance.kind));
            }),
            Self::Reinstall {
                instance,
                image,
                size,
                is_activated,
            } => {
                let now = cloud.now();
                cloud.change_instance(&instance, |instance| {
                    (instance.image, instance.is_activated) = (image, is_activated);
                    instance.system.size = instance.system.size.max(size);
                    instance.power = if instance.has_lapsed(now) {
                        Power::Stopped
                    } else {
                        Power::Running
                    };
                });
            }
            Self::AddDisks { instance, disks } => {
                cloud.change_instance(&instance, |instance| instance.disks.extend(disks));
            }
            Self::ResizeDisk {
                instance,
                disk,
                size,
                packages,
            } => cloud.change_instance(&instance, |instance| {
                for disk in instance.disks.iter_mut().filter(|own| own.id == disk) {
                    (disk.size, disk.packages) = (size, packages);
                }
            }),
            Self::ExtendSystemDisk {
                instance,
                size,
                packages,
            } => {
                cloud.change_instance(&instance, |instance| {
                    (instance.system.size, instance.system.packages) = (size, packages);
                });
            }
            Self::RemoveDisks { instance, disks } => {
                cloud.change_instance(&instance, |instance| {
                    instance.disks.retain(|disk| !disks.contains(&disk.id));
                });
            }
            Self::Connect {
                instance,
                interface,
                connected,
            } => cloud.change_instance(&instance, |instance| {
                for own in instance
                    .interfaces
                    .iter_mut()
                    .filter(|own| own.id == interface)
                {
                    own.connected = connected;
                }
            }),
            Self::Readdress {
                instance,
                interface,
                address,
                ipv6,
            } => readdress(cloud, &instance, &interface, address, ipv6),
            Self::AddInterfaces { network, addresses } => {
                for (instance, address) in addresses
                    .into_iter()
                    .filter(|_| cloud[VDC].networks.contains(&network))
                    .collect::<Vec<_>>()
                {
                    if cloud[CCS].instances.contains(&instance) {
                        let interface = cloud.new_interface(&network, Some(address), false);
                        cloud.change_instance(&instance, |instance| {
                            instance.interfaces.push(interface);
                        });
                    }
                }
            }
            Self::RemoveInterfaces {
                instances,
                interfaces,
            } => remove_interfaces(cloud, &instances, &interfaces),
            Self::RemoveGroup { group } => {
                cloud[CCS].security_groups.remove(&group);
            }
            Self::JoinGroup { group, interfaces } => join(cloud, &group, interfaces),
            Self::LeaveGroup { group, interfaces } => {
                in_group(cloud, &group, |group| {
                    group
                        .interfaces
                        .retain(|id, _| !interfaces.contains_key(id));
                });
            }
            Self::SetMembers {
                group,
                interfaces,
                to,
            } => set_members(cloud, &group, &interfaces, to),
            Self::LeaveNetworkGroup { group, interfaces } => {
                if let Some(group) = cloud[CCS].network_groups.get_mut(&group) {
                    for id in &interfaces {
                        let is_leaving = |member: &Member| member.status == MemberStatus::Unbinding;
                        if group.members.get(id).is_some_and(is_leaving) {
                            group.members.remove(id);
                        }
                    }
                }
            }
            Self::AddRule { group, rule } => {
                in_group(cloud, &group, |group| group.rules.push(rule));
            }
            Self::RemoveRules { group, rules } => {
                in_group(cloud, &group, |group| {
                    group.rules.retain(|rule| !rules.contains(&rule.id));
                });
            }
            Self::PrioritiseRules { group, priorities } => in_group(cloud, &group, |group| {
                for rule in &mut group.rules {
                    rule.priority = priorities.get(&rule.id).copied().unwrap_or(rule.priority);
                }
            }),
            Self::MakeTemplate {
                id,
                name,
                image,
                system_size,
                disks,
                region,
            } => {
                let created = cloud.now();
                cloud[CCS].templates.insert(Template {
                    id,
                    name,
                    image,
                    system_size,
                    disks,
                    regions: vec![region],
                    created,
                });
            }
            Self::CopyTemplate { template, region } => {
                if let Some(template) = cloud[CCS]
                    .templates
                    .get_mut(&template)
                    .filter(|known| !known.regions.contains(&region))
                {
                    template.regions.push(region);
                }
            }
            Self::TakeTemplate { template, region } => {
                let Some(known) = cloud[CCS].templates.get_mut(&template) else {
                    return;
                };
                known.regions.retain(|own| *own != region);
                // One that is nowhere is gone.
                if known.regions.is_empty() {
                    cloud[CCS].templates.remove(&template);
                }
            }
        }
    }
}

fn readdress(
    cloud: &mut Cloud,
    instance: &str,
    interface: &str,
    address: Option<Ipv4Addr>,
    ipv6: Option<String>,
) {
    let Cloud {
        states, addresses, ..
    } = cloud;
    let ccs = &mut states[CCS];
    ccs.instances.change(instance, |instance| {
        let Some(own) = instance
            .interfaces
            .iter_mut()
            .find(|own| own.id == interface)
        else {
            return;
        };
        if let Some(old) = own.address {
            addresses.release(&own.network, old);
        }
        if let Some(new) = address {
            addresses.take(&own.network, new);
        }
        (own.address, own.ipv6) = (address, ipv6);
    });
}

fn remove_interfaces(cloud: &mut Cloud, instances: &[String], interfaces: &[String]) {
    for id in instances {
        let mut gone = Vec::new();
        cloud.change_instance(id, |instance| {
            gone = instance
                .interfaces
                .extract_if(.., |own| interfaces.contains(&own.id))
                .collect();
        });
        for interface in &gone {
            cloud.forget_interface(interface);
        }
    }
}

/// Adds the interfaces that are still there.
fn join(cloud: &mut Cloud, group: &str, mut interfaces: BTreeMap<String, String>) {
    let instances = &cloud[CCS].instances;
    interfaces.retain(|interface, instance| {
        instances
            .get(instance)
            .is_some_and(|known| known.interfaces.iter().any(|own| own.id == *interface))
    });
    in_group(cloud, group, |group| group.interfaces.extend(interfaces));
}

/// Lets interfaces that are in a network security group and do not leave it meanwhile stand so.
fn set_members(cloud: &mut Cloud, group: &str, interfaces: &[String], to: MemberStatus) {
    let Some(group) = cloud[CCS].network_groups.get_mut(group) else {
        return;
    };
    for id in interfaces {
        if let Some(member) = group.members.get_mut(id) {
            let is_leaving = member.status == MemberStatus::Unbinding;
            if !is_leaving || to == MemberStatus::Error {
                member.status = to;
            }
        }
    }
}

/// Changes a group that is still there.
fn in_group(cloud: &mut Cloud, id: &str, change: impl FnOnce(&mut SecurityGroup)) {
    let now = cloud.now();
    if let Some(group) = cloud[CCS].security_groups.get_mut(id) {
        group.updated = now;
        change(group);
    }
}
