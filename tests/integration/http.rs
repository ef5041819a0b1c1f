//! `http` for scripts: only to hosts that the configuration names, nothing sent twice, no secret in
//! any record.

use crate::support::{Test, flat, http as answer};
use cumulua::history::{Filter, Store};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// A server that gives these answers one after another; gives its address and what it was sent.
fn server(answers: Vec<String>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let request = read_request(&mut reader);
            let _ = send.send(request);
            let _ = reader.get_mut().write_all(answer.as_bytes());
        }
    });
    (address, receive)
}

/// A request with its body.
fn read_request(reader: &mut BufReader<TcpStream>) -> String {
    let (mut request, mut length) = (String::new(), 0);
    while !request.ends_with("\r\n\r\n") {
        let start = request.len();
        if reader.read_line(&mut request).unwrap() == 0 {
            break;
        }
        if let Some(value) = request[start..]
            .to_lowercase()
            .strip_prefix("content-length: ")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    request + &String::from_utf8_lossy(&body)
}

fn allowing(hosts: &[&str], code: &str) -> Test {
    Test::new()
        .file("allow.toml", format!("[http]\nallow = {hosts:?}\n"))
        .args(["run", "--config", "allow.toml", "-e", code])
}

#[test]
fn a_secret_opens_as_a_header_and_as_the_url_and_nowhere_else() {
    let (address, requests) = server(vec![
        answer("200 OK", "{\"ok\":1, \"echo\":\"token-of-the-hook\"}", None),
        answer("201 Created", "", None),
    ]);
    let code = format!(
        "local r = http.post('http://{address}/hook?access_token=in-the-query', {{ json = {{ text = 'done', n = 9007199254740993 }},
            headers = {{ Authorization = {{ 'Bearer ', secret 'hook-token' }}, ['X-Plain'] = 5 }} }})
        print(r.status, r.headers['content-type'], json.decode(r.body).ok)
        print(http.request {{ url = secret 'hook-url', body = 'plain' }}.status)
        log.info(r.body)
        print(pcall(http.post, secret 'hook-url', {{ timeout = 0 }}))"
    );
    let test =
        allowing(&[&address], &code).args(["-vv", "--audit", "audit.jsonl", "--store", "runs.db"]);
    let url = format!("http://{address}/services/T0/SECRET-PART");
    let (audit, store) = (test.path("audit.jsonl"), test.path("runs.db"));
    let output = test
        .env("HOOK_TOKEN", "token-of-the-hook")
        .env("HOOK_URL", &url)
        .run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        output.stdout.starts_with("200\tapplication/json\t1\n201\n"),
        "{}",
        output.stdout
    );
    let first = requests.recv().unwrap();
    assert!(
        first.starts_with("POST /hook?access_token=in-the-query HTTP/1.1"),
        "{first}"
    );
    for part in [
        "authorization: Bearer token-of-the-hook",
        "x-plain: 5",
        "content-type: application/json",
        "{\"n\":9007199254740993,\"text\":\"done\"}",
    ] {
        assert!(first.contains(part), "{part:?} is missing in {first}");
    }
    let second = requests.recv().unwrap();
    assert!(
        second.starts_with("POST /services/T0/SECRET-PART HTTP/1.1") && second.ends_with("plain"),
        "{second}"
    );
    let audit = fs::read_to_string(audit).unwrap();
    let calls = Store::open(&store).runs(Filter::default()).unwrap();
    let calls = Store::open(&store).calls(&calls[0].run.id, 0, 10).unwrap();
    let told: Vec<_> = calls
        .iter()
        .map(|call| (call.action.as_str(), call.http_status, call.sent.as_str()))
        .collect();
    assert_eq!(
        told[..2],
        [
            ("http.post", Some(200), "yes"),
            ("http.request", Some(201), "yes")
        ]
    );
    assert_eq!(
        calls[0].endpoint.as_deref(),
        Some(format!("http://{address}/hook").as_str())
    );
    assert_eq!(
        audit.matches("\"phase\":\"sending\"").count(),
        3,
        "each leaves a record before it leaves"
    );
    let bytes = [
        fs::read(&store).unwrap(),
        fs::read(store.with_extension("db-wal")).unwrap_or_default(),
    ]
    .concat();
    for text in [
        &audit,
        &output.stderr,
        &output.stdout,
        &String::from_utf8_lossy(&bytes).into_owned(),
    ] {
        for secret in ["token-of-the-hook", "SECRET-PART", "in-the-query"] {
            let shown_by_the_script_itself =
                secret == "in-the-query" && text.as_str() == output.stderr;
            assert!(
                shown_by_the_script_itself || !text.contains(secret),
                "{secret} stands in {text}"
            );
        }
    }
}

#[test]
fn only_hosts_that_the_configuration_names_are_asked() {
    let (address, requests) = server(vec![answer("200 OK", "{}", None)]);
    let code = format!("http.get('http://{address}/')");
    let policy = "scripts may not ask this host";
    Test::new()
        .args(["run", "-e", &code])
        .fails(1, &[policy, &address, "[http]"]);
    allowing(&["hooks.example.com"], &code).fails(1, &[policy]);
    allowing(&[&address], "http.get('https://hooks.example.com/')")
        .fails(1, &[policy, "\"hooks.example.com\""]);
    allowing(&["localhost"], &code).fails(1, &["port must be given"]);
    let project = format!("[http]\nallow = [\"{address}\"]\n");
    Test::new()
        .file("cumulua.toml", &project)
        .args(["run", "-e", &code])
        .fails(1, &["cumulua trust", &address]);
    assert!(requests.try_recv().is_err(), "nothing was asked so far");
    Test::new()
        .file("config/cumulua/cumulua.toml", &project)
        .args(["run", "-e", &code])
        .prints("");
    assert!(requests.recv().unwrap().starts_with("GET / "));
}

#[test]
fn redirects_are_followed_only_where_the_script_and_the_configuration_allow_it() {
    let to = |url: &str| {
        format!(
            "HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
    };
    let get = |address: &str, options: &str| {
        format!(
            "local ok, r = pcall(http.get, 'http://{address}/a', {{ headers = {{ ['X-Key'] = secret 'key' }}, {options} }})
            print(ok and r.status or r.kind)"
        )
    };
    let (first, asked) = server(vec![to("/b")]);
    allowing(&[&first], &get(&first, ""))
        .env("KEY", "abcdefgh")
        .prints("302\n");
    assert!(asked.recv().unwrap().contains("abcdefgh"));
    let (second, asked_second) = server(vec![answer("200 OK", "{}", None)]);
    let (first, asked) = server(vec![to("/b"), to(&format!("http://{second}/c"))]);
    allowing(&[&first, &second], &get(&first, "redirects = 2"))
        .env("KEY", "abcdefgh")
        .prints("200\n");
    assert!(
        asked.recv().is_ok() && asked.recv().unwrap().contains("abcdefgh"),
        "the same host is sent it again"
    );
    let at_second = asked_second.recv().unwrap();
    assert!(
        at_second.starts_with("GET /c") && !at_second.contains("abcdefgh"),
        "another host is not: {at_second}"
    );
    let (first, _asked) = server(vec![to("https://evil.example/")]);
    allowing(&[&first], &get(&first, "redirects = 2"))
        .env("KEY", "abcdefgh")
        .prints("policy\n");
    let (first, asked) = server(vec![to("/b"), answer("200 OK", "{}", None)]);
    allowing(
        &[&first],
        &format!("print(http.post('http://{first}/', {{ redirects = 2, body = 'x' }}).status)"),
    )
    .prints("302\n");
    assert!(
        asked.recv().is_ok() && asked.try_recv().is_err(),
        "what changes something is sent once"
    );
}

#[test]
fn each_way_to_fail_has_its_kind_and_shows_how_far_it_got() {
    let told = |code: &str| {
        format!("local ok, e = pcall({code}) print(e.kind, e.sent, e.retryable, e.action)")
    };
    let refused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    allowing(
        &[&refused],
        &told(&format!("http.post, 'http://{refused}/', {{ body = 'x' }}")),
    )
    .prints("dispatch\tno\ttrue\thttp.post\n");
    let (large, _asked) = server(vec![answer("200 OK", &"x".repeat(5000), None)]);
    allowing(
        &[&large],
        &told(&format!(
            "http.get, 'http://{large}/', {{ max_size = 4999 }}"
        )),
    )
    .prints("response\tmaybe\tfalse\thttp.get\n");
    let (cut, _asked) = server(vec![answer("200 OK", "x", Some(100))]);
    allowing(
        &[&cut],
        &told(&format!("http.post, 'http://{cut}/', {{ body = 'x' }}")),
    )
    .prints("response\tmaybe\tfalse\thttp.post\n");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    allowing(
        &[&address],
        &told(&format!(
            "http.get, 'http://{address}/', {{ timeout = 0.05 }}"
        )),
    )
    .prints("timeout\tmaybe\ttrue\thttp.get\n");
    let (error, _asked) = server(vec![answer("500 Oops", "broken", None)]);
    allowing(
        &[&error],
        &format!("local r = http.get('http://{error}/') print(r.status, r.body)"),
    )
    .prints("500\tbroken\n");
}

#[test]
fn a_read_only_run_only_reads_and_a_simulation_sends_nothing() {
    let (address, asked) = server(vec![answer("200 OK", "{}", None)]);
    let code =
        format!("print(http.get('http://{address}/').status) http.post('http://{address}/')");
    let output = allowing(&[&address], &code)
        .args(["--read-only"])
        .fails(1, &["read-only"]);
    assert_eq!(output.stdout, "200\n");
    assert!(asked.recv().is_ok() && asked.try_recv().is_err());
    let output = Test::simulated(
        "print(http.post('https://hooks.example.com/x?token=y', { body = 'x' }).status)",
    )
    .run();
    assert_eq!(output.stdout, "204\n", "{}", output.stderr);
    assert!(
        flat(&output.stderr)
            .contains("https://hooks.example.com/x: not sent, this is a simulation"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_change_that_is_on_its_way_is_awaited_when_a_sibling_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // The sibling is answered, and fails, while the change is on its way.
    let serving = thread::spawn(move || {
        let accept = || BufReader::new(listener.accept().unwrap().0);
        let mut asked = [accept(), accept()].map(|mut reader| (read_request(&mut reader), reader));
        asked.sort_by(|one, other| one.0.cmp(&other.0));
        let methods = asked.each_ref().map(|(request, _)| request[..4].to_owned());
        for ((_, reader), answer) in asked.iter_mut().zip([
            answer("200 OK", "", None),
            answer("201 Created", "made", None),
        ]) {
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
        }
        methods
    });
    let code = format!(
        "print(pcall(parallel, {{
            function() http.post('http://{address}/', {{ body = 'x' }}) end,
            function() http.get 'http://{address}/' error 'broken' end,
        }}))"
    );
    let test = allowing(&[&address], &code).args(["--store", "runs.db"]);
    let store = test.path("runs.db");
    let output = test.run();
    assert!(
        output.stdout.starts_with("false") && output.stdout.contains("broken"),
        "{}{}",
        output.stdout,
        output.stderr
    );
    assert_eq!(serving.join().unwrap(), ["GET ", "POST"]);
    let store = Store::open(&store);
    let run = store.runs(Filter::default()).unwrap().remove(0).run.id;
    let calls = store.calls(&run, 0, 10).unwrap();
    assert_eq!(
        (
            calls[0].phase.as_str(),
            calls[0].http_status,
            calls[0].sent.as_str()
        ),
        ("ended", Some(201), "yes")
    );
}
