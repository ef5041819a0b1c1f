//! Which runs a subcommand is about.

use super::common::{History, Problem};
use crate::history::{Filter, RunRow};
use clap::Args;
use jiff::Timestamp;

/// Runs by name and time. Times may be given as 02:30 (the latest one), 2026-11-21, "2026-11-21
/// 02:30", RFC 3339, or an age as 90m, 12h or 7d.
#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Only of this name: a schedule's, a script's without .lua, or an Action of `cumulua call`
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// Only what began, or was due, at or after this time
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only what began, or was due, before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// From when, and until when.
pub(super) type Span = (Option<Timestamp>, Option<Timestamp>);

impl Selection {
    /// Whether it chooses at all.
    pub(super) fn chooses(&self) -> bool {
        self.name.is_some() || self.since.is_some() || self.until.is_some()
    }

    pub(super) fn span(&self, history: &History) -> Result<Span, Problem> {
        let moment = |text: &Option<String>| history.moment(text.as_deref());
        Ok((moment(&self.since)?, moment(&self.until)?))
    }

    /// The runs, the latest first.
    pub(super) fn runs(&self, history: &History) -> Result<Vec<RunRow>, Problem> {
        let (since, until) = self.span(history)?;
        let filter = Filter {
            name: self.name.clone(),
            since,
            until,
            ..Filter::default()
        };
        Ok(history.store.runs(filter)?)
    }
}
