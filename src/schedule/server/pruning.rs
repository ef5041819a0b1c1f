//! Prunes what schedules' `keep` does not keep, some schedules at a time, so that no firing waits
//! for it.

use super::records::Records;
use crate::history::{Prune, Pruned};
use crate::schedule::file::ScheduleFile;
use crate::schedule::value::Keep;
use cumulua_core::clock::wall_now;
use jiff::SignedDuration;
use std::sync::Arc;

/// Schedules whose history is pruned in a row.
const AT_ONCE: usize = 20;

/// What is to be pruned.
#[derive(Default)]
pub(super) struct Pruning {
    /// Schedules whose history it is, and what is kept of it.
    schedules: Vec<(Arc<str>, Keep)>,
    /// Whether the file has space of what was forgotten.
    leaves_space: bool,
}

impl Pruning {
    /// Plans to forget what the schedules' `keep` does not keep.
    pub(super) fn plan(&mut self, file: &ScheduleFile) {
        let kept = file
            .schedules
            .iter()
            .filter_map(|schedule| Some((Arc::clone(&schedule.name), schedule.keep?)));
        self.schedules = kept.collect();
    }

    /// Forgets some of it.
    pub(super) fn go_on(&mut self, records: &mut Records) {
        let now = wall_now();
        if self.schedules.is_empty() && self.leaves_space {
            let more = records.store.shrink_some();
            self.leaves_space = more.as_ref().is_ok_and(|more| *more);
            records.note(more);
        }
        let rest = self.schedules.len().saturating_sub(AT_ONCE);
        for (name, keep) in self.schedules.split_off(rest) {
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
                let forgot = |pruned: &Pruned| pruned.runs + pruned.firings > 0;
                self.leaves_space |= written.as_ref().is_ok_and(forgot);
                records.note(written);
            }
        }
    }
}
