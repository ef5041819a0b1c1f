//! What does not fit together in a state, as a person may have written it.

use super::state::BMS_DISK;
use crate::cloud::state::Cloud;

/// What does not fit together, as a person may have written it.
pub(crate) fn problems(cloud: &Cloud) -> Vec<String> {
    let state = &cloud[BMS_DISK];
    let mut problems = Vec::new();
    for disk in state.disks.iter() {
        if let Some(server) = disk
            .server
            .as_ref()
            .filter(|server| cloud.bare_metal(server).is_none())
        {
            problems.push(format!(
                "bms_disk.disks, {}: there is no bare-metal server {server}",
                disk.id
            ));
        }
        if disk.used > disk.size {
            problems.push(format!(
                "bms_disk.disks, {}: it uses more than it has",
                disk.id
            ));
        }
    }
    for snapshot in state
        .snapshots
        .iter()
        .filter(|snapshot| !state.disks.contains(&snapshot.disk))
    {
        problems.push(format!(
            "bms_disk.snapshots, {}: there is no disk {}",
            snapshot.id, snapshot.disk
        ));
    }
    problems
}
