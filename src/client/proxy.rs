//! The proxies that requests go through, and the destinations that need none: as the environment
//! has both, by the rules of Go's clients, which most tools beside this one follow.

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use ipnet::IpNet;
use reqwest::Proxy;
use std::env;
use std::net::IpAddr;
use std::sync::Arc;
use url::{Host, Position, Url};

/// The variables that name proxies; of two the first counts, also where it is empty.
const ALL: [&str; 2] = ["ALL_PROXY", "all_proxy"];
const HTTP: [&str; 2] = ["HTTP_PROXY", "http_proxy"];
const HTTPS: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const NONE: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Which proxy takes which request.
pub(super) struct Proxies {
    matcher: Matcher,
    exceptions: Exceptions,
}

impl Proxies {
    /// Those that the environment names, otherwise those of the system's settings, where it has
    /// any (macOS and Windows).
    pub(super) fn of_environment() -> Self {
        let [all, http, https] = [ALL, HTTP, HTTPS].map(first);
        let is_named = [&all, &http, &https].iter().any(|value| value.is_some());
        // In a CGI program, HTTP_PROXY is a header of whoever sent the request.
        let is_cgi = env::var_os("REQUEST_METHOD").is_some();
        let matcher = if is_named && !is_cgi {
            Matcher::builder()
                .all(all.unwrap_or_default())
                .http(http.unwrap_or_default())
                .https(https.unwrap_or_default())
                .build()
        } else {
            Matcher::from_system()
        };
        Self {
            matcher,
            exceptions: Exceptions::parse(&first(NONE).unwrap_or_default()),
        }
    }

    /// The proxy that takes a URL; none where it is asked directly.
    pub(super) fn of(&self, url: &Url) -> Option<Intercept> {
        if self.exceptions.have(url) {
            return None;
        }
        // What follows the port decides nothing.
        self.matcher
            .intercept(&url[..Position::BeforePath].parse().ok()?)
    }

    /// The same for reqwest, by scheme: a proxy's password is a header of its own there.
    pub(super) fn for_client(self: &Arc<Self>) -> impl Iterator<Item = Proxy> {
        ["http", "https"].into_iter().filter_map(|scheme| {
            let any = Url::parse(&format!("{scheme}://host/")).ok()?;
            let proxy = self.matcher.intercept(&any.as_str().parse().ok()?)?;
            let proxies = Arc::clone(self);
            let custom = Proxy::custom(move |url| {
                let proxy = proxies.of(url).filter(|_| url.scheme() == scheme)?;
                Some(proxy.uri().to_string())
            });
            Some(match proxy.basic_auth() {
                Some(password) => custom.custom_http_auth(password.clone()),
                None => custom,
            })
        })
    }
}

fn first(names: [&str; 2]) -> Option<String> {
    names.into_iter().find_map(|name| env::var(name).ok())
}

/// The destinations that are asked directly: the entries of `NO_PROXY`.
#[derive(Debug, Default)]
struct Exceptions(Vec<Exception>);

/// An entry of `NO_PROXY`.
#[derive(Debug)]
enum Exception {
    /// `*`.
    All,
    /// `10.0.0.0/8`.
    Network(IpNet),
    /// `10.0.0.1`, `fd00::9`, `[fd00::9]`, each with a port or for every port.
    Address(IpAddr, Option<u16>),
    /// `corp.example`, `.corp.example`, `*.corp.example`, each with a port or for every port.
    Domain {
        /// In lower case, without dots and stars before it.
        name: String,
        /// Whether the domain itself is meant, and not only what is below it.
        has_itself: bool,
        port: Option<u16>,
    },
}

impl Exceptions {
    fn parse(list: &str) -> Self {
        Self(list.split(',').filter_map(Exception::parse).collect())
    }

    fn have(&self, url: &Url) -> bool {
        self.0.iter().any(|exception| exception.has(url))
    }
}

impl Exception {
    /// An entry; none where it is empty or its port is no port.
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.trim();
        if entry == "*" {
            return Some(Self::All);
        }
        if let Ok(network) = entry.parse::<IpNet>() {
            return Some(Self::Network(network));
        }
        // Before a port is looked for: this is no address with the port 9.
        if let Ok(address) = entry.parse::<IpAddr>() {
            return Some(Self::Address(address.to_canonical(), None));
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port.parse().ok()?)),
            _ => (entry, None),
        };
        let address = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = address.unwrap_or(host).parse::<IpAddr>() {
            return Some(Self::Address(address.to_canonical(), port));
        }
        let below = host.strip_prefix('*').unwrap_or(host).strip_prefix('.');
        let name = below.unwrap_or(host);
        if name.is_empty() {
            return None;
        }
        Some(Self::Domain {
            name: match Host::parse(name) {
                Ok(Host::Domain(name)) => name,
                _ => name.to_lowercase(),
            },
            has_itself: below.is_none(),
            port,
        })
    }

    fn has(&self, url: &Url) -> bool {
        let is_port =
            |wanted: &Option<u16>| wanted.is_none() || *wanted == url.port_or_known_default();
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(address.to_canonical()),
            Some(Host::Domain(_)) | None => None,
        };
        match self {
            Self::All => true,
            Self::Network(network) => address.is_some_and(|address| network.contains(&address)),
            Self::Address(own, port) => address == Some(*own) && is_port(port),
            Self::Domain {
                name,
                has_itself,
                port,
            } => {
                // One dot may end a name that is whole.
                let host = url.domain().unwrap_or_default();
                let host = host.strip_suffix('.').unwrap_or(host);
                let is_host = match host.strip_suffix(name.as_str()) {
                    Some("") => *has_itself,
                    Some(before) => before.ends_with('.'),
                    None => false,
                };
                is_host && is_port(port)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Exceptions, Proxies};
    use hyper_util::client::proxy::matcher::Matcher;
    use url::Url;

    /// `NO_PROXY`, URLs that are asked directly, and URLs that a proxy takes.
    const TABLE: &[(&str, &[&str], &[&str])] = &[
        ("", &[], &["https://a.example", "http://10.0.0.1"]),
        (
            "*",
            &[
                "https://a.example",
                "http://10.0.0.1",
                "https://[fd00::9]:8443",
            ],
            &[],
        ),
        ("a.example, *", &["https://b.example"], &[]),
        (
            "corp.example",
            &[
                "https://corp.example",
                "http://CORP.example:81",
                "https://a.b.corp.example",
            ],
            &[
                "https://xcorp.example",
                "https://corp.example.org",
                "https://example",
            ],
        ),
        (
            ".corp.example",
            &["https://a.corp.example", "https://a.b.corp.example"],
            &["https://corp.example", "https://acorp.example"],
        ),
        (
            "*.corp.example",
            &["https://a.corp.example:8443"],
            &["https://corp.example", "https://acorp.example"],
        ),
        (
            "corp.example:8443",
            &["https://corp.example:8443", "https://a.corp.example:8443"],
            &["https://corp.example", "http://corp.example:844"],
        ),
        (
            "corp.example:443,*.plain.example:80",
            &["https://corp.example", "http://a.plain.example"],
            &[
                "http://corp.example",
                "https://a.plain.example",
                "http://plain.example",
            ],
        ),
        (
            "10.1.2.3",
            &[
                "http://10.1.2.3",
                "https://10.1.2.3:8443",
                "http://[::ffff:10.1.2.3]",
            ],
            &["http://10.1.2.30", "http://a.10.1.2.3.example"],
        ),
        ("10.1.2.3:81", &["http://10.1.2.3:81"], &["http://10.1.2.3"]),
        (
            "fd00::9",
            &["https://[fd00::9]", "https://[fd00:0:0::9]:8443"],
            &["https://[fd00::8]"],
        ),
        (
            "[fd00::9]",
            &["https://[fd00::9]:8443"],
            &["https://[fd00::8]"],
        ),
        (
            "[fd00::9]:8443",
            &["https://[fd00::9]:8443"],
            &["https://[fd00::9]"],
        ),
        (
            "10.0.0.0/8, fd00::/8",
            &["http://10.200.1.1:81", "https://[fdff::1]"],
            &[
                "http://11.0.0.1",
                "https://[fe80::1]",
                "https://ten.example",
            ],
        ),
        (
            " B\u{fc}cher.Example ,",
            &[
                "https://b\u{fc}cher.example",
                "https://xn--bcher-kva.example",
            ],
            &["https://bucher.example"],
        ),
        ("corp.example", &["https://corp.example./"], &[]),
        // An entry that is none takes no other along.
        (
            "corp.example:port,:80,.,10.0.0.0/99,b.example",
            &["https://b.example"],
            &["https://corp.example", "http://10.0.0.1"],
        ),
    ];

    #[test]
    fn no_proxy_is_read_as_other_clients_read_it() {
        for (list, direct, through) in TABLE {
            let proxies = Proxies {
                matcher: Matcher::builder().all("http://proxy.example:3128").build(),
                exceptions: Exceptions::parse(list),
            };
            for (urls, is_proxied) in [(direct, false), (through, true)] {
                for url in *urls {
                    let proxy = proxies.of(&Url::parse(url).unwrap());
                    assert_eq!(proxy.is_some(), is_proxied, "NO_PROXY={list:?}, {url}");
                }
            }
        }
    }
}
