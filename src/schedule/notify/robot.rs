//! What the robots of group chats have in common: a URL, a secret to sign with, and an answer that
//! has an error code of its own.

use super::outlet::{Answer, Failure, Outlet, quote};
use super::source::{SecretSource, UrlSource};
use serde::Deserialize;

/// A robot that may want its messages signed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRobot {
    /// Its URL, which is a secret.
    pub url: UrlSource,
    /// What messages are signed with, where the robot wants that.
    #[serde(default)]
    pub secret: Option<SecretSource>,
}

impl SignedRobot {
    pub(super) fn key(&self, outlet: &dyn Outlet) -> Result<Option<String>, String> {
        let secret = self.secret.as_ref().map(|source| outlet.secret(source));
        Ok(secret.transpose()?.map(|secret| secret.expose().to_owned()))
    }
}

/// Whether a robot has taken the message: its answer has status 200 also where it has not.
pub(super) fn check_code(
    outlet: &dyn Outlet,
    answer: &Answer,
    code: &str,
    message: &str,
) -> Result<(), Failure> {
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(&answer.body) else {
        let text = quote(outlet, &String::from_utf8_lossy(&answer.body));
        return Err(format!("its answer is no JSON: {text}").into());
    };
    match body[code].as_i64() {
        Some(0) => Ok(()),
        Some(number) => {
            let text = quote(outlet, body[message].as_str().unwrap_or_default());
            Err(format!("it answered {code} {number}: {text}").into())
        }
        None => Err(format!(
            "its answer has no {code}: {}",
            quote(outlet, &body.to_string())
        )
        .into()),
    }
}
