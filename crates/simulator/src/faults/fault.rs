//! Faults that the cloud is told to have, counted or by chance, the same for the same seed.

use crate::cloud::ids;
use crate::cloud::params::Params;
use cumulua_core::catalog::{Action, Catalog, suggest};
use std::fmt;
use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The call is refused with this code, and not carried out.
    Refuse {
        /// The error code.
        code: String,
        /// The HTTP status; without it the documented one, otherwise 400.
        http: Option<u16>,
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
    /// No connection is made. On a socket it is made and closed at once, because only then is the
    /// Action known.
    NoConnection,
    /// The connection closes without an answer; the call is not carried out.
    DropBefore,
    /// The call is carried out and the connection closes without an answer.
    DropAfter,
    /// The call is carried out; the answer ends in the middle, with the Content-Length of the
    /// whole.
    CutShort,
    /// The call is carried out; the answer is not JSON.
    Malformed,
    /// The call is carried out; the answer is empty.
    Empty,
    /// The call is carried out; the answer is JSON of 10,000 levels.
    Deep,
    /// The call is carried out; the answer has so many bytes at least.
    TooLarge(usize),
    /// The call is carried out; the answer, its headers included, comes after so long.
    Delay(Duration),
    /// The call starts its tasks, which end in ERROR for this reason and change nothing.
    TaskFails(String),
    /// The call starts its tasks, which never end.
    TaskHangs,
    /// A page after the first is read as if an item had come before it meanwhile: its first item
    /// stood on the page before already.
    PageGrows,
    /// A page after the first is read as if an item before it had gone meanwhile: one item stands
    /// on no page.
    PageShrinks,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse { code, http: None } => write!(formatter, "refuse:{code}"),
            Self::Refuse {
                code,
                http: Some(http),
            } => write!(formatter, "refuse:{code}:{http}"),
            Self::Throttle => formatter.write_str("throttle"),
            Self::ServerError {
                http,
                carried_out: false,
            } => write!(formatter, "error:{http}"),
            Self::ServerError {
                http,
                carried_out: true,
            } => write!(formatter, "error-after:{http}"),
            Self::NoConnection => formatter.write_str("no-connection"),
            Self::DropBefore => formatter.write_str("drop-before"),
            Self::DropAfter => formatter.write_str("drop-after"),
            Self::CutShort => formatter.write_str("cut-short"),
            Self::Malformed => formatter.write_str("malformed"),
            Self::Empty => formatter.write_str("empty"),
            Self::Deep => formatter.write_str("deep"),
            Self::TooLarge(bytes) => write!(formatter, "large:{bytes}"),
            Self::Delay(delay) => write!(formatter, "delay:{}", delay.as_secs_f64()),
            Self::TaskFails(reason) => write!(formatter, "task-fails:{reason}"),
            Self::TaskHangs => formatter.write_str("task-hangs"),
            Self::PageGrows => formatter.write_str("page-grows"),
            Self::PageShrinks => formatter.write_str("page-shrinks"),
        }
    }
}

/// When a fault strikes: at once and always, unless narrowed.
#[derive(Debug, Clone)]
pub struct FaultRule {
    pattern: Option<String>,
    after: u32,
    times: Option<u32>,
    chance: f64,
    retry_after: Option<u32>,
    fault: Fault,
}

impl FaultRule {
    /// A fault at every call.
    pub fn new(fault: Fault) -> Self {
        Self {
            pattern: None,
            after: 0,
            times: None,
            chance: 1.0,
            retry_after: None,
            fault,
        }
    }

    /// Only at Actions of this name, as `CreateDisk`, `cds.ccs.CreateDisk` or `Describe*`.
    #[must_use]
    pub fn on(mut self, pattern: &str) -> Self {
        self.pattern = Some(pattern.to_owned());
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
        self.chance = probability;
        self
    }

    /// Where an answer with an error's status comes of it, that has a `Retry-After` of so many
    /// seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Refuses a pattern that no Action of the catalogue has.
    pub fn known_to(self, catalog: &Catalog) -> Result<Self, String> {
        let Some(pattern) = &self.pattern else {
            return Ok(self);
        };
        let actions = catalog.actions().map_err(|error| error.to_string())?;
        if actions.iter().any(|action| self.names(action)) {
            return Ok(self);
        }
        let names = actions.iter().map(|action| {
            if pattern.contains('.') {
                &*action.full_name
            } else {
                action.name.as_str()
            }
        });
        let near = suggest::nearest(pattern, names);
        Err(format!(
            "no Action is named {pattern}{}",
            suggest::did_you_mean(&near)
        ))
    }

    fn names(&self, action: &Action) -> bool {
        self.pattern
            .as_deref()
            .is_none_or(|pattern| glob(pattern, &action.name) || glob(pattern, &action.full_name))
    }

    fn matches(&self, action: &Action, given: Option<Params>) -> bool {
        let is_paging = matches!(self.fault, Fault::PageGrows | Fault::PageShrinks);
        self.names(action)
            && (!is_paging || given.is_some_and(|given| is_later_page(action, given)))
    }
}

/// Whether a call asks for another page than the first.
fn is_later_page(action: &Action, given: Params) -> bool {
    let Some(paginator) = &action.paginator else {
        return false;
    };
    let number = |name: &Option<String>| {
        name.as_deref()
            .and_then(|name| given.number(name))
            .unwrap_or(0)
    };
    number(&paginator.page) > 1 || number(&paginator.offset) > 0
}

/// The rules in force, earlier ones first.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: u64,
    draws: u64,
    rules: Vec<FaultRule>,
}

/// A fault that strikes.
#[derive(Debug, Clone)]
pub(crate) struct TriggeredFault {
    pub(crate) fault: Fault,
    /// In seconds.
    pub(crate) retry_after: Option<u32>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            draws: 0,
            rules: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, rule: FaultRule) {
        self.rules.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The fault of a call, if it has one. Its parameters are not known where they do not fit.
    pub(crate) fn triggered(
        &mut self,
        action: &Action,
        given: Option<Params>,
    ) -> Option<TriggeredFault> {
        for rule in self
            .rules
            .iter_mut()
            .filter(|rule| rule.times != Some(0) && rule.matches(action, given))
        {
            if rule.after > 0 {
                rule.after -= 1;
                continue;
            }
            self.draws += 1;
            if ids::fraction(self.seed, "fault", self.draws) < rule.chance {
                rule.times = rule.times.map(|times| times - 1);
                return Some(TriggeredFault {
                    fault: rule.fault.clone(),
                    retry_after: rule.retry_after,
                });
            }
        }
        None
    }
}

/// Whether `*` in a pattern can be filled so that it is the name.
fn glob(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|tail| {
            rest.is_empty() || tail.char_indices().any(|(at, _)| glob(rest, &tail[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(
            glob("*", "CreateDisk") && glob("Create*", "CreateDisk") && glob("*Disk", "CreateDisk")
        );
        assert!(
            !glob("Delete*", "CreateDisk")
                && !glob("Create", "CreateDisk")
                && !glob("*x", "CreateDisk")
        );
    }
}
