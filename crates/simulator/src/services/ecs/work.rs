//! What the works of this service are called, and how long they take.

use crate::cloud::task::{Dialect, Work};

// `EventType` of `DescribeEvent`: only `create_ecs` is documented. Those of power are the values of
// `OpType`.
pub(super) const CREATE: Work = Dialect::EcsEvent.work("create_ecs", 30, 90);
pub(super) const DELETE: Work = Dialect::EcsEvent.work("delete_ecs", 20, 60);
pub(super) const START: Work = Dialect::EcsEvent.work("start_up_ecs", 10, 40);
pub(super) const STOP: Work = Dialect::EcsEvent.work("shutdown_ecs", 10, 40);
pub(super) const RESTART: Work = Dialect::EcsEvent.work("restart_ecs", 20, 60);
pub(super) const SWITCH_OFF: Work = Dialect::EcsEvent.work("hard_shutdown_ecs", 5, 15);
pub(super) const CONFIGURE: Work = Dialect::EcsEvent.work("change_instance_configure", 20, 60);
pub(super) const PASSWORD: Work = Dialect::EcsEvent.work("reset_password", 5, 20);
pub(super) const CREATE_IMAGE: Work = Dialect::EcsEvent.work("create_image", 120, 300);
pub(super) const DELETE_IMAGE: Work = Dialect::EcsEvent.work("delete_image", 10, 30);
pub(super) const SYNC_IMAGE: Work = Dialect::EcsEvent.work("sync_image", 120, 300);
