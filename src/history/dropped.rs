//! What waits of a schedule and is given up: firings, and repetitions that are to come.

use super::error::StoreError;
use super::firings::FiringOutcome;
use super::store::Store;
use super::times::millis;
use super::user_requests::{self, Requester, UserRequest, Verb};
use jiff::Timestamp;
use std::fmt;

/// How much was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// Firings that waited.
    pub firings: usize,
    /// Repetitions that were to come.
    pub repetitions: usize,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            firings,
            repetitions,
        } = self;
        if firings + repetitions == 0 {
            return f.write_str("nothing waits");
        }
        let plural = |number: &usize| if *number == 1 { "" } else { "s" };
        write!(
            f,
            "gave up {firings} firing{} and {repetitions} repetition{}",
            plural(firings),
            plural(repetitions)
        )
    }
}

/// Why what waited did not run.
pub fn dropped_by(requester: &Requester) -> String {
    let name = requester.name();
    format!("given up by {}", name.as_deref().unwrap_or("a person"))
}

impl Store {
    /// Gives up what waits of a schedule that no server serves.
    pub fn drop_waiting(
        &self,
        schedule: &str,
        requester: Requester,
        at: Timestamp,
    ) -> Result<Dropped, StoreError> {
        let schedule = schedule.to_owned();
        let why = dropped_by(&requester);
        let request = UserRequest {
            schedule: Some(schedule.clone()),
            ..UserRequest::new(Verb::Drop, requester, at)
        };
        self.write(move |connection| {
            Box::pin(async move {
                let firings = sqlx::query(
                    "UPDATE firings SET outcome = ?, detail = ?, decided_at = ? WHERE schedule = ? AND outcome = ?",
                )
                .bind(FiringOutcome::Dropped.as_str())
                .bind(&why)
                .bind(millis(at))
                .bind(&schedule)
                .bind(FiringOutcome::Queued.as_str())
                .execute(&mut *connection)
                .await?;
                let repetitions = sqlx::query(
                    "UPDATE runs SET retry_at = NULL, retry_given_up = ? WHERE name = ? AND retry_at IS NOT NULL",
                )
                .bind(&why)
                .bind(&schedule)
                .execute(&mut *connection)
                .await?;
                user_requests::keep(connection, request).await?;
                let count = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
                Ok(Dropped {
                    firings: count(firings.rows_affected()),
                    repetitions: count(repetitions.rows_affected()),
                })
            })
        })
    }
}
