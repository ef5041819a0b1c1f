//! What task dialect and names the works of this service have, and how long they take.

use crate::cloud::task::{Dialect, Work};

pub(super) const CREATE_VDC: Work = Dialect::CdsTask.work("createVdc", 20, 60);
pub(super) const DELETE_VDC: Work = Dialect::CdsTask.work("deleteVdc", 10, 40);
pub(super) const NETWORK: Work = Dialect::CdsTask.work("updateNetwork", 10, 40);
pub(super) const GPN: Work = Dialect::CdsTask.work("updateGpn", 20, 60);
/// `DeletePublicNetwork` answers without a task.
pub(super) const DELETE_PUBLIC: Work = Dialect::Unasked.work("deletePublicNetwork", 10, 40);
