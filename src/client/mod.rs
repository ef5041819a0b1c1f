//! The client: a call walks through validate, gate, serialize, endpoint, and then sign, transport and decode as often as retry says.

pub mod command;
mod connect;
pub mod decode;
pub mod effects;
pub mod endpoint;
pub mod error;
pub mod lookup;
pub mod paginator;
mod pool;
pub mod retry;
mod route;
pub mod serialize;
pub mod sign;
pub mod transport;
pub mod validate;
pub mod value;
pub mod waiter;

use crate::config::Profiles;
use bytes::Bytes;
use command::Named;
use cumulua_core::catalog::{Action, PostStyle, Scheme};
use cumulua_core::secret::Redactor;
use decode::Decoded;
use effects::Effects;
use error::{CallError, Failure, Sent};
use futures_util::future::{Either, FutureExt as _, select};
use jiff::Timestamp;
use retry::RetryPolicy;
use route::{Route, Routes};
use serialize::Message;
use sign::Address;
use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use transport::{Request, TransportError};
use validate::Fault;
use value::{Params, Value};

/// A call as a script or the shell asks for it.
#[derive(Debug, Clone)]
pub struct Call {
    /// The Action.
    pub action: Action,
    /// Its parameters.
    pub params: Params,
    /// What differs from the run's defaults.
    pub options: CallOptions,
}

/// Options of one call.
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    /// The whole call, retries included.
    pub timeout: Option<Duration>,
    /// Attempts beyond the first.
    pub retries: Option<u32>,
    /// The profile.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Parameters that the catalogue does not know pass.
    pub unchecked: bool,
}

impl CallOptions {
    /// The account that they name.
    pub fn named(&self) -> Named {
        Named { profile: self.profile.clone(), region: self.region.clone() }
    }
}

/// An answer and how it came about.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The Action.
    pub action: Action,
    /// The answer, its wrapper taken off.
    pub json: serde_json::Value,
    /// The HTTP status.
    pub http_status: u16,
    /// The request's id.
    pub request_id: Option<String>,
    /// The profile.
    pub profile: Arc<str>,
    /// The region.
    pub region: Option<Arc<str>>,
    /// The profile and the region that the call itself named.
    pub asked: Named,
    /// Where it was sent, without the query.
    pub endpoint: Arc<str>,
    /// How often it was sent.
    pub attempts: u32,
    /// How long it took, pauses included.
    pub duration: Duration,
    /// Warnings about its parameters.
    pub warnings: Vec<Fault>,
}

/// Makes calls. What it needs of the world it gets from [`Effects`].
#[derive(Debug)]
pub struct Client {
    profiles: Arc<Profiles>,
    redactor: Arc<Redactor>,
    routes: Routes,
}

/// How far a call has got.
#[derive(Default)]
struct Progress {
    attempts: u32,
    maybe_sent: bool,
}

impl Client {
    /// Answers larger than this are refused, in bytes.
    pub const MAX_ANSWER: usize = 32 * 1024 * 1024;
    /// One attempt's time, where the call's own is not shorter.
    const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(1);
    /// A call's time, where it says none.
    const CALL_TIMEOUT: Duration = Duration::from_mins(5);

    /// A client for these profiles.
    pub fn new(profiles: Arc<Profiles>, redactor: Arc<Redactor>) -> Self {
        Self { profiles, redactor, routes: Routes::default() }
    }

    /// Makes one call.
    pub async fn call(&self, world: &impl Effects, call: Call) -> Result<Answer, Failure> {
        let started = world.elapsed();
        let Call { action, params, options } = call;
        let asked = options.named();
        let mut progress = Progress::default();
        let outcome = async {
            let mut valid = validate::validate(&action, params, options.unchecked).map_err(CallError::Invalid)?;
            generate(world, &action, &mut valid.params);
            world.admit(&action, &valid.params).await?;
            let message = serialize::serialize(&action, &valid.params);
            reserved(&message)?;
            let route = self.routes.of(&self.profiles, &self.redactor, &action, &asked)?;
            let decoded = attempt_until_done(world, &action, &message, &route, &options, &mut progress).await?;
            Ok::<_, CallError>((decoded, route, valid.warnings))
        };
        match outcome.await {
            Ok((decoded, route, warnings)) => Ok(Answer {
                json: decoded.json,
                http_status: decoded.http_status,
                request_id: decoded.request_id,
                profile: Arc::clone(&route.profile),
                region: route.region.clone(),
                asked,
                endpoint: Arc::clone(&route.endpoint),
                attempts: progress.attempts,
                duration: world.elapsed().saturating_sub(started),
                warnings,
                action,
            }),
            Err(error) => {
                let sent = error.sent().max(if progress.maybe_sent { Sent::Maybe } else { Sent::No });
                let retryable = error.retryable() && (action.is_repeatable() || !progress.maybe_sent);
                let (attempts, lookup) = (progress.attempts, None);
                Err(Failure { action: action.full_name.to_string(), attempts, sent, retryable, lookup, error })
            }
        }
    }
}

/// Parameters that every signed request carries. One of a script's own beside them would make the service read another request than
/// the one that was checked and recorded.
const COMMON_PARAMETERS: &[&str] = &[
    "Action",
    "AccessKeyId",
    "AWSAccessKeyId",
    "Format",
    "Region",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

/// Refuses parameters that would stand beside the common ones. In a JSON body they stand apart, and may have these names.
fn reserved(message: &Message) -> Result<(), CallError> {
    let is_common = |name: &str| COMMON_PARAMETERS.iter().any(|common| common.eq_ignore_ascii_case(name));
    let fault = |name: &String| Fault { path: name.clone(), problem: "is a common parameter, which the runtime sets".to_owned() };
    let faults: Vec<_> = message.pairs.iter().filter(|(name, _)| is_common(name)).map(|(name, _)| fault(name)).collect();
    if faults.is_empty() { Ok(()) } else { Err(CallError::Invalid(faults)) }
}

/// Makes the ids that a client makes; they stay the same over retries.
fn generate(world: &impl Effects, action: &Action, params: &mut Params) {
    for param in action.params.iter().filter(|param| param.generated.is_some()) {
        params.entry(param.name.clone()).or_insert_with(|| Value::String(world.uuid()));
    }
}

async fn attempt_until_done(
    world: &impl Effects,
    action: &Action,
    message: &Message,
    route: &Route,
    options: &CallOptions,
    progress: &mut Progress,
) -> Result<Decoded, CallError> {
    let retries = options.retries.unwrap_or(RetryPolicy::DEFAULT_RETRIES);
    let policy = RetryPolicy { retries, repeatable: action.is_repeatable() };
    let allowed = options.timeout.unwrap_or(Client::CALL_TIMEOUT);
    let deadline = world.elapsed().saturating_add(allowed);
    let mut corrected = false;
    loop {
        let out_of_time = |sent| CallError::TimedOut { seconds: allowed.as_secs_f64(), sent };
        let mut turn = pin!(world.turn(&route.lane));
        if turn.as_mut().now_or_never().is_none() {
            let in_time = pin!(world.sleep(deadline.saturating_sub(world.elapsed())));
            if let Either::Right(_) = select(turn, in_time).await {
                return Err(out_of_time(Sent::No));
            }
        }
        let left = deadline.saturating_sub(world.elapsed());
        let signed_at = world.now();
        let timeout = left.min(Client::ATTEMPT_TIMEOUT);
        let request = signed(world, action, message, route, signed_at, timeout).map_err(CallError::Transport)?;
        progress.attempts += 1;
        let attempts = progress.attempts;
        world.attempt(attempts);
        let outcome = match world.send(request).await {
            Ok(response) => decode::decode(action, &response, signed_at),
            Err(error) => Err(CallError::Transport(error)),
        };
        let error = match outcome {
            Ok(decoded) => return Ok(decoded),
            Err(error) => error,
        };
        // A later refusal does not undo what an earlier attempt may have done.
        progress.maybe_sent |= !error.certainly_not_carried_out();
        if let Some(skew) = error.refusal().and_then(|refusal| refusal.clock_skew) {
            if corrected {
                return Err(error);
            }
            corrected = true;
            let server_now = signed_at.saturating_add(jiff::SignedDuration::from_secs(skew)).unwrap_or(signed_at);
            world.clock_is_off(server_now, skew);
        }
        let Some(pause) = policy.pause(&error, attempts, world.fraction()) else { return Err(error) };
        if world.elapsed().saturating_add(pause) >= deadline {
            let sent = if error.certainly_not_carried_out() { Sent::No } else { error.sent() };
            return Err(if world.elapsed() >= deadline { out_of_time(sent) } else { error });
        }
        match error.refusal() {
            Some(refusal) if refusal.throttled => world.slow_down(&route.lane, pause),
            Some(refusal) if refusal.clock_skew.is_some() => {}
            _ if world.afford_retry() => {}
            _ => return Err(error),
        }
        world.retrying(&error, attempts, pause, progress.maybe_sent);
        world.sleep(pause).await;
    }
}

/// One attempt's request: a nonce, a timestamp and a signature of its own.
fn signed(
    world: &impl Effects,
    action: &Action,
    message: &Message,
    route: &Route,
    now: Timestamp,
    timeout: Duration,
) -> Result<Request, TransportError> {
    let protocol = &action.product.protocol;
    let mut pairs: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(message.pairs.len() + 8);
    pairs.extend(message.pairs.iter().map(|(name, value)| (name.as_str(), Cow::Borrowed(value.as_str()))));
    add_common_parameters(&mut pairs, world, action, route, now);
    let method = message.method.as_str();
    let address = Address {
        scheme: route.url.scheme(),
        host: route.url.host_str().unwrap_or_default(),
        port: route.url.port(),
        path: route.url.path(),
    };
    let signature = sign::sign(&route.key, method, address, &pairs);
    let query = sign::with_signature(&signature);
    let (query, body) = match (&message.json, method) {
        (Some(json), _) => (Some(query), Some(("application/json", json.clone()))),
        (None, "POST") if protocol.post == PostStyle::Form => {
            (None, Some(("application/x-www-form-urlencoded", Bytes::from(query))))
        }
        (None, _) => (Some(query), None),
    };
    let (uri, destination) = (route.uri(query)?, route.destination);
    let headers = http::HeaderMap::new();
    Ok(Request { method, uri, destination, headers, body, timeout, max_answer: Client::MAX_ANSWER })
}

fn add_common_parameters<'a>(
    pairs: &mut Vec<(&'a str, Cow<'a, str>)>,
    world: &impl Effects,
    action: &'a Action,
    route: &'a Route,
    now: Timestamp,
) {
    let mut add = |name, value: Cow<'a, str>| pairs.push((name, value));
    add("Action", action.name.as_str().into());
    let now = format!("{now:.0}");
    let access_key = route.account.access_key.value.as_str();
    match action.product.protocol.signer {
        Scheme::Cds | Scheme::Pop => {
            add("AccessKeyId", access_key.into());
            add("SignatureMethod", "HMAC-SHA1".into());
            add("SignatureVersion", "1.0".into());
            add("SignatureNonce", world.uuid().into());
            add("Timestamp", now.into());
            if let Some(version) = action.version() {
                add("Version", version.into());
            }
            if let Some(token) = &route.token {
                add("SecurityToken", token.expose().into());
            }
        }
        Scheme::Sigv2 => {
            add("AWSAccessKeyId", access_key.into());
            add("SignatureVersion", "2".into());
            add("SignatureMethod", "HmacSHA256".into());
            add("Timestamp", now.replace('Z', ".000Z").into());
            if let Some(region) = &route.account.region {
                add("Region", region.value.as_str().into());
            }
        }
    }
    if let Some(format) = &action.product.protocol.format {
        add("Format", format.as_str().into());
    }
}
