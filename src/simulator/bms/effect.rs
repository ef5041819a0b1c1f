//! What the ends of tasks do to bare-metal servers.

use super::state::{Layout, Power};
use crate::simulator::world::World;
use serde::{Deserialize, Serialize};

/// What the end of a task does here. What has gone meanwhile is passed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
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
            Self::Remove { server } => world.remove_bare_metal(&server),
            Self::CancelOrder { server, charge } => {
                world.wallet.refund(charge);
                world.remove_bare_metal(&server);
            }
        }
    }
}
