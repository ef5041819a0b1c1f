//! What stands ready in a new cloud. Ids, names and sizes are the document's where it has some.

use super::state::{InstanceType, Network, State, Template};
use crate::cloud::addresses::Range;
use crate::cloud::money::{Money, Wallet};
use crate::cloud::store::Store;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

impl Default for State {
    fn default() -> Self {
        let network = Network {
            id: "40480c6f-2c7e-4ba8-b040-92a64a948c90".to_owned(),
            name: "public".to_owned(),
            range: Range::new(Ipv4Addr::new(10, 168, 0, 0), 16),
        };
        Self {
            wallet: Wallet::default(),
            balance_changed: "2013-07-19T15:52:02Z".parse().ok(),
            templates: templates().into_iter().collect(),
            instance_types: instance_types().into_iter().collect(),
            network,
            key_pairs: Store::default(),
            instances: Store::default(),
            leases: BTreeSet::new(),
        }
    }
}

/// The templates that stand ready. The ids of the first two are the document's.
fn templates() -> Vec<Template> {
    let template = |id: &str,
                    name: &str,
                    size,
                    checksum: &str,
                    system_disk,
                    account: &str,
                    [os, distribution, version]: [&str; 3]| {
        let metadata = [
            ("os_name", os),
            ("os_distribution", distribution),
            ("os_version", version),
        ];
        Template {
            id: id.to_owned(),
            name: name.to_owned(),
            size,
            checksum: checksum.to_owned(),
            status: "active".to_owned(),
            system_disk,
            account: account.to_owned(),
            metadata: metadata
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    };
    vec![
        template(
            "019c6db6-55fa-443d-ac0c-182e3379d175",
            "turnkey-core-12.0-squeeze-x86.qcow2",
            187_367_424,
            "952a921243eecf2f457b82051e880558",
            20_480,
            "root",
            ["Linux", "Debian", "6.0"],
        ),
        template(
            "d1620e45-c561-42e7-a2a4-53ae0a389bb9",
            "cirros-0.3.0-x86_64.qcow2",
            9_761_280,
            "50bdc35edb03a38d91b1b071afb20a3c",
            1_024,
            "cirros",
            ["Linux", "Cirros", "2011.08"],
        ),
        template(
            "6f6e0ba1-5d3d-4b7c-9c4b-0f2f6f0a7c11",
            "windows-server-2008-r2.qcow2",
            7_516_192_768,
            "b64ac1b5a1e36b7ec6b9f0c0d52a8c1e",
            40_960,
            "Administrator",
            ["Windows", "Windows Server", "2008 R2"],
        ),
    ]
}

/// The types that stand ready; the first is the document's, which has seven. No document names a
/// price.
fn instance_types() -> Vec<InstanceType> {
    let kind =
        |id: &str, name: &str, cpu, memory, volume, external_bandwidth, cents: i64| InstanceType {
            id: id.to_owned(),
            name: name.to_owned(),
            cpu,
            memory,
            volume,
            internal_bandwidth: 200,
            external_bandwidth,
            price_of_an_hour: Money::cents(cents),
            price_of_a_month: Money::cents(cents * 480),
        };
    vec![
        kind(
            "8e845438-2f6d-4c87-9216-88da6692dc2b",
            "small_net_2",
            1,
            128,
            1_024,
            2,
            8,
        ),
        kind(
            "1b7a52f4-0c1d-4b7e-8f6a-5d2f9f3c7a01",
            "small",
            1,
            128,
            1_024,
            0,
            5,
        ),
        kind(
            "3c0f1f5e-7a52-4d7c-9a53-2f0b8a4d6e02",
            "small_net",
            1,
            128,
            1_024,
            1,
            6,
        ),
        kind(
            "58d2e9a7-41c6-4f0e-b7d1-6a3e5c9b8f03",
            "medium",
            2,
            2_048,
            51_200,
            0,
            20,
        ),
        kind(
            "7e9b3c1d-6f28-4a95-8c04-9d1f7b2a5e04",
            "medium_net",
            2,
            2_048,
            51_200,
            5,
            35,
        ),
        kind(
            "9a4c6e8f-2d73-4b1a-a5e9-0c8d3f7b1e05",
            "large",
            4,
            8_192,
            102_400,
            0,
            70,
        ),
        kind(
            "c5d7f9b1-8e36-4c2d-9f70-1b4a6e8d2c06",
            "large_net",
            4,
            8_192,
            102_400,
            10,
            110,
        ),
    ]
}
