//! Parameters that nothing is made of, and where the log says so.

use super::{TestCloud, order, signed};
use crate::http::log::{Ignored, IgnoredReason, LoggedRequest};
use crate::{EDGE_GATEWAY_ID, SECRET, dashboard};
use cumulua_core::catalog::{Action, Kind, Param};
use serde_json::{Map, Value as Json, json};
use std::sync::{Arc, Mutex};

fn last(cloud: &TestCloud) -> LoggedRequest {
    cloud.simulator.requests().pop().unwrap()
}

fn ignored(paths: &[(&str, IgnoredReason)]) -> Ignored {
    paths
        .iter()
        .map(|(path, why)| ((*path).to_owned(), *why))
        .collect()
}

/// Puts a field that no document has into every object of an example; the paths.
fn plant(params: &[Param], given: &mut Map<String, Json>, at: &str, paths: &mut Vec<String>) {
    for (name, value) in given.iter_mut() {
        let param = params.iter().find(|param| param.name == *name);
        let Some(param) = param.filter(|param| !param.fields.is_empty()) else {
            continue;
        };
        match value {
            Json::Object(inner) => plant(&param.fields, inner, &format!("{at}{name}."), paths),
            Json::Array(items) => {
                for inner in items.iter_mut().filter_map(Json::as_object_mut) {
                    plant(&param.fields, inner, &format!("{at}{name}[]."), paths);
                }
            }
            _ => {}
        }
    }
    given.insert("MadeUp".to_owned(), json!("x"));
    paths.push(format!("{at}MadeUp"));
}

fn actions(cloud: &TestCloud) -> Vec<Action> {
    let services = crate::services::registry::SERVICES.iter();
    services
        .filter_map(|service| cloud.catalog.actions_of(service.name()).ok())
        .flatten()
        .collect()
}

#[tokio::test(start_paused = true)]
async fn every_action_names_what_it_does_not_know() {
    let cloud = TestCloud::new();
    let actions = actions(&cloud);
    assert!(actions.len() > 250, "{}", actions.len());
    let mut inner = 0;
    for action in actions {
        let mut params = action.example.as_object().cloned().unwrap_or_default();
        let mut paths = Vec::new();
        plant(&action.params, &mut params, "", &mut paths);
        inner += paths.iter().filter(|path| *path != "MadeUp").count();
        cloud.ask(&action.full_name, &params.into());
        let logged = last(&cloud);
        for path in paths {
            assert_eq!(
                logged.ignored.get(&path),
                Some(&IgnoredReason::Unknown),
                "{}: {path} of {:?}",
                action.full_name,
                logged.ignored
            );
        }
    }
    assert!(inner > 20, "{inner} fields in others");
}

/// `clients.md` row 13: filters that no document has.
#[tokio::test(start_paused = true)]
async fn filters_that_no_document_has_are_named() {
    let cloud = TestCloud::new();
    let filters =
        json!({"keyword": "web", "EcsIds": ["ins-1"], "VpcId": "", "RegionId": "CN_Suqian"});
    cloud.ask("cds.ecs.DescribeInstanceList", &filters).ok();
    let expected = ["EcsIds", "RegionId", "keyword"].map(|path| (path, IgnoredReason::Unknown));
    let expected = ignored(&expected);
    let logged = last(&cloud);
    assert_eq!(logged.ignored, expected);
    let logged = json!(logged);
    assert_eq!(
        logged["ignored"],
        json!({"EcsIds": "unknown", "RegionId": "unknown", "keyword": "unknown"})
    );
    assert_eq!(
        dashboard::status(&cloud.simulator)["requests"][0]["ignored"],
        logged["ignored"]
    );
}

/// `clients.md` row 14: what a new public address of an elastic server is asked to have.
#[tokio::test(start_paused = true)]
async fn the_bandwidth_of_a_new_public_address_is_named() {
    let cloud = TestCloud::new();
    let mut params = cloud
        .catalog
        .action("cds.ecs.CreateInstance")
        .unwrap()
        .example
        .clone();
    params["PubnetInfo"] = json!([{"SubnetId": EDGE_GATEWAY_ID, "IpType": "default_gateway",
        "BandwidthType": "Bandwidth", "Qos": 5, "BandwidthConfName": "电信"}]);
    cloud.ask("cds.ecs.CreateInstance", &params);
    let seen = last(&cloud).ignored;
    // The newer document has two of them.
    for (name, why) in [
        ("BandwidthType", IgnoredReason::Unread),
        ("Qos", IgnoredReason::Unread),
        ("BandwidthConfName", IgnoredReason::Unknown),
    ] {
        let path = format!("PubnetInfo[].{name}");
        assert_eq!(seen.get(&path), Some(&why), "{seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_known_parameter_that_was_not_looked_at_is_named() {
    let cloud = TestCloud::new();
    let params = order(&json!({"SwapOff": true, "DataDisks": [{"Size": 100}]}));
    cloud.ask("CreateInstance", &params).ok();
    assert_eq!(
        last(&cloud).ignored,
        ignored(&[("SwapOff", IgnoredReason::Unread)])
    );
    // A call that was refused has looked at nothing of what would have come later.
    let refused = order(&json!({"SwapOff": true, "VdcId": "none"}));
    assert_ne!(cloud.ask("CreateInstance", &refused).code(), "Success");
    assert_eq!(last(&cloud).ignored, Ignored::new());
}

/// Parameters of Actions that read, which the examples' other parameters leave without a use: those
/// of a prepaid order or a cloud disk where the example has none, and what makes no difference to
/// the simulator; and those of services that are carried out from the catalogue alone, where the
/// answer is the document's example and where no row has what is asked for.
const UNREAD: &[(&str, &str)] = &[
    ("cds.ccs.DescribeInstanceType", "InstanceChargeType"),
    ("cds.ccs.DescribeInstancePrice", "AutoRenew"),
    ("cds.ccs.DescribeInstancePrice", "PrepaidMonth"),
    ("cds.ccs.DescribeInstancePrice", "HostId"),
    ("cds.ecs.DescribePrice", "Duration"),
    ("cds.ecs.DescribePrice", "IsToMonth"),
    ("cds.vpc.DescribeVDCIPUSEDAY", "AvailableZoneCode"),
    ("cds.vpc.DescribeVDCIPUSEDAY", "VDCId"),
    ("cds.vpc.DescribeVDCIPUSEDAY", "ShowAll"),
    ("cds.vpc.DescribeVDCIPUSEDAY", "Day"),
    ("cds.desktop.QueryVmPrice", "sysVolumeSize"),
    ("cds.desktop.GetDefaultNet", "bandwidthConfIdStr"),
    ("cds.desktop.GetCustomNet", "bandwidthConfIdStr"),
    ("cds.desktop.GetEipPrice", "bandwidthConfIdStr"),
    ("cds.desktop.GetEipPrice", "isMounth"),
    ("cds.desktop.GetEipPrice", "isToMonth"),
    ("cds.desktop.GetEipPrice", "duration"),
    ("cds.alarm.DescribeAlarmMetrics", "AlarmType"),
    ("cds.alarm.DescribeAlarmMetrics", "ProductType"),
    ("cds.alarm.DescribeAlarmHistories", "AlarmStatus"),
    ("cds.cck.DescribeClusters", "RegionId"),
    ("cds.cdn.PrefetchList", "project_id"),
    ("cds.cdn.CacheList", "project_id"),
    ("cds.cdn.PathMetering", "path"),
    ("cds.cdn.PathMetering", "begindate"),
    ("cds.cdn.PathMetering", "enddate"),
    ("cds.cdn.PathMetering", "interval"),
    ("cds.gpu.DescribeGpuGoods", "RegionId"),
    ("cds.gpu.DescribeGpuGoodsPrice", "RegionId"),
    ("cds.gpu.DescribeGpuGoodsPrice", "GoodsId"),
    ("cds.gpu.DescribeGpuGoodsPrice", "ComputeId"),
    ("cds.gpu.DescribeGpuGoodsPrice", "InstanceChargeType"),
    ("cds.gpu.DescribeGpuGoodsPrice", "PrepaidMonth"),
    ("cds.gpu.DescribeGpuGoodsPrice", "Amount"),
    ("cds.gpu.DescribeGpuImage", "ImageType"),
    ("cds.gpu.DescribeGpuImage", "RegionId"),
    ("cds.gpu.DescribeGpuImage", "OsType"),
    ("cds.gpu.DescribeGpuImage", "ComputeId"),
    ("cds.kafka.GetKafkaList", "ProjectId"),
    ("cds.mongodb.DescribeSpecInfo", "RegionId"),
    ("cds.mongodb_v2.DescribeSpecInfo", "RegionId"),
    ("cds.mysql.DescribeAvailableDBConfig", "RegionId"),
    ("cds.mysql.DescribeDBInstances", "TagName"),
    ("cds.nas.DescribeRegions", "FileSystemType"),
    ("cds.redis.DescribeAvailableDBConfig", "RegionId"),
    ("cds.redis.DescribeDBInstances", "TagName"),
    ("cds.slb.DescribeLoadBalancersSpec", "RegionId"),
    ("cds.slb.DescribeLoadBalancers", "StartTime"),
    ("cds.slb.DescribeLoadBalancers", "EndTime"),
    ("cds.slb.DescribeLoadBalancers", "TagName"),
];

/// Filters too of lists that are empty, and behind a filter that nothing passes.
#[tokio::test(start_paused = true)]
async fn every_parameter_of_an_action_that_reads_is_looked_at() {
    let cloud = TestCloud::new();
    let (mut count, mut unread) = (0, Vec::new());
    for action in actions(&cloud).iter().filter(|action| action.read_only) {
        for param in &action.params {
            let mut given = action.example.as_object().cloned().unwrap_or_default();
            given
                .entry(param.name.clone())
                .or_insert_with(|| match (&param.example, param.kind) {
                    (Some(example), _) => example.clone(),
                    (None, Kind::Integer) => json!(1),
                    (None, Kind::List) => json!(["none"]),
                    (None, _) => json!("none"),
                });
            cloud.ask(&action.full_name, &given.into());
            let logged = last(&cloud);
            count += usize::from(logged.carried_out);
            if logged.ignored.get(&param.name) == Some(&IgnoredReason::Unread) {
                unread.push((action.full_name.to_string(), param.name.clone()));
            }
        }
    }
    assert!(count > 150, "{count} calls were carried out");
    let expected = UNREAD
        .iter()
        .map(|(action, name)| ((*action).to_owned(), (*name).to_owned()));
    assert_eq!(unread, expected.collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_the_query_of_a_post_is_named_unless_the_body_has_it_too() {
    let cloud = TestCloud::new();
    let ask = |body: &str| {
        let mut pairs = cloud.common("CreateTag");
        for (name, value) in [
            ("TagName", "x"),
            ("More.0.Size", "1"),
            ("RequestClient", "SDK"),
        ] {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        let request = signed("POST", "/ccs", pairs, SECRET, body.to_owned());
        let status = cloud.simulator.handle(&request).status().as_u16();
        (status, last(&cloud).ignored)
    };
    let (status, seen) = ask("{}");
    assert_eq!(status, 400);
    let expected = [
        ("More[].Size", IgnoredReason::Unknown),
        ("TagName", IgnoredReason::Misplaced),
    ];
    assert_eq!(seen, ignored(&expected));
    let (status, seen) = ask(r#"{"TagName": "x", "More": [{"Size": 1}]}"#);
    assert_eq!(status, 200);
    assert_eq!(seen, ignored(&[("More", IgnoredReason::Unknown)]));
}

#[tokio::test(start_paused = true)]
async fn each_is_reported_once_for_an_action() {
    let cloud = TestCloud::new();
    let reports = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&reports);
    cloud.simulator.report_ignored(move |action, path, why| {
        let text = format!("{action}: {path} {}", why.text());
        heard.lock().unwrap().push(text);
    });
    for (action, params) in [
        ("DescribeTags", json!({"a": 1})),
        ("DescribeTags", json!({"a": 2, "b": 1})),
        ("DescribeTask", json!({"a": 1})),
    ] {
        cloud.ask(action, &params);
    }
    let of =
        |action: &str, path: &str| format!("{action}: {path} {}", IgnoredReason::Unknown.text());
    assert_eq!(
        *reports.lock().unwrap(),
        [
            of("DescribeTags", "a"),
            of("DescribeTags", "b"),
            of("DescribeTask", "a")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_with_very_many_names_keeps_few() {
    let cloud = TestCloud::new();
    let many: Map<_, _> = (0..1000)
        .map(|number| (format!("{number:0>300}"), json!(1)))
        .collect();
    cloud.ask("DescribeTags", &many.into());
    let ignored = last(&cloud).ignored;
    assert!(!ignored.is_empty() && ignored.len() <= 50);
    assert!(ignored.keys().all(|path| path.chars().count() <= 201));
}
