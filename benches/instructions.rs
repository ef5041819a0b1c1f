//! Work whose instructions are counted: `benches/compare/instructions.py` runs it below callgrind,
//! without and with so many rounds.
//!
//! `instructions sign|call COUNT`

mod canned;

use cumulua::client::sign::{Address, Key, sign, with_signature};
use cumulua_core::catalog::Scheme;
use cumulua_core::secret::Secret;
use std::hint::black_box;

const ANSWER: &str = include_str!("canned/tags.json");

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sign", count] => signatures(count.parse().expect("a count")),
        ["call", count] => calls(count.parse().expect("a count")),
        // `cargo bench` has nothing to time here.
        _ => println!("benches/compare/instructions.py counts this bench's instructions"),
    }
}

fn signatures(count: u64) {
    let pairs = [
        ("Action", "DescribeInstances"),
        ("AccessKeyId", "0123456789abcdef0123456789abcdef"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", "f9a5d0fa-67e3-48d3-bfde-45f1b635f18f"),
        ("Timestamp", "2026-11-21T04:44:12Z"),
        ("Version", "2019-08-08"),
        ("InstanceName", "web server 中文 (blue)"),
    ];
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let address = Address {
        scheme: "https",
        host: "cdsapi.capitalonline.net",
        port: None,
        path: "/ccs/",
    };
    let key = Key::new(Scheme::Cds, &Secret::new("0123456789abcdef"));
    for _ in 0..count {
        black_box(with_signature(&sign(
            black_box(&key),
            "GET",
            address,
            black_box(&pairs),
        )));
    }
}

fn calls(count: u64) {
    let script = canned::Script::new(|| canned::gate(ANSWER, None), "cds.ccs.DescribeTags()");
    // What the first call alone does is not a call's cost.
    script.run(1);
    script.run(count);
}
