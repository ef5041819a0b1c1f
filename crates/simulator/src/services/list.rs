//! The services that are simulated: a line each.

use crate::cloud::call::Handler;
use crate::cloud::world::World;
use crate::services::aegis;
use crate::services::billing;
use crate::services::bms;
use crate::services::bms_disk;
use crate::services::ccs;
use crate::services::desktop;
use crate::services::ebs;
use crate::services::ecs;
use crate::services::mcs;
use crate::services::oss_admin;
use crate::services::sas;
use crate::services::vdc;
use crate::services::vpc;
use serde::{Deserialize, Serialize};

/// A service that is simulated.
#[derive(Debug)]
pub(crate) struct Service {
    /// Its name in the catalogue.
    pub(crate) name: &'static str,
    /// What carries its Actions out, by their names.
    pub(crate) handler: fn(&str) -> Option<Handler>,
}

/// Every service of the catalogue.
pub(crate) const SERVICES: &[Service] = &[
    Service { name: "cds.ccs", handler: ccs::handler },
    Service { name: "cds.vdc", handler: vdc::handler },
    Service { name: "cds.vpc", handler: vpc::handler },
    Service { name: "cds.ecs", handler: ecs::handler },
    Service { name: "cds.ebs", handler: ebs::handler },
    Service { name: "cds.bms", handler: bms::handler },
    Service { name: "cds.bms_disk", handler: bms_disk::handler },
    Service { name: "cds.desktop", handler: desktop::handler },
    Service { name: "cds.billing", handler: billing::handler },
    Service { name: "cds.subject", handler: billing::subject::handler },
    Service { name: "cds.metering", handler: billing::metering::handler },
    Service { name: "mcs", handler: mcs::handler },
    Service { name: "aliyun.oss_admin", handler: oss_admin::handler },
    Service { name: "aliyun.sas", handler: sas::handler },
    Service { name: "aliyun.aegis", handler: aegis::handler },
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
