//! What a notification is about.

use serde::Deserialize;

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotifyEvent {
    /// A run failed and will not be retried.
    Failure,
    /// A run succeeded after one that failed.
    Recovery,
    /// A firing started too late.
    Late,
    /// A firing did not run that should have.
    Missed,
    /// A run goes on so long that a firing did not run.
    Overrun,
    /// A run's process is gone, and did not record how it ended.
    Lost,
    /// The schedule file was refused, or a script cannot run.
    Config,
    /// A run succeeded.
    Success,
    /// A run failed and will be retried.
    Retry,
}

impl NotifyEvent {
    /// All that there are.
    pub const ALL: [Self; 9] = [
        Self::Failure,
        Self::Recovery,
        Self::Late,
        Self::Missed,
        Self::Overrun,
        Self::Lost,
        Self::Config,
        Self::Success,
        Self::Retry,
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Recovery => "recovery",
            Self::Late => "late",
            Self::Missed => "missed",
            Self::Overrun => "overrun",
            Self::Lost => "lost",
            Self::Config => "config",
            Self::Success => "success",
            Self::Retry => "retry",
        }
    }

    /// Whether it is notified without being named: what a person may have to act on.
    pub fn is_default(self) -> bool {
        !matches!(self, Self::Success | Self::Retry)
    }

    /// Reads a word.
    pub fn parse(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|event| event.as_str() == word)
            .ok_or_else(|| {
                let all = Self::ALL.map(Self::as_str).join(", ");
                format!("there is no event {word:?}; the events are {all}")
            })
    }
}
