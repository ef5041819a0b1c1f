//! A simulated cloud: a request goes in, and its answer comes out.

use crate::cloud::ids::{self, Ids};
use crate::cloud::kernel::Kernel;
use crate::cloud::money::Money;
use crate::cloud::page_fault::{self, PageFault};
use crate::cloud::params::{Params, Reads};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::TaskFault;
use crate::faults::fault::{Fault, FaultRule, Faults, TriggeredFault};
use crate::http::answer::{self, Outcome};
use crate::http::authentication::{Authenticator, Key};
use crate::http::form::{self, Destination, Form};
use crate::http::log::{self, Ignored, IgnoredReason, LoggedRequest};
use crate::http::request::Incoming;
use crate::http::{check, envelope, ignored, object, route};
use crate::services::registry::SERVICES;
use bytes::Bytes;
use cumulua_core::catalog::{Action, Catalog};
use cumulua_core::clock::Clock;
use http::{Request, Response, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use std::collections::{HashSet, VecDeque};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// How many requests the log remembers.
const REMEMBERED: usize = 10_000;

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
    pub(crate) clock: Clock,
    seed: u64,
    state: Mutex<State>,
    reporter: OnceLock<Reporter>,
}

/// What hears of ignored parameters: the Action, the parameter's path, and why.
type Reporter = Box<dyn Fn(&str, &str, IgnoredReason) + Send + Sync>;

/// A cloud that was read from a file.
#[derive(Debug, Clone)]
pub struct SavedState(Kernel);

impl SavedState {
    /// The same with another seed for all ids, durations and chances to come.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.0.cloud.ids.reseed(seed);
        self
    }

    /// Reads a cloud from the JSON that [`Simulator::saved`] writes, or that a person has written:
    /// parts that are absent are as in a new cloud. An error says where it is: by path, line and
    /// column, or by the name of the list and the id.
    pub fn parse(text: &str) -> Result<Self, String> {
        Kernel::parse(SERVICES, text).map(Self)
    }
}

/// What a request may move.
pub(crate) struct State {
    pub(crate) kernel: Kernel,
    pub(crate) authenticator: Authenticator,
    pub(crate) faults: Faults,
    pub(crate) skew: SignedDuration,
    pub(crate) requests: u64,
    /// How many files have come.
    files: u64,
    pub(crate) log: VecDeque<LoggedRequest>,
    pub(crate) reached: u64,
    /// The Actions and parameters that have been reported as ignored.
    reported: HashSet<(String, String)>,
}

impl Simulator {
    /// A cloud with an empty VDC.
    pub fn new(catalog: Arc<Catalog>, options: Options) -> Self {
        let kernel = Kernel::new(SERVICES, Ids::new(options.seed));
        Self::with(catalog, options, kernel)
    }

    /// A cloud that goes on where another one stopped, with the seed of that one.
    pub fn from_saved(catalog: Arc<Catalog>, options: Options, saved: SavedState) -> Self {
        let seed = saved.0.cloud.ids.seed();
        Self::with(catalog, Options { seed, ..options }, saved.0)
    }

    fn with(catalog: Arc<Catalog>, options: Options, mut kernel: Kernel) -> Self {
        let Options {
            access_key,
            secret,
            seed,
            clock,
        } = options;
        kernel.begin(clock.now(), clock.elapsed());
        let state = State {
            kernel,
            authenticator: Authenticator::new(Key {
                id: access_key,
                secret,
            }),
            faults: Faults::new(seed),
            skew: SignedDuration::ZERO,
            requests: 0,
            files: 0,
            log: VecDeque::new(),
            reached: 0,
            reported: HashSet::new(),
        };
        Self {
            catalog,
            clock,
            seed,
            state: Mutex::new(state),
            reporter: OnceLock::new(),
        }
    }

    /// The catalogue that it serves.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog)
    }

    /// Answers one request as the cloud would. A dropped connection becomes an empty answer with
    /// status 444, and a delay is left out; [`Self::answer`] tells them apart.
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        match self.answer(request) {
            Outcome::Answer(response) | Outcome::Delayed(_, response) => response,
            Outcome::Unconnected | Outcome::Dropped => {
                answer::response(444, "text/plain", Bytes::new(), Timestamp::UNIX_EPOCH)
            }
        }
    }

    /// Tells `report` of every parameter that is ignored from now on, once for an Action: the
    /// Action, the parameter's path and why. A second `report` is not taken.
    pub fn report_ignored(
        &self,
        report: impl Fn(&str, &str, IgnoredReason) + Send + Sync + 'static,
    ) {
        let _ = self.reporter.set(Box::new(report));
    }

    /// Keeps objects that come over a socket in files of a folder, which is made where it is not
    /// there, and no more in memory.
    pub fn keep_objects_in(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        self.state().kernel.cloud.objects_in = Some(folder.to_owned());
        Ok(())
    }

    /// Lets the URLs of objects begin so: a simulator on a socket is reached there, and not at the
    /// cloud's own names.
    pub(crate) fn set_objects_at(&self, url: String) {
        self.state().kernel.cloud.objects_at = Some(url);
    }

    /// Where the file of a form goes that begins to come.
    pub(crate) fn destination_of_file(&self) -> Destination {
        let mut state = self.state();
        match state.kernel.cloud.objects_in.clone() {
            None => Destination::Memory,
            // A folder can hold the files of an earlier cloud, and of others.
            Some(folder) => loop {
                state.files += 1;
                let name = format!("object-{}-{}", std::process::id(), state.files);
                if !folder.join(&name).exists() {
                    return Destination::File(folder, name);
                }
            },
        }
    }

    /// Answers one request, or says how the connection ends instead.
    pub fn answer(&self, request: &Request<Bytes>) -> Outcome {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let boundary = content_type.and_then(form::boundary);
        // One that came over a socket has been taken apart there.
        let boundary = boundary.filter(|_| request.extensions().get::<Form>().is_none());
        let Some(boundary) = boundary else {
            return self.answer_and_report(request);
        };
        let mut request = request.clone();
        // What is no form has no parameters.
        let form = form::parse(boundary, request.body()).unwrap_or_default();
        request.extensions_mut().insert(form);
        self.answer_and_report(&request)
    }

    fn answer_and_report(&self, request: &Request<Bytes>) -> Outcome {
        let (outcome, action, ignored) = self.answer_and_log(request);
        // The state is free by now: what hears of it may be slow.
        if let Some(report) = self.reporter.get() {
            for (path, why) in ignored {
                report(&action, &path, why);
            }
        }
        outcome
    }

    /// The answer, with the Action and its ignored parameters that were not reported yet.
    fn answer_and_log(&self, request: &Request<Bytes>) -> (Outcome, String, Ignored) {
        let clock = self.clock.elapsed();
        let incoming = Incoming::new(request);
        let mut state = self.state();
        let state = &mut *state;
        state.kernel.settle(clock);
        state.requests += 1;
        let now = state
            .kernel
            .cloud
            .now()
            .saturating_add(state.skew)
            .unwrap_or(Timestamp::MAX);
        let mut record = LoggedRequest {
            time: now,
            request_id: ids::uuid(self.seed, "request", state.requests),
            method: incoming.method.to_owned(),
            path: log::shortened(incoming.path),
            action: incoming.get("Action").map(log::shortened),
            nonce: incoming.get("SignatureNonce").map(log::shortened),
            parameters: Json::Null,
            ignored: Ignored::new(),
            status: None,
            code: "Success".to_owned(),
            carried_out: false,
            fault: None,
        };
        if let Some(downloaded) = object::download(SERVICES, &state.kernel.cloud, &incoming, now) {
            let response = downloaded.unwrap_or_else(|refusal| {
                record.code = refusal.code.to_string();
                let text = format!("{}: {}\n", refusal.code, refusal.message);
                answer::response(refusal.status(), "text/plain", text, now)
            });
            record.status = Some(response.status().as_u16());
            state.remember(record);
            return (Outcome::Answer(response), String::new(), Ignored::new());
        }
        state.kernel.cloud.received = incoming
            .upload
            .and_then(|form| form.file.as_ref())
            .map(|(_, blob)| blob.clone());
        let (triggered, result) = self.carry_out(state, &incoming, now, &mut record);
        // What no object has taken goes.
        let cloud = &mut state.kernel.cloud;
        if let Some(blob) = cloud.received.take() {
            blob.discard(cloud.objects_in.as_deref());
        }
        let (product, format) = (incoming.product, incoming.format());
        let answer = match result {
            Ok((action, answer)) => {
                let (content_type, body) =
                    envelope::success(product, format, &action, answer, &record.request_id);
                answer::response(200, content_type, body, now)
            }
            Err((action, refusal)) => {
                record.code = refusal.code.to_string();
                let (content_type, body) = envelope::refusal(
                    product,
                    format,
                    action.as_ref(),
                    &refusal,
                    &record.request_id,
                );
                answer::response(refusal.status(), content_type, body, now)
            }
        };
        record.fault = triggered
            .as_ref()
            .map(|triggered| triggered.fault.to_string());
        let outcome = answer::spoilt(triggered.as_ref(), answer);
        record.status = match &outcome {
            Outcome::Answer(response) | Outcome::Delayed(_, response) => {
                Some(response.status().as_u16())
            }
            Outcome::Unconnected | Outcome::Dropped => None,
        };
        let action = record.action.clone().unwrap_or_default();
        let news = state.news(&action, &record.ignored);
        state.remember(record);
        (outcome, action, news)
    }

    fn carry_out(
        &self,
        state: &mut State,
        incoming: &Incoming,
        now: Timestamp,
        record: &mut LoggedRequest,
    ) -> (Option<TriggeredFault>, Ending) {
        let admitted = state
            .authenticator
            .admit(incoming, now)
            .and_then(|()| route::find(SERVICES, &self.catalog, incoming));
        let (action, handling) = match admitted {
            Ok(found) => found,
            Err(refusal) => return (None, Err((None, refusal))),
        };
        let given = check::given(&action, incoming).and_then(|given| {
            record.ignored = ignored::unknown(&action, incoming, &given);
            check::checked(&action, given)
        });
        let triggered = state
            .faults
            .triggered(&action, given.as_ref().ok().map(Params::new));
        let fault = triggered.as_ref().map(|triggered| &triggered.fault);
        if let Some(refusal) = fault.and_then(refused_by) {
            let refusal = refusal.of(&action);
            return (triggered, Err((Some(action), refusal)));
        }
        state.kernel.cloud.task_fault = match fault {
            Some(Fault::TaskFails(reason)) => Some(TaskFault::Fails(reason.clone())),
            Some(Fault::TaskHangs) => Some(TaskFault::Hangs),
            _ => None,
        };
        let page_fault = match fault {
            Some(Fault::PageGrows) => PageFault::Grown,
            Some(Fault::PageShrinks) => PageFault::Shrunk,
            _ => PageFault::None,
        };
        let result = given.and_then(|given| {
            record.parameters = log::redacted(&action, &given, incoming.body.len());
            if !action.read_only {
                state.reached += 1;
            }
            let reads = Reads::default();
            let params = Params::noting(&given, &reads);
            let mut answer = state.kernel.call(handling, &action, params, page_fault)?;
            record.carried_out = true;
            ignored::add_unread(&mut record.ignored, &action, &given, &reads);
            page_fault::shift_total(&action, page_fault, &mut answer);
            Ok(answer)
        });
        state.kernel.cloud.task_fault = None;
        let result = match fault {
            Some(Fault::ServerError { http, .. }) => Err(server_error(*http)),
            _ => result.map_err(|refusal| refusal.of(&action)),
        };
        match result {
            Ok(answer) => (triggered, Ok((action, answer))),
            Err(refusal) => (triggered, Err((Some(action), refusal))),
        }
    }

    /// Makes something go wrong; the first rule that strikes at a call counts.
    pub fn fault(&self, rule: FaultRule) {
        self.state().faults.add(rule);
    }

    /// Lets everything go right again.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Lets tasks take so many times as long as in a cloud, from now on. The time of day stays the
    /// clock's.
    pub fn set_time_scale(&self, scale: f64) {
        let clock = self.clock.elapsed();
        self.state()
            .kernel
            .cloud
            .clock
            .change_speed(clock, 1.0 / scale.clamp(1e-9, 1e9));
    }

    /// Puts the cloud's clock ahead by so many seconds, or behind.
    pub fn set_clock_skew(&self, seconds: i64) {
        self.state().skew = SignedDuration::from_secs(seconds);
    }

    /// Sets the account's balance in yuan.
    pub fn set_balance(&self, balance: f64) {
        self.state().kernel.cloud.wallet.balance = Money::yuan(balance);
    }

    /// The requests so far, oldest first, without secrets; of very many the last ones.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.state().log.iter().cloned().collect()
    }

    /// How many calls that change something have reached what carries them out, allowed or not.
    pub fn changes(&self) -> u64 {
        self.state().reached
    }

    /// All that the account has now, as a file from which [`Self::from_saved`] goes on.
    pub fn saved(&self) -> String {
        let clock = self.clock.elapsed();
        let mut state = self.state();
        state.kernel.settle(clock);
        let mut text = serde_json::to_string_pretty(&state.kernel.cloud).unwrap_or_default();
        text.push('\n');
        text
    }

    /// All that the account has now.
    pub fn state_json(&self) -> Json {
        // The clock's elapsed time, because a client's correction of its own time of day must not
        // move the cloud's.
        let clock = self.clock.elapsed();
        let mut state = self.state();
        state.kernel.settle(clock);
        serde_json::to_value(&state.kernel.cloud).unwrap_or_default()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remember(&mut self, record: LoggedRequest) {
        if self.log.len() == REMEMBERED {
            self.log.pop_front();
        }
        self.log.push_back(record);
    }

    /// The ignored parameters of a request that no earlier one of the Action had. Of very many
    /// kinds the later ones are left out.
    fn news(&mut self, action: &str, ignored: &Ignored) -> Ignored {
        let mut news = Ignored::new();
        for (path, why) in ignored {
            if self.reported.len() < REMEMBERED
                && self.reported.insert((action.to_owned(), path.clone()))
            {
                news.insert(path.clone(), *why);
            }
        }
        news
    }
}

/// The answer to a call or its refusal, with the Action where it is known.
type Ending = Result<(Action, Json), (Option<Action>, Refusal)>;

/// The refusal of a fault that keeps a call from being carried out.
fn refused_by(fault: &Fault) -> Option<Refusal> {
    match fault {
        Fault::Refuse { code, http } => {
            let refusal = Refusal::new(code.clone(), "The simulator was told to refuse this");
            Some(match http {
                Some(http) => refusal.with_status(*http),
                None => refusal,
            })
        }
        Fault::Throttle => Some(Refusal::new(
            "Throttling",
            "The request was denied due to request throttling",
        )),
        Fault::ServerError {
            http,
            carried_out: false,
        } => Some(server_error(*http)),
        Fault::NoConnection | Fault::DropBefore => {
            Some(Refusal::new("Dropped", "The connection was closed"))
        }
        _ => None,
    }
}

fn server_error(http: u16) -> Refusal {
    let code = if http == 503 {
        "ServiceUnavailable"
    } else {
        "InternalError"
    };
    Refusal::new(code, "The simulator was told to fail").with_status(http)
}
