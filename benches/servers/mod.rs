//! An account of 100,000 servers as a seed file, for the simulator's bench and, by
//! `examples/bare.rs`, for `benches/compare/`.

use cumulua_simulator::{PRIVATE_ID, REGION_ID, VDC_ID};
use serde_json::json;
use std::fmt::Write as _;

/// How many there are.
pub(crate) const SERVERS: u32 = 100_000;

/// The VDC that every fifth one is in.
const OTHER_VDC: &str = "0bb08ed7-e686-4168-93e5-e0187579753c";
const OTHER_NETWORK: &str = "4e6f6790-a6b3-11e9-8f88-0242ac110042";

/// The id of a server.
pub(crate) fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// The account as a file: the servers stand in two VDCs of one zone, and every tenth one has the
/// tag `tenth`.
pub(crate) fn account() -> String {
    let mut servers = String::new();
    for number in 0..SERVERS {
        let [_, second, third, fourth] = (number + 2).to_be_bytes();
        let (vdc, network, first) = if number % 5 == 4 {
            (OTHER_VDC, OTHER_NETWORK, 11)
        } else {
            (VDC_ID, PRIVATE_ID, 10)
        };
        let tags = if number % 10 == 9 {
            vec![300]
        } else {
            Vec::new()
        };
        let server = json!({
            "id": id(number), "name": format!("server {number}"), "vdc_id": vdc, "cpu": 4, "ram": 8, "kind": "Standard",
            "image": "Ubuntu_16.04_64", "charge_type": "PostPaid", "power": "running", "created": "2026-01-01T00:00:00Z", "tags": tags,
            "system": {"id": format!("s{number}"), "size": 20, "kind": "system_disk"},
            "disks": [{"id": format!("d{number}"), "size": 100, "kind": "ssd_disk"}],
            "interfaces": [{"id": format!("i{number}"), "network": network, "mac": "00:50:56:00:00:00",
                "address": format!("{first}.{second}.{third}.{fourth}")}],
        });
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(servers, "{comma}{server}");
    }
    let vdc = |id: &str, name: &str| json!({"id": id, "name": name, "region": REGION_ID});
    let network = |id: &str, vdc: &str, range: &str| json!({"id": id, "name": "all", "vdc_id": vdc, "kind": {"private": {}}, "segments": [{"range": range}]});
    let vdc = json!({
        "vdcs": [vdc(VDC_ID, "most"), vdc(OTHER_VDC, "others")],
        "networks": [network(PRIVATE_ID, VDC_ID, "10.0.0.0/8"), network(OTHER_NETWORK, OTHER_VDC, "11.0.0.0/8")],
    });
    format!(r#"{{"vdc": {vdc}, "ccs": {{"tags": {{"300": "tenth"}}, "instances": [{servers}]}}}}"#)
}
