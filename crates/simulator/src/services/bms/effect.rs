//! What the ends of tasks do to bare-metal servers.

use super::price;
use super::state::{Layout, Power};
use crate::cloud::world::World;
use serde::{Deserialize, Serialize};

/// What the end of a task does here. What has gone meanwhile is passed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    /// A new server runs; from now on it costs what one on demand costs.
    Build {
        server: String,
        #[serde(default)]
        credit: Option<u64>,
    },
    /// One whose term has ended meanwhile stays off.
    SetPower {
        server: String,
        to: Power,
    },
    Reinstall {
        server: String,
        image: String,
        layout: Layout,
    },
    Remove {
        server: String,
    },
    /// The order was not carried out: the money comes back.
    CancelOrder {
        server: String,
        charge: Option<usize>,
    },
}

impl Effect {
    /// Does it.
    pub(crate) fn apply(self, world: &mut World) {
        match self {
            Self::Build { server, credit } => {
                world.change_bare_metal(&server, |server| server.power = Power::Running);
                price::meter(world, &server, credit);
            }
            Self::SetPower { server, to } => {
                let now = world.now();
                world.change_bare_metal(&server, |server| server.power = if server.has_lapsed(now) { Power::Stopped } else { to });
            }
            Self::Reinstall { server, image, layout } => {
                let now = world.now();
                world.change_bare_metal(&server, |server| {
                    (server.image, server.layout) = (image, layout);
                    server.power = if server.has_lapsed(now) { Power::Stopped } else { Power::Running };
                });
            }
            Self::Remove { server } => {
                world.end_use(&server);
                world.remove_bare_metal(&server);
            }
            Self::CancelOrder { server, charge } => {
                world.refund(charge);
                world.remove_bare_metal(&server);
            }
        }
    }
}
