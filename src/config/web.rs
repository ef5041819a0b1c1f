//! `[http]`: the hosts that scripts may ask beside the products' own.

use super::error::ConfigError;
use std::path::Path;
use url::{Host, Url};

/// A host that scripts may ask. One without a scheme means https; on this machine it needs a port
/// and means http too.
#[derive(Debug, Clone)]
pub struct AllowedHost {
    /// Its scheme, host and port.
    pub url: Url,
    /// Whether the file gives the scheme.
    pub has_scheme: bool,
}

impl AllowedHost {
    /// An entry of a file.
    pub fn parse(path: &Path, entry: &str) -> Result<Self, ConfigError> {
        let bad = |reason: &str| ConfigError::BadHost {
            path: path.to_owned(),
            entry: entry.to_owned(),
            reason: reason.to_owned(),
        };
        let has_scheme = entry.contains("://");
        let text = if has_scheme {
            entry.to_owned()
        } else {
            format!("https://{entry}")
        };
        let url = Url::parse(&text).map_err(|_| bad("it is no host"))?;
        if matches!(url.scheme(), "smtp" | "smtps") {
            return Self::mail_server(entry)
                .ok_or_else(|| bad("it is more than a mail server and a port"));
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("only http, https, smtp and smtps are spoken"));
        }
        if url.path() != "/"
            || url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
        {
            return Err(bad("it is more than a host and a port"));
        }
        if is_loopback(&url) && !has_scheme && url.port().is_none() {
            return Err(bad("on this machine the port must be given"));
        }
        Ok(Self { url, has_scheme })
    }

    /// `smtps://HOST:PORT` or `smtp://HOST:PORT`, to which notifications may go as mail.
    fn mail_server(entry: &str) -> Option<Self> {
        // Only the hosts of http are made lower-case by the reader of URLs.
        let mut url = Url::parse(&entry.to_ascii_lowercase()).ok()?;
        let is_bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let has_host = url.host_str().is_some_and(|host| !host.is_empty());
        if !is_bare || !has_host {
            return None;
        }
        if url.port().is_none() {
            let usual = if url.scheme() == "smtps" { 465 } else { 587 };
            url.set_port(Some(usual)).ok()?;
        }
        Some(Self {
            url,
            has_scheme: true,
        })
    }

    /// That no file names it; `entry` would, where it may be shown.
    pub fn missing(entry: Option<String>) -> ConfigError {
        ConfigError::HostNotAllowed { entry }
    }
}

/// Whether a URL stays on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::AllowedHost;

    #[test]
    fn an_entry_that_holds_more_or_less_is_refused() {
        for entry in [
            "",
            "a.example/path",
            "u:p@a.example",
            "ftp://a.example",
            "smtps://u:p@a.example",
            "smtps://a.example/x",
            "smtp://",
            "localhost",
        ] {
            assert!(
                AllowedHost::parse("cumulua.toml".as_ref(), entry).is_err(),
                "{entry}"
            );
        }
    }
}
