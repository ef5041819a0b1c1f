//! How a connection is made: directly or through the proxy that the environment names, with TLS where the URL says so.

use super::transport::{TransportError, unusable};
use crate::config::is_loopback;
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tower_service::Service;
use url::Url;

/// Where a request goes, which decides how its connection is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// Another machine.
    Outside,
    /// This machine, by TLS.
    Loopback,
    /// This machine, by plain HTTP.
    PlainLoopback,
}

impl Destination {
    /// That of a URL.
    pub fn of(url: &Url) -> Self {
        match (is_loopback(url), url.scheme()) {
            (false, _) => Self::Outside,
            (true, "http") => Self::PlainLoopback,
            (true, _) => Self::Loopback,
        }
    }
}

/// Time to make a connection, its TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is silent before the other side is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(15);

pub(super) type BoxError = Box<dyn Error + Send + Sync>;
pub(super) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Makes connections, and gives up those that take too long.
pub(super) struct Connector(HttpsConnector<Way>);

impl Connector {
    pub(super) fn new(destination: Destination) -> Result<Self, TransportError> {
        // A second call finds the provider installed, which is what we want.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let tls = ClientConfig::builder();
        let tls = match destination {
            // It meets no certificate, and reading the system's takes megabytes. It would trust none.
            Destination::PlainLoopback => tls.with_root_certificates(RootCertStore::empty()),
            _ => tls.with_platform_verifier().map_err(|error| unusable(&error))?,
        };
        let tls = tls.with_no_client_auth();
        let mut direct = HttpConnector::new();
        direct.set_nodelay(true);
        // Of a connection that is gone without a word the machine tells within this time.
        direct.set_keepalive(Some(KEEPALIVE));
        direct.set_keepalive_interval(Some(KEEPALIVE));
        direct.set_keepalive_retries(Some(3));
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        direct.set_tcp_user_timeout(Some(2 * KEEPALIVE));
        direct.enforce_http(false);
        let proxies = match destination {
            Destination::Outside => Some(Arc::new(Matcher::from_system())),
            _ => None,
        };
        let way = Way { direct: direct.clone(), to_proxy: HttpsConnector::from((direct, tls.clone())), proxies };
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
        Ok(Self(builder.enable_http1().enable_http2().wrap_connector(way)))
    }

    /// Makes a connection to where a URL leads.
    pub(super) async fn connect(&self, to: Uri) -> Result<MaybeHttpsStream<Stream>, BoxError> {
        let connecting = self.0.clone().call(to);
        let made = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
        made.unwrap_or_else(|_| Err(format!("it was not made within {} s", CONNECT_TIMEOUT.as_secs()).into()))
    }
}

/// The way to a host, on which TLS with that host goes on top.
#[derive(Clone)]
struct Way {
    direct: HttpConnector,
    /// A proxy may want TLS itself.
    to_proxy: HttpsConnector<HttpConnector>,
    proxies: Option<Arc<Matcher>>,
}

impl Service<Uri> for Way {
    type Response = Stream;
    type Error = BoxError;
    type Future = Connecting<Stream>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.direct.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        match self.proxies.as_ref().and_then(|proxies| proxies.intercept(&to)) {
            None => {
                let connecting = self.direct.call(to);
                Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) })
            }
            Some(proxy) => {
                let tunnel = self.tunnel(&proxy);
                Box::pin(async move {
                    let connecting = tunnel.and_then(|mut tunnel| Ok(tunnel.call(with_port(to)?)));
                    connecting?.await.map_err(|error| format!("through the proxy {}: {}", proxy.uri(), causes(&error)).into())
                })
            }
        }
    }
}

impl Way {
    /// A tunnel also for plain HTTP, which is rare enough to need no way of its own.
    fn tunnel(&self, proxy: &Intercept) -> Result<Tunnel<HttpsConnector<HttpConnector>>, BoxError> {
        let scheme = proxy.uri().scheme_str().unwrap_or("http");
        if !["http", "https"].contains(&scheme) {
            return Err(format!("the proxy {} is one of {scheme}; proxies of http and https are supported", proxy.uri()).into());
        }
        let tunnel = Tunnel::new(proxy.uri().clone(), self.to_proxy.clone());
        Ok(match proxy.basic_auth() {
            Some(auth) => tunnel.with_auth(auth.clone()),
            None => tunnel,
        })
    }
}

/// A tunnel leads to a port, also where the URL leaves its scheme's own away.
fn with_port(to: Uri) -> Result<Uri, BoxError> {
    if to.port().is_some() {
        return Ok(to);
    }
    let port = if to.scheme_str() == Some("http") { 80 } else { 443 };
    let mut parts = to.into_parts();
    parts.authority = parts.authority.map(|host| format!("{host}:{port}").parse()).transpose()?;
    Ok(Uri::from_parts(parts)?)
}

/// An error's innermost cause says what happened; the outer ones only say where.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
