//! The simulator asked as a client would ask it, with requests that are signed by this room's own reading of the schemes.

mod actions;
mod admission;
mod disks;
mod faults;
mod instances;
mod networks;
mod security_groups;
mod server;
mod tags;
mod templates;
mod walk;

use super::signature::{self, Digest};
use super::{ACCESS_KEY, Options, Outcome, REGION_ID, SECRET, Simulator, VDC_ID};
use crate::catalog::{Catalog, path};
use crate::clock::Clock;
use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Read once for all tests.
static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(Arc::default);

/// A cloud and a client of it, in virtual time.
struct Cloud {
    simulator: Arc<Simulator>,
    catalog: Arc<Catalog>,
    clock: Clock,
    nonces: AtomicU64,
}

/// An answer: its status and its JSON.
#[derive(Debug, PartialEq)]
struct Answer(u16, Json);

impl Answer {
    fn code(&self) -> &str {
        self.1["Code"].as_str().unwrap()
    }

    #[track_caller]
    fn refused(&self, http: u16, code: &str) {
        assert_eq!((self.0, self.code()), (http, code), "{}", self.1);
    }

    #[track_caller]
    fn ok(self) -> Json {
        assert_eq!((self.0, self.code()), (200, "Success"), "{}", self.1);
        self.1
    }
}

impl Cloud {
    fn new() -> Self {
        Self::with_seed(7)
    }

    fn with_seed(seed: u64) -> Self {
        let clock = Clock::starting_at("2026-03-01T08:00:00Z".parse::<Timestamp>().unwrap());
        let catalog = Arc::clone(&CATALOG);
        let options = Options { access_key: ACCESS_KEY.into(), secret: SECRET.into(), seed, clock: clock.clone() };
        Self { simulator: Arc::new(Simulator::new(Arc::clone(&catalog), options)), catalog, clock, nonces: AtomicU64::new(0) }
    }

    /// The common parameters of a call now.
    fn common(&self, action: &str) -> Vec<(String, String)> {
        let nonce = self.nonces.fetch_add(1, Ordering::Relaxed);
        let pairs = [
            ("Action", action.to_owned()),
            ("AccessKeyId", ACCESS_KEY.to_owned()),
            ("SignatureMethod", "HMAC-SHA1".to_owned()),
            ("SignatureVersion", "1.0".to_owned()),
            ("SignatureNonce", format!("nonce-{nonce}")),
            ("Timestamp", format!("{:.0}", self.clock.now())),
            ("Version", "2019-08-08".to_owned()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn request(&self, action: &str, params: &Json) -> Request<Bytes> {
        let model = self.catalog.action(&format!("cds.ccs.{action}")).unwrap();
        let mut pairs = self.common(action);
        let is_get = model.method().as_str() == "GET";
        if is_get {
            pairs.extend(params.as_object().unwrap().iter().map(|(name, value)| (name.clone(), path::text(value))));
        }
        let body = if is_get { String::new() } else { params.to_string() };
        signed(model.method().as_str(), "/ccs/", pairs, SECRET, body)
    }

    fn ask(&self, action: &str, params: &Json) -> Answer {
        let response = self.simulator.handle(&self.request(action, params));
        let json = serde_json::from_slice(response.body()).unwrap();
        Answer(response.status().as_u16(), json)
    }

    fn outcome(&self, action: &str, params: &Json) -> Outcome {
        self.simulator.answer(&self.request(action, params))
    }

    /// Carries an Action out and waits until its task has ended; the ids of its resources.
    #[track_caller]
    fn finish(&self, action: &str, params: &Json) -> Vec<String> {
        let task = self.ask(action, params).ok()["TaskId"].as_str().unwrap().to_owned();
        self.ended(&task)
    }

    #[track_caller]
    fn ended(&self, task: &str) -> Vec<String> {
        for _ in 0..60 {
            let data = self.ask("DescribeTask", &json!({"TaskId": task})).ok()["Data"].clone();
            match data["Status"].as_str().unwrap() {
                "FINISH" => return serde_json::from_value(data["ResourceIds"].clone()).unwrap(),
                "ERROR" => panic!("the task {task} failed"),
                _ => advance(10),
            }
        }
        panic!("the task {task} does not end");
    }

    /// Makes servers and waits until they run.
    fn servers(&self, amount: u64) -> Vec<String> {
        self.finish("CreateInstance", &order(&json!({"Amount": amount})))
    }

    fn instance(&self, id: &str) -> Json {
        self.ask("DescribeInstances", &json!({"InstanceId": id})).ok()["Data"]["Instances"][0].clone()
    }

    fn status(&self, id: &str) -> String {
        path::text(&self.instance(id)["InstanceStatus"])
    }
}

/// Moves virtual time. `advance` is ready once it has moved the clock and yielded.
fn advance(seconds: u64) {
    let mut moving = Box::pin(tokio::time::advance(Duration::from_secs(seconds)));
    let waker = futures_util::task::noop_waker();
    let _ = std::future::Future::poll(moving.as_mut(), &mut std::task::Context::from_waker(&waker));
}

/// Parameters of an order of a server, with some changed.
fn order(changes: &Json) -> Json {
    let mut order = json!({
        "RegionId": REGION_ID, "VdcId": VDC_ID, "InstanceName": "web", "Cpu": 2, "Ram": 4, "InstanceType": "Standard",
        "Password": "123abc,.;", "PublicIp": ["auto"], "PrivateIp": [{"PrivateId": super::PRIVATE_ID, "IP": ["auto"]}],
    });
    merge(order.as_object_mut().unwrap(), changes);
    order
}

fn merge(into: &mut Map<String, Json>, changes: &Json) {
    for (name, value) in changes.as_object().unwrap() {
        into.insert(name.clone(), value.clone());
    }
}

fn signed(method: &str, path: &str, mut pairs: Vec<(String, String)>, secret: &str, body: String) -> Request<Bytes> {
    let text = signature::pop_string(method, &pairs);
    pairs.push(("Signature".to_owned(), signature::signature(Digest::Sha1, secret, &text)));
    let query: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{}={}", signature::encode(name), signature::encode(value))).collect();
    Request::builder().method(method).uri(format!("{path}?{}", query.join("&"))).body(body.into()).unwrap()
}
