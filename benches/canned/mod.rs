//! Scripts over a service that answers at once with what it was set up with: what is measured is
//! cumulua's own share of a call.

use bytes::Bytes;
use cumulua::client::transport::BoxFuture;
use cumulua::client::transport::{Request, Response, Transport, TransportError};
use cumulua::config::{Flags, Profiles};
use cumulua::gate::audit::Audit;
use cumulua::gate::{Gate, GateParts, Grants, Random, Silent};
use cumulua::lua::{Chunk, Limits, RunFacts, Runtime};
use cumulua_core::clock::Clock;
use cumulua_core::secret::Redactor;
use http::{HeaderMap, StatusCode};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A service that answers every request alike.
struct Canned(Bytes);

impl Transport for Canned {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let body = self.0.clone();
        Box::pin(async move {
            Ok(Response {
                status: StatusCode::OK,
                headers: HeaderMap::new(),
                body,
            })
        })
    }
}

/// A gate over a service that answers with `body`; calls are recorded where an audit is given.
pub(crate) fn gate(body: impl Into<Bytes>, audit: Option<Audit>) -> Arc<Gate> {
    let mcs = ("mcs".to_owned(), "http://127.0.0.1:1/".to_owned());
    Arc::new(Gate::new(GateParts {
        catalog: Arc::default(),
        profiles: Arc::new(Profiles::new(Flags {
            endpoints: BTreeMap::from([mcs]),
            simulator: true,
            simulator_credentials: ("key".to_owned(), "secret".to_owned()),
            ..Flags::default()
        })),
        clock: Clock::system(),
        random: Random::seeded(1),
        transport: Arc::new(Canned(body.into())),
        observer: Arc::new(Silent),
        audit,
        grants: Grants::default(),
        redactor: Arc::new(Redactor::default()),
        simulation: None,
        confirm: None,
    }))
}

/// A script that does `line` as often as its argument, a number.
pub(crate) struct Script {
    executor: tokio::runtime::Runtime,
    runtime: Runtime,
    line: &'static str,
}

impl Script {
    pub(crate) fn new(gate: impl FnOnce() -> Arc<Gate>, line: &'static str) -> Self {
        let executor = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("an executor");
        let entered = executor.enter();
        let runtime =
            Runtime::new(gate(), Limits { memory: 1 << 30 }, &chunk(line, 0)).expect("a runtime");
        drop(entered);
        Self {
            executor,
            runtime,
            line,
        }
    }

    pub(crate) fn run(&self, times: u64) {
        let ended = self
            .executor
            .block_on(self.runtime.run(&chunk(self.line, times)));
        ended.unwrap_or_else(|error| panic!("{}", error.message));
    }
}

fn chunk(line: &str, times: u64) -> Chunk {
    // The arguments of a runtime are those of its first chunk, so the count stands in the text.
    let text = format!("for _ = 1, {times} do {line} end");
    Chunk {
        name: "=bench".to_owned(),
        text,
        args: Vec::new(),
        folder: PathBuf::from("."),
        facts: RunFacts::default(),
    }
}
