//! The service `/storage-service` of Capital Online: cloud disks of bare-metal servers and their snapshots. Its works are tasks
//! that nothing can ask about: the states of disks show how they stand.

mod change;
mod describe;
mod disk;
mod effect;
mod goods;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use effect::Effect;
pub(crate) use state::{State, problems};

use crate::cloud::call::{self, Call, Handler};

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    call::find(&[change::ACTIONS, describe::ACTIONS, disk::ACTIONS, goods::ACTIONS, snapshot::ACTIONS], action)
}

/// How long the works of this service take; their names are nowhere to be seen.
mod work {
    use crate::cloud::task::{Dialect, Work};

    const fn work(kind: &'static str, least: u32, most: u32) -> Work {
        Work { dialect: Dialect::Unasked, kind, least, most }
    }

    pub(super) const CREATE: Work = work("create_bms_disk", 10, 40);
    pub(super) const ATTACH: Work = work("attach_bms_disk", 5, 20);
    pub(super) const DETACH: Work = work("detach_bms_disk", 5, 20);
    pub(super) const DELETE: Work = work("delete_bms_disk", 5, 20);
    pub(super) const CHANGE: Work = work("change_bms_disk", 10, 40);
    pub(super) const SNAPSHOT: Work = work("snapshot_bms_disk", 20, 90);
    pub(super) const CLONE: Work = work("clone_bms_snapshot", 30, 120);
    pub(super) const ROLLBACK: Work = work("rollback_bms_snapshot", 30, 120);
}
