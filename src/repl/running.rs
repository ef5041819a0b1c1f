//! What runs: the VM has one thread, so at any moment that is the line in the foreground, one job,
//! or nothing.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

/// What runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Running {
    /// Nothing: the prompt waits.
    Nothing,
    /// The line that a person waits for.
    Foreground,
    /// A job, by its number.
    Job(u64),
}

impl Running {
    /// Another number for each.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::Nothing => NOTHING,
            Self::Foreground => FOREGROUND,
            Self::Job(number) => FIRST_JOB + number,
        }
    }
}

/// What runs now, for what observes an effect: the progress, the question before a call, Ctrl-C.
#[derive(Debug, Default)]
pub(super) struct NowRunning(AtomicU64);

const NOTHING: u64 = 0;
const FOREGROUND: u64 = 1;
const FIRST_JOB: u64 = 2;

impl NowRunning {
    /// What runs now.
    pub(super) fn now(&self) -> Running {
        match self.0.load(Ordering::SeqCst) {
            NOTHING => Running::Nothing,
            FOREGROUND => Running::Foreground,
            job => Running::Job(job - FIRST_JOB),
        }
    }

    /// Polls a future, and sets at each poll that `running` runs.
    pub(super) async fn during<F: Future>(&self, running: Running, future: F) -> F::Output {
        let mine = running.number();
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
    use super::{NowRunning, Running};

    #[tokio::test]
    async fn a_turn_lasts_as_long_as_its_own_steps() {
        let turns = NowRunning::default();
        turns
            .during(Running::Job(3), async {
                assert_eq!(turns.now(), Running::Job(3));
            })
            .await;
        assert_eq!(turns.now(), Running::Nothing);
    }
}
