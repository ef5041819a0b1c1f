//! What the ends of tasks do to servers and what belongs to them.

use super::payment::Paid;
use super::state::{Disk, DiskPlan, Power, Rule, SecurityGroup, Template};
use crate::cloud::world::World;
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

impl Effect {
    /// Does it.
    pub(crate) fn apply(self, world: &mut World) {
        match self {
            Self::SetPower { instances, to } => {
                let now = world.now();
                for id in &instances {
                    world.change_instance(id, |instance| {
                        instance.power = if instance.has_lapsed(now) { Power::Stopped } else { to }
                    });
                }
            }
            Self::RemoveInstances { instances } => world.remove_instances(&instances),
            Self::CancelOrder { instances, charge } => {
                world.refund(charge);
                world.remove_instances(&instances);
            }
            Self::ChangeChargeType { instance, to, paid } => {
                world.expect_end(paid.as_ref());
                world.change_instance(&instance, |instance| (instance.charge_type, instance.paid) = (to, paid));
            }
            Self::Resize { instance, cpu, ram, kind } => world.change_instance(&instance, |instance| {
                instance.cpu = cpu.unwrap_or(instance.cpu);
                instance.ram = ram.unwrap_or(instance.ram);
                instance.kind = kind.unwrap_or_else(|| std::mem::take(&mut instance.kind));
            }),
            Self::Reinstall { instance, image, size, is_activated } => {
                let now = world.now();
                world.change_instance(&instance, |instance| {
                    (instance.image, instance.is_activated) = (image, is_activated);
                    instance.system.size = instance.system.size.max(size);
                    instance.power = if instance.has_lapsed(now) { Power::Stopped } else { Power::Running };
                });
            }
            Self::AddDisks { instance, disks } => world.change_instance(&instance, |instance| instance.disks.extend(disks)),
            Self::ResizeDisk { instance, disk, size, packages } => world.change_instance(&instance, |instance| {
                for disk in instance.disks.iter_mut().filter(|own| own.id == disk) {
                    (disk.size, disk.packages) = (size, packages);
                }
            }),
            Self::ExtendSystemDisk { instance, size, packages } => {
                world.change_instance(&instance, |instance| (instance.system.size, instance.system.packages) = (size, packages));
            }
            Self::RemoveDisks { instance, disks } => {
                world.change_instance(&instance, |instance| instance.disks.retain(|disk| !disks.contains(&disk.id)));
            }
            Self::Connect { instance, interface, connected } => world.change_instance(&instance, |instance| {
                for own in instance.interfaces.iter_mut().filter(|own| own.id == interface) {
                    own.connected = connected;
                }
            }),
            Self::Readdress { instance, interface, address, ipv6 } => readdress(world, &instance, &interface, address, ipv6),
            Self::AddInterfaces { network, addresses } => {
                for (instance, address) in
                    addresses.into_iter().filter(|_| world.vdc.networks.contains(&network)).collect::<Vec<_>>()
                {
                    if world.ccs.instances.contains(&instance) {
                        let interface = world.new_interface(&network, Some(address), false);
                        world.change_instance(&instance, |instance| instance.interfaces.push(interface));
                    }
                }
            }
            Self::RemoveInterfaces { instances, interfaces } => remove_interfaces(world, &instances, &interfaces),
            Self::RemoveGroup { group } => {
                world.ccs.security_groups.remove(&group);
            }
            Self::JoinGroup { group, interfaces } => join(world, &group, interfaces),
            Self::LeaveGroup { group, interfaces } => {
                in_group(world, &group, |group| group.interfaces.retain(|id, _| !interfaces.contains_key(id)));
            }
            Self::AddRule { group, rule } => in_group(world, &group, |group| group.rules.push(rule)),
            Self::RemoveRules { group, rules } => {
                in_group(world, &group, |group| group.rules.retain(|rule| !rules.contains(&rule.id)));
            }
            Self::PrioritiseRules { group, priorities } => in_group(world, &group, |group| {
                for rule in &mut group.rules {
                    rule.priority = priorities.get(&rule.id).copied().unwrap_or(rule.priority);
                }
            }),
            Self::MakeTemplate { id, name, image, system_size, disks, region } => {
                let created = world.now();
                world.ccs.templates.insert(Template { id, name, image, system_size, disks, regions: vec![region], created });
            }
            Self::CopyTemplate { template, region } => {
                if let Some(template) = world.ccs.templates.get_mut(&template).filter(|known| !known.regions.contains(&region)) {
                    template.regions.push(region);
                }
            }
            Self::TakeTemplate { template, region } => {
                let Some(known) = world.ccs.templates.get_mut(&template) else { return };
                known.regions.retain(|own| *own != region);
                // One that is nowhere is gone.
                if known.regions.is_empty() {
                    world.ccs.templates.remove(&template);
                }
            }
        }
    }
}

fn readdress(world: &mut World, instance: &str, interface: &str, address: Option<Ipv4Addr>, ipv6: Option<String>) {
    let World { ccs, addresses, .. } = world;
    ccs.instances.change(instance, |instance| {
        let Some(own) = instance.interfaces.iter_mut().find(|own| own.id == interface) else { return };
        if let Some(old) = own.address {
            addresses.release(&own.network, old);
        }
        if let Some(new) = address {
            addresses.take(&own.network, new);
        }
        (own.address, own.ipv6) = (address, ipv6);
    });
}

fn remove_interfaces(world: &mut World, instances: &[String], interfaces: &[String]) {
    for id in instances {
        let mut gone = Vec::new();
        world.change_instance(id, |instance| {
            gone = instance.interfaces.extract_if(.., |own| interfaces.contains(&own.id)).collect();
        });
        for interface in &gone {
            world.forget_interface(interface);
        }
    }
}

/// Adds the interfaces that are still there.
fn join(world: &mut World, group: &str, mut interfaces: BTreeMap<String, String>) {
    let instances = &world.ccs.instances;
    interfaces.retain(|interface, instance| {
        instances.get(instance).is_some_and(|known| known.interfaces.iter().any(|own| own.id == *interface))
    });
    in_group(world, group, |group| group.interfaces.extend(interfaces));
}

/// Changes a group that is still there.
fn in_group(world: &mut World, id: &str, change: impl FnOnce(&mut SecurityGroup)) {
    let now = world.now();
    if let Some(group) = world.ccs.security_groups.get_mut(id) {
        group.updated = now;
        change(group);
    }
}
