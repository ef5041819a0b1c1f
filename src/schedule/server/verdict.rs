//! How a run ended whose process is gone: what its own record says, and otherwise it is lost.

use super::processes::Ended;
use crate::history::{RunEnd, RunOutcome, Store, StoreError};
use crate::run::last_words;
use cumulua_core::clock::wall_now;
use std::collections::HashMap;
use std::process::ExitStatus;

/// Judges runs, in their order. The error is that the store cannot be asked, which says nothing about
/// them.
pub(super) fn judge(store: &Store, ended: &[Ended]) -> Result<Vec<RunEnd>, StoreError> {
    let ids: Vec<&str> = ended.iter().map(|(run, _)| run.as_str()).collect();
    let mut recorded = if ids.is_empty() {
        HashMap::new()
    } else {
        store.recorded_ends(&ids)?
    };
    let end = |(run, status): &Ended| {
        recorded
            .remove(run)
            .unwrap_or_else(|| lost(store, run, *status))
    };
    Ok(ended.iter().map(end).collect())
}

fn lost(store: &Store, run: &str, status: Option<ExitStatus>) -> RunEnd {
    store.locks().forget_run(run);
    let with = status
        .map(|status| format!(" ({status})"))
        .unwrap_or_default();
    let last = last_words::read(store.path(), run)
        .map(|line| format!("; its last line: {line}"))
        .unwrap_or_default();
    RunEnd {
        id: run.to_owned(),
        ended: wall_now(),
        outcome: RunOutcome::Lost,
        status: status.and_then(|status| status.code()),
        error: Some(format!(
            "its process ended without recording how{with}{last}"
        )),
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::judge;
    use crate::history::{NewRun, RunEnd, RunOutcome, Store};
    use jiff::Timestamp;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    fn store(folder: &tempfile::TempDir) -> Store {
        let store = Store::open(folder.path().join("runs.db"));
        let run = NewRun {
            id: "r".to_owned(),
            name: "nightly".to_owned(),
            kind: "schedule".to_owned(),
            pid: Some(1),
            due: Some(Timestamp::UNIX_EPOCH),
            attempt: 1,
            ..NewRun::default()
        };
        store.start_run(run).unwrap();
        store
    }

    /// Exit statuses, a signal, and none, as of a run of a server before.
    fn statuses() -> Vec<Option<ExitStatus>> {
        let codes = [0, 1, 124, 130].map(|code| Some(ExitStatus::from_raw(code << 8)));
        codes
            .into_iter()
            .chain([Some(ExitStatus::from_raw(9)), None])
            .collect()
    }

    #[test]
    fn a_record_is_believed_whatever_the_status_and_without_one_a_run_is_lost() {
        for status in statuses() {
            for outcome in [
                RunOutcome::Done,
                RunOutcome::Failed,
                RunOutcome::TimedOut,
                RunOutcome::Cancelled,
                RunOutcome::Lost,
            ] {
                for is_left_beside in [false, true] {
                    let folder = tempfile::tempdir().unwrap();
                    let store = store(&folder);
                    let end = RunEnd {
                        id: "r".to_owned(),
                        ended: Timestamp::UNIX_EPOCH,
                        outcome,
                        status: Some(7),
                        error: None,
                    };
                    if is_left_beside {
                        let mut held = store.locks().run("r").unwrap().held().unwrap();
                        held.leave_end(&end).unwrap();
                    } else {
                        store.end_run(end).unwrap();
                    }
                    // A process that another test starts at this moment may hold the lock a little
                    // longer.
                    while store.locks().is_run_alive("r") {}
                    let ended = ("r".to_owned(), status);
                    let judged = judge(&store, &[ended]).unwrap().remove(0);
                    assert_eq!((judged.outcome, judged.status), (outcome, Some(7)));
                }
            }
            let folder = tempfile::tempdir().unwrap();
            let ended = ("r".to_owned(), status);
            let lost = judge(&store(&folder), &[ended]).unwrap().remove(0);
            assert_eq!(lost.outcome, RunOutcome::Lost);
            assert_eq!(lost.status, status.and_then(|status| status.code()));
        }
    }
}
