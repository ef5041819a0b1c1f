//! Files that calls send and receive: read while they are sent, whole under their names or not at
//! all, and only where the run may read and write.

use crate::support::{Test, answering, http as answer, simulator};
use bytes::Bytes;
use cumulua::client::error::{Failure, Kind, Sent};
use cumulua::client::transport::{
    AnswerTo, Body, BoxFuture, Request, Response, Transport, TransportError,
};
use cumulua::client::value::Value;
use cumulua::client::{Answer, Call, CallOptions, FileOption};
use cumulua::config::{Flags, Profiles};
use cumulua::effect_id::EffectId;
use cumulua::gate::{Event, Gate, GateParts, Grants, Observer, Random};
use cumulua_core::clock::Clock;
use cumulua_core::secret::Redactor;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value as Json, json};
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const BUCKET: &str = "test001.oss-cnbj01.cdsgss.com";

/// A page of a script that has the bucket and the object `one` with the text `content`.
const PREPARED: &str =
    "local oss, at = cds.oss_v11, { Host = 'test001.oss-cnbj01.cdsgss.com', key = 'one' }
    oss.PutBucket { Host = at.Host, bucket_type = 'private' }
    oss.UploadObject { Host = at.Host, key = 'one', files = 'content' }
    ";

/// What the transport of a test does with a request.
type Reaction =
    Box<dyn Fn(Request) -> BoxFuture<'static, Result<Response, TransportError>> + Send + Sync>;

/// What is done to a file.
type Change = fn(&Path);

/// Does one step after another.
#[derive(Default)]
struct Steps {
    steps: Mutex<VecDeque<Reaction>>,
    sent: Mutex<Vec<Request>>,
}

impl Transport for Steps {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.sent.lock().unwrap().push(request.clone());
        let step = self.steps.lock().unwrap().pop_front();
        step.expect("no more requests are to come")(request)
    }
}

/// Keeps what it is shown of files.
#[derive(Default)]
struct Seen(Mutex<Vec<(u64, Option<u64>)>>);

impl Observer for Seen {
    fn event(&self, event: Event) {
        match event {
            Event::Transferring { bytes, total, .. } => self.0.lock().unwrap().push((bytes, total)),
            Event::Transferred { bytes, .. } => self.0.lock().unwrap().push((bytes, None)),
            _ => {}
        }
    }
}

/// A gate over steps, with a folder that it may use.
struct Bench {
    gate: Gate,
    transport: Arc<Steps>,
    seen: Arc<Seen>,
    folder: TempDir,
}

impl Bench {
    fn new(steps: Vec<Reaction>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("own.toml");
        fs::write(
            &config,
            "[profiles.test.cds]\naccess_key = \"key-id\"\nsecret_key = \"secret-key\"\n",
        )
        .unwrap();
        let granted = folder.path().join("work");
        fs::create_dir(&granted).unwrap();
        let transport = Arc::new(Steps {
            steps: Mutex::new(steps.into()),
            ..Steps::default()
        });
        let seen = Arc::<Seen>::default();
        let gate = Gate::new(GateParts {
            confirm: None,
            catalog: Arc::default(),
            profiles: Arc::new(Profiles::new(Flags {
                config: Some(config),
                start: folder.path().to_owned(),
                ..Flags::default()
            })),
            clock: Clock::starting_at("2026-11-21T04:00:00Z".parse().unwrap()),
            random: Random::seeded(7),
            transport: Arc::clone(&transport) as Arc<dyn Transport>,
            observer: Arc::clone(&seen) as Arc<dyn Observer>,
            audit: None,
            grants: Grants {
                allow_paths: vec![granted],
                ..Grants::default()
            },
            redactor: Arc::new(Redactor::default()),
            simulation: None,
        });
        Self {
            gate,
            transport,
            seen,
            folder,
        }
    }

    fn then<const N: usize>(&self, steps: [Reaction; N]) {
        self.transport.steps.lock().unwrap().extend(steps);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("work").join(name)
    }

    /// What stands in the folder.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    async fn call(&self, action: &str, path: &Path) -> Result<Answer, Failure> {
        let name = format!("cds.oss_v11.{action}");
        let Value::Object(params) = Value::from(&json!({"Host": BUCKET, "key": "one"})) else {
            panic!("parameters are an object")
        };
        let options = CallOptions {
            profile: Some("test".to_owned()),
            file: Some(FileOption {
                path: path.to_owned(),
                overwrite: false,
            }),
            ..CallOptions::default()
        };
        let call = Call {
            action: self.gate.catalog().action(&name).unwrap(),
            params,
            content: None,
            options,
        };
        self.gate.call(call, &EffectId::default()).await
    }

    async fn receive(&self) -> Result<Answer, Failure> {
        self.call("GetObject", &self.path("got")).await
    }

    fn header(&self, request: usize, name: &str) -> Option<String> {
        let sent = self.transport.sent.lock().unwrap();
        let value = sent[request].headers.get(name)?;
        Some(value.to_str().unwrap().to_owned())
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect::<HeaderMap>()
}

/// Answers a call.
fn answers(body: &Json) -> Reaction {
    let body = Bytes::from(body.to_string());
    Box::new(move |_| {
        let response = Response {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: body.clone(),
        };
        Box::pin(async move { Ok(response) })
    })
}

/// Answers with the URL of an object.
fn leads_to(url: &str) -> Reaction {
    answers(&json!({"Code": "Success", "Msg": "Success", "Data": {"url": url}, "RequestId": "1"}))
}

fn leads_to_object() -> Reaction {
    leads_to("https://account.oss-cnbj01.cdsgss.com/test001/one?Signature=0123456789abcdef")
}

/// Gives so much of an object, and breaks off where `is_whole` is not so.
fn gives(
    status: u16,
    pairs: &'static [(&'static str, &'static str)],
    bytes: &'static [u8],
    is_whole: bool,
) -> Reaction {
    Box::new(move |request| {
        Box::pin(async move {
            let AnswerTo::Writer { open, .. } = &request.answer else {
                panic!("a file is written while it comes")
            };
            let (status, headers) = (StatusCode::from_u16(status).unwrap(), headers(pairs));
            let unwritten = |error: std::io::Error| TransportError::NotWritten {
                host: "host".to_owned(),
                status: status.as_u16(),
                reason: error.to_string(),
            };
            if status.is_success() {
                let mut writer = open(status, &headers).map_err(unwritten)?;
                writer.write_all(bytes).await.map_err(unwritten)?;
                writer.shutdown().await.map_err(unwritten)?;
            }
            if is_whole {
                return Ok(Response {
                    status,
                    headers,
                    body: Bytes::new(),
                });
            }
            Err(TransportError::CutShort {
                host: "host".to_owned(),
                status: status.as_u16(),
                reason: "it broke".to_owned(),
            })
        })
    })
}

/// The beginning of an object of 7 bytes.
fn breaks_off() -> Reaction {
    let headers = &[("content-length", "7"), ("etag", "\"v1\"")];
    gives(200, headers, b"con", false)
}

#[tokio::test(start_paused = true)]
async fn a_file_is_received_under_another_name_and_gets_its_own_once_it_is_whole() {
    let bench = Bench::new(vec![
        leads_to_object(),
        gives(200, &[("content-length", "7")], b"content", true),
    ]);
    let answer = bench.receive().await.unwrap();
    assert_eq!(answer.json["Code"], "Success");
    assert_eq!(fs::read(bench.path("got")).unwrap(), b"content");
    assert_eq!(bench.names(), ["got"]);
    assert_eq!(*bench.seen.0.lock().unwrap(), [(0, Some(7)), (7, None)]);
    let sent = bench.transport.sent.lock().unwrap();
    assert_eq!(sent[1].method, "GET");
    assert!(
        !sent[1].headers.contains_key("host") && sent[1].headers["accept-encoding"] == "identity"
    );
}

#[tokio::test(start_paused = true)]
async fn what_broke_off_goes_on_where_it_was() {
    let bench = Bench::new(vec![
        leads_to_object(),
        breaks_off(),
        gives(503, &[], b"", true),
        gives(206, &[("content-range", "bytes 3-6/7")], b"te", false),
        gives(206, &[("content-range", "bytes 5-6/7")], b"nt", true),
    ]);
    bench.receive().await.unwrap();
    assert_eq!(fs::read(bench.path("got")).unwrap(), b"content");
    assert_eq!(bench.names(), ["got"]);
    for (request, range) in [(2, "bytes=3-"), (3, "bytes=3-"), (4, "bytes=5-")] {
        assert_eq!(bench.header(request, "range").as_deref(), Some(range));
        assert_eq!(bench.header(request, "if-range").as_deref(), Some("\"v1\""));
    }
    assert_eq!(bench.header(1, "range"), None);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_another_one_meanwhile_begins_anew() {
    let bench = Bench::new(vec![
        leads_to_object(),
        breaks_off(),
        gives(
            200,
            &[("content-length", "5"), ("etag", "\"v2\"")],
            b"other",
            true,
        ),
    ]);
    bench.receive().await.unwrap();
    assert_eq!(fs::read(bench.path("got")).unwrap(), b"other");
    assert_eq!(bench.names(), ["got"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_on_where_nothing_shows_that_it_is_the_same_file() {
    for pairs in [
        &[("content-length", "7")][..],
        &[("content-length", "7"), ("etag", "W/\"weak\"")],
        &[("etag", "\"unpacked\"")],
    ] {
        let bench = Bench::new(vec![
            leads_to_object(),
            gives(200, pairs, b"con", false),
            gives(200, pairs, b"content", true),
        ]);
        bench.receive().await.unwrap();
        assert_eq!(bench.header(2, "range"), None, "{pairs:?}");
        assert_eq!(fs::read(bench.path("got")).unwrap(), b"content");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_does_not_come_whole_leaves_nothing_behind() {
    const PART: &[(&str, &str)] = &[("content-length", "7"), ("etag", "\"v1\"")];
    let refusals: Vec<(Reaction, Kind, &str)> = vec![
        (
            gives(404, &[], b"", true),
            Kind::Response,
            "HTTP status 404",
        ),
        (gives(302, &[], b"", true), Kind::Response, "redirects"),
        (
            gives(206, &[("content-range", "bytes 2-6/7")], b"x", true),
            Kind::Response,
            "another part than was asked for",
        ),
    ];
    for (refusal, kind, reason) in refusals {
        let bench = Bench::new(vec![
            leads_to_object(),
            gives(200, PART, b"con", false),
            refusal,
        ]);
        let failure = bench.receive().await.unwrap_err();
        assert_eq!(failure.error.kind(), kind, "{failure}");
        assert!(failure.to_string().contains(reason), "{failure}");
        assert_eq!(bench.names(), [""; 0], "{failure}");
    }
    // It breaks off again and again, and shorter than it was to be.
    let mut steps = vec![leads_to_object()];
    steps.extend((0..5).map(|_| gives(200, &[("content-length", "7")], b"con", true)));
    let bench = Bench::new(steps);
    let failure = bench.receive().await.unwrap_err();
    assert!(
        failure.to_string().contains("3 of its 7 bytes"),
        "{failure}"
    );
    assert_eq!(bench.names(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_url_that_leads_elsewhere_is_not_asked_for() {
    for (url, reason) in [
        ("https://evil.example/one", "not below cdsgss.com"),
        ("https://evil-cdsgss.com/one", "not below cdsgss.com"),
        ("http://a.oss-cnbj01.cdsgss.com/one", "https alone"),
        ("file:///etc/hostname", "not below cdsgss.com"),
        ("one", "is no URL"),
    ] {
        let bench = Bench::new(vec![leads_to(url)]);
        let failure = bench.receive().await.unwrap_err();
        assert!(failure.to_string().contains(reason), "{failure}");
        assert_eq!(
            (failure.error.kind(), failure.sent),
            (Kind::Response, Sent::Yes)
        );
        assert_eq!(bench.names(), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_there_meanwhile_is_not_replaced() {
    let bench = Bench::new(Vec::new());
    let target = bench.path("got");
    let step: Reaction = {
        let (target, give) = (
            target.clone(),
            gives(200, &[("content-length", "7")], b"content", true),
        );
        Box::new(move |request| {
            fs::write(&target, "another one's").unwrap();
            give(request)
        })
    };
    bench.then([leads_to_object(), step]);
    let failure = bench.receive().await.unwrap_err();
    assert!(failure.to_string().contains("meanwhile"), "{failure}");
    assert_eq!(fs::read_to_string(target).unwrap(), "another one's");
    assert_eq!(bench.names(), ["got"]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_grows_or_shrinks_makes_no_whole_request() {
    /// Longer than what is read ahead.
    const LENGTH: u64 = 2 << 20;
    let changes: [(&str, Change); 3] = [
        ("grew", |path| {
            let mut file = OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(b"more").unwrap();
        }),
        ("shrank", |path| {
            let file = OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(LENGTH - 1).unwrap();
        }),
        ("was changed", |path| {
            let file = OpenOptions::new().write(true).open(path).unwrap();
            let earlier = std::time::SystemTime::UNIX_EPOCH;
            file.set_modified(earlier).unwrap();
        }),
    ];
    for (how, change) in changes {
        let bench = Bench::new(Vec::new());
        let path = bench.path("sent");
        File::create(&path).unwrap().set_len(LENGTH).unwrap();
        let changed = path.clone();
        let step: Reaction = Box::new(move |request| {
            let changed = changed.clone();
            Box::pin(async move {
                let Some((_, Body::Stream { length, open })) = request.body else {
                    panic!("a file is read while it is sent")
                };
                let mut reader = open().unwrap();
                let mut first = [0; 1000];
                reader.read_exact(&mut first).await.unwrap();
                change(&changed);
                let mut rest = Vec::new();
                let error = reader.read_to_end(&mut rest).await.unwrap_err();
                assert!((rest.len() as u64) < length, "{error}");
                Err(TransportError::Dropped {
                    host: "host".to_owned(),
                    reason: error.to_string(),
                })
            })
        });
        bench.then([step]);
        let failure = bench.call("UploadObject", &path).await.unwrap_err();
        assert!(failure.to_string().contains(how), "{failure}");
        assert_eq!((failure.sent, failure.attempts), (Sent::Maybe, 1), "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_between_two_attempts_is_not_sent() {
    let bench = Bench::new(Vec::new());
    let path = bench.path("sent");
    fs::write(&path, "content").unwrap();
    let changed = path.clone();
    let refused: Reaction = Box::new(move |_| {
        fs::write(&changed, "other content").unwrap();
        Box::pin(async {
            Err(TransportError::NotConnected {
                host: "host".to_owned(),
                reason: "refused".to_owned(),
            })
        })
    });
    let opens: Reaction = Box::new(|request| {
        Box::pin(async move {
            let Some((_, Body::Stream { open, .. })) = request.body else {
                panic!("a file is read while it is sent")
            };
            let error = open().err().expect("it is another file");
            Err(TransportError::NoBody(error.to_string()))
        })
    });
    bench.then([refused, opens]);
    let failure = bench.call("UploadObject", &path).await.unwrap_err();
    assert!(
        failure.to_string().contains("grew from 7 to 13 bytes"),
        "{failure}"
    );
    assert_eq!(failure.sent, Sent::No);
}

#[tokio::test(start_paused = true)]
async fn only_files_that_the_run_may_use_are_sent_and_received() {
    let bench = Bench::new(Vec::new());
    let outside = bench.folder.path().join("other");
    fs::write(&outside, "content").unwrap();
    for (action, path, kind, reason) in [
        ("UploadObject", outside, Kind::Policy, "outside"),
        (
            "UploadPart",
            bench.path("none"),
            Kind::Validation,
            "No such file",
        ),
        (
            "UploadObject",
            bench.path(""),
            Kind::Validation,
            "no length",
        ),
        (
            "GetObject",
            bench.folder.path().join("new"),
            Kind::Policy,
            "outside",
        ),
        (
            "GetObject",
            bench.path("cumulua.toml"),
            Kind::Policy,
            "decides",
        ),
        (
            "GetObject",
            bench.path("none/new"),
            Kind::Validation,
            "No such file",
        ),
        (
            "HeadObject",
            bench.path("new"),
            Kind::Validation,
            "does neither",
        ),
    ] {
        let failure = bench.call(action, &path).await.unwrap_err();
        assert!(failure.to_string().contains(reason), "{action}: {failure}");
        assert_eq!(
            (failure.error.kind(), failure.sent),
            (kind, Sent::No),
            "{failure}"
        );
    }
    assert!(bench.transport.sent.lock().unwrap().is_empty());
    assert_eq!(bench.names(), [""; 0]);
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_link_is_not_followed_out_of_the_folder() {
    let bench = Bench::new(Vec::new());
    let secret = bench.folder.path().join("own.toml");
    let link = bench.path("link");
    std::os::unix::fs::symlink(&secret, &link).unwrap();
    let failure = bench.call("UploadObject", &link).await.unwrap_err();
    assert_eq!(failure.error.kind(), Kind::Policy, "{failure}");
    let failure = bench.call("GetObject", &link).await.unwrap_err();
    assert_eq!(failure.error.kind(), Kind::Validation, "{failure}");
    assert!(bench.transport.sent.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_whose_file_stands_still_ends() {
    let bench = Bench::new(vec![Box::new(|_| Box::pin(std::future::pending()))]);
    let path = bench.path("sent");
    fs::write(&path, "content").unwrap();
    let failure = bench.call("UploadObject", &path).await.unwrap_err();
    assert_eq!(
        (failure.error.kind(), failure.sent),
        (Kind::Timeout, Sent::Maybe)
    );
}

#[test]
fn a_form_has_the_bytes_of_the_file_and_the_other_parameters() {
    let code = format!(
        "{PREPARED}
        local bytes = {{}}
        for code = 0, 255 do bytes[#bytes + 1] = string.char(code) end
        local all = table.concat(bytes):rep(1000) .. '\\r\\n--'
        assert(io.open('all', 'wb')):write(all):close()
        at.key = 'a/ä \"b\"'
        oss.UploadObject({{ Host = at.Host, key = at.key, tags = {{ {{ key = 'k', value = 'v' }} }} }}, {{ file = 'all' }})
        assert(oss.GetObjectTags(at).Data.tags[1].value == 'v')
        oss.GetObject(at, {{ file = 'back' }})
        assert(io.open('back', 'rb'):read 'a' == all, 'a file comes back as it was')
        oss.UploadObject {{ Host = at.Host, key = at.key, files = all }}
        oss.GeneratePresignedurl(at, {{ file = 'back', overwrite = true }})
        assert(io.open('back', 'rb'):read 'a' == all, 'a string comes back as it was')
        oss.UploadObject {{ Host = at.Host, key = at.key, files = '' }}
        oss.GetObject(at, {{ file = 'empty' }})
        print(#io.open('empty'):read 'a', oss.HeadObject(at).Data.content_length)"
    );
    Test::simulated(&code).prints("0\t0\n");
    let (url, _) = simulator();
    Test::against(&url, &code).prints("0\t0\n");
}

#[test]
fn a_file_that_is_there_is_replaced_only_where_that_is_wanted() {
    let code = format!(
        "{PREPARED}
        local ok, problem = pcall(oss.GetObject, at, {{ file = 'there' }})
        print(ok, problem.kind, problem.sent, io.open('there'):read 'a')
        oss.GetObject(at, {{ file = 'there', overwrite = true }})
        print(io.open('there'):read 'a')"
    );
    Test::simulated(&code)
        .file("there", "mine")
        .prints("false\tvalidation\tno\tmine\ncontent\n");
}

#[test]
fn options_that_do_not_fit_are_refused_before_anything_is_sent() {
    let code = format!(
        "{PREPARED}
        local function refused(...)
            local ok, problem = pcall(...)
            assert(not ok and problem.sent == 'no' and problem.kind == 'validation', tostring(problem))
            print((tostring(problem):gsub('^.-: ', '', 1)))
        end
        refused(oss.UploadObject, at)
        refused(oss.UploadObject, {{ Host = at.Host, key = 'x', files = 'text' }}, {{ file = 'there' }})
        refused(oss.UploadObject, {{ Host = at.Host, key = 'x', files = 5 }})
        refused(oss.UploadObject, at, {{ file = 'there', overwrite = true }})
        refused(oss.GetObject, at, {{ overwrite = true }})
        refused(oss.GetObject, at, {{ file = 5 }})"
    );
    let output = Test::simulated(&code).file("there", "mine").run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    for word in [
        "files: missing; Content of the object: a string, or the option file = PATH",
        "files and the option file are both given",
        "must be a string",
        "the option overwrite is for a file that is received",
        "the option overwrite goes with the option file",
        "the option file must be the path of a file",
    ] {
        assert!(output.stdout.contains(word), "{word}: {}", output.stdout);
    }
}

#[test]
fn the_shell_sends_and_receives_files_too() {
    let (url, _) = simulator();
    let call = |args: &[&str]| {
        let endpoint = format!("cds={url}");
        let mut all = vec!["call", "--endpoint", &endpoint];
        all.extend(args);
        let host = format!("Host={BUCKET}");
        all.extend([host.as_str()]);
        Test::new()
            .args(all)
            .credentials("sim", "sim-secret")
            .file("one", "content of a file")
    };
    call(&["cds.oss_v11.PutBucket", "bucket_type=public"]).run_well();
    call(&["cds.oss_v11.UploadObject", "key=k", "--file", "one"]).run_well();
    call(&["cds.oss_v11.UploadObject", "key=t", "files=text"]).run_well();
    let received = call(&["cds.oss_v11.GetObject", "key=k", "--file", "new"]).run();
    assert_eq!(received.status, 0, "{}", received.stderr);
    let new = received.folder.path().join("new");
    assert_eq!(fs::read_to_string(new).unwrap(), "content of a file");
    call(&["cds.oss_v11.GetObject", "key=t", "--file", "one"]).fails(1, &["one is there already"]);
    call(&["cds.oss_v11.GetObject", "key=t", "--overwrite"]).fails(2, &["--file"]);
}

#[test]
fn records_have_where_a_file_came_from_and_not_what_is_in_it() {
    let code = format!("{PREPARED} oss.UploadObject(at, {{ file = 'one' }})");
    let test = Test::simulated(&code)
        .args(["--audit", "audit.jsonl"])
        .file("one", "what is in it");
    let audit = test.path("audit.jsonl");
    let output = test.run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let text = fs::read_to_string(audit).unwrap();
    assert!(
        text.contains("13 bytes of one") && text.contains("7 bytes"),
        "{text}"
    );
    assert!(
        !text.contains("what is in it") && !text.contains("content"),
        "{text}"
    );
}

/// A server that answers a call with the URL of a file, and of that file so many bytes of more, and
/// then waits; gives its URL.
fn stalling(has_sent: std::sync::mpsc::Sender<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let own = url.clone();
    thread::spawn(move || {
        let body = json!({"Code": "Success", "Data": {"url": format!("{own}/test001/one")}});
        let call = listener.accept().unwrap().0;
        read_head(&mut BufReader::new(&call));
        (&call)
            .write_all(answer("200 OK", &body.to_string(), None).as_bytes())
            .unwrap();
        drop(call);
        let mut file = listener.accept().unwrap().0;
        read_head(&mut BufReader::new(&file));
        file.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            .unwrap();
        file.write_all(&[b'x'; 1000]).unwrap();
        has_sent.send(()).unwrap();
        let _ = file.read(&mut [0]);
    });
    url
}

fn read_head(stream: &mut BufReader<&TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).unwrap() > 0 {}
    head
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_half_file() {
    use std::process::{Command, Stdio};

    let (send, receive) = std::sync::mpsc::channel();
    let url = stalling(send);
    let folder = tempfile::tempdir().unwrap();
    let code = "cds.oss_v11.GetObject({ Host = 'test001.oss-cnbj01.cdsgss.com', key = 'one' }, { file = 'got' })";
    let child = Command::new(env!("CARGO_BIN_EXE_cumulua"))
        .args(["run", "--endpoint", &format!("cds={url}"), "-e", code])
        .env_clear()
        .env("HOME", "/nonexistent")
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    receive.recv().unwrap();
    // The file has begun, under another name.
    let names = || {
        let entries = fs::read_dir(&folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect::<Vec<_>>()
    };
    while names().is_empty() {
        thread::yield_now();
    }
    assert!(names()[0].starts_with(".cumulua-"), "{:?}", names());
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(names(), [""; 0]);
}

/// Reads a form so far, lets the file be changed, and reads on to its end; gives whether all of it
/// came.
fn reading(listener: TcpListener, change: impl FnOnce() + Send + 'static) -> JoinHandle<bool> {
    thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        let mut reader = BufReader::new(&stream);
        let head = read_head(&mut reader).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap();
        let length: usize = length.parse().unwrap();
        change();
        let mut body = Vec::new();
        let _ = reader.take(length as u64).read_to_end(&mut body);
        body.len() == length
    })
}

#[test]
fn over_a_socket_a_file_that_changes_ends_the_attempt() {
    /// More than the buffers of both ends have.
    const LENGTH: u64 = 64 << 20;
    for (length, how) in [(LENGTH + 1, "grew"), (LENGTH - 1, "shrank")] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let code = "local ok, problem = pcall(cds.oss_v11.UploadObject,
            { Host = 'test001.oss-cnbj01.cdsgss.com', key = 'one' }, { file = 'one' })
            print(ok, problem.sent, problem.attempts, problem.message)";
        let test = Test::against(&url, code);
        let path = test.path("one");
        File::create(&path).unwrap().set_len(LENGTH).unwrap();
        let change = move || {
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(length).unwrap();
        };
        let is_whole = reading(listener, change);
        let output = test.run_well();
        assert!(output.starts_with("false\tmaybe\t1\t"), "{output}");
        assert!(output.contains(how), "{output}");
        assert!(!is_whole.join().unwrap(), "{how}");
    }
}

#[test]
fn a_refusal_of_an_upload_is_a_refusal() {
    let refusal = r#"{"Code": "NoSuchBucket", "Msg": "no", "RequestId": "1"}"#;
    let url = answering(answer("404 Not Found", refusal, None));
    let code = "local ok, problem = pcall(cds.oss_v11.UploadObject,
        { Host = 'test001.oss-cnbj01.cdsgss.com', key = 'one', files = 'x' })
        print(ok, problem.kind, problem.code)";
    Test::against(&url, code).prints("false\tservice\tNoSuchBucket\n");
}
