//! Notifications that arrive: each ready receiver is held to its vendor's document by a server that
//! checks signature, body and limits, and answers errors as the vendor does.

use crate::served::{Served, command, folder, get, until};
use crate::support::flat;
use crate::tls::Authority;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cumulua::history::{Filter, HistoryEntry, NewNotification, NotificationRow, Store};
use cumulua_core::clock::wall_now;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::SignedDuration;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value as Json;
use sha2::Sha256;
use std::collections::HashMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use tempfile::TempDir;
use url::Url;

const NEVER: &str = "[[schedule]]\nname = 'nightly'\nscript = 'a.lua'\ncron = '0 0 1 1 *'\ntimezone = 'Asia/Shanghai'\n";

/// A request as a vendor gets it.
#[derive(Clone, Debug)]
struct Asked {
    url: Url,
    headers: HashMap<String, String>,
    body: String,
}

impl Asked {
    fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap()
    }

    fn query(&self, name: &str) -> Option<String> {
        let mut pairs = self.url.query_pairs();
        pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }
}

type Reply = (u16, String);

/// A vendor's server: what it was asked, and how it answers.
struct Vendor {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Vendor {
    fn new(answer: impl Fn(&Asked, usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(request) = read(&stream) {
                    let number = kept.lock().unwrap().len();
                    let (status, body) = answer(&request, number);
                    kept.lock().unwrap().push(request);
                    reply(&stream, status, &body);
                }
            }
        });
        Self { port, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// A folder with these schedules, whose configuration allows this server.
    fn folder(&self, schedules: &str, script: &str) -> TempDir {
        let folder = folder(schedules, script);
        allow(&folder, &format!("127.0.0.1:{}", self.port));
        folder
    }
}

fn allow(folder: &TempDir, host: &str) {
    let config = format!(
        "[http]\nallow = [\"{host}\"]\n[profiles.default.secrets]\nrobot = {{ env = \"ROBOT_KEY\" }}\nhook = {{ env = \"HOOK_URL\" }}\n"
    );
    let path = folder.path().join(".config/cumulua/cumulua.toml");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, config).unwrap();
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?;
    assert!(first.starts_with("POST "), "{first}");
    let url = Url::parse(&format!("http://vendor{path}")).unwrap();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    // A body that is empty may go without a length.
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).unwrap();
    Some(Asked { url, headers, body })
}

fn reply(mut stream: &TcpStream, status: u16, body: &str) {
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
}

fn hmac(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// DingTalk: the signature stands in the URL and is of the last hour.
fn dingtalk(asked: &Asked) -> Reply {
    let refused = |code: i32, why: &str| {
        let body = serde_json::json!({ "errcode": code, "errmsg": why });
        (200, body.to_string())
    };
    let timestamp = asked.query("timestamp").unwrap_or_default();
    let age = wall_now().as_millisecond() - timestamp.parse::<i64>().unwrap_or_default();
    let right = hmac("SECrobot", &format!("{timestamp}\nSECrobot"));
    if asked.query("sign") != Some(right) || age.abs() > 3_600_000 {
        return refused(310_000, "sign not match");
    }
    if asked.query("access_token").as_deref() != Some("token-1") {
        return refused(300_005, "token is not exist");
    }
    let body = asked.json();
    let is_text = body["msgtype"] == "text" && body["text"]["content"].is_string();
    if !is_text || asked.body.len() > 20_000 {
        return refused(40_035, "缺少参数 json");
    }
    refused(0, "ok")
}

/// Feishu: the signature stands in the body, its key is timestamp and secret.
fn feishu(asked: &Asked) -> Reply {
    let refused = |code: i32, why: &str| {
        let body = serde_json::json!({ "code": code, "msg": why, "data": {} });
        (200, body.to_string())
    };
    let body = asked.json();
    let timestamp = body["timestamp"].as_str().unwrap_or_default();
    let age = wall_now().as_second() - timestamp.parse::<i64>().unwrap_or_default();
    let right = hmac(&format!("{timestamp}\nSECrobot"), "");
    if body["sign"] != right || age.abs() > 3_600 {
        return refused(
            19_021,
            "sign match fail or timestamp is not within one hour from current time",
        );
    }
    let text = body["content"]["text"].as_str().unwrap_or_default();
    if body["msg_type"] != "text" || text.is_empty() || asked.body.len() > 20 * 1024 {
        return refused(9_499, "Bad Request");
    }
    assert!(!text.contains("<at"), "{text}");
    refused(0, "success")
}

/// WeCom: the key stands in the URL, a text has 2,048 bytes at most.
fn wecom(asked: &Asked) -> Reply {
    let refused = |code: i32, why: &str| {
        let body = serde_json::json!({ "errcode": code, "errmsg": why });
        (200, body.to_string())
    };
    if asked.query("key").as_deref() != Some("key-1") {
        return refused(93_000, "invalid webhook url");
    }
    let body = asked.json();
    let text = body["text"]["content"].as_str().unwrap_or_default();
    if body["msgtype"] != "text" || text.is_empty() || text.len() > 2_048 {
        return refused(40_058, "invalid Request Parameter");
    }
    assert!(!text.contains("<@"), "{text}");
    refused(0, "ok")
}

/// Slack: an error is a word in the body of a status that is no success.
fn slack(asked: &Asked) -> Reply {
    if asked.url.path() != "/services/T0/B0/x" {
        return (404, "no_service".to_owned());
    }
    let body = asked.json();
    let text = body["text"].as_str().unwrap_or_default();
    if text.is_empty() {
        return (400, "no_text".to_owned());
    }
    assert!(text.chars().count() <= 4_000);
    assert!(!text.contains("<!"), "{text}");
    (200, "ok".to_owned())
}

fn test_notify(folder: &TempDir) -> (i32, String) {
    test_notify_with(folder, &[])
}

/// The same where an authority alone is trusted.
fn test_notify_trusting(folder: &TempDir, trusted: &Authority) -> (i32, String) {
    let file = trust(folder, trusted);
    test_notify_with(folder, &trusting(&file))
}

fn trust(folder: &TempDir, trusted: &Authority) -> String {
    let file = folder.path().join("authority.pem");
    fs::write(&file, trusted.pem()).unwrap();
    file.to_str().unwrap().to_owned()
}

fn trusting(file: &str) -> [(&str, &str); 2] {
    [("SSL_CERT_FILE", file), ("SSL_CERT_DIR", "/nonexistent")]
}

fn test_notify_with(folder: &TempDir, variables: &[(&str, &str)]) -> (i32, String) {
    let output = command(folder, &["schedule", "test-notify", "nightly"])
        .args(["--store", "runs.db"])
        .env("ROBOT_KEY", "SECrobot")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code().unwrap(), flat(&text))
}

type Answer = fn(&Asked) -> Reply;

/// Each vendor: its server, its settings with `URL` for the server, and with a mistake what is said.
const VENDORS: &[(&str, Answer, &str, &str, &str)] = &[
    (
        "slack",
        slack,
        "slack = 'URL/services/T0/B0/x'",
        "slack = 'URL/services/T0/B0/y'",
        "it answered 404 Not Found: no_service",
    ),
    (
        "dingtalk",
        dingtalk,
        "dingtalk = { url = 'URL/robot/send?access_token=token-1', secret = { secret = 'robot' } }",
        "dingtalk = { url = 'URL/robot/send?access_token=token-1' }",
        "it answered errcode 310000: sign not match",
    ),
    (
        "feishu",
        feishu,
        "feishu = { url = 'URL/open-apis/bot/v2/hook/1', secret = { env = 'ROBOT_KEY' } }",
        "feishu = { url = 'URL/open-apis/bot/v2/hook/1', secret = { env = 'HOME' } }",
        "it answered code 19021: sign match fail",
    ),
    (
        "wecom",
        wecom,
        "wecom = 'URL/cgi-bin/webhook/send?key=key-1'",
        "wecom = 'URL/cgi-bin/webhook/send?key=key-2'",
        "it answered errcode 93000: invalid webhook url",
    ),
];

#[test]
fn each_vendor_gets_what_its_document_wants_and_its_refusal_is_a_failure() {
    for (kind, answer, right, wrong, problem) in VENDORS {
        let vendor = Vendor::new(|asked, _| answer(asked));
        let url = vendor.url("");
        let with = |notify: &str| {
            let notify = notify.replace("URL", &url);
            vendor.folder(&format!("{NEVER}notify = {{ {notify} }}\n"), "")
        };
        let (status, text) = test_notify(&with(right));
        assert_eq!(
            (status, text.trim()),
            (0, &*format!("{kind}: delivered")),
            "{kind}"
        );
        let (status, text) = test_notify(&with(wrong));
        assert_eq!(status, 1, "{kind}: {text}");
        assert!(
            text.contains(&format!("{kind}: {problem}")),
            "{kind}: {text}"
        );
        assert!(
            !text.contains("SECrobot") && !text.contains("token-1"),
            "{text}"
        );
    }
}

#[test]
fn a_long_error_full_of_notation_is_within_every_vendors_limits_and_calls_no_one() {
    let script = "error('<!channel> <at user_id=\"all\"></at> <@all> & ' .. ('é\"'):rep(20000))";
    for (kind, answer, right, _, _) in VENDORS {
        let vendor = Vendor::new(|asked, _| answer(asked));
        let notify = right.replace("URL", &vendor.url(""));
        let folder = vendor.folder(&format!("{NEVER}notify = {{ {notify} }}\n"), script);
        let served = Served::start_with(folder, &[], &[("ROBOT_KEY", "SECrobot")]);
        served.wait_for_words("serving 1 schedule");
        served.trigger("nightly");
        let store = served.store();
        until(|| about(&store).iter().any(|row| row.state == "delivered"));
        let text = vendor.asked()[0].body.clone();
        assert!(text.contains("nightly: failure"), "{kind}: {text}");
        served.end();
    }
}

fn about(store: &Store) -> Vec<NotificationRow> {
    store.notifications_about("nightly", 100).unwrap()
}

fn only(store: &Store) -> NotificationRow {
    let rows = about(store);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.into_iter().next().unwrap()
}

#[test]
fn a_webhook_that_refuses_gets_it_from_the_next_server_with_the_same_id() {
    // Row 7.
    let vendor = Vendor::new(|_, number| {
        if number == 0 {
            (500, "down".to_owned())
        } else {
            (200, String::new())
        }
    });
    let notify = format!(
        "notify = {{ webhook = '{}', lua = 'n.lua:page' }}\n",
        vendor.url("/hook")
    );
    let folder = vendor.folder(&(NEVER.to_owned() + &notify), "error('no')");
    let page = "return { page = function(event) local file <close> = io.open('paged', 'a') file:write(event.id, '\\n') end }";
    fs::write(folder.path().join("n.lua"), page).unwrap();
    let served = Served::start_with(folder, &["--http", "127.0.0.1:0"], &[]);
    let address = served.address();
    served.trigger("nightly");
    served.wait_for_words("nightly: not notified by webhook: it answered 500");
    let store = served.store();
    until(|| {
        let mut states: Vec<_> = about(&store)
            .into_iter()
            .map(|row| (row.receiver.unwrap(), row.state, row.attempts))
            .collect();
        states.sort();
        states
            == [
                ("lua".to_owned(), "delivered".to_owned(), 1),
                ("webhook".to_owned(), "waiting".to_owned(), 1),
            ]
    });
    let metrics = get(&address, "/metrics");
    for line in [
        "cumulua_events_total{schedule=\"nightly\",event=\"failure\"} 1",
        "cumulua_notifications{state=\"waiting\"} 1",
        "cumulua_schedule_waiting_notifications{schedule=\"nightly\"} 1",
        "cumulua_notifications{state=\"undelivered\"} 0",
        "cumulua_notifications_delivered_total 1",
        "cumulua_notification_failures_total 1",
    ] {
        assert!(
            metrics.contains(&format!("{line}\n")),
            "{line} in {metrics}"
        );
    }
    let run = store.runs(Filter::default()).unwrap().remove(0).run.id;
    let shown = served.run(&["runs", "show", &run]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.contains("notified   failure by webhook: waiting after 1 attempt, next "),
        "{shown}"
    );
    assert!(shown.contains("it answered 500"), "{shown}");
    assert!(
        shown.contains("notified   failure by lua: delivered "),
        "{shown}"
    );
    let mut served = served;
    served.child.0.kill().unwrap();
    served.child.0.wait().unwrap();
    let kept = about(&store)
        .into_iter()
        .find(|row| row.receiver.as_deref() == Some("webhook"))
        .unwrap();
    let folder = std::mem::replace(&mut served.folder, tempfile::tempdir().unwrap());
    drop(served);
    let served = Served::start(folder, &[]);
    until(|| about(&store).iter().all(|row| row.state == "delivered"));
    let (folder, _) = served.end();
    let asked = vendor.asked();
    assert_eq!(asked.len(), 2, "{asked:?}");
    for asked in &asked {
        assert_eq!(asked.json()["id"], kept.id.as_str());
        assert_eq!(asked.headers["idempotency-key"], kept.id);
        assert_eq!(asked.json()["zone"], "Asia/Shanghai");
    }
    let paged = fs::read_to_string(folder.path().join("paged")).unwrap();
    assert_eq!(paged.lines().count(), 1, "what has arrived is not repeated");
}

#[test]
fn a_schedule_without_a_receiver_leaves_a_row_and_a_metric() {
    let served = Served::start(folder(NEVER, "error('no')"), &["--http", "127.0.0.1:0"]);
    let address = served.address();
    served.trigger("nightly");
    let store = served.store();
    until(|| !about(&store).is_empty());
    let row = only(&store);
    assert_eq!(
        (&*row.event, &*row.state, row.receiver),
        ("failure", "unaddressed", None)
    );
    let metrics = get(&address, "/metrics");
    assert!(
        metrics.contains("cumulua_events_total{schedule=\"nightly\",event=\"failure\"} 1\n"),
        "{metrics}"
    );
    served.end();
}

#[test]
fn a_refused_reload_and_a_script_that_cannot_run_are_notified_and_degrade_health() {
    // Row 12.
    let vendor = Vendor::new(|_, _| (200, String::new()));
    let notify = format!("notify = {{ webhook = '{}' }}\n", vendor.url("/hook"));
    let text = NEVER.to_owned() + &notify;
    let folder = vendor.folder(&text, "print(");
    let checked = command(&folder, &["schedule", "check"]).output().unwrap();
    let checked = flat(&String::from_utf8_lossy(&checked.stderr));
    let served = Served::start(folder, &["--http", "127.0.0.1:0"]);
    let address = served.address();
    let errors = |number: usize| {
        until(|| vendor.asked().len() == number);
        let body = vendor.asked()[number - 1].json();
        assert_eq!(body["event"], "config");
        body["error"].as_str().unwrap().to_owned()
    };
    let error = errors(1);
    assert!(
        error.starts_with("nightly: the script does not parse: "),
        "{error}"
    );
    let first = error
        .lines()
        .next()
        .unwrap()
        .trim_start_matches("nightly: ");
    assert!(checked.contains(first), "{checked} has {first}");
    let health = |status: &str, words: &str| {
        let health = get(&address, "/health");
        assert!(
            health.starts_with(&format!("HTTP/1.1 {status}")) && health.contains(words),
            "{health}"
        );
    };
    health("503", "\"status\":\"degraded\"");
    health("503", "does not parse");
    served.write("a.lua", "");
    assert!(served.run(&["schedule", "reload"]).status.success());
    health("200", "\"status\":\"ok\"");
    served.write("schedules.toml", "[[schedule]]\nname = 1\n");
    assert!(!served.run(&["schedule", "reload"]).status.success());
    let error = errors(2);
    assert!(
        error.contains("the changed file is refused") && error.contains("line 2"),
        "{error}"
    );
    health("503", "the changed file is refused");
    served.write("schedules.toml", &text);
    assert!(served.run(&["schedule", "reload"]).status.success());
    health("200", "\"status\":\"ok\"");
    fs::remove_file(served.folder.path().join("a.lua")).unwrap();
    assert!(served.run(&["schedule", "reload"]).status.success());
    assert!(errors(3).contains("a.lua cannot be read"));
    served.end();
}

#[test]
fn success_retry_and_loss_are_events() {
    let vendor = Vendor::new(|_, _| (200, String::new()));
    let notify = format!(
        "notify = {{ on = ['success', 'retry', 'failure', 'recovery'], webhook = '{}' }}\nretries = {{ count = 1, delay = '1ms' }}\n",
        vendor.url("/hook")
    );
    let folder = vendor.folder(&(NEVER.to_owned() + &notify), "error('no')");
    let served = Served::start(folder, &[]);
    served.wait_for_words("serving 1 schedule");
    let events = || -> Vec<String> {
        let asked = vendor.asked();
        asked
            .iter()
            .map(|asked| asked.json()["event"].as_str().unwrap().to_owned())
            .collect()
    };
    served.trigger("nightly");
    until(|| events().len() == 2);
    served.write("a.lua", "");
    served.trigger("nightly");
    until(|| events().len() == 4);
    assert_eq!(events(), ["retry", "failure", "recovery", "success"]);
    served.end();
}

#[test]
fn a_heartbeat_follows_the_protocol_of_healthchecks() {
    let vendor = Vendor::new(|asked, _| {
        let known = asked.url.path().starts_with("/ping/check-1") && asked.body.len() <= 100_000;
        if known {
            (200, "OK".to_owned())
        } else {
            (404, "not found".to_owned())
        }
    });
    let schedule = format!(
        "{NEVER}heartbeat = {{ url = '{}', log = true }}\n",
        vendor.url("/ping/check-1?create=1")
    );
    let folder = vendor.folder(&schedule, "print('one') print('two')");
    let served = Served::start(folder, &[]);
    served.wait_for_words("serving 1 schedule");
    let store = served.store();
    for (script, status) in [(None, 0), (Some("print('three') os.exit(3)"), 3)] {
        if let Some(script) = script {
            served.write("a.lua", script);
        }
        let before = vendor.asked().len();
        served.trigger("nightly");
        let run = || store.runs(Filter::default()).unwrap().remove(0);
        until(|| {
            vendor.asked().last().is_some_and(|asked| {
                asked.url.path().trim_end_matches(char::is_numeric) != "/ping/check-1/start"
                    && vendor.asked().len() > before
                    && !asked.url.path().ends_with("start")
            })
        });
        let last = vendor.asked().pop().unwrap();
        let path = if status == 0 {
            "/ping/check-1".to_owned()
        } else {
            format!("/ping/check-1/{status}")
        };
        assert_eq!(last.url.path(), path);
        assert_eq!(last.query("rid"), Some(run().run.id));
        assert_eq!(last.query("create").as_deref(), Some("1"));
        let body = if status == 0 { "one\ntwo\n" } else { "three\n" };
        assert_eq!(last.body, body);
    }
    let (_folder, store) = served.end();
    let rows = about(&store);
    let signals = rows.iter().filter(|row| row.event == "heartbeat");
    assert_eq!(signals.count(), 1, "the latest alone is kept: {rows:?}");
}

#[test]
fn a_heartbeat_without_log_sends_none_and_reads_its_url_by_name() {
    let vendor = Vendor::new(|_, _| (200, "OK".to_owned()));
    let schedule = format!("{NEVER}heartbeat = {{ secret = 'hook' }}\n");
    let folder = vendor.folder(&schedule, "print('one')");
    let url = vendor.url("/ping/very-secret-check");
    let served = Served::start_with(folder, &[], &[("HOOK_URL", &url)]);
    served.wait_for_words("serving 1 schedule");
    served.trigger("nightly");
    until(|| {
        vendor
            .asked()
            .iter()
            .any(|asked| asked.url.path() == "/ping/very-secret-check")
    });
    assert!(vendor.asked().iter().all(|asked| asked.body.is_empty()));
    let (folder, _) = served.end();
    let store = fs::read(folder.path().join("runs.db")).unwrap();
    assert!(!String::from_utf8_lossy(&store).contains("very-secret-check"));
}

/// How a mail server speaks TLS.
enum Encryption {
    Never,
    FromTheStart(ServerConfig),
    Starttls(ServerConfig),
}

/// What a mail server was given.
#[derive(Clone, Default)]
struct Mails {
    taken: Arc<Mutex<Vec<String>>>,
    /// Lines that came without TLS.
    plain: Arc<Mutex<Vec<String>>>,
}

impl Mails {
    fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    fn plain_verbs(&self) -> Vec<String> {
        let plain = self.plain.lock().unwrap();
        let verb = |line: &String| {
            line.split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        plain.iter().map(verb).collect()
    }
}

/// A mail server: what it was given, and how it answers.
fn mail_server(refuses: bool, encryption: Encryption) -> (u16, Mails) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mails = Mails::default();
    let kept = mails.clone();
    let (config, is_from_the_start) = match encryption {
        Encryption::Never => (None, false),
        Encryption::FromTheStart(config) => (Some(Arc::new(config)), true),
        Encryption::Starttls(config) => (Some(Arc::new(config)), false),
    };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let encrypted = |stream| {
                let config = Arc::clone(config.as_ref().unwrap());
                StreamOwned::new(ServerConnection::new(config).unwrap(), stream)
            };
            let mut session = MailSession {
                refuses,
                offers_tls: config.is_some(),
                mails: &kept,
            };
            // A client that does not trust it, or speaks otherwise, hangs up.
            let _ = if is_from_the_start {
                session.offers_tls = false;
                session.take(encrypted(stream), true, false).map(drop)
            } else {
                session.take(stream, true, true).and_then(|upgraded| {
                    session.offers_tls = false;
                    upgraded.map_or(Ok(()), |stream| {
                        session.take(encrypted(stream), false, false).map(drop)
                    })
                })
            };
        }
    });
    (port, mails)
}

struct MailSession<'a> {
    refuses: bool,
    offers_tls: bool,
    mails: &'a Mails,
}

impl MailSession<'_> {
    /// Takes mail until the client hangs up; gives the stream back where it is to be encrypted.
    fn take<S: Read + Write>(
        &self,
        stream: S,
        greets: bool,
        is_plain: bool,
    ) -> io::Result<Option<S>> {
        let mut stream = BufReader::new(stream);
        let mut mail = String::new();
        let mut answer = if greets { "220 mail.example ESMTP" } else { "" };
        let mut is_data = false;
        loop {
            if !answer.is_empty() {
                stream
                    .get_mut()
                    .write_all(format!("{answer}\r\n").as_bytes())?;
                stream.get_mut().flush()?;
            }
            if answer.starts_with("220 2.0.0") {
                return Ok(Some(stream.into_inner()));
            }
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            if is_plain {
                self.mails.plain.lock().unwrap().push(line.clone());
            }
            mail += &line;
            let line = line.trim_end();
            let verb = line.split([' ', ':']).next().unwrap_or_default();
            answer = match verb.to_uppercase().as_str() {
                "." if is_data => {
                    is_data = false;
                    let taken = std::mem::take(&mut mail);
                    self.mails.taken.lock().unwrap().push(taken);
                    "250 2.0.0 queued"
                }
                _ if is_data => "",
                "EHLO" if self.offers_tls => {
                    "250-mail.example\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250 8BITMIME"
                }
                "EHLO" => "250-mail.example\r\n250-AUTH PLAIN\r\n250 8BITMIME",
                "STARTTLS" if self.offers_tls => "220 2.0.0 go on",
                "STARTTLS" => "502 5.5.1 not here",
                "AUTH" if line.ends_with(&STANDARD.encode("\0ops\0SECrobot")) => {
                    "235 2.7.0 welcome"
                }
                "AUTH" => "535 5.7.8 SECrobot-2 is not it",
                "RCPT" if self.refuses => "550 5.1.1 no such mailbox",
                "DATA" => {
                    is_data = true;
                    "354 go on"
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
        }
    }
}

fn mailing(port: u16, scheme: &str) -> TempDir {
    let notify = format!(
        "notify = {{ email = {{ server = '{scheme}:{port}', from = 'cumulua <ops@example.com>', to = ['a@example.com', 'b@example.com'], user = 'ops', password = {{ secret = 'robot' }} }} }}\n"
    );
    folder(&(NEVER.to_owned() + &notify), "")
}

#[test]
fn mail_goes_to_an_allowed_server_with_its_id_and_a_refusal_is_a_failure() {
    let (port, mails) = mail_server(false, Encryption::Never);
    let folder = mailing(port, "smtp://127.0.0.1");
    allow(&folder, &format!("127.0.0.1:{port}"));
    let (status, text) = test_notify(&folder);
    assert_eq!(status, 1, "a host of http is none of mail: {text}");
    assert!(text.contains(&format!("smtp://127.0.0.1:{port}")), "{text}");
    allow(&folder, &format!("smtp://127.0.0.1:{port}"));
    let (status, text) = test_notify(&folder);
    assert_eq!((status, text.trim()), (0, "email: delivered"));
    let mail = mails.taken().remove(0);
    for words in [
        "RCPT TO:<a@example.com>",
        "RCPT TO:<b@example.com>",
        "Subject: nightly: failure, a test",
        "Message-ID: <",
        "(Asia/Shanghai)",
    ] {
        assert!(mail.contains(words), "{words} in {mail}");
    }
    let (port, _) = mail_server(true, Encryption::Never);
    let folder = mailing(port, "smtp://127.0.0.1");
    allow(&folder, &format!("smtp://127.0.0.1:{port}"));
    let (status, text) = test_notify(&folder);
    assert!(status == 1 && text.contains("no such mailbox"), "{text}");
}

#[test]
fn a_mail_server_that_should_speak_tls_and_does_not_gets_no_password() {
    let (port, mails) = mail_server(false, Encryption::Never);
    let folder = mailing(port, "smtps://127.0.0.1");
    allow(&folder, &format!("smtps://127.0.0.1:{port}"));
    let (status, text) = test_notify(&folder);
    assert_eq!(status, 1, "{text}");
    assert!(text.starts_with("error: email: "), "{text}");
    assert!(mails.taken().is_empty());
}

#[test]
fn mail_over_tls_goes_to_a_server_that_a_known_authority_vouches_for_and_to_no_other() {
    let authority = Authority::new();
    let (port, mails) = mail_server(
        false,
        Encryption::FromTheStart(authority.server("localhost", 2999)),
    );
    let folder = mailing(port, "smtps://localhost");
    allow(&folder, &format!("smtps://localhost:{port}"));
    let send = |trusted: &Authority| test_notify_trusting(&folder, trusted);
    let (status, text) = send(&Authority::named("another"));
    assert_eq!(status, 1, "{text}");
    assert!(mails.taken().is_empty());
    let (status, text) = send(&authority);
    assert_eq!((status, text.trim()), (0, "email: delivered"));
    assert_eq!(mails.taken().len(), 1);
}

/// A host that leads to this machine and is not taken for it, so that mail to it must be encrypted.
const ELSEWHERE: &str = "0.0.0.0";

#[test]
fn mail_by_starttls_goes_to_a_server_that_a_known_authority_vouches_for() {
    let authority = Authority::new();
    let encryption = Encryption::Starttls(authority.server(ELSEWHERE, 2999));
    let (port, mails) = mail_server(false, encryption);
    let scheme = format!("smtp://{ELSEWHERE}");
    let folder = mailing(port, &scheme);
    allow(&folder, &format!("{scheme}:{port}"));
    let (status, text) = test_notify_trusting(&folder, &authority);
    assert_eq!((status, text.trim()), (0, "email: delivered"));
    assert_eq!(mails.taken().len(), 1);
    assert_eq!(mails.plain_verbs(), ["EHLO", "STARTTLS"]);
}

#[test]
fn mail_by_starttls_that_is_not_safe_stays_in_the_outbox_with_the_reason() {
    let authority = Authority::new();
    let another = Authority::named("another");
    let of = |host, year| Encryption::Starttls(authority.server(host, year));
    for (encryption, trusted, reason) in [
        (of(ELSEWHERE, 2999), &another, "UnknownIssuer"),
        (of(ELSEWHERE, 2021), &authority, "expired"),
        (of("mail.example", 2999), &authority, "not valid for"),
        (Encryption::Never, &authority, "STARTTLS is not supported"),
    ] {
        let (port, mails) = mail_server(false, encryption);
        let scheme = format!("smtp://{ELSEWHERE}");
        let folder = mailing(port, &scheme);
        fs::write(folder.path().join("a.lua"), "error 'boom'").unwrap();
        allow(&folder, &format!("{scheme}:{port}"));
        let file = trust(&folder, trusted);
        let [file, others] = trusting(&file);
        let variables = [("ROBOT_KEY", "SECrobot"), file, others];
        let served = Served::start_with(folder, &[], &variables);
        served.wait_for_words("serving 1 schedule");
        served.trigger("nightly");
        served.wait_for_words("nightly: not notified by email");
        let store = served.store();
        until(|| about(&store).iter().any(|row| row.attempts == 1));
        let row = about(&store).remove(0);
        assert_eq!(
            (row.state.as_str(), row.attempts),
            ("waiting", 1),
            "{reason}"
        );
        let error = row.error.unwrap();
        assert!(error.contains(reason), "{reason}: {error}");
        assert!(mails.taken().is_empty(), "{reason}");
        // Neither the password nor the mail has left, in whatever way.
        let verbs = mails.plain_verbs();
        let may_leave = |verb: &String| ["EHLO", "STARTTLS", "QUIT"].contains(&verb.as_str());
        assert!(verbs.iter().all(may_leave), "{reason}: {verbs:?}");
        served.end();
    }
}

#[test]
fn mail_has_its_lines_in_the_audit_as_the_requests_of_other_receivers_do() {
    let (port, _) = mail_server(false, Encryption::Never);
    let (refusing, _) = mail_server(true, Encryption::Never);
    for (port, allowed, ends) in [
        (
            port,
            true,
            [("sending", "maybe", None), ("ended", "yes", None)].as_slice(),
        ),
        (
            refusing,
            true,
            &[
                ("sending", "maybe", None),
                ("ended", "yes", Some("service")),
            ],
        ),
        (port, false, &[("ended", "no", Some("policy"))]),
    ] {
        let folder = mailing(port, "smtp://127.0.0.1");
        let server = format!("smtp://127.0.0.1:{port}");
        allow(
            &folder,
            if allowed {
                &server
            } else {
                "hooks.example.com"
            },
        );
        test_notify_with(&folder, &[]);
        let lines = audit(&folder);
        let found: Vec<_> = lines
            .iter()
            .map(|line| {
                let text = |key: &str| line[key].as_str();
                (text("phase").unwrap(), text("sent").unwrap(), text("error"))
            })
            .collect();
        assert_eq!(found, ends, "{lines:#?}");
        for line in &lines {
            assert_eq!(line["action"], "schedule.notify");
            assert_eq!(line["endpoint"], server);
            assert_eq!(
                (&line["params"]["method"], &line["params"]["recipients"]),
                (&"mail".into(), &2.into())
            );
            assert!(!line.to_string().contains("SECrobot"));
        }
    }
}

/// The lines of a folder's audit.
fn audit(folder: &TempDir) -> Vec<Json> {
    let text = fs::read_to_string(folder.path().join(".local/state/cumulua/audit.jsonl"));
    let text = text.unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn what_a_mail_server_says_of_the_password_is_not_shown() {
    let (port, _) = mail_server(false, Encryption::Never);
    let folder = mailing(port, "smtp://127.0.0.1");
    allow(&folder, &format!("smtp://127.0.0.1:{port}"));
    let output = command(&folder, &["schedule", "test-notify", "nightly"])
        .args(["--store", "runs.db"])
        .env("ROBOT_KEY", "SECrobot-2")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!text.contains("SECrobot-2"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_host_that_is_not_allowed_gets_nothing() {
    for (kind, _, right, _, _) in VENDORS {
        let vendor = Vendor::new(|_, _| (200, String::new()));
        let notify = right.replace("URL", &vendor.url(""));
        let folder = vendor.folder(&format!("{NEVER}notify = {{ {notify} }}\n"), "");
        allow(&folder, "hooks.example.com");
        let (status, text) = test_notify(&folder);
        assert_eq!(status, 1, "{kind}: {text}");
        assert!(vendor.asked().is_empty(), "{kind}");
    }
}

#[test]
fn after_a_day_a_notification_stands_as_undelivered() {
    let vendor = Vendor::new(|_, _| (503, String::new()));
    let notify = format!("notify = {{ webhook = '{}' }}\n", vendor.url("/hook"));
    let folder = vendor.folder(&(NEVER.to_owned() + &notify), "");
    let store = Store::open(folder.path().join("runs.db"));
    let new = |id: &str, receiver| {
        HistoryEntry::Notification(NewNotification {
            id: id.to_owned(),
            schedule: "nightly".to_owned(),
            event: "failure".to_owned(),
            receiver: Some(receiver),
            run: None,
            content: format!("{{\"id\":\"{id}\"}}"),
            made: wall_now() - SignedDuration::from_hours(25),
            replaces: false,
        })
    };
    let made = vec![new("old", "webhook"), new("gone", "slack")];
    store.decide_together(made).unwrap();
    let served = Served::start(folder, &[]);
    until(|| about(&store).iter().all(|row| row.state == "undelivered"));
    let error = |id: &str| {
        let row = about(&store).into_iter().find(|row| row.id == id);
        row.unwrap().error.unwrap()
    };
    assert!(error("old").contains("it answered 503"));
    assert!(error("gone").contains("nightly has no receiver slack"));
    assert_eq!(vendor.asked().len(), 1);
    let (folder, _) = served.end();
    let served = Served::start(folder, &["--http", "127.0.0.1:0"]);
    let address = served.address();
    served.wait_for_words("serving 1 schedule");
    until(|| {
        get(&address, "/metrics").contains("cumulua_notifications{state=\"undelivered\"} 2\n")
    });
    let metrics = get(&address, "/metrics");
    let mine = "cumulua_schedule_undelivered_notifications{schedule=\"nightly\"} 2\n";
    assert!(metrics.contains(mine), "{metrics}");
    let json = served.run(&["schedule", "status", "--json"]);
    let json: Json = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json[0]["undelivered_notifications"], 2);
    let table = served.run(&["schedule", "status"]).stdout;
    let table = String::from_utf8_lossy(&table).into_owned();
    assert!(table.contains("UNDELIVERED"), "{table}");
    let row: Vec<_> = table.lines().nth(1).unwrap().split_whitespace().collect();
    // Name, state, next day and time, last, ended, usual, missed, undelivered.
    assert_eq!(row[7..9], ["0", "2"], "{table}");
    served.end();
    assert_eq!(vendor.asked().len(), 1, "it is not tried any more");
}
