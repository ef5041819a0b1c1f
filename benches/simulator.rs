//! The simulator with 100,000 servers in its state: what a page of them takes, and how many
//! requests a second it answers over loopback HTTP, each signed anew. The bars are 5 ms and 2,000
//! requests/s. `cargo bench --bench simulator`.

use bytes::Bytes;
use cumulua::client::sign::{Address, Key, sign, with_signature};
use cumulua_core::catalog::{Catalog, Scheme};
use cumulua_core::clock::{Clock, real_now};
use cumulua_core::secret::Secret;
use cumulua_simulator::{
    ACCESS_KEY, Options, REGION_ID, SECRET, SavedState, Simulator, VDC_ID, serve,
};
use futures_util::future::join_all;
use http::Request;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

mod servers;
use servers::SERVERS;

const CLIENTS: u64 = 16;
const REQUESTS: u64 = 20_000;

static NONCE: AtomicU64 = AtomicU64::new(0);

fn main() {
    let catalog = Arc::new(Catalog::default());
    let text = servers::account();
    let (read, saved) =
        timed(|| SavedState::parse(&text).unwrap_or_else(|problem| panic!("{problem}")));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let _entered = runtime.enter();
    let clock = Clock::system();
    let options = Options {
        access_key: ACCESS_KEY.into(),
        secret: SECRET.into(),
        seed: 1,
        clock: clock.clone(),
    };
    let simulator = Arc::new(Simulator::from_saved(catalog, options, saved));
    println!(
        "{SERVERS} servers; a file of {} MB is read in {read:.2?}",
        text.len() / 1_000_000
    );
    drop(text);

    pages(&simulator, &clock);
    let (written, saved) = timed(|| simulator.saved());
    println!(
        "{:<44} {written:>10.2?}",
        format!("state of {} MB written", saved.len() / 1_000_000)
    );
    drop(saved);
    throughput(&simulator, &clock);
}

/// What single calls take in this process, the longest of 50.
fn pages(simulator: &Simulator, clock: &Clock) {
    let id = servers::id(SERVERS / 2);
    let cases = [
        ("page of 10, the first", json!({})),
        ("page of 100, the first", json!({"PageSize": 100})),
        (
            "page of 100, in the middle",
            json!({"PageSize": 100, "PageNumber": SERVERS / 200}),
        ),
        (
            "page of 100, the last",
            json!({"PageSize": 100, "PageNumber": SERVERS / 100}),
        ),
        (
            "page of 1,000, in the middle",
            json!({"PageSize": 1000, "PageNumber": SERVERS / 2000}),
        ),
        (
            "page of 100 of a VDC, the 7th",
            json!({"PageSize": 100, "PageNumber": 7, "VdcId": VDC_ID}),
        ),
        (
            "page of 100 of a VDC, the last",
            json!({"PageSize": 100, "PageNumber": SERVERS / 125, "VdcId": VDC_ID}),
        ),
        (
            "page of 100 of a zone, in the middle",
            json!({"PageSize": 100, "PageNumber": SERVERS / 200, "RegionId": REGION_ID}),
        ),
        (
            "page of 100 with a tag",
            json!({"PageSize": 100, "PageNumber": 7, "TagName": "tenth"}),
        ),
        (
            "page of 100 of a VDC with a tag",
            json!({"PageSize": 100, "VdcId": "0bb08ed7-e686-4168-93e5-e0187579753c", "TagName": "tenth"}),
        ),
        ("one by its id", json!({"InstanceId": id})),
        ("one by its address", json!({"PublicIp": ["10.1.0.9"]})),
    ];
    println!(
        "{:<44} {:>10} {:>10}",
        "in this process", "median", "longest"
    );
    for (name, params) in cases {
        let mut times: Vec<Duration> = (0..50)
            .map(|_| {
                let request = request(clock, "DescribeInstances", &params);
                let (time, response) = timed(|| simulator.handle(&request));
                assert_eq!(response.status(), 200);
                time
            })
            .collect();
        times.sort();
        println!(
            "{name:<44} {:>10.2?} {:>10.2?}",
            times[times.len() / 2],
            times[times.len() - 1]
        );
    }
}

/// Requests a second over loopback. The server has a thread of its own, the clients share this one.
fn throughput(simulator: &Arc<Simulator>, clock: &Clock) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener
        .set_nonblocking(true)
        .expect("a socket that does not block");
    let address = listener.local_addr().expect("an address");
    let served = Arc::clone(simulator);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            serve(served, listener, &[]).await
        })
    });
    let mixed = |number: u64| match number % 4 {
        0 => ("CreateTag", json!({"TagName": format!("tag {number}")})),
        1 => (
            "DescribeInstances",
            json!({"PageNumber": number % 10_000 + 1}),
        ),
        2 => (
            "DescribeInstances",
            json!({"InstanceId": servers::id(u32::try_from(number % 1000).unwrap_or(0))}),
        ),
        _ => (
            "RebootInstances",
            json!({"InstanceIds": servers::id(u32::try_from(number).unwrap_or(0))}),
        ),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    println!(
        "{:<44} {:>10} {:>10}",
        format!("over HTTP, {CLIENTS} at a time"),
        "requests/s",
        "refused"
    );
    for (name, make) in [
        (
            "pages of 10",
            &(|number: u64| {
                (
                    "DescribeInstances",
                    json!({"PageNumber": number % 10_000 + 1}),
                )
            }) as &dyn Fn(u64) -> (&'static str, Json),
        ),
        ("a quarter each: create, page, find, task", &mixed),
    ] {
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        let (time, refused) = timed(|| {
            runtime.block_on(async {
                let clients = (0..CLIENTS).map(|first| {
                    let client = client.clone();
                    async move {
                        let mut refused = 0;
                        for number in
                            (first..REQUESTS).step_by(usize::try_from(CLIENTS).unwrap_or(1))
                        {
                            let (action, params) = make(number);
                            let request = request(clock, action, &params);
                            let url = format!("http://{address}{}", request.uri());
                            let sent = match request.method() {
                                &http::Method::GET => client.get(url),
                                _ => client.post(url).body(request.into_body()),
                            };
                            let answer = sent.send().await.expect("an answer");
                            refused += u64::from(!answer.status().is_success());
                            answer.bytes().await.expect("a whole answer");
                        }
                        refused
                    }
                });
                join_all(clients).await.into_iter().sum::<u64>()
            })
        });
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        let rate = REQUESTS as f64 / time.as_secs_f64();
        println!("{name:<44} {rate:>10.0} {refused:>10}");
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = real_now();
    let result = work();
    (real_now() - started, result)
}

fn request(clock: &Clock, action: &str, params: &Json) -> Request<Bytes> {
    let is_get = action.starts_with("Reboot");
    let mut pairs: Vec<(String, String)> = [
        ("Action", action.to_owned()),
        ("AccessKeyId", ACCESS_KEY.to_owned()),
        ("SignatureMethod", "HMAC-SHA1".to_owned()),
        ("SignatureVersion", "1.0".to_owned()),
        (
            "SignatureNonce",
            NONCE.fetch_add(1, Ordering::Relaxed).to_string(),
        ),
        ("Timestamp", format!("{:.0}", clock.now())),
        ("Version", "2019-08-08".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    if is_get {
        let given = params.as_object().into_iter().flatten();
        pairs
            .extend(given.map(|(name, value)| {
                (name.clone(), value.as_str().unwrap_or_default().to_owned())
            }));
    }
    let method = if is_get { "GET" } else { "POST" };
    let address = Address {
        scheme: "http",
        host: "localhost",
        port: None,
        path: "/ccs/",
    };
    let query = with_signature(&sign(
        &Key::new(Scheme::Cds, &Secret::new(SECRET)),
        method,
        address,
        &pairs,
    ));
    let body = if is_get {
        String::new()
    } else {
        params.to_string()
    };
    Request::builder()
        .method(method)
        .uri(format!("/ccs/?{query}"))
        .body(body.into())
        .expect("a request")
}
