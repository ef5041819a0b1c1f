//! Notices that the wall clock jumped, or that the machine slept: both look alike, because the
//! other clock stands still in sleep.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Smaller differences are the ordinary work of a time service.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(2);

/// Compares the wall clock with one that only runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClockWatch {
    wall: Timestamp,
    running: Duration,
}

impl ClockWatch {
    pub(super) fn new(wall: Timestamp, running: Duration) -> Self {
        Self { wall, running }
    }

    /// By how much the wall clock has jumped since the last look.
    pub(super) fn jump(&mut self, wall: Timestamp, running: Duration) -> Option<SignedDuration> {
        let passed = SignedDuration::try_from(running.saturating_sub(self.running))
            .unwrap_or(SignedDuration::MAX);
        let jump = wall.duration_since(self.wall).saturating_sub(passed);
        *self = Self { wall, running };
        (jump.abs() > TOLERANCE).then_some(jump)
    }
}

#[cfg(test)]
mod tests {
    use super::ClockWatch;
    use jiff::{SignedDuration, Timestamp};
    use std::time::Duration;

    #[test]
    fn sleep_and_a_clock_that_is_set_are_jumps_and_a_slow_loop_is_none() {
        let wall = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        let mut watch = ClockWatch::new(wall(0), Duration::ZERO);
        assert_eq!(watch.jump(wall(60), Duration::from_mins(1)), None);
        assert_eq!(
            watch.jump(wall(3661), Duration::from_secs(61)),
            Some(SignedDuration::from_secs(3600))
        );
        assert_eq!(
            watch.jump(wall(62), Duration::from_secs(62)),
            Some(SignedDuration::from_secs(-3600))
        );
        assert_eq!(watch.jump(wall(63), Duration::from_secs(63)), None);
    }
}
