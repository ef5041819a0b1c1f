//! Runbooks on a schedule: the file, when each schedule fires, and the server that starts the runs.

pub mod cron;
pub mod engine;
pub mod file;
pub mod model;
pub mod odd;
pub mod server;
pub mod timing;
pub mod value;
mod written;
