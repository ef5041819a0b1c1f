//! The services that are simulated: a line each, in the order in which they index, settle and
//! report. Billing comes first, because the others meter their uses with it.

use crate::cloud::service::Services;
use crate::services::aegis::Aegis;
use crate::services::aliyun::Aliyun;
use crate::services::billing::{Billing, Metering, Subject};
use crate::services::bms::Bms;
use crate::services::bms_disk::BmsDisk;
use crate::services::ccs::Ccs;
use crate::services::desktop::Desktop;
use crate::services::ebs::Ebs;
use crate::services::ecs::Ecs;
use crate::services::generic::{GENERIC_SERVICES, Kept};
use crate::services::mcs::Mcs;
use crate::services::oss::{Oss, OssMetrics};
use crate::services::oss_admin::OssAdmin;
use crate::services::sas::Sas;
use crate::services::vdc::Vdc;
use crate::services::vpc::Vpc;

/// Every service that is simulated, the account with Alibaba that its services share, and what those
/// services keep that are carried out from the catalogue alone.
pub(crate) const SERVICES: Services = &[
    &Billing,
    &Subject,
    &Metering,
    &Ccs,
    &Vdc,
    &Ecs,
    &Ebs,
    &Vpc,
    &Bms,
    &BmsDisk,
    &Desktop,
    &Oss,
    &OssMetrics,
    &Mcs,
    &Aliyun,
    &OssAdmin,
    &Sas,
    &Aegis,
    &Kept,
    &GENERIC_SERVICES[0],
    &GENERIC_SERVICES[1],
    &GENERIC_SERVICES[2],
    &GENERIC_SERVICES[3],
    &GENERIC_SERVICES[4],
    &GENERIC_SERVICES[5],
    &GENERIC_SERVICES[6],
    &GENERIC_SERVICES[7],
    &GENERIC_SERVICES[8],
    &GENERIC_SERVICES[9],
    &GENERIC_SERVICES[10],
    &GENERIC_SERVICES[11],
    &GENERIC_SERVICES[12],
];
