//! The time of a command until its guard watches: the script, a seed or a parameter can be a pipe
//! without a writer.

use super::{report, status};
use crate::gate::StopReason;
use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

static IS_OVER: AtomicBool = AtomicBool::new(false);

/// Ends the process where it is still reading at its time.
pub(super) fn limit(limit: Duration) {
    thread::spawn(move || {
        thread::sleep(limit);
        if !IS_OVER.load(Ordering::SeqCst) {
            report::error(&format!(
                "{}; it was still reading what it was to begin with",
                StopReason::TimedOut(limit).describe()
            ));
            exit(i32::from(status::TIMED_OUT.0));
        }
    });
}

/// Notes that a guard watches from now on.
pub(super) fn over() {
    IS_OVER.store(true, Ordering::SeqCst);
}
