//! Where a schedule stands, and why: judged at one place for `schedule status` and for the metrics.

use super::calendar::Block;
use super::model::Schedule;
use crate::history::{ScheduleRow, UserRequest, Verb};
use jiff::Timestamp;

/// What is known of a schedule at a moment.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// When the run that goes on began.
    pub running: Option<Timestamp>,
    /// The pause that a person asked for.
    pub pause: Option<Pause>,
    /// The first firing that waits.
    pub queued: Option<QueuedFiring>,
    /// When a failed run is repeated.
    pub repeats_at: Option<Timestamp>,
    /// When it fires next.
    pub next: Option<Timestamp>,
}

/// A pause that a person asked for, as far as is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pause {
    /// When it began.
    pub since: Option<Timestamp>,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
    /// Who asked for it last.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl Pause {
    /// The pause of a schedule that the store has as paused, with what was asked for last.
    pub fn new(state: ScheduleRow, asked: Option<&UserRequest>) -> Self {
        let asked = asked.filter(|request| request.verb == Verb::Pause.as_str());
        Self {
            since: state.paused,
            until: state.paused_until,
            by: asked.and_then(|request| request.requester.name()),
            reason: asked.and_then(|request| request.reason.clone()),
        }
    }
}

/// A firing that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedFiring {
    /// Its time.
    pub due: Timestamp,
    /// What it waits for.
    pub why: Option<String>,
}

/// Where a schedule stands: what keeps it from starting a run, or that one goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Situation {
    /// A run goes on since then.
    Running(Timestamp),
    /// A person has paused it.
    Paused(Pause),
    /// The file keeps it from firing.
    PausedByFile,
    /// A firing waits.
    Queued(QueuedFiring),
    /// A failed run is repeated then.
    Repeats(Timestamp),
    /// Its calendars keep it.
    Blocked(Block),
    /// It waits for these schedules.
    Follows(String),
    /// It waits for its time.
    Due(Timestamp),
    /// It has no time any more.
    Over,
}

impl Situation {
    /// Judges what is known. Of several the first counts that a person could act on.
    pub fn judge(schedule: &Schedule, facts: Facts, now: Timestamp) -> Self {
        let block = || schedule.window.as_ref()?.block(now);
        let after = schedule.timing.after();
        if let Some(since) = facts.running {
            Self::Running(since)
        } else if let Some(pause) = facts.pause {
            Self::Paused(pause)
        } else if schedule.paused {
            Self::PausedByFile
        } else if let Some(queued) = facts.queued {
            Self::Queued(queued)
        } else if let Some(at) = facts.repeats_at {
            Self::Repeats(at)
        } else if let Some(block) = block() {
            Self::Blocked(block)
        } else if !after.is_empty() {
            Self::Follows(after.join(" and "))
        } else if let Some(at) = facts.next {
            Self::Due(at)
        } else {
            Self::Over
        }
    }

    /// The word for it, in tables, JSON and metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Running(_) => "running",
            Self::Paused(_) | Self::PausedByFile => "paused",
            Self::Queued(_) => "queued",
            Self::Blocked(_) => "blocked",
            Self::Repeats(_) | Self::Follows(_) | Self::Due(_) => "waiting",
            Self::Over => "over",
        }
    }

    /// Why, since when, and what would end it, with times on the schedule's clock.
    pub fn reason(&self, schedule: &Schedule) -> String {
        let zone = &schedule.timing.zone;
        let clock = |at: &Timestamp| zone.format(*at);
        match self {
            Self::Running(since) => format!("since {}", clock(since)),
            Self::Paused(pause) => {
                let by = pause.by.as_ref().map(|by| format!(" by {by}"));
                let since = pause.since.as_ref();
                let since = since.map(|since| format!("; since {}", clock(since)));
                let until = match &pause.until {
                    Some(until) => format!(" until {}", clock(until)),
                    None => ", until `cumulua schedule resume`".to_owned(),
                };
                let reason = pause.reason.as_ref().map(|reason| format!(": {reason}"));
                // The person's own words before what a short line may cut off.
                let parts = [by, Some(until), reason, since];
                "paused".to_owned() + &parts.into_iter().flatten().collect::<String>()
            }
            Self::PausedByFile => "the file has paused = true".to_owned(),
            Self::Queued(queued) => {
                let why = queued.why.as_deref();
                let why = why.filter(|why| !why.is_empty());
                let why = why.unwrap_or("it waits for the run before it");
                format!("{}: {why}", clock(&queued.due))
            }
            Self::Repeats(at) => format!("for its repetition at {}", clock(at)),
            Self::Blocked(block) => block.describe(zone),
            Self::Follows(names) => format!("for a success of {names}"),
            Self::Due(at) => format!("for its time, {}", clock(at)),
            Self::Over => "it never fires any more by its times".to_owned(),
        }
    }
}
