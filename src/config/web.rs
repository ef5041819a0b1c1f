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
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("only http and https are spoken"));
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
            "localhost",
        ] {
            assert!(
                AllowedHost::parse("cumulua.toml".as_ref(), entry).is_err(),
                "{entry}"
            );
        }
    }
}
