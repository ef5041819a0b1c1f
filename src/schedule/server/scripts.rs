//! The scripts that a schedule file names, and what is wrong with them.

use crate::schedule::file::ScheduleFile;
use crate::schedule::model::Schedule;
use cumulua_core::clock::real_now;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What is wrong with a script, as `cumulua schedule check` prints it.
pub type ScriptFault = Arc<dyn Fn(&Path) -> Option<String> + Send + Sync>;

/// The scripts of a schedule: its own, and the one that receives its notifications.
fn scripts(schedule: &Schedule, folder: &Path) -> impl Iterator<Item = PathBuf> {
    let notified = schedule.notify.as_ref();
    let function = notified.and_then(|notify| notify.lua.as_ref());
    let function = function.map(|function| folder.join(&function.file));
    std::iter::once(schedule.script.clone()).chain(function)
}

/// What is wrong with scripts, each with its schedule.
pub type ScriptFaults = Vec<(Arc<Schedule>, String)>;

/// Looks at every script of a file's schedules, which stands in `folder`.
pub fn script_faults(
    schedules: &[Arc<Schedule>],
    folder: &Path,
    fault: &dyn Fn(&Path) -> Option<String>,
) -> ScriptFaults {
    let mut known: BTreeMap<PathBuf, Option<String>> = BTreeMap::new();
    let mut faults = Vec::new();
    for schedule in schedules {
        for script in scripts(schedule, folder) {
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

/// How often it is looked whether scripts and the configuration can still be used.
const EVERY: Duration = Duration::from_mins(1);

/// Looks at scripts on a thread of its own: to read all of them takes longer than a firing may be late.
pub(super) struct ScriptWatch {
    next: Instant,
    /// What the look that goes on finds.
    found: Option<Receiver<ScriptFaults>>,
}

impl ScriptWatch {
    /// The first look is some time ahead.
    pub(super) fn new() -> Self {
        Self {
            next: real_now() + EVERY,
            found: None,
        }
    }

    /// Begins a look where it is time for one; what one has found, once.
    pub(super) fn look(
        &mut self,
        file: &ScheduleFile,
        fault: &ScriptFault,
    ) -> Option<ScriptFaults> {
        if let Some(found) = &self.found {
            let found = found.try_recv();
            if found != Err(TryRecvError::Empty) {
                self.found = None;
            }
            return found.ok();
        }
        if real_now() >= self.next {
            self.next = real_now() + EVERY;
            let (give, found) = channel();
            self.found = Some(found);
            let (schedules, folder) = (file.schedules.clone(), file.folder.clone());
            let fault = Arc::clone(fault);
            thread::spawn(move || give.send(script_faults(&schedules, &folder, &*fault)));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{ScriptFault, ScriptWatch, real_now};
    use crate::schedule::file::ScheduleFile;
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn a_look_gives_what_it_finds_once_and_the_next_comes_a_minute_later() {
        let text = "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'";
        let file = ScheduleFile::parse(Path::new("schedules.toml"), text).unwrap();
        let fault: ScriptFault = Arc::new(|script| Some(format!("{} is bad", script.display())));
        let mut watch = ScriptWatch::new();
        assert!(watch.look(&file, &fault).is_none() && watch.found.is_none());
        watch.next = real_now();
        let faults = loop {
            if let Some(faults) = watch.look(&file, &fault) {
                break faults;
            }
            std::thread::yield_now();
        };
        assert_eq!(faults.len(), 1);
        assert!(faults[0].1.starts_with("a: ") && faults[0].1.ends_with("a.lua is bad"));
        assert!(watch.look(&file, &fault).is_none() && watch.found.is_none());
        assert!(watch.next > real_now() + Duration::from_secs(30));
    }
}
