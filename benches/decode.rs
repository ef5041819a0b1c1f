//! From the bytes of an answer to a table of Lua, JSON and XML, beside `serde_json` reading the
//! same bytes into its `Value`. The bar for 10 MB of JSON is three times the latter.

mod canned;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cumulua_core::clock::real_now;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;

/// A list of servers, as Capital Online sends them, of about so many bytes.
fn servers(bytes: usize) -> String {
    let server = |number: usize| {
        json!({
            "InstanceId": format!("bbf63749-0186-4c68-8adc-{number:012x}"), "InstanceName": format!("web 中文 {number}"),
            "InstanceStatus": "running", "RegionId": "CN_Beijing_A", "VdcId": "0bb08ed7-e686-4168-93e5-e0187579753b", "Cpu": 4, "Ram": 8,
            "PublicNetworkInterface": [], "PrivateNetworkInterface": [{"IP": "10.1.2.3", "Connected": 1, "MAC": "00:50:56:00:00:00"}],
            "Disks": {"SystemDisk": {"IOPS": 0, "Size": 20, "DiskType": "system_disk"}, "DataDisks": []}, "Price": 0.45,
        })
    };
    let each = server(0).to_string().len() + 1;
    let list: Vec<Json> = (0..bytes / each).map(server).collect();
    json!({"Code": "Success", "Msg": "", "RequestId": "1", "Data": {"Instances": list, "PageCount": 1, "PageNumber": 1}})
        .to_string()
}

/// A list of instances, as Meituan sends them, of about so many bytes.
fn instances(bytes: usize) -> String {
    let instance = |number: usize| {
        format!(
            "<Instance><instanceId>i-{number:08}</instanceId><instanceName>web 中文 {number}</instanceName><status>running</status>\
             <instanceType>C1_M1</instanceType><ipAddresses>10.1.2.3</ipAddresses><ebsCount>0</ebsCount><createTime>2026-01-01T00:00:00Z\
             </createTime></Instance>"
        )
    };
    let mut text = String::from("<?xml version=\"1.0\"?><DescribeInstancesResponse><InstanceSet>");
    for number in 0..bytes / (instance(0).len()) {
        let _ = write!(text, "{}", instance(number));
    }
    text + "</InstanceSet></DescribeInstancesResponse>"
}

fn decoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    group.sample_size(10);
    for megabytes in [1_usize, 10] {
        let text = servers(megabytes * 1_000_000);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(
            BenchmarkId::new("JSON to serde_json::Value", format!("{megabytes} MB")),
            &text,
            |bencher, text| {
                bencher.iter(|| serde_json::from_str::<Json>(text).expect("JSON"));
            },
        );
        let script =
            canned::Script::new(|| canned::gate(text, None), "cds.ccs.DescribeInstances()");
        group.bench_function(
            BenchmarkId::new("JSON to Lua", format!("{megabytes} MB")),
            |bencher| {
                bencher.iter_custom(timed(&script));
            },
        );
    }
    let text = instances(1_000_000);
    group.throughput(Throughput::Bytes(text.len() as u64));
    let script = canned::Script::new(|| canned::gate(text, None), "mcs.DescribeInstances()");
    group.bench_function(BenchmarkId::new("XML to Lua", "1 MB"), |bencher| {
        bencher.iter_custom(timed(&script));
    });
}

fn timed(script: &canned::Script) -> impl Fn(u64) -> std::time::Duration {
    |times| {
        let started = real_now();
        script.run(times);
        started.elapsed()
    }
}

criterion_group!(benches, decoding);
criterion_main!(benches);
