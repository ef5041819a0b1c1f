//! What ends a run, or one of its parallel tasks, from outside: Ctrl-C, a deadline, too little memory, `os.exit`, a sibling that
//! failed. Once raised it stays raised.

use futures_util::future::select_all;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Why a run ends before its script does.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// Ctrl-C, or a signal that asks to end.
    Interrupted,
    /// The run's own time is over.
    TimedOut(Duration),
    /// The script wants more memory than it may have, in bytes.
    OutOfMemory(usize),
    /// Nobody reads standard output any more.
    OutputClosed,
    /// The server that started the run ends it, or is gone; why, in its words.
    Ended(String),
    /// `os.exit`.
    Exit(u8),
    /// What was deferred had its time.
    DeferredTooLong(Duration),
    /// Another task of the same `parallel` failed.
    SiblingFailed,
}

impl Stop {
    /// What a person reads.
    pub fn describe(&self) -> String {
        match self {
            Self::Interrupted => "interrupted".to_owned(),
            Self::TimedOut(limit) => format!("the run did not end within its {} s", limit.as_secs_f64()),
            Self::OutOfMemory(limit) => {
                format!("the script needs more than its {} MiB of memory; --max-memory gives it more", limit / (1024 * 1024))
            }
            Self::OutputClosed => "standard output is closed".to_owned(),
            Self::Ended(reason) => reason.clone(),
            Self::Exit(status) => format!("os.exit({status})"),
            Self::DeferredTooLong(limit) => format!("deferred functions did not end within {} s", limit.as_secs_f64()),
            Self::SiblingFailed => "another task of the same parallel failed".to_owned(),
        }
    }
}

/// The end from outside of a run or of a task in it, seen by its Lua code, its calls and its waits alike.
#[derive(Debug, Default)]
pub struct Interrupt {
    raised: AtomicBool,
    stop: Mutex<Option<Stop>>,
    notify: Notify,
    /// What ends the run or the task around this one ends this one too.
    around: Option<Arc<Interrupt>>,
}

impl Interrupt {
    /// An interrupt of something inside what `around` ends.
    pub(super) fn inside(around: Arc<Self>) -> Self {
        Self { around: Some(around), ..Self::default() }
    }

    /// Raises it; the first reason stays.
    pub fn raise(&self, stop: Stop) {
        let mut held = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            *held = Some(stop);
            self.raised.store(true, Ordering::SeqCst);
        }
        drop(held);
        self.notify.notify_waiters();
    }

    /// Whether it is raised; cheap enough for every instruction.
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed) || self.around.as_ref().is_some_and(|around| around.is_raised())
    }

    /// Why it is raised.
    pub fn reason(&self) -> Option<Stop> {
        let own = self.stop.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.around.as_ref().and_then(|around| around.reason()).or(own)
    }

    /// Lowers it, so that what was deferred can run; gives the reason that stood. What is around it stays as it is.
    pub fn lower(&self) -> Option<Stop> {
        let mut held = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        self.raised.store(false, Ordering::SeqCst);
        held.take()
    }

    /// Waits until it is raised.
    pub async fn raised(&self) -> Stop {
        let chain: Vec<&Self> = std::iter::successors(Some(self), |inner| inner.around.as_deref()).collect();
        loop {
            let mut notified: Vec<_> = chain.iter().map(|interrupt| Box::pin(interrupt.notify.notified())).collect();
            for each in &mut notified {
                each.as_mut().enable();
            }
            if let Some(stop) = self.reason() {
                return stop;
            }
            select_all(notified).await;
        }
    }
}
