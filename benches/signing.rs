//! What a signature costs, by scheme, for a request of ten parameters. The bar is 10 µs.

use criterion::{Criterion, criterion_group, criterion_main};
use cumulua::catalog::Scheme;
use cumulua::client::sign::{Address, sign, with_signature};
use std::hint::black_box;

fn ten_parameters() -> Vec<(String, String)> {
    let pairs = [
        ("Action", "DescribeInstances"),
        ("AccessKeyId", "0123456789abcdef0123456789abcdef"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", "f9a5d0fa-67e3-48d3-bfde-45f1b635f18f"),
        ("Timestamp", "2026-11-21T04:44:12Z"),
        ("Version", "2019-08-08"),
        ("InstanceId", "bbf63749-0186-4c68-8adc-9bf584bc1376"),
        ("VdcId", "0bb08ed7-e686-4168-93e5-e0187579753b"),
        ("InstanceName", "web server 中文 (blue)"),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

fn signatures(criterion: &mut Criterion) {
    let pairs = ten_parameters();
    let address = Address { scheme: "https", host: "cdsapi.capitalonline.net", port: None, path: "/ccs/" };
    for scheme in [Scheme::Cds, Scheme::Pop, Scheme::Sigv2] {
        criterion.bench_function(&format!("sign {scheme:?}"), |bencher| {
            bencher.iter(|| with_signature(&sign(scheme, "GET", address, black_box("0123456789abcdef"), black_box(&pairs))));
        });
    }
}

criterion_group!(benches, signatures);
criterion_main!(benches);
