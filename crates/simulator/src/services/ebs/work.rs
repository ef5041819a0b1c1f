//! What the works of this service are called, and how long they take.

use crate::cloud::task::{Dialect, Work};

// `EventType` of `DescribeEvent`: only `unmount_disk` is documented.
pub(super) const CREATE: Work = Dialect::EbsEvent.work("create_disk", 10, 30);
pub(super) const DELETE: Work = Dialect::EbsEvent.work("delete_disk", 5, 20);
pub(super) const ATTACH: Work = Dialect::EbsEvent.work("mount_disk", 5, 20);
pub(super) const DETACH: Work = Dialect::EbsEvent.work("unmount_disk", 5, 20);
pub(super) const EXTEND: Work = Dialect::EbsEvent.work("extend_disk", 10, 40);
pub(super) const CREATE_SNAPSHOT: Work = Dialect::EbsEvent.work("create_snapshot", 20, 60);
pub(super) const DELETE_SNAPSHOT: Work = Dialect::EbsEvent.work("delete_snapshot", 5, 20);
pub(super) const ROLLBACK: Work = Dialect::EbsEvent.work("rollback_disk", 30, 90);
pub(super) const CREATE_IMAGE: Work = Dialect::EbsEvent.work("create_image", 120, 300);
pub(super) const COPY: Work = Dialect::EbsEvent.work("copy_snapshot", 60, 180);
