//! What follows from the state, found out when a cloud begins.

use super::state::{Disk, EBS, Index};
use crate::cloud::state::Cloud;

/// Finds out which disks servers have, which snapshots chains, and what is used that a file says
/// nothing of.
pub(crate) fn index(cloud: &mut Cloud) {
    let is_metered = |disk: &&Disk| {
        let is_new = cloud
            .tasks
            .holder(&disk.id)
            .is_some_and(|task| ["create_disk", "create_ecs"].contains(&task.kind.as_str()));
        !is_new && cloud.use_of(&disk.id).is_none()
    };
    let unmetered: Vec<_> = cloud[EBS]
        .disks
        .iter()
        .filter(is_metered)
        .map(|disk| disk.id.clone())
        .collect();
    cloud.finish_ebs_disks(&unmetered, None);
    let ebs = &mut cloud[EBS];
    ebs.index = Index::default();
    for disk in ebs.disks.iter() {
        if let Some(server) = &disk.server {
            ebs.index
                .attached
                .entry(server.clone())
                .or_default()
                .push(disk.id.clone());
        }
    }
    for id in ebs
        .snapshots
        .iter()
        .map(|snapshot| snapshot.id.clone())
        .collect::<Vec<_>>()
    {
        ebs.note_snapshot(&id);
    }
}
