//! Where a URL or a secret of a receiver stands. What is a secret is never part of an error or a
//! debug text.

use cumulua_core::secret::REDACTED;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Where a secret stands, by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SecretSource {
    /// In a variable of the server's environment.
    Environment(String),
    /// In `[profiles.NAME.secrets]` of the schedule's profile.
    Profile(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    env: Option<String>,
    secret: Option<String>,
}

impl Table {
    fn source<E: Error>(self) -> Result<SecretSource, E> {
        match (self.env, self.secret) {
            (Some(name), None) if !name.is_empty() => Ok(SecretSource::Environment(name)),
            (None, Some(name)) if !name.is_empty() => Ok(SecretSource::Profile(name)),
            _ => Err(E::custom(
                "write one of { secret = \"NAME\" } and { env = \"NAME\" }",
            )),
        }
    }
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ByName;
        impl<'de> Visitor<'de> for ByName {
            type Value = SecretSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table as { secret = \"NAME\" } or { env = \"NAME\" }")
            }

            // What stands there instead may be the secret itself, which no error shows.
            fn visit_str<E: Error>(self, _: &str) -> Result<SecretSource, E> {
                Err(E::custom(
                    "a secret does not stand in this file; name it, as { secret = \"NAME\" } or { env = \"NAME\" }",
                ))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretSource, A::Error> {
                Table::deserialize(serde::de::value::MapAccessDeserializer::new(map))?.source()
            }
        }
        deserializer.deserialize_any(ByName)
    }
}

/// A URL that may itself be a secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum UrlSource {
    /// As it stands in the file.
    Url(String),
    /// Elsewhere, by name.
    Secret(SecretSource),
}

impl fmt::Debug for UrlSource {
    // Many webhooks carry their password in the path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(_) => f.write_str(REDACTED),
            Self::Secret(SecretSource::Environment(name)) => write!(f, "{{ env = {name:?} }}"),
            Self::Secret(SecretSource::Profile(name)) => write!(f, "{{ secret = {name:?} }}"),
        }
    }
}

impl UrlSource {
    /// A URL as it stands in the file.
    pub(super) fn plain<E: Error>(text: &str) -> Result<Self, E> {
        match url::Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                Ok(Self::Url(text.to_owned()))
            }
            _ => Err(E::custom("this is no http or https URL")),
        }
    }
}

impl<'de> Deserialize<'de> for UrlSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = UrlSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL, or a table as { secret = \"NAME\" } or { env = \"PAGER_URL\" }")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<UrlSource, E> {
                UrlSource::plain(text)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<UrlSource, A::Error> {
                let table = Table::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                table.source().map(UrlSource::Secret)
            }
        }
        deserializer.deserialize_any(Either)
    }
}
