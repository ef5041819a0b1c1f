//! What the same work costs with nothing but reqwest, serde_json and the signature: the other side
//! of `benches/compare/`.
//!
//! ```text
//! bare calls URL COUNT CONCURRENCY    signed calls; prints calls a second
//! bare pages URL PAGE_SIZE            all servers, page by page; prints the seconds
//! bare answer URL PAGE_SIZE           one page of servers into a `serde_json::Value`; prints the seconds
//! bare json FILE                      a file into a `serde_json::Value`; prints the seconds
//! bare account FILE                   writes the account that the simulator begins with
//! ```

use cumulua::client::sign::{self, Address, Key};
use cumulua_core::catalog::Scheme;
use cumulua_core::clock::real_now;
use cumulua_core::secret::Secret;
use jiff::Timestamp;
use reqwest::Client;
use serde_json::{Value, json};
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use url::Url;

#[path = "../benches/servers/mod.rs"]
mod servers;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["calls", url, count, concurrency] => calls(Service::new(url)?, count.parse()?, concurrency.parse()?).await,
        ["pages", url, size] => pages(Service::new(url)?, size.parse()?).await,
        ["answer", url, size] => {
            let service = Service::new(url)?;
            let started = real_now();
            let answer = service.call("DescribeInstances", &json!({"PageSize": size.parse::<u64>()?})).await?;
            println!("{:.6}", started.elapsed().as_secs_f64());
            assert!(answer["Data"]["Instances"].is_array(), "servers came");
            Ok(())
        }
        ["json", file] => {
            let text = std::fs::read(file)?;
            let started = real_now();
            let value: Value = serde_json::from_slice(&text)?;
            println!("{:.6}", started.elapsed().as_secs_f64());
            assert!(value.is_object(), "an object came");
            Ok(())
        }
        ["account", file] => Ok(std::fs::write(file, servers::account())?),
        _ => Err("calls URL COUNT CONCURRENCY | pages URL PAGE_SIZE | answer URL PAGE_SIZE | json FILE | account FILE".into()),
    }
}

async fn calls(service: Service, count: u64, concurrency: u64) -> Outcome<()> {
    let left = AtomicU64::new(count);
    let started = real_now();
    let workers = (0..concurrency).map(|_| async {
        while left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok()
        {
            service.call("DescribeTags", &json!({})).await?;
        }
        Outcome::Ok(())
    });
    futures_util::future::try_join_all(workers).await?;
    println!(
        "{:.0}",
        f64::from(u32::try_from(count)?) / started.elapsed().as_secs_f64()
    );
    Ok(())
}

async fn pages(service: Service, size: u64) -> Outcome<()> {
    let started = real_now();
    let mut servers = Vec::new();
    for number in 1_u64.. {
        let mut answer = service
            .call(
                "DescribeInstances",
                &json!({"PageSize": size, "PageNumber": number}),
            )
            .await?;
        let Value::Array(page) = answer["Data"]["Instances"].take() else {
            return Err("no list of servers".into());
        };
        servers.extend(page);
        if answer["Data"]["PageCount"]
            .as_u64()
            .is_none_or(|last| number >= last)
        {
            break;
        }
    }
    println!("{:.6}", started.elapsed().as_secs_f64());
    eprintln!("{} servers", servers.len());
    Ok(())
}

/// The simulator's servers.
struct Service {
    client: Client,
    url: Url,
    key: Key,
}

impl Service {
    fn new(url: &str) -> Outcome<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .no_proxy()
            .tcp_nodelay(true)
            .tls_certs_only([])
            .build()?;
        Ok(Self {
            client,
            url: Url::parse(url)?.join("/ccs/")?,
            key: Key::new(Scheme::Cds, &Secret::new("sim-secret")),
        })
    }

    async fn call(&self, action: &str, params: &Value) -> Outcome<Value> {
        let request = self
            .client
            .post(self.signed(action))
            .header("content-type", "application/json")
            .body(params.to_string());
        let answer: Value = serde_json::from_slice(&request.send().await?.bytes().await?)?;
        if answer["Code"] == "Success" {
            Ok(answer)
        } else {
            Err(answer.to_string().into())
        }
    }

    fn signed(&self, action: &str) -> Url {
        let pairs = [
            ("Action", action.to_owned()),
            ("AccessKeyId", "sim".to_owned()),
            ("SignatureMethod", "HMAC-SHA1".to_owned()),
            ("SignatureVersion", "1.0".to_owned()),
            (
                "SignatureNonce",
                uuid::Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes())
                    .into_uuid()
                    .to_string(),
            ),
            ("Timestamp", now()),
            ("Version", "2019-08-08".to_owned()),
        ];
        let pairs: Vec<_> = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let url = &self.url;
        let address = Address {
            scheme: url.scheme(),
            host: url.host_str().unwrap_or_default(),
            port: url.port(),
            path: url.path(),
        };
        let signature = sign::sign(&self.key, "POST", address, &pairs);
        let mut url = url.clone();
        url.set_query(Some(&sign::with_signature(&signature)));
        url
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program of its own, with no clock to inject"
)]
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
