//! The way to a service: through the proxy that the environment names, and answers that travel
//! compressed.

use crate::support::Test;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

const PROFILE: &str = "[profiles.default]\nallow_http = true\n";
const CODE: &str = "print(cds.ccs.DescribeTags().Code)";
const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 41\r\n\r\n{\"Code\": \"Success\", \"Data\": {\"Tags\": []}}";

/// A listener that answers what it reads on its one connection, step by step; gives its address and
/// what it read.
fn listening(answers: Vec<Vec<u8>>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        for answer in answers {
            send.send(message(&mut reader)).unwrap();
            reader.get_mut().write_all(&answer).unwrap();
        }
    });
    (address, receive)
}

/// A message with its body.
fn message(reader: &mut BufReader<TcpStream>) -> String {
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let start = head.len();
        assert_ne!(
            reader.read_line(&mut head).unwrap(),
            0,
            "the connection ended after: {head}"
        );
        if let Some(value) = head[start..].to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

fn through(proxy: &str, code: &str) -> Test {
    let test = Test::against("http://api.example.test", code)
        .file("cumulua.toml", PROFILE)
        .args(["--config", "cumulua.toml"]);
    test.env("HTTP_PROXY", proxy).env("NO_PROXY", "localhost")
}

#[test]
fn a_call_goes_through_the_proxy_that_the_environment_names() {
    let (address, read) = listening(vec![ANSWER.into()]);
    through(&format!("http://someone:pass-word@{address}"), CODE).prints("Success\n");
    let call = read.recv().unwrap();
    assert!(
        call.starts_with("POST http://api.example.test/ccs/?"),
        "{call}"
    );
    assert!(
        call.to_lowercase()
            .contains("\r\nhost: api.example.test\r\n"),
        "{call}"
    );
    assert!(
        call.to_lowercase()
            .contains("proxy-authorization: basic c29tzw9uztpwyxnzlxdvcmq="),
        "{call}"
    );
}

#[test]
fn a_proxy_that_refuses_is_named_without_its_password_and_nothing_was_sent() {
    let (address, _read) = listening(vec![
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_vec(),
    ]);
    let code = "local ok, e = pcall(cds.ccs.DescribeTags, {}, { retries = 0 }) print(e.kind, e.sent) print(e.message)";
    let printed = through(&format!("http://someone:pass-word@{address}"), code).run_well();
    assert!(printed.starts_with("dispatch\tno\n"), "{printed}");
    assert!(
        printed.contains(&format!("through the proxy http://{address}/")),
        "{printed}"
    );
    assert!(!printed.contains("pass-word"), "{printed}");
}

#[test]
fn a_proxy_of_another_kind_is_refused() {
    let test = through(
        "socks5://127.0.0.1:1",
        "cds.ccs.DescribeTags({}, { retries = 0 })",
    );
    test.fails(
        3,
        &["is one of socks5; proxies of http and https are supported"],
    );
}

#[test]
fn this_machine_is_reached_without_a_proxy() {
    let (address, read) = listening(vec![ANSWER.into()]);
    Test::against(&format!("http://{address}"), CODE)
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .prints("Success\n");
    assert!(read.recv().unwrap().starts_with("POST /ccs/?"));
}

#[test]
fn an_answer_may_travel_compressed() {
    // `printf '{"Code": "Success"}' | gzip -n`.
    let packed: &[u8] = &[
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xab, 0x56, 0x72, 0xce, 0x4f,
        0x49, 0x55, 0xb2, 0x52, 0x50, 0x0a, 0x2e, 0x4d, 0x4e, 0x4e, 0x2d, 0x2e, 0x56, 0xaa, 0x05,
        0x00, 0x02, 0xea, 0x58, 0xa5, 0x13, 0x00, 0x00, 0x00,
    ];
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    );
    let (address, read) = listening(vec![[head.as_bytes(), packed].concat()]);
    Test::against(&format!("http://{address}"), CODE).prints("Success\n");
    assert!(
        read.recv()
            .unwrap()
            .to_lowercase()
            .contains("\r\naccept-encoding: gzip\r\n")
    );
}

#[test]
fn an_answer_that_is_too_large_once_unpacked_is_refused() {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&vec![b' '; 33 * 1024 * 1024]).unwrap();
    let packed = packer.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    );
    let (address, _read) = listening(vec![[head.as_bytes(), &packed].concat()]);
    let code = "local ok, e = pcall(cds.ccs.DescribeTags, {}, { retries = 0 }) print(e.message)";
    let printed = Test::against(&format!("http://{address}"), code).run_well();
    assert!(
        printed.contains("is larger than 33554432 bytes"),
        "{printed}"
    );
}
