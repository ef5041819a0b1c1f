//! Tasks: what takes the cloud its time.

use super::ids;
use super::world::World;
use std::net::Ipv4Addr;
use std::time::Duration;

/// The number that task ids start from; the document's example of `DescribeTask` has it.
pub(crate) const FIRST_TASK: u64 = 190_982;

/// What a task does to the world when it ends.
pub(crate) type Effect = Box<dyn FnOnce(&mut World) + Send>;

/// What kind of work it is: the name on the wire, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    /// `TaskType` of `DescribeTask`. Two are documented: `orderCreateVM` and `newOrderUpdateVM`.
    pub(crate) kind: &'static str,
    /// Seconds at least.
    pub(crate) least: u32,
    /// Seconds at most.
    pub(crate) most: u32,
}

impl Work {
    pub(crate) const CREATE: Self = Self { kind: "orderCreateVM", least: 60, most: 180 };
    pub(crate) const UPDATE: Self = Self { kind: "newOrderUpdateVM", least: 20, most: 60 };
    pub(crate) const DELETE: Self = Self { kind: "orderDeleteVM", least: 20, most: 60 };
    pub(crate) const POWER: Self = Self { kind: "powerVM", least: 10, most: 40 };
    pub(crate) const REINSTALL: Self = Self { kind: "resetImageVM", least: 60, most: 180 };
    pub(crate) const PASSWORD: Self = Self { kind: "resetPasswordVM", least: 5, most: 20 };
    pub(crate) const DISK: Self = Self { kind: "newOrderUpdateVM", least: 15, most: 45 };
    pub(crate) const INTERFACE: Self = Self { kind: "updateInterface", least: 5, most: 30 };
    pub(crate) const TEMPLATE: Self = Self { kind: "template", least: 120, most: 300 };
    pub(crate) const SECURITY_GROUP: Self = Self { kind: "securityGroup", least: 3, most: 15 };

    /// How long the task of this number takes: always the same for the same seed.
    pub(crate) fn duration(self, seed: u64, task: u64, scale: f64) -> Duration {
        let seconds = f64::from(self.least) + f64::from(self.most - self.least) * ids::fraction(seed, "task", task);
        Duration::try_from_secs_f64(seconds * scale).unwrap_or(Duration::ZERO)
    }
}

/// A task, from its start on; a finished one is kept, because it can still be asked about.
pub(crate) struct Task {
    pub(crate) id: u64,
    pub(crate) work: Work,
    pub(crate) resources: Vec<String>,
    /// Servers that nothing else may touch meanwhile.
    pub(crate) holds: Vec<String>,
    /// Addresses that are taken meanwhile.
    pub(crate) reserves: Vec<Ipv4Addr>,
    pub(crate) started: Duration,
    /// When it ends; never, where it hangs.
    pub(crate) due: Option<Duration>,
    /// Why it will end in ERROR.
    pub(crate) failure: Option<String>,
    pub(crate) settled: bool,
    pub(crate) done: Option<Effect>,
    pub(crate) failed: Option<Effect>,
}

impl Task {
    /// As `DescribeTask` writes it at a time.
    pub(crate) fn status(&self, now: Duration) -> &'static str {
        match self.due {
            Some(due) if now >= due && self.failure.is_some() => "ERROR",
            Some(due) if now >= due => "FINISH",
            // A tenth of the time it waits for its turn.
            Some(due) if now < self.started + due.saturating_sub(self.started) / 10 => "NEW",
            None if now < self.started + Duration::from_secs(2) => "NEW",
            _ => "DOING",
        }
    }
}
