//! What comes from outside while the run waits for it: standard input, and what a process writes
//! into a pipe.

use super::base::Gate;
use super::cancel::StopReason;
use super::effect::{Effect, Open};
use crate::effect_id::EffectId;
use futures_util::FutureExt as _;
use std::cell::Cell;
#[cfg(unix)]
use {rustix::event::Timespec, tokio::sync::oneshot};

/// What reads, taken once.
struct Input<F>(Cell<Option<F>>);

impl<R, F: Future<Output = R>> Effect for Input<F> {
    type Outcome = Result<R, StopReason>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        let reading = self.0.take().expect("it is carried out once");
        Ok(open.gate.clock().real(reading).await)
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        Err(stop)
    }
}

impl Gate {
    /// Carries out `reading`, which waits for the world outside; ends early where the effect at
    /// this place is cancelled.
    pub async fn read_input<R>(
        &self,
        reading: impl Future<Output = R>,
        id: &EffectId,
    ) -> Result<R, StopReason> {
        self.through(Input(Cell::new(Some(reading))), id).await
    }

    /// The same where Lua cannot yield: the whole run waits.
    pub fn read_input_now<R>(
        &self,
        read: impl FnOnce() -> R,
        id: &EffectId,
    ) -> Result<R, StopReason> {
        self.through_now(
            Input(Cell::new(Some(std::future::ready(()).map(|()| read())))),
            id,
        )
    }
}

/// Ends once something can be read from a file, or never will be.
#[cfg(unix)]
pub async fn readable(file: std::fs::File) -> std::io::Result<()> {
    // What is there already needs no thread.
    if is_readable(&file, Timespec::default())? {
        return Ok(());
    }
    let (found, ready) = oneshot::channel();
    // A thread, because tokio watches a borrowed descriptor only in unsafe code. It ends soon after
    // the future is dropped.
    tokio::task::spawn_blocking(move || {
        while !found.is_closed() {
            match is_readable(&file, LOOK) {
                Ok(false) => {}
                outcome => return drop(found.send(outcome.map(drop))),
            }
        }
    });
    ready.await.unwrap_or(Ok(()))
}

/// How long a thread waits for a file before it checks whether its run still does.
#[cfg(unix)]
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

#[cfg(unix)]
fn is_readable(file: &std::fs::File, limit: Timespec) -> std::io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;
    match poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&limit)) {
        Err(Errno::INTR) => Ok(false),
        outcome => Ok(outcome? > 0),
    }
}

/// Elsewhere the read itself waits.
#[cfg(not(unix))]
pub async fn readable(_: std::fs::File) -> std::io::Result<()> {
    Ok(())
}
