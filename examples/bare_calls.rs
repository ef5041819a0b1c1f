//! What a signed call costs at least: the same requests as a script's, from a bare reqwest loop. `benches/compare/calls.sh` runs it.
//!
//! `bare_calls URL COUNT CONCURRENCY` prints the requests a second.

use cumulua::catalog::Scheme;
use cumulua::client::sign::{self, Address};
use cumulua::clock::real_now;
use jiff::Timestamp;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let [url, count, concurrency] = std::env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "URL COUNT CONCURRENCY")?;
    let (count, concurrency): (u64, u64) = (count.parse()?, concurrency.parse()?);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).tls_certs_only([]).build()?;
    let url = url::Url::parse(&url)?.join("/ccs/")?;
    let left = AtomicU64::new(count);
    let started = real_now();
    let workers = (0..concurrency).map(|_| async {
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            let body = client.get(signed(&url)).send().await?.bytes().await?;
            let answer: serde_json::Value = serde_json::from_slice(&body)?;
            assert_eq!(answer["Code"], "Success", "{answer}");
        }
        Ok::<_, Box<dyn Error>>(())
    });
    futures_util::future::try_join_all(workers).await?;
    println!("{:.0}", f64::from(u32::try_from(count)?) / started.elapsed().as_secs_f64());
    Ok(())
}

fn signed(url: &url::Url) -> url::Url {
    let pairs = [
        ("Action", "DescribeTags".to_owned()),
        ("AccessKeyId", "sim".to_owned()),
        ("SignatureMethod", "HMAC-SHA1".to_owned()),
        ("SignatureVersion", "1.0".to_owned()),
        ("SignatureNonce", uuid::Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes()).into_uuid().to_string()),
        ("Timestamp", now()),
        ("Version", "2019-08-08".to_owned()),
    ];
    let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let address = Address { scheme: url.scheme(), host: url.host_str().unwrap_or_default(), port: url.port(), path: url.path() };
    let signature = sign::sign(Scheme::Cds, "GET", address, "sim-secret", &pairs);
    let mut url = url.clone();
    url.set_query(Some(&sign::with_signature(&signature)));
    url
}

#[expect(clippy::disallowed_methods, reason = "a program of its own, with no clock to inject")]
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
