//! What services answer, in every spelling that documents and servers have, becomes one answer or
//! one refusal.

use bytes::Bytes;
use cumulua::client::decode::{Decoded, decode};
use cumulua::client::error::{CallError, Kind, Refusal, Sent};
use cumulua::client::transport::Response;
use cumulua_core::catalog::{Action, Catalog};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

fn action(name: &str) -> Action {
    Catalog::default().action(name).unwrap()
}

fn answered(name: &str, status: u16, body: &str) -> Result<Decoded, CallError> {
    answered_with(name, status, &[], body)
}

fn answered_with(
    name: &str,
    status: u16,
    headers: &[(&'static str, &str)],
    body: &str,
) -> Result<Decoded, CallError> {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect();
    let response = Response {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: Bytes::from(body.to_owned()),
    };
    decode(
        &action(name),
        &response,
        "2026-11-21T04:00:00Z".parse::<Timestamp>().unwrap(),
    )
}

fn refused(name: &str, status: u16, body: &str) -> Refusal {
    match answered(name, status, body) {
        Err(CallError::Refused(refusal)) => *refusal,
        other => panic!("{status} {body}: {other:?}"),
    }
}

fn unintelligible(name: &str, status: u16, body: &str) -> String {
    match answered(name, status, body) {
        Err(error @ CallError::Unintelligible { .. }) => {
            assert_eq!(error.kind(), Kind::Response);
            assert_eq!(error.sent(), Sent::Maybe);
            error.to_string()
        }
        other => panic!("{status} {body}: {other:?}"),
    }
}

#[test]
fn the_documented_answers_in_xml_and_json_are_equal() {
    let vectors: Json = serde_json::from_str(include_str!("../../vectors/mcs.json")).unwrap();
    let vectors = vectors["actions"].as_array().unwrap();
    assert_eq!(vectors.len(), 22);
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let vector = &vector["answer"];
        let json = answered(name, 200, vector["text"].as_str().unwrap())
            .unwrap()
            .json;
        let xml = answered(name, 200, vector["xml"].as_str().unwrap())
            .unwrap()
            .json;
        assert_eq!(xml, json, "{name}");
    }
}

#[test]
fn a_refusal_in_xml_is_the_one_in_json() {
    let json = r#"{"ErrorResponse": {"Error": {"message": "No enough balance", "code": 406}}}"#;
    let xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<ErrorResponse>\n    <Error>\n        <message>No enough balance</message>\n        <code>406</code>\n    </Error>\n</ErrorResponse>";
    let (json, xml) = (
        refused("mcs.CreateInstance", 406, json),
        refused("mcs.CreateInstance", 406, xml),
    );
    assert_eq!(format!("{xml:?}"), format!("{json:?}"));
    assert_eq!(xml.code.as_deref(), Some("406"));
    assert_eq!(xml.message, "No enough balance");
    assert!(xml.meaning.unwrap().contains("balance"));
}

#[test]
fn the_body_and_not_its_type_decides_what_it_is() {
    let xml = "\u{feff}  \n<GetBalanceResponse><balance>16.66</balance></GetBalanceResponse>";
    let decoded = answered_with(
        "mcs.GetBalance",
        200,
        &[("content-type", "application/json")],
        xml,
    )
    .unwrap();
    assert_eq!(decoded.json.to_string(), r#"{"balance":16.66}"#);
    let json = r#"{"GetBalanceResponse": {"balance": 16.66}}"#;
    let decoded = answered_with(
        "mcs.GetBalance",
        200,
        &[("content-type", "application/xml")],
        json,
    )
    .unwrap();
    assert_eq!(decoded.json.to_string(), r#"{"balance":16.66}"#);
}

#[test]
fn xml_that_cannot_be_read_is_an_error_with_its_reason_and_place() {
    let cut = unintelligible(
        "mcs.GetBalance",
        200,
        "<GetBalanceResponse>\n  <balance>16.",
    );
    assert!(
        cut.contains("cut short inside <balance> at line 2, column 15"),
        "{cut}"
    );
    let page = unintelligible(
        "mcs.GetBalance",
        200,
        "<html><body>Maintenance</body></html>",
    );
    assert!(
        page.contains("<html>") && page.contains("<GetBalanceResponse>"),
        "{page}"
    );
    let foreign = unintelligible("cds.ccs.DescribeTags", 200, "<DescribeTagsResponse/>");
    assert!(foreign.contains("answers in JSON"), "{foreign}");
    let deep = "<GetBalanceResponse>".to_owned()
        + &"<a>".repeat(10_000)
        + &"</a>".repeat(10_000)
        + "</GetBalanceResponse>";
    assert!(unintelligible("mcs.GetBalance", 200, &deep).contains("nested too deeply"));
    assert_eq!(
        refused("mcs.GetBalance", 502, "<html><body>Bad Gateway").code,
        None
    );
}

/// Any Action of Capital Online.
const CDS: &str = "cds.ccs.DescribeTags";

#[test]
fn success_has_several_spellings() {
    for code in ["Success", "success", "OK", "ok", "SUCCESS"] {
        for key in ["Code", "code"] {
            let body = json!({ key: code, "Data": {"n": 1}, "RequestId": "r-1" });
            let decoded = answered(CDS, 200, &body.to_string()).unwrap();
            assert_eq!(decoded.json, body);
            assert_eq!(decoded.request_id.as_deref(), Some("r-1"));
        }
    }
}

#[test]
fn the_text_of_a_refusal_stands_under_several_keys() {
    for key in ["Message", "Msg", "CodeMsg", "Desc", "message", "msg"] {
        let refusal = refused(
            CDS,
            200,
            &json!({"Code": "InstanceNotFound", key: "no such server"}).to_string(),
        );
        assert_eq!(refusal.message, "no such server", "{key}");
    }
}

#[test]
fn a_refusal_may_come_with_any_status_and_either_key() {
    for status in [200, 400, 403, 404] {
        for key in ["Code", "code"] {
            let refusal = refused(
                CDS,
                status,
                &json!({ key: "InvalidParameter", "Message": "x" }).to_string(),
            );
            assert_eq!(
                (refusal.code.as_deref(), refusal.http_status),
                (Some("InvalidParameter"), status)
            );
        }
    }
}

#[test]
fn a_code_may_be_a_number() {
    assert_eq!(
        refused(
            "cds.desktop.QueryTask",
            200,
            r#"{"Code": 10003, "Message": "x"}"#
        )
        .code
        .as_deref(),
        Some("10003")
    );
}

#[test]
fn a_refusal_that_calls_itself_success_is_one_by_its_status() {
    assert_eq!(refused(CDS, 400, r#"{"Code": "Success"}"#).http_status, 400);
}

#[test]
fn the_key_that_wraps_an_answer_may_name_another_action_and_end_in_a_dot() {
    let inner = json!({"requestId": "r-1", "aliUid": "12345"});
    for key in [
        "oss-admin_aliyuncs_com_RestartOssInstance_2015-03-02_response",
        "oss-admin_aliyuncs_com_StopOssInstance_2015-03-02_response",
        "oss-admin.aliyuncs.com.StopOssInstance.2015-03-02.response",
    ] {
        let decoded = answered(
            "aliyun.oss_admin.RestartOssInstance",
            200,
            &json!({ key: inner.clone() }).to_string(),
        )
        .unwrap();
        assert_eq!(decoded.json, inner, "{key}");
        assert_eq!(decoded.request_id.as_deref(), Some("r-1"), "{key}");
    }
}

#[test]
fn a_key_beside_others_wraps_nothing() {
    let body = json!({"x_response": {}, "RequestId": "r-1"});
    assert_eq!(
        answered("aliyun.sas.CreateInstance", 200, &body.to_string())
            .unwrap()
            .json,
        body
    );
}

#[test]
fn a_refusal_with_a_host_id_is_read() {
    let body = json!({"RequestId": "r-1", "HostId": "sas-api.aliyuncs.com", "Code": "SignatureDoesNotMatch", "Message": "server string to sign is: GET&%2F&x"});
    for name in [
        "aliyun.oss_admin.StopOssInstance",
        "aliyun.sas.CreateInstance",
        "aliyun.aegis.CreateInstance",
    ] {
        let refusal = refused(name, 400, &body.to_string());
        assert_eq!(refusal.code.as_deref(), Some("SignatureDoesNotMatch"));
        assert_eq!(refusal.request_id.as_deref(), Some("r-1"));
        assert!(refusal.message.starts_with("server string") && refusal.meaning.is_some());
    }
}

#[test]
fn numbers_stay_exact() {
    let body = r#"{"Code":"OK","Data":[9007199254740993,9223372036854775807,98765432109876543210987,-98765432109876543210987,16.60]}"#;
    assert_eq!(answered(CDS, 200, body).unwrap().json.to_string(), body);
}

#[test]
fn an_answer_that_is_none_is_an_error_with_the_reason() {
    for (body, why) in [
        ("", "it is empty"),
        (" \r\n", "it is empty"),
        ("gateway busy", "it is not JSON"),
        (
            r#"{"Code": "Success", "Data": {"a": [1, "#,
            "its JSON is cut short at line 1, column",
        ),
        (r#"{"Code": "Success"} x"#, "it is not JSON"),
        ("[]", "it is a list and not a JSON object"),
        ("null", "it is null and not a JSON object"),
        ("\"Success\"", "it is a string and not a JSON object"),
    ] {
        let reason = unintelligible(CDS, 200, body);
        assert!(
            reason.contains(why) && reason.contains("HTTP status 200"),
            "{body}: {reason}"
        );
    }
    let deep = format!(
        "{{\"Code\": \"Success\", \"Data\": {}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    assert!(unintelligible(CDS, 200, &deep).contains("nested too deeply"));
}

#[test]
fn bytes_that_are_no_text_are_no_answer() {
    let response = Response {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{\"Code\": \"\xff\"}"),
    };
    let error = decode(&action(CDS), &response, Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(error.to_string().contains("not UTF-8"), "{error}");
}

#[test]
fn a_redirect_is_called_one_whatever_its_body() {
    for body in [
        "",
        "<html><body>Moved</body></html>",
        "{}",
        r#"{"Code": "Success"}"#,
    ] {
        for status in [301, 302, 307] {
            assert!(
                unintelligible(CDS, status, body).contains("redirect"),
                "{status} {body}"
            );
        }
    }
}

#[test]
fn a_page_of_a_proxy_is_a_refusal_by_its_status() {
    for name in [CDS, "mcs.DescribeInstances", "aliyun.sas.CreateInstance"] {
        for body in [
            "",
            "<html><body>Internal Server Error</body></html>",
            "<!DOCTYPE html><p>Oops<br>",
            "upstream error",
        ] {
            let refusal = refused(name, 500, body);
            assert_eq!((refusal.code, refusal.http_status), (None, 500), "{body}");
        }
    }
}

#[test]
fn a_status_that_refuses_around_a_body_that_does_not_proves_nothing() {
    for body in [
        r#"{"Code":"Success","Data":{}}"#,
        r#"{"Code":"success"}"#,
        r#"{"Code":"Succ"#,
        r#"{"Code":"Success",}"#,
    ] {
        for status in [400, 403, 429, 500, 503] {
            let error = answered("cds.ccs.CreateTag", status, body).unwrap_err();
            assert_eq!(error.sent(), Sent::Maybe, "{status} {body}");
            assert!(!error.certainly_not_carried_out(), "{status} {body}");
        }
    }
    for body in [
        r#"{"RunInstancesResponse":{"requestId":"r"}}"#,
        "<RunInstancesResponse><requestId>r</requestId></RunInstancesResponse>",
        "<RunInstancesResponse><requestId>r",
    ] {
        let body = body.replace("RunInstances", "CreateInstance");
        let error = answered("mcs.CreateInstance", 429, &body).unwrap_err();
        assert_eq!(error.sent(), Sent::Maybe, "{body}");
        assert!(!error.certainly_not_carried_out(), "{body}");
    }
    for body in [
        "",
        "<html>slow down</html>",
        r#"{"Code":"Throttling"}"#,
        r#"{"message":"slow down"}"#,
    ] {
        let error = answered("cds.ccs.CreateTag", 429, body).unwrap_err();
        assert!(
            error.certainly_not_carried_out() && error.retryable(),
            "{body}"
        );
    }
    // Reading is tried again as before.
    let read = answered("cds.ccs.DescribeTags", 429, r#"{"Code":"Success"}"#).unwrap_err();
    assert!(read.retryable());
}

#[test]
fn an_action_that_speaks_xml_is_answered_by_a_document_or_by_nothing() {
    const READS: &str = "cds.oss.GetBucketTags";
    const CHANGES: &str = "cds.oss.PutBucketTags";
    let one = "<Tagging><TagSet><Tag><Key>k</Key><Value/></Tag></TagSet></Tagging>";
    let tags = json!({"Tagging": {"TagSet": {"Tag": [{"Key": "k", "Value": ""}]}}});
    assert_eq!(answered(READS, 200, one).unwrap().json, tags);
    let id = [("x-oss-request-id", "1615275804887")];
    for body in ["", " \n", "<Anything/>"] {
        let answer = answered_with(CHANGES, 200, &id, body).unwrap();
        assert_eq!(
            answer.request_id.as_deref(),
            Some("1615275804887"),
            "{body:?}"
        );
    }
    for (name, body) in [
        (READS, ""),
        (READS, "<Other/>"),
        (CHANGES, "<html><body>It works!</body></html>"),
        (CHANGES, "<Tagging><TagSet>"),
        (CHANGES, "It works!"),
        (CHANGES, "{}"),
    ] {
        unintelligible(name, 200, body);
    }
    let error = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    for status in [200, 403] {
        let refusal = refused(CHANGES, status, error);
        assert_eq!(
            (refusal.code.as_deref(), &*refusal.message),
            (Some("AccessDenied"), "no")
        );
    }
    assert_eq!(refused(CHANGES, 403, "").http_status, 403);
    // What stands in front of the service speaks JSON.
    let json = r#"{"Code": "SignatureDoesNotMatch", "Message": "no"}"#;
    assert_eq!(
        refused(CHANGES, 400, json).code.as_deref(),
        Some("SignatureDoesNotMatch")
    );
}
