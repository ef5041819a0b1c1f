//! Ctrl-C while something runs, and signals that end the session.

use super::running::Running;
use super::ui::Ui;
use crate::gate::{Gate, StopReason};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use tokio::sync::Notify;

/// A job that has the VM is given so long to hand it back before Ctrl-C ends it.
const JOB_GRACE: Duration = Duration::from_millis(300);
/// What has not ended after so many moments does not react. Counted in the watcher's own turns,
/// because on a busy machine what runs gets no more of them.
const REACTION: u32 = 26;
const MOMENT: Duration = Duration::from_millis(5);

/// Why what runs is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Of the line, by Ctrl-C.
    Line,
    /// Of the session, by a signal.
    Session,
}

/// What is done where what runs does not react, and its thread cannot be had back.
pub(super) type OnStuck = Box<dyn Fn(Ending) + Send + Sync>;

/// Ctrl-C while something runs, and signals that end the session.
pub struct Interrupts {
    gate: Arc<Gate>,
    ui: Arc<Ui>,
    is_running: AtomicBool,
    is_requested: AtomicBool,
    ends_session: AtomicBool,
    is_closed: AtomicBool,
    on_stuck: OnStuck,
    requested: Notify,
    ended: Notify,
}

impl Interrupts {
    /// Interrupts of what runs behind `gate`.
    pub fn new(gate: Arc<Gate>, ui: Arc<Ui>, on_stuck: OnStuck) -> Arc<Self> {
        Arc::new(Self {
            gate,
            ui,
            is_running: AtomicBool::new(false),
            is_requested: AtomicBool::new(false),
            ends_session: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            on_stuck,
            requested: Notify::new(),
            ended: Notify::new(),
        })
    }

    /// Notes that the session is over: whatever is left to be done, Ctrl-C ends the process.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// Ctrl-C. At the prompt it is a key, and a signal that comes just before it means nothing.
    pub fn interrupt(self: &Arc<Self>) {
        // A pager reads it by itself, and an editor has other uses for it.
        if !self.ui.is_lent() {
            self.stop_running();
        }
    }

    fn stop_running(self: &Arc<Self>) {
        let job_has_the_vm = matches!(self.ui.running(), Running::Job(_));
        if !self.is_running.load(Ordering::SeqCst) && !job_has_the_vm {
            return;
        }
        if !self.is_requested.swap(true, Ordering::SeqCst) {
            self.ui.set_interrupted(true);
            self.requested.notify_one();
            let watcher = Arc::clone(self);
            thread::spawn(move || watcher.escalate());
        }
    }

    /// A signal that asks to end: what runs is stopped, then the session ends.
    pub fn end(self: &Arc<Self>) {
        self.ends_session.store(true, Ordering::SeqCst);
        self.ended.notify_one();
        self.stop_running();
    }

    fn escalate(&self) {
        // The session's thread is notified where it waits, Lua code through the hook.
        if matches!(self.ui.running(), Running::Job(_)) {
            thread::sleep(JOB_GRACE);
        }
        self.interrupt_now();
        if !self.is_running.load(Ordering::SeqCst) {
            // It was for a job that kept the VM from the prompt.
            return self.clear();
        }
        let ends = (0..REACTION).any(|_| {
            thread::sleep(MOMENT);
            !self.is_requested.load(Ordering::SeqCst)
        });
        if !ends {
            (self.on_stuck)(if self.ends_session.load(Ordering::SeqCst) {
                Ending::Session
            } else {
                Ending::Line
            });
        }
    }

    fn interrupt_now(&self) {
        if self.is_requested.load(Ordering::SeqCst) && self.ui.running() != Running::Nothing {
            self.gate.cancel_token().raise(StopReason::Interrupted);
        }
    }

    /// Waits for Ctrl-C.
    pub(super) async fn requested(&self) {
        self.requested.notified().await;
    }

    /// Waits for a signal that ends the session.
    pub(super) async fn ended(&self) {
        self.ended.notified().await;
    }

    /// Notes that something runs, which Ctrl-C is for.
    pub(super) fn begin(&self) {
        self.clear();
        self.is_running.store(true, Ordering::SeqCst);
    }

    /// Notes that what ran has ended.
    pub(super) fn clear(&self) {
        self.is_running.store(false, Ordering::SeqCst);
        self.ui.set_interrupted(false);
        if self.is_requested.swap(false, Ordering::SeqCst) {
            // The permit that was not taken.
            let _ = futures_util::FutureExt::now_or_never(self.requested.notified());
        }
    }
}
