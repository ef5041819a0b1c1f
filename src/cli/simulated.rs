//! `--sim`: the simulator as a transport in this process, on the run's own clock.

use crate::catalog::Catalog;
use crate::client::effects::BoxFuture;
use crate::client::transport::{Request, Response, Transport, TransportError};
use crate::clock::Clock;
use crate::simulator::{self, Options, Outcome, Simulator};
use std::sync::Arc;
use std::time::Duration;

/// What a call takes, in virtual time.
const LATENCY: Duration = Duration::from_millis(20);

/// The simulator in this process.
pub(super) struct InProcess {
    simulator: Simulator,
    clock: Clock,
}

impl InProcess {
    pub(super) fn new(catalog: Arc<Catalog>, clock: Clock, seed: u64) -> Self {
        let options = Options {
            access_key: simulator::ACCESS_KEY.to_owned(),
            secret: simulator::SECRET.to_owned(),
            seed,
            clock: clock.clone(),
        };
        Self { simulator: Simulator::new(catalog, options), clock }
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
            Outcome::Dropped => {
                return Err(TransportError::Dropped { host, reason: "the simulator closed the connection".to_owned() });
            }
        };
        let (parts, body) = response.into_parts();
        Ok(Response { status: parts.status, headers: parts.headers, body })
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.answer(request))
    }
}
