//! Values of `schedules.toml` that are checked while they are read, so that what is wrong has a
//! line and a column.

use super::cron::Expression;
use cumulua_core::clock::{LONGEST, parse_duration};
use cumulua_core::size::parse_size;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::time::Duration;

/// A length of time: `"90s"`, `"15m"`, `"1h 30m"`, `"7d"`, or a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DurationValue(pub Duration);

impl DurationValue {
    /// Reads a length.
    pub fn parse(text: &str) -> Option<Self> {
        parse_duration(text).map(Self)
    }
}

const LENGTH: &str =
    "a length of time as \"90s\", \"15m\", \"1h 30m\", \"7d\", or a number of seconds";

impl<'de> Deserialize<'de> for DurationValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = DurationValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(LENGTH)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<DurationValue, E> {
                DurationValue::parse(text)
                    .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &LENGTH))
            }

            fn visit_i64<E: Error>(self, seconds: i64) -> Result<DurationValue, E> {
                let length = u64::try_from(seconds)
                    .ok()
                    .map(Duration::from_secs)
                    .filter(|length| *length <= LONGEST);
                length
                    .map(DurationValue)
                    .ok_or_else(|| E::invalid_value(Unexpected::Signed(seconds), &LENGTH))
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<DurationValue, E> {
                DurationValue::parse(&seconds.to_string())
                    .ok_or_else(|| E::invalid_value(Unexpected::Float(seconds), &LENGTH))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A time zone by its IANA name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(pub TimeZone);

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// A time on its clock, for a person.
    pub fn format(&self, at: Timestamp) -> String {
        at.to_zoned(self.0.clone())
            .strftime("%Y-%m-%d %H:%M:%S %:z")
            .to_string()
    }

    /// Finds a zone by its name.
    pub fn parse(name: &str) -> Result<Self, String> {
        if let Ok(zone) = TimeZone::get(name) {
            return Ok(Self(zone));
        }
        let known: Vec<String> = jiff::tz::db()
            .available()
            .map(|name| name.to_string())
            .collect();
        let near = cumulua_core::catalog::suggest::nearest(name, known.iter().map(String::as_str));
        let near = cumulua_core::catalog::suggest::did_you_mean(&near);
        Err(format!(
            "there is no time zone {name:?}{near}; write its IANA name, as Europe/Berlin"
        ))
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A schedule's name: what history, metrics and locks know it by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(pub String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty()
            || name.len() > 100
            || !name.chars().all(is_plain)
            || name.starts_with('-')
        {
            return Err(D::Error::custom(format!(
                "{name:?} is no name; take 1 to 100 letters, digits, dots, dashes and underscores, as nightly-snapshots"
            )));
        }
        Ok(Self(name))
    }
}

/// An amount of memory: `"256M"`, `"2G"`, or a number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str =
            "an amount of memory as \"256M\", \"2G\", or a number of bytes above 0";
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
                let bytes = parse_size(text);
                bytes
                    .filter(|bytes| *bytes > 0)
                    .map(Size)
                    .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &EXPECTED))
            }

            fn visit_i64<E: Error>(self, bytes: i64) -> Result<Size, E> {
                let size = u64::try_from(bytes).ok().filter(|bytes| *bytes > 0);
                size.map(Size)
                    .ok_or_else(|| E::invalid_value(Unexpected::Signed(bytes), &EXPECTED))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

/// Which of several missed firings run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaughtUp {
    /// The latest alone.
    Latest,
    /// Every one, in order.
    All,
}

/// What becomes of missed firings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatchUp {
    /// How old a missed firing may be and still run.
    pub within: Duration,
    /// Which of those run.
    pub runs: CaughtUp,
}

impl CatchUp {
    /// No missed firing runs.
    pub const NONE: Self = Self {
        within: Duration::ZERO,
        runs: CaughtUp::Latest,
    };
}

impl<'de> Deserialize<'de> for CatchUp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "\"none\", a length of time as \"6h\", or a table as { within = \"6h\", runs = \"all\" }";
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = CatchUp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<CatchUp, E> {
                if text == "none" {
                    return Ok(CatchUp::NONE);
                }
                let within = DurationValue::parse(text)
                    .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &EXPECTED))?;
                Ok(CatchUp {
                    within: within.0,
                    runs: CaughtUp::Latest,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CatchUp, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Table {
                    within: DurationValue,
                    #[serde(default)]
                    runs: Option<CaughtUp>,
                }
                let table = Table::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(CatchUp {
                    within: table.within.0,
                    runs: table.runs.unwrap_or(CaughtUp::Latest),
                })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// What becomes of a run when the server that started it is asked to end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StopPolicy {
    /// It goes on without a server.
    #[default]
    Leave,
    /// It is ended: what it deferred runs, and what follows is as after a kill.
    End,
}

impl StopPolicy {
    /// Reads a word.
    pub fn parse(word: &str) -> Result<Self, String> {
        match word {
            "leave" => Ok(Self::Leave),
            "end" => Ok(Self::End),
            "suspend" => Err(
                "no run can be suspended yet: stop is \"leave\", and the run goes on without a \
                 server, or \"end\""
                    .to_owned(),
            ),
            other => Err(format!("stop is \"leave\" or \"end\", and not {other:?}")),
        }
    }
}

impl<'de> Deserialize<'de> for StopPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// What happens to a firing whose schedule still runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// It does not run.
    #[default]
    Skip,
    /// It waits for the run before it.
    Queue,
    /// The run that goes on is ended for it.
    Cancel,
    /// Both run.
    Allow,
}

/// How often and when a failed run is repeated. The whole script runs again.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retries {
    /// How many times at most.
    pub count: u32,
    /// The pause before the first.
    #[serde(default = "Retries::delay")]
    pub delay: DurationValue,
    /// What each further pause is multiplied by.
    #[serde(default = "Retries::backoff")]
    pub backoff: f64,
}

impl Retries {
    /// None.
    pub const NONE: Self = Self {
        count: 0,
        delay: DurationValue(Duration::from_mins(1)),
        backoff: 2.0,
    };
    /// No pause is longer.
    pub const LONGEST_PAUSE: Duration = Duration::from_hours(24);

    fn delay() -> DurationValue {
        Self::NONE.delay
    }

    fn backoff() -> f64 {
        Self::NONE.backoff
    }

    /// The pause before a retry, counted from 1; none where there are no more.
    pub fn pause(&self, retry: u32) -> Option<Duration> {
        if retry == 0 || retry > self.count {
            return None;
        }
        let factor = self
            .backoff
            .powi(i32::try_from(retry - 1).unwrap_or(i32::MAX));
        let seconds = (self.delay.0.as_secs_f64() * factor).min(Self::LONGEST_PAUSE.as_secs_f64());
        Some(Duration::try_from_secs_f64(seconds).unwrap_or(Self::LONGEST_PAUSE))
    }
}

/// How much history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The latest so many runs.
    Runs(u32),
    /// Those of so long.
    For(Duration),
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "a number of runs above 0, or a length of time as \"90d\"";
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Keep;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_i64<E: Error>(self, runs: i64) -> Result<Keep, E> {
                let runs_kept = u32::try_from(runs).ok().filter(|runs| *runs > 0);
                runs_kept
                    .map(Keep::Runs)
                    .ok_or_else(|| E::invalid_value(Unexpected::Signed(runs), &EXPECTED))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Keep, E> {
                // A bare number in quotation marks would be seconds, which is not meant here.
                let length = DurationValue::parse(text).filter(|_| text.parse::<f64>().is_err());
                length
                    .map(|length| Keep::For(length.0))
                    .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &EXPECTED))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
