//! The services that are simulated: a line each.

use super::call::Handler;
use super::world::World;
use super::{aegis, billing, bms, bms_disk, ccs, desktop, ebs, ecs, mcs, oss_admin, sas, vdc, vpc};
use serde::{Deserialize, Serialize};

/// A service that is simulated.
#[derive(Debug)]
pub(crate) struct Wing {
    /// Its name in the catalogue.
    pub(crate) service: &'static str,
    /// What carries its Actions out, by their names.
    pub(crate) handler: fn(&str) -> Option<Handler>,
}

/// Every service of the catalogue.
pub(crate) const WINGS: &[Wing] = &[
    Wing { service: "cds.ccs", handler: ccs::handler },
    Wing { service: "cds.vdc", handler: vdc::handler },
    Wing { service: "cds.vpc", handler: vpc::handler },
    Wing { service: "cds.ecs", handler: ecs::handler },
    Wing { service: "cds.ebs", handler: ebs::handler },
    Wing { service: "cds.bms", handler: bms::handler },
    Wing { service: "cds.bms_disk", handler: bms_disk::handler },
    Wing { service: "cds.desktop", handler: desktop::handler },
    Wing { service: "cds.billing", handler: billing::handler },
    Wing { service: "cds.subject", handler: billing::subject::handler },
    Wing { service: "cds.metering", handler: billing::metering::handler },
    Wing { service: "mcs", handler: mcs::handler },
    Wing { service: "aliyun.oss_admin", handler: oss_admin::handler },
    Wing { service: "aliyun.sas", handler: sas::handler },
    Wing { service: "aliyun.aegis", handler: aegis::handler },
];

macro_rules! effects {
    ($($variant:ident => $module:ident),* $(,)?) => {
        /// What the end of a task does to the world: data, so that a running task can be written to a file.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Effect {
            $($variant(Box<$module::Effect>)),*
        }

        impl Effect {
            /// Does it.
            pub(crate) fn apply(self, world: &mut World) {
                match self {
                    $(Self::$variant(effect) => effect.apply(world)),*
                }
            }
        }

        $(impl From<$module::Effect> for Effect {
            fn from(effect: $module::Effect) -> Self {
                Self::$variant(Box::new(effect))
            }
        })*
    };
}

effects! {
    Ccs => ccs,
    Vdc => vdc,
    Vpc => vpc,
    Ecs => ecs,
    Ebs => ebs,
    Bms => bms,
    BmsDisk => bms_disk,
    Desktop => desktop,
    Mcs => mcs,
    OssAdmin => oss_admin,
    Sas => sas,
    Aegis => aegis,
}
