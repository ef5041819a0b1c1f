//! What names the works of this service have, and how long they take.

use crate::cloud::task::{Dialect, Work};

pub(super) const CREATE: Work = Dialect::DesktopTask.work("create_desktop", 120, 300);
pub(super) const POWER: Work = Dialect::DesktopTask.work("power_desktop", 20, 60);
pub(super) const REBUILD: Work = Dialect::DesktopTask.work("rebuild_desktop", 120, 300);
pub(super) const DELETE: Work = Dialect::DesktopTask.work("delete_desktop", 30, 90);
pub(super) const CONFIGURE: Work = Dialect::DesktopTask.work("configure_desktop_net", 20, 60);
pub(super) const NETWORK: Work = Dialect::DesktopTask.work("create_desktop_net", 60, 180);
/// A sub-account has a state instead of a task.
pub(super) const ACCOUNT: Work = Dialect::Unasked.work("create_sub_account", 2, 8);
