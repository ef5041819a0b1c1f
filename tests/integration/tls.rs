//! The way to a service over real TLS: whom the client trusts, HTTP/2, and a proxy that tunnels.

use crate::support::Test;
use bytes::Bytes;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

const CODE: &str = "local ok, e = pcall(cds.ccs.DescribeTags, {}, { retries = 0 })
    print(ok and 'Success' or e.kind .. ' ' .. e.sent .. ' ' .. e.message)";
const BODY: &str = r#"{"Code": "Success", "Data": {"Tags": []}}"#;

/// An authority of the test's own, and what it vouches for.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("the test's authority")
    }

    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A server's settings with a certificate for this host that ends with this year.
    pub(crate) fn server(&self, host: &str, last_year: i32) -> ServerConfig {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate: CertificateDer = params.signed_by(&key, &self.issuer).unwrap().into();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        builder
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap()
    }
}

/// A server that answers each connection's requests; its port, and the first line of each request.
fn serving(config: ServerConfig) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (send, receive) = mpsc::channel();
    let config = Arc::new(config);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            // A client that trusts no authority here hangs up in the middle of it.
            let _ = answering(StreamOwned::new(connection, stream.unwrap()), &send);
        }
    });
    (port, receive)
}

fn answering(
    stream: StreamOwned<ServerConnection, TcpStream>,
    asked: &mpsc::Sender<String>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
        if stream.read_line(&mut first)? == 0 {
            return Ok(());
        }
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line)?;
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        stream.read_exact(&mut vec![0; length])?;
        let _ = asked.send(first);
        write!(
            stream.get_mut(),
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{BODY}",
            BODY.len()
        )?;
        stream.get_mut().flush()?;
    }
}

/// The calls of a script to a host that an authority vouches for, or another one.
fn calling(url: &str, trusted: &Authority, code: &str) -> Test {
    let test = Test::against(url, code).file("authority.pem", trusted.pem());
    let authority = test.path("authority.pem");
    test.env("SSL_CERT_FILE", authority.to_str().unwrap())
        .env("SSL_CERT_DIR", "/nonexistent")
}

fn refused(server: ServerConfig, trusted: &Authority, reason: &str) {
    let (port, asked) = serving(server);
    let printed = calling(&format!("https://localhost:{port}"), trusted, CODE).run_well();
    assert!(
        printed.starts_with("dispatch no no connection to localhost") && printed.contains(reason),
        "{printed}"
    );
    assert!(asked.try_recv().is_err(), "nothing was sent");
}

#[test]
fn a_certificate_that_a_known_authority_vouches_for_is_trusted() {
    let authority = Authority::new();
    let (port, asked) = serving(authority.server("localhost", 2090));
    let code = "for _ = 1, 2 do print(cds.ccs.DescribeTags().Code) end";
    calling(&format!("https://localhost:{port}"), &authority, code).prints("Success\nSuccess\n");
    assert!(asked.recv().unwrap().starts_with("POST /ccs/?"));
}

#[test]
fn an_expired_certificate_is_refused_before_anything_is_sent() {
    let authority = Authority::new();
    refused(authority.server("localhost", 2021), &authority, "expired");
}

#[test]
fn a_certificate_of_another_host_is_refused_before_anything_is_sent() {
    let authority = Authority::new();
    refused(
        authority.server("other.example.test", 2090),
        &authority,
        "not valid for name",
    );
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_before_anything_is_sent() {
    refused(
        Authority::named("another authority").server("localhost", 2090),
        &Authority::new(),
        "UnknownIssuer",
    );
}

#[test]
fn calls_side_by_side_share_a_connection_of_http_2() {
    let authority = Authority::new();
    let mut config = authority.server("localhost", 2090);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (send, asked) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut connection = h2::server::handshake(stream).await.unwrap();
                let send = send.clone();
                tokio::spawn(async move {
                    while let Some(Ok((request, mut respond))) = connection.accept().await {
                        let _ = send.send((number, request.uri().to_string()));
                        let mut body = respond
                            .send_response(http::Response::new(()), false)
                            .unwrap();
                        body.send_data(Bytes::from_static(BODY.as_bytes()), true)
                            .unwrap();
                    }
                });
            }
        });
    });
    let code = "cds.ccs.DescribeTags()
        print(#parallel.map({ 1, 2, 3 }, function() return cds.ccs.DescribeTags().Code end))";
    calling(&format!("https://localhost:{port}"), &authority, code).prints("3\n");
    let asked: Vec<(u32, String)> = asked.try_iter().collect();
    assert_eq!(asked.len(), 4);
    assert!(
        asked
            .iter()
            .all(|(connection, _)| *connection == asked[0].0),
        "one connection: {asked:?}"
    );
    assert!(
        asked[0]
            .1
            .starts_with(&format!("https://localhost:{port}/ccs/?")),
        "{}",
        asked[0].1
    );
}

/// A proxy that tunnels to a port of this machine, or answers with this status line; its address
/// and what it was asked.
fn proxying(to: Result<u16, &'static str>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            // Byte by byte: what follows the head is the service's to read.
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n")
                && client.read(&mut byte).is_ok_and(|count| count > 0)
            {
                head.push(byte[0]);
            }
            let _ = send.send(String::from_utf8(head).unwrap());
            match to {
                Ok(port) => {
                    client
                        .write_all(b"HTTP/1.1 200 Established\r\n\r\n")
                        .unwrap();
                    tunnel(client, TcpStream::connect(("127.0.0.1", port)).unwrap());
                }
                Err(status) => {
                    let _ = write!(client, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                }
            }
        }
    });
    (address, receive)
}

fn tunnel(client: TcpStream, server: TcpStream) {
    for (mut from, mut to) in [
        (client.try_clone().unwrap(), server.try_clone().unwrap()),
        (server, client),
    ] {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}

#[test]
fn a_call_goes_through_the_tunnel_of_the_proxy_that_the_environment_names() {
    let authority = Authority::new();
    let (port, asked) = serving(authority.server("api.example.test", 2090));
    let (address, tunnelled) = proxying(Ok(port));
    let test = calling("https://api.example.test", &authority, CODE);
    test.env(
        "HTTPS_PROXY",
        &format!("http://someone:pass-word@{address}"),
    )
    .env("NO_PROXY", "localhost")
    .prints("Success\n");
    let (head, call) = (tunnelled.recv().unwrap(), asked.recv().unwrap());
    assert!(
        head.starts_with("CONNECT api.example.test:443 HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.to_lowercase()
            .contains("proxy-authorization: basic c29tzw9uztpwyxnzlxdvcmq="),
        "{head}"
    );
    assert!(call.starts_with("POST /ccs/?"), "{call}");
}

#[test]
fn a_proxy_that_refuses_is_named_without_its_password_and_nothing_was_sent() {
    for (scheme, variable) in [("https", "HTTPS_PROXY"), ("http", "HTTP_PROXY")] {
        let (address, _asked) = proxying(Err("407 Proxy Authentication Required"));
        let profile = "[profiles.default]\nallow_http = true\n";
        let test = Test::against(&format!("{scheme}://api.example.test"), CODE);
        let test = test
            .file("cumulua.toml", profile)
            .args(["--config", "cumulua.toml"]);
        let printed = test
            .env(variable, &format!("http://someone:pass-word@{address}"))
            .run_well();
        assert!(printed.starts_with("dispatch no "), "{printed}");
        assert!(
            printed.contains(&format!("through the proxy http://{address}/")),
            "{printed}"
        );
        assert!(!printed.contains("pass-word"), "{printed}");
    }
}
