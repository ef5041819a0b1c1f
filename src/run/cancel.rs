//! Cancelling a run from another process, wherever the run stands.

use super::control::{self, AskError, Reply, Request};
use crate::history::{Requester, RunEnd, RunOutcome, Store, StoreError, UserRequest, Verb};
use cumulua_core::clock::{real_now, wall_now};
use std::thread;
use std::time::Duration;

/// How long the run's answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a run that has just begun may take until it listens.
const BEGINNING: Duration = Duration::from_millis(500);

/// The pause after which it is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// What has been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It had not begun, and does not begin any more.
    BeforeItBegan,
    /// It ends.
    Ends,
}

/// Why a run cannot be cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be asked.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// It refuses.
    #[error("{0}")]
    Refused(String),
}

/// Cancels a run that has not ended: one whose process has not begun never does, another is asked
/// to end. `reason` is kept in its history, and so is who asks, unless that is a server.
pub fn cancel_run(
    store: &Store,
    run: &str,
    reason: &str,
    requester: Option<Requester>,
) -> Result<Cancelled, CancelError> {
    let end = RunEnd {
        id: run.to_owned(),
        ended: wall_now(),
        outcome: RunOutcome::Cancelled,
        status: None,
        error: Some(reason.to_owned()),
    };
    // Whether its process has begun is decided in the store, in one step. Where the store refuses that,
    // as on a full disk, one that has begun listens all the same.
    let is_ended = store.end_run_before_it_begins(end);
    if matches!(is_ended, Ok(true)) {
        if let Some(requester) = requester {
            let request = UserRequest {
                run: Some(run.to_owned()),
                ..UserRequest::new(Verb::Cancel, requester, wall_now())
            };
            store.post_user_request(request)?;
        }
        return Ok(Cancelled::BeforeItBegan);
    }
    let socket = control::run_socket(store.path(), run);
    let request = Request::Cancel {
        reason: reason.to_owned(),
        told: requester.map(|requester| requester.told),
    };
    let began = real_now();
    loop {
        match control::ask(&socket, &request, PATIENCE) {
            Err(AskError::NoListener(_)) if real_now() - began < BEGINNING => thread::sleep(PAUSE),
            Ok(Reply::Done(_) | Reply::Fired { .. }) => return Ok(Cancelled::Ends),
            Ok(Reply::Refused(problem)) => return Err(CancelError::Refused(problem)),
            Err(problem) => return Err(is_ended.err().map_or(problem.into(), Into::into)),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::{CancelError, Cancelled, cancel_run};
    use crate::history::Store;
    use crate::run::control::{Listener, Reply, run_socket};

    #[test]
    fn a_run_that_listens_is_cancelled_also_where_the_store_refuses() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db");
        // No store can be opened there.
        std::fs::create_dir(&path).unwrap();
        let store = Store::open(path.clone());
        let cancelled = || cancel_run(&store, "r", "for the test", None);
        assert!(matches!(cancelled(), Err(CancelError::Store(_))));
        let answer = |_: &_, _: &_| Reply::Done("the run ends".to_owned());
        let _listener = Listener::start(&run_socket(&path, "r"), "run", answer).unwrap();
        assert_eq!(cancelled().unwrap(), Cancelled::Ends);
    }
}
