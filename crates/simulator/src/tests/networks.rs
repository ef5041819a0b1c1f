use super::{TestCloud, order};
use crate::{PRIVATE_ID, PUBLIC_ID, VDC_ID};
use serde_json::{Value as Json, json};

fn private(addresses: &Json) -> Json {
    json!({"PrivateIp": [{"PrivateId": PRIVATE_ID, "IP": addresses}], "PublicIp": []})
}

#[tokio::test(start_paused = true)]
async fn an_address_is_given_out_once() {
    let cloud = TestCloud::new();
    let create = |addresses: Json| cloud.ask("CreateInstance", &order(&private(&addresses)));
    create(json!(["10.240.193.10"])).ok();
    create(json!(["10.240.193.10"])).refused(400, "InvalidPrivateIpAddress.Duplicated");
    create(json!(["10.99.0.1"])).refused(400, "InvalidPrivateIpAddress.Malformed");
    create(json!(["auto", "auto"])).refused(403, "InvalidIp.Address");
    let public = json!({"PublicIp": ["nonsense"]});
    cloud
        .ask("CreateInstance", &order(&public))
        .refused(400, "InvalidPublicIpAddress.Malformed");
    let mut twice = private(&json!(["10.240.193.20", "10.240.193.20"]));
    twice["Amount"] = json!(2);
    cloud
        .ask("CreateInstance", &order(&twice))
        .refused(403, "InvalidIp.IpRepeated");
    let public = json!({"PrivateId": PUBLIC_ID, "Segment": "101.251.0.0/24"});
    cloud
        .ask("GetIpInfoBySegment", &public)
        .refused(400, "InvalidParameter");
    let free = cloud
        .ask(
            "GetIpInfoBySegment",
            &json!({"PrivateId": PRIVATE_ID, "Segment": "10.240.193.1/24"}),
        )
        .ok();
    assert_eq!(free["Data"]["AvailableIPTotal"], 255);
    assert!(
        !free["Data"]["AvailableIPList"]
            .as_array()
            .unwrap()
            .contains(&json!("10.240.193.10"))
    );
}

#[tokio::test(start_paused = true)]
async fn interfaces_come_and_go() {
    let cloud = TestCloud::new();
    let ids = cloud.finish(
        "CreateInstance",
        &order(&json!({"Amount": 2, "PublicIp": [], "PrivateIp": []})),
    );
    let add =
        json!({"InstanceIds": ids, "PublicId": PUBLIC_ID, "VdcId": VDC_ID, "Password": "EcsV587!"});
    let mut both = add.clone();
    both["PrivateId"] = json!(PRIVATE_ID);
    cloud
        .ask("BatchAddNetworkInterfaces", &both)
        .refused(400, "InvalidParameter");
    cloud.finish("BatchAddNetworkInterfaces", &add);
    let interface = |id: &str| cloud.instance(id)["PublicNetworkInterface"][0].clone();
    assert_ne!(interface(&ids[0])["IP"], interface(&ids[1])["IP"]);

    let own = json!({"InstanceId": ids[0], "InterfaceId": interface(&ids[0])["InterfaceId"]});
    cloud.finish("DisconnectNetworkInterface", &own);
    assert_eq!(interface(&ids[0])["Connected"], 0);
    cloud.finish("ConnectNetworkInterface", &own);
    assert_eq!(interface(&ids[0])["Connected"], 1);

    let mut readdress = own.clone();
    readdress["Password"] = json!("EcsV587!");
    readdress["Ipv6Bind"] = json!(true);
    readdress["Address"] = interface(&ids[1])["IP"].clone();
    cloud
        .ask("ModifyIpAddress", &readdress)
        .refused(403, "InvalidIp.IpAssigned");
    readdress["Address"] = json!("101.251.2.29");
    cloud.finish("ModifyIpAddress", &readdress);
    assert_eq!(
        (&interface(&ids[0])["IP"], &interface(&ids[0])["IPv6"]),
        (&json!("101.251.2.29"), &json!("2000:1:2:2::1d"))
    );
    readdress["Address"] = json!("None");
    cloud.finish("ModifyIpAddress", &readdress);
    assert_eq!(interface(&ids[0])["IP"], "");

    cloud.finish(
        "BatchDeleteNetworkInterfaces",
        &json!({"InstanceIds": ids, "PublicId": PUBLIC_ID, "VdcId": VDC_ID}),
    );
    assert_eq!(cloud.instance(&ids[0])["PublicNetworkInterface"], json!([]));
    cloud
        .ask("ConnectNetworkInterface", &own)
        .refused(400, "InvalidInterfaceID.Malformed");
}
