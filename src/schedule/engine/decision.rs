//! What the engine decides, and why.

use crate::schedule::model::Schedule;
use crate::schedule::notify::NotifyEvent;
use crate::schedule::params::Given;
use jiff::Timestamp;
use std::fmt;
use std::sync::Arc;

/// Why something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its time has come.
    Schedule,
    /// Its time was missed, and is caught up.
    CatchUp,
    /// `cumulua schedule trigger`.
    Trigger,
    /// `cumulua schedule backfill`.
    Backfill,
}

impl Cause {
    /// Whether a person has asked for it: what keeps a schedule from firing does not keep it.
    pub fn is_asked_for(self) -> bool {
        matches!(self, Self::Trigger | Self::Backfill)
    }

    /// The cause that is shown so.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Schedule, Self::CatchUp, Self::Trigger, Self::Backfill];
        all.into_iter().find(|cause| cause.as_str() == word)
    }

    /// As history shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::CatchUp => "catch_up",
            Self::Trigger => "trigger",
            Self::Backfill => "backfill",
        }
    }
}

/// What is to run: one attempt of one firing.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The schedule.
    pub schedule: Arc<Schedule>,
    /// The time that the schedule names; together with the name it is the firing's identity.
    pub at: Timestamp,
    /// When it was due.
    pub due: Timestamp,
    /// Why it runs.
    pub cause: Cause,
    /// 1, and one more for each retry.
    pub number: u32,
    /// Whether its time has been decided before, by a clock that was set back since.
    pub is_repeated: bool,
    /// What its script is given, where a person has asked for it and this server knows it.
    pub given: Option<Arc<Given>>,
}

impl Attempt {
    /// Whether it is a firing of the schedule's own, at its time.
    pub fn is_on_time(&self) -> bool {
        self.cause == Cause::Schedule && self.number == 1
    }
}

/// One attempt of a server before this one.
#[derive(Debug, Clone, Copy)]
pub struct PreviousAttempt<'a> {
    /// The schedule's name.
    pub name: &'a str,
    /// The firing's time.
    pub at: Timestamp,
    /// From 1.
    pub number: u32,
    /// Why it ran.
    pub cause: Cause,
}

/// Why a firing did not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The schedule still ran; with what of it.
    Overlap(Arc<str>),
    /// As many already wait as may.
    QueueFull,
    /// The file or `cumulua schedule pause` keeps it from firing; who, since when and why.
    Paused(Arc<str>),
    /// It was seen later than `catch_up` allows.
    TooLate(MissCause),
    /// A later one ran in its place.
    Superseded,
    /// The server was ending.
    ShuttingDown,
    /// The schedule was taken from the file while the firing waited.
    Removed,
    /// The server ended while the firing waited for the run before it.
    ServerGone,
    /// The run store refused to record it.
    Unrecorded,
    /// Nothing starts at its time by the calendars; with which.
    Blocked(Arc<str>),
    /// A schedule that it follows had no success in time; with which.
    NotFollowed(Arc<str>),
    /// It waited, and a person gave it up; with who.
    Dropped(Arc<str>),
}

impl Reason {
    /// Whether it was to run and did not: people are notified of that.
    pub fn is_missed(&self) -> bool {
        match self {
            Self::TooLate(_) | Self::ServerGone | Self::NotFollowed(_) | Self::QueueFull => true,
            Self::Overlap(_)
            | Self::Paused(_)
            | Self::Superseded
            | Self::ShuttingDown
            | Self::Removed
            | Self::Unrecorded
            | Self::Blocked(_)
            | Self::Dropped(_) => false,
        }
    }
}

/// What let the time of a firing pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissCause {
    /// No server was running.
    NotRunning,
    /// The machine slept, or its clock was set.
    ClockJump,
    /// The server was busy.
    Busy,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overlap(what)
            | Self::Paused(what)
            | Self::Blocked(what)
            | Self::NotFollowed(what)
            | Self::Dropped(what) => what,
            Self::QueueFull => "as many firings as may wait were waiting",
            Self::TooLate(MissCause::NotRunning) => "no server was running at its time",
            Self::TooLate(MissCause::ClockJump) => {
                "the machine slept or its clock was set past its time"
            }
            Self::TooLate(MissCause::Busy) => "the server came to it too late",
            Self::Superseded => "a later firing ran in its place",
            Self::ShuttingDown => "the server was ending",
            Self::Removed => "the schedule was taken from the file while the firing waited",
            Self::ServerGone => "the server ended while the firing waited",
            Self::Unrecorded => "the run store refused to record it",
        })
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was for.
    Done,
    /// It failed by itself: an error, a crash, its timeout.
    Failed,
    /// Its process is gone, and has not recorded how it ended.
    Lost,
    /// The server ended it.
    Ended,
    /// It did not begin, because the store refused to record it.
    Unrecorded,
}

/// What becomes of a firing.
#[derive(Debug, Clone)]
pub enum Decision {
    /// It runs now.
    Start(Attempt),
    /// It waits, and for what.
    Wait(Attempt, Arc<str>),
    /// It does not run.
    Miss(Missed),
    /// Its run is to be ended, because the next firing takes its place.
    End(Attempt),
    /// Its run failed and is repeated at that time.
    Retry(Attempt, Timestamp),
    /// Its run failed and was to be repeated, which does not happen any more.
    GiveUp(Attempt, Reason),
    /// An event, of which those are notified whom the schedule names.
    Notify(Notice),
}

/// A notification to send.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The firing; of several the last.
    pub attempt: Attempt,
    /// What it is about.
    pub event: NotifyEvent,
    /// Why it did not run, or is not repeated.
    pub reason: Option<Reason>,
    /// How many firings it is about: a server that comes back after a day must not notify a
    /// thousand times.
    pub firings: u64,
}

/// A firing that did not run, or several in a row.
#[derive(Debug, Clone)]
pub struct Missed {
    /// The schedule.
    pub schedule: Arc<Schedule>,
    /// Its time; of several the last.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// Why it would have run.
    pub cause: Cause,
    /// Whether its time came again, because the clock was set back.
    pub is_repeated: bool,
    /// The first time, and how many there are, where the row stands for several.
    pub several: Option<(Timestamp, u64)>,
}
