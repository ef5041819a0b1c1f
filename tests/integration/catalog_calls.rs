//! Every Action of the catalogue leaves as documented. What is documented in `vectors/` was derived
//! from the documents and not from the catalogue, so that a wrong catalogue fails here; the requests
//! were signed by Python.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use cumulua::client::error::{Failure, Kind};
use cumulua::client::sign::{Address, Key, sign};
use cumulua::client::transport::{
    Body, BoxFuture, HttpTransport, Request, Response, Transport, TransportError,
};
use cumulua::client::value::Value;
use cumulua::client::{Answer, Call, CallOptions};
use cumulua::config::{Flags, Profiles};
use cumulua::effect_id::EffectId;
use cumulua::gate::{Gate, GateParts, Grants, Random, Silent};
use cumulua_core::catalog::{Action, Catalog};
use cumulua_core::clock::Clock;
use cumulua_core::secret::{Redactor, Secret};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use url::Url;

const NOW: &str = "2026-11-21T04:00:00Z";
const MCS_URL: &str = "https://mosapi.meituan.com/mcs/v1";
const ACCESS_KEY: &str = "access-key-id";
const SECRET: &str = "s3cret/with+signs=";

/// What is documented of an Action.
#[derive(Deserialize)]
struct Documented {
    name: String,
    action: String,
    methods: Vec<String>,
    host: Option<String>,
    path: String,
    version: Option<String>,
    /// Pairs that the query of each request has.
    #[serde(default)]
    query: BTreeMap<String, String>,
    params: Vec<DocumentedParam>,
    errors: Vec<DocumentedError>,
    /// The parameters of the document's own sample code or URL.
    sample: Option<Map<String, Json>>,
    request: VectorRequest,
    answer: VectorAnswer,
    error: VectorAnswer,
}

/// The vectors of a service.
#[derive(Deserialize)]
struct Vectors {
    service: String,
    actions: Vec<Documented>,
}

/// A signed request.
#[derive(Deserialize)]
struct VectorRequest {
    params: Json,
    method: String,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    body: Option<Json>,
    /// The fields of a form with a file in it, as texts.
    form: Option<BTreeMap<String, String>>,
    /// The body, where it is XML.
    xml: Option<String>,
    string_to_sign: String,
    signature: String,
}

#[derive(Deserialize)]
struct VectorAnswer {
    status: u16,
    body: Json,
    xml: Option<String>,
}

#[derive(Deserialize)]
struct DocumentedParam {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    required: Json,
    parent: Option<String>,
    encoding: Option<String>,
    /// Fields that the document shows below it, at any depth.
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    generated: bool,
    /// `path` or `header`, where it stands there.
    #[serde(rename = "in")]
    place: Option<String>,
}

#[derive(Deserialize)]
struct DocumentedError {
    http: Option<u16>,
    code: String,
}

impl Documented {
    /// Whether its answers are documents in XML.
    fn speaks_xml(&self) -> bool {
        self.name.starts_with("cds.oss.")
    }

    fn product(&self) -> &str {
        self.name.split('.').next().unwrap()
    }

    fn params_in(&self, place: &'static str) -> impl Iterator<Item = &DocumentedParam> {
        let params = self.params.iter();
        params.filter(move |param| param.place.as_deref() == Some(place))
    }

    fn param(&self, name: &str, parent: Option<&str>) -> Option<&DocumentedParam> {
        self.params
            .iter()
            .find(|param| param.name == name && param.parent.as_deref() == parent)
    }
}

fn documented() -> Vec<Documented> {
    let files = vector_files().into_iter();
    let all: Vec<Documented> = files
        .flat_map(|(_, json)| Vectors::deserialize(json).unwrap().actions)
        .collect();
    assert_eq!(all.len(), 475);
    all
}

/// The vectors of each service, with the name of their file.
fn vector_files() -> Vec<(String, Json)> {
    let entries = fs::read_dir(vector_folder()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .filter(|(name, _)| !["schema", "signing"].contains(&name.as_str()))
        .map(|(name, path)| {
            let text = fs::read(path).unwrap();
            (name, serde_json::from_slice(&text).unwrap())
        })
        .collect();
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    files
}

fn vector_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// Records what leaves and answers as it was set up to; with `forward` it sends it on over HTTP.
#[derive(Default)]
struct RecordingTransport {
    sent: Mutex<Vec<Request>>,
    answer: Mutex<(u16, String)>,
    forward: Option<HttpTransport>,
}

impl Transport for RecordingTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.sent.lock().unwrap().push(request.clone());
        if let Some(http) = &self.forward {
            return http.send(request);
        }
        let (status, body) = self.answer.lock().unwrap().clone();
        let status = StatusCode::from_u16(status).unwrap();
        Box::pin(async move {
            Ok(Response {
                status,
                headers: HeaderMap::new(),
                body: Bytes::from(body),
            })
        })
    }
}

/// A gate over a recorder, with credentials in a file of its own.
struct Bench {
    gate: Gate,
    recorder: Arc<RecordingTransport>,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with(RecordingTransport::default(), &[("mcs", MCS_URL)])
    }

    fn with(recorder: RecordingTransport, endpoints: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("cumulua.toml");
        let product = |name: &str| {
            format!(
                "[profiles.test.{name}]\naccess_key = {ACCESS_KEY:?}\nsecret_key = {SECRET:?}\nrequests_per_second = 1e6\nburst = 1000\n"
            )
        };
        fs::write(&config, ["cds", "mcs", "aliyun"].map(product).concat()).unwrap();
        let recorder = Arc::new(recorder);
        let parts = GateParts {
            confirm: None,
            catalog: Arc::default(),
            profiles: Arc::new(Profiles::new(Flags {
                config: Some(config),
                endpoints: endpoints
                    .iter()
                    .map(|(product, url)| ((*product).to_owned(), (*url).to_owned()))
                    .collect(),
                start: folder.path().to_owned(),
                ..Flags::default()
            })),
            clock: Clock::starting_at(NOW.parse().unwrap()),
            random: Random::seeded(7),
            transport: Arc::clone(&recorder) as Arc<dyn Transport>,
            observer: Arc::new(Silent),
            audit: None,
            grants: Grants::default(),
            redactor: Arc::new(Redactor::default()),
            simulation: None,
        };
        Self {
            gate: Gate::new(parts),
            recorder,
            _folder: folder,
        }
    }

    fn action(&self, name: &str) -> Action {
        self.gate.catalog().action(name).unwrap()
    }

    fn will_answer(&self, status: u16, body: &Json) {
        *self.recorder.answer.lock().unwrap() = (status, body.to_string());
    }

    /// An answer of a vector, as it arrives.
    fn will_give(&self, doc: &Documented, answer: &VectorAnswer) {
        let xml = answer.xml.clone().filter(|_| doc.speaks_xml());
        let text = xml.unwrap_or_else(|| answer.body.to_string());
        *self.recorder.answer.lock().unwrap() = (answer.status, text);
    }

    /// Naming the profile keeps the environment of the tests out.
    async fn call(
        &self,
        action: &Action,
        params: &Json,
        region: Option<&str>,
    ) -> Result<Answer, Failure> {
        let Value::Object(params) = Value::from(params) else {
            panic!("parameters are an object")
        };
        let options = CallOptions {
            profile: Some("test".to_owned()),
            region: region.map(str::to_owned),
            retries: Some(0),
            ..CallOptions::default()
        };
        self.gate
            .call(
                Call {
                    action: action.clone(),
                    params,
                    content: None,
                    options,
                },
                &EffectId::default(),
            )
            .await
    }

    fn last(&self) -> Request {
        self.recorder.sent.lock().unwrap().last().unwrap().clone()
    }
}

/// A request taken apart: what the service would see.
struct Seen {
    method: &'static str,
    url: String,
    /// The pairs that are signed.
    pairs: BTreeMap<String, String>,
    /// The JSON body.
    json: Option<Json>,
    /// The fields of a form with a file in it.
    form: Option<BTreeMap<String, String>>,
    /// The body, where it is XML.
    xml: Option<String>,
}

/// The fields of a form with a file in it, read by hand.
fn form_fields(content_type: &str, body: &[u8]) -> BTreeMap<String, String> {
    let boundary = content_type.split_once("boundary=").unwrap().1;
    let text = String::from_utf8(body.to_vec()).unwrap();
    let text = text
        .strip_suffix(&format!("\r\n--{boundary}--\r\n"))
        .unwrap();
    let parts = text.strip_prefix(&format!("--{boundary}\r\n")).unwrap();
    let between = format!("\r\n--{boundary}\r\n");
    let fields = parts.split(&between).map(|part| {
        let (head, value) = part.split_once("\r\n\r\n").unwrap();
        let name = head.split_once("form-data; name=\"").unwrap().1;
        let (name, rest) = name.split_once('"').unwrap();
        let is_file = rest.starts_with("; filename=\"");
        assert_eq!(is_file, head.contains("Content-Type"), "{head}");
        assert_eq!(is_file, name == "files", "{head}");
        (name.to_owned(), value.to_owned())
    });
    fields.collect()
}

/// The body that a request has in memory, and its content type.
fn bytes(request: &Request) -> Option<(&'static str, Bytes)> {
    request
        .body
        .as_ref()
        .map(|(content_type, body)| match body {
            Body::Bytes(bytes) => (*content_type, bytes.clone()),
            Body::Stream { .. } => panic!("a call's body is in memory"),
        })
}

/// Takes a request apart and holds its signature against one of our own making.
fn seen(request: &Request, product: &str) -> Seen {
    let query = request.url.query().unwrap_or_default();
    let (mut form, mut xml) = (None, None);
    let (encoded, json) = match &bytes(request) {
        Some(("multipart/form-data", body)) => {
            let content_type = request.headers["content-type"].to_str().unwrap();
            form = Some(form_fields(content_type, body));
            (query.to_owned(), None)
        }
        Some(("application/json", body)) => (
            query.to_owned(),
            Some(serde_json::from_slice(body).unwrap()),
        ),
        Some(("application/xml", body)) => {
            xml = Some(String::from_utf8(body.to_vec()).unwrap());
            (query.to_owned(), None)
        }
        Some(("application/x-www-form-urlencoded", body)) => {
            assert_eq!(query, "", "a form has no query beside it");
            (String::from_utf8(body.to_vec()).unwrap(), None)
        }
        Some((other, _)) => panic!("a body of type {other}"),
        None => (query.to_owned(), None),
    };
    let mut pairs = BTreeMap::new();
    for pair in encoded.split('&') {
        let (name, value) = pair.split_once('=').unwrap();
        assert!(
            pairs.insert(decoded(name), decoded(value)).is_none(),
            "{name} stands there twice"
        );
    }
    let signature = pairs.remove("Signature").unwrap();
    let canonical: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    let canonical = canonical.join("&");
    let mut url = request.url.clone();
    url.set_query(None);
    let expected = match product {
        "cds" => hmac_sha1(
            SECRET,
            &format!("{}&%2F&{}", request.method, encode(&canonical)),
        ),
        "aliyun" => hmac_sha1(
            &format!("{SECRET}&"),
            &format!("{}&%2F&{}", request.method, encode(&canonical)),
        ),
        _ => {
            let port = url
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            hmac_sha256(
                SECRET,
                &format!(
                    "{}\n{}{port}\n{}\n{canonical}",
                    request.method,
                    url.host_str().unwrap(),
                    url.path()
                ),
            )
        }
    };
    assert_eq!(signature, expected, "{} {url} {canonical}", request.method);
    Seen {
        method: request.method,
        url: url.to_string(),
        pairs,
        json,
        form,
        xml,
    }
}

/// By hand, so that the product's own encoding is not held against itself.
fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
        out
    })
}

fn decoded(text: &str) -> String {
    assert!(!text.contains('+'), "a space is %20: {text}");
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

fn hmac_sha1(key: &str, text: &str) -> String {
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

fn hmac_sha256(key: &str, text: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::parse_str(text).is_ok_and(|id| id.get_version_num() == 4)
}

/// Takes the common parameters out, each held against the document.
fn take_common(
    doc: &Documented,
    pairs: &mut BTreeMap<String, String>,
    nonces: &mut BTreeSet<String>,
) {
    let mut expected = vec![("Action", doc.action.as_str())];
    if doc.product() == "mcs" {
        expected.extend([
            ("AWSAccessKeyId", ACCESS_KEY),
            ("SignatureVersion", "2"),
            ("SignatureMethod", "HmacSHA256"),
            ("Timestamp", "2026-11-21T04:00:00.000Z"),
        ]);
    } else {
        expected.extend([
            ("AccessKeyId", ACCESS_KEY),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("Timestamp", NOW),
            ("Version", doc.version.as_deref().unwrap()),
        ]);
        let nonce = pairs.remove("SignatureNonce").unwrap();
        assert!(is_uuid(&nonce), "{}: {nonce}", doc.name);
        assert!(nonces.insert(nonce), "{}: a nonce came twice", doc.name);
    }
    if doc.product() != "cds" {
        expected.push(("Format", "json"));
    }
    for (name, value) in expected {
        assert_eq!(
            pairs.remove(name).as_deref(),
            Some(value),
            "{}: {name}",
            doc.name
        );
    }
}

fn documented_url(doc: &Documented, given: &Json) -> String {
    match &doc.host {
        Some(host) => format!("https://{host}{}", documented_path(doc, given)),
        None => MCS_URL.to_owned(),
    }
}

/// With what the call has for the parameters in it.
fn documented_path(doc: &Documented, given: &Json) -> String {
    let mut path = doc.path.clone();
    for param in doc.params_in("path") {
        let value = encode(&text(&given[&param.name]));
        path = path.replace(&format!(":{}/", param.name), &format!("{value}/"));
    }
    path
}

/// What a call gives beside path and headers.
fn beside_the_path(doc: &Documented, given: &Json) -> Map<String, Json> {
    let mut given = given.as_object().unwrap().clone();
    given.retain(|name, _| {
        doc.param(name, None)
            .is_none_or(|param| param.place.is_none())
    });
    given
}

/// An answer that says nothing but that the call was carried out.
fn success(doc: &Documented) -> Json {
    if doc.name.starts_with("cds.cdn.") {
        json!({"code": 200})
    } else {
        json!({"Code": "Success"})
    }
}

/// Parameters as pairs: lists by numbers from 1, as the documents of form services write them.
fn flat(name: &str, value: &Json, pairs: &mut BTreeMap<String, String>) {
    match value {
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flat(&format!("{name}.{}", index + 1), item, pairs);
            }
        }
        Json::Object(fields) => {
            for (key, field) in fields {
                flat(&format!("{name}.{key}"), field, pairs);
            }
        }
        scalar => {
            pairs.insert(name.to_owned(), text(scalar));
        }
    }
}

fn all_flat(params: &Map<String, Json>) -> BTreeMap<String, String> {
    let mut pairs = BTreeMap::new();
    for (name, value) in params {
        flat(name, value, &mut pairs);
    }
    pairs
}

fn text(scalar: &Json) -> String {
    scalar
        .as_str()
        .map_or_else(|| scalar.to_string(), str::to_owned)
}

/// `Filter.1.Value.2` as the documents name it: `Filter.n.Value.m`.
fn numbered(name: &str) -> String {
    let mut letters = ["n", "m"].into_iter();
    let parts = name.split('.').map(|part| {
        if part.parse::<u32>().is_ok() {
            letters.next().unwrap()
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join(".")
}

/// Whether a value has the type that the document gives.
fn fits(kind: &str, value: &Json) -> bool {
    match kind {
        "string" | "file" => value.is_string(),
        "integer" => value.as_i64().is_some(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "list" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the documents know no type {other}"),
    }
}

fn text_fits(kind: &str, value: &str) -> bool {
    match kind {
        "string" => true,
        "integer" => value.parse::<i64>().is_ok(),
        "number" => value.parse::<f64>().is_ok(),
        "boolean" => value == "true" || value == "false",
        other => panic!("no document puts a {other} into a query"),
    }
}

fn hold_json_against(doc: &Documented, body: &Map<String, Json>) {
    for (name, value) in body {
        let param = doc
            .param(name, None)
            .unwrap_or_else(|| panic!("{}: {name} is not documented", doc.name));
        assert!(
            fits(&param.kind, value),
            "{}: {name} is {value} and documented as {}",
            doc.name,
            param.kind
        );
        hold_inner_against(doc, param, value);
    }
    for param in doc.params.iter().filter(|param| {
        param.parent.is_none() && param.place.is_none() && param.required == json!(true)
    }) {
        assert!(
            body.contains_key(&param.name),
            "{}: {} is required",
            doc.name,
            param.name
        );
    }
}

/// Fields of structures stand in a table of their own, or only in the document's examples, which
/// give no types.
fn hold_inner_against(doc: &Documented, top: &DocumentedParam, value: &Json) {
    let described = |name: &str| doc.param(name, Some(&top.name));
    match value {
        Json::Array(items) => items
            .iter()
            .for_each(|item| hold_inner_against(doc, top, item)),
        Json::Object(fields) => {
            for (name, value) in fields {
                assert!(
                    top.keys.contains(name),
                    "{}: {name} below {} is not documented",
                    doc.name,
                    top.name
                );
                if let Some(param) = described(name) {
                    assert!(
                        fits(&param.kind, value),
                        "{}: {name} is {value} and documented as {}",
                        doc.name,
                        param.kind
                    );
                }
                hold_inner_against(doc, top, value);
            }
        }
        _ => {}
    }
}

fn hold_pairs_against(doc: &Documented, pairs: &BTreeMap<String, String>) {
    for (name, value) in pairs {
        let param = doc
            .param(&numbered(name), None)
            .unwrap_or_else(|| panic!("{}: {name} is not documented", doc.name));
        assert!(
            text_fits(&param.kind, value),
            "{}: {name} is {value} and documented as {}",
            doc.name,
            param.kind
        );
    }
    for param in doc
        .params
        .iter()
        .filter(|param| param.place.is_none() && param.required == json!(true))
    {
        assert!(
            pairs.keys().any(|name| numbered(name) == param.name),
            "{}: {} is required",
            doc.name,
            param.name
        );
    }
}

/// Takes out what the runtime makes where the script gives none.
fn take_generated(
    doc: &Documented,
    given: &Json,
    pairs: &mut BTreeMap<String, String>,
    json: Option<&mut Map<String, Json>>,
) {
    let mut json = json;
    for param in doc
        .params
        .iter()
        .filter(|param| param.generated && given.get(&param.name).is_none())
    {
        let made = match json.as_deref_mut() {
            Some(body) => body.remove(&param.name).map(|value| text(&value)),
            None => pairs.remove(&param.name),
        };
        assert!(
            made.is_some_and(|made| is_uuid(&made)),
            "{}: {}",
            doc.name,
            param.name
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_catalogue_has_the_documented_actions() {
    let catalog = Catalog::default();
    let have: BTreeSet<_> = catalog
        .actions()
        .unwrap()
        .iter()
        .map(|action| action.full_name.to_string())
        .collect();
    let documented: BTreeSet<_> = documented().into_iter().map(|doc| doc.name).collect();
    assert_eq!(have, documented);
}

#[tokio::test(start_paused = true)]
async fn every_action_leaves_as_documented_and_its_example_answer_is_a_success() {
    let bench = Bench::new();
    let mut nonces = BTreeSet::new();
    for doc in documented() {
        let action = bench.action(&doc.name);
        bench.will_give(&doc, &doc.answer);
        let answer = bench
            .call(&action, &action.example, None)
            .await
            .unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(answer.json, action.answer.example, "{}", doc.name);
        assert_eq!(answer.attempts, 1, "{}", doc.name);

        let Seen {
            method,
            url,
            mut pairs,
            mut json,
            form,
            xml,
        } = seen(&bench.last(), doc.product());
        // Texts, which the documents give types.
        json = json.or_else(|| {
            let fields = form?.into_iter().map(|(name, text)| {
                let kind = &doc.param(&name, None).unwrap().kind;
                let value = match kind.as_str() {
                    "string" | "file" => json!(text),
                    _ => serde_json::from_str(&text).unwrap(),
                };
                (name, value)
            });
            Some(Json::Object(fields.collect()))
        });
        assert!(
            doc.methods.iter().any(|known| known == method),
            "{}: {method}",
            doc.name
        );
        assert_eq!(url, documented_url(&doc, &action.example), "{}", doc.name);
        take_common(&doc, &mut pairs, &mut nonces);
        for (name, value) in &doc.query {
            assert_eq!(pairs.remove(name).as_ref(), Some(value), "{}", doc.name);
        }
        let sent = bench.last();
        for param in doc.params_in("header") {
            let given = action.example.get(&param.name).map(text);
            let arrived = sent.headers.get(&param.name);
            let arrived = arrived.map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(arrived, given, "{}: {}", doc.name, param.name);
        }
        let example = &beside_the_path(&doc, &action.example);
        let has_body = match method {
            "POST" | "PUT" => true,
            "DELETE" => !example.is_empty(),
            _ => false,
        };
        if doc.speaks_xml() {
            assert_eq!((json, pairs), (None, BTreeMap::new()), "{}", doc.name);
            // The vector has the same parameters.
            assert_eq!(&doc.request.params, &action.example, "{}", doc.name);
            assert_eq!(xml, doc.request.xml, "{}", doc.name);
            hold_json_against(&doc, example);
        } else if doc.product() == "cds" && method == "PUT" && example.is_empty() {
            assert_eq!((json, pairs), (None, BTreeMap::new()), "{}", doc.name);
        } else if doc.product() == "cds" && has_body {
            assert_eq!(
                pairs,
                BTreeMap::new(),
                "{}: a POST carries its parameters in the body",
                doc.name
            );
            let body = json.as_mut().and_then(Json::as_object_mut).unwrap();
            hold_json_against(&doc, body);
            take_generated(&doc, &action.example, &mut pairs, Some(&mut *body));
            assert_eq!(body, example, "{}", doc.name);
        } else {
            assert_eq!(json, None, "{}", doc.name);
            hold_pairs_against(&doc, &pairs);
            take_generated(&doc, &action.example, &mut pairs, None);
            assert_eq!(pairs, all_flat(example), "{}", doc.name);
        }
    }
}

#[test]
fn the_vectors_fit_their_schema() {
    let schema = fs::read(vector_folder().join("schema.json")).unwrap();
    let schema = serde_json::from_slice(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut found = Vec::new();
    for (name, json) in vector_files() {
        let errors = validator.iter_errors(&json);
        found.extend(errors.map(|error| format!("{name}: {}: {error}", error.instance_path())));
        let vectors = Vectors::deserialize(json).unwrap();
        let mut actions = vectors.actions.iter();
        let is_own = |doc: &Documented| {
            doc.name
                == format!(
                    "{}.{}",
                    vectors.service,
                    doc.name.rsplit('.').next().unwrap()
                )
        };
        let is_named_so = vectors.service == name && actions.all(is_own);
        found.extend((!is_named_so).then(|| format!("{name} has another service's Actions")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn every_vector_is_what_leaves_and_what_is_understood() {
    let bench = Bench::new();
    for doc in documented() {
        let name = &doc.name;
        let vector = &doc.request;
        let action = bench.action(name);
        bench.will_give(&doc, &doc.answer);
        let answer = bench.call(&action, &vector.params, None).await;
        answer.unwrap_or_else(|failure| panic!("{failure}"));
        let sent = bench.last();
        let seen = seen(&sent, doc.product());
        assert_eq!(seen.method, vector.method, "{name}");
        assert_eq!(seen.url, vector.url, "{name}");
        assert_eq!(seen.json, vector.body, "{name}");
        assert_eq!(seen.form, vector.form, "{name}");
        assert_eq!(seen.xml, vector.xml, "{name}");
        for (header, value) in &vector.headers {
            assert_eq!(&sent.headers[header.as_str()], value.as_str(), "{name}");
        }
        // A nonce is another one each time.
        let (mut pairs, mut query) = (seen.pairs, vector.query.clone());
        let nonces = [&mut pairs, &mut query].map(|pairs| pairs.remove("SignatureNonce"));
        assert_eq!(nonces[0].is_some(), nonces[1].is_some(), "{name}");
        assert_eq!(pairs, query, "{name}");

        let url = Url::parse(&vector.url).unwrap();
        let address = Address {
            scheme: url.scheme(),
            host: url.host_str().unwrap(),
            port: url.port(),
            path: url.path(),
        };
        let scheme = action.product.protocol.signer;
        let pairs: Vec<_> = vector.query.clone().into_iter().collect();
        let key = Key::new(scheme, &Secret::new(SECRET.to_owned()));
        let signed = sign(&key, &vector.method, address, &pairs);
        assert_eq!(signed.string_to_sign, vector.string_to_sign, "{name}");
        assert_eq!(signed.signature, vector.signature, "{name}");

        bench.will_give(&doc, &doc.error);
        let failure = bench.call(&action, &vector.params, None).await.unwrap_err();
        let refusal = failure.error.refusal();
        let refusal = refusal.unwrap_or_else(|| panic!("{failure}"));
        let mut error = &doc.error.body;
        if doc.product() == "mcs" {
            error = &error["ErrorResponse"]["Error"];
        }
        let of = |names: [&str; 2]| names.iter().find_map(|name| error.get(name)).map(text);
        assert_eq!(refusal.code, of(["Code", "code"]), "{name}");
        assert_eq!(
            Some(&refusal.message),
            of(["Message", "message"]).as_ref(),
            "{name}"
        );
        assert_eq!(refusal.http_status, doc.error.status, "{name}");
    }
}

/// The sample's numbered keys (`Name.1`) as the lists that a script would give.
fn as_a_script_gives(sample: &Map<String, Json>) -> Json {
    let mut params = Map::new();
    for (name, value) in sample {
        match name.split_once('.') {
            Some((list, _)) => params
                .entry(list)
                .or_insert_with(|| json!([]))
                .as_array_mut()
                .unwrap()
                .push(value.clone()),
            None => _ = params.insert(name.clone(), value.clone()),
        }
    }
    Json::Object(params)
}

/// Actions whose sample contradicts the table of its own document, and the parameter; the catalogue
/// follows the table.
const CONTRADICTIONS: &[(&str, &str)] = &[
    ("cds.vdc.VDCBandwidthUnitPrice", "BillingScheme"),
    ("cds.bms.CreateBmsInstance", "EnableMonitor"),
    ("cds.ecs.CreateInstance", "DataDisk"),
    ("cds.ebs.AttachDisk", "EcsId"),
    ("cds.ebs.DescribeEcsAttachDisks", "EcsId"),
    ("cds.cdn.ModifyCdn", "slavesource"),
    ("cds.oss_v11.PutBucketTags", "key1"),
    ("cds.oss_v11.DeleteBucketTags", "key1"),
];

#[tokio::test(start_paused = true)]
async fn the_samples_of_the_documents_leave_unchanged() {
    let bench = Bench::new();
    for doc in documented() {
        let Some(sample) = &doc.sample else { continue };
        bench.will_answer(200, &success(&doc));
        let action = bench.action(&doc.name);
        let mut given = as_a_script_gives(sample);
        for param in doc.params_in("header") {
            given[&param.name] = action.example[&param.name].clone();
        }
        let outcome = bench.call(&action, &given, None).await;
        if let Some((_, parameter)) = CONTRADICTIONS.iter().find(|(name, _)| *name == doc.name) {
            let failure = outcome.unwrap_err();
            assert_eq!(
                (failure.error.kind(), failure.attempts),
                (Kind::Validation, 0),
                "{failure}"
            );
            assert!(failure.to_string().contains(parameter), "{failure}");
            continue;
        }
        outcome.unwrap_or_else(|failure| panic!("{failure}"));
        let Seen {
            mut pairs,
            mut json,
            ..
        } = seen(&bench.last(), doc.product());
        take_common(&doc, &mut pairs, &mut BTreeSet::new());
        take_generated(
            &doc,
            &given,
            &mut pairs,
            json.as_mut().and_then(Json::as_object_mut),
        );
        // As text, because a sample may write a number as a string.
        let sent = json
            .as_ref()
            .and_then(Json::as_object)
            .map_or(pairs, all_flat);
        assert_eq!(
            sent,
            all_flat(&beside_the_path(&doc, &given)),
            "{}",
            doc.name
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_region_changes_the_hosts_that_have_one() {
    let bench = Bench::new();
    bench.will_answer(200, &json!({"Code": "Success"}));
    for (region, host) in [
        ("cn", "cdsapi.capitalonline.net"),
        ("CN_Beijing_A", "cdsapi.capitalonline.net"),
        ("asia", "cdsapi-asia.capitalonline.net"),
        ("us", "cdsapi-us.capitalonline.net"),
        ("US_Dallas_J", "cdsapi-us.capitalonline.net"),
    ] {
        for doc in documented()
            .into_iter()
            .filter(|doc| doc.product() == "cds")
        {
            let action = bench.action(&doc.name);
            bench.will_answer(200, &success(&doc));
            bench
                .call(&action, &action.example, Some(region))
                .await
                .unwrap();
            let sent = bench.last().url;
            let documented = doc.host.as_deref().unwrap();
            let expected = if documented == "cdsapi.capitalonline.net" {
                host
            } else {
                documented
            };
            assert_eq!(
                (sent.host_str(), sent.path()),
                (
                    Some(expected),
                    documented_path(&doc, &action.example).as_str()
                ),
                "{} {region}",
                doc.name
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_a_path_stays_one_part_of_it() {
    let bench = Bench::new();
    bench.will_answer(200, &json!({"code": 200}));
    let action = bench.action("cds.cdn.DisableCdn");
    for (name, part) in [
        ("www.example.com", "www.example.com"),
        ("a/../b", "a%2F..%2Fb"),
        ("%2e%2e", "%252e%252e"),
        ("a?b#c d", "a%3Fb%23c%20d"),
        ("\u{57df}", "%E5%9F%9F"),
    ] {
        let given = json!({"domainname": name});
        bench.call(&action, &given, None).await.unwrap();
        let sent = bench.last().url;
        assert_eq!(
            sent.path(),
            format!("/cdnapi/distribution/{part}/disable/"),
            "{name}"
        );
        assert!(!sent.query().unwrap().contains("domainname"), "{sent}");
    }
    for name in ["", ".", ".."] {
        let given = json!({"domainname": name});
        let failure = bench.call(&action, &given, None).await.unwrap_err();
        assert_eq!(failure.error.kind(), Kind::Validation, "{failure}");
        assert!(failure.to_string().contains("path"), "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_travels_in_the_string_that_the_document_wants() {
    let bench = Bench::new();
    bench.will_answer(200, &json!({"Code": "Success"}));
    let mut encoded = 0;
    for doc in documented() {
        for param in &doc.params {
            let expected = match param.encoding.as_deref() {
                Some("comma") => "a-1,b 2",
                Some("json") => r#"["a-1","b 2"]"#,
                _ => continue,
            };
            encoded += 1;
            let action = bench.action(&doc.name);
            for given in [json!(["a-1", "b 2"]), json!(expected)] {
                let mut params = action.example.clone();
                params[&param.name] = given;
                bench.call(&action, &params, None).await.unwrap();
                let Seen { pairs, json, .. } = seen(&bench.last(), doc.product());
                let sent = match &json {
                    Some(body) => body[&param.name].as_str(),
                    None => pairs.get(&param.name).map(String::as_str),
                };
                assert_eq!(sent, Some(expected), "{} {}", doc.name, param.name);
            }
        }
    }
    assert_eq!(encoded, 12);
}

#[tokio::test(start_paused = true)]
async fn lists_and_filters_of_a_form_are_numbered_from_1() {
    let bench = Bench::new();
    bench.will_answer(200, &json!({"DescribeInstancesResponse": {}}));
    let action = bench.action("mcs.DescribeInstances");
    let filter =
        json!([{"Name": "name", "Value": ["a&b", "c"]}, {"Name": "status", "Value": ["ready"]}]);
    bench
        .call(
            &action,
            &json!({"InstanceId": ["x", "y"], "Filter": filter}),
            None,
        )
        .await
        .unwrap();
    let mut pairs = seen(&bench.last(), "mcs").pairs;
    pairs.retain(|name, _| name.contains('.'));
    let expected = [
        ("Filter.1.Name", "name"),
        ("Filter.1.Value.1", "a&b"),
        ("Filter.1.Value.2", "c"),
        ("Filter.2.Name", "status"),
        ("Filter.2.Value.1", "ready"),
        ("InstanceId.1", "x"),
        ("InstanceId.2", "y"),
    ];
    assert_eq!(
        pairs,
        expected
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    );
}

#[tokio::test(start_paused = true)]
async fn a_parameter_called_action_leaves_the_querys_action_alone() {
    let bench = Bench::new();
    bench.will_answer(200, &json!({"Code": "Success"}));
    let action = bench.action("cds.ccs.AddSecurityGroupRule");
    bench.call(&action, &action.example, None).await.unwrap();
    let seen = seen(&bench.last(), "cds");
    assert_eq!(seen.pairs["Action"], "AddSecurityGroupRule");
    assert_eq!(seen.json.unwrap()["Action"], action.example["Action"]);
}

#[tokio::test(start_paused = true)]
async fn every_documented_error_code_is_a_refusal_with_its_meaning() {
    let bench = Bench::new();
    let mut codes = 0;
    for doc in documented() {
        let action = bench.action(&doc.name);
        for error in &doc.errors {
            codes += 1;
            for status in [error.http.unwrap_or(400), 200] {
                bench.will_answer(status, &json!({"Code": error.code, "Message": "as the service says", "RequestId": "r-1"}));
                let failure = bench
                    .call(&action, &action.example, None)
                    .await
                    .unwrap_err();
                assert_eq!(
                    failure.error.kind(),
                    Kind::Service,
                    "{} {}",
                    doc.name,
                    error.code
                );
                let refusal = failure.error.refusal().unwrap();
                assert_eq!(
                    refusal.code.as_deref(),
                    Some(error.code.as_str()),
                    "{}",
                    doc.name
                );
                assert_eq!(refusal.message, "as the service says", "{}", doc.name);
                assert_eq!(refusal.http_status, status, "{}", doc.name);
                assert_eq!(refusal.request_id.as_deref(), Some("r-1"), "{}", doc.name);
                assert!(
                    refusal.meaning.is_some(),
                    "{}: {} has no meaning",
                    doc.name,
                    error.code
                );
            }
        }
    }
    assert!(codes > 300, "{codes}");
}

/// What arrived at a socket.
struct Arrived {
    method: String,
    target: String,
    host: String,
    content_type: Option<String>,
    body: Bytes,
}

async fn listen(arrivals: Arc<Mutex<Vec<Arrived>>>) -> String {
    let handler = async move |request: axum::extract::Request| {
        let (parts, body) = request.into_parts();
        let header = |name: &str| {
            parts
                .headers
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let is_cdn = parts.uri.path().starts_with("/cdnapi/");
        arrivals.lock().unwrap().push(Arrived {
            method: parts.method.to_string(),
            target: parts.uri.to_string(),
            host: header("host").unwrap(),
            content_type: header("content-type"),
            body,
        });
        if is_cdn {
            r#"{"code": 200}"#
        } else {
            r#"{"Code": "Success"}"#
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, axum::Router::new().fallback(handler)).into_future());
    url
}

#[tokio::test]
async fn what_arrives_at_a_socket_is_what_was_signed() {
    let arrivals = Arc::default();
    let base = listen(Arc::clone(&arrivals)).await;
    let recorder = RecordingTransport {
        forward: Some(HttpTransport::default()),
        ..RecordingTransport::default()
    };
    let base_host = base.strip_prefix("http://").unwrap();
    let mcs = format!("{base}/mcs/v1");
    let bench = Bench::with(
        recorder,
        &[("cds", &base), ("mcs", &mcs), ("aliyun", &base)],
    );
    for doc in documented() {
        let action = bench.action(&doc.name);
        bench.call(&action, &action.example, None).await.unwrap();
        let sent = bench.last();
        seen(&sent, doc.product());
        let arrived = arrivals.lock().unwrap().pop().unwrap();
        assert_eq!(arrived.method, sent.method, "{}", doc.name);
        let (url, host) = (sent.url.to_string(), sent.headers.get("host"));
        let host = host.map_or(base_host, |host| host.to_str().unwrap());
        assert_eq!(
            (
                arrived.host.as_str(),
                format!("http://{base_host}{}", arrived.target)
            ),
            (host, url),
            "{}",
            doc.name
        );
        let (content_type, body) = bytes(&sent).unzip();
        let arrived_type = arrived.content_type.as_deref();
        assert_eq!(
            // Without what stands between the parts of a form.
            arrived_type.map(|all| all.split(';').next().unwrap_or(all)),
            content_type,
            "{}",
            doc.name
        );
        assert_eq!(arrived.body, body.unwrap_or_default(), "{}", doc.name);
    }
}
