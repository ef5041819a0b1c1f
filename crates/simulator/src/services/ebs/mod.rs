//! The service `/ebs/v1` of Capital Online: elastic disks, their snapshots and chains of these.

mod chain;
mod copy;
mod describe;
mod disk;
mod effect;
mod quota;
mod rollback;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use effect::Effect;
pub(crate) use state::{Disk, State, index, problems};

use crate::cloud::call::{self, Call, Handler};
use crate::cloud::task::Dialect;

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    let tables = [
        &[("DescribeEvent", (|call| crate::services::ecs::describe_event(call, Dialect::EbsEvent)) as Handler)][..],
        chain::ACTIONS,
        copy::ACTIONS,
        describe::ACTIONS,
        disk::ACTIONS,
        quota::ACTIONS,
        rollback::ACTIONS,
        snapshot::ACTIONS,
    ];
    call::find(&tables, action)
}

/// What the works of this service are called, and how long they take.
mod work {
    use crate::cloud::task::{Dialect, Work};

    const fn work(kind: &'static str, least: u32, most: u32) -> Work {
        Work { dialect: Dialect::EbsEvent, kind, least, most }
    }

    // `EventType` of `DescribeEvent`: only `unmount_disk` is documented.
    pub(super) const CREATE: Work = work("create_disk", 10, 30);
    pub(super) const DELETE: Work = work("delete_disk", 5, 20);
    pub(super) const ATTACH: Work = work("mount_disk", 5, 20);
    pub(super) const DETACH: Work = work("unmount_disk", 5, 20);
    pub(super) const EXTEND: Work = work("extend_disk", 10, 40);
    pub(super) const CREATE_SNAPSHOT: Work = work("create_snapshot", 20, 60);
    pub(super) const DELETE_SNAPSHOT: Work = work("delete_snapshot", 5, 20);
    pub(super) const ROLLBACK: Work = work("rollback_disk", 30, 90);
    pub(super) const CREATE_IMAGE: Work = work("create_image", 120, 300);
    pub(super) const COPY: Work = work("copy_snapshot", 60, 180);
}
