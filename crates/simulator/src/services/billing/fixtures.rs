//! What stands ready in a new cloud, as in the documents' examples.

use super::state::{Credit, Pool, State};
use crate::cloud::money::Money;
use crate::cloud::store::Store;
use jiff::civil::date;
use std::collections::BTreeMap;

impl Default for State {
    /// The credits and pools of the documents' examples.
    fn default() -> Self {
        Self {
            credits: credits(),
            uses: Store::default(),
            past_uses: Vec::new(),
            pools: pools().into_iter().collect(),
            totals: BTreeMap::new(),
        }
    }
}

/// The credits of the documents' examples. They end later than there, so that they are still good.
fn credits() -> Vec<Credit> {
    let credit = |id, name: &str, balance, income, begins| Credit {
        id,
        name: name.to_owned(),
        balance: Money::cents(balance),
        income: Money::cents(income),
        begins,
        ends: date(2036, 4, 14),
        offerings: Vec::new(),
    };
    let offerings = [("8534", "CCK镜像仓库增强配置"), ("8528", "带宽")]
        .map(|(id, name)| (id.to_owned(), name.to_owned()));
    vec![
        credit(
            3_273_359,
            "测试项目-按需",
            1_380_827,
            1_380_827,
            date(2021, 12, 31),
        ),
        Credit {
            offerings: offerings.to_vec(),
            ..credit(
                3_273_566,
                "指定区域测试",
                11_111_000,
                11_111_000,
                date(2023, 12, 7),
            )
        },
        credit(3_273_580, "测试", 100_000, 100_000, date(2024, 2, 21)),
        credit(3_273_581, "BMSTEST", 0, 300_000, date(2022, 1, 11)),
        credit(3_273_582, "kvmtest", 100_001, 110_001, date(2022, 3, 2)),
    ]
}

/// The pools of the document's examples: one that it asks for, and the one that it shows.
fn pools() -> [Pool; 2] {
    let pool = |id: &str, name: &str, cold, warm| Pool {
        id: id.to_owned(),
        name: name.to_owned(),
        size: 10_240,
        cold,
        warm,
    };
    [
        pool("1001", "存储池", 0.0, 0.0),
        pool("2001", "wlj_存储池1", 165.1226, 37.9796),
    ]
}
