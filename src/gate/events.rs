//! The events of a run while it goes on; `cli` shows it to a person.

use std::sync::Arc;
use std::time::Duration;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For those who look for a fault.
    Debug,
    /// What happens.
    Info,
    /// What may need a person.
    Warn,
    /// What needs a person.
    Error,
}

/// Something that happens in a run. No field holds a secret.
#[derive(Debug, Clone)]
pub enum Event {
    /// The script, or the runtime about it, logs a line.
    Log {
        /// How much it matters.
        level: Level,
        /// The line.
        message: String,
    },
    /// A call is on its way.
    CallStarted {
        /// The call's number in the run.
        id: u64,
        /// Its Action.
        action: Arc<str>,
    },
    /// A call has ended.
    CallEnded {
        /// The call's number in the run.
        id: u64,
    },
    /// The file of a call has got so far; sent now and then.
    Transferring {
        /// The call's number in the run.
        id: u64,
        /// How many bytes have gone.
        bytes: u64,
        /// How many there are, where that is known.
        total: Option<u64>,
    },
    /// The file of a call was sent or received whole.
    Transferred {
        /// The call's Action.
        action: Arc<str>,
        /// How many bytes there were.
        bytes: u64,
        /// How long the call took.
        elapsed: Duration,
    },
    /// What is waited for is in this state; sent at every poll.
    Waiting {
        /// The wait's number in the run.
        id: u64,
        /// What is waited for.
        what: String,
        /// Its state, in the service's own words.
        state: String,
        /// Whether the state is another than at the last poll.
        changed: bool,
        /// Time since the wait began.
        elapsed: Duration,
    },
    /// A wait has ended.
    WaitEnded {
        /// The wait's number in the run.
        id: u64,
        /// What was waited for.
        what: String,
        /// How, in a few words.
        outcome: String,
        /// Whether it came to a good end.
        done: bool,
        /// How long the wait took.
        elapsed: Duration,
    },
}

/// Something that observes what happens in a run.
pub trait Observer: Send + Sync {
    /// Receives an event.
    fn event(&self, event: Event);
}

/// Ignores everything.
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: Event) {}
}
