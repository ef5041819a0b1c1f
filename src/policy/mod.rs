//! Whether something may happen, decided from names and settings alone. Pure: what is decided about
//! is looked up before, by the gate, and a person is asked after.

mod account;
mod call_refusals;
mod environment;
mod files;
mod judge;
mod process;
mod request;
mod verdict;

pub use account::ExpectedAccount;
pub use call_refusals::CallSubject;
pub use environment::{HeldSecret, VariableSubject};
pub use files::{FileSubject, ReservedPath, decides};
pub use judge::{Subject, judge};
pub use request::{RequestSubject, Target};
pub use verdict::{Ruling, Verdict};
