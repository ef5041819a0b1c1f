//! What ends a run, or one of its parallel tasks, from outside: Ctrl-C, a deadline, too little
//! memory, `os.exit`, a sibling that failed. Once raised it stays raised.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// Why a run ends before its script does.
#[derive(Debug, Clone, PartialEq)]
pub enum StopReason {
    /// Ctrl-C, or a signal that asks to end.
    Interrupted,
    /// The run's own time is over.
    TimedOut(Duration),
    /// The script wants more memory than it may have, in bytes.
    OutOfMemory(usize),
    /// Standard output has no reader any more.
    OutputClosed,
    /// A person or the server cancels the run from elsewhere; with the reason.
    Ended(String),
    /// The system asks the process of a server's run to end, as at its own end.
    Terminated,
    /// `os.exit`.
    Exit(u8),
    /// The time of the deferred functions is over.
    DeferredTooLong(Duration),
    /// Another task of the same `parallel` failed.
    SiblingFailed,
    /// The time of the `wait.for_state` around it is over.
    StateWaitTimedOut,
}

impl StopReason {
    /// The reason as a person reads it.
    pub fn describe(&self) -> String {
        match self {
            Self::Interrupted => "interrupted".to_owned(),
            Self::TimedOut(limit) => {
                format!("the run did not end within its {} s", limit.as_secs_f64())
            }
            Self::OutOfMemory(limit) => {
                format!(
                    "the script needs more than its {} MiB of memory; --max-memory gives it more",
                    limit / (1024 * 1024)
                )
            }
            Self::OutputClosed => "standard output is closed".to_owned(),
            Self::Ended(reason) => reason.clone(),
            Self::Terminated => {
                "ended by a signal, as at the end of its server or of the machine".to_owned()
            }
            Self::Exit(status) => format!("os.exit({status})"),
            Self::DeferredTooLong(limit) => format!(
                "deferred functions did not end within {} s",
                limit.as_secs_f64()
            ),
            Self::SiblingFailed => "another task of the same parallel failed".to_owned(),
            Self::StateWaitTimedOut => {
                "the time of the wait.for_state around it is over".to_owned()
            }
        }
    }
}

/// The end from outside of a run or of a task in it, seen by its Lua code, its calls and its waits
/// alike.
#[derive(Debug, Default)]
pub struct CancelToken {
    raised: AtomicBool,
    reason: Mutex<Option<StopReason>>,
    notify: Notify,
    /// The token of the run or the task around this one, which cancels this one too.
    around: Option<Arc<CancelToken>>,
    inside: Mutex<Vec<Weak<CancelToken>>>,
}

impl CancelToken {
    /// A token of something inside what `around` cancels.
    pub(super) fn inside(around: &Arc<Self>) -> Arc<Self> {
        let inside = Arc::new(Self {
            around: Some(Arc::clone(around)),
            ..Self::default()
        });
        let mut known = lock(&around.inside);
        // Tokens of what has ended are dropped whenever the list would grow.
        if known.len() == known.capacity() {
            known.retain(|inside| inside.strong_count() > 0);
        }
        known.push(Arc::downgrade(&inside));
        inside
    }

    /// The token of what is around this.
    pub(super) fn around(&self) -> Option<&Arc<Self>> {
        self.around.as_ref()
    }

    /// Raises it; the first reason stays.
    pub fn raise(&self, stop: StopReason) {
        let mut held = lock(&self.reason);
        if held.is_none() {
            *held = Some(stop);
            self.raised.store(true, Ordering::SeqCst);
        }
        drop(held);
        self.wake();
    }

    fn wake(&self) {
        self.notify.notify_waiters();
        let inside: Vec<_> = lock(&self.inside)
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for inside in inside {
            inside.wake();
        }
    }

    /// Whether it is raised; cheap enough for every instruction.
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
            || self
                .around
                .as_ref()
                .is_some_and(|around| around.is_raised())
    }

    /// Why it is raised.
    pub fn reason(&self) -> Option<StopReason> {
        let outer = self.around.as_ref().and_then(|around| around.reason());
        outer.or_else(|| lock(&self.reason).clone())
    }

    /// Lowers it, so that what was deferred can run; gives the reason it had. The token around it
    /// stays as it is.
    pub fn lower(&self) -> Option<StopReason> {
        let mut held = lock(&self.reason);
        self.raised.store(false, Ordering::SeqCst);
        held.take()
    }

    /// Waits until it is raised.
    pub async fn raised(&self) -> StopReason {
        loop {
            let notified = self.notify.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if let Some(stop) = self.reason() {
                return stop;
            }
            notified.await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
