//! `[http]`: the hosts that scripts may ask beside the products' own.

use super::error::ConfigError;
use super::file::ConfigFile;
use super::profiles::{Profiles, is_loopback};
use serde::Deserialize;
use url::Url;

/// `[http]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpTable {
    /// Hosts as `hooks.example.com`, `hooks.example.com:8443`, `127.0.0.1:8080` or `http://intranet.example`.
    #[serde(default)]
    pub allow: Vec<String>,
}

impl Profiles {
    /// Whether a script may ask this URL. An entry without a scheme means https; on this machine it needs a port and means http too.
    pub fn allows_web(&self, url: &Url) -> Result<(), ConfigError> {
        if self.is_simulated() {
            return Ok(());
        }
        let mut untrusted = None;
        for file in self.files()? {
            for entry in &file.tables.http.allow {
                if matches(file, entry, url)? {
                    if file.trusted {
                        return Ok(());
                    }
                    untrusted =
                        Some(ConfigError::Untrusted { path: file.path.clone(), what: format!("[http] allow = [{entry:?}]") });
                }
            }
        }
        Err(untrusted.unwrap_or_else(|| ConfigError::HostNotAllowed { entry: entry_for(url) }))
    }
}

fn matches(file: &ConfigFile, entry: &str, url: &Url) -> Result<bool, ConfigError> {
    let bad = |reason: &str| ConfigError::BadHost { path: file.path.clone(), entry: entry.to_owned(), reason: reason.to_owned() };
    let has_scheme = entry.contains("://");
    let text = if has_scheme { entry.to_owned() } else { format!("https://{entry}") };
    let allowed = Url::parse(&text).map_err(|_| bad("it is no host"))?;
    if !matches!(allowed.scheme(), "http" | "https") {
        return Err(bad("only http and https are spoken"));
    }
    if allowed.path() != "/" || allowed.query().is_some() || allowed.fragment().is_some() || !allowed.username().is_empty() {
        return Err(bad("it is more than a host and a port"));
    }
    let is_local = is_loopback(&allowed);
    if is_local && !has_scheme && allowed.port().is_none() {
        return Err(bad("on this machine the port must be given"));
    }
    let same_scheme = allowed.scheme() == url.scheme() || (is_local && !has_scheme);
    let same_port = match allowed.port() {
        Some(port) => url.port_or_known_default() == Some(port),
        // `https://h:443` is stored without its port, which means the same here.
        None => url.port().is_none(),
    };
    Ok(same_scheme && same_port && allowed.host() == url.host())
}

/// What would have to stand in the configuration for this URL.
fn entry_for(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    if url.scheme() == "http" && !is_loopback(url) { format!("http://{host}{port}") } else { format!("{host}{port}") }
}

#[cfg(test)]
mod tests {
    use super::{ConfigFile, Url, entry_for, matches};
    use crate::config::file::Tables;

    fn allows(entry: &str, url: &str) -> bool {
        let file = ConfigFile { path: "cumulua.toml".into(), trusted: true, tables: Tables::default() };
        matches(&file, entry, &Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn an_entry_is_one_host_one_port_and_one_scheme() {
        for (entry, url) in [
            ("hooks.example.com", "https://hooks.example.com/a?b=c"),
            ("Hooks.Example.com:443", "https://hooks.example.com/"),
            ("hooks.example.com:8443", "https://hooks.example.com:8443/"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080/x"),
            ("localhost:8080", "https://localhost:8080/x"),
            ("http://intranet.example", "http://intranet.example/x"),
        ] {
            assert!(allows(entry, url), "{entry} allows {url}");
            assert!(allows(&entry_for(&Url::parse(url).unwrap()), url), "what an error proposes for {url} allows it");
        }
        for (entry, url) in [
            ("hooks.example.com", "http://hooks.example.com/"),
            ("hooks.example.com", "https://hooks.example.com:8443/"),
            ("hooks.example.com", "https://a.hooks.example.com/"),
            ("hooks.example.com", "https://hooks.example.com.evil.example/"),
            ("hooks.example.com", "https://hooks.example.com@evil.example/"),
            ("127.0.0.1:8080", "http://127.0.0.1:8081/"),
            ("127.0.0.1:8080", "http://localhost:8080/"),
            ("http://intranet.example", "https://intranet.example/"),
        ] {
            assert!(!allows(entry, url), "{entry} does not allow {url}");
        }
    }

    #[test]
    fn an_entry_that_says_more_or_less_is_refused() {
        let file = ConfigFile { path: "cumulua.toml".into(), trusted: true, tables: Tables::default() };
        let url = Url::parse("https://a.example/").unwrap();
        for entry in ["", "a.example/path", "u:p@a.example", "ftp://a.example", "localhost", "*"] {
            let outcome = matches(&file, entry, &url);
            assert!(outcome.is_err() || !outcome.unwrap(), "{entry}");
        }
    }
}
