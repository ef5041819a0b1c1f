//! `--sim`: the simulator as a transport in this process, on the run's own clock, and as a script may direct it.

use crate::catalog::Catalog;
use crate::client::effects::BoxFuture;
use crate::client::transport::{Request, Response, Transport, TransportError};
use crate::clock::Clock;
use crate::gate::Rehearsal;
use crate::simulator::{self, FaultRule, Options, Outcome, SavedState, Simulator};
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use std::time::Duration;

/// What a call takes, in virtual time.
const LATENCY: Duration = Duration::from_millis(20);

/// The simulator in this process.
pub(super) struct InProcess {
    simulator: Simulator,
    catalog: Arc<Catalog>,
    clock: Clock,
}

impl InProcess {
    pub(super) fn new(catalog: Arc<Catalog>, clock: Clock, seed: u64, saved: Option<SavedState>) -> Self {
        let options = Options {
            access_key: simulator::ACCESS_KEY.to_owned(),
            secret: simulator::SECRET.to_owned(),
            seed,
            clock: clock.clone(),
        };
        let simulator = match saved {
            Some(saved) => Simulator::from_saved(Arc::clone(&catalog), options, saved),
            None => Simulator::new(Arc::clone(&catalog), options),
        };
        Self { simulator, catalog, clock }
    }

    /// The simulator itself.
    pub(super) fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    async fn answer(&self, request: Request) -> Result<Response, TransportError> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let mut built = http::Request::builder().method(request.method).uri(request.url.as_str());
        let body = match request.body {
            Some((content_type, body)) => {
                built = built.header(http::header::CONTENT_TYPE, content_type);
                body
            }
            None => bytes::Bytes::new(),
        };
        let built = built.body(body).map_err(|error| TransportError::Unusable(error.to_string()))?;
        self.clock.sleep(LATENCY).await;
        let response = match self.simulator.answer(&built) {
            Outcome::Answer(response) => response,
            Outcome::Delayed(delay, response) => {
                self.clock.sleep(delay).await;
                response
            }
            Outcome::Unconnected => {
                return Err(TransportError::NotConnected { host, reason: "the simulator refused the connection".to_owned() });
            }
            Outcome::Dropped => {
                return Err(TransportError::Dropped { host, reason: "the simulator closed the connection".to_owned() });
            }
        };
        whole(&host, request.max_answer, response)
    }
}

/// The answer as a client reads it from a connection, where it is whole.
fn whole(host: &str, limit: usize, response: http::Response<bytes::Bytes>) -> Result<Response, TransportError> {
    let (parts, body) = response.into_parts();
    let status = parts.status.as_u16();
    let promised = parts.headers.get(http::header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if body.len() > limit {
        return Err(TransportError::TooLarge { host: host.to_owned(), status, limit });
    }
    if promised.is_some_and(|promised: usize| promised > body.len()) {
        let reason = "the simulator closed the connection".to_owned();
        return Err(TransportError::CutShort { host: host.to_owned(), status, reason });
    }
    Ok(Response { status: parts.status, headers: parts.headers, body })
}

impl Transport for InProcess {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.answer(request))
    }
}

impl Rehearsal for InProcess {
    fn fault(&self, table: &Map<String, Json>) -> Result<(), String> {
        self.simulator.fault(FaultRule::from_table(table)?.known_to(&self.catalog)?);
        Ok(())
    }

    fn clear(&self) {
        self.simulator.clear_faults();
    }

    fn requests(&self) -> Json {
        serde_json::to_value(self.simulator.requests()).unwrap_or_default()
    }

    fn state(&self) -> Json {
        self.simulator.state_json()
    }

    fn skew(&self, seconds: i64) {
        self.simulator.set_clock_skew(seconds);
    }
}
