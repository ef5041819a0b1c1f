//! What several targets share.

use bytes::Bytes;
use cumulua::client::decode::{Decoded, decode};
use cumulua::client::error::CallError;
use cumulua::client::transport::{BoxFuture, Request, Response, Transport, TransportError};
use cumulua::config::{Flags, Profiles};
use cumulua::gate::{Gate, GateParts, Grants, Random, Silent};
use cumulua::lua::{Chunk, Limits, RunFacts, Runtime};
use cumulua_core::catalog::{Action, Catalog};
use cumulua_core::clock::Clock;
use cumulua_core::secret::Redactor;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// The Actions of these names, as the binary has them.
pub fn actions(names: &[&str]) -> Vec<Action> {
    let catalog = Catalog::default();
    let found = names.iter().map(|name| catalog.action(name));
    found.map(|action| action.expect("an Action")).collect()
}

/// Decodes a body that arrived with status 200.
pub fn decode_answer(action: &Action, body: &[u8]) -> Result<Decoded, CallError> {
    let response = Response {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body),
    };
    decode(action, &response, Timestamp::UNIX_EPOCH)
}

/// A cloud that is never reached.
struct NoCloud;

impl Transport for NoCloud {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        unreachable!("no target makes a call")
    }
}

/// A VM in which chunks run one after the other.
pub struct Vm {
    executor: tokio::runtime::Runtime,
    runtime: Runtime,
}

impl Default for Vm {
    fn default() -> Self {
        let executor = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("an executor");
        let gate = Gate::new(GateParts {
            catalog: Arc::default(),
            profiles: Arc::new(Profiles::new(Flags::default())),
            clock: Clock::system(),
            random: Random::seeded(1),
            transport: Arc::new(NoCloud),
            observer: Arc::new(Silent),
            audit: None,
            grants: Grants::default(),
            redactor: Arc::new(Redactor::default()),
            simulation: None,
            confirm: None,
        });
        let limits = Limits { memory: 1 << 28 };
        let entered = executor.enter();
        let runtime = Runtime::new(Arc::new(gate), limits, &chunk("")).expect("a VM");
        drop(entered);
        Self { executor, runtime }
    }
}

impl Vm {
    /// Runs `script`, which has `data` as the local `text`; an error of it is a finding.
    pub fn run(&self, script: &str, data: &[u8]) {
        // By escapes: a chunk is UTF-8, and what is decoded need not be.
        let mut text = String::with_capacity(data.len() * 4 + script.len() + 20);
        text.push_str("local text = \"");
        for byte in data {
            let _ = write!(text, "\\{byte:03}");
        }
        text.push_str("\"\n");
        text.push_str(script);
        let ended = self.executor.block_on(self.runtime.run(&chunk(&text)));
        ended.unwrap_or_else(|error| panic!("{}", error.message));
    }
}

fn chunk(text: &str) -> Chunk {
    Chunk {
        name: "=fuzz".to_owned(),
        text: text.to_owned(),
        args: Vec::new(),
        folder: PathBuf::from("."),
        facts: RunFacts::default(),
    }
}
