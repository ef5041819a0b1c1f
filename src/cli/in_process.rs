//! `--sim`: the simulator as a transport in this process, on the run's own clock, and as a script
//! may direct it.

use crate::client::transport::{
    AnswerTo, BoxFuture, Request, Response, Transport, TransportError, deliver,
};
use crate::gate::Simulation;
use cumulua_core::catalog::Catalog;
use cumulua_core::clock::Clock;
use cumulua_simulator::{FaultRule, Options, Outcome, SavedState, Simulator};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::Url;

/// What a call takes, in virtual time.
const LATENCY: Duration = Duration::from_millis(20);

/// The simulator in this process: an account for each access key.
pub(super) struct InProcess {
    /// The run's own account, which begins from a file and is left in one.
    simulator: Simulator,
    /// Those of other profiles, made when they are first asked; by access key.
    others: Mutex<BTreeMap<String, Arc<Simulator>>>,
    catalog: Arc<Catalog>,
    clock: Clock,
    seed: u64,
    skew: AtomicI64,
}

impl InProcess {
    pub(super) fn new(
        catalog: Arc<Catalog>,
        clock: Clock,
        seed: u64,
        saved: Option<SavedState>,
    ) -> Self {
        let options = options(cumulua_simulator::ACCESS_KEY, seed, &clock);
        let simulator = match saved {
            Some(saved) => Simulator::from_saved(Arc::clone(&catalog), options, saved),
            None => Simulator::new(Arc::clone(&catalog), options),
        };
        Self {
            simulator,
            others: Mutex::default(),
            catalog,
            clock,
            seed,
            skew: AtomicI64::new(0),
        }
    }

    /// The run's own account.
    pub(super) fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// Does something with the account of an access key.
    fn with<T>(&self, access_key: &str, act: impl FnOnce(&Simulator) -> T) -> T {
        if access_key == cumulua_simulator::ACCESS_KEY {
            return act(&self.simulator);
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let other = others.entry(access_key.to_owned()).or_insert_with(|| {
            let options = options(access_key, self.seed, &self.clock);
            let made = Simulator::new(Arc::clone(&self.catalog), options);
            made.set_clock_skew(self.skew.load(Ordering::Relaxed));
            Arc::new(made)
        });
        let other = Arc::clone(other);
        drop(others);
        act(&other)
    }

    async fn answer(&self, request: Request) -> Result<Response, TransportError> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let mut built = http::Request::builder()
            .method(request.method)
            .uri(request.url.as_str());
        let mut headers = request.headers;
        let body = match request.body {
            Some((content_type, body)) => {
                headers
                    .entry(http::header::CONTENT_TYPE)
                    .or_insert(http::HeaderValue::from_static(content_type));
                body.collect()
                    .await
                    .map_err(|error| TransportError::NoBody(error.to_string()))?
            }
            None => bytes::Bytes::new(),
        };
        for (name, value) in &headers {
            built = built.header(name, value);
        }
        let access_key = access_key(&request.url, &body);
        let built = built
            .body(body)
            .map_err(|error| TransportError::Unusable(error.to_string()))?;
        self.clock.sleep(LATENCY).await;
        let response = match self.with(&access_key, |account| account.answer(&built)) {
            Outcome::Answer(response) => response,
            Outcome::Delayed(delay, response) => {
                self.clock.sleep(delay).await;
                response
            }
            Outcome::Unconnected => {
                return Err(TransportError::NotConnected {
                    host,
                    reason: "the simulator refused the connection".to_owned(),
                });
            }
            Outcome::Dropped => {
                return Err(TransportError::Dropped {
                    host,
                    reason: "the simulator closed the connection".to_owned(),
                });
            }
        };
        whole(&host, &request.answer, response).await
    }
}

fn options(access_key: &str, seed: u64, clock: &Clock) -> Options {
    Options {
        access_key: access_key.to_owned(),
        secret: cumulua_simulator::SECRET.to_owned(),
        seed,
        clock: clock.clone(),
    }
}

/// The access key that a request is signed with: it stands in the query, or in a form.
fn access_key(url: &Url, body: &[u8]) -> String {
    let in_form = url::form_urlencoded::parse(body);
    let found = url::form_urlencoded::parse(url.query().unwrap_or_default().as_bytes())
        .chain(in_form)
        .find(|(name, _)| name == "AccessKeyId" || name == "AWSAccessKeyId");
    found.map_or_else(
        || cumulua_simulator::ACCESS_KEY.to_owned(),
        |(_, key)| key.into_owned(),
    )
}

/// The answer as a client reads it from a connection, where it is whole.
async fn whole(
    host: &str,
    to: &AnswerTo,
    response: http::Response<bytes::Bytes>,
) -> Result<Response, TransportError> {
    let (parts, body) = response.into_parts();
    let status = parts.status.as_u16();
    let promised = parts
        .headers
        .get(http::header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if promised.is_some_and(|promised: usize| promised > body.len()) {
        let reason = "the simulator closed the connection".to_owned();
        return Err(TransportError::CutShort {
            host: host.to_owned(),
            status,
            reason,
        });
    }
    deliver(
        Response {
            status: parts.status,
            headers: parts.headers,
            body,
        },
        host,
        to,
    )
    .await
}

impl Transport for InProcess {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.answer(request))
    }
}

impl Simulation for InProcess {
    fn fault(&self, access_key: &str, table: &Map<String, Json>) -> Result<(), String> {
        let rule = FaultRule::from_table(table)?.known_to(&self.catalog)?;
        self.with(access_key, |account| account.fault(rule));
        Ok(())
    }

    fn clear(&self) {
        self.simulator.clear_faults();
        self.others
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .for_each(|account| account.clear_faults());
    }

    fn requests(&self, access_key: &str) -> Json {
        self.with(access_key, |account| {
            serde_json::to_value(account.requests()).unwrap_or_default()
        })
    }

    fn state(&self, access_key: &str) -> Json {
        self.with(access_key, Simulator::state_json)
    }

    fn skew(&self, seconds: i64) {
        self.skew.store(seconds, Ordering::Relaxed);
        self.simulator.set_clock_skew(seconds);
        self.others
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .for_each(|account| account.set_clock_skew(seconds));
    }
}
