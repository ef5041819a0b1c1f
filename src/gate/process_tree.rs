//! What a process has started, and what that has started in turn, whichever sessions and groups it
//! has gone into: it ends with what started it.

/// The variable by which what a run has started is found again once the run's process is gone: all
/// that it starts inherits it, into whichever session it goes, and no other process has a run's id.
pub const RUN_VARIABLE: &str = "CUMULUA_RUN_ID";

/// A process that was ended because what had started it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedProcess {
    /// Its id.
    pub id: u32,
    /// The name of its program, which is its own to choose.
    pub name: String,
}

#[cfg(target_os = "linux")]
pub(in crate::gate) use linux::end_descendants;
#[cfg(target_os = "linux")]
pub use linux::{adopt_orphans, end_left_by, process_started};

#[cfg(not(target_os = "linux"))]
pub(in crate::gate) use elsewhere::end_descendants;
#[cfg(not(target_os = "linux"))]
pub use elsewhere::{adopt_orphans, end_left_by, process_started};

#[cfg(target_os = "linux")]
mod linux {
    use super::{EndedProcess, RUN_VARIABLE};
    use cumulua_core::clock::real_now;
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    use std::collections::HashMap;
    use std::fs;
    use std::thread;
    use std::time::Duration;

    /// A process that was asked to end is killed after this.
    const REACTION: Duration = Duration::from_millis(25);
    /// How often it is looked whether it has.
    const LOOK: Duration = Duration::from_millis(2);
    /// What goes on to start others while it is killed is killed so many times.
    const ROUNDS: usize = 20;

    /// Makes this process the parent of what its descendants leave behind, so that it can be found.
    pub fn adopt_orphans() {
        // Where the system refuses, what is still a descendant is ended all the same.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }

    /// Ends all that a process has started, and waits for it; gives what was still there.
    pub(in crate::gate) fn end_descendants(id: u32) -> Vec<EndedProcess> {
        end_all(|| below(&all(), vec![id]))
    }

    /// Ends all that a run has left behind whose own process is gone, and could not see to that, and
    /// waits for it; gives what was still there. What has rid itself of its environment, or is
    /// another user's by now, is not found. May take some hundredths of a second.
    pub fn end_left_by(run: &str) -> Vec<EndedProcess> {
        let mark = format!("{RUN_VARIABLE}={run}");
        let is_marked = |process: &&Process| {
            let environment = fs::read(format!("/proc/{}/environ", process.id));
            environment.is_ok_and(|text| {
                let mut variables = text.split(|byte| *byte == 0);
                variables.any(|variable| variable == mark.as_bytes())
            })
        };
        end_all(|| {
            // Never the process that looks, nor what it has started.
            let others = all()
                .into_iter()
                .filter(|process| process.id != std::process::id());
            let all: Vec<_> = others.collect();
            let living = all.iter().filter(|process| !process.has_ended);
            let marked: Vec<_> = living.filter(is_marked).cloned().collect();
            let below = below(&all, marked.iter().map(|process| process.id).collect());
            let beside = below.into_iter().filter(|process| {
                let is_it = |marked: &Process| marked.id == process.id;
                !marked.iter().any(is_it)
            });
            let beside: Vec<_> = beside.collect();
            marked.into_iter().chain(beside).collect()
        })
    }

    /// Ends what is found, and what is found later; gives what was found first.
    fn end_all(find: impl Fn() -> Vec<Process>) -> Vec<EndedProcess> {
        let found = find();
        if found.is_empty() {
            return Vec::new();
        }
        send_all(&found, Signal::TERM);
        let began = real_now();
        while !find().is_empty() && real_now() - began < REACTION {
            thread::sleep(LOOK);
        }
        for _ in 0..ROUNDS {
            let left = find();
            if left.is_empty() {
                break;
            }
            send_all(&left, Signal::KILL);
            thread::sleep(LOOK);
        }
        let ended = |process: Process| EndedProcess {
            id: process.id,
            name: process.name,
        };
        found.into_iter().map(ended).collect()
    }

    #[derive(Debug, Clone)]
    struct Process {
        id: u32,
        parent: u32,
        name: String,
        /// When it began, which no later process of the same id has.
        started: String,
        has_ended: bool,
    }

    fn send_all(processes: &[Process], signal: Signal) {
        for process in processes {
            let Some(pid) = i32::try_from(process.id).ok().and_then(Pid::from_raw) else {
                continue;
            };
            // The descriptor is of one process; that it is the one that was found shows afterwards.
            let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else {
                continue;
            };
            if read(process.id).is_some_and(|now| now.started == process.started) {
                let _ = pidfd_send_signal(&descriptor, signal);
            }
        }
    }

    fn all() -> Vec<Process> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter_map(read).collect()
    }

    /// Those below these that have not ended.
    fn below(all: &[Process], mut parents: Vec<u32>) -> Vec<Process> {
        let mut children: HashMap<u32, Vec<&Process>> = HashMap::new();
        for process in all {
            children.entry(process.parent).or_default().push(process);
        }
        let mut found = Vec::new();
        while let Some(parent) = parents.pop() {
            for process in children.remove(&parent).unwrap_or_default() {
                parents.push(process.id);
                if !process.has_ended {
                    found.push(process.clone());
                }
            }
        }
        found
    }

    /// When a process that has not ended began, in ticks since the machine did: no later process of
    /// the same id has the same.
    pub fn process_started(id: u32) -> Option<String> {
        read(id)
            .filter(|process| !process.has_ended)
            .map(|process| process.started)
    }

    /// A line of `/proc/ID/stat`, in which the name stands in parentheses and may hold some too.
    fn read(id: u32) -> Option<Process> {
        let bytes = fs::read(format!("/proc/{id}/stat")).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let (before, after) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = after.split(' ').collect();
        Some(Process {
            id,
            name: before.split_once('(')?.1.to_owned(),
            has_ended: matches!(*fields.first()?, "Z" | "X"),
            parent: fields.get(1)?.parse().ok()?,
            started: (*fields.get(19)?).to_owned(),
        })
    }

    #[cfg(test)]
    mod tests {
        use super::{RUN_VARIABLE, all, below, end_descendants, end_left_by, read};
        use std::io::{BufRead as _, BufReader, Read as _};
        use std::process::{Command, Stdio};

        #[test]
        fn all_below_a_process_is_ended_and_named_whatever_it_ignores() {
            let script =
                "trap '' TERM; (trap '' TERM; setsid sleep 1000 & echo begun; wait) & wait";
            let mut shell = Command::new("sh")
                .args(["-c", script])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(shell.stdout.take().unwrap())
                .read_line(&mut line)
                .unwrap();
            let ended = end_descendants(shell.id());
            assert!(!ended.is_empty(), "the inner shell at least");
            assert!(below(&all(), vec![shell.id()]).is_empty());
            shell.kill().unwrap();
            shell.wait().unwrap();
        }

        #[test]
        fn what_a_run_has_left_is_found_by_its_id_wherever_it_is() {
            let start = |run: &str, script: &str| {
                let mut shell = Command::new("sh");
                shell.args(["-c", script]).env(RUN_VARIABLE, run);
                shell.stdout(Stdio::piped()).spawn().unwrap()
            };
            // The shell ends at once; what it has started is in a session of its own, and has no
            // environment where it could be found without its parent.
            let left = "trap '' TERM; echo begun; env -i sleep 1000; true";
            let mut gone = start("run-1", &format!("setsid sh -c \"{left}\" &"));
            let mut other = start("run-10", "echo begun; exec sleep 1000");
            let mut output = BufReader::new(gone.stdout.take().unwrap());
            for output in [
                &mut output,
                &mut BufReader::new(other.stdout.take().unwrap()),
            ] {
                let mut line = String::new();
                output.read_line(&mut line).unwrap();
                assert_eq!(line, "begun\n");
            }
            gone.wait().unwrap();
            assert!(!end_left_by("run-1").is_empty());
            assert!(end_left_by("run-1").is_empty());
            // It ends when none of them has it any more.
            output.read_to_end(&mut Vec::new()).unwrap();
            assert!(other.try_wait().unwrap().is_none(), "it is another run's");
            other.kill().unwrap();
            other.wait().unwrap();
        }

        #[test]
        fn a_process_is_read_as_it_is() {
            let own = read(std::process::id()).unwrap();
            assert!(!own.has_ended && own.parent > 0 && !own.started.is_empty());
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::EndedProcess;

    /// The system has no such thing.
    pub fn adopt_orphans() {}

    /// The system does not say.
    pub fn process_started(_: u32) -> Option<String> {
        None
    }

    /// What a run has left cannot be found.
    pub fn end_left_by(_: &str) -> Vec<EndedProcess> {
        Vec::new()
    }

    /// What a process has started cannot be found: it ends itself.
    pub(in crate::gate) fn end_descendants(_: u32) -> Vec<EndedProcess> {
        Vec::new()
    }
}
