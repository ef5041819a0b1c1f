//! Reading a list page by page: each page is an effect.

use super::base::Gate;
use super::cancel::StopReason;
use super::effect::{Effect, Open};
use crate::client::error::{CallError, Failure, Sent};
use crate::client::paginator::{PageError, Paginator, Progress};
use crate::client::{Answer, Call, CallOptions};
use crate::effect_id::EffectId;
use serde_json::Value as Json;
use std::cell::Cell;

/// A list that is being read.
#[derive(Debug)]
pub struct Reading {
    paginator: Paginator,
    options: CallOptions,
    is_complete: bool,
}

/// Why a page was not given.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The call failed.
    #[error("{0}")]
    Call(#[from] Failure),
    /// The pages are not the list.
    #[error("{0}")]
    Pages(#[from] PageError),
}

impl Reading {
    /// A list from its first page on.
    pub fn new(paginator: Paginator, options: CallOptions) -> Self {
        Self {
            paginator,
            options,
            is_complete: false,
        }
    }

    /// The Action's whole name.
    pub fn action(&self) -> &str {
        &self.paginator.action().full_name
    }

    /// Where the items stand in an answer.
    pub fn items_path(&self) -> &str {
        self.paginator.items_path()
    }
}

/// The next page of a list.
struct NextPage<'r>(Cell<Option<&'r mut Reading>>, String);

impl Gate {
    /// The next page; none behind the last.
    pub async fn next_page(
        &self,
        reading: &mut Reading,
        id: &EffectId,
    ) -> Result<Option<Answer>, ReadError> {
        let action = reading.action().to_owned();
        self.through(NextPage(Cell::new(Some(reading)), action), id)
            .await
    }
}

impl Effect for NextPage<'_> {
    type Outcome = Result<Option<Answer>, ReadError>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        let Some(reading) = self.0.take().filter(|reading| !reading.is_complete) else {
            return Ok(None);
        };
        // An error ends the reading: later pages would prove nothing.
        reading.is_complete = true;
        let answer = page(open, &reading.paginator, &reading.options).await?;
        match reading.paginator.take(&answer.json)? {
            Progress::More => reading.is_complete = false,
            Progress::Complete => {}
            Progress::Doubtful => return Err(read_again(open, reading).await),
        }
        Ok(Some(answer))
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        let error = CallError::Cancelled {
            reason: stop.describe(),
            sent: Sent::No,
        };
        Err(ReadError::Call(Failure::unsent(&self.1, error)))
    }
}

/// Reads a list that changed under the first reading once more, so that the error can name what
/// changed.
async fn read_again(open: &Open<'_>, first: &Reading) -> ReadError {
    let mut second = first.paginator.again();
    loop {
        let answer = match page(open, &second, &first.options).await {
            Ok(answer) => answer,
            Err(failure) => return failure.into(),
        };
        match second.take(&answer.json) {
            Ok(Progress::More) => {}
            Ok(Progress::Complete | Progress::Doubtful) | Err(_) => {
                return first.paginator.changed_since(&second).into();
            }
        }
    }
}

/// All pages of a list, as a part of another effect.
pub(super) async fn read_whole(
    open: &Open<'_>,
    mut paginator: Paginator,
    options: &CallOptions,
) -> Result<Vec<Json>, ReadError> {
    let mut pages = Vec::new();
    loop {
        let answer = page(open, &paginator, options).await?;
        let progress = paginator.take(&answer.json)?;
        pages.push(answer.json);
        match progress {
            Progress::More => {}
            Progress::Complete => return Ok(pages),
            Progress::Doubtful => return Err(paginator.changed_since(&paginator.again()).into()),
        }
    }
}

async fn page(
    open: &Open<'_>,
    paginator: &Paginator,
    options: &CallOptions,
) -> Result<Answer, Failure> {
    let call = Call {
        action: paginator.action().clone(),
        params: paginator.next_params(),
        content: None,
        options: options.clone(),
    };
    open.gate.call_within(call, open.id).await
}
