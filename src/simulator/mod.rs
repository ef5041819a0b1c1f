//! The products' stand-in: a cloud in this process that verifies signatures with code of its own, keeps state and can be told
//! to fail. Nothing sleeps here: a task's progress follows from the clock, and whatever is due is settled at the next request.
//!
//! # Layout
//!
//! A request walks through `request` (taken apart), `admission` (key, signature, time, nonce; with `signature`), `fault` (what
//! shall go wrong), `check` (parameters against the catalogue), a handler of a service's folder (`ccs`), and `answer`. State is
//! `world` with `instance`, `group`, `network` and `task`; `ids` is all its chance. `server` puts it on a socket.
//!
//! A further service is a folder like `ccs` and a line in `WINGS`. What no wing holds is refused, never answered as if it
//! had been done. Action names may stand in this room, unlike elsewhere.

mod admission;
mod answer;
mod ccs;
mod check;
mod fault;
mod group;
mod ids;
mod instance;
mod log;
mod network;
mod params;
mod refusal;
mod request;
mod server;
mod signature;
mod task;
#[cfg(test)]
mod tests;
mod world;

pub use answer::Outcome;
pub use fault::{Fault, FaultRule};
pub use log::Record;
pub use server::serve;

use crate::catalog::{Action, Catalog};
use crate::clock::Clock;
use admission::{Door, Key};
use bytes::Bytes;
use ccs::{Call, Handler};
use fault::Faults;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use params::Params;
use refusal::Refusal;
use request::Incoming;
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use world::{Fate, World};

/// The access key that is known where nothing else is said.
pub const ACCESS_KEY: &str = "sim";
/// The secret of [`ACCESS_KEY`].
pub const SECRET: &str = "sim-secret";
/// The zone of the VDC that stands ready.
pub const REGION_ID: &str = "CN_Beijing_A";
/// The VDC that stands ready, as in the document's example of `CreateInstance`.
pub const VDC_ID: &str = "0bb08ed7-e686-4168-93e5-e0187579753b";
/// The account, as in the document of cloud desktops.
pub const ACCOUNT_ID: &str = "7e7ba91e-4357-470a-9609-ce60d9d7e38f";
/// The VDC's public network (101.251.0.0/20), as in the document's example of `DescribeVdc`.
pub const PUBLIC_ID: &str = "e1186a02-a7b6-11e9-9052-0242ac11001b";
/// The VDC's private network (10.240.192.0/20), as in the document's example of `DescribeVdc`.
pub const PRIVATE_ID: &str = "4e6f6790-a6b3-11e9-8f88-0242ac110041";
/// The image that the document's examples name; here it stands for the default public one.
pub const IMAGE_ID: &str = "bbf63749-0186-4c68-8adc-9bf584bc1376";

/// How many requests the log remembers.
const REMEMBERED: usize = 10_000;

/// A service that is simulated.
struct Wing {
    /// The end of its requests' path.
    path: &'static str,
    /// Its name in the catalogue.
    service: &'static str,
    /// What carries its Actions out, by their names.
    handler: fn(&str) -> Option<Handler>,
}

const WINGS: &[Wing] = &[Wing { path: "/ccs", service: "cds.ccs", handler: ccs::handler }];

/// How a simulated cloud begins.
#[derive(Clone)]
pub struct Options {
    /// The one access key that may call.
    pub access_key: String,
    /// Its secret.
    pub secret: String,
    /// What ids, durations and chances follow from.
    pub seed: u64,
    /// The time; a virtual one makes tasks progress in virtual time.
    pub clock: Clock,
}

/// A simulated cloud with one account.
pub struct Simulator {
    catalog: Arc<Catalog>,
    clock: Clock,
    seed: u64,
    began: Timestamp,
    began_elapsed: Duration,
    state: Mutex<State>,
}

struct State {
    world: World,
    door: Door,
    faults: Faults,
    skew: SignedDuration,
    requests: u64,
    log: Vec<Record>,
}

impl Simulator {
    /// A cloud with an empty VDC.
    pub fn new(catalog: Arc<Catalog>, options: Options) -> Self {
        let Options { access_key, secret, seed, clock } = options;
        let (began, began_elapsed) = (clock.now(), clock.elapsed());
        let state = State {
            world: World::new(seed, began),
            door: Door::new(Key { id: access_key, secret }),
            faults: Faults::new(seed),
            skew: SignedDuration::ZERO,
            requests: 0,
            log: Vec::new(),
        };
        Self { catalog, clock, seed, began, began_elapsed, state: Mutex::new(state) }
    }

    /// Answers one request as the cloud would. A dropped connection becomes an empty answer with status 444, and a delay is
    /// left out; [`Self::answer`] tells them apart.
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        match self.answer(request) {
            Outcome::Answer(response) | Outcome::Delayed(_, response) => response,
            Outcome::Dropped => answer::response(444, "text/plain", Bytes::new(), self.began),
        }
    }

    /// Answers one request, or says how the connection ends instead.
    pub fn answer(&self, request: &Request<Bytes>) -> Outcome {
        let elapsed = self.elapsed();
        let incoming = Incoming::new(request);
        let mut state = self.state();
        let state = &mut *state;
        state.world.settle(elapsed);
        state.requests += 1;
        let now = state.world.now().saturating_add(state.skew).unwrap_or(Timestamp::MAX);
        let request_id = ids::uuid(self.seed, "request", state.requests);
        let mut record = Record {
            time: now,
            request_id: request_id.clone(),
            method: incoming.method.clone(),
            path: incoming.path.clone(),
            action: incoming.get("Action").map(str::to_owned),
            nonce: incoming.get("SignatureNonce").map(str::to_owned),
            parameters: Json::Null,
            status: None,
            code: "Success".to_owned(),
            fault: None,
        };
        let (fault, result) = self.carry_out(state, &incoming, now, &mut record);
        let answer = match result {
            Ok(answer) => answer::response(200, "application/json", answer::success(answer, &request_id).to_string(), now),
            Err(refusal) => {
                record.code = refusal.code.to_string();
                let wants_json = incoming.get("Format").is_some_and(|format| format.eq_ignore_ascii_case("json"));
                let (content_type, body) = answer::refusal(incoming.product(), wants_json, &refusal, &request_id);
                answer::response(refusal.status(), content_type, body, now)
            }
        };
        record.fault = fault.as_ref().map(|fault| format!("{fault:?}"));
        let outcome = answer::spoilt(fault.as_ref(), answer);
        record.status = match &outcome {
            Outcome::Answer(response) | Outcome::Delayed(_, response) => Some(response.status().as_u16()),
            Outcome::Dropped => None,
        };
        if state.log.len() == REMEMBERED {
            state.log.remove(0);
        }
        state.log.push(record);
        outcome
    }

    fn carry_out(
        &self,
        state: &mut State,
        incoming: &Incoming,
        now: Timestamp,
        record: &mut Record,
    ) -> (Option<Fault>, Result<Json, Refusal>) {
        let (action, handler) = match state.door.admit(incoming, now).and_then(|()| self.lookup(incoming)) {
            Ok(found) => found,
            Err(refusal) => return (None, Err(refusal)),
        };
        let fault = state.faults.strike(&action);
        if let Some(refusal) = fault.as_ref().and_then(refused_by) {
            return (fault, Err(refusal));
        }
        state.world.fate = match &fault {
            Some(Fault::TaskFails(reason)) => Some(Fate::Fails(reason.clone())),
            Some(Fault::TaskHangs) => Some(Fate::Hangs),
            _ => None,
        };
        let result = check::parameters(&action, incoming).and_then(|given| {
            record.parameters = log::redacted(&action, &given);
            handler(&mut Call { world: &mut state.world, action: &action, params: Params(&given) })
        });
        state.world.fate = None;
        let result = match fault {
            Some(Fault::ServerError { http, .. }) => Err(server_error(http)),
            _ => result.map_err(|refusal| refusal.of(&action)),
        };
        (fault, result)
    }

    /// The Action that a request is for and what carries it out.
    fn lookup(&self, incoming: &Incoming) -> Result<(Action, Handler), Refusal> {
        let name = incoming.get("Action").unwrap_or_default();
        let not_here = |what: &str| Refusal::new("InvalidAction.NotFound", format!("The simulator does not hold {what} yet"));
        if incoming.product() != request::Product::Cds {
            return Err(not_here(&format!("{name} of this product")));
        }
        // An endpoint's override can put a path in front.
        let path = incoming.path.trim_end_matches('/');
        let wing = WINGS.iter().find(|wing| path.ends_with(wing.path)).ok_or_else(|| not_here(&format!("{name} at {path}")))?;
        let action = self.catalog.action(&format!("{}.{name}", wing.service));
        let action =
            action.map_err(|_| Refusal::new("InvalidAction.NotFound", format!("There is no Action {name:?} at {path}")))?;
        if !action.methods.iter().any(|method| method.as_str() == incoming.method) {
            return Err(Refusal::new("UnsupportedHTTPMethod", format!("{name} does not take {}", incoming.method)));
        }
        let handler = (wing.handler)(name).ok_or_else(|| not_here(name))?;
        Ok((action, handler))
    }

    /// Makes something go wrong; the first rule that strikes at a call counts.
    pub fn fault(&self, rule: FaultRule) {
        self.state().faults.add(rule);
    }

    /// Lets everything go right again.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Multiplies the durations of the tasks that start from now on; 0 ends them at once.
    pub fn set_time_scale(&self, scale: f64) {
        self.state().world.time_scale = scale.max(0.0);
    }

    /// Puts the cloud's clock ahead by so many seconds, or behind.
    pub fn set_clock_skew(&self, seconds: i64) {
        self.state().skew = SignedDuration::from_secs(seconds);
    }

    /// Sets the account's balance in yuan.
    pub fn set_balance(&self, balance: f64) {
        self.state().world.balance = balance;
    }

    /// The requests so far, oldest first, without secrets; of very many the last ones.
    pub fn requests(&self) -> Vec<Record> {
        self.state().log.clone()
    }

    /// All that the account has now, for tests and for people.
    pub fn state_json(&self) -> Json {
        let elapsed = self.elapsed();
        let mut state = self.state();
        let world = &mut state.world;
        world.settle(elapsed);
        let tasks = world.tasks.iter().map(|task| {
            json!({"TaskId": task.id.to_string(), "Status": task.status(elapsed), "ResourceIds": task.resources,
                "TaskType": task.work.kind, "Reason": task.failure})
        });
        let tasks: Vec<_> = tasks.collect();
        json!({
            "AccountId": ACCOUNT_ID,
            "Time": world.now().to_string(),
            "Balance": world.balance,
            "Vdcs": world.vdcs.iter().map(|vdc| json!({"VdcId": vdc.id, "VdcName": vdc.name, "RegionId": vdc.region})).collect::<Vec<_>>(),
            "Instances": world.instances.iter().map(|instance| ccs::described(world, instance)).collect::<Vec<_>>(),
            "Tags": world.tags,
            "SecurityGroups": world.groups.iter().map(|group| ccs::described_group(world, group)).collect::<Vec<_>>(),
            "Templates": world.templates.iter().map(|template| json!({"TemplateId": template.id, "Name": template.name})).collect::<Vec<_>>(),
            "Tasks": tasks,
        })
    }

    /// Time since this cloud began. It follows the clock's elapsed time: a client's correction of its own clock, which may be
    /// the same object, must not move the cloud's.
    fn elapsed(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.began_elapsed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The refusal of a fault that keeps a call from being carried out.
fn refused_by(fault: &Fault) -> Option<Refusal> {
    match fault {
        Fault::Refuse { code, http } => {
            Some(Refusal::new(code.clone(), "The simulator was told to refuse this").with_status(*http))
        }
        Fault::Throttle => Some(Refusal::new("Throttling", "The request was denied due to request throttling")),
        Fault::ServerError { http, carried_out: false } => Some(server_error(*http)),
        Fault::DropBefore => Some(Refusal::new("Dropped", "The connection was closed")),
        _ => None,
    }
}

fn server_error(http: u16) -> Refusal {
    let code = if http == 503 { "ServiceUnavailable" } else { "InternalError" };
    Refusal::new(code, "The simulator was told to fail").with_status(http)
}
