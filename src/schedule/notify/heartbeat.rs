//! A dead-man switch: a service that expects to hear of each run, in the protocol of Healthchecks
//! (<https://healthchecks.io/docs/http_api/>): a POST to the URL, below it `/start`, `/fail` or the exit
//! status, with the run's id as `rid`, and as the body the end of the log.

use super::message::Message;
use super::outlet::{Failure, Outlet, Posting, succeeded, url};
use super::source::{SecretSource, UrlSource};
use cumulua_core::secret::Secret;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// What a schedule sends of its runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Heartbeat {
    /// Where.
    pub url: UrlSource,
    /// Whether with the end of the log.
    pub log: bool,
}

/// What is sent of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// It begins.
    Start,
    /// It ended well.
    Success,
    /// It failed, with this exit status where it has one.
    Failure(Option<i32>),
}

impl Signal {
    /// What stands behind the URL.
    pub fn path(self) -> String {
        match self {
            Self::Start => "start".to_owned(),
            Self::Success => String::new(),
            // 0 would be a success, and beyond 255 there is none.
            Self::Failure(Some(status @ 1..=255)) => status.to_string(),
            Self::Failure(_) => "fail".to_owned(),
        }
    }
}

impl<'de> Deserialize<'de> for Heartbeat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            url: Option<UrlSource>,
            env: Option<String>,
            secret: Option<String>,
            #[serde(default)]
            log: bool,
        }
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Heartbeat;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a URL, or a table as { secret = \"NAME\" } or { url = \"URL\", log = true }",
                )
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Heartbeat, E> {
                let url = UrlSource::plain(text)?;
                Ok(Heartbeat { url, log: false })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Heartbeat, A::Error> {
                let table = Table::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                let url = match (table.url, table.env, table.secret) {
                    (Some(url), None, None) => url,
                    (None, Some(name), None) => UrlSource::Secret(SecretSource::Environment(name)),
                    (None, None, Some(name)) => UrlSource::Secret(SecretSource::Profile(name)),
                    _ => return Err(A::Error::custom("write one of url, secret and env")),
                };
                Ok(Heartbeat {
                    url,
                    log: table.log,
                })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

pub(super) async fn send(
    to: &Heartbeat,
    message: &Message,
    log: Option<String>,
    outlet: &dyn Outlet,
) -> Result<(), Failure> {
    let mut url = url(outlet, &to.url)?;
    let signal = message.word("signal");
    if !signal.is_empty() {
        match url.path_segments_mut() {
            Ok(mut path) => drop(path.pop_if_empty().push(signal)),
            Err(()) => return Err("its URL has no path".to_owned().into()),
        }
    }
    url.query_pairs_mut()
        .append_pair("rid", message.word("run"));
    let posting = Posting {
        url: Secret::new(url.as_str()),
        headers: Vec::new(),
        content_type: "text/plain; charset=utf-8",
        body: log.unwrap_or_default().into(),
    };
    let answer = outlet.post(posting).await?;
    succeeded(outlet, answer).map(drop)
}
