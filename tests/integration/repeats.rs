//! When a call that changes something leaves a second time, and when it must not.

use crate::support::{Test, answering};
use bytes::Bytes;
use cumulua::client::transport::{Response, TransportError};
use cumulua::client::{Attempts, CallOptions, Next};
use cumulua_core::catalog::{Action, Catalog};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;

const SIGNED_AT: &str = "2026-11-21T04:00:00Z";
const TWO_HOURS_LATER: &str = "Sat, 21 Nov 2026 06:00:00 GMT";

/// Answers with a code and a clock that is hours off.
fn refusing(status: &str, code: &str) -> String {
    let body = json!({ "Code": code, "Message": "no" }).to_string();
    let length = body.len();
    answering(format!(
        "HTTP/1.1 {status}\r\nDate: Wed, 01 Jan 2020 00:00:00 GMT\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    ))
}

const CHANGE: &str = "local ok, e = pcall(cds.ccs.CreateTag, { TagName = 'x' }) print(e.code, e.attempts, e.sent, e.retryable, (tostring(e):find('which may be the reason', 1, true) or 0) > 0)";

#[test]
fn a_change_that_is_refused_with_another_code_is_not_repeated_though_the_clocks_are_hours_apart() {
    for status in ["200 OK", "400 Bad Request"] {
        Test::against(&refusing(status, "Whatever"), CHANGE)
            .prints("Whatever\t1\tyes\tfalse\ttrue\n");
    }
}

#[test]
fn a_change_whose_time_was_refused_is_repeated_once_with_the_services_time() {
    Test::against(
        &refusing("400 Bad Request", "InvalidTimeStamp.Expired"),
        CHANGE,
    )
    .prints("InvalidTimeStamp.Expired\t2\tyes\tfalse\tfalse\n");
}

/// What one answer leads to: whether the call is made again.
fn is_repeated(action: &Action, outcome: Result<Response, TransportError>) -> bool {
    let mut attempts = Attempts::new(action, &CallOptions::default(), Duration::ZERO);
    attempts.begin();
    let signed_at: Timestamp = SIGNED_AT.parse().unwrap();
    let next = attempts.judge(action, outcome, signed_at, || 0.5, Duration::ZERO);
    matches!(next, Next::Again(_))
}

fn answer(action: &Action, status: u16, code: &str) -> Response {
    let protocol = &action.product.protocol;
    let mut body = json!({ protocol.code[0].as_str(): code, "Message": "no" });
    if let Some(wrapper) = &protocol.error_wrapper {
        for key in wrapper.split('.').rev() {
            body = json!({ key: body });
        }
    }
    let mut headers = HeaderMap::new();
    headers.insert("date", HeaderValue::from_static(TWO_HOURS_LATER));
    Response {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: Bytes::from(body.to_string()),
    }
}

#[test]
fn only_what_certainly_was_not_carried_out_is_repeated_whatever_the_answer() {
    const STATUSES: &[u16] = &[
        200, 201, 204, 302, 400, 401, 403, 404, 409, 418, 500, 502, 503,
    ];
    let mut changes = 0;
    for action in Catalog::default().actions().unwrap() {
        if action.is_repeatable() {
            continue;
        }
        changes += 1;
        let name = &action.full_name;
        let protocol = &action.product.protocol;
        let documented = action.errors.iter().map(|error| error.code.as_str());
        let others = [
            "Whatever",
            "",
            "RequestExpired.Else",
            "invalidtimestamp.expired",
        ];
        for code in documented.chain(others) {
            let is_known = [&protocol.throttled, &protocol.time_refused]
                .into_iter()
                .flatten()
                .any(|known| known == code);
            for status in STATUSES.iter().filter(|_| !is_known) {
                assert!(
                    !is_repeated(&action, Ok(answer(&action, *status, code))),
                    "{name}: {status} {code}"
                );
            }
        }
        for code in &protocol.time_refused {
            for status in STATUSES.iter().filter(|status| **status >= 400) {
                assert_eq!(
                    is_repeated(&action, Ok(answer(&action, *status, code))),
                    *status < 500,
                    "{name}: {status} {code}"
                );
            }
        }
        for good in action.success_codes() {
            for status in [400, 408, 425, 429, 500, 503] {
                let mut said = answer(&action, status, "Whatever");
                said.body = json!({ protocol.code[0].as_str(): good })
                    .to_string()
                    .into();
                assert!(!is_repeated(&action, Ok(said)), "{name}: {status} {good}");
            }
        }
        let host = || "host".to_owned();
        let lost = [
            TransportError::Dropped {
                host: host(),
                reason: String::new(),
            },
            TransportError::TimedOut {
                host: host(),
                seconds: 1.0,
            },
            TransportError::CutShort {
                host: host(),
                status: 200,
                reason: String::new(),
            },
            TransportError::TooLarge {
                host: host(),
                status: 200,
                limit: 1,
            },
        ];
        for error in lost {
            assert!(!is_repeated(&action, Err(error.clone())), "{name}: {error}");
        }
        let unsent = TransportError::NotConnected {
            host: host(),
            reason: String::new(),
        };
        assert!(is_repeated(&action, Err(unsent)), "{name}");
    }
    assert!(changes > 100, "{changes} Actions change something");
}

const BUY: &str = "local order = { InstanceId = 'i', Duration = 1, PricingCycle = 'Month', OwnerId = 1, BuyNumber = 1 }
sim.fault { action = 'RenewInstance', kind = 'drop_before', times = 1 }
local ok, e = pcall(aliyun.sas.RenewInstance, order, { retries = 0 })
";

#[test]
fn an_error_holds_the_token_that_the_call_was_sent_with() {
    let code = BUY.to_owned()
        + "print(e.sent, e.retryable, #e.token, tostring(e):find('ClientToken=' .. e.token, 1, true) ~= nil)
        order.ClientToken = e.token
        sim.fault { action = 'RenewInstance', kind = 'drop_before', times = 1 }
        local _, again = pcall(aliyun.sas.RenewInstance, order, { retries = 0 })
        print(again.token == e.token)";
    Test::simulated(&code).prints("maybe\ttrue\t36\ttrue\ntrue\n");
}

#[test]
fn an_error_of_a_call_without_a_token_has_none() {
    let code = "sim.fault { action = 'CreateTag', kind = 'drop_before', times = 1 }
        local _, e = pcall(cds.ccs.CreateTag, { TagName = 'x' }) print(e.sent, e.retryable, e.token)";
    Test::simulated(code).prints("maybe\tfalse\tnil\n");
}

#[test]
fn a_lost_change_that_nothing_shows_may_have_been_carried_out_all_the_same() {
    let code = "sim.fault { action = 'ResetInstancesPassword', kind = 'drop_before', times = 1 }
        local _, e = pcall(cds.ccs.ResetInstancesPassword, { InstanceIds = 'i-1', Password = 'Pass-word-1' })
        print(e.sent, e.lookup, tostring(e):find('; it may have been carried out', 1, true) ~= nil)";
    Test::simulated(code).prints("maybe\tnil\ttrue\n");
}

#[test]
fn a_refusal_after_a_lost_attempt_leaves_the_outcome_unknown() {
    let code = "sim.fault { action = 'RenewInstance', kind = 'drop_after', times = 1 }
        sim.fault { action = 'RenewInstance', kind = 'refuse', code = 'Whatever' }
        local order = { InstanceId = 'i', Duration = 1, PricingCycle = 'Month', OwnerId = 1, BuyNumber = 1 }
        local _, e = pcall(aliyun.sas.RenewInstance, order)
        print(e.code, e.attempts, e.sent, e.token ~= nil)";
    Test::simulated(code).prints("Whatever\t2\tmaybe\ttrue\n");
}

#[test]
fn a_wait_for_a_state_does_not_repeat_a_change() {
    let code = BUY.to_owned()
        + "sim.fault { action = 'RenewInstance', kind = 'drop_before', times = 3 }
        local looks = 0
        local function look() looks = looks + 1 return aliyun.sas.RenewInstance(order, { retries = 0 }) end
        local _, e = pcall(wait.for_state, look, { done = function() return true end, timeout = '1m' })
        print(e.sent, looks)
        print(pcall(wait.for_state, cds.ccs.CreateTag, { params = { TagName = 'x' }, done = 'x' }))";
    let output = Test::simulated(&code).run_well();
    assert!(output.starts_with("maybe\t1\nfalse\t"), "{output}");
    assert!(
        output.contains("cds.ccs.CreateTag changes something"),
        "{output}"
    );
}

/// Leaves three calls whose answers were lost: one that was carried out, one that was not, and one
/// that nothing looked after.
const LOSE: &str = "local function lose(kind)
    sim.fault { action = 'CreateTag', kind = kind, times = 1 }
    local _, e = pcall(cds.ccs.CreateTag, { TagName = kind })
    return e
end
outcome(lose('drop_after'))
outcome(lose('drop_before'))
lose('error_after')
";

#[test]
fn a_lost_call_that_the_script_has_found_out_about_is_reported_as_resolved() {
    let output = Test::simulated(&format!("{LOSE} error('end')")).run();
    for (line, count) in [
        ("resolved: cds.ccs.CreateTag was carried out", 1),
        ("resolved: cds.ccs.CreateTag was not carried out", 1),
        (
            "unknown outcome: cds.ccs.CreateTag may have been carried out",
            1,
        ),
    ] {
        assert_eq!(
            output.stderr.matches(line).count(),
            count,
            "{line}: {}",
            output.stderr
        );
    }
    let report = Test::simulated(&format!("{LOSE} error('end')"))
        .args(["--error-format", "json"])
        .run();
    let line = report
        .stderr
        .lines()
        .find(|line| line.contains("unknown_outcome"))
        .unwrap();
    let json: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(json["unknown_outcome"].as_array().unwrap().len(), 1);
    let action = "cds.ccs.CreateTag";
    assert_eq!(
        json["resolved_outcome"],
        json!([{ "action": action, "outcome": "done" }, { "action": action, "outcome": "not done" }])
    );
}

#[test]
fn the_parameters_of_a_lookup_are_for_a_call_and_for_a_whole_list() {
    let code = "sim.fault { action = 'CreateTemplate', kind = 'drop_before' }
        local _, e = pcall(cds.ccs.CreateTemplate, { InstanceId = 'i-1', DisplayName = 't', PowerOn = true })
        print(e.lookup, #cds.ccs.DescribeTemplateInfo(e.lookup_params).Data.TemplateList)
        for _ in items(cds.ccs.DescribeTemplateInfo, e.lookup_params) do end
        local wrong = { PageNumber = 2, PageSize = 10 }
        print(pcall(pages, cds.ccs.DescribeTemplateInfo, wrong))";
    let output = Test::simulated(code).run_well();
    assert!(
        output.starts_with("cds.ccs.DescribeTemplateInfo\t0\nfalse\t"),
        "{output}"
    );
    assert!(
        output.contains("PageNumber is set page by page"),
        "{output}"
    );
}
