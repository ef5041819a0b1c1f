//! How the cloud's time runs beside the clock's: tasks can go faster than in a cloud, while the
//! time of day stays the clock's own.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Two times since a common moment: the tasks' and the clock's.
#[derive(Debug, Clone)]
pub(crate) struct VirtualClock {
    /// The moment's time of day.
    day: Timestamp,
    /// The moment on the tasks' time.
    tasks: Duration,
    /// The moment on the clock.
    clock: Duration,
    /// Seconds of the tasks' time to a second of the clock's.
    speed: f64,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self {
            day: Timestamp::UNIX_EPOCH,
            tasks: Duration::ZERO,
            clock: Duration::ZERO,
            speed: 1.0,
        }
    }
}

impl VirtualClock {
    /// The tasks' time is `tasks` when the clock has come to `clock` and the time of day is `day`.
    pub(crate) fn starting(day: Timestamp, tasks: Duration, clock: Duration) -> Self {
        Self {
            day,
            tasks,
            clock,
            speed: 1.0,
        }
    }

    /// The tasks' time when the clock has come to a point.
    pub(crate) fn tasks_at(&self, clock: Duration) -> Duration {
        let passed = clock.saturating_sub(self.clock).as_secs_f64() * self.speed;
        self.tasks
            .saturating_add(Duration::try_from_secs_f64(passed).unwrap_or(Duration::MAX))
    }

    /// The time of day when the tasks' time has come to a point.
    pub(crate) fn day_at(&self, tasks: Duration) -> Timestamp {
        let passed = SignedDuration::try_from_secs_f64(
            tasks.saturating_sub(self.tasks).as_secs_f64() / self.speed,
        );
        self.day
            .saturating_add(passed.unwrap_or(SignedDuration::MAX))
            .unwrap_or(Timestamp::MAX)
    }

    /// Changes the speed from a point of the clock on.
    pub(crate) fn change_speed(&mut self, clock: Duration, speed: f64) {
        let tasks = self.tasks_at(clock);
        *self = Self {
            day: self.day_at(tasks),
            tasks,
            clock,
            speed,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::VirtualClock;
    use jiff::Timestamp;
    use std::time::Duration;

    #[test]
    fn tasks_go_faster_while_the_day_does_not() {
        let seconds = Duration::from_secs;
        let mut clock = VirtualClock::starting(Timestamp::UNIX_EPOCH, seconds(5), seconds(100));
        clock.change_speed(seconds(110), 60.0);
        assert_eq!(clock.tasks_at(seconds(111)), seconds(5 + 10 + 60));
        assert_eq!(clock.day_at(seconds(75)).as_second(), 11);
        clock.change_speed(seconds(111), 1.0);
        assert_eq!(
            (
                clock.tasks_at(seconds(112)),
                clock.day_at(seconds(76)).as_second()
            ),
            (seconds(76), 12)
        );
    }
}
