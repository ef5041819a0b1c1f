use super::TestCloud;
use crate::{Fault, FaultRule, serve};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// A cloud on a loopback port, and its address.
async fn served() -> (TestCloud, String) {
    let cloud = TestCloud::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let simulator = Arc::clone(&cloud.simulator);
    tokio::spawn(async move { serve(simulator, listener, &[]).await });
    (cloud, address)
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .retry(reqwest::retry::never())
        .build()
        .unwrap()
}

async fn send(cloud: &TestCloud, address: &str) -> Result<String, reqwest::Error> {
    let request = cloud.request("DescribeTags", &json!({}));
    client()
        .post(format!("{address}{}", request.uri()))
        .body(request.into_body())
        .send()
        .await?
        .text()
        .await
}

#[tokio::test]
async fn a_socket_answers_as_the_function_does() {
    let (cloud, address) = served().await;
    let answer: Json = serde_json::from_str(&send(&cloud, &address).await.unwrap()).unwrap();
    assert_eq!(answer["Code"], "Success");
    let log = client()
        .get(format!("{address}/_sim/requests"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(log.contains("DescribeTags") && !log.contains("Signature"));
    let state = client()
        .get(format!("{address}/_sim/state"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(state.contains("instances"));
}

#[tokio::test]
async fn a_connection_is_dropped_or_cut_short_for_real() {
    let (cloud, address) = served().await;
    cloud
        .simulator
        .fault(FaultRule::new(Fault::DropAfter).times(1));
    assert!(send(&cloud, &address).await.is_err());
    cloud
        .simulator
        .fault(FaultRule::new(Fault::CutShort).times(1));
    let error = send(&cloud, &address).await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert!(send(&cloud, &address).await.is_ok());
}

#[tokio::test]
async fn a_page_shows_what_goes_on_and_hides_what_is_secret() {
    let (cloud, address) = served().await;
    cloud
        .ask("CreateInstance", &super::order(&json!({"Amount": 30})))
        .ok();
    cloud
        .ask("StopInstance", &json!({"InstanceId": "none"}))
        .refused(400, "InvalidInstanceID.Malformed");
    let get = async |path: &str| {
        client()
            .get(format!("{address}{path}"))
            .send()
            .await
            .unwrap()
    };
    let page = get("/").await;
    assert!(
        page.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    assert!(
        page.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    let page = page.text().await.unwrap();
    for outside in ["https://", "http://", "src="] {
        assert!(!page.contains(outside), "{outside} is in the page");
    }
    let text = get("/_sim/status").await.text().await.unwrap();
    let status: Json = serde_json::from_str(&text).unwrap();
    let instances = &status["services"]["cds.ccs"]["instances"];
    assert_eq!(
        (
            &instances["count"],
            instances["newest"].as_array().unwrap().len()
        ),
        (&json!(30), 12)
    );
    assert_eq!(
        (
            &status["running"],
            &status["tasks"][0]["status"],
            &status["request_count"]
        ),
        (&json!(1), &json!("NEW"), &json!(2))
    );
    assert_eq!(
        (
            &status["requests"][0]["status"],
            &status["requests"][1]["action"]
        ),
        (&json!(400), &json!("CreateInstance"))
    );
    assert!(!text.contains("123abc,.;"));
    // Alibaba's calls go to the same path.
    assert_eq!(get("/?Action=GetInstanceCount").await.status(), 400);
}

#[tokio::test]
async fn a_request_to_a_name_that_could_be_anyones_is_refused() {
    let (cloud, address) = served().await;
    let ask = async |path: &str, host: &str| {
        let asked = client().get(format!("{address}{path}"));
        asked.header("Host", host).send().await.unwrap().status()
    };
    for path in [
        "/",
        "/_sim/state",
        "/_sim/requests",
        "/_sim/status",
        "/ccs?Action=DescribeTags",
    ] {
        assert_eq!(ask(path, "attacker.example").await, 421, "{path}");
        assert_ne!(ask(path, "localhost:8080").await, 421, "{path}");
        assert_ne!(ask(path, "cdsapi.capitalonline.net").await, 421, "{path}");
    }
    assert_eq!(cloud.simulator.requests().len(), 2);
}

#[tokio::test]
async fn the_page_may_do_no_more_than_it_does() {
    let (_cloud, address) = served().await;
    let page = client().get(format!("{address}/")).send().await.unwrap();
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe") && !policy.contains('*'),
        "{policy}"
    );
    let text = page.text().await.unwrap();
    for inline in [" style=", " onclick=", " onload=", "javascript:"] {
        assert!(!text.contains(inline), "{inline}");
    }
}
