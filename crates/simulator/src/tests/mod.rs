//! The simulator asked as a client would ask it, with requests that are signed by an independent
//! reading of the schemes.

mod actions;
mod admission;
mod disks;
pub(crate) mod documented;
mod faults;
mod ignored;
mod instances;
mod lists;
mod network_groups;
mod networks;
mod property;
mod saved;
mod security_groups;
mod server;
mod tags;
mod templates;
mod walk;

use crate::http::signature::{self, Digest};
use crate::{ACCESS_KEY, Options, Outcome, REGION_ID, SECRET, SavedState, Simulator, VDC_ID};
use bytes::Bytes;
use cumulua_core::catalog::{Catalog, Location, Param, Scheme, path};
use cumulua_core::clock::Clock;
use http::Request;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Read once for all tests.
static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(Arc::default);

/// A form with a file in it.
fn form(params: &Map<String, Json>, file: &str) -> String {
    let parts = params.iter().map(|(name, value)| {
        let named = if name == file { "; filename=\"a\"" } else { "" };
        let head = format!("Content-Disposition: form-data; name=\"{name}\"{named}");
        let text = path::text(value);
        format!("--between\r\n{head}\r\n\r\n{text}\r\n")
    });
    parts.collect::<String>() + "--between--\r\n"
}

/// A cloud and a client of it, in virtual time.
pub(crate) struct TestCloud {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) clock: Clock,
    nonces: AtomicU64,
}

/// An answer: its status and its JSON.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer(pub(crate) u16, pub(crate) Json);

impl Answer {
    /// The code of Capital Online or Alibaba; `Success` where Alibaba or Meituan answer without
    /// one.
    pub(crate) fn code(&self) -> &str {
        let code = self
            .1
            .get("Code")
            .or(self.1.get("code"))
            .and_then(Json::as_str);
        code.unwrap_or(if self.0 == 200 { "Success" } else { "" })
    }

    #[track_caller]
    /// It is refused with this status and code; Meituan has the code in front of its text.
    pub(crate) fn refused(&self, http: u16, code: &str) {
        let text = self.1["ErrorResponse"]["Error"]["message"].as_str();
        let given = text.map_or_else(
            || self.code(),
            |text| text.split(": ").next().unwrap_or_default(),
        );
        assert_eq!((self.0, given), (http, code), "{}", self.1);
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Json {
        let is_success = ["success", "ok"].contains(&self.code().to_lowercase().as_str());
        assert!(self.0 == 200 && is_success, "{} {}", self.0, self.1);
        self.1
    }
}

impl TestCloud {
    pub(crate) fn new() -> Self {
        Self::with_seed(7)
    }

    pub(crate) fn with_seed(seed: u64) -> Self {
        let clock = Clock::starting_at("2026-03-01T08:00:00Z".parse::<Timestamp>().unwrap());
        let catalog = Arc::clone(&CATALOG);
        let options = Options {
            access_key: ACCESS_KEY.into(),
            secret: SECRET.into(),
            seed,
            clock: clock.clone(),
        };
        Self {
            simulator: Arc::new(Simulator::new(Arc::clone(&catalog), options)),
            catalog,
            clock,
            nonces: AtomicU64::new(0),
        }
    }

    /// A cloud that begins from a file at a time of day.
    pub(crate) fn from_saved(text: &str, now: Timestamp) -> Result<Self, String> {
        let mut cloud = Self::new();
        let clock = Clock::starting_at(now);
        let options = Options {
            access_key: ACCESS_KEY.into(),
            secret: SECRET.into(),
            seed: 3,
            clock: clock.clone(),
        };
        cloud.simulator = Arc::new(Simulator::from_saved(
            Arc::clone(&CATALOG),
            options,
            SavedState::parse(text)?,
        ));
        cloud.clock = clock;
        Ok(cloud)
    }

    /// The common parameters of a call now.
    pub(crate) fn common(&self, action: &str) -> Vec<(String, String)> {
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
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// A signed request for an Action by its whole name, or of `cds.ccs`.
    pub(crate) fn request(&self, action: &str, params: &Json) -> Request<Bytes> {
        let full_name = if action.contains('.') {
            action.to_owned()
        } else {
            format!("cds.ccs.{action}")
        };
        let model = self.catalog.action(&full_name).unwrap();
        let method = model.method().as_str();
        match model.product.protocol.signer {
            Scheme::Cds => {
                let (path, mut rest) = in_path(model.path(), params);
                let in_header = |param: &&Param| param.location == Some(Location::Header);
                let headers = model.params.iter().filter(in_header);
                let headers: Vec<_> = headers
                    .filter_map(|param| Some((&param.name, rest.remove(&param.name)?)))
                    .collect();
                let mut pairs = self.common(model.wire_name());
                let is_in_query = matches!(method, "GET" | "DELETE");
                if is_in_query {
                    pairs.extend(
                        rest.iter()
                            .map(|(name, value)| (name.clone(), path::text(value))),
                    );
                }
                let file = model.file_param();
                let body = match file {
                    Some(file) => form(&rest, &file.name),
                    None if is_in_query => String::new(),
                    None => Json::Object(rest).to_string(),
                };
                let mut request = signed(method, &path, pairs, SECRET, body);
                if file.is_some() {
                    let content_type = "multipart/form-data; boundary=between";
                    let content_type = content_type.parse().unwrap();
                    request.headers_mut().insert("content-type", content_type);
                }
                for (name, value) in headers {
                    let name: http::HeaderName = name.parse().unwrap();
                    let value = path::text(&value).parse().unwrap();
                    request.headers_mut().insert(name, value);
                }
                request
            }
            Scheme::Pop => {
                let mut pairs = self.common(&model.name);
                pairs.retain(|(name, _)| name != "Version");
                pairs.push(("Version".to_owned(), model.version().unwrap().to_owned()));
                flatten(&mut pairs, "", params);
                signed(method, "/", pairs, &format!("{SECRET}&"), String::new())
            }
            Scheme::Sigv2 => {
                let time = format!("{:.3}", self.clock.now());
                let common = [
                    ("Action", model.name.as_str()),
                    ("AWSAccessKeyId", ACCESS_KEY),
                    ("SignatureVersion", "2"),
                ];
                let common = common.into_iter().chain([
                    ("SignatureMethod", "HmacSHA256"),
                    ("Timestamp", &time),
                    ("Format", "json"),
                ]);
                let mut pairs: Vec<_> = common
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                flatten(&mut pairs, "", params);
                let text = signature::sigv2_string("GET", "mcs.example", "/mcs/v1", &pairs);
                pairs.push((
                    "Signature".to_owned(),
                    signature::signature(Digest::Sha256, SECRET, &text),
                ));
                let query: String = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(pairs)
                    .finish();
                Request::get(format!("/mcs/v1?{query}"))
                    .header("host", "mcs.example")
                    .body(Bytes::new())
                    .unwrap()
            }
        }
    }

    /// Calls an Action by its whole name, or one of `cds.ccs`. What wraps an answer of Alibaba or
    /// Meituan is taken off.
    pub(crate) fn ask(&self, action: &str, params: &Json) -> Answer {
        let response = self.simulator.handle(&self.request(action, params));
        let json: Json = serde_json::from_slice(response.body()).unwrap();
        let wrapped = json
            .as_object()
            .filter(|fields| fields.len() == 1)
            .and_then(|fields| fields.iter().next());
        let wrapped = wrapped.filter(|(name, _)| {
            *name != "ErrorResponse" && name.to_lowercase().ends_with("response")
        });
        Answer(
            response.status().as_u16(),
            wrapped.map_or_else(|| json.clone(), |(_, inner)| inner.clone()),
        )
    }

    /// Calls an Action by its whole name and lets time pass until every task that can end has
    /// ended; the answer.
    #[track_caller]
    pub(crate) fn done(&self, action: &str, params: &Json) -> Json {
        let answer = self.ask(action, params).ok();
        self.settle();
        answer
    }

    /// Capital Online's balance, in yuan.
    pub(crate) fn balance(&self) -> f64 {
        self.simulator.state_json()["wallet"]["balance"]
            .as_f64()
            .unwrap()
    }

    /// What is used and not paid yet, in yuan.
    pub(crate) fn due(&self) -> f64 {
        self.ask("cds.billing.DescribeAccountInfo", &json!({})).ok()["Data"]["ToDeduct"]
            .as_f64()
            .unwrap()
    }

    /// What a day from now on costs, in yuan.
    pub(crate) fn cost_of_a_day(&self) -> f64 {
        let before = self.due();
        advance(86_400);
        self.due() - before
    }

    /// Lets time pass until every task that can end has ended.
    pub(crate) fn settle(&self) {
        loop {
            let clock = self.clock.elapsed();
            let wait = {
                let kernel = &mut self.simulator.state().kernel;
                kernel.settle(clock);
                let due = kernel.cloud.tasks.next_due();
                due.map(|due| due.saturating_sub(kernel.cloud.clock.tasks_at(clock)))
            };
            match wait {
                Some(wait) => advance(wait.as_secs() + 1),
                None => return,
            }
        }
    }

    fn outcome(&self, action: &str, params: &Json) -> Outcome {
        self.simulator.answer(&self.request(action, params))
    }

    /// Carries an Action out and waits until its task has ended; the ids of its resources.
    #[track_caller]
    pub(crate) fn finish(&self, action: &str, params: &Json) -> Vec<String> {
        let task = self.ask(action, params).ok()["TaskId"]
            .as_str()
            .unwrap()
            .to_owned();
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
    pub(crate) fn servers(&self, amount: u64) -> Vec<String> {
        self.finish("CreateInstance", &order(&json!({"Amount": amount})))
    }

    pub(crate) fn instance(&self, id: &str) -> Json {
        self.ask("DescribeInstances", &json!({"InstanceId": id}))
            .ok()["Data"]["Instances"][0]
            .clone()
    }

    fn status(&self, id: &str) -> String {
        path::text(&self.instance(id)["InstanceStatus"])
    }
}

/// Moves virtual time. `advance` is ready once it has moved the clock and yielded.
pub(crate) fn advance(seconds: u64) {
    let mut moving = Box::pin(tokio::time::advance(Duration::from_secs(seconds)));
    let waker = futures_util::task::noop_waker();
    let _ = std::future::Future::poll(moving.as_mut(), &mut std::task::Context::from_waker(&waker));
}

/// Parameters of an order of a server, with some changed.
pub(crate) fn order(changes: &Json) -> Json {
    let mut order = json!({
        "RegionId": REGION_ID, "VdcId": VDC_ID, "InstanceName": "web", "Cpu": 2, "Ram": 4, "InstanceType": "Standard",
        "Password": "123abc,.;", "PublicIp": ["auto"], "PrivateIp": [{"PrivateId": crate::PRIVATE_ID, "IP": ["auto"]}],
    });
    merge(order.as_object_mut().unwrap(), changes);
    order
}

pub(crate) fn merge(into: &mut Map<String, Json>, changes: &Json) {
    for (name, value) in changes.as_object().unwrap() {
        into.insert(name.clone(), value.clone());
    }
}

/// The path of a request, and the parameters that do not stand in it.
fn in_path(documented: &str, params: &Json) -> (String, Map<String, Json>) {
    let mut rest = params.as_object().unwrap().clone();
    let parts = documented.split('/').map(|part| {
        let name = part.strip_prefix(':');
        let value = name.and_then(|name| rest.remove(name));
        value.map_or_else(
            || part.to_owned(),
            |value| signature::encode(&path::text(&value)),
        )
    });
    let path: Vec<_> = parts.collect();
    (format!("{}/", path.join("/")), rest)
}

/// Lists and objects as flat pairs: `Key.1`, `Filter.1.Name`.
fn flatten(pairs: &mut Vec<(String, String)>, prefix: &str, value: &Json) {
    let below = |name: &str| {
        if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}.{name}")
        }
    };
    match value {
        Json::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| flatten(pairs, &below(name), value)),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(at, item)| flatten(pairs, &below(&(at + 1).to_string()), item)),
        scalar => pairs.push((prefix.to_owned(), path::text(scalar))),
    }
}

pub(crate) fn signed(
    method: &str,
    path: &str,
    mut pairs: Vec<(String, String)>,
    secret: &str,
    body: String,
) -> Request<Bytes> {
    let text = signature::pop_string(method, &pairs);
    pairs.push((
        "Signature".to_owned(),
        signature::signature(Digest::Sha1, secret, &text),
    ));
    let query: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", signature::encode(name), signature::encode(value)))
        .collect();
    Request::builder()
        .method(method)
        .uri(format!("{path}?{}", query.join("&")))
        .body(body.into())
        .unwrap()
}
