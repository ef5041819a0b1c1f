//! Faults as a person writes them: on a command line, and as a table in a script.

use crate::faults::fault::{Fault, FaultRule};
use cumulua_core::catalog::suggest;
use serde_json::{Map, Value as Json};
use std::str::FromStr;
use std::time::Duration;

/// How a fault is written on a command line.
pub const FAULT_SYNTAX: &str = "\
PATTERN:KIND[:ARGUMENT][,LIMIT]…

PATTERN is an Action's name with or without its service, with * for anything:
  CreateDisk, cds.ebs.CreateDisk, Describe*, *

KIND, its ARGUMENT, and what happens to the call:
  refuse:CODE[:HTTP]     refused with that code, not carried out
  throttle               refused with 429, not carried out
  error[:HTTP]           answered with 500 (or another status), not carried out
  error-after[:HTTP]     the same, but carried out
  no-connection          no connection is made (on a socket: it is closed at once)
  drop-before            the connection closes without an answer, not carried out
  drop-after             the connection closes without an answer, carried out
  delay:SECONDS          carried out, the answer comes late
  cut-short              carried out, the answer breaks off
  malformed, empty       carried out, the answer is a page of HTML, or nothing
  deep, large[:BYTES]    carried out, the answer is JSON of 10,000 levels, or has 40 MB
  task-fails[:REASON]    carried out, the tasks that it starts fail
  task-hangs             carried out, the tasks that it starts never end
  page-grows             a page after the first repeats an item: one was made meanwhile
  page-shrinks           a page after the first leaves one out: another was deleted

LIMIT, else every call is struck:
  times=N                so many times only
  after=N                so many calls go well first
  chance=P               by chance: 0.1 or 10%; the same for the same --seed
  retry-after=SECONDS    errors carry a Retry-After

Examples:
  CreateDisk:drop-after,times=1
  '*:error:503,chance=5%,retry-after=2'
  'cds.ccs.*:refuse:NotEnoughBalance,after=3'";

const KINDS: &[&str] = &[
    "refuse",
    "throttle",
    "error",
    "error-after",
    "no-connection",
    "drop-before",
    "drop-after",
    "delay",
    "cut-short",
    "malformed",
    "empty",
    "deep",
    "large",
    "task-fails",
    "task-hangs",
    "page-grows",
    "page-shrinks",
];

const LIMITS: &[&str] = &["times", "after", "chance", "retry-after"];

/// What a fault's kind may be told, in a script's table.
const DETAILS: &[&str] = &["code", "http", "seconds", "reason", "bytes"];

/// The size of an answer that is too large, where none is given: more than answers may have.
const LARGE: usize = 40 << 20;

impl FromStr for FaultRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (body, limits) = split_limits(text);
        let (pattern, kind) = body
            .split_once(':')
            .ok_or("a fault is written PATTERN:KIND, as CreateDisk:drop-after,times=1")?;
        if pattern.is_empty() {
            return Err(
                "the pattern in front of the colon is empty; * stands for every Action".to_owned(),
            );
        }
        let (kind, argument) = kind
            .split_once(':')
            .map_or((kind, None), |(kind, argument)| (kind, Some(argument)));
        let mut rule = Self::new(fault(
            kind,
            argument.filter(|argument| !argument.is_empty()),
        )?)
        .on(pattern);
        for (name, value) in limits {
            rule = limited(rule, name, value)?;
        }
        Ok(rule)
    }
}

/// The limits at the end. A reason in front of them may have commas of its own.
fn split_limits(text: &str) -> (&str, Vec<(&str, &str)>) {
    let mut body = text;
    let mut limits = Vec::new();
    while let Some((front, (name, value))) = body
        .rsplit_once(',')
        .and_then(|(front, limit)| Some((front, limit.split_once('=')?)))
    {
        limits.insert(0, (name.trim(), value.trim()));
        body = front;
    }
    (body, limits)
}

fn limited(rule: FaultRule, name: &str, value: &str) -> Result<FaultRule, String> {
    let whole = || {
        value
            .parse::<u32>()
            .map_err(|_| format!("{name} is a whole number, not {value:?}"))
    };
    match name.replace('_', "-").as_str() {
        "times" => Ok(rule.times(whole()?)),
        "after" => Ok(rule.after(whole()?)),
        "retry-after" => Ok(rule.retry_after(whole()?)),
        "chance" => {
            let (number, divisor) = value
                .strip_suffix('%')
                .map_or((value, 1.0), |number| (number, 100.0));
            let chance = number
                .trim()
                .parse::<f64>()
                .ok()
                .map(|number| number / divisor);
            let chance = chance.filter(|chance| (0.0..=1.0).contains(chance));
            Ok(rule.with_probability(chance.ok_or_else(|| {
                format!("chance is from 0 to 1, or from 0% to 100%, not {value:?}")
            })?))
        }
        _ => Err(unknown("limit", name, LIMITS)),
    }
}

fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let near = suggest::did_you_mean(&suggest::nearest(name, known.iter().copied()));
    let near = if near.is_empty() {
        format!("; there are {}", known.join(", "))
    } else {
        near
    };
    format!("there is no {what} {name:?}{near}")
}

fn fault(kind: &str, argument: Option<&str>) -> Result<Fault, String> {
    let name = kind.trim().replace('_', "-");
    let status = |text: &str| {
        let status = text
            .parse::<u16>()
            .ok()
            .filter(|status| (400..=599).contains(status));
        status.ok_or_else(|| format!("{name} takes an HTTP status from 400 to 599, not {text:?}"))
    };
    let alone = |fault: Fault| match argument {
        None => Ok(fault),
        Some(argument) => Err(format!(
            "{name} takes no argument, and {argument:?} was given"
        )),
    };
    match name.as_str() {
        "refuse" => {
            let argument = argument
                .ok_or("refuse needs a code, as refuse:NotEnoughBalance or refuse:Busy:503")?;
            // A code may have colons; a status stands behind the last one.
            let (code, http) = match argument.rsplit_once(':') {
                Some((code, http)) => (code, Some(status(http)?)),
                None => (argument, None),
            };
            Ok(Fault::Refuse {
                code: code.to_owned(),
                http,
            })
        }
        "throttle" => alone(Fault::Throttle),
        "error" | "error-after" => {
            let http = argument.map_or(Ok(500), status)?;
            Ok(Fault::ServerError {
                http,
                carried_out: name == "error-after",
            })
        }
        "no-connection" => alone(Fault::NoConnection),
        "drop-before" => alone(Fault::DropBefore),
        "drop-after" => alone(Fault::DropAfter),
        "delay" => {
            let seconds = argument.and_then(|text| text.trim().trim_end_matches('s').parse().ok());
            let delay = seconds
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                .filter(|delay| *delay <= LONGEST_DELAY);
            Ok(Fault::Delay(delay.ok_or(
                "delay needs seconds, as delay:30 or delay:0.5, an hour at most",
            )?))
        }
        "cut-short" => alone(Fault::CutShort),
        "malformed" => alone(Fault::Malformed),
        "empty" => alone(Fault::Empty),
        "deep" => alone(Fault::Deep),
        "large" => {
            let bytes = argument
                .map_or(Some(LARGE), |text| text.parse().ok())
                .filter(|bytes| *bytes <= LARGEST);
            Ok(Fault::TooLarge(bytes.ok_or_else(|| {
                format!("large takes a number of bytes, {LARGEST} at most")
            })?))
        }
        "task-fails" => Ok(Fault::TaskFails(
            argument
                .unwrap_or("the simulator was told to fail it")
                .to_owned(),
        )),
        "task-hangs" => alone(Fault::TaskHangs),
        "page-grows" => alone(Fault::PageGrows),
        "page-shrinks" => alone(Fault::PageShrinks),
        _ => Err(unknown("kind of fault", kind, KINDS)),
    }
}

const LONGEST_DELAY: Duration = Duration::from_hours(1);
const LARGEST: usize = 48 << 20;

impl FaultRule {
    /// From a script's table: `{ action = "CreateDisk", kind = "drop_after", times = 1 }`. `action`
    /// is a pattern; a kind's argument is `code` and `http`, `seconds`, `reason` or `bytes`.
    pub fn from_table(table: &Map<String, Json>) -> Result<Self, String> {
        let known = || {
            ["action", "kind"]
                .iter()
                .chain(LIMITS)
                .chain(DETAILS)
                .map(|name| name.replace('-', "_"))
        };
        if let Some(name) = table
            .keys()
            .find(|name| !known().any(|known| known == **name))
        {
            let known: Vec<String> = known().collect();
            return Err(unknown(
                "field of a fault",
                name,
                &known.iter().map(String::as_str).collect::<Vec<_>>(),
            ));
        }
        let text = |name: &str| match table.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(Json::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(format!("{name} is a text or a number")),
        };
        let kind = text("kind")?
            .ok_or("a fault needs a kind, as { action = \"CreateDisk\", kind = \"drop_after\" }")?;
        let mut details = Vec::new();
        for name in DETAILS {
            details.extend(text(name)?);
        }
        let details = (!details.is_empty()).then(|| details.join(":"));
        let mut rule = Self::new(fault(&kind, details.as_deref())?);
        if let Some(pattern) = text("action")? {
            rule = rule.on(&pattern);
        }
        for name in LIMITS {
            if let Some(value) = text(&name.replace('-', "_"))? {
                rule = limited(rule, name, &value)?;
            }
        }
        Ok(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::{FAULT_SYNTAX, KINDS, LIMITS};
    use crate::FaultRule;
    use cumulua_core::catalog::Catalog;
    use serde_json::json;

    fn view(text: &str) -> String {
        format!("{:?}", text.parse::<FaultRule>().unwrap())
    }

    fn wrong(text: &str) -> String {
        text.parse::<FaultRule>().unwrap_err()
    }

    #[test]
    fn every_kind_and_limit_is_explained() {
        for word in KINDS.iter().chain(LIMITS) {
            assert!(FAULT_SYNTAX.contains(word), "{word} is not explained");
        }
    }

    #[test]
    fn a_command_line_and_a_table_mean_the_same() {
        let same = |text: &str, table: serde_json::Value| {
            assert_eq!(
                view(text),
                format!(
                    "{:?}",
                    FaultRule::from_table(table.as_object().unwrap()).unwrap()
                )
            );
        };
        same(
            "CreateDisk:drop-after,times=1",
            json!({"action": "CreateDisk", "kind": "drop_after", "times": 1}),
        );
        same(
            "*:error:503,chance=5%,retry-after=2",
            json!({"action": "*", "kind": "error", "http": 503, "chance": 0.05, "retry_after": 2}),
        );
        same(
            "a.*:refuse:Busy:503,after=3",
            json!({"action": "a.*", "kind": "refuse", "code": "Busy", "http": 503, "after": 3}),
        );
        same(
            "*:task-fails:no room, sorry,times=2",
            json!({"action": "*", "kind": "task-fails", "reason": "no room, sorry", "times": 2}),
        );
        same(
            "*:delay:0.5",
            json!({"action": "*", "kind": "delay", "seconds": 0.5}),
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(wrong("CreateDisk").contains("PATTERN:KIND"));
        assert!(wrong(":error").contains("pattern"));
        assert!(wrong("*:drop-aftr").contains("did you mean drop-after"));
        assert!(wrong("*:refuse").contains("needs a code"));
        assert!(wrong("*:error:200").contains("400 to 599"));
        assert!(wrong("*:throttle:5").contains("takes no argument"));
        assert!(wrong("*:delay:soon").contains("seconds"));
        assert!(wrong("*:error,time=1").contains("did you mean times"));
        assert!(wrong("*:error,chance=2").contains("from 0 to 1"));
        assert!(
            FaultRule::from_table(json!({"kind": "error", "acton": "x"}).as_object().unwrap())
                .unwrap_err()
                .contains("did you mean action")
        );
    }

    #[test]
    fn a_pattern_must_name_an_action() {
        let catalog = Catalog::default();
        for pattern in ["CreateDisk", "cds.ebs.CreateDisk", "Describe*", "*"] {
            assert!(
                format!("{pattern}:throttle")
                    .parse::<FaultRule>()
                    .unwrap()
                    .known_to(&catalog)
                    .is_ok()
            );
        }
        let unknown = "CreateDsk:throttle"
            .parse::<FaultRule>()
            .unwrap()
            .known_to(&catalog)
            .unwrap_err();
        assert!(
            unknown.starts_with("no Action is named CreateDsk; did you mean CreateDisk"),
            "{unknown}"
        );
    }
}
