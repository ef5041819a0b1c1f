//! The gate: every effect of a script passes it, so that cancellation, admission, recording and
//! what is left open are there and nowhere else.
//!
//! One file an effect: `call`, `wait`, `wait_state`, `pages`, `web`, `mail`, `lock`, `sleep`, `files`,
//! `process`, `environment`, `modules`, `input`. `effect` defines what an effect is, `through` how
//! it passes.

mod account;
mod admit;
pub mod audit;
mod base;
mod call;
mod cancel;
mod confirm;
mod deciding;
mod denied;
mod download;
mod effect;
mod environment;
mod events;
mod fifo;
mod files;
mod grants;
mod in_flight;
mod input;
mod invalid_call;
mod limiter;
mod lock;
pub mod mail;
mod modules;
mod notices;
mod outcome;
mod output;
mod pages;
mod positional;
mod process;
mod process_tree;
mod random;
pub mod recorder;
mod recording;
mod reserved;
mod scope;
mod scopes;
mod simulation;
mod sleep;
mod through;
mod transfer;
mod upload;
mod wait;
mod wait_pause;
mod wait_record;
mod wait_state;
pub mod web;

pub use base::{Gate, GateParts};
pub use cancel::{CancelToken, StopReason};
pub use confirm::{Asking, Confirm, Question, is_yes};
pub use denied::Denied;
pub use environment::VariableError;
pub use events::{Event, Level, Observer, Silent};
pub use files::{FileError, Opening, RenameError};
pub use grants::{GRACE, Grants, OwnPath};
pub use in_flight::{Pending, UnknownOutcome};
pub use input::readable;
pub use lock::LockError;
pub use pages::{ReadError, Reading};
pub use process::{ProcessError, Streams, Waiting, end_process};
pub use process_tree::{EndedProcess, RUN_VARIABLE, adopt_orphans, end_left_by, process_started};
pub use random::Random;
pub use scope::Scope;
pub use simulation::Simulation;
pub use through::at_once;
pub use wait::{WAIT_TIMEOUT, WaitError};
pub use wait_state::{Resource, Seen, StatePoller, StatePollerError};
