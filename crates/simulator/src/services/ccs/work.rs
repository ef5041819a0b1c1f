//! What task dialect and names the works of this service have, and how long they take.

use crate::cloud::task::{Dialect, Work};

// `TaskType` of `DescribeTask`: two are documented, `orderCreateVM` and `newOrderUpdateVM`.
pub(super) const CREATE: Work = Dialect::CdsTask.work("orderCreateVM", 60, 180);
pub(super) const UPDATE: Work = Dialect::CdsTask.work("newOrderUpdateVM", 20, 60);
pub(super) const DELETE: Work = Dialect::CdsTask.work("orderDeleteVM", 20, 60);
pub(super) const POWER: Work = Dialect::CdsTask.work("powerVM", 10, 40);
pub(super) const HARD_STOP: Work = Dialect::CdsTask.work("powerVM", 2, 5);
pub(super) const REINSTALL: Work = Dialect::CdsTask.work("resetImageVM", 60, 180);
pub(super) const PASSWORD: Work = Dialect::CdsTask.work("resetPasswordVM", 5, 20);
pub(super) const DISK: Work = Dialect::CdsTask.work("newOrderUpdateVM", 15, 45);
pub(super) const INTERFACE: Work = Dialect::CdsTask.work("updateInterface", 5, 30);
pub(super) const TEMPLATE: Work = Dialect::CdsTask.work("template", 120, 300);
/// No Action asks about it.
pub(super) const NETWORK_GROUP: Work = Dialect::Unasked.work("networkGroup", 3, 15);
pub(super) const SECURITY_GROUP: Work = Dialect::CdsTask.work("securityGroup", 3, 15);
