use crate::cloud::ids;
use crate::cloud::service::Service as _;
use crate::services::vpc::Vpc;
use crate::tests::documented::documented;
use crate::tests::{Answer, TestCloud, advance, signed};
use crate::{
    Fault, FaultRule, PRIVATE_ID, PUBLIC_ID, SECRET, SUBNET_ID, SavedState, VDC_ID, VPC_ID,
};
use serde_json::{Value as Json, json};

const NOBODY: &str = "11111111-2222-4333-8444-555555555555";
const TELECOM: &str = "Bandwidth_China_Telecom";

fn ask(cloud: &TestCloud, action: &str, params: &Json) -> Answer {
    cloud.ask(&format!("cds.vpc.{action}"), params)
}

#[track_caller]
fn done(cloud: &TestCloud, action: &str, params: &Json) -> Json {
    cloud.done(&format!("cds.vpc.{action}"), params)
}

/// Buys EIPs in Hong Kong; their ids.
fn buy(cloud: &TestCloud, size: u64) -> Vec<String> {
    let order = json!({"RegionCode": "CN_Hongkong", "BandwidthType": TELECOM, "BillScheme": "BandwIdth", "Qos": 5, "Size": size});
    let bought = done(cloud, "CreateEIP", &order)["Data"].clone();
    bought
        .as_array()
        .unwrap()
        .iter()
        .map(|eip| eip["EIPId"].as_str().unwrap().to_owned())
        .collect()
}

fn eip(cloud: &TestCloud, id: &str) -> Option<Json> {
    let regions = ["CN_Hongkong", "CN_Suqian"]
        .map(|region| json!({"RegionCode": region, "AvailableZoneCode": ""}));
    let lists = regions
        .iter()
        .map(|params| ask(cloud, "DescribeEIP", params).ok()["Data"]["EIPList"].clone());
    lists
        .flat_map(|list| list.as_array().unwrap().clone())
        .find(|eip| eip["Id"] == id)
}

fn shared(cloud: &TestCloud) -> String {
    let order = json!({"RegionCode": "CN_Hongkong", "AvailableZoneCode": "CN_Hongkong_A", "Name": "all", "BandwidthType": TELECOM,
        "BillScheme": "BandwIdth_Shared", "Qos": 10});
    done(cloud, "CreateBandwidth", &order)["Data"][0]["BandwidthId"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A VPC at an edge site with a gateway: the ids of the three.
fn edge(cloud: &TestCloud) -> (String, String, String) {
    let subnet = json!({"AvailableZoneCode": "CN_Suqian_A", "SubnetName": "s", "SubnetSegment": "10.6.0.0/24"});
    let vpc = json!({"RegionCode": "CN_Suqian", "VPCName": "edge", "VPCSegment": "10.6.0.0/16", "VPCSegmentType": "manual",
        "SubnetList": [subnet]});
    let made = done(cloud, "CreateVPC", &vpc)["Data"].clone();
    let id = made["VPCId"].as_str().unwrap().to_owned();
    let gateway = json!({"AvailableZoneCode": "CN_Suqian_A", "VirtualGateWayName": "g", "VirtualGateWaySegment": "10.6.1.0/24",
        "Type": "Bandwidth_CMCC"});
    let made_there = done(
        cloud,
        "CreateVirtualGateWay",
        &json!({"VPCId": id, "VirtualGateWayList": [gateway]}),
    );
    let gateway = made_there["Data"]["VirtualGateWayIdList"][0]
        .as_str()
        .unwrap()
        .to_owned();
    (
        id,
        made["SubnetIdList"][0].as_str().unwrap().to_owned(),
        gateway,
    )
}

/// An EIP at the edge site: its id and address.
fn edge_eip(cloud: &TestCloud) -> (String, String) {
    let order = json!({"RegionCode": "CN_Suqian", "AvailableZoneCode": "CN_Suqian_A", "BandwidthType": "Bandwidth_CMCC",
        "BillScheme": "Traffic", "Qos": 5, "Size": 1});
    let bought = done(cloud, "CreateEIP", &order)["Data"][0].clone();
    (
        bought["EIPId"].as_str().unwrap().to_owned(),
        bought["IP"].as_str().unwrap().to_owned(),
    )
}

/// A load balancer in Hong Kong with a listener and a server behind it: their ids.
fn balanced(cloud: &TestCloud) -> (String, String, String) {
    let id = |answer: &Json, name: &str| answer["Data"][name].as_str().unwrap().to_owned();
    let order = json!({"RegionCode": "CN_Hongkong", "AvailableZoneCode": "CN_Hongkong_B", "VpcId": VPC_ID, "Name": "front",
        "NetType": "wan", "ConfType": "slb.v1.small"});
    let balancer = id(&done(cloud, "CreateVpcSlb", &order), "SlbId");
    let listener = json!({"SlbId": balancer, "ListenName": "web", "Vip": "38.123.96.8", "VipId": "v", "VipType": "wan_eip",
        "ListenProtocol": "TCP", "ListenPort": 443, "Scheduler": "wrr"});
    let listener = id(&done(cloud, "CreateVpcSLBListen", &listener), "ListenId");
    let server = json!({"VmId": "ins-1", "VmName": "one", "VmPublicIp": "", "VmType": "kvm", "VmPrivateIp": "10.10.11.9",
        "Port": "80", "Weight": "100"});
    let bind = json!({"ListenId": listener, "RsList": [server]});
    done(cloud, "CreateVpcSLBRsPort", &bind);
    let listed = ports(cloud, &listener, "");
    (
        balancer,
        listener,
        listed[0]["RsPortId"].as_str().unwrap().to_owned(),
    )
}

fn ports(cloud: &TestCloud, listener: &str, keyword: &str) -> Vec<Json> {
    let params = json!({"ListenId": listener, "Keyword": keyword});
    let listed = ask(cloud, "QueryVpcSLBRsPort", &params).ok();
    let listed = listed["Data"]["RsPortList"].as_array().unwrap().clone();
    let total = &ask(cloud, "QueryVpcSLBRsPort", &params).ok()["Data"]["Total"];
    assert_eq!(total, listed.len());
    listed
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_has_listeners_and_servers_until_it_goes() {
    let cloud = TestCloud::new();
    let (balancer, listener, port) = balanced(&cloud);
    let balancers = |params: Json| {
        let answer = ask(&cloud, "DescribeVpcSlbListInfo", &params).ok();
        answer["Data"]["SlbList"].as_array().unwrap().clone()
    };
    assert_eq!(balancers(json!({"Keyword": "fro"})).len(), 1);
    assert_eq!(balancers(json!({"VpcId": VPC_ID, "Keyword": ""})).len(), 1);
    assert!(balancers(json!({"Keyword": "back"})).is_empty());
    assert!(balancers(json!({"VpcId": NOBODY})).is_empty());
    let update = json!({"SlbId": balancer, "Name": "edge", "NetType": "wan_lan", "ConfType": "slb.v1.large"});
    done(&cloud, "UpdateVpcSlb", &update);
    let detail = ask(
        &cloud,
        "DescribeVpcSlbDetailInfo",
        &json!({"SlbId": balancer}),
    )
    .ok();
    assert_eq!(detail["Data"]["Name"], "edge");
    assert_eq!(detail["Data"]["NetType"], "wan_lan");
    assert_eq!(
        detail["Data"]["BandwidthInfo"],
        json!({"Id": "", "Name": ""})
    );

    let own = ask(&cloud, "QueryVpcSLBListen", &json!({"ListenId": listener})).ok();
    assert_eq!(own["Data"]["ListenPort"], 443);
    assert_eq!(own["Data"]["Vip"], "38.123.96.8");
    let listed = ask(
        &cloud,
        "DescribeVpcSlbListenList",
        &json!({"SlbId": balancer}),
    )
    .ok();
    assert_eq!(listed["Data"]["Total"], 1);
    assert_eq!(listed["Data"]["ListenList"][0]["ListenPort"], "443");
    assert_eq!(listed["Data"]["ListenList"][0]["ListenVip"], "38.123.96.8");

    assert_eq!(ports(&cloud, &listener, "")[0]["LanIp"], "10.10.11.9");
    assert_eq!(ports(&cloud, &listener, "on").len(), 1);
    assert!(ports(&cloud, &listener, "two").is_empty());
    let change = json!({"RsPortList": [{"RsPortId": port, "Port": "81", "Weight": "7"}]});
    let answer = ask(&cloud, "UpdateVpcSLBRsPort", &change).ok();
    assert_eq!(ports(&cloud, &listener, "")[0]["Port"], "80");
    cloud.settle();
    let task = json!({"TaskId": answer["TaskId"]});
    assert_eq!(
        cloud.ask("DescribeTask", &task).ok()["Data"]["Status"],
        "FINISH"
    );
    let changed = ports(&cloud, &listener, "")[0].clone();
    assert_eq!(
        (&changed["Port"], &changed["Weight"]),
        (&json!("81"), &json!("7"))
    );
    let unknown = json!({"RsPortList": [{"RsPortId": NOBODY, "Port": "81", "Weight": "7"}]});
    assert_eq!(
        ask(&cloud, "UpdateVpcSLBRsPort", &unknown).code(),
        "ResourceNotFound"
    );

    done(&cloud, "DeleteVpcSlb", &json!({"SlbId": balancer}));
    assert!(balancers(json!({})).is_empty());
    let gone = ask(&cloud, "QueryVpcSLBListen", &json!({"ListenId": listener}));
    assert_eq!(gone.code(), "ResourceNotFound");
}

#[tokio::test(start_paused = true)]
async fn a_vpc_and_a_bandwidth_stay_while_a_load_balancer_has_them() {
    let cloud = TestCloud::new();
    let (edge_vpc, subnet, gateway) = edge(&cloud);
    done(&cloud, "DeleteSubnet", &json!({"SubnetId": subnet}));
    let gateway = json!({"VirtualGateWayId": gateway});
    done(&cloud, "DeleteVirtualGateWay", &gateway);
    let order = json!({"RegionCode": "CN_Suqian", "AvailableZoneCode": "CN_Suqian_A", "VpcId": edge_vpc, "Name": "front",
        "NetType": "wan", "ConfType": "slb.v1.small"});
    let refused = |field: &str, value: &str| {
        let mut order = order.clone();
        order[field] = json!(value);
        ask(&cloud, "CreateVpcSlb", &order).code().to_owned()
    };
    assert_eq!(refused("VpcId", NOBODY), "InvalidVPCId.NotFound");
    assert_eq!(refused("VpcId", VPC_ID), "InvalidParameter");
    assert_eq!(
        refused("AvailableZoneCode", "CN_Suqian_Z"),
        "InvalidParameter"
    );
    let balancer = done(&cloud, "CreateVpcSlb", &order)["Data"]["SlbId"].clone();
    let vpc = json!({"VPCId": edge_vpc});
    assert_eq!(ask(&cloud, "DeleteVPC", &vpc).code(), "DependencyViolation");

    let (one, other) = (shared(&cloud), shared(&cloud));
    let bind = |bandwidth: &str, kind: &str, resource: &Json| {
        let params = json!({"BandwidthId": bandwidth, "BindType": kind, "ResourceId": resource});
        let answer = ask(&cloud, "BandwidthBindResource", &params);
        cloud.settle();
        answer.code().to_owned()
    };
    assert_eq!(
        bind(NOBODY, "VPCSLB", &balancer),
        "InvalidBandwidthId.NotFound"
    );
    assert_eq!(bind(&one, "NAT", &balancer), "InvalidResourceId.NotFound");
    assert_eq!(bind(&one, "VPCSLB", &balancer), "Success");
    assert_eq!(bind(&one, "VPCSLB", &balancer), "Success");
    assert_eq!(bind(&other, "VPCSLB", &balancer), "IncorrectStatus");
    let detail = ask(
        &cloud,
        "DescribeVpcSlbDetailInfo",
        &json!({"SlbId": balancer}),
    )
    .ok();
    assert_eq!(
        detail["Data"]["BandwidthInfo"],
        json!({"Id": one, "Name": "all"})
    );
    let own = json!({"BandwidthId": one});
    assert_eq!(
        ask(&cloud, "DeleteBandwidth", &own).code(),
        "DependencyViolation"
    );
    done(&cloud, "BandwidthUnbindResource", &own);
    assert_eq!(
        ask(&cloud, "BandwidthUnbindResource", &own).code(),
        "IncorrectStatus"
    );
    done(&cloud, "DeleteBandwidth", &own);
    done(&cloud, "DeleteVpcSlb", &json!({"SlbId": balancer}));
    done(&cloud, "DeleteVPC", &vpc);
}

#[tokio::test(start_paused = true)]
async fn servers_of_a_vpc_can_stand_behind_a_listener() {
    let cloud = TestCloud::new();
    let id = crate::services::ecs::tests::servers(&cloud, &json!({})).remove(0);
    let listed = |vpc: &str, kind: &str| {
        let params = json!({"VpcId": vpc, "VmType": kind});
        ask(&cloud, "DescribeVpcSlbListenRsInfo", &params).ok()["Data"].clone()
    };
    let vpc = crate::EDGE_VPC_ID;
    assert_eq!(listed(vpc, "kvm")[0]["vm_id"], id);
    assert_eq!(listed(VPC_ID, "kvm"), json!([]));
    let watched = ask(&cloud, "DescribeAlarmObject", &json!({})).ok();
    let first = &watched["Data"][0]["link_instances"][0];
    assert_eq!(first["instance_id"], PUBLIC_ID);
}

#[tokio::test(start_paused = true)]
async fn every_action_of_the_catalogue_is_carried_out() {
    let actions = TestCloud::new().catalog.actions_of("cds.vpc").unwrap();
    assert_eq!(actions.len(), 54);
    for action in actions {
        assert!(
            Vpc.handling(&action.name).is_some(),
            "nothing carries {} out",
            action.name
        );
        let cloud = TestCloud::new();
        let (edge_vpc, edge_subnet, gateway) = edge(&cloud);
        let (far, address) = edge_eip(&cloud);
        let (eips, bandwidth) = (buy(&cloud, 3), shared(&cloud));
        let bind = json!({"EIPId": eips[1], "NetId": SUBNET_ID, "IP": "10.10.11.9"});
        done(&cloud, "BindEIP", &bind);
        let server = cloud.servers(1).remove(0);
        let vlink = done(
            &cloud,
            "CreateVLINK",
            &json!({"SubnetId": SUBNET_ID, "PipeId": PRIVATE_ID}),
        )["Data"]["VLINKId"]
            .clone();
        if action.name == "VLINKDeleteVM" {
            done(
                &cloud,
                "VLINKAddVM",
                &json!({"VLINKId": vlink, "VMIdList": [server]}),
            );
        }
        if action.name == "BandwidthRemoveEIP" {
            done(
                &cloud,
                "BandwidthAddEIP",
                &json!({"BandwidthId": bandwidth, "EIPIdList": [eips[0]]}),
            );
        }
        if ["CreateVLINK", "DeleteSubnet"].contains(&action.name.as_str()) {
            done(&cloud, "DeleteVLINK", &json!({"VLINKId": vlink}));
        }
        if action.name == "DeleteVPC" {
            done(&cloud, "DeleteSubnet", &json!({"SubnetId": edge_subnet}));
            done(
                &cloud,
                "DeleteVirtualGateWay",
                &json!({"VirtualGateWayId": gateway}),
            );
        }
        let of_balancer = action.name.contains("VpcS")
            || action.name.ends_with("RsPort")
            || action.name.ends_with("Resource");
        let (balancer, listener, port) = if of_balancer {
            balanced(&cloud)
        } else {
            Default::default()
        };
        if action.name == "BandwidthUnbindResource" {
            let bind =
                json!({"BandwidthId": bandwidth, "BindType": "VPCSLB", "ResourceId": balancer});
            done(&cloud, "BandwidthBindResource", &bind);
        }
        let own = json!({
            "SlbId": balancer, "ListenId": listener, "ListenIds": [listener], "RsPortIds": [port], "VpcId": VPC_ID,
            "ResourceId": balancer, "RsPortList": [{"RsPortId": port, "Port": "81", "Weight": "7"}],
            "VPCId": if action.name == "DeleteVPC" { &edge_vpc } else { VPC_ID }, "VPCID": edge_vpc,
            "SubnetId": if action.name == "DeleteSubnet" { &edge_subnet } else { SUBNET_ID },
            "VirtualGateWayId": gateway, "EIPId": if action.name == "UnbindEIP" { &eips[1] } else { &eips[0] }, "NetId": SUBNET_ID,
            "IP": if action.name == "UnbindEIP" { "10.10.11.9" } else { "10.10.11.8" }, "BandwidthId": bandwidth,
            "EIPIdList": [eips[0]], "NetIdList": [SUBNET_ID], "PipeId": PRIVATE_ID, "VLINKId": vlink, "VMIdList": [server],
            "CloudId": bandwidth,
        });
        let mut params = action.example.clone();
        for (name, value) in params.as_object_mut().unwrap() {
            if let Some(own) = own.get(name) {
                *value = own.clone();
            }
        }
        match action.name.as_str() {
            "CreateSubnet" => params["SubnetList"][0]["SubnetSegment"] = json!("10.10.3.0/24"),
            "CreateVirtualGateWay" => {
                params["VirtualGateWayList"][0]["VirtualGateWaySegment"] = json!("10.10.4.0/24");
            }
            "ReserveIPAndBindEIP" => {
                params["AvailableZoneCode"] = json!("CN_Suqian_A");
                params["Ips"][0]["NetId"] = json!(gateway);
                params["Ips"][0]["AddressList"] = json!(["10.6.1.7"]);
                params["Ips"][0]["EIPList"] = json!([address]);
            }
            "CreateVpcSlb" => {
                params["RegionCode"] = json!("CN_Hongkong");
                params["AvailableZoneCode"] = json!("CN_Hongkong_B");
            }
            _ => {}
        }
        let answer = ask(&cloud, &action.name, &params);
        assert!(
            ["Success", "OK"].contains(&answer.code()),
            "{}: {}",
            action.name,
            answer.1
        );
        documented(&action, &answer.ok());
        cloud.settle();
        let state = cloud.simulator.state_json();
        assert!(
            !state["tasks"]
                .as_array()
                .unwrap()
                .iter()
                .any(|task| task["ended"].is_null()),
            "{}",
            action.name
        );
        assert!(eip(&cloud, &far).is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_vpc_lives_from_its_first_subnet_to_its_end() {
    let cloud = TestCloud::new();
    let subnet = |name: &str, range: &str| json!({"AvailableZoneCode": "CN_Hongkong_A", "SubnetName": name, "SubnetSegment": range});
    let order = |subnets: Json| json!({"RegionCode": "CN_Hongkong", "VPCName": "shop", "VPCSegment": "10.15.0.0/16", "VPCSegmentType": "auto", "SubnetList": subnets});
    let create = |subnets: Json| ask(&cloud, "CreateVPC", &order(subnets));
    create(json!([])).refused(400, "InvalidParameter");
    create(json!([subnet("a", "10.16.1.0/24")])).refused(400, "InvalidParameter");
    create(json!([
        subnet("a", "10.15.1.0/24"),
        subnet("b", "10.15.1.128/25")
    ]))
    .refused(400, "InvalidParameter");
    create(json!([subnet("a", "10.15.1.0/30")])).refused(400, "InvalidParameter");
    let mut elsewhere = subnet("a", "10.15.1.0/24");
    elsewhere["AvailableZoneCode"] = json!("CN_Suqian_A");
    create(json!([elsewhere])).refused(400, "InvalidParameter");
    let made = create(json!([
        subnet("a", "10.15.1.0/24"),
        subnet("b", "10.15.2.0/24")
    ]))
    .ok();
    let id = made["Data"]["VPCId"].as_str().unwrap().to_owned();
    let tasks: Vec<_> = made["Data"]["SubnetTaskId"]
        .as_array()
        .unwrap()
        .iter()
        .chain([&made["TaskId"]])
        .cloned()
        .collect();
    let vpcs = |word: &str| {
        ask(
            &cloud,
            "DescribeVPC",
            &json!({"RegionCode": "CN_HongKong", "Keyword": word}),
        )
        .ok()["Data"]
            .clone()
    };
    assert_eq!(
        (
            &vpcs("shop")["Total"],
            &vpcs("shop")["VPCList"][0]["Status"]
        ),
        (&json!(1), &json!("creating"))
    );
    // The vendor's own client looks for an id there.
    assert_eq!(vpcs(&id)["Total"], 1);
    let add = json!({"VPCId": id, "SubnetList": [subnet("c", "10.15.3.0/24")]});
    ask(&cloud, "CreateSubnet", &add).refused(403, "IncorrectStatus");
    cloud.settle();
    for task in tasks {
        assert_eq!(
            cloud.ask("DescribeTask", &json!({"TaskId": task})).ok()["Data"]["Status"],
            "FINISH"
        );
    }
    assert_eq!(
        (&vpcs("")["Total"], &vpcs("shop")["VPCList"][0]["Status"]),
        (&json!(2), &json!("ok"))
    );
    done(&cloud, "CreateSubnet", &add);
    ask(&cloud, "CreateSubnet", &add).refused(400, "InvalidParameter");
    ask(
        &cloud,
        "CreateSubnet",
        &json!({"VPCId": NOBODY, "SubnetList": [subnet("c", "10.15.4.0/24")]}),
    )
    .refused(404, "InvalidVPCId.NotFound");
    let subnets = |changes: Json| {
        let mut params = json!({"RegionCode": "CN_Hongkong"});
        crate::tests::merge(params.as_object_mut().unwrap(), &changes);
        ask(&cloud, "DescribeSubnet", &params).ok()["Data"].clone()
    };
    assert_eq!(subnets(json!({}))["Total"], 4);
    let own = subnets(json!({"VPCId": id}));
    assert_eq!(
        (
            &own["Total"],
            &own["SubnetList"][2]["SubnetName"],
            &own["SubnetList"][2]["UsedIPNum"]
        ),
        (&json!(3), &json!("c"), &json!(4))
    );
    assert_eq!(subnets(json!({"VPCId": id, "Keyword": "b"}))["Total"], 1);
    assert_eq!(
        subnets(json!({"AvailableZoneCode": "CN_Hongkong_B"}))["Total"],
        1
    );
    assert_eq!(subnets(json!({"PageNumber": "2"}))["SubnetList"], json!([]));

    ask(&cloud, "DeleteVPC", &json!({"VPCId": id})).refused(403, "DependencyViolation");
    for subnet in own["SubnetList"].as_array().unwrap() {
        ask(
            &cloud,
            "DeleteSubnet",
            &json!({"SubnetId": subnet["SubnetId"]}),
        )
        .ok();
        ask(
            &cloud,
            "DeleteSubnet",
            &json!({"SubnetId": subnet["SubnetId"]}),
        )
        .refused(403, "IncorrectStatus");
    }
    ask(&cloud, "DeleteVPC", &json!({"VPCId": id})).refused(403, "DependencyViolation");
    cloud.settle();
    ask(
        &cloud,
        "DeleteSubnet",
        &json!({"SubnetId": own["SubnetList"][0]["SubnetId"]}),
    )
    .refused(404, "InvalidSubnetId.NotFound");
    done(&cloud, "DeleteVPC", &json!({"VPCId": id}));
    assert_eq!(
        (&vpcs("")["Total"], &subnets(json!({}))["Total"]),
        (&json!(1), &json!(1))
    );
    ask(&cloud, "DeleteVPC", &json!({"VPCId": id})).refused(404, "InvalidVPCId.NotFound");
}

#[tokio::test(start_paused = true)]
async fn an_eip_is_bound_to_one_address_that_exists() {
    let cloud = TestCloud::new();
    let eips = buy(&cloud, 2);
    let (_, edge_subnet, gateway) = edge(&cloud);
    let bind = |eip: &str, net: &str, ip: &str| {
        ask(
            &cloud,
            "BindEIP",
            &json!({"EIPId": eip, "NetId": net, "IP": ip}),
        )
    };
    bind(NOBODY, SUBNET_ID, "10.10.11.4").refused(404, "InvalidEIPId.NotFound");
    bind(&eips[0], NOBODY, "10.10.11.4").refused(404, "InvalidNetId.NotFound");
    bind(&eips[0], SUBNET_ID, "10.10.12.4").refused(400, "InvalidParameter");
    bind(&eips[0], SUBNET_ID, "10.10.11.2").refused(400, "InvalidParameter");
    bind(&eips[0], SUBNET_ID, "10.10.11.254").refused(400, "InvalidParameter");
    bind(&eips[0], &gateway, "10.6.1.9").refused(400, "InvalidParameter");
    bind(&eips[0], SUBNET_ID, "10.10.11.4").ok();
    bind(&eips[0], SUBNET_ID, "10.10.11.5").refused(403, "IncorrectStatus");
    bind(&eips[1], SUBNET_ID, "10.10.11.4").refused(403, "IncorrectStatus");
    ask(&cloud, "DeleteSubnet", &json!({"SubnetId": SUBNET_ID}))
        .refused(403, "DependencyViolation");
    assert_eq!(
        (
            &eip(&cloud, &eips[0]).unwrap()["IsBind"],
            &eip(&cloud, &eips[0]).unwrap()["Status"]
        ),
        (&json!(false), &json!("updating"))
    );
    cloud.settle();
    let view = eip(&cloud, &eips[0]).unwrap();
    assert_eq!(
        (&view["IsBind"], &view["BindResourceInfo"]),
        (
            &json!(true),
            &json!({"SubnetId": SUBNET_ID, "SubnetIP": "10.10.11.4"})
        )
    );
    bind(&eips[1], SUBNET_ID, "10.10.11.4").refused(403, "IncorrectStatus");
    bind(&eips[0], SUBNET_ID, "10.10.11.5").refused(403, "IncorrectStatus");
    let nets = ask(
        &cloud,
        "NetEIPInfo",
        &json!({"NetIdList": [SUBNET_ID, gateway]}),
    )
    .ok()["Data"]
        .clone();
    assert_eq!(
        (
            &nets[0]["EIP_INFO_LIST"][0]["EIPId"],
            &nets[0]["EIP_INFO_LIST"][0]["BillScheme"]
        ),
        (&json!(eips[0]), &json!("固定带宽"))
    );
    assert_eq!(
        (
            &nets[0]["IPNum"],
            &nets[1]["NetType"],
            &nets[1]["EIP_INFO_LIST"]
        ),
        (&json!("10.10.11.0"), &json!("vir"), &json!([]))
    );
    ask(&cloud, "DeleteEIP", &json!({"EIPId": eips[0]})).refused(403, "IncorrectStatus");
    ask(&cloud, "DeleteSubnet", &json!({"SubnetId": SUBNET_ID}))
        .refused(403, "DependencyViolation");
    let unbind = |ip: &str| {
        ask(
            &cloud,
            "UnbindEIP",
            &json!({"EIPId": eips[0], "NetId": SUBNET_ID, "IP": ip}),
        )
    };
    unbind("10.10.11.5").refused(403, "IncorrectStatus");
    unbind("10.10.11.4").ok();
    cloud.settle();
    assert_eq!(
        eip(&cloud, &eips[0]).unwrap()["BindResourceInfo"],
        Json::Null
    );
    ask(&cloud, "DeleteEIP", &json!({"EIPId": eips[0]})).ok();
    assert!(eip(&cloud, &eips[0]).is_none());

    let (far, _) = edge_eip(&cloud);
    bind(&far, &edge_subnet, "10.6.0.9").refused(400, "InvalidParameter");
    bind(&far, SUBNET_ID, "10.10.11.9").refused(400, "InvalidParameter");
    bind(&far, &gateway, "10.6.1.9").ok();
    cloud.settle();
    ask(
        &cloud,
        "DeleteVirtualGateWay",
        &json!({"VirtualGateWayId": gateway}),
    )
    .refused(403, "DependencyViolation");
    let gateways = ask(
        &cloud,
        "DescribeVirtualGateWay",
        &json!({"RegionCode": "CN_Suqian"}),
    )
    .ok()["Data"]
        .clone();
    let view = &gateways["VirtualGateWayList"][0];
    assert_eq!(
        (&gateways["Total"], &view["UsedIPNum"], &view["Type"]),
        (&json!(1), &json!(5), &json!("移动"))
    );
}

#[tokio::test(start_paused = true)]
async fn addresses_of_gateways_are_kept_and_bound_together() {
    let cloud = TestCloud::new();
    let (_, _, gateway) = edge(&cloud);
    let ((first, one), (_, two)) = (edge_eip(&cloud), edge_eip(&cloud));
    let reserve = |zone: &str, addresses: Json, eips: Json| {
        let entry = json!({"NetId": gateway, "AddressList": addresses, "EIPList": eips, "Description": "by hand"});
        ask(
            &cloud,
            "ReserveIPAndBindEIP",
            &json!({"AvailableZoneCode": zone, "Ips": [entry]}),
        )
    };
    reserve("CN_Suqian_B", json!(["10.6.1.7"]), json!([one])).refused(400, "InvalidParameter");
    reserve("CN_Suqian_A", json!(["10.6.1.7"]), json!([one, two])).refused(400, "InvalidParameter");
    reserve(
        "CN_Suqian_A",
        json!(["10.6.1.7", "10.6.1.8"]),
        json!([one, one]),
    )
    .refused(400, "InvalidParameter");
    reserve("CN_Suqian_A", json!(["10.6.1.7"]), json!(["1.1.1.1"]))
        .refused(404, "InvalidEIPId.NotFound");
    reserve("CN_Suqian_A", json!(["10.6.1.7", "10.6.1.8"]), json!([one])).ok();
    reserve("CN_Suqian_A", json!(["10.6.1.8"]), json!([two])).refused(403, "IncorrectStatus");
    cloud.settle();
    assert_eq!(
        eip(&cloud, &first).unwrap()["BindResourceInfo"]["SubnetIP"],
        "10.6.1.7"
    );
    reserve("CN_Suqian_A", json!(["10.6.1.8"]), json!([two])).refused(403, "IncorrectStatus");
    let info = ask(
        &cloud,
        "DescribeIPInfo",
        &json!({"NetId": gateway, "IPType": "virtual_gateway"}),
    )
    .ok()["Data"]
        .clone();
    let list = info["SegmentList"][0]["IPList"].as_array().unwrap().clone();
    let used: Vec<_> = list
        .iter()
        .filter(|own| own["IPStatus"] == 1)
        .map(|own| own["IPAddress"].as_str().unwrap())
        .collect();
    assert_eq!(
        used,
        [
            "10.6.1.1",
            "10.6.1.2",
            "10.6.1.3",
            "10.6.1.7",
            "10.6.1.8",
            "10.6.1.254"
        ]
    );
    assert_eq!(
        (list.len(), &list[6]["IPUsage"], list[3].get("IPUsage")),
        (254, &json!("已标记,用处: by hand"), None)
    );
    done(
        &cloud,
        "UnbindEIP",
        &json!({"EIPId": first, "NetId": gateway, "IP": "10.6.1.7"}),
    );
    done(
        &cloud,
        "DeleteVirtualGateWay",
        &json!({"VirtualGateWayId": gateway}),
    );
    ask(&cloud, "NetEIPInfo", &json!({"NetIdList": [gateway]}))
        .refused(404, "InvalidNetId.NotFound");
}

#[tokio::test(start_paused = true)]
async fn eips_cost_money_and_run_out() {
    let cloud = TestCloud::new();
    let before = cloud.balance();
    let ids = buy(&cloud, 2);
    assert!(
        (before - cloud.balance()).abs() < 0.001,
        "what is metered is paid when it ends"
    );
    // 5 Mbps and an address a day, twice.
    let metered = cloud.cost_of_a_day();
    assert!((metered - 2.0 * (16.56 + 0.33)).abs() < 0.015, "{metered}");
    let order = |changes: Json| {
        let mut params = json!({"RegionCode": "CN_Hongkong", "BandwidthType": TELECOM, "BillScheme": "BandwIdth", "Qos": 5, "Size": 1});
        crate::tests::merge(params.as_object_mut().unwrap(), &changes);
        ask(&cloud, "CreateEIP", &params)
    };
    order(json!({"RegionCode": "CN_Atlantis"})).refused(400, "InvalidParameter");
    order(json!({"RegionCode": "CN_Suqian"})).refused(400, "MissingParameter");
    order(json!({"RegionCode": "CN_Suqian", "AvailableZoneCode": "CN_Jinan_A"}))
        .refused(400, "InvalidParameter");
    order(json!({"BandwidthType": "x"})).refused(400, "InvalidParameter");
    order(json!({"BillScheme": "BandwIdth_Shared"})).refused(400, "InvalidParameter");
    order(json!({"Qos": 0})).refused(400, "InvalidParameter");
    order(json!({"Size": 0})).refused(400, "InvalidParameter");
    order(json!({"SubjectId": 123})).refused(400, "InvalidParameter");
    order(json!({"Size": 5000})).refused(403, "Region.NotOnSale");
    order(json!({"Size": 100_000_000_000_u64})).refused(400, "Account.Arrearage");
    order(json!({"Qos": 9_000_000_000_000_000_000_u64, "Size": 3}))
        .refused(400, "Account.Arrearage");

    let update = |changes: Json| {
        let mut params = json!({"EIPId": ids[0]});
        crate::tests::merge(params.as_object_mut().unwrap(), &changes);
        ask(&cloud, "UpdateEIP", &params)
    };
    update(json!({})).refused(400, "MissingParameter");
    assert_eq!(update(json!({"Description": "mine"})).ok()["TaskId"], "");
    update(json!({"Qos": 10, "Description": "ours"})).ok();
    update(json!({"Qos": 20})).refused(403, "IncorrectStatus");
    cloud.settle();
    let view = eip(&cloud, &ids[0]).unwrap();
    assert_eq!(
        (&view["Description"], &view["BandwidthInfo"]["Qos"]),
        (&json!("ours"), &json!(10))
    );
    cloud.simulator.set_balance(3.0);
    order(json!({})).refused(400, "Account.Arrearage");
    update(json!({"Qos": 500})).refused(400, "Account.Arrearage");

    cloud.simulator.set_balance(1000.0);
    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskFails("no line".into())).times(1));
    let failed = order(json!({"Description": "never"})).ok()["Data"][0]["EIPId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(eip(&cloud, &failed).unwrap()["Status"], "creating");
    cloud.settle();
    assert!(eip(&cloud, &failed).is_none());
    assert!((cloud.balance() - 1000.0).abs() < 0.001);
}

#[tokio::test(start_paused = true)]
async fn eips_share_a_bandwidth_and_leave_it() {
    let cloud = TestCloud::new();
    let (ids, bandwidth) = (buy(&cloud, 3), shared(&cloud));
    let join = |eips: Json| {
        ask(
            &cloud,
            "BandwidthAddEIP",
            &json!({"BandwidthId": bandwidth, "EIPIdList": eips}),
        )
    };
    let (far, _) = edge_eip(&cloud);
    join(json!([])).refused(400, "InvalidParameter");
    join(json!([far])).refused(400, "InvalidParameter");
    join(json!([NOBODY])).refused(404, "InvalidEIPId.NotFound");
    join(json!([ids[0], ids[1]])).ok();
    ask(
        &cloud,
        "DeleteBandwidth",
        &json!({"BandwidthId": bandwidth}),
    )
    .refused(403, "IncorrectStatus");
    cloud.settle();
    join(json!([ids[0]])).refused(403, "IncorrectStatus");
    let info = |id: &str| eip(&cloud, id).unwrap()["BandwidthInfo"].clone();
    assert_eq!(
        (&info(&ids[0])["Id"], &info(&ids[0])["BillScheme"]),
        (&json!(bandwidth), &json!("BandwIdth_Shared"))
    );
    ask(&cloud, "UpdateEIP", &json!({"EIPId": ids[0], "Qos": 10})).refused(403, "IncorrectStatus");
    ask(
        &cloud,
        "DeleteBandwidth",
        &json!({"BandwidthId": bandwidth}),
    )
    .refused(403, "DependencyViolation");
    done(
        &cloud,
        "UpdateBandwidth",
        &json!({"BandwidthId": bandwidth, "Qos": 100}),
    );
    let all = ask(&cloud, "DescribeBandwidth", &json!({"Keyword": "all"})).ok()["Data"].clone();
    assert_eq!(
        (&all["Total"], &all["BandwidthList"][0]["Qos"]),
        (&json!(1), &json!(100))
    );
    assert_eq!(
        ask(
            &cloud,
            "DescribeBandwidth",
            &json!({"RegionCode": "CN_Suqian"})
        )
        .ok()["Data"]["Total"],
        0
    );

    let leave = |id: &str, changes: Json| {
        let mut params = json!({"EIPIdList": [id], "Delete": false, "RegionCode": "CN_Hongkong", "BandwidthType": "Bandwidth_CMCC",
            "BillScheme": "Traffic", "Qos": 7});
        crate::tests::merge(params.as_object_mut().unwrap(), &changes);
        ask(&cloud, "BandwidthRemoveEIP", &params)
    };
    leave(&ids[2], json!({})).refused(403, "IncorrectStatus");
    leave(&ids[0], json!({"RegionCode": "CN_Suqian"})).refused(400, "InvalidParameter");
    ask(
        &cloud,
        "BandwidthRemoveEIP",
        &json!({"EIPIdList": [ids[0]], "Delete": false}),
    )
    .refused(400, "MissingParameter");
    leave(&ids[0], json!({})).ok();
    cloud.settle();
    assert_eq!(
        (&info(&ids[0])["Qos"], &info(&ids[0])["BandwidthType"]),
        (&json!(7), &json!("Bandwidth_CMCC"))
    );
    done(
        &cloud,
        "BindEIP",
        &json!({"EIPId": ids[1], "NetId": SUBNET_ID, "IP": "10.10.11.4"}),
    );
    let delete = json!({"EIPIdList": [ids[1]], "Delete": true});
    ask(&cloud, "BandwidthRemoveEIP", &delete).refused(403, "IncorrectStatus");
    done(
        &cloud,
        "UnbindEIP",
        &json!({"EIPId": ids[1], "NetId": SUBNET_ID, "IP": "10.10.11.4"}),
    );
    done(&cloud, "BandwidthRemoveEIP", &delete);
    assert!(eip(&cloud, &ids[1]).is_none());
    ask(
        &cloud,
        "DeleteBandwidth",
        &json!({"BandwidthId": bandwidth}),
    )
    .ok();
    ask(
        &cloud,
        "UpdateBandwidth",
        &json!({"BandwidthId": bandwidth, "Qos": 1}),
    )
    .refused(404, "InvalidBandwidthId.NotFound");
}

#[tokio::test(start_paused = true)]
async fn servers_join_a_vlink_with_cards_of_their_own() {
    let cloud = TestCloud::new();
    let (_, edge_subnet, _) = edge(&cloud);
    let open = |subnet: &str, pipe: &str| {
        ask(
            &cloud,
            "CreateVLINK",
            &json!({"SubnetId": subnet, "PipeId": pipe}),
        )
    };
    open(&edge_subnet, PRIVATE_ID).refused(403, "IncorrectStatus");
    open(SUBNET_ID, PUBLIC_ID).refused(400, "InvalidParameter");
    let id = open(SUBNET_ID, PRIVATE_ID).ok()["Data"]["VLINKId"].clone();
    open(SUBNET_ID, PRIVATE_ID).refused(403, "IncorrectStatus");
    ask(&cloud, "DeleteSubnet", &json!({"SubnetId": SUBNET_ID}))
        .refused(403, "DependencyViolation");
    cloud
        .ask(
            "cds.vdc.DeletePrivateNetwork",
            &json!({"PrivateId": PRIVATE_ID}),
        )
        .refused(403, "IncorrectVdcStatus");
    let servers = cloud.servers(2);
    let change = |action: &str, server: &str| {
        ask(
            &cloud,
            action,
            &json!({"VLINKId": id, "VMIdList": [server]}),
        )
    };
    change("VLINKAddVM", NOBODY).refused(404, "InvalidVMId.NotFound");
    change("VLINKDeleteVM", &servers[0]).refused(403, "IncorrectStatus");
    let cards = |server: &str| {
        cloud.instance(server)["PrivateNetworkInterface"]
            .as_array()
            .unwrap()
            .len()
    };
    change("VLINKAddVM", &servers[0]).ok();
    change("VLINKAddVM", &servers[1]).refused(403, "IncorrectStatus");
    cloud.settle();
    change("VLINKAddVM", &servers[1]).ok();
    cloud.settle();
    assert_eq!((cards(&servers[0]), cards(&servers[1])), (2, 2));
    ask(&cloud, "DeleteVLINK", &json!({"VLINKId": id})).refused(403, "DependencyViolation");
    change("VLINKDeleteVM", &servers[0]).ok();
    cloud.settle();
    assert_eq!(cards(&servers[0]), 1);
    cloud.finish("DeleteInstance", &json!({"InstanceIds": [servers[1]]}));
    ask(&cloud, "DeleteVLINK", &json!({"VLINKId": id})).ok();
    ask(&cloud, "DeleteVLINK", &json!({"VLINKId": id})).refused(404, "InvalidVLINKId.NotFound");
}

#[tokio::test(start_paused = true)]
async fn carriers_and_prices_are_those_of_the_place() {
    let cloud = TestCloud::new();
    let (id, _, _) = edge(&cloud);
    let change = |vpc: &str, carrier: &str| {
        ask(
            &cloud,
            "UpdateVPCBandwidthType",
            &json!({"VPCID": vpc, "BandwidthType": carrier}),
        )
    };
    change(VPC_ID, TELECOM).refused(403, "IncorrectStatus");
    change(&id, "x").refused(400, "InvalidParameter");
    change(&id, TELECOM).ok();
    let view =
        ask(&cloud, "DescribeVPC", &json!({"RegionCode": "CN_Suqian"})).ok()["Data"]["VPCList"][0]
            .clone();
    assert_eq!(view["BandwidthType"], TELECOM);
    let price = |scheme: &str, kind: &str| {
        let params = json!({"RegionCode": "CN_Suqian", "AvailableZoneCode": "CN_Suqian_B", "BandwidthType": TELECOM,
            "BillScheme": scheme, "Type": kind});
        ask(&cloud, "VPCBandWidthUnitPrice", &params)
    };
    assert_eq!(
        price("BandwIdth", "Bandwidth").ok()["Data"]["BandwidthPrice"]["PriceStr"],
        "3.312"
    );
    price("BandwIdth", "Bandwidth_Shared").refused(400, "InvalidParameter");
    let schemes = |kind: &str| {
        let params =
            json!({"RegionCode": "CN_Suqian", "AvailableZoneCode": "CN_Suqian_B", "Type": kind});
        ask(&cloud, "VPCBandWidthBillingScheme", &params).ok()["Data"][0]["BillingSchemeList"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(
        (
            schemes("Bandwidth"),
            schemes("Bandwidth_Shared"),
            schemes("")
        ),
        (3, 3, 6)
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_used_is_measured() {
    let cloud = TestCloud::new();
    let pipes =
        || ask(&cloud, "DescribePipeUtilization", &json!({})).ok()["Data"]["VdcInfo"][0].clone();
    assert_eq!(
        (&pipes()["VdcId"], &pipes()["PipeInfo"][0]["InUtilization"]),
        (&json!(VDC_ID), &json!("0.0%"))
    );
    assert_eq!(pipes()["PipeInfo"].as_array().unwrap().len(), 1);
    let join = json!({"Name": "g", "Qos": 5, "AccessPoint": [{"VdcId": VDC_ID, "PrivateId": PRIVATE_ID}], "PopAccessPoint": []});
    cloud.done("cds.vdc.CreateGPN", &join);
    assert_eq!(pipes()["PipeInfo"][1]["Type"], "private");

    let id = buy(&cloud, 1).remove(0);
    let line = eip(&cloud, &id).unwrap()["BandwidthInfo"]["Id"].clone();
    let flow = |cloud_id: &Json, end: &str| {
        ask(
            &cloud,
            "DescribeOneMinuteFlow",
            &json!({"CloudId": cloud_id, "StartTime": "2026-03-01 15:00:00", "EndTime": end}),
        )
    };
    crate::tests::advance(600);
    let points = flow(&line, "2026-03-01 16:05:00").ok()["Data"].clone();
    assert_eq!(
        (points.as_array().unwrap().len(), &points[0]["time"]),
        (5, &json!("2026-03-01 16:01:00"))
    );
    assert_eq!(points[0]["value"].as_f64(), Some(0.0));
    done(
        &cloud,
        "BindEIP",
        &json!({"EIPId": id, "NetId": SUBNET_ID, "IP": "10.10.11.4"}),
    );
    assert!(
        flow(&line, "2026-03-01 16:05:00").ok()["Data"][0]["value"]
            .as_f64()
            .unwrap()
            > 0.0
    );
    flow(&json!(NOBODY), "2026-03-01 16:05:00").refused(404, "InvalidCloudId.NotFound");
    flow(&line, "2026-03-01 14:05:00").refused(400, "InvalidParameter");
    flow(&line, "now").refused(400, "InvalidParameter");
    let free = ask(&cloud, "DescribeSubnetIp", &json!({"NetId": SUBNET_ID})).ok()["Data"].clone();
    assert_eq!(
        (
            &free["UnusedNum"],
            &free["UsedNum"],
            &free["UsedList"][0]["Usage"]
        ),
        (&json!(250), &json!(4), &json!("路由使用"))
    );
    let wide = ask(
        &cloud,
        "DescribeIPInfo",
        &json!({"NetId": PUBLIC_ID, "IPType": "pubnet"}),
    )
    .ok()["Data"]
        .clone();
    assert_eq!(
        (&wide["SegmentNum"], &wide["SegmentList"][1]["NetSignal"]),
        (&json!(16), &json!("101.251.1.*"))
    );
    ask(
        &cloud,
        "DescribeIPInfo",
        &json!({"NetId": SUBNET_ID, "IPType": "pubnet"}),
    )
    .refused(404, "InvalidNetId.NotFound");
}

/// Does whatever chance says, allowed or not; what it refers to must be there at every step.
fn walk(seed: u64, steps: u64) -> Json {
    let cloud = TestCloud::with_seed(seed);
    for step in 0..steps {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "small numbers"
        )]
        let draw = |purpose: &str, most: usize| {
            (ids::fraction(seed, purpose, step) * most as f64) as usize
        };
        let state = cloud.simulator.state_json();
        holds_together(&state);
        let pick = |list: &Json| {
            list.as_array()
                .unwrap()
                .get(draw("pick", list.as_array().unwrap().len().max(1)))
                .cloned()
                .unwrap_or_default()
        };
        let (vpc, net) = (
            pick(&state["vpc"]["vpcs"])["id"].clone(),
            pick(&state["vpc"]["nets"]),
        );
        let (eip, bandwidth) = (
            pick(&state["vpc"]["eips"]),
            pick(&state["vpc"]["bandwidths"])["id"].clone(),
        );
        let text = |value: &Json| value.as_str().unwrap_or("none").to_owned();
        let segment = format!("10.{}.{}.0/24", 10 + draw("second", 2), draw("third", 4));
        let ip = format!("10.10.11.{}", 3 + draw("ip", 4));
        let subnet = json!({"AvailableZoneCode": "CN_Hongkong_A", "SubnetName": "s", "SubnetSegment": segment});
        let (action, params) = match draw("action", 14) {
            0 => (
                "CreateVPC",
                json!({"RegionCode": "CN_Hongkong", "VPCName": "v", "VPCSegment": "10.11.0.0/16", "VPCSegmentType": "auto",
                "SubnetList": [subnet]}),
            ),
            1 => (
                "CreateSubnet",
                json!({"VPCId": text(&vpc), "SubnetList": [subnet]}),
            ),
            2 => ("DeleteSubnet", json!({"SubnetId": text(&net["id"])})),
            3 => ("DeleteVPC", json!({"VPCId": text(&vpc)})),
            4 | 5 => (
                "CreateEIP",
                json!({"RegionCode": "CN_Hongkong", "BandwidthType": TELECOM, "BillScheme": "BandwIdth", "Qos": 5,
                "Size": 1 + draw("size", 2)}),
            ),
            6 | 7 => (
                "BindEIP",
                json!({"EIPId": text(&eip["id"]), "NetId": text(&net["id"]), "IP": ip}),
            ),
            8 => (
                "UnbindEIP",
                json!({"EIPId": text(&eip["id"]), "NetId": text(&eip["bound"]["net"]), "IP": eip["bound"]["address"].as_str().unwrap_or("10.10.11.4")}),
            ),
            9 => ("DeleteEIP", json!({"EIPId": text(&eip["id"])})),
            10 => (
                "CreateBandwidth",
                json!({"RegionCode": "CN_Hongkong", "AvailableZoneCode": "CN_Hongkong_A", "Name": "b",
                "BandwidthType": TELECOM, "BillScheme": "BandwIdth_Shared", "Qos": 10}),
            ),
            11 => (
                "BandwidthAddEIP",
                json!({"BandwidthId": text(&bandwidth), "EIPIdList": [text(&eip["id"])]}),
            ),
            12 => (
                "BandwidthRemoveEIP",
                json!({"EIPIdList": [text(&eip["id"])], "Delete": true}),
            ),
            _ => ("DeleteBandwidth", json!({"BandwidthId": text(&bandwidth)})),
        };
        if draw("fault", 8) == 0 {
            cloud
                .simulator
                .fault(FaultRule::new(Fault::TaskFails("chance".into())).times(1));
        }
        let answer = ask(&cloud, action, &params);
        assert!(
            [200, 400, 403, 404].contains(&answer.0),
            "{action}: {}",
            answer.1
        );
        crate::tests::advance(draw("time", 30) as u64);
    }
    let saved = cloud.simulator.saved();
    assert_eq!(SavedState::parse(&saved).map(|_| ()), Ok(()));
    cloud.settle();
    holds_together(&cloud.simulator.state_json());
    cloud.simulator.state_json()
}

fn holds_together(state: &Json) {
    let ids = |list: &str| -> Vec<String> {
        state["vpc"][list]
            .as_array()
            .unwrap()
            .iter()
            .map(|own| own["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (vpcs, nets, bandwidths) = (ids("vpcs"), ids("nets"), ids("bandwidths"));
    for net in state["vpc"]["nets"].as_array().unwrap() {
        assert!(
            vpcs.iter().any(|vpc| net["vpc_id"] == *vpc),
            "a subnet of a VPC that is gone"
        );
    }
    let (mut addresses, mut bound) = (
        std::collections::BTreeSet::new(),
        std::collections::BTreeSet::new(),
    );
    for eip in state["vpc"]["eips"].as_array().unwrap() {
        assert!(
            addresses.insert(eip["address"].to_string()),
            "an address is given out twice"
        );
        assert!(
            eip["bound"].is_null() || bound.insert(eip["bound"].to_string()),
            "two EIPs are bound to one address"
        );
        assert!(
            eip["bound"].is_null() || nets.iter().any(|net| eip["bound"]["net"] == *net),
            "bound to a net that is gone"
        );
        let shared = &eip["bandwidth"]["shared"];
        assert!(
            shared.is_null() || bandwidths.iter().any(|own| shared == own),
            "in a bandwidth that is gone"
        );
    }
    let charges = state["wallet"]["charges"].as_array().unwrap();
    let paid: f64 = charges
        .iter()
        .filter(|charge| charge["refunded"] != true)
        .map(|charge| charge["amount"].as_f64().unwrap())
        .sum();
    assert!(
        (1_000_000.0 - paid - state["wallet"]["balance"].as_f64().unwrap()).abs() < 0.01,
        "money appears or vanishes"
    );
}

#[tokio::test(start_paused = true)]
async fn a_random_walk_leaves_no_broken_state_and_repeats_itself() {
    for seed in 0..3 {
        assert_eq!(walk(seed, 120), walk(seed, 120), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_does_not_fit_together_is_refused() {
    let cloud = TestCloud::new();
    buy(&cloud, 2);
    shared(&cloud);
    done(
        &cloud,
        "CreateVLINK",
        &json!({"SubnetId": SUBNET_ID, "PipeId": PRIVATE_ID}),
    );
    let good = cloud.simulator.state_json();
    let problem = |at: &str, value: Json| {
        let mut state = good.clone();
        *state.pointer_mut(at).unwrap() = value;
        SavedState::parse(&state.to_string())
            .map(|_| ())
            .unwrap_err()
    };
    assert_eq!(SavedState::parse(&good.to_string()).map(|_| ()), Ok(()));
    assert!(problem("/vpc/nets/0/vpc_id", json!(NOBODY)).contains("there is no VPC"));
    assert!(
        problem("/vpc/nets/0/range", json!("10.99.0.0/24")).contains("is not in the VPC's range")
    );
    assert!(
        problem(
            "/vpc/eips/0/address",
            good["vpc"]["eips"][1]["address"].clone()
        )
        .contains("another EIP has")
    );
    assert!(
        problem("/vpc/eips/0/bandwidth", json!({"shared": NOBODY}))
            .contains("shared bandwidth is not there")
    );
    let bound = |net: &str, address: &str| json!({"net": net, "address": address});
    assert!(
        problem("/vpc/eips/0/bound", bound(NOBODY, "10.10.11.9"))
            .contains("there is no subnet or gateway")
    );
    assert!(
        problem("/vpc/eips/0/bound", bound(SUBNET_ID, "10.10.11.1"))
            .contains("is not an address of")
    );
    assert!(problem("/vpc/vlinks/0/servers", json!({NOBODY: NOBODY})).contains("has an interface"));
    assert!(problem("/vdc/networks/0/vdc_id", json!(NOBODY)).contains("there is no VDC"));
    let gpn = json!({"id": "g", "name": "g", "qos": 5, "evpn": 1, "order": "o", "networks": [PUBLIC_ID], "pops": ["p"]});
    let told = problem("/vdc/gpns", json!([gpn]));
    assert!(
        told.contains("there is no private network")
            && told.contains("there is no point of presence p"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_trial_credit_pays_in_the_accounts_place() {
    let cloud = TestCloud::new();
    let credit = |number: usize| {
        let subjects =
            cloud.ask("cds.subject.DescribeSubjects", &json!({})).ok()["Data"]["SubjectList"]
                .clone();
        subjects[number]["Balance"]
            .as_str()
            .unwrap()
            .parse::<f64>()
            .unwrap()
    };
    let (begin, full) = (cloud.balance(), credit(2));
    let order = |changes: Json| {
        let mut params = json!({"RegionCode": "CN_Hongkong", "BandwidthType": TELECOM, "BillScheme": "BandwIdth", "Qos": 5, "Size": 2});
        crate::tests::merge(params.as_object_mut().unwrap(), &changes);
        ask(&cloud, "CreateEIP", &params)
    };
    order(json!({"SubjectId": 1})).refused(400, "InvalidParameter");
    order(json!({"SubjectId": -1})).refused(400, "InvalidParameter");
    // One is for certain goods only, one is used up, and the third has too little for so many.
    for (id, count) in [(3_273_566, 1), (3_273_581, 1), (3_273_580, 100)] {
        order(json!({"SubjectId": id, "Size": count})).refused(400, "Account.Arrearage");
    }
    cloud
        .simulator
        .fault(FaultRule::new(Fault::TaskFails("busy".into())).times(1));
    order(json!({"SubjectId": 3_273_580})).ok();
    cloud.settle();
    assert_eq!((cloud.balance(), credit(2)), (begin, full));
    let bought = order(json!({"SubjectId": 3_273_580})).ok()["Data"].clone();
    cloud.settle();
    advance(86_400);
    for eip in bought.as_array().unwrap() {
        ask(&cloud, "DeleteEIP", &json!({"EIPId": eip["EIPId"]})).ok();
    }
    assert!((full - credit(2) - 33.78).abs() < 0.001, "{}", credit(2));
    assert_eq!(cloud.balance().to_string(), begin.to_string());
    let bill = cloud
        .ask(
            "cds.billing.DescribeBill",
            &json!({"DateFromTo": "2026.03.01 - 2026.03.31", "Currency": "CN"}),
        )
        .ok();
    assert_eq!(
        (
            &bill["Data"]["TotalViceCost"],
            &bill["Data"]["TotalMasterCost"]
        ),
        (&json!(33.78), &json!(0.0))
    );
}

#[tokio::test(start_paused = true)]
async fn eips_and_bandwidths_cost_their_price_every_day_until_they_are_gone() {
    let cloud = TestCloud::new();
    let is = |cost: f64, expected: f64| {
        assert!((cost - expected).abs() < 0.02, "{cost} and not {expected}");
    };
    let ids = buy(&cloud, 2);
    is(cloud.cost_of_a_day(), 2.0 * (16.56 + 0.33));
    let bandwidth = shared(&cloud);
    is(cloud.cost_of_a_day(), 2.0 * (16.56 + 0.33) + 33.12);
    done(
        &cloud,
        "BandwidthAddEIP",
        &json!({"BandwidthId": bandwidth, "EIPIdList": [ids[0]]}),
    );
    is(cloud.cost_of_a_day(), 16.56 + 2.0 * 0.33 + 33.12);
    done(
        &cloud,
        "UpdateBandwidth",
        &json!({"BandwidthId": bandwidth, "Qos": 20}),
    );
    done(&cloud, "UpdateEIP", &json!({"EIPId": ids[1], "Qos": 10}));
    is(cloud.cost_of_a_day(), 33.12 + 2.0 * 0.33 + 66.24);
    let period = json!({"DateFromTo": "2026.03.01 - 2026.03.31", "Currency": "CN"});
    let bill = cloud.ask("cds.billing.DescribeBill", &period).ok()["Data"]["BillInfo"].clone();
    let ip = bill
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["ResourceType"] == "ip")
        .count();
    let wan = bill
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["ResourceType"] == "wan")
        .count();
    assert_eq!((ip, wan), (2, 3));
    let alone = json!({"EIPIdList": [ids[0]], "Delete": false, "RegionCode": "CN_Hongkong", "BandwidthType": TELECOM,
        "BillScheme": "BandwIdth", "Qos": 1});
    done(&cloud, "BandwidthRemoveEIP", &alone);
    is(cloud.cost_of_a_day(), 3.31 + 33.12 + 2.0 * 0.33 + 66.24);
    done(
        &cloud,
        "DeleteBandwidth",
        &json!({"BandwidthId": bandwidth}),
    );
    for id in &ids {
        done(&cloud, "DeleteEIP", &json!({"EIPId": id}));
    }
    is(cloud.cost_of_a_day(), 0.0);
    is(cloud.due(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn bandwidth_by_the_month_is_paid_again_each_month() {
    let cloud = TestCloud::new();
    let monthly = json!({"RegionCode": "CN_Hongkong", "BandwidthType": TELECOM, "BillScheme": "BandwIdthMonth", "Qos": 5, "Size": 1});
    let before = cloud.balance();
    let id = done(&cloud, "CreateEIP", &monthly)["Data"][0]["EIPId"].clone();
    let paid = || ((before - cloud.balance()) * 100.0).round() / 100.0;
    assert_eq!(paid().to_string(), "496.8");
    advance(32 * 86_400);
    assert_eq!(eip(&cloud, id.as_str().unwrap()).unwrap()["IsBind"], false);
    assert_eq!(paid().to_string(), "993.6");
    // What the balance does not cover is owed.
    cloud.simulator.set_balance(100.0);
    advance(31 * 86_400);
    ask(&cloud, "DescribeVPC", &json!({"RegionCode": "CN_Hongkong"})).ok();
    assert_eq!(cloud.balance().to_string(), "100");
    cloud.simulator.set_balance(600.0);
    assert_eq!(cloud.balance().to_string(), "103.2");
    done(&cloud, "DeleteEIP", &json!({"EIPId": id}));
}

#[tokio::test(start_paused = true)]
async fn bandwidth_by_traffic_costs_while_something_is_bound_to_it() {
    let cloud = TestCloud::new();
    let flow = json!({"RegionCode": "CN_Hongkong", "BandwidthType": TELECOM, "BillScheme": "Traffic", "Qos": 5, "Size": 1});
    let id = done(&cloud, "CreateEIP", &flow)["Data"][0]["EIPId"].clone();
    let is = |cost: f64, expected: f64| {
        assert!((cost - expected).abs() < 0.02, "{cost} and not {expected}");
    };
    is(cloud.cost_of_a_day(), 0.33);
    done(
        &cloud,
        "BindEIP",
        &json!({"EIPId": id, "NetId": SUBNET_ID, "IP": "10.10.11.9"}),
    );
    // Half of 5 Mbps for a day are 27 GB at 0.8.
    is(cloud.cost_of_a_day(), 0.33 + 21.6);
    done(
        &cloud,
        "UnbindEIP",
        &json!({"EIPId": id, "NetId": SUBNET_ID, "IP": "10.10.11.9"}),
    );
    is(cloud.cost_of_a_day(), 0.33);
}

#[tokio::test(start_paused = true)]
async fn a_trial_credit_pays_for_traffic_that_flows_later() {
    let cloud = TestCloud::new();
    let of = |state: &Json| state["billing"]["credits"][2]["balance"].as_f64().unwrap();
    let full = of(&cloud.simulator.state_json());
    let flow = json!({"RegionCode": "CN_Hongkong", "BandwidthType": TELECOM, "BillScheme": "Traffic", "Qos": 5, "Size": 1,
        "SubjectId": 3_273_580});
    let id = done(&cloud, "CreateEIP", &flow)["Data"][0]["EIPId"].clone();
    let bound = json!({"EIPId": id, "NetId": SUBNET_ID, "IP": "10.10.11.9"});
    done(&cloud, "BindEIP", &bound);
    advance(86_400);
    done(&cloud, "UnbindEIP", &bound);
    let paid = full - of(&cloud.simulator.state_json());
    assert!((paid - 21.6).abs() < 0.05, "{paid}");
    assert_eq!(cloud.balance().to_string(), "1000000");
}

/// `clients.md` row 10: the vendor's Go client asks at `/vpc` how a task stands.
#[tokio::test(start_paused = true)]
async fn a_task_is_asked_for_at_the_path_of_vpcs_too() {
    let cloud = TestCloud::new();
    let at_vpc = |task: &str| {
        let mut pairs = cloud.common("DescribeTask");
        pairs.push(("TaskId".to_owned(), task.to_owned()));
        let request = signed("GET", "/vpc", pairs, SECRET, String::new());
        let response = cloud.simulator.handle(&request);
        let json: Json = serde_json::from_slice(response.body()).unwrap();
        (response.status().as_u16(), json)
    };
    let order = json!({"RegionCode": "CN_Hongkong", "VPCName": "shop", "VPCSegment": "10.15.0.0/16", "VPCSegmentType": "auto",
        "SubnetList": [{"AvailableZoneCode": "CN_Hongkong_A", "SubnetName": "a", "SubnetSegment": "10.15.1.0/24"}]});
    let made = ask(&cloud, "CreateVPC", &order).ok();
    let task = made["TaskId"].as_str().unwrap();
    let (status, running) = at_vpc(task);
    assert_eq!(
        (status, &running["Data"]["TaskStatus"]),
        (200, &json!("doing"))
    );
    cloud.settle();
    let data = at_vpc(task).1["Data"].clone();
    assert_eq!(
        (&data["TaskStatus"], &data["ResourceId"]),
        (&json!("success"), &made["Data"]["VPCId"])
    );
    let rule: FaultRule = "DeleteSubnet:task_fails".parse().unwrap();
    cloud.simulator.fault(rule);
    let subnet = json!({"SubnetId": made["Data"]["SubnetIdList"][0]});
    let failed = done(&cloud, "DeleteSubnet", &subnet);
    let failed = at_vpc(failed["TaskId"].as_str().unwrap()).1;
    assert_eq!(failed["Data"]["TaskStatus"], "error");
    assert_eq!(at_vpc("1").0, 400);
    // Another Action of `/ccs` is not there.
    let request = signed(
        "GET",
        "/vpc",
        cloud.common("DescribeTags"),
        SECRET,
        String::new(),
    );
    assert_eq!(cloud.simulator.handle(&request).status().as_u16(), 404);
}

/// `clients.md` row 12: the vendor's newer document lets the region be left out.
#[tokio::test(start_paused = true)]
async fn vpcs_of_all_regions_are_listed_where_none_is_named() {
    let cloud = TestCloud::new();
    let list = |params: Json| {
        let data = ask(&cloud, "DescribeVPC", &params).ok()["Data"].clone();
        let ids = data["VPCList"].as_array().unwrap().iter();
        ids.map(|vpc| vpc["VPCId"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let all = list(json!({}));
    assert!(
        all.len() >= 2 && all.contains(&VPC_ID.to_owned()),
        "{all:?}"
    );
    assert_eq!(list(json!({"Keyword": VPC_ID})), [VPC_ID]);
    assert_eq!(list(json!({"RegionCode": "", "Keyword": VPC_ID})), [VPC_ID]);
    assert_eq!(list(json!({"RegionCode": "CN_Hongkong"})), [VPC_ID]);
    ask(&cloud, "DescribeVPC", &json!({"RegionCode": "CN_Nowhere"}))
        .refused(400, "InvalidParameter");
}
