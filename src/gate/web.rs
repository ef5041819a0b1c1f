//! `http`: requests of a script that are no product's, to hosts that the configuration names.

use super::admit::allow;
use super::audit::{AuditEntry, End, SENDING, millis};
use super::base::Gate;
use super::cancel::StopReason;
use super::effect::{Effect, Open};
use super::events::{Event, Level};
use crate::client::error::{CallError, Failure, Sent};
use crate::client::transport::{AnswerTo, Request, Response};
use crate::config::is_loopback;
use crate::effect_id::EffectId;
use crate::policy::{RequestSubject, Subject, Target};
use bytes::Bytes;
use cumulua_core::secret::{REDACTED, Redactor, Secret};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::cell::{Cell, OnceCell};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Text of a request: plain, or a secret that opens only here.
#[derive(Debug, Clone)]
pub enum Text {
    /// It may be read by all.
    Plain(String),
    /// It may not be read.
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
    /// Whether it is a simulation's: nothing was sent.
    pub simulated: bool,
}

/// Headers for where a request goes and where it ends, which the URL and the body decide.
const OWN_HEADERS: &[&str] = &[
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
];

/// A request under way.
struct RequestEffect {
    request: WebRequest,
    /// Its number in the run.
    number: u64,
    started: Duration,
    /// Where it goes, as it may be shown.
    endpoint: OnceCell<String>,
    /// Whether the observer knows of it.
    is_announced: Cell<bool>,
}

impl Gate {
    /// Sends a script's request. An answer of any status is an answer; nothing is sent twice.
    pub async fn request(&self, request: WebRequest, id: &EffectId) -> Result<WebAnswer, Failure> {
        learn(&self.parts.redactor, &request);
        let number = self.in_flight.begin(
            Arc::clone(&request.function),
            request.is_reading(),
            &id.path,
            None,
        );
        let effect = RequestEffect {
            request,
            number,
            started: self.elapsed(),
            endpoint: OnceCell::new(),
            is_announced: Cell::new(false),
        };
        self.through(effect, id).await
    }

    /// Whether a notification may go to this URL; otherwise why not.
    pub fn admit_notification(&self, url: &Url) -> Result<(), String> {
        self.admit_change_to("POST", url)
    }

    /// Whether a change may go to this URL; otherwise why not.
    pub(super) fn admit_change_to(&self, method: &str, url: &Url) -> Result<(), String> {
        let hosts = self.parts.profiles.allowed_hosts();
        let hosts = hosts.map_err(|problem| problem.to_string())?;
        allow(&Subject::Request(RequestSubject {
            method,
            changes: true,
            has_secret_host: has_secret_host(self, url),
            target: Target::Url(url, &hosts),
            is_read_only_run: self.parts.grants.read_only,
        }))
    }
}

impl Effect for RequestEffect {
    type Outcome = Result<WebAnswer, Failure>;

    fn changes(&self) -> bool {
        !self.request.is_reading()
    }

    async fn perform(&self, open: &Open<'_>) -> Result<WebAnswer, Failure> {
        self.answer(open)
            .await
            .map_err(|error| self.failure(open.gate, error))
    }

    fn stopped(&self, open: &Open<'_>, stop: StopReason) -> Result<WebAnswer, Failure> {
        let (_, sent) = open.gate.in_flight.progress(self.number);
        Err(self.failure(
            open.gate,
            CallError::Cancelled {
                reason: stop.describe(),
                sent,
            },
        ))
    }

    fn ended(&self, open: &Open<'_>, outcome: Option<&Result<WebAnswer, Failure>>) {
        let gate = open.gate;
        let (attempts, sent) = match outcome {
            Some(Ok(answer)) if answer.simulated => (0, Sent::No),
            Some(Ok(_)) => (1, Sent::Yes),
            Some(Err(failure)) => (failure.attempts, failure.sent),
            None => gate.in_flight.progress(self.number),
        };
        let failure = outcome.and_then(|outcome| outcome.as_ref().err());
        let status = |outcome: &Result<WebAnswer, Failure>| {
            outcome.as_ref().map_or_else(
                |failure| failure.error.http_status(),
                |answer| Some(answer.status.as_u16()),
            )
        };
        let kind = failure.map(|failure| failure.error.kind().as_str());
        if self.is_announced.get() {
            gate.event(Event::CallEnded { id: self.number });
        }
        let is_answered = matches!(outcome, Some(Ok(answer)) if !answer.simulated);
        gate.in_flight.end(self.number, sent, is_answered);
        gate.record(&self.record(
            open,
            "ended",
            End {
                http_status: outcome.and_then(status),
                attempts,
                duration_ms: millis(gate.elapsed().saturating_sub(self.started)),
                sent: sent.as_str(),
                error: kind.or_else(|| outcome.is_none().then_some("cancelled")),
                message: failure.map(|failure| gate.redact(&failure.error.to_string()).into()),
                ..End::default()
            },
        ));
    }
}

impl RequestEffect {
    async fn answer(&self, open: &Open<'_>) -> Result<WebAnswer, CallError> {
        let (gate, request) = (open.gate, &self.request);
        let url = parse_url(request.url.expose())?;
        let headers = request.header_map()?;
        self.admit(gate, &url)?;
        let endpoint = self.endpoint.get_or_init(|| {
            if has_secret_host(gate, &url) {
                format!("{}://{REDACTED}", url.scheme())
            } else {
                redacted_url(&url, matches!(request.url, Text::Secret(_)))
            }
        });
        self.is_announced.set(true);
        gate.event(Event::CallStarted {
            id: self.number,
            action: Arc::clone(&request.function),
        });
        if gate.parts.simulation.is_some() {
            gate.log(
                Level::Info,
                &format!(
                    "{} {endpoint}: not sent, this is a simulation",
                    request.function
                ),
            );
            return Ok(WebAnswer {
                status: StatusCode::NO_CONTENT,
                headers: HeaderMap::new(),
                body: Bytes::new(),
                simulated: true,
            });
        }
        if self.changes() {
            open.commit_intent(|| self.record(open, SENDING, End::of_intent()))
                .await;
        }
        gate.in_flight.attempt(self.number, 1, gate.elapsed());
        let answer = open
            .in_flight(
                gate.clock()
                    .within(request.timeout, self.follow(gate, url, headers)),
            )
            .await;
        answer.unwrap_or_else(|| {
            Err(CallError::TimedOut {
                seconds: request.timeout.as_secs_f64(),
                sent: Sent::Maybe,
            })
        })
    }

    /// Sends it, and where the script wants that and it changes nothing, on to where it is
    /// redirected.
    async fn follow(
        &self,
        gate: &Gate,
        mut url: Url,
        mut headers: HeaderMap,
    ) -> Result<WebAnswer, CallError> {
        let mut left = if self.changes() {
            0
        } else {
            self.request.redirects
        };
        loop {
            let response = gate
                .parts
                .transport
                .send(attempt(&self.request, &url, &headers))
                .await?;
            let target = redirect_target(&url, &response).filter(|_| left > 0);
            let Some(target) = target else {
                let Response {
                    status,
                    headers,
                    body,
                } = response;
                return Ok(WebAnswer {
                    status,
                    headers,
                    body,
                    simulated: false,
                });
            };
            if url.scheme() == "https" && target.scheme() == "http" && !is_loopback(&target) {
                let reason = format!(
                    "{} redirects to plain http",
                    url.host_str().unwrap_or_default()
                );
                return Err(CallError::Forbidden(reason));
            }
            let target = parse_url(target.as_str())?;
            self.admit(gate, &target)?;
            // What was meant for one host is not another's to read.
            if target.origin() != url.origin() {
                headers.clear();
            }
            url = target;
            left -= 1;
        }
    }

    fn admit(&self, gate: &Gate, url: &Url) -> Result<(), CallError> {
        let is_simulated = gate.parts.simulation.is_some();
        let hosts = if is_simulated {
            Vec::new()
        } else {
            gate.parts.profiles.allowed_hosts()?
        };
        let subject = RequestSubject {
            method: self.request.method,
            changes: self.changes(),
            has_secret_host: has_secret_host(gate, url),
            target: if is_simulated {
                Target::Simulated
            } else {
                Target::Url(url, &hosts)
            },
            is_read_only_run: gate.parts.grants.read_only,
        };
        allow(&Subject::Request(subject)).map_err(CallError::Forbidden)
    }

    fn failure(&self, gate: &Gate, mut error: CallError) -> Failure {
        error.present(|text| gate.present(text));
        let (attempts, _) = gate.in_flight.progress(self.number);
        let sent = error.sent();
        let retryable = error.retryable() && (!self.changes() || sent == Sent::No);
        Failure {
            action: self.request.function.to_string(),
            attempts,
            sent,
            retryable,
            lookup: None,
            token: None,
            number: Some(self.number).filter(|_| self.changes() && sent == Sent::Maybe),
            error,
        }
    }

    fn record<'a>(
        &'a self,
        open: &'a Open<'_>,
        phase: &'static str,
        end: End<'a>,
    ) -> AuditEntry<'a, serde_json::Value> {
        let bytes = self.request.body.as_ref().map_or(0, |(_, body)| body.len());
        AuditEntry {
            number: self.number,
            phase,
            place: open.id,
            action: self.request.function.as_ref().into(),
            read_only: !self.changes(),
            params: serde_json::json!({ "method": self.request.method, "bytes": bytes }),
            end: End {
                endpoint: self
                    .endpoint
                    .get()
                    .map(|endpoint| open.gate.clean(endpoint)),
                ..end
            },
        }
    }
}

impl WebRequest {
    fn header_map(&self) -> Result<HeaderMap, CallError> {
        let bad = |problem: String| CallError::BadOption(problem);
        let mut headers = HeaderMap::new();
        for (name, parts) in &self.headers {
            let named = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| bad(format!("{name:?} is no name of a header")))?;
            if OWN_HEADERS.contains(&named.as_str()) {
                return Err(bad(format!("the header {name} is HTTP's own business")));
            }
            let text: String = parts.iter().map(Text::expose).collect();
            let mut value = HeaderValue::from_str(&text).map_err(|_| {
                bad(format!(
                    "the value of the header {name} has characters that no header may have"
                ))
            })?;
            value.set_sensitive(parts.iter().any(|part| matches!(part, Text::Secret(_))));
            headers.append(named, value);
        }
        Ok(headers)
    }
}

/// Teaches the redactor what opens here.
fn learn(redactor: &Redactor, request: &WebRequest) {
    for text in request
        .headers
        .iter()
        .flat_map(|(_, parts)| parts)
        .chain([&request.url])
    {
        if let Text::Secret(secret) = text {
            redactor.learn(secret.expose());
        }
    }
    if let (Text::Secret(_), Ok(url)) = (&request.url, Url::parse(request.url.expose())) {
        redactor.learn(url.as_str());
        // A path of a few letters is no secret, and would be found in many a word. Each part by itself:
        // a service may name a token alone.
        let path = Some(url.path()).filter(|path| path.len() >= LONG);
        let segments = url.path_segments().into_iter().flatten();
        for part in path
            .into_iter()
            .chain(segments.filter(|part| is_token(part)))
        {
            redactor.learn(part);
        }
        learn_query(redactor, &url);
    }
}

/// Teaches the redactor what of a URL's query may be a secret, such as a signature: all of it, and its
/// values.
pub(super) fn learn_query(redactor: &Redactor, url: &Url) {
    if let Some(query) = url.query().filter(|query| query.len() >= LONG) {
        redactor.learn(query);
    }
    for (_, value) in url.query_pairs().filter(|(_, value)| is_token(value)) {
        redactor.learn(&value);
    }
}

/// A part of a secret URL that is as long as a secret, in bytes.
const LONG: usize = 12;

/// Whether a part of a secret URL may be a secret by itself, and is no word as `notifications`.
fn is_token(part: &str) -> bool {
    let is_of_no_word = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    part.len() >= LONG && part.bytes().any(is_of_no_word)
}

/// A URL that can be asked at all.
fn parse_url(text: &str) -> Result<Url, CallError> {
    let bad = |problem: String| CallError::BadOption(problem);
    let url = Url::parse(text).map_err(|error| {
        bad(format!(
            "url is no URL: {error}; write it as https://host/path"
        ))
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(bad(format!(
            "url begins with {}:, and only http and https are spoken",
            url.scheme()
        )));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad(
            "url holds a user name or a password; send them as a header, from a `secret`"
                .to_owned(),
        ));
    }
    Ok(url)
}

fn attempt(request: &WebRequest, url: &Url, headers: &HeaderMap) -> Request {
    Request {
        method: request.method,
        url: url.clone(),
        headers: headers.clone(),
        body: request
            .body
            .clone()
            .map(|(content_type, body)| (content_type, body.into())),
        timeout: request.timeout,
        answer: AnswerTo::Memory(request.max_answer),
    }
}

fn redirect_target(url: &Url, response: &Response) -> Option<Url> {
    let is_redirect = matches!(response.status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response
        .headers
        .get(http::header::LOCATION)
        .filter(|_| is_redirect)?;
    url.join(location.to_str().ok()?).ok()
}

/// Whether a host holds a secret, as it was or in lower case, as hosts are.
fn has_secret_host(gate: &Gate, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    gate.redact(host) != host || gate.parts.redactor.is_in_folded(host, str::to_lowercase)
}

/// Where a request goes, for a record: without its query, which often holds a token.
fn redacted_url(url: &Url, is_secret: bool) -> String {
    let mut redacted = url.clone();
    redacted.set_query(None);
    redacted.set_fragment(None);
    if is_secret {
        format!("{}/{REDACTED}", redacted.origin().ascii_serialization())
    } else {
        redacted.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Redactor, Secret, Text, WebRequest, learn};
    use std::time::Duration;

    #[test]
    fn a_token_of_a_secret_url_is_not_shown_by_itself_either() {
        let redactor = Redactor::default();
        let url = "https://hooks.example/services/notifications/T0/SLACKSECRETQ1?key=hook-secret-2&to=ops";
        let request = WebRequest {
            function: "schedule.notify".into(),
            method: "POST",
            url: Text::Secret(Secret::new(url)),
            headers: Vec::new(),
            body: None,
            timeout: Duration::ZERO,
            redirects: 0,
            max_answer: 0,
        };
        learn(&redactor, &request);
        for (text, shown) in [
            (url, "[secret]"),
            ("no token SLACKSECRETQ1", "no token [secret]"),
            ("hook-secret-2 is unknown", "[secret] is unknown"),
            (
                "/services/notifications for ops",
                "/services/notifications for ops",
            ),
        ] {
            assert_eq!(redactor.redact(text), shown);
        }
    }
}
