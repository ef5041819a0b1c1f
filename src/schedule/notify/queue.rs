//! What waits to be delivered: each notification to one receiver, tried again after pauses that grow
//! from 10 s to an hour, for a day. Times are lengths since the server began, on a clock that is not
//! set.

use super::outlet::Failure;
use std::collections::HashMap;
use std::time::Duration;

/// The first pause.
const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// How long delivery is tried.
const LIFETIME: Duration = Duration::from_hours(24);

/// How many are on their way at a time: each may be a process.
const AT_ONCE: usize = 8;

/// A notification that waits.
#[derive(Debug)]
pub struct Queued<T> {
    /// The id, which stays.
    pub id: String,
    /// How old it is.
    pub age: Duration,
    /// Attempts that were made.
    pub attempts: u32,
    /// After which time it may be tried.
    pub after: Duration,
    /// Whom it goes to: to each, one at a time.
    pub destination: u64,
    /// The least time between two to there.
    pub interval: Duration,
    /// What it is.
    pub item: T,
}

/// What comes of an attempt.
#[derive(Debug, PartialEq, Eq)]
pub enum Settled {
    /// It has arrived.
    Delivered,
    /// It is tried again after this time.
    Again(Duration),
    /// It has not arrived within a day, and is not tried any more.
    Undelivered,
    /// It has not arrived, and what came after it has taken its place meanwhile.
    Replaced,
}

struct Entry<T> {
    number: u64,
    queued: Queued<T>,
    due: Duration,
    expires: Duration,
    is_on_its_way: bool,
    /// Whether it is not tried again.
    is_replaced: bool,
}

#[derive(Default)]
struct Destination {
    is_busy: bool,
    free_at: Duration,
}

/// The notifications that wait.
pub struct Queue<T> {
    entries: HashMap<String, Entry<T>>,
    destinations: HashMap<u64, Destination>,
    number: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            destinations: HashMap::new(),
            number: 0,
        }
    }
}

impl<T> Queue<T> {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether it is there.
    pub fn has(&self, id: &str) -> bool {
        self.entries.contains_key(id)
    }

    /// What waits under an id.
    pub fn get(&self, id: &str) -> Option<&Queued<T>> {
        self.entries.get(id).map(|entry| &entry.queued)
    }

    /// All that wait, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Queued<T>> {
        self.entries.values().map(|entry| &entry.queued)
    }

    /// Adds one.
    pub fn add(&mut self, queued: Queued<T>, now: Duration) {
        self.number += 1;
        let entry = Entry {
            number: self.number,
            due: now + queued.after,
            expires: now + LIFETIME.saturating_sub(queued.age),
            is_on_its_way: false,
            is_replaced: false,
            queued,
        };
        self.entries.insert(entry.queued.id.clone(), entry);
    }

    /// Forgets those that are like this: one on its way is not tried again.
    pub fn remove(&mut self, is_meant: impl Fn(&T) -> bool) {
        self.entries.retain(|_, entry| {
            entry.is_replaced |= is_meant(&entry.queued.item);
            entry.is_on_its_way || !entry.is_replaced
        });
    }

    /// Takes those whose time has come, in their order; each is to be settled.
    pub fn take_due(&mut self, now: Duration) -> Vec<String> {
        self.destinations
            .retain(|_, destination| destination.is_busy || destination.free_at > now);
        let mut on_their_way = self
            .entries
            .values()
            .filter(|entry| entry.is_on_its_way)
            .count();
        let mut due: Vec<&mut Entry<T>> = self
            .entries
            .values_mut()
            .filter(|entry| !entry.is_on_its_way && entry.due <= now)
            .collect();
        due.sort_by_key(|entry| (entry.due, entry.number));
        let mut taken = Vec::new();
        for entry in due {
            if on_their_way >= AT_ONCE {
                break;
            }
            let to = self
                .destinations
                .entry(entry.queued.destination)
                .or_default();
            if to.is_busy || to.free_at > now {
                continue;
            }
            (to.is_busy, entry.is_on_its_way) = (true, true);
            on_their_way += 1;
            taken.push(entry.queued.id.clone());
        }
        taken
    }

    /// Settles an attempt; gives what was there, and how often it was tried.
    pub fn settle(
        &mut self,
        id: &str,
        outcome: &Result<(), Failure>,
        now: Duration,
    ) -> Option<(Settled, u32)> {
        let entry = self.entries.get_mut(id)?;
        entry.is_on_its_way = false;
        entry.queued.attempts += 1;
        let attempts = entry.queued.attempts;
        let to = self
            .destinations
            .entry(entry.queued.destination)
            .or_default();
        to.is_busy = false;
        to.free_at = now + entry.queued.interval;
        let settled = match outcome {
            Ok(()) => Settled::Delivered,
            Err(failure) => {
                let asked = failure.retry_after.unwrap_or_default();
                let pause = pause(attempts).max(asked.min(LONGEST_PAUSE));
                // Who asks to be left alone means all that comes from here.
                to.free_at = to.free_at.max(now + asked.min(LONGEST_PAUSE));
                if entry.is_replaced {
                    Settled::Replaced
                } else if now + pause > entry.expires {
                    Settled::Undelivered
                } else {
                    entry.due = now + pause;
                    Settled::Again(pause)
                }
            }
        };
        if !matches!(settled, Settled::Again(_)) {
            self.entries.remove(id);
        }
        Some((settled, attempts))
    }

    /// Gives one up.
    pub fn give_up(&mut self, id: &str) {
        if let Some(entry) = self.entries.remove(id)
            && entry.is_on_its_way
            && let Some(to) = self.destinations.get_mut(&entry.queued.destination)
        {
            to.is_busy = false;
        }
    }
}

/// The pause after so many attempts.
fn pause(attempts: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1).min(20));
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, Failure, LIFETIME, Queue, Queued, Settled, pause};
    use std::time::Duration;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn queued(id: &str, destination: u64, interval: u64) -> Queued<()> {
        Queued {
            id: id.to_owned(),
            age: Duration::ZERO,
            attempts: 0,
            after: Duration::ZERO,
            destination,
            interval: seconds(interval),
            item: (),
        }
    }

    fn refused(retry_after: Option<u64>) -> Result<(), Failure> {
        Err(Failure {
            reason: "no".to_owned(),
            retry_after: retry_after.map(seconds),
        })
    }

    #[test]
    fn pauses_double_from_ten_seconds_to_an_hour() {
        let pauses: Vec<_> = (1..=11).map(|attempts| pause(attempts).as_secs()).collect();
        assert_eq!(
            pauses,
            [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
        );
        assert_eq!(pause(u32::MAX), seconds(3600));
    }

    #[test]
    fn what_is_refused_is_tried_for_a_day_and_then_stands_as_undelivered() {
        for age in [0, 3600, 90_000] {
            let mut queue = Queue::default();
            let mut now = seconds(100);
            queue.add(
                Queued {
                    age: seconds(age),
                    ..queued("a", 1, 0)
                },
                now,
            );
            let mut attempts = 0;
            loop {
                assert_eq!(queue.take_due(now), ["a"]);
                attempts += 1;
                match queue.settle("a", &refused(None), now) {
                    Some((Settled::Again(pause), made)) => {
                        assert_eq!(made, attempts);
                        let just_before = (now + pause).saturating_sub(seconds(1));
                        assert!(queue.take_due(just_before).is_empty());
                        now += pause;
                    }
                    Some((Settled::Undelivered, _)) => break,
                    other => panic!("{other:?}"),
                }
            }
            assert!(now + seconds(age) <= LIFETIME.max(seconds(age)) + seconds(100));
            assert!(queue.is_empty());
            let fewest = if age < 86_400 { 20 } else { 1 };
            assert!(attempts >= fewest, "{age}: {attempts}");
        }
    }

    #[test]
    fn each_receiver_gets_one_at_a_time_in_order_and_within_its_vendors_limit() {
        let mut queue = Queue::default();
        for id in ["a", "b", "c"] {
            queue.add(queued(id, 1, 3), seconds(0));
        }
        queue.add(queued("other", 2, 0), seconds(0));
        assert_eq!(queue.take_due(seconds(0)), ["a", "other"]);
        assert!(queue.take_due(seconds(0)).is_empty());
        assert_eq!(
            queue.settle("a", &Ok(()), seconds(1)),
            Some((Settled::Delivered, 1))
        );
        assert!(queue.take_due(seconds(3)).is_empty());
        assert_eq!(queue.take_due(seconds(4)), ["b"]);
    }

    #[test]
    fn a_receiver_that_asks_to_be_left_alone_is() {
        let mut queue = Queue::default();
        queue.add(queued("a", 1, 0), seconds(0));
        queue.add(queued("b", 1, 0), seconds(0));
        assert_eq!(queue.take_due(seconds(0)), ["a"]);
        let settled = queue.settle("a", &refused(Some(120)), seconds(0));
        assert_eq!(settled, Some((Settled::Again(seconds(120)), 1)));
        assert!(queue.take_due(seconds(119)).is_empty());
        assert_eq!(queue.take_due(seconds(120)), ["b"]);
    }

    #[test]
    fn what_a_later_one_replaced_is_not_tried_again_however_its_attempt_ends() {
        let mut queue = Queue::default();
        queue.add(queued("a", 1, 0), seconds(0));
        assert_eq!(queue.take_due(seconds(0)), ["a"]);
        queue.add(queued("b", 1, 0), seconds(0));
        queue.remove(|()| true);
        assert!(queue.has("a") && !queue.has("b"), "one is on its way");
        let settled = queue.settle("a", &refused(None), seconds(1));
        assert_eq!(settled, Some((Settled::Replaced, 1)));
        assert!(queue.is_empty());
    }

    #[test]
    fn only_so_many_are_on_their_way() {
        let mut queue = Queue::default();
        for number in 0..50 {
            queue.add(queued(&format!("n{number}"), number, 0), seconds(0));
        }
        assert_eq!(queue.take_due(seconds(0)).len(), AT_ONCE);
        queue.settle("n0", &Ok(()), seconds(0));
        assert_eq!(queue.take_due(seconds(0)), ["n8"]);
    }
}
