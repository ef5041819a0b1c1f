//! Faults that the cloud is told to have, counted or by chance, the same for the same seed.

use super::ids;
use crate::catalog::Action;
use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The call is refused with this code and status, and not carried out.
    Refuse {
        /// The error code.
        code: String,
        /// The HTTP status.
        http: u16,
    },
    /// The call is refused for its rate (429), and not carried out.
    Throttle,
    /// A gateway's error (500, 503 …) is answered.
    ServerError {
        /// The HTTP status.
        http: u16,
        /// Whether the call is carried out all the same.
        carried_out: bool,
    },
    /// The connection closes without an answer; the call is not carried out.
    DropBefore,
    /// The call is carried out and the connection closes without an answer.
    DropAfter,
    /// The call is carried out; the answer ends in the middle, with the Content-Length of the whole.
    CutShort,
    /// The call is carried out; the answer is not JSON.
    Malformed,
    /// The call is carried out; the answer is empty.
    Empty,
    /// The call is carried out; the answer is JSON of 10,000 levels.
    Deep,
    /// The call is carried out; the answer has so many bytes at least.
    TooLarge(usize),
    /// The call is carried out; the answer comes after so long.
    Delay(Duration),
    /// The call starts its tasks, which end in ERROR for this reason and change nothing.
    TaskFails(String),
    /// The call starts its tasks, which never end.
    TaskHangs,
}

/// When a fault strikes: at once and always, unless narrowed.
#[derive(Debug, Clone)]
pub struct FaultRule {
    action: Option<String>,
    after: u32,
    times: Option<u32>,
    probability: f64,
    fault: Fault,
}

impl FaultRule {
    /// A fault at every call.
    pub fn new(fault: Fault) -> Self {
        Self { action: None, after: 0, times: None, probability: 1.0, fault }
    }

    /// Only at Actions of this name, as `CreateDisk`, `cds.ccs.CreateDisk` or `Describe*`.
    #[must_use]
    pub fn on(mut self, pattern: &str) -> Self {
        self.action = Some(pattern.to_owned());
        self
    }

    /// Only so many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Only after so many calls that it would have struck.
    #[must_use]
    pub fn after(mut self, calls: u32) -> Self {
        self.after = calls;
        self
    }

    /// Only by chance, from 0 for never to 1 for always.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    fn matches(&self, action: &Action) -> bool {
        self.action.as_deref().is_none_or(|pattern| glob(pattern, &action.name) || glob(pattern, &action.full_name))
    }
}

/// The rules in force, earlier ones first.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: u64,
    draws: u64,
    rules: Vec<FaultRule>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, draws: 0, rules: Vec::new() }
    }

    pub(crate) fn add(&mut self, rule: FaultRule) {
        self.rules.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The fault of a call, if it has one.
    pub(crate) fn strike(&mut self, action: &Action) -> Option<Fault> {
        for rule in self.rules.iter_mut().filter(|rule| rule.times != Some(0) && rule.matches(action)) {
            if rule.after > 0 {
                rule.after -= 1;
                continue;
            }
            self.draws += 1;
            if ids::fraction(self.seed, "fault", self.draws) < rule.probability {
                rule.times = rule.times.map(|times| times - 1);
                return Some(rule.fault.clone());
            }
        }
        None
    }
}

/// Whether `*` in a pattern can be filled so that it is the name.
fn glob(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name
            .strip_prefix(start)
            .is_some_and(|tail| rest.is_empty() || tail.char_indices().any(|(at, _)| glob(rest, &tail[at..]))),
    }
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(glob("*", "CreateDisk") && glob("Create*", "CreateDisk") && glob("*Disk", "CreateDisk"));
        assert!(!glob("Delete*", "CreateDisk") && !glob("Create", "CreateDisk") && !glob("*x", "CreateDisk"));
    }
}
