//! A simulator in this process with a run of its own, on virtual time.

use bytes::Bytes;
use cumulua::client::error::Failure;
use cumulua::client::transport::{BoxFuture, Request, Response, Transport, TransportError};
use cumulua::client::value::Value;
use cumulua::client::{Answer, Call, CallOptions};
use cumulua::config::{Flags, Profiles};
use cumulua::effect_id::EffectId;
use cumulua::gate::{Gate, GateParts, Grants, Random, Silent};
use cumulua_core::catalog::{Action, Catalog};
use cumulua_core::clock::Clock;
use cumulua_core::secret::Redactor;
use cumulua_simulator::{Options, Outcome, Simulator};
use std::sync::Arc;

/// The simulator's own account.
pub(crate) fn profiles() -> Arc<Profiles> {
    Arc::new(Profiles::new(Flags {
        simulator: true,
        simulator_credentials: (
            cumulua_simulator::ACCESS_KEY.to_owned(),
            cumulua_simulator::SECRET.to_owned(),
        ),
        start: std::env::temp_dir(),
        ..Flags::default()
    }))
}

/// A simulator in place of the network.
struct Wire(Arc<Simulator>, Clock);

impl Wire {
    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        let host = || request.host().to_owned();
        let mut built = http::Request::builder()
            .method(request.method)
            .uri(request.url.as_str());
        let mut bytes = Bytes::new();
        if let Some((content_type, body)) = request.body.clone() {
            built = built.header(http::header::CONTENT_TYPE, content_type);
            bytes = body.collect().await.unwrap();
        }
        let response = match self.0.answer(&built.body(bytes).unwrap()) {
            Outcome::Answer(response) => response,
            Outcome::Delayed(delay, response) => {
                self.1.sleep(delay).await;
                response
            }
            Outcome::Unconnected => {
                return Err(TransportError::NotConnected {
                    host: host(),
                    reason: String::new(),
                });
            }
            Outcome::Dropped => {
                return Err(TransportError::Dropped {
                    host: host(),
                    reason: String::new(),
                });
            }
        };
        let (parts, body) = response.into_parts();
        let promised: Option<usize> = parts
            .headers
            .get(http::header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        if promised.is_some_and(|promised| promised > body.len()) {
            let status = parts.status.as_u16();
            return Err(TransportError::CutShort {
                host: host(),
                status,
                reason: String::new(),
            });
        }
        let response = Response {
            status: parts.status,
            headers: parts.headers,
            body,
        };
        cumulua::client::transport::deliver(response, &host(), &request.answer).await
    }
}

impl Transport for Wire {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.exchange(request))
    }
}

/// A cloud and a run of its own.
pub(crate) struct OneCloud {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) gate: Gate,
}

impl OneCloud {
    pub(crate) fn new(catalog: &Arc<Catalog>, profiles: &Arc<Profiles>, seed: u64) -> Self {
        let clock = Clock::paused();
        let options = Options {
            access_key: cumulua_simulator::ACCESS_KEY.to_owned(),
            secret: cumulua_simulator::SECRET.to_owned(),
            seed,
            clock: clock.clone(),
        };
        let simulator = Arc::new(Simulator::new(Arc::clone(catalog), options));
        let parts = GateParts {
            catalog: Arc::clone(catalog),
            profiles: Arc::clone(profiles),
            random: Random::seeded(seed),
            transport: Arc::new(Wire(Arc::clone(&simulator), clock.clone())),
            clock,
            observer: Arc::new(Silent),
            audit: None,
            grants: Grants::default(),
            redactor: Arc::new(Redactor::default()),
            simulation: None,
            confirm: None,
        };
        Self {
            simulator,
            gate: Gate::new(parts),
        }
    }

    pub(crate) async fn call(
        &self,
        action: &Action,
        params: &serde_json::Value,
    ) -> Result<Answer, Failure> {
        let Value::Object(params) = Value::from(params) else {
            panic!("parameters are an object")
        };
        let call = Call {
            action: action.clone(),
            params,
            content: None,
            options: CallOptions::default(),
        };
        self.gate.call(call, &EffectId::default()).await
    }

    /// How many purchases with a token the account has.
    pub(crate) fn tokens(&self) -> usize {
        let state = self.simulator.state_json();
        let tokens = &state["aliyun"]["tokens"];
        tokens.as_object().map_or_else(
            || tokens.as_array().map_or(0, Vec::len),
            serde_json::Map::len,
        )
    }
}
