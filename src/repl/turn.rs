//! Whose turn it is: the VM has one thread, so at any moment the line in front, one job or nobody runs.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nobody's: the prompt waits.
    Nobody,
    /// The line's that a person waits for.
    Foreground,
    /// A job's, by its number.
    Job(u64),
}

impl Turn {
    /// Another number for each.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::Nobody => NOBODY,
            Self::Foreground => FOREGROUND,
            Self::Job(number) => FIRST_JOB + number,
        }
    }
}

/// Says whose turn it is to whoever hears an effect: the progress, the question before a call, Ctrl-C.
#[derive(Debug, Default)]
pub(super) struct Turns(AtomicU64);

const NOBODY: u64 = 0;
const FOREGROUND: u64 = 1;
const FIRST_JOB: u64 = 2;

impl Turns {
    /// Whose turn it is now.
    pub(super) fn now(&self) -> Turn {
        match self.0.load(Ordering::SeqCst) {
            NOBODY => Turn::Nobody,
            FOREGROUND => Turn::Foreground,
            job => Turn::Job(job - FIRST_JOB),
        }
    }

    /// Runs a future whose every step is a turn of `turn`.
    pub(super) async fn during<F: Future>(&self, turn: Turn, future: F) -> F::Output {
        let mine = turn.number();
        let mut future = pin!(future);
        std::future::poll_fn(|context| {
            let before = self.0.swap(mine, Ordering::SeqCst);
            let polled: Poll<F::Output> = future.as_mut().poll(context);
            self.0.store(before, Ordering::SeqCst);
            polled
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::{Turn, Turns};

    #[tokio::test]
    async fn a_turn_lasts_as_long_as_its_own_steps() {
        let turns = Turns::default();
        turns.during(Turn::Job(3), async { assert_eq!(turns.now(), Turn::Job(3)) }).await;
        assert_eq!(turns.now(), Turn::Nobody);
    }
}
