//! Runbooks on a schedule: the file, when each schedule fires, and the server that starts the runs.

pub mod calendar;
pub mod cron;
mod document;
pub mod engine;
pub mod file;
pub mod lint;
pub mod model;
pub mod notify;
pub mod params;
mod parse;
mod references;
pub mod server;
pub mod standing;
pub mod timing;
pub mod value;
