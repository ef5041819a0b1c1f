//! Requests of a script to hosts that are no product's: only to those that the configuration names.

use super::verdict::Verdict;
use crate::config::{AllowedHost, is_loopback};
use url::Url;

/// A request of a script.
#[derive(Debug, Clone, Copy)]
pub struct RequestSubject<'a> {
    /// Its method, in capitals.
    pub method: &'a str,
    /// Whether it may change something, as HTTP has it.
    pub changes: bool,
    /// Whether its host holds a secret, so that no message names it.
    pub has_secret_host: bool,
    /// Where it goes.
    pub target: Target<'a>,
    /// `--read-only`.
    pub is_read_only_run: bool,
}

/// Where a request goes.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// Nowhere: it is not sent, because this is a simulation.
    Simulated,
    /// To this URL; the hosts that are allowed.
    Url(&'a Url, &'a [AllowedHost]),
}

/// Whether it may be sent.
pub(super) fn judge(subject: &RequestSubject<'_>) -> Verdict {
    if subject.is_read_only_run && subject.changes {
        return Verdict::deny(format!(
            "{} may change things and this run is read-only",
            subject.method
        ));
    }
    match subject.target {
        Target::Simulated => Verdict::allow(),
        Target::Url(url, hosts) => to(url, hosts, subject.has_secret_host),
    }
}

fn to(url: &Url, hosts: &[AllowedHost], has_secret_host: bool) -> Verdict {
    if hosts.iter().any(|host| matches(host, url)) {
        Verdict::allow()
    } else {
        Verdict::deny(
            AllowedHost::missing(Some(entry_for(url)).filter(|_| !has_secret_host)).to_string(),
        )
    }
}

fn matches(allowed: &AllowedHost, url: &Url) -> bool {
    let AllowedHost {
        url: host,
        has_scheme,
        ..
    } = allowed;
    let same_scheme = host.scheme() == url.scheme() || (is_loopback(host) && !has_scheme);
    let same_port = match host.port() {
        Some(port) => url.port_or_known_default() == Some(port),
        // `https://h:443` is stored without its port, which means the same here.
        None => url.port().is_none(),
    };
    same_scheme && same_port && host.host() == url.host()
}

/// What would have to stand in the configuration for this URL.
fn entry_for(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    if matches!(url.scheme(), "smtp" | "smtps") {
        format!("{}://{host}{port}", url.scheme())
    } else if url.scheme() == "http" && !is_loopback(url) {
        format!("http://{host}{port}")
    } else {
        format!("{host}{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::{AllowedHost, Url, entry_for, matches};

    fn allows(entry: &str, url: &str) -> bool {
        matches(
            &AllowedHost::parse("cumulua.toml".as_ref(), entry).unwrap(),
            &Url::parse(url).unwrap(),
        )
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
            ("smtps://Mail.Example", "smtps://mail.example:465"),
            ("smtp://mail.example", "smtp://mail.example:587"),
            ("smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525"),
        ] {
            assert!(allows(entry, url), "{entry} allows {url}");
            assert!(
                allows(&entry_for(&Url::parse(url).unwrap()), url),
                "what an error proposes for {url} allows it"
            );
        }
        for (entry, url) in [
            ("*", "https://hooks.example.com/"),
            ("hooks.example.com", "http://hooks.example.com/"),
            ("hooks.example.com", "https://hooks.example.com:8443/"),
            ("hooks.example.com", "https://a.hooks.example.com/"),
            (
                "hooks.example.com",
                "https://hooks.example.com.evil.example/",
            ),
            (
                "hooks.example.com",
                "https://hooks.example.com@evil.example/",
            ),
            ("127.0.0.1:8080", "http://127.0.0.1:8081/"),
            ("127.0.0.1:8080", "http://localhost:8080/"),
            ("http://intranet.example", "https://intranet.example/"),
            ("mail.example", "smtps://mail.example:465"),
            ("smtps://mail.example", "smtp://mail.example:587"),
            ("smtps://mail.example", "https://mail.example:465/"),
            ("smtp://mail.example:25", "smtp://mail.example:587"),
            ("127.0.0.1:2525", "smtp://127.0.0.1:2525"),
        ] {
            assert!(!allows(entry, url), "{entry} does not allow {url}");
        }
    }
}
