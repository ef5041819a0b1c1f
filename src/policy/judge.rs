//! The one judge.

use super::account::{self, ExpectedAccount};
use super::call_refusals::{self, CallSubject};
use super::environment::{self, VariableSubject};
use super::files::{self, FileSubject};
use super::process;
use super::request::{self, RequestSubject};
use super::verdict::Verdict;

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A call of an Action.
    Call(CallSubject<'a>),
    /// A request of a script to a host that is no product's.
    Request(RequestSubject<'a>),
    /// A file, or an entry of a folder.
    File(FileSubject<'a>),
    /// The start of a process; whether the run may start any.
    Process {
        /// `--allow-run`.
        is_granted: bool,
    },
    /// Reading a variable of the environment.
    Variable(VariableSubject<'a>),
    /// Going on in the account that a script expects.
    Account(ExpectedAccount<'a>),
}

/// Whether it may happen.
pub fn judge(subject: &Subject<'_>) -> Verdict {
    match subject {
        Subject::Call(subject) => call_refusals::judge(subject),
        Subject::Request(subject) => request::judge(subject),
        Subject::File(subject) => files::judge(subject),
        Subject::Process { is_granted } => process::judge(*is_granted),
        Subject::Variable(subject) => environment::judge(subject),
        Subject::Account(subject) => account::judge(subject),
    }
}
