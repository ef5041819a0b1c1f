//! Answers that cannot be understood: an error of kind `response`, and an unknown outcome.

use crate::support::{Test, answering, http, simulator};
use cumulua_simulator::{Fault, FaultRule};

const REPORT: &str = "local ok, e = pcall(cds.ccs.CreateTag, { TagName = 'x' }, { retries = 0 }) print(ok, e.kind, e.sent, e.http_status)";

fn kind_of(answer: &str, expected: &str) {
    Test::against(&answering(answer), REPORT).prints(expected);
}

#[test]
fn an_answer_that_is_no_json_is_not_understood() {
    kind_of(
        &http("200 OK", "<html>hello</html>", None),
        "false\tresponse\tmaybe\t200\n",
    );
}

#[test]
fn an_empty_answer_is_not_understood() {
    kind_of(&http("200 OK", "", None), "false\tresponse\tmaybe\t200\n");
}

#[test]
fn an_answer_that_is_cut_short_is_not_understood() {
    kind_of(
        &http("200 OK", "{\"Code\":\"Succ", Some(100)),
        "false\tresponse\tmaybe\t200\n",
    );
    kind_of(
        &http("200 OK", "{\"Code\":\"Succ", None),
        "false\tresponse\tmaybe\t200\n",
    );
}

#[test]
fn reading_is_tried_again_after_an_answer_that_is_cut_short_though_its_length_is_not_given() {
    let body = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"Code\":\"Succ";
    let code = "local ok, e = pcall(cds.ccs.DescribeTags, {}, { retries = 1 }) print(e.kind, e.attempts, e.retryable)";
    Test::against(&answering(body), code).prints("response\t2\ttrue\n");
}

#[test]
fn an_answer_nested_10000_deep_is_not_understood() {
    let body = format!("{{\"Code\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    kind_of(
        &http("200 OK", &body, None),
        "false\tresponse\tmaybe\t200\n",
    );
}

#[test]
fn an_answer_past_the_cap_is_not_read_to_its_end() {
    let body = format!("{{\"Code\":\"{}\"}}", "x".repeat(33 * 1024 * 1024));
    kind_of(
        &http("200 OK", &body, None),
        "false\tresponse\tmaybe\t200\n",
    );
}

#[test]
fn a_connection_that_closes_without_an_answer_leaves_the_outcome_unknown() {
    Test::against(&answering(""), REPORT).prints("false\tdispatch\tmaybe\tnil\n");
}

#[test]
fn an_error_page_of_a_proxy_is_a_refusal_with_its_status() {
    kind_of(
        &http("502 Bad Gateway", "<html>bad gateway</html>", None),
        "false\tservice\tmaybe\t502\n",
    );
}

#[test]
fn a_redirect_is_not_followed() {
    let answer = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    kind_of(answer, "false\tresponse\tmaybe\t302\n");
}

#[test]
fn a_refusal_keeps_the_services_code() {
    let body = r#"{"Code":"IncorrectInstanceStatus","Message":"no","RequestId":"r-1"}"#;
    let code = "local ok, e = pcall(cds.ccs.StopInstance, { InstanceId = 'i' }) print(e.kind, e.code, e.http_status, e.request_id, e.sent)";
    for status in ["200 OK", "403 Forbidden"] {
        let number = &status[..3];
        Test::against(&answering(http(status, body, None)), code).prints(&format!(
            "service\tIncorrectInstanceStatus\t{number}\tr-1\tyes\n"
        ));
    }
}

#[test]
fn a_reading_call_is_repeated_and_each_attempt_is_signed_anew() {
    let (url, simulator) = simulator();
    simulator.fault(
        FaultRule::new(Fault::ServerError {
            http: 503,
            carried_out: false,
        })
        .times(2),
    );
    Test::against(
        &url,
        "print(#cds.ccs.DescribeTags().Data, meta(cds.ccs.DescribeTags()).attempts)",
    )
    .prints("0\t1\n");
    let nonces: Vec<_> = simulator
        .requests()
        .into_iter()
        .map(|record| record.nonce)
        .collect();
    assert_eq!(nonces.len(), 4);
    assert!(
        nonces
            .iter()
            .all(|nonce| nonces.iter().filter(|other| *other == nonce).count() == 1)
    );
}

#[test]
fn a_refusal_after_a_lost_attempt_does_not_make_it_undone() {
    // The first attempt is taken and its answer lost; the connection for the second is refused, as
    // the listener is gone.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::Read as _;
        let (mut stream, _) = listener.accept().unwrap();
        drop(listener);
        let _ = stream.read(&mut [0; 4096]);
    });
    let code = "local action = aliyun.sas.RenewInstance
        local ok, e = pcall(action, { InstanceId = 'i', Duration = 1, PricingCycle = 'Month', OwnerId = 1, BuyNumber = 1 }, { retries = 1 })
        print(e.kind, e.sent, e.attempts)";
    let test = Test::new().args(["run", "--endpoint", &format!("aliyun={url}"), "-e", code]);
    let output = test
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "id")
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "key")
        .run();
    assert_eq!(output.stdout, "dispatch\tmaybe\t2\n", "{}", output.stderr);
}

#[test]
fn a_refusal_for_the_rate_is_one_whatever_its_body() {
    let code = "local ok, e = pcall(cds.ccs.CreateTag, { TagName = 'x' }, { retries = 0 }) print(e.kind, e.http_status)";
    Test::against(
        &answering(http("429 Too Many Requests", "\"slow down\"", None)),
        code,
    )
    .prints("service\t429\n");
}

#[test]
fn a_mutating_call_is_not_repeated_after_its_answer_was_lost() {
    let (url, simulator) = simulator();
    simulator.fault(FaultRule::new(Fault::DropAfter).times(1));
    Test::against(
        &url,
        "local ok, e = pcall(cds.ccs.CreateTag, { TagName = 'x' }) print(ok, e.sent, e.attempts)",
    )
    .prints("false\tmaybe\t1\n");
    assert_eq!(simulator.requests().len(), 1);
}

#[test]
fn a_refusal_for_the_rate_carried_nothing_out_whatever_its_status() {
    let body = r#"{"Code":"Throttling","Message":"slow down"}"#;
    let code = "local ok, e = pcall(cds.ccs.CreateTag, { TagName = 'x' }, { retries = 0 }) print(e.kind, e.sent, e.retryable, e.lookup)";
    let url = answering(http("503 Service Unavailable", body, None));
    Test::against(&url, code).prints("service\tyes\ttrue\tnil\n");
}

#[test]
fn a_field_of_an_answer_has_any_name() {
    let name = "$serde_json::private::Number";
    let escaped = "\\u0024serde_json::private::Number";
    let code = "local answer = cds.ccs.CreateTag { TagName = 'x' }
        local data, name = answer.Data, '$serde_json::private::Number'
        print(type(data), data[name], data.x, data.last)";
    for key in [name, escaped] {
        for (fields, expected) in [
            (format!("\"{key}\":\"5\""), "table\t5\tnil\tnil\n"),
            (format!("\"{key}\":\"5\",\"x\":1"), "table\t5\t1\tnil\n"),
            (format!("\"x\":1,\"{key}\":\"a\""), "table\ta\t1\tnil\n"),
            (
                format!("\"x\":1e999,\"{key}\":7,\"last\":12345678901234567890"),
                "table\t7\t1e+999\t12345678901234567890\n",
            ),
        ] {
            let body = format!("{{\"Code\":\"Success\",\"Data\":{{{fields}}}}}");
            Test::against(&answering(http("200 OK", &body, None)), code).prints(expected);
        }
    }
}
