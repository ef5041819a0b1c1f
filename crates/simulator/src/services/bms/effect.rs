//! What the ends of tasks do to bare-metal servers.

use super::price;
use super::state::{BMS, Layout, Power};
use crate::cloud::service::TaskEffect;
use crate::cloud::state::Cloud;
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

impl TaskEffect for Effect {
    const STATE: &'static str = BMS.name();

    fn apply(self, cloud: &mut Cloud) {
        match self {
            Self::Build { server, credit } => {
                cloud.change_bare_metal(&server, |server| server.power = Power::Running);
                price::meter(cloud, &server, credit);
            }
            Self::SetPower { server, to } => {
                let now = cloud.now();
                cloud.change_bare_metal(&server, |server| {
                    server.power = if server.has_lapsed(now) {
                        Power::Stopped
                    } else {
                        to
                    }
                });
            }
            Self::Reinstall {
                server,
                image,
                layout,
            } => {
                let now = cloud.now();
                cloud.change_bare_metal(&server, |server| {
                    (server.image, server.layout) = (image, layout);
                    server.power = if server.has_lapsed(now) {
                        Power::Stopped
                    } else {
                        Power::Running
                    };
                });
            }
            Self::Remove { server } => {
                cloud.end_use(&server);
                cloud.remove_bare_metal(&server);
            }
            Self::CancelOrder { server, charge } => {
                cloud.refund(charge);
                cloud.remove_bare_metal(&server);
            }
        }
    }
}
