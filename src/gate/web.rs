//! `http`: requests of a script that are no product's, to hosts that the configuration names.

use super::audit::{End, Record};
use super::observer::Event;
use super::{Gate, Level, Stop};
use crate::client::error::{CallError, Failure, Sent};
use crate::client::transport::{self, Destination, Request, Response, TransportError};
use crate::config::{ConfigError, is_loopback};
use crate::effect_id::EffectId;
use bytes::Bytes;
use cumulua_core::secret::{REDACTED, Secret};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Text of a request: plain, or a secret that opens only here.
#[derive(Debug, Clone)]
pub enum Text {
    /// Anybody may read it.
    Plain(String),
    /// Nobody may.
    Secret(Secret),
}

impl Text {
    fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }
}

/// A request of a script.
#[derive(Debug, Clone)]
pub struct WebRequest {
    /// What the script called, as `http.post`.
    pub function: Arc<str>,
    /// The method, in capitals.
    pub method: &'static str,
    /// The URL.
    pub url: Text,
    /// The headers; each value's parts stand one behind the other.
    pub headers: Vec<(String, Vec<Text>)>,
    /// The body and its content type, where no header gives one.
    pub body: Option<(&'static str, Bytes)>,
    /// How long all of it may take.
    pub timeout: Duration,
    /// How many redirects a reading request follows.
    pub redirects: u32,
    /// How large the answer may be, in bytes.
    pub max_answer: usize,
}

impl WebRequest {
    /// Whether it changes nothing, as HTTP has it.
    fn is_reading(&self) -> bool {
        matches!(self.method, "GET" | "HEAD")
    }
}

/// An answer to a script's request.
#[derive(Debug, Clone)]
pub struct WebAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// Whether it is a rehearsal's: nothing was sent.
    pub rehearsed: bool,
}

/// Headers that say where a request goes and where it ends, which the URL and the body decide.
const OWN_HEADERS: &[&str] = &["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"];

/// A request on its way; one that nobody waits for any more has ended too.
struct OnItsWay<'a> {
    gate: &'a Gate,
    id: u64,
    request: &'a WebRequest,
    place: &'a EffectId,
    /// Where it goes, as it may be shown.
    endpoint: String,
    started: Duration,
    finished: bool,
}

impl OnItsWay<'_> {
    fn finish(mut self, outcome: &Result<WebAnswer, Failure>) {
        self.finished = true;
        let (sent, attempts) = match outcome {
            Ok(answer) if answer.rehearsed => (Sent::No, 0),
            Ok(_) => (Sent::Yes, 1),
            Err(failure) => (failure.sent, failure.attempts),
        };
        let error = outcome.as_ref().err();
        let status = outcome.as_ref().map_or_else(|failure| failure.error.http_status(), |answer| Some(answer.status.as_u16()));
        self.end(End {
            http_status: status,
            attempts,
            sent: sent.as_str(),
            error: error.map(|failure| failure.error.kind().as_str()),
            message: error.map(|failure| self.gate.redact(&failure.error.to_string()).into()),
            ..End::default()
        });
        self.gate.ledger.end(self.id, sent);
    }

    fn end(&self, end: End<'_>) {
        let duration = self.gate.elapsed().saturating_sub(self.started);
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.gate.world.observer.event(Event::CallEnded { id: self.id });
        self.record("ended", End { duration_ms, ..end });
    }

    fn record(&self, phase: &'static str, end: End<'_>) {
        let bytes = self.request.body.as_ref().map_or(0, |(_, body)| body.len());
        self.gate.record(&Record {
            number: self.id,
            phase,
            place: self.place,
            action: &self.request.function,
            read_only: self.request.is_reading(),
            params: serde_json::json!({ "method": self.request.method, "bytes": bytes }),
            end: End { endpoint: Some(self.gate.clean(&self.endpoint)), ..end },
        });
    }
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let (attempts, sent) = self.gate.ledger.progress(self.id);
        self.gate.ledger.end(self.id, sent);
        self.end(End { attempts, sent: sent.as_str(), error: Some("cancelled"), ..End::default() });
    }
}

impl Gate {
    /// Sends a script's request. An answer of any status is an answer; nothing is sent twice.
    pub async fn request(&self, request: WebRequest, place: &EffectId) -> Result<WebAnswer, Failure> {
        self.learn(&request);
        let unsent = |error| Failure::unsent(&request.function, error);
        let is_reading = request.is_reading();
        let (url, headers) = self.prepare(&request, is_reading).map_err(unsent)?;
        let id = self.ledger.begin(Arc::clone(&request.function), is_reading, None);
        self.world.observer.event(Event::CallStarted { id, action: Arc::clone(&request.function) });
        let endpoint = shown(&url, matches!(request.url, Text::Secret(_)));
        let way = OnItsWay { gate: self, id, request: &request, place, endpoint, started: self.elapsed(), finished: false };
        if self.world.rehearsal.is_some() {
            self.log(Level::Info, &format!("{} {}: not sent, this is a rehearsal", request.function, way.endpoint));
            let answer =
                WebAnswer { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Bytes::new(), rehearsed: true };
            let outcome = Ok(answer);
            way.finish(&outcome);
            return outcome;
        }
        self.ledger.attempt(id, 1);
        if !is_reading {
            way.record("sending", End { sent: Sent::Maybe.as_str(), ..End::default() });
        }
        let stopped = |stop: Stop| {
            let (_, sent) = self.ledger.progress(id);
            Err(CallError::Cancelled { reason: stop.describe(), sent })
        };
        let interrupt = self.interrupt_at(&place.path);
        let outcome = {
            let mut answered = pin!(self.within(request.timeout, self.follow(&request, url, headers)));
            tokio::select! {
                biased;
                stop = interrupt.raised() => match stop {
                    // The answer to a change that is on its way is worth more than the time until it comes.
                    Stop::SiblingFailed if !is_reading => tokio::select! {
                        biased;
                        answer = &mut answered => answer,
                        stop = self.interrupt.raised() => stopped(stop),
                    },
                    stop => stopped(stop),
                },
                answer = &mut answered => answer,
            }
        };
        let outcome = outcome.map_err(|error| {
            let sent = error.sent();
            let retryable = error.retryable() && (is_reading || sent == Sent::No);
            Failure { action: request.function.to_string(), attempts: 1, sent, retryable, lookup: None, error }
        });
        way.finish(&outcome);
        outcome
    }

    /// Teaches the redactor what opens here.
    fn learn(&self, request: &WebRequest) {
        let redactor = &self.world.redactor;
        for text in request.headers.iter().flat_map(|(_, parts)| parts).chain([&request.url]) {
            if let Text::Secret(secret) = text {
                redactor.learn(secret.expose());
            }
        }
        if let (Text::Secret(_), Ok(url)) = (&request.url, Url::parse(request.url.expose())) {
            redactor.learn(url.as_str());
            // A path of a few letters is no secret, and would be found in many a word.
            for part in [Some(url.path()), url.query()].into_iter().flatten().filter(|part| part.len() >= 12) {
                redactor.learn(part);
            }
        }
    }

    /// The URL and the headers, once nothing speaks against sending them.
    fn prepare(&self, request: &WebRequest, is_reading: bool) -> Result<(Url, HeaderMap), CallError> {
        let bad = |problem: String| CallError::BadOption(problem);
        if self.world.policy.read_only && !is_reading {
            return Err(CallError::Forbidden(format!("{} may change things and this run is read-only", request.method)));
        }
        let url = Url::parse(request.url.expose())
            .map_err(|error| bad(format!("url is no URL: {error}; write it as https://host/path")))?;
        let mut headers = HeaderMap::new();
        for (name, parts) in &request.headers {
            let named = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad(format!("{name:?} is no name of a header")))?;
            if OWN_HEADERS.contains(&named.as_str()) {
                return Err(bad(format!("the header {name} is HTTP's own business")));
            }
            let text: String = parts.iter().map(Text::expose).collect();
            let mut value = HeaderValue::from_str(&text)
                .map_err(|_| bad(format!("the value of the header {name} has characters that no header may have")))?;
            value.set_sensitive(parts.iter().any(|part| matches!(part, Text::Secret(_))));
            headers.append(named, value);
        }
        self.allow(&url)?;
        Ok((url, headers))
    }

    fn allow(&self, url: &Url) -> Result<(), CallError> {
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(CallError::BadOption(format!("url begins with {}:, and only http and https are spoken", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(CallError::BadOption(
                "url holds a user name or a password; send them as a header, from a `secret`".to_owned(),
            ));
        }
        self.world.profiles.allows_web(url).map_err(|error| match error {
            ConfigError::HostNotAllowed { .. } | ConfigError::Untrusted { .. } => CallError::Forbidden(error.to_string()),
            other => CallError::Config(other),
        })
    }

    async fn within(
        &self,
        timeout: Duration,
        answer: impl Future<Output = Result<WebAnswer, CallError>>,
    ) -> Result<WebAnswer, CallError> {
        tokio::select! {
            biased;
            answer = answer => answer,
            () = self.world.clock.sleep(timeout) => Err(CallError::TimedOut { seconds: timeout.as_secs_f64(), sent: Sent::Maybe }),
        }
    }

    /// Sends a request, and where the script wants that and it changes nothing, on to where it is redirected.
    async fn follow(&self, request: &WebRequest, mut url: Url, mut headers: HeaderMap) -> Result<WebAnswer, CallError> {
        let mut left = if request.is_reading() { request.redirects } else { 0 };
        loop {
            let response = self.web.send(attempt(request, &url, &headers)?).await?;
            let target = redirected(&url, &response).filter(|_| left > 0);
            let Some(target) = target else {
                let Response { status, headers, body } = response;
                return Ok(WebAnswer { status, headers, body, rehearsed: false });
            };
            if url.scheme() == "https" && target.scheme() == "http" && !is_loopback(&target) {
                let reason = format!("{} redirects to plain http", url.host_str().unwrap_or_default());
                return Err(CallError::Forbidden(reason));
            }
            self.allow(&target)?;
            // What was meant for one host is not another's to read.
            if target.origin() != url.origin() {
                headers.clear();
            }
            url = target;
            left -= 1;
        }
    }
}

fn attempt(request: &WebRequest, url: &Url, headers: &HeaderMap) -> Result<Request, TransportError> {
    Ok(Request {
        method: request.method,
        uri: transport::uri(url)?,
        destination: Destination::of(url),
        headers: headers.clone(),
        body: request.body.clone(),
        timeout: request.timeout,
        max_answer: request.max_answer,
    })
}

fn redirected(url: &Url, response: &Response) -> Option<Url> {
    let is_redirect = matches!(response.status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers.get(http::header::LOCATION).filter(|_| is_redirect)?;
    url.join(location.to_str().ok()?).ok()
}

/// Where a request goes, for a record: without its query, which often holds a token.
fn shown(url: &Url, is_secret: bool) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    if is_secret { format!("{}/{REDACTED}", shown.origin().ascii_serialization()) } else { shown.to_string() }
}
