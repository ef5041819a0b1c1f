//! What the ends of tasks do to servers and images.

use super::state::{ECS, Image, Power};
use crate::cloud::service::TaskEffect;
use crate::cloud::state::Cloud;
use serde::{Deserialize, Serialize};

/// What the end of a task does here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    /// New servers run, with their new cloud disks; from now on they cost what on-demand ones cost.
    Build {
        servers: Vec<String>,
        disks: Vec<String>,
        credit: Option<u64>,
    },
    /// Takes new servers and disks back, and the money.
    CancelOrder {
        servers: Vec<String>,
        disks: Vec<String>,
        charge: Option<usize>,
    },
    SetPower {
        servers: Vec<String>,
        to: Power,
    },
    /// Servers go, and the disks that go with them; the other ones are detached.
    Delete {
        servers: Vec<String>,
    },
    /// From now on they cost what they cost so.
    Configure {
        servers: Vec<String>,
        family: String,
        /// CPUs, memory in GiB, GPUs.
        size: (u64, u64, u64),
    },
    /// The order was not carried out: the money comes back.
    Refund {
        charge: Option<usize>,
    },
    AddImage(Image),
    CopyImage {
        image: String,
        zones: Vec<String>,
    },
    /// In one zone or everywhere.
    RemoveImages {
        images: Vec<String>,
        zone: Option<String>,
    },
}

impl TaskEffect for Effect {
    const STATE: &'static str = ECS.name();

    fn apply(self, cloud: &mut Cloud) {
        match self {
            Self::Build {
                servers,
                disks,
                credit,
            } => {
                for id in &servers {
                    cloud.set_ecs_power(id, Power::Running);
                    super::price::meter_server(cloud, id, credit);
                }
                cloud.finish_ebs_disks(&disks, credit);
            }
            Self::CancelOrder {
                servers,
                disks,
                charge,
            } => {
                for id in &servers {
                    cloud.remove_ecs_server(id);
                }
                for id in &disks {
                    cloud.remove_ebs_disk(id);
                }
                cloud.refund(charge);
            }
            Self::SetPower { servers, to } => {
                for id in &servers {
                    cloud.set_ecs_power(id, to);
                }
            }
            Self::Delete { servers } => {
                for id in &servers {
                    cloud.release_ebs_disks(id);
                    cloud.end_use(id);
                    cloud.remove_ecs_server(id);
                }
            }
            Self::Configure {
                servers,
                family,
                size,
            } => {
                for id in &servers {
                    if let Some(server) = cloud[ECS].servers.get_mut(id) {
                        (server.cpu, server.ram, server.gpu) = size;
                        server.family.clone_from(&family);
                    }
                    super::price::meter_server(cloud, id, None);
                }
            }
            Self::Refund { charge } => cloud.refund(charge),
            Self::AddImage(image) => cloud[ECS].images.insert(image),
            Self::CopyImage { image, zones } => {
                let Some(image) = cloud[ECS].images.get_mut(&image) else {
                    return;
                };
                for zone in zones {
                    if !image.zones.contains(&zone) {
                        image.zones.push(zone);
                    }
                }
            }
            Self::RemoveImages { images, zone } => {
                for id in images {
                    let Some(image) = cloud[ECS].images.get_mut(&id) else {
                        continue;
                    };
                    image
                        .zones
                        .retain(|own| zone.as_ref().is_some_and(|zone| own != zone));
                    // One that is nowhere is gone.
                    if image.zones.is_empty() {
                        cloud[ECS].images.remove(&id);
                    }
                }
            }
        }
    }
}
