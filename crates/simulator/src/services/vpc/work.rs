//! What task dialect and names the works of this service have, and how long they take.

use crate::cloud::task::{Dialect, Work};

pub(super) const CREATE_VPC: Work = Dialect::CdsTask.work("createVpc", 10, 40);
pub(super) const DELETE_VPC: Work = Dialect::CdsTask.work("deleteVpc", 10, 40);
pub(super) const CREATE_NET: Work = Dialect::CdsTask.work("createSubnet", 10, 40);
pub(super) const DELETE_NET: Work = Dialect::CdsTask.work("deleteSubnet", 5, 30);
pub(super) const EIP: Work = Dialect::CdsTask.work("updateEip", 5, 30);
pub(super) const BANDWIDTH: Work = Dialect::CdsTask.work("updateBandwidth", 5, 30);
pub(super) const VLINK: Work = Dialect::CdsTask.work("updateInterface", 10, 40);
/// `CreateEIP` and `ReserveIPAndBindEIP` answer without a task.
pub(super) const CREATE_EIP: Work = Dialect::Unasked.work("createEip", 5, 20);
pub(super) const RESERVE: Work = Dialect::Unasked.work("reserveIp", 5, 20);
