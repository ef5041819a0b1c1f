//! Prunes what schedules' `keep` does not keep, some schedules at a time, so that no firing waits
//! for it.

use super::records::Records;
use crate::history::Prune;
use crate::schedule::file::ScheduleFile;
use crate::schedule::value::Keep;
use cumulua_core::clock::wall_now;
use jiff::SignedDuration;
use std::sync::Arc;

/// Schedules whose history is pruned in a row.
const AT_ONCE: usize = 20;

/// Schedules whose history is to be pruned, and what is kept of it.
#[derive(Default)]
pub(super) struct Pruning(Vec<(Arc<str>, Keep)>);

impl Pruning {
    /// Plans to forget what the schedules' `keep` does not keep.
    pub(super) fn plan(&mut self, file: &ScheduleFile) {
        let kept = file
            .schedules
            .iter()
            .filter_map(|schedule| Some((Arc::clone(&schedule.name), schedule.keep?)));
        self.0 = kept.collect();
    }

    /// Forgets some of it.
    pub(super) fn go_on(&mut self, records: &mut Records) {
        let now = wall_now();
        for (name, keep) in self.0.split_off(self.0.len().saturating_sub(AT_ONCE)) {
            let name = Some(name.to_string());
            let prune = match keep {
                Keep::Runs(number) => Prune {
                    name,
                    keep: Some(number),
                    before: None,
                },
                Keep::For(length) => {
                    let before = SignedDuration::try_from(length)
                        .ok()
                        .and_then(|length| now.checked_sub(length).ok());
                    Prune {
                        name,
                        keep: None,
                        before,
                    }
                }
            };
            if prune.keep.is_some() || prune.before.is_some() {
                let written = records.store.prune(prune);
                records.note(written);
            }
        }
    }
}
