//! The server: starts runs as the engine decides, and keeps what becomes of each firing.

mod adopted;
mod child;
mod clock_watch;
mod dispatch;
mod ending;
mod error;
mod event_loop;
mod file_watch;
mod format;
mod http;
mod launch;
mod lines;
mod log;
mod metrics;
mod notifier;
mod once;
mod outcomes;
mod priority;
mod processes;
mod pruning;
mod records;
mod reload;
mod requests;
mod serving;
mod signals;
mod supervised;
mod verdict;

pub use error::ServeError;
pub use event_loop::Server;
pub use format::count;
pub use launch::{Launcher, Shared};
pub use log::Log;
pub use metrics::Metrics;
pub use notifier::Post;
pub use once::{Once, run_once};
