//! Runbooks on a schedule: the file, when each schedule fires, and the server that starts the runs.

pub mod cron;
pub mod engine;
pub mod file;
pub mod lint;
pub mod model;
mod parse;
pub mod server;
pub mod timing;
pub mod value;
