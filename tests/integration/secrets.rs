//! Planted secrets: each shape on each way out, searched for in every file and stream that a run
//! leaves, in every form that its way gives it. And text of others, which controls no terminal.

use crate::support::{Output, Test};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;
use std::{fs, str};

/// Secrets of each shape.
fn shapes() -> Vec<(&'static str, String)> {
    let long = (0..40).fold(String::new(), |long, n| {
        format!("{long}Lg{:03}", n * 7 % 997)
    });
    vec![
        ("8 characters", "hunt3rQz".to_owned()),
        ("200 characters", long),
        ("quotes", "qu\"ot'es\"Zx".to_owned()),
        ("backslashes", r"C:\nQ\table\x1".to_owned()),
        ("slashes", "sl/as//h+e=s?a&b<c>".to_owned()),
        ("not ASCII", "pässwörd€-😀Q".to_owned()),
        ("8 digits", "83920174".to_owned()),
    ]
}

fn json_text(text: &str) -> String {
    let text = serde_json::Value::from(text).to_string();
    text[1..text.len() - 1].to_owned()
}

fn ascii(text: &str) -> String {
    let mut escaped = String::new();
    for c in json_text(text).chars() {
        if c.is_ascii() {
            escaped.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn lower_percent(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02x}")
            }
        })
        .collect()
}

fn xml(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// The forms in which a service gives a secret back.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![
        secret.to_owned(),
        json_text(secret),
        json_text(&json_text(secret)),
        ascii(secret),
        percent(secret),
        lower_percent(secret),
        percent(&percent(secret)),
        xml(secret),
        percent(&json_text(secret)),
    ];
    for lead in ["", "u", "u:"] {
        let encoded = STANDARD_NO_PAD.encode(format!("{lead}{secret}~"));
        forms.push(encoded.replace('+', "-").replace('/', "_"));
        forms.push(encoded);
    }
    forms
}

/// What must stand nowhere: the forms, and of Base64 what holds the secret alone.
fn traces(secret: &str) -> Vec<String> {
    let mut traces = forms(secret);
    traces.retain(|form| !form.is_empty());
    traces.truncate(9);
    for lead in 0..3 {
        let mut text = vec![b'x'; lead];
        text.extend_from_slice(secret.as_bytes());
        let encoded = STANDARD_NO_PAD.encode(&text);
        let own = &encoded[(lead * 8).div_ceil(6)..text.len() * 8 / 6];
        traces.push(own.replace('+', "-").replace('/', "_"));
        traces.push(own.to_owned());
    }
    // Half of it is no secret kept either.
    let half = secret.chars().count() / 2 + 1;
    traces.push(secret.chars().take(half).collect());
    traces.push(secret.chars().skip(secret.chars().count() - half).collect());
    traces
}

/// A service that says all it was told, in its code, its message, its ids and its states.
struct Echo {
    url: String,
    /// What is posted to its webhook.
    posted: Mutex<Receiver<String>>,
}

impl Echo {
    fn new(text: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (post, posted) = channel();
        let text = text.to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (text, post) = (text.clone(), post.clone());
                thread::spawn(move || answer(stream, &text, &post));
            }
        });
        Self {
            url,
            posted: Mutex::new(posted),
        }
    }
}

impl Echo {
    /// What its webhook is told next.
    fn notified(&self) -> String {
        let posted = self.posted.lock().unwrap();
        posted.recv_timeout(Duration::from_mins(1)).unwrap()
    }
}

fn answer(mut stream: TcpStream, text: &str, post: &Sender<String>) {
    let mut request = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        let length = stream.read(&mut piece).unwrap_or(0);
        request.extend_from_slice(&piece[..length]);
        let head = String::from_utf8_lossy(&request).into_owned();
        let body = head.find("\r\n\r\n").map(|end| head.len() - end - 4);
        let wanted = head
            .lines()
            .find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length:")?
                    .trim()
                    .parse()
                    .ok()
            })
            .unwrap_or(0);
        if length == 0 || body.is_some_and(|body| body >= wanted) {
            break;
        }
    }
    let head = String::from_utf8_lossy(&request).into_owned();
    if head.starts_with("POST /hook") {
        let _ = post.send(head.clone());
    }
    let (status, body) = if head.contains("Action=CreateTag") {
        (
            "200 OK",
            serde_json::json!({ "Code": "Success", "Message": "", "TaskId": format!("t-{text}"), "Data": { "Echo": text }, "RequestId": format!("r-{text}") }),
        )
    } else if head.contains("Action=DescribeTask") {
        (
            "200 OK",
            serde_json::json!({ "Code": "Success", "Message": text, "RequestId": text,
            "Data": { "Status": format!("error {text}"), "FailReason": text, "ResourceIds": [text] } }),
        )
    } else if head.starts_with("POST /hook") {
        ("200 OK", serde_json::json!({}))
    } else {
        (
            "400 Bad Request",
            serde_json::json!({ "Code": format!("Bad.{text}"), "Message": format!("the text {text} is not for me"), "RequestId": format!("id-{text}") }),
        )
    };
    let body = body.to_string();
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
}

/// Shows all that an error, a task and an answer have, as a script does.
const SHOW: &str = r#"
local s = secret "planted"
local function show(e)
	print(e) print(tostring(e), e.code, e.request_id, e.task) pp(e)
	pp { { code = e.code, id = e.request_id, text = tostring(e) }, { code = "x", id = "y", text = "z" } }
	log.warn(tostring(e)) log.info("it was " .. e)
end
local ok, e = pcall(cds.ccs.DescribeInstances, { VdcId = s })
assert(not ok) show(e)
local r = cds.ccs.CreateTag { TagName = s }
print(meta(r).request_id)
pp(r.Data) pp(r.Data, "json") pp { [r.Data.Echo] = r.Data.Echo, list = { r.Data.Echo } } pp({ [r.Data.Echo] = { r.Data.Echo } }, "json")
for _, f in ipairs { secret, http.get, lock } do
	for _, text in ipairs { r.Data.Echo, "http://" .. r.Data.Echo .. "/" } do pcall(f, text) end
end
pp { { Echo = r.Data.Echo, A = 1 }, { Echo = r.Data.Echo, A = 2 } }
log.info(r.Data.Echo)
ok, e = pcall(wait, task("cds_task", r.TaskId)) show(e)
ok, e = pcall(cds.call, { service = "ccs", action = "NoSuchAction", query = { AdminPass = s } }) show(e)
"#;

/// Writes it in pieces, itself and by a process, on both streams.
const PIECES: &str = r#"
local s = secret "planted"
local text = cds.ccs.CreateTag { TagName = s }.Data.Echo
local half = #text // 2
io.write(text:sub(1, half)) io.stdout:flush() io.write(text:sub(half + 1), "\n")
for i = 1, #text do io.write(text:sub(i, i)) end io.write("\n")
local fill = ("x"):rep(16 * 1024 - half)
io.write(fill, text, fill, text, fill, "\n")
print(text)
"#;

/// The same where a server, or `schedule trigger`, records all that is written.
const CAPTURED: &str = r#"
io.stderr:write(text:sub(1, half)) io.stderr:write(text:sub(half + 1), "\n")
io.stderr:write(fill, text, "\n")
local file = assert(io.open("echo.txt", "w")) file:write(text) file:close()
local cut = ("head -c %d echo.txt; sleep 0.05; tail -c +%d echo.txt; echo"):format(half, half + 1)
os.execute(cut) os.execute("{ " .. cut .. "; } >&2")
os.execute(("head -c %d /dev/zero | tr '\\0' y; cat echo.txt; echo"):format(16 * 1024 - half))
local p = io.popen("{ " .. cut .. "; } >&2", "w") p:close()
os.remove("echo.txt")
error("it ends with " .. text)
"#;

fn config(url: &str, allowed: &str) -> String {
    format!(
        "profile = \"there\"\n[http]\nallow = [\"{allowed}\"]\n[profiles.there]\nregion = \"cn\"\n[profiles.there.cds]\nendpoint = \"{url}\"\n\
         [profiles.there.secrets]\nplanted = {{ env = \"PLANTED\" }}\n"
    )
}

fn test(echo: &Echo, secret: &str) -> Test {
    let host = echo.url.trim_start_matches("http://");
    Test::new()
        .credentials("ak-planted", "sk-planted-0815")
        .env("PLANTED", secret)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .file("config/cumulua/cumulua.toml", config(&echo.url, host))
}

/// Fails where a form of the secret stands in what a command left, except where a test put it.
fn search(what: &str, secret: &str, output: &Output, streams: &[&str]) {
    let mut places: Vec<(String, Vec<u8>)> = streams
        .iter()
        .map(|stream| ("a stream".to_owned(), stream.as_bytes().to_vec()))
        .collect();
    files(output.folder.path(), &mut places);
    for (place, bytes) in &places {
        // A report breaks lines and puts a frame before them.
        let text = String::from_utf8_lossy(bytes);
        let flat: String = text
            .split('\n')
            .map(|line| line.trim_start_matches([' ', '│', '|', '×', 'x']))
            .collect();
        for trace in traces(secret) {
            for text in [&*text, &flat] {
                if let Some(at) = text.find(&trace) {
                    let from = text.floor_char_boundary(at.saturating_sub(80));
                    let to = text.ceil_char_boundary((at + trace.len() + 20).min(text.len()));
                    panic!("{what}: {trace:?} stands in {place}: …{}…", &text[from..to]);
                }
            }
        }
    }
    assert!(places.len() > streams.len(), "{what}: there is a store");
}

fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.is_file() {
            found.push((
                path.display().to_string(),
                fs::read(&path).unwrap_or_default(),
            ));
        }
    }
}

fn each_shape(check: impl Fn(&str, &str, &str) + Sync) {
    let shapes = shapes();
    thread::scope(|scope| {
        for (name, secret) in &shapes {
            let check = &check;
            scope.spawn(move || {
                // All forms at once, and each once more where it is the whole text.
                let together = forms(secret).join(" , ");
                check(name, secret, &together);
            });
        }
    });
}

#[test]
fn no_secret_is_in_what_a_run_shows_and_leaves_behind() {
    each_shape(|name, secret, text| {
        let echo = Echo::new(text);
        for format in ["text", "json"] {
            let script = format!("{SHOW} error(select(2, pcall(cds.ccs.DescribeTags)))");
            let output = test(&echo, secret)
                .file("a.lua", script)
                .args([
                    "run",
                    "-vv",
                    "--audit",
                    "audit.jsonl",
                    "--store",
                    "runs.db",
                    "--error-format",
                    format,
                ])
                .args(["a.lua", "--note", "x"])
                .run();
            assert_eq!(output.status, 3, "{name}: {}", output.stderr);
            assert!(
                output.stdout.contains("[secret]") && output.stderr.contains("[secret]"),
                "{name}: {}",
                output.stderr
            );
            search(name, secret, &output, &[&output.stdout, &output.stderr]);
        }
    });
}

#[test]
fn no_secret_is_in_the_history_of_what_is_printed_in_pieces() {
    each_shape(|name, secret, text| {
        for text in [secret, text] {
            let echo = Echo::new(text);
            let output = test(&echo, secret)
                .file("a.lua", PIECES)
                .args(["run", "--store", "runs.db", "a.lua"])
                .run();
            assert_eq!(output.status, 0, "{name}: {}", output.stderr);
            // What is printed is not changed.
            assert!(output.stdout.contains(text), "{name}");
            search(name, secret, &output, &[&output.stderr]);
        }
    });
}

#[test]
fn no_secret_is_in_what_a_schedules_run_and_its_processes_write() {
    each_shape(|name, secret, text| {
        for text in [secret, text] {
            let echo = Echo::new(text);
            let output = test(&echo, secret)
                .file("a.lua", format!("{PIECES}{CAPTURED}"))
                .file("schedules.toml", "[[schedule]]\nname = 'nightly'\nscript = 'a.lua'\ncron = '30 2 * * *'\nallow_run = true\nargs = ['--db-pass=hidden-1', '-p', 'hidden-1', 'https://u:hidden-1@h']\n")
                .args(["schedule", "trigger", "nightly", "--store", "runs.db"])
                .run();
            assert_eq!(
                output.status, 1,
                "{name}: {}\n{}",
                output.stdout, output.stderr
            );
            assert!(
                output.stdout.contains("[secret]"),
                "{name}: {}\n{}",
                output.stdout,
                output.stderr
            );
            let history = [
                fs::read(output.folder.path().join("runs.db")).unwrap(),
                fs::read(output.folder.path().join("runs.db-wal")).unwrap_or_default(),
            ]
            .concat();
            assert!(
                !String::from_utf8_lossy(&history).contains("hidden-1"),
                "{name}"
            );
            search(name, secret, &output, &[&output.stdout, &output.stderr]);
        }
    });
}

#[test]
fn no_secret_is_in_what_call_prints_and_records() {
    each_shape(|name, secret, text| {
        let echo = Echo::new(text);
        for args in [
            vec!["cds.ccs.CreateTag", "TagName=secret:planted", "--wait"],
            vec!["cds.ccs.CreateTag", "TagName=secret:planted"],
            vec!["cds.ccs.DescribeInstances", "VdcId=secret:planted"],
        ] {
            let output = test(&echo, secret)
                .args(["call", "--audit", "audit.jsonl", "--store", "runs.db"])
                .args(args)
                .run();
            assert!(
                (output.stdout.clone() + &output.stderr).contains("[secret]"),
                "{name}: {}",
                output.stderr
            );
            search(name, secret, &output, &[&output.stdout, &output.stderr]);
        }
    });
}

#[test]
fn a_secret_is_not_shown_in_the_case_that_a_hint_would_give_it() {
    let code = "local s = cds.ccs.CreateTag { TagName = secret 'planted' }.Data.Echo
        for _, f in ipairs { secret, env, http.get, lock } do
            for _, text in ipairs { s, 'x-' .. s, 'http://' .. s .. '.example/' } do
                local ok, e = pcall(f, text)
                print(tostring(e)) log.info(e)
            end
        end
        pp({ a = s, [s] = 1, n = { s } }, 'json')";
    for secret in ["PlantedVm99", "Planted-vm99"] {
        let echo = Echo::new(secret);
        let output = test(&echo, secret)
            .args([
                "run",
                "-vv",
                "--store",
                "runs.db",
                "--audit",
                "audit.jsonl",
                "-e",
                code,
            ])
            .run();
        assert_eq!(output.status, 0, "{}", output.stderr);
        let mut places = vec![
            ("output".to_owned(), output.stdout.clone().into_bytes()),
            ("errors".to_owned(), output.stderr.clone().into_bytes()),
        ];
        files(output.folder.path(), &mut places);
        for (place, bytes) in places {
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            let text = text.replace('_', "-");
            assert!(!text.contains(&secret.to_lowercase()), "{place}: {text}");
            assert!(
                !place.to_lowercase().contains(&secret.to_lowercase()),
                "{place}"
            );
        }
        assert!(output.stdout.contains("[secret]"), "{}", output.stdout);
    }
}

#[test]
fn a_secret_that_cannot_be_kept_out_of_texts_is_refused() {
    let code = "local ok, e = pcall(cds.ccs.CreateInstance, { Password = ('pq\"'):rep(6000) })
        print(e.kind, tostring(e):find('16384', 1, true) ~= nil)
        print(#sim.requests())";
    Test::new()
        .args(["run", "--sim", "-e", code])
        .prints("validation\ttrue\n0\n");
}

#[test]
fn what_goes_back_on_the_wire_is_as_it_came() {
    let echo = Echo::new("hunt3rQz");
    let script = r#"local s = secret "planted"
        local r = cds.ccs.CreateTag { TagName = s }
        assert(r.TaskId == "t-hunt" .. "3rQz", r.TaskId)
        local ok, e = pcall(wait, r)
        assert(e.task.id == r.TaskId and e.resources[1] == "hunt" .. "3rQz")
        assert(tostring(e.task) == "cds_task t-[secret]", tostring(e.task))
        assert(e.code == "error [secret]", e.code)"#;
    test(&echo, "hunt3rQz")
        .args(["run", "-e", script])
        .run_well();
}

#[test]
fn a_password_of_digits_is_found_where_it_is_a_number() {
    let echo = Echo::new("x");
    let script = r#"local s = secret "planted" local number = 8392 * 10000 + 174
        local query = { AdminPass = s, Other = number }
        pcall(cds.call, { service = "ccs", action = "NoSuchAction", query = query })
        pp { other = number } pp { { Other = number, A = 1 }, { Other = number, A = 2 } } log.info(number)"#;
    let output = test(&echo, "83920174")
        .args([
            "run",
            "--audit",
            "audit.jsonl",
            "--store",
            "runs.db",
            "-e",
            script,
        ])
        .run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        output.stdout.contains("other = [secret]"),
        "{}",
        output.stdout
    );
    search(
        "digits",
        "83920174",
        &output,
        &[&output.stdout, &output.stderr],
    );
}

#[test]
fn a_secret_that_is_too_short_to_be_found_is_warned_about() {
    let echo = Echo::new("abc");
    let script = "local s = secret 'planted' secret 'planted'";
    let output = test(&echo, "abc").args(["run", "-e", script]).run();
    assert_eq!(
        output.stderr.matches("fewer than 4 characters").count(),
        1,
        "{}",
        output.stderr
    );
    let script = "pcall(cds.ccs.CreateInstance, { Password = 'abc' })";
    let output = test(&echo, "x").args(["run", "-e", script]).run();
    assert_eq!(
        output.stderr.matches("Password has fewer than 4").count(),
        1,
        "{}",
        output.stderr
    );
}

/// Sequences that a terminal obeys, of both kinds, and what turns the direction of text.
const HOSTILE: &str = "a\u{1b}]0;owned\u{7}b\u{1b}[2J\u{1b}[31mc\u{9b}5md\r\u{202e}e\u{8}\u{7f}";

fn controls(text: &str) -> String {
    text.chars()
        .filter(|c| (c.is_control() && !matches!(c, '\n' | '\t')) || *c == '\u{202e}')
        .collect()
}

#[test]
fn text_of_others_controls_no_terminal() {
    let echo = Echo::new(HOSTILE);
    let script = format!("{SHOW} error(select(2, pcall(cds.ccs.DescribeTags)))");
    let run = test(&echo, "planted-0815")
        .file("a.lua", script)
        .args(["run", "-vv", "--store", "runs.db", "a.lua"])
        .run();
    assert_eq!(run.status, 3, "{}", run.stderr);
    assert_eq!(controls(&run.stdout), "", "{}", run.stdout);
    assert_eq!(controls(&run.stderr), "", "{}", run.stderr);
    assert!(
        run.stdout.contains(r"\x1b]0;owned\x07") && run.stderr.contains(r"\x1b[2J"),
        "{}",
        run.stderr
    );
    let store = run.folder.path().join("runs.db");
    let store = store.to_str().unwrap();
    for args in [
        vec!["list"],
        vec!["list", "--json"],
        vec!["show", "a"],
        vec!["show", "--json", "a"],
        vec!["calls", "a"],
        vec!["calls", "--json", "a"],
        vec!["logs", "--json", "a"],
    ] {
        let shown = Test::new()
            .args(["runs", "--store", store])
            .args(args.clone())
            .run();
        assert_eq!(shown.status, 0, "{args:?}: {}", shown.stderr);
        assert_eq!(controls(&shown.stdout), "", "{args:?}: {}", shown.stdout);
        if args.contains(&"--json") {
            for line in shown
                .stdout
                .lines()
                .take(1)
                .filter(|line| line.starts_with("{\""))
            {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
        }
    }
    for args in [
        vec!["cds.ccs.CreateTag", "TagName=x"],
        vec!["cds.ccs.CreateTag", "TagName=x", "--wait"],
        vec!["cds.ccs.DescribeTags"],
    ] {
        let called = test(&echo, "x").args(["call"]).args(args.clone()).run();
        assert_eq!(controls(&(called.stdout + &called.stderr)), "", "{args:?}");
    }
}

#[test]
fn a_script_prints_its_own_escape_codes() {
    Test::simulated(r#"print("\27[31mred\27[0m")"#).prints("\u{1b}[31mred\u{1b}[0m\n");
}

#[cfg(unix)]
#[test]
fn no_secret_is_in_a_notification_or_the_log_of_a_server() {
    use std::process::{Command, Stdio};
    each_shape(|name, secret, text| {
        let echo = Echo::new(text);
        let host = echo.url.trim_start_matches("http://");
        let folder = tempfile::tempdir().unwrap();
        let schedules = format!(
            "[[schedule]]\nname = 'nightly'\nscript = 'a.lua'\ncron = '30 2 * * *'\nnotify = {{ on = ['failure'], webhook = '{}/hook' }}\n",
            echo.url
        );
        for (file, content) in [
            ("schedules.toml", schedules),
            (
                "a.lua",
                "local s = secret 'planted' cds.ccs.DescribeInstances { VdcId = s }".to_owned(),
            ),
            (".config/cumulua/cumulua.toml", config(&echo.url, host)),
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let command = |args: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_cumulua"));
            command
                .args(args)
                .args(["--store", "runs.db"])
                .current_dir(folder.path())
                .env_clear();
            command.env("HOME", folder.path()).env("PLANTED", secret);
            command
                .env("CDS_SECRET_ID", "ak-planted")
                .env("CDS_SECRET_KEY", "sk-planted-0815");
            command
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            command
        };
        let mut server = command(&["schedule", "serve", "-v"]).spawn().unwrap();
        let mut log = std::io::BufReader::new(server.stderr.take().unwrap());
        let mut lines = String::new();
        while !lines.contains("serving") {
            assert_ne!(
                std::io::BufRead::read_line(&mut log, &mut lines).unwrap(),
                0,
                "{lines}"
            );
        }
        let triggered = command(&["schedule", "trigger", "nightly"])
            .output()
            .unwrap();
        assert!(
            triggered.status.success(),
            "{}",
            String::from_utf8_lossy(&triggered.stderr)
        );
        let notified = echo.notified();
        server.kill().unwrap();
        std::io::Read::read_to_string(&mut log, &mut lines).unwrap();
        server.wait().unwrap();
        assert!(notified.contains("[secret]"), "{name}: {notified}");
        let output = Output {
            status: 0,
            stdout: notified,
            stderr: lines,
            folder,
        };
        search(name, secret, &output, &[&output.stdout, &output.stderr]);
    });
}

#[cfg(unix)]
#[test]
fn no_secret_is_in_the_history_of_the_prompt() {
    let sandbox = crate::terminal::Sandbox::new();
    let mut terminal = sandbox.simulated(120);
    for (_, secret) in shapes() {
        let text = format!("\"{}\"", secret.replace('\\', "\\\\").replace('"', "\\\""));
        terminal
            .enter(&format!("t = {{ AdminPass = {text} }}"), ">")
            .enter(
                &format!("select(2, pcall(cds.ccs.CreateInstance, {{ Password = {text} }})).kind"),
                "\"validation\"",
            )
            .enter(&format!("#{text}"), ">");
    }
    terminal
        .enter("6 * 111", "\n666")
        .keys(crate::terminal::CTRL_D)
        .expect_success();
    let mut found = Vec::new();
    files(sandbox.folder(), &mut found);
    let kept: String = found
        .iter()
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    assert!(kept.contains("6 * 111"), "{kept}");
    for (name, secret) in shapes() {
        for trace in traces(&secret) {
            assert!(!kept.contains(&trace), "{name}: {trace:?} in {kept}");
        }
    }
}

#[test]
fn call_takes_a_value_from_a_file_standard_input_or_the_profile() {
    let call = |arg: &str, input: &str| {
        let echo = Echo::new("x");
        test(&echo, "of-the-profile")
            .file("value.txt", "from-a-file\n")
            .file("large.txt", "x".repeat((1 << 20) + 1))
            .file("binary", b"\xff\xfe")
            .input(input)
            .args(["call", "--audit", "audit.jsonl", "cds.ccs.CreateTag", arg])
    };
    for (arg, input, sent) in [
        ("TagName=@value.txt", "", "from-a-file"),
        ("TagName=@/dev/stdin", "piped\n\n", "piped\\n"),
        ("TagName=-", "typed\r\n", "typed"),
        ("TagName=secret:planted", "", "[secret]"),
        ("TagName:=\"@value.txt\"", "", "@value.txt"),
        ("TagName=plain", "", "plain"),
    ] {
        let output = call(arg, input).run();
        assert_eq!(output.status, 0, "{arg}: {}", output.stderr);
        let audit = fs::read_to_string(output.folder.path().join("audit.jsonl")).unwrap();
        assert!(
            audit.contains(&format!("\"TagName\":\"{sent}\"")),
            "{arg}: {audit}"
        );
    }
    call("TagName=@none.txt", "").fails(2, &["TagName=@none.txt", "No such file"]);
    call("TagName=@large.txt", "").fails(2, &["larger than 1 MiB"]);
    call("TagName=@binary", "").fails(2, &["not UTF-8"]);
    call("TagName=-", "a")
        .arg("Other=-")
        .fails(2, &["standard input is read once, and TagName"]);
    let fifo = call("TagName=@fifo", "").arg("--timeout").arg("100ms");
    let made = std::process::Command::new("mkfifo")
        .arg(fifo.path("fifo"))
        .status();
    assert!(made.unwrap().success());
    fifo.fails(124, &["did not end within"]);
    let alone = call("hunt3rQz", "").fails(2, &["Name=value"]);
    assert!(!alone.stderr.contains("hunt3rQz"), "{}", alone.stderr);
}

#[test]
fn a_secret_on_a_command_line_is_warned_about_and_not_kept() {
    let echo = Echo::new("x");
    for (action, arg, warned) in [
        ("cds.ccs.CreateInstance", "Password=hunt3rQz", true),
        ("cds.ccs.CreateInstance", "Password:=\"hunt3rQz\"", true),
        ("cds.ccs.CreateInstance", "Password=@value.txt", false),
        ("cds.ccs.CreateTag", "TagName=web", false),
    ] {
        let output = test(&echo, "x-planted")
            .file("value.txt", "hunt3rQz")
            .args(["call", "--unchecked", "--store", "runs.db", action, arg])
            .run();
        let is_warned = output.stderr.contains("stands on the command line");
        assert_eq!(is_warned, warned, "{arg}: {}", output.stderr);
        assert!(
            !is_warned || output.stderr.contains("Password=@FILE"),
            "{}",
            output.stderr
        );
        fs::remove_file(output.folder.path().join("value.txt")).unwrap();
        search(arg, "hunt3rQz", &output, &[&output.stdout, &output.stderr]);
    }
}
