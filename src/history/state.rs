//! Where a run stands: one word in one column.

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// A server has recorded it, and its process has not begun yet.
    Queued,
    /// It goes on.
    Running,
    /// It has ended.
    Ended(RunOutcome),
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// It came to its end.
    Done,
    /// An error ended it.
    Failed,
    /// Its time was over.
    TimedOut,
    /// A person interrupted it.
    Interrupted,
    /// It was cancelled: by a person from elsewhere, or for a later firing.
    Cancelled,
    /// Its process ended without recording how, as it was killed or the machine stopped; or a
    /// signal ended it that was no cancel.
    Lost,
}

impl RunOutcome {
    /// Each of them.
    pub const ALL: [Self; 6] = [
        Self::Done,
        Self::Failed,
        Self::TimedOut,
        Self::Interrupted,
        Self::Cancelled,
        Self::Lost,
    ];

    /// The outcome of that word.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }

    /// The word, in the history and in its table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        }
    }
}

impl RunState {
    /// The word, in the history and in its table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "starting",
            Self::Running => "running",
            Self::Ended(outcome) => outcome.as_str(),
        }
    }

    /// The state of that word.
    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::Queued, Self::Running]
            .into_iter()
            .find(|state| state.as_str() == word)
            .or_else(|| RunOutcome::parse(word).map(Self::Ended))
    }

    /// How it ended, where it has.
    pub fn outcome(self) -> Option<RunOutcome> {
        match self {
            Self::Ended(outcome) => Some(outcome),
            Self::Queued | Self::Running => None,
        }
    }
}
