//! What a call needs of the world: permission, time, nonces, and a transport. The gate provides it.

use super::error::CallError;
use super::transport::{Request, Response, TransportError};
use super::value::Params;
use crate::config::RateLimit;
use cumulua_core::catalog::Action;
use jiff::Timestamp;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A boxed future, for traits that are used as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What shares a rate limit: an account of a product.
#[derive(Debug, Clone)]
pub struct Lane {
    /// The product.
    pub product: String,
    /// The access key's id.
    pub access_key: String,
    /// The limit; none for an endpoint on this machine.
    pub limit: Option<RateLimit>,
}

/// The world, as one call sees it.
pub trait Effects: Send + Sync {
    /// Whether the call may be made at all, now that its parameters are known. A person may be asked.
    fn admit(&self, action: &Action, params: &Params) -> impl Future<Output = Result<(), CallError>> + Send;
    /// The time of day.
    fn now(&self) -> Timestamp;
    /// Time that never goes back, for deadlines.
    fn elapsed(&self) -> Duration;
    /// A fresh UUID.
    fn uuid(&self) -> String;
    /// A number from 0 up to 1, for jitter.
    fn fraction(&self) -> f64;
    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
    /// Waits until an attempt may leave, as the rate of its lane allows.
    fn turn(&self, lane: &Lane) -> impl Future<Output = ()> + Send;
    /// Says that the service wants the requests of a lane to pause for so long.
    fn slow_down(&self, lane: &Lane, pause: Duration);
    /// Whether the run may still afford a retry; takes it from the run's budget.
    fn afford_retry(&self) -> bool;
    /// Says that the next attempt is about to leave.
    fn attempt(&self, number: u32);
    /// Sends one attempt.
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, TransportError>> + Send;
    /// Says that an attempt failed and another follows; `maybe_sent` says whether any so far may have been carried out.
    fn retrying(&self, error: &CallError, attempt: u32, delay: Duration, maybe_sent: bool);
    /// Says that it is `server_now`, by so many seconds another time than this one's.
    fn clock_is_off(&self, server_now: Timestamp, seconds: i64);
}
