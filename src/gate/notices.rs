//! What a server's notifications need of the gate beside requests: mail servers that may be reached,
//! and secrets that no message shows.

use super::admit::allow;
use super::base::Gate;
use crate::policy::{RequestSubject, Subject, Target};
use cumulua_core::secret::Secret;
use url::Url;

impl Gate {
    /// Whether the configuration lets mail go to a server, as `smtps://HOST:PORT`; otherwise why not.
    pub fn admit_mail(&self, server: &Url) -> Result<(), String> {
        let hosts = self
            .parts
            .profiles
            .allowed_hosts()
            .map_err(|problem| problem.to_string())?;
        allow(&Subject::Request(RequestSubject {
            method: "mail",
            changes: true,
            target: Target::Url(server, &hosts),
            is_read_only_run: self.parts.grants.read_only,
            // The schedule file names it in plain text.
            has_secret_host: false,
        }))
    }

    /// A secret of a variable that the configuration does not name; none where it is not set.
    pub fn secret_variable(&self, name: &str) -> Option<Secret> {
        let value = std::env::var(name).ok()?;
        self.parts.redactor.learn(&value);
        Some(Secret::new(value))
    }
}
