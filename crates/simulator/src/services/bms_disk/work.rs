//! How long the works of this service take; their names are nowhere to be seen.

use crate::cloud::task::{Dialect, Work};

pub(super) const CREATE: Work = Dialect::Unasked.work("create_bms_disk", 10, 40);
pub(super) const ATTACH: Work = Dialect::Unasked.work("attach_bms_disk", 5, 20);
pub(super) const DETACH: Work = Dialect::Unasked.work("detach_bms_disk", 5, 20);
pub(super) const DELETE: Work = Dialect::Unasked.work("delete_bms_disk", 5, 20);
pub(super) const CHANGE: Work = Dialect::Unasked.work("change_bms_disk", 10, 40);
pub(super) const SNAPSHOT: Work = Dialect::Unasked.work("snapshot_bms_disk", 20, 90);
pub(super) const CLONE: Work = Dialect::Unasked.work("clone_bms_snapshot", 30, 120);
pub(super) const ROLLBACK: Work = Dialect::Unasked.work("rollback_bms_snapshot", 30, 120);
