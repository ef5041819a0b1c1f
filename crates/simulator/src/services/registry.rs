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
use crate::services::mcs::Mcs;
use crate::services::oss_admin::OssAdmin;
use crate::services::sas::Sas;
use crate::services::vdc::Vdc;
use crate::services::vpc::Vpc;

/// Every service of the catalogue, and the account with Alibaba that its services share.
pub(crate) const SERVICES: Services = &[
    &Billing, &Subject, &Metering, &Ccs, &Vdc, &Ecs, &Ebs, &Vpc, &Bms, &BmsDisk, &Desktop, &Mcs,
    &Aliyun, &OssAdmin, &Sas, &Aegis,
];
