//! What a notification leaves by: secrets by name, and requests to hosts that the configuration
//! allows. The command gives it, because it knows the configuration.

use super::source::{SecretSource, UrlSource};
use crate::gate::mail::{Mail, MailFailure};
use bytes::Bytes;
use cumulua_core::controls;
use cumulua_core::secret::Secret;
use futures_util::future::LocalBoxFuture;
use http::{HeaderMap, StatusCode};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// A POST.
#[derive(Debug)]
pub struct Posting {
    /// Where it goes, which may be a secret.
    pub url: Secret,
    /// Headers that are no secrets.
    pub headers: Vec<(&'static str, String)>,
    /// The body's content type.
    pub content_type: &'static str,
    /// The body.
    pub body: Bytes,
}

/// What a receiver answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// The way to the outside, for one message.
pub trait Outlet {
    /// Reads a secret. The error does not hold it.
    fn secret(&self, source: &SecretSource) -> Result<Secret, String>;
    /// Whether anything may be sent to this URL; otherwise why not, without secrets.
    fn admit(&self, url: &Url) -> Result<(), String>;
    /// Sends a request, to an allowed host. The error holds no secret.
    fn post(&self, posting: Posting) -> LocalBoxFuture<'_, Result<Answer, String>>;
    /// Lets a mail be sent by `sending`, to an allowed server. The error holds no secret.
    fn mail<'a>(
        &'a self,
        mail: Mail,
        sending: LocalBoxFuture<'a, Result<(), MailFailure>>,
    ) -> LocalBoxFuture<'a, Result<(), String>>;
    /// Text without the secrets that were read.
    fn redact(&self, text: &str) -> String;
}

/// Opens a way with the secrets of this profile.
pub type OpenOutlet = Arc<dyn Fn(Option<&str>) -> Rc<dyn Outlet> + Send + Sync>;

/// Why a message was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// For a person, in a line without secrets and control characters.
    pub reason: String,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self {
            reason,
            retry_after: None,
        }
    }
}

/// What is quoted of an answer, in bytes.
const QUOTED: usize = 300;

/// What others have sent, for an error: a line without secrets.
pub(super) fn quote(outlet: &dyn Outlet, text: &str) -> String {
    let line = outlet.redact(text.trim());
    let line = controls::escape_line(&line).into_owned();
    super::message::cut(&line, QUOTED)
}

/// The URL that a source holds.
pub(super) fn url(outlet: &dyn Outlet, source: &UrlSource) -> Result<Url, String> {
    let text = match source {
        UrlSource::Url(url) => url.clone(),
        UrlSource::Secret(source) => outlet.secret(source)?.expose().to_owned(),
    };
    Url::parse(text.trim()).map_err(|_| "its URL is no URL".to_owned())
}

/// Sends JSON; the answer where its status is a success.
pub(super) async fn post_json(
    outlet: &dyn Outlet,
    url: Url,
    headers: Vec<(&'static str, String)>,
    body: &serde_json::Value,
) -> Result<Answer, Failure> {
    let posting = Posting {
        url: Secret::new(url.as_str()),
        headers,
        content_type: "application/json; charset=utf-8",
        body: body.to_string().into(),
    };
    succeeded(outlet, outlet.post(posting).await?)
}

/// The answer, where its status is a success.
pub(super) fn succeeded(outlet: &dyn Outlet, answer: Answer) -> Result<Answer, Failure> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    let text = quote(outlet, &String::from_utf8_lossy(&answer.body));
    let separator = if text.is_empty() { "" } else { ": " };
    let seconds = answer
        .headers
        .get(http::header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Err(Failure {
        reason: format!("it answered {}{separator}{text}", answer.status),
        retry_after: seconds.map(Duration::from_secs),
    })
}
