//! Reading a list page by page, each page a call through the gate.

use super::Gate;
use crate::client::error::Failure;
use crate::client::paginator::{PageError, Paginator, Progress};
use crate::client::{Answer, Call, CallOptions};
use crate::effect_id::EffectId;

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
        Self { paginator, options, is_complete: false }
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

impl Gate {
    /// The next page; none behind the last.
    pub async fn next_page(&self, reading: &mut Reading, place: &EffectId) -> Result<Option<Answer>, ReadError> {
        if reading.is_complete {
            return Ok(None);
        }
        // An error ends the reading: what would follow it proves nothing.
        reading.is_complete = true;
        let answer = self.page(&reading.paginator, &reading.options, place).await?;
        match reading.paginator.take(&answer.json)? {
            Progress::More => reading.is_complete = false,
            Progress::Complete => {}
            Progress::Doubtful => return Err(self.read_again(reading, place).await),
        }
        Ok(Some(answer))
    }

    async fn page(&self, paginator: &Paginator, options: &CallOptions, place: &EffectId) -> Result<Answer, Failure> {
        let call = Call { action: paginator.action().clone(), params: paginator.next_params(), options: options.clone() };
        self.call(call, place).await
    }

    /// Reads a list that changed under the first reading once more, so that the error can name what changed.
    async fn read_again(&self, first: &Reading, place: &EffectId) -> ReadError {
        let mut second = first.paginator.again();
        loop {
            let answer = match self.page(&second, &first.options, place).await {
                Ok(answer) => answer,
                Err(failure) => return failure.into(),
            };
            match second.take(&answer.json) {
                Ok(Progress::More) => {}
                Ok(Progress::Complete | Progress::Doubtful) | Err(_) => return first.paginator.changed_since(&second).into(),
            }
        }
    }
}
