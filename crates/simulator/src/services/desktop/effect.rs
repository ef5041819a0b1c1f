//! What the ends of tasks do to desktops, networks and sub-accounts.

use super::state::{DESKTOP, Network, Power};
use crate::cloud::service::TaskEffect;
use crate::cloud::state::Cloud;
use serde::{Deserialize, Serialize};

/// What the end of a task does here. What has gone meanwhile is passed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    /// New desktops are on; from now on they cost what those on demand cost.
    Build {
        desktops: Vec<String>,
        #[serde(default)]
        credit: Option<u64>,
    },
    /// Those whose term has ended meanwhile stay off.
    SetPower {
        desktops: Vec<String>,
        to: Power,
    },
    OffAndUnbind {
        desktops: Vec<String>,
    },
    Reinstall {
        desktop: String,
        image: String,
    },
    Remove {
        desktop: String,
    },
    /// The order was not carried out: the money comes back.
    CancelOrder {
        desktops: Vec<String>,
        charge: Option<usize>,
    },
    RemoveVpc {
        vpc: String,
    },
    AddNetworks {
        vpc: String,
        networks: Vec<Network>,
    },
    FailAccount {
        account: String,
    },
}

impl TaskEffect for Effect {
    const STATE: &'static str = DESKTOP.name();

    fn apply(self, cloud: &mut Cloud) {
        let now = cloud.now();
        match self {
            Self::Build { desktops, credit } => {
                for id in &desktops {
                    cloud.change_desktop(id, |desktop| {
                        desktop.power = if desktop.has_lapsed(now) {
                            Power::Off
                        } else {
                            Power::On
                        }
                    });
                    cloud.meter_desktop(id, credit);
                }
            }
            Self::SetPower { desktops, to } => {
                for id in &desktops {
                    cloud.change_desktop(id, |desktop| {
                        desktop.power = if desktop.has_lapsed(now) {
                            Power::Off
                        } else {
                            to
                        }
                    });
                }
            }
            Self::OffAndUnbind { desktops } => {
                for id in &desktops {
                    cloud.change_desktop(id, |desktop| {
                        desktop.power = Power::Off;
                        desktop.account = None;
                    });
                }
            }
            Self::Reinstall { desktop, image } => {
                cloud.change_desktop(&desktop, |desktop| desktop.image = image);
            }
            Self::Remove { desktop } => cloud.remove_desktop(&desktop),
            Self::CancelOrder { desktops, charge } => {
                cloud.refund(charge);
                for id in &desktops {
                    cloud.remove_desktop(id);
                }
            }
            Self::RemoveVpc { vpc } => {
                cloud[DESKTOP].vpcs.remove(&vpc);
            }
            Self::AddNetworks { vpc, networks } => {
                if let Some(vpc) = cloud[DESKTOP].vpcs.get_mut(&vpc) {
                    vpc.networks.extend(networks);
                    vpc.updated = now;
                }
            }
            Self::FailAccount { account } => {
                if let Some(account) = cloud[DESKTOP].accounts.get_mut(&account) {
                    account.has_failed = true;
                }
            }
        }
    }
}
