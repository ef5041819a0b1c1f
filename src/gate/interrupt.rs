//! What ends a run from outside: Ctrl-C, a deadline, too little memory, `os.exit`. Once raised it stays raised.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
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
        }
    }
}

/// The run's end from outside, seen by its Lua code, its calls and its waits alike.
#[derive(Debug, Default)]
pub struct Interrupt {
    raised: AtomicBool,
    stop: Mutex<Option<Stop>>,
    notify: Notify,
}

impl Interrupt {
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
        self.raised.load(Ordering::Relaxed)
    }

    /// Why it is raised.
    pub fn reason(&self) -> Option<Stop> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lowers it, so that what was deferred can run; gives the reason that stood.
    pub fn lower(&self) -> Option<Stop> {
        let mut held = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        self.raised.store(false, Ordering::SeqCst);
        held.take()
    }

    /// Waits until it is raised.
    pub async fn raised(&self) -> Stop {
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
