//! What names the works of this service have, and how long they take.

use crate::cloud::task::{Dialect, Work};

pub(super) const CREATE: Work = Dialect::BmsTask.work("create_bms", 300, 900);
pub(super) const POWER: Work = Dialect::BmsTask.work("power_bms", 30, 120);
pub(super) const REINSTALL: Work = Dialect::BmsTask.work("reinstall_bms", 300, 900);
pub(super) const DELETE: Work = Dialect::BmsTask.work("delete_bms", 60, 180);
