use super::Cloud;
use crate::simulator::{Fault, FaultRule, serve};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// A cloud on a loopback port, and its address.
async fn served() -> (Cloud, String) {
    let cloud = Cloud::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(Arc::clone(&cloud.simulator), listener));
    (cloud, address)
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().retry(reqwest::retry::never()).build().unwrap()
}

async fn send(cloud: &Cloud, address: &str) -> Result<String, reqwest::Error> {
    let request = cloud.request("DescribeTags", &json!({}));
    client().post(format!("{address}{}", request.uri())).body(request.into_body()).send().await?.text().await
}

#[tokio::test]
async fn a_socket_answers_as_the_function_does() {
    let (cloud, address) = served().await;
    let answer: Json = serde_json::from_str(&send(&cloud, &address).await.unwrap()).unwrap();
    assert_eq!(answer["Code"], "Success");
    let log = client().get(format!("{address}/_sim/requests")).send().await.unwrap().text().await.unwrap();
    assert!(log.contains("DescribeTags") && !log.contains("Signature"));
    let state = client().get(format!("{address}/_sim/state")).send().await.unwrap().text().await.unwrap();
    assert!(state.contains("instances"));
}

#[tokio::test]
async fn a_connection_is_dropped_or_cut_short_for_real() {
    let (cloud, address) = served().await;
    cloud.simulator.fault(FaultRule::new(Fault::DropAfter).times(1));
    assert!(send(&cloud, &address).await.is_err());
    cloud.simulator.fault(FaultRule::new(Fault::CutShort).times(1));
    let error = send(&cloud, &address).await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert!(send(&cloud, &address).await.is_ok());
}
