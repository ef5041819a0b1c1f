use super::{Answer, TestCloud, signed};
use crate::SECRET;
use crate::http::signature::{self, Digest};
use bytes::Bytes;
use http::Request;
use serde_json::json;

fn answer(cloud: &TestCloud, request: &Request<Bytes>) -> Answer {
    let response = cloud.simulator.handle(request);
    Answer(
        response.status().as_u16(),
        serde_json::from_slice(response.body()).unwrap(),
    )
}

/// A call of `DescribeTags` with some common parameters changed before it is signed; an empty value
/// takes one away.
fn altered(cloud: &TestCloud, changes: &[(&str, &str)]) -> Answer {
    let mut pairs = cloud.common("DescribeTags");
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        if !value.is_empty() {
            pairs.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    answer(cloud, &signed("POST", "/ccs/", pairs, SECRET, "{}".into()))
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_differs_by_one_bit_is_refused_and_nothing_is_echoed() {
    let cloud = TestCloud::new();
    for bit in 0..8 {
        let mut secret = SECRET.as_bytes().to_vec();
        secret[0] ^= 1 << bit;
        let Ok(secret) = String::from_utf8(secret) else {
            continue;
        };
        let refused = answer(
            &cloud,
            &signed(
                "POST",
                "/ccs/",
                cloud.common("DescribeTags"),
                &secret,
                "{}".into(),
            ),
        );
        refused.refused(403, "SignatureDoesNotMatch");
        assert!(!refused.1.to_string().contains(SECRET));
    }
}

#[tokio::test(start_paused = true)]
async fn the_signature_covers_method_and_query() {
    let cloud = TestCloud::new();
    let request = cloud.request("DescribeTask", &json!({"TaskId": "190982"}));
    let changed = request.uri().to_string().replace("190982", "190983");
    let request = Request::builder().uri(changed).body(Bytes::new()).unwrap();
    answer(&cloud, &request).refused(403, "SignatureDoesNotMatch");
    let request = cloud.request("DescribeTags", &json!({}));
    let request = Request::builder()
        .method("GET")
        .uri(request.uri().clone())
        .body(Bytes::new())
        .unwrap();
    answer(&cloud, &request).refused(403, "SignatureDoesNotMatch");
}

#[tokio::test(start_paused = true)]
async fn common_parameters_are_wanted_and_held_to_their_values() {
    let cloud = TestCloud::new();
    for name in [
        "Action",
        "AccessKeyId",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "Timestamp",
        "Version",
    ] {
        altered(&cloud, &[(name, "")]).refused(400, "MissingParameter");
    }
    altered(&cloud, &[("AccessKeyId", "other")]).refused(404, "InvalidAccessKeyId.NotFound");
    altered(&cloud, &[("SignatureMethod", "HMAC-SHA256")]).refused(400, "InvalidSignatureMethod");
    altered(&cloud, &[("SignatureVersion", "2.0")]).refused(400, "InvalidSignatureMethod");
    altered(&cloud, &[("Version", "2019-08-09")]).refused(400, "InvalidVersion");
    altered(&cloud, &[("Timestamp", "2026-03-01 08:00:00")])
        .refused(400, "InvalidTimeStamp.Format");
    altered(&cloud, &[("Timestamp", "2026-03-01T07:44:59Z")])
        .refused(400, "InvalidTimeStamp.Expired");
    altered(&cloud, &[("Timestamp", "2026-03-01T08:15:01Z")])
        .refused(400, "InvalidTimeStamp.Expired");
    altered(&cloud, &[("Timestamp", "2026-03-01T07:45:00Z")]).ok();
    altered(&cloud, &[("Timestamp", "2026-03-01T08:15:00Z")]).ok();
}

#[tokio::test(start_paused = true)]
async fn a_nonce_is_good_for_one_request() {
    let cloud = TestCloud::new();
    altered(&cloud, &[("SignatureNonce", "one")]).ok();
    altered(&cloud, &[("SignatureNonce", "one")]).refused(400, "SignatureNonceUsed");
    altered(&cloud, &[("SignatureNonce", "two")]).ok();
}

#[tokio::test(start_paused = true)]
async fn the_clouds_clock_can_be_off_and_answers_tell_it() {
    let cloud = TestCloud::new();
    cloud.simulator.set_clock_skew(3600);
    altered(&cloud, &[]).refused(400, "InvalidTimeStamp.Expired");
    let response = cloud
        .simulator
        .handle(&cloud.request("DescribeTags", &json!({})));
    assert_eq!(response.headers()["date"], "Sun, 01 Mar 2026 09:00:00 GMT");
    cloud.clock.set(
        cloud
            .clock
            .now()
            .saturating_add(jiff::SignedDuration::from_hours(1))
            .unwrap(),
    );
    cloud.ask("DescribeTags", &json!({})).ok();
}

#[tokio::test(start_paused = true)]
async fn a_prefix_in_front_of_the_path_is_allowed() {
    let cloud = TestCloud::new();
    for path in ["/ccs", "/ccs/", "/prefix/ccs/", "/a/b/ccs"] {
        answer(
            &cloud,
            &signed(
                "POST",
                path,
                cloud.common("DescribeTags"),
                SECRET,
                "{}".into(),
            ),
        )
        .ok();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_held_is_refused_after_the_signature() {
    let cloud = TestCloud::new();
    let ask = |path: &str, action: &str, secret: &str| {
        answer(
            &cloud,
            &signed("POST", path, cloud.common(action), secret, "{}".into()),
        )
    };
    ask("/vpc/", "CreateVpc", SECRET).refused(404, "InvalidAction.NotFound");
    ask("/vpc/", "CreateVpc", "wrong").refused(403, "SignatureDoesNotMatch");
    ask("/ccs/", "Frobnicate", SECRET).refused(404, "InvalidAction.NotFound");
    ask("/ccs/", "StopInstance", SECRET).refused(405, "UnsupportedHTTPMethod");
}

#[tokio::test(start_paused = true)]
async fn the_other_products_schemes_are_verified() {
    let cloud = TestCloud::new();
    let pop_by = |method: &str, secret: &str| {
        let mut pairs = cloud.common("CreateOssInstance");
        pairs.retain(|(name, _)| name != "Version" && name != "SignatureMethod");
        pairs.push(("SignatureMethod".to_owned(), method.to_owned()));
        pairs.push(("Version".to_owned(), "2015-03-02".to_owned()));
        answer(&cloud, &signed("GET", "/", pairs, secret, String::new()))
    };
    let pop = |secret: &str| pop_by("HMAC-SHA1", secret);
    pop_by("HMAC-SHA256", "sim-secret&").refused(400, "InvalidSignatureMethod");
    assert_eq!(pop("sim-secret&").0, 200);
    pop_by("Hmac-SHA1", "sim-secret&").refused(400, "ORDER.OPEND");
    let refused = pop("sim-secret");
    refused.refused(400, "SignatureDoesNotMatch");
    let told = refused.1["Message"]
        .as_str()
        .unwrap()
        .split_once("server string to sign is:")
        .unwrap()
        .1;
    assert!(
        told.starts_with("GET&%2F&AccessKeyId%3Dsim%26Action%3DCreateOssInstance%26"),
        "{told}"
    );
    let mcs = |secret: &str, host: &str| {
        let time = format!("{:.3}", cloud.clock.now());
        let pairs = [
            ("Action", "DescribeInstances"),
            ("AWSAccessKeyId", "sim"),
            ("SignatureVersion", "2"),
            ("SignatureMethod", "HmacSHA256"),
            ("Timestamp", &time),
            ("Format", "json"),
        ];
        let mut pairs: Vec<_> = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let text = signature::sigv2_string("POST", host, "/mcs/v1", &pairs);
        pairs.push((
            "Signature".to_owned(),
            signature::signature(Digest::Sha256, secret, &text),
        ));
        let form: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let request = Request::post("/mcs/v1")
            .header("host", "MCS.example:8883")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(form))
            .unwrap();
        cloud.simulator.handle(&request)
    };
    let status = |secret: &str, host: &str| mcs(secret, host).status().as_u16();
    for host in ["mcs.example:8883", "mcs.example"] {
        assert_eq!(
            (status("sim-secret", host), status("other", host)),
            (200, 403)
        );
    }
    assert_eq!(status("sim-secret", "other.example"), 403);
    let body = String::from_utf8(mcs("other", "mcs.example").body().to_vec()).unwrap();
    assert!(body.starts_with(r#"{"ErrorResponse":{"Error":{"#), "{body}");
}

/// A call of `GetInstanceCount` as `alibabacloud_tea_openapi` 0.4.6 signs it, with some headers
/// changed afterwards.
fn of_tea(cloud: &TestCloud, changes: &[(&str, &str)], body: &'static str) -> Answer {
    const SIGNATURE: &str = "c3edbff82a6eb856301d562fde7c62f15f0941f18435dfc55ba4398f52cfe199";
    const SIGNED: &str = "accept;content-type;host;user-agent;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let authorization =
        format!("ACS3-HMAC-SHA256 Credential=sim,SignedHeaders={SIGNED},Signature={SIGNATURE}");
    let headers = [
        ("accept", "application/json"),
        ("authorization", &authorization),
        ("content-type", "application/x-www-form-urlencoded"),
        ("host", "sas-api.aliyuncs.com"),
        ("user-agent", "AlibabaCloud (Linux)"),
        ("x-acs-action", "GetInstanceCount"),
        (
            "x-acs-content-sha256",
            "814692c38bda3a4a1ccc437e2ca867e03a3688a951824af6db80dbbe2810b6dd",
        ),
        ("x-acs-date", "2026-03-01T08:00:00Z"),
        ("x-acs-signature-nonce", "5b1e0d3a"),
        ("x-acs-version", "2017-07-05"),
    ];
    let mut request = Request::post("/?Note=a%20b%2A~%27%C3%A9%2F%2B&OwnerId=1")
        .body(Bytes::from_static(body.as_bytes()))
        .unwrap();
    for (name, value) in headers.into_iter().chain(changes.iter().copied()) {
        request.headers_mut().insert(
            http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value.parse().unwrap(),
        );
    }
    answer(cloud, &request)
}

#[tokio::test(start_paused = true)]
async fn alibabas_newer_signature_in_headers_is_verified() {
    const BODY: &str = "ClientToken=t%201";
    let cloud = TestCloud::new();
    for (name, value) in [
        ("x-acs-action", "GetSummary"),
        ("x-acs-more", "1"),
        ("host", "other.example"),
    ] {
        of_tea(&cloud, &[(name, value)], BODY).refused(400, "SignatureDoesNotMatch");
    }
    of_tea(&cloud, &[], "ClientToken=other").refused(400, "SignatureDoesNotMatch");
    of_tea(&cloud, &[("x-acs-date", "2026-03-01T07:44:59Z")], BODY)
        .refused(400, "InvalidTimeStamp.Expired");
    of_tea(
        &cloud,
        &[(
            "authorization",
            "ACS3-HMAC-SHA256 Credential=other,SignedHeaders=host,Signature=zz",
        )],
        BODY,
    )
    .refused(404, "InvalidAccessKeyId.NotFound");
    of_tea(&cloud, &[("x-acs-version", "2018-12-03")], BODY).refused(400, "InvalidVersion");
    assert_eq!(of_tea(&cloud, &[], BODY).ok()["Data"], 1);
    of_tea(&cloud, &[], BODY).refused(400, "SignatureNonceUsed");
    altered(&cloud, &[("SignatureMethod", "ACS3-HMAC-SHA256")])
        .refused(400, "InvalidSignatureMethod");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_no_service_has_is_refused_in_the_words_of_the_product_that_was_asked() {
    let cloud = TestCloud::new();
    let ask = |path: &str, version: &str, secret: &str| {
        let mut pairs = cloud.common("GetInstanceCount");
        pairs.retain(|(name, _)| name != "Version");
        pairs.push(("Version".to_owned(), version.to_owned()));
        answer(&cloud, &signed("GET", path, pairs, secret, String::new()))
    };
    let alibaba = ask("/", "2018-12-03", "sim-secret&");
    alibaba.refused(400, "InvalidVersion");
    assert!(
        alibaba.1["Message"]
            .as_str()
            .unwrap()
            .contains("2017-07-05")
            && alibaba.1["HostId"].is_string(),
        "{}",
        alibaba.1
    );
    let capital_online = ask("/ccs/", "2018-12-03", SECRET);
    capital_online.refused(400, "InvalidVersion");
    assert!(
        capital_online.1.get("HostId").is_none(),
        "{}",
        capital_online.1
    );
}

#[tokio::test(start_paused = true)]
async fn parameters_are_held_to_the_catalogue() {
    let cloud = TestCloud::new();
    let ask = |action: &str, body: &str| {
        answer(
            &cloud,
            &signed("POST", "/ccs/", cloud.common(action), SECRET, body.into()),
        )
    };
    ask("CreateTag", "[]").refused(400, "InvalidParameter");
    ask("CreateTag", "{").refused(400, "InvalidParameter");
    ask("CreateTag", "{}").refused(400, "MissingParameter");
    ask("CreateTag", r#"{"TagName": null}"#).refused(400, "MissingParameter");
    ask("CreateTag", "").refused(400, "MissingParameter");
    ask("CreateTag", r#"{"TagName": ["x"]}"#).refused(400, "InvalidParameter");
    ask("CreateTag", r#"{"TagName": true}"#).refused(400, "InvalidParameter");
    // serde_json would take the one for a number, and the other for no JSON.
    for number in ["5", "x"] {
        let field = format!(r#"{{"$serde_json::private::Number": "{number}"}}"#);
        ask("CreateTag", &format!(r#"{{"TagName": {field}}}"#)).refused(400, "InvalidParameter");
        ask("CreateTag", &field).refused(400, "MissingParameter");
    }
    let refused = |changes: serde_json::Value| cloud.ask("CreateInstance", &super::order(&changes));
    refused(json!({"Cpu": 3})).refused(400, "InvalidParameter");
    refused(json!({"Amount": 0})).refused(400, "InvalidParameter");
    refused(json!({"Amount": 100})).refused(400, "InvalidParameter");
    refused(json!({"Amount": "many"})).refused(400, "InvalidParameter");
    refused(json!({"Amount": "1.5"})).refused(400, "InvalidParameter");
    refused(json!({"DataDisks": [{"Type": "ssd_disk"}]})).refused(400, "MissingParameter");
    refused(json!({"DataDisks": [7]})).refused(400, "InvalidParameter");
    refused(json!({"UserData": ["not base64!"]})).refused(400, "InvalidParameter");
    refused(json!({"RegionId": "CN_Nowhere_A"})).refused(400, "InvalidRegionID.Malformed");
    refused(json!({"InstanceType": "Tiny"})).refused(400, "InvalidInstanceType.ValueUnauthorized");
    refused(json!({"Password": "short"})).refused(400, "InvalidPassword.Malformed");
    refused(json!({"ImageId": "Nothing"})).refused(404, "InvalidLaunchTemplateVersion.NotFound");
    let unknown = json!({"SomethingNew": 1});
    cloud.ask("DescribeTags", &unknown).ok();
}

#[tokio::test(start_paused = true)]
async fn numbers_and_texts_stand_for_each_other_as_the_vendors_clients_write_them() {
    let cloud = TestCloud::new();
    cloud.ask("CreateTag", &json!({"TagName": 5})).ok();
    assert_eq!(
        cloud.ask("DescribeTags", &json!({})).ok()["Data"][0]["TagName"],
        "5"
    );
    cloud
        .ask(
            "CreateInstance",
            &super::order(&json!({"Amount": "2", "Cpu": "4", "DeletionProtection": "True"})),
        )
        .ok();
    assert_eq!(
        cloud
            .ask("DescribeInstances", &json!({"PageSize": "1"}))
            .ok()["Data"]["PageCount"],
        2
    );
}

#[tokio::test(start_paused = true)]
async fn the_vendors_clients_noise_is_tolerated() {
    let cloud = TestCloud::new();
    // The Python SDK writes the body into the signed query as well, where a parameter `Action`
    // gives way to the Action's name.
    let mut pairs = cloud.common("CreateTag");
    for (name, value) in [
        ("TagName", "x"),
        ("More.0.Size", "1"),
        ("RequestClient", "SDK"),
        ("SignatureType", ""),
    ] {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    answer(
        &cloud,
        &signed(
            "POST",
            "/ccs",
            pairs,
            SECRET,
            r#"{"TagName": "x", "More": [{"Size": 1}], "Nothing": null}"#.into(),
        ),
    )
    .ok();
}

#[tokio::test(start_paused = true)]
async fn the_log_holds_no_secret() {
    let cloud = TestCloud::new();
    cloud
        .ask(
            "CreateInstance",
            &super::order(&json!({"UserData": ["c2VjcmV0"], "NewPassword": "hidden-too"})),
        )
        .ok();
    let log = serde_json::to_string(&cloud.simulator.requests()).unwrap();
    assert!(log.contains("CreateInstance") && log.contains("nonce-0"));
    for secret in ["123abc,.;", "c2VjcmV0", "hidden-too", "Signature", SECRET] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_keeps_little_of_a_huge_request() {
    let cloud = TestCloud::new();
    let long = "x".repeat(100_000);
    cloud.ask("CreateTag", &json!({"TagName": long})).ok();
    let pairs = cloud.common(&long[..10_000]);
    answer(&cloud, &signed("POST", "/ccs/", pairs, SECRET, "{}".into()))
        .refused(404, "InvalidAction.NotFound");
    let log = serde_json::to_string(&cloud.simulator.requests()).unwrap();
    assert!(
        log.contains("1 parameters in 100014 bytes") && log.len() < 2000,
        "{} bytes: {log:.200}",
        log.len()
    );
}

#[tokio::test(start_paused = true)]
async fn a_get_may_have_its_parameters_in_a_json_body() {
    let cloud = TestCloud::new();
    let started = cloud.ask("CreateInstance", &super::order(&json!({}))).ok();
    let found = |body: String| {
        let common = cloud.common("DescribeTask");
        answer(&cloud, &signed("GET", "/ccs/", common, SECRET, body))
    };
    let task = found(json!({"TaskId": started["TaskId"]}).to_string()).ok();
    assert_eq!(task["TaskId"], started["TaskId"], "{task}");
    found("no JSON".to_owned()).refused(400, "InvalidParameter");
}

#[tokio::test(start_paused = true)]
async fn a_timestamp_with_three_digits_more_behind_its_seconds_is_taken() {
    let cloud = TestCloud::new();
    let own = format!("{:.0}", cloud.clock.now()).replace('Z', "000Z");
    altered(&cloud, &[("Timestamp", &own)]).ok();
    let late = own.replace("2026-03-01", "2026-03-02");
    altered(&cloud, &[("Timestamp", &late)]).refused(400, "InvalidTimeStamp.Expired");
    for other in ["2026-03-01T08:00:00123Z", "2026-03-01T08:00:0000Z"] {
        altered(&cloud, &[("Timestamp", other)]).refused(400, "InvalidTimeStamp.Format");
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_text_for_an_optional_parameter_counts_as_none() {
    let cloud = TestCloud::new();
    let left_open = json!({"InstanceId": "", "InstanceName": "", "PageNumber": "", "PageSize": ""});
    assert_eq!(
        cloud.ask("DescribeInstances", &left_open).ok()["Data"],
        cloud.ask("DescribeInstances", &json!({})).ok()["Data"]
    );
    let order = super::order(&json!({"InstanceName": ""}));
    assert_ne!(cloud.ask("CreateInstance", &order).0, 200);
}

#[tokio::test(start_paused = true)]
async fn an_account_is_named_by_its_id_however_the_parameter_is_capitalized() {
    let cloud = TestCloud::new();
    for name in ["ownerId", "OwnerId"] {
        let own = json!({(name): 4711});
        let opened = cloud.ask("aliyun.oss_admin.CreateOssInstance", &own).ok();
        assert_eq!(opened["aliUid"], "4711", "{name}");
        cloud.ask("aliyun.oss_admin.ReleaseOssInstance", &own).ok();
    }
}
