//! The scripts that a schedule file names, and what is wrong with them.

use crate::schedule::file::ScheduleFile;
use crate::schedule::model::Schedule;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is wrong with a script, as `cumulua schedule check` prints it.
pub type ScriptFault = Arc<dyn Fn(&Path) -> Option<String> + Send + Sync>;

/// The scripts of a schedule: its own, and the one that receives its notifications.
fn scripts(schedule: &Schedule, folder: &Path) -> impl Iterator<Item = PathBuf> {
    let notified = schedule.notify.as_ref();
    let function = notified.and_then(|notify| notify.lua.as_ref());
    let function = function.map(|function| folder.join(&function.file));
    std::iter::once(schedule.script.clone()).chain(function)
}

/// Looks at every script of the file; each fault with its schedule.
pub fn script_faults(
    file: &ScheduleFile,
    fault: &dyn Fn(&Path) -> Option<String>,
) -> Vec<(Arc<Schedule>, String)> {
    let mut known: BTreeMap<PathBuf, Option<String>> = BTreeMap::new();
    let mut faults = Vec::new();
    for schedule in &file.schedules {
        for script in scripts(schedule, &file.folder) {
            let found = known
                .entry(script)
                .or_insert_with_key(|script| fault(script));
            if let Some(fault) = found {
                let line = format!("{}: {fault}", schedule.name);
                faults.push((Arc::clone(schedule), line));
            }
        }
    }
    faults
}
