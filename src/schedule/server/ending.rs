//! The end of a server: what becomes of the runs that go on then.

use super::format::count;
use super::processes::Processes;
use crate::gate::GRACE;
use crate::schedule::file::ScheduleFile;
use crate::schedule::value::StopPolicy;
use cumulua_core::clock::real_now;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A server that leaves runs stays so long, for a second signal that ends them after all.
const SECOND_SIGNAL: Duration = Duration::from_secs(2);

/// What the end of runs takes at most beyond their graces.
const AFTER_GRACE: Duration = Duration::from_secs(10);

/// Runs that are named one by one.
const NAMED: usize = 20;

/// A server that ends.
pub(super) struct Ending {
    /// The runs that end with it.
    ended: BTreeSet<String>,
    /// When they are ended, if they do not end by themselves; none once they were.
    end_at: Option<Instant>,
    /// Until when a second signal is waited for, where runs are left.
    stay_until: Instant,
    /// How long it takes at most.
    pub(super) longest: Duration,
    /// From when on nothing is waited for any more.
    give_up_at: Instant,
}

/// What becomes of the runs of a server.
pub(super) struct EndSettings {
    /// In place of what the schedules say.
    pub(super) stop: Option<StopPolicy>,
    /// In place of the file's grace.
    pub(super) grace: Option<Duration>,
    /// Whether the server is the first process of a machine or a container, with which all others
    /// end.
    pub(super) is_first_process: bool,
}

impl EndSettings {
    /// The time that runs get which end with the server.
    pub(super) fn grace(&self, file: &ScheduleFile) -> Duration {
        self.grace.unwrap_or(file.grace)
    }

    fn stop(&self, schedule: &str, file: &ScheduleFile) -> StopPolicy {
        if self.is_first_process {
            return StopPolicy::End;
        }
        let own = || file.find(schedule).ok().map(|schedule| schedule.stop);
        self.stop.or_else(own).unwrap_or_default()
    }
}

impl Ending {
    /// Begins; gives what is logged about that.
    pub(super) fn begin(
        settings: &EndSettings,
        processes: &Processes,
        file: &ScheduleFile,
    ) -> (Self, Vec<String>) {
        let (mut ended, mut left) = (BTreeSet::new(), Vec::new());
        for (id, running) in processes.iter() {
            if settings.stop(&running.name, file) == StopPolicy::End {
                ended.insert(id.to_owned());
            } else {
                left.push(format!("{} {}", running.name, &id[..id.len().min(8)]));
            }
        }
        let (now, grace) = (real_now(), settings.grace(file));
        let mut lines = vec![if ended.is_empty() {
            "ending: nothing starts any more".to_owned()
        } else {
            let (runs, seconds) = (count(ended.len(), "run"), grace.as_secs_f64());
            format!("ending: nothing starts any more; {runs} to end within {seconds} s")
        }];
        left.sort();
        if !left.is_empty() {
            let more = left.len().saturating_sub(NAMED);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            lines.push(format!(
                "{} left, without a server from now on: {}{more}; `cumulua runs cancel RUN` ends one, \
                 and a second signal within {} s ends all",
                count(left.len(), "run"),
                left[..left.len().min(NAMED)].join(", "),
                SECOND_SIGNAL.as_secs()
            ));
        }
        let stay = if left.is_empty() {
            Duration::ZERO
        } else {
            SECOND_SIGNAL
        };
        let longest = grace + longest_grace(file) + AFTER_GRACE;
        let ending = Self {
            ended,
            end_at: Some(now + grace),
            stay_until: now + stay,
            longest,
            give_up_at: now + longest,
        };
        (ending, lines)
    }

    /// Ends all runs now.
    pub(super) fn hurry(&mut self, processes: &Processes, file: &ScheduleFile) {
        self.ended
            .extend(processes.iter().map(|(id, _)| id.to_owned()));
        self.end_at = Some(real_now());
        self.stay_until = real_now();
        self.give_up_at = real_now() + longest_grace(file) + AFTER_GRACE;
        self.go_on(processes);
    }

    /// Ends those runs whose time is over.
    pub(super) fn go_on(&mut self, processes: &Processes) {
        if self.end_at.is_some_and(|at| real_now() >= at) {
            self.end_at = None;
            for (id, running) in processes.iter() {
                if self.ended.contains(id) {
                    running.terminate();
                }
            }
        }
    }

    /// When there is something to do, or nothing left.
    pub(super) fn next(&self) -> Instant {
        self.end_at
            .unwrap_or(self.give_up_at)
            .min(self.stay_until.max(real_now()))
    }

    /// Whether the server may end.
    pub(super) fn is_over(&self, processes: &Processes) -> bool {
        let now = real_now();
        let is_waited_for = self.ended.iter().any(|id| processes.has(id));
        now >= self.give_up_at || !is_waited_for && now >= self.stay_until
    }
}

fn longest_grace(file: &ScheduleFile) -> Duration {
    let graces = file.schedules.iter().filter_map(|schedule| schedule.grace);
    graces.max().unwrap_or(GRACE).max(GRACE)
}

#[cfg(test)]
mod tests {
    use super::EndSettings;
    use crate::schedule::file::ScheduleFile;
    use crate::schedule::value::StopPolicy;
    use std::path::Path;

    #[test]
    fn a_run_is_left_unless_its_schedule_the_command_or_the_container_ends_it() {
        let schedule = |name: &str, more: &str| {
            format!("[[schedule]]\nname = '{name}'\nscript = 'a.lua'\nevery = '1h'\n{more}\n")
        };
        let text = |defaults: &str| {
            format!("[defaults]\n{defaults}\n")
                + &schedule("plain", "")
                + &schedule("left", "stop = 'leave'")
                + &schedule("ended", "stop = 'end'")
        };
        let file =
            |defaults: &str| ScheduleFile::parse(Path::new("s.toml"), &text(defaults)).unwrap();
        let (plain, ending) = (file(""), file("stop = 'end'"));
        let (leave, end) = (StopPolicy::Leave, StopPolicy::End);
        for (stop, is_first_process, file, expected) in [
            (None, false, &plain, [leave, leave, end, leave]),
            (None, false, &ending, [end, leave, end, leave]),
            (Some(end), false, &plain, [end; 4]),
            (Some(leave), false, &ending, [leave; 4]),
            (None, true, &plain, [end; 4]),
            (Some(leave), true, &plain, [end; 4]),
        ] {
            let settings = EndSettings {
                stop,
                grace: None,
                is_first_process,
            };
            let of = |name| settings.stop(name, file);
            assert_eq!(
                ["plain", "left", "ended", "no longer there"].map(of),
                expected
            );
        }
    }
}
