//! How long the works of this service take. The document gives one figure: a soft stop ends after
//! 30 seconds.

use crate::cloud::task::{Dialect, Work};

pub(super) const CREATE: Work = Dialect::Unasked.work("create_instance", 20, 60);
pub(super) const START: Work = Dialect::Unasked.work("start_instance", 5, 20);
pub(super) const STOP: Work = Dialect::Unasked.work("stop_instance", 5, 30);
pub(super) const CUT_OFF: Work = Dialect::Unasked.work("cut_off_instance", 1, 3);
pub(super) const REBOOT: Work = Dialect::Unasked.work("reboot_instance", 10, 40);
pub(super) const REBUILD: Work = Dialect::Unasked.work("rebuild_root_image", 40, 120);
pub(super) const CHANGE: Work = Dialect::Unasked.work("change_instance_type", 15, 60);
pub(super) const TERMINATE: Work = Dialect::Unasked.work("terminate_instance", 5, 20);
