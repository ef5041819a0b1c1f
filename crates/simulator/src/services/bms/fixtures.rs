//! What is on offer in a new account: the ids of the document's examples. Prices, of which the
//! document has one, are made up.

use super::state::{ChargeType, Compute, Image, LocalDisk, Offer, State, stock};
use crate::cloud::money::Money;
use crate::cloud::store::Store;

impl Default for State {
    fn default() -> Self {
        Self {
            servers: Store::default(),
            offers: offers(),
            images: images(),
            next_end: None,
        }
    }
}

const BOTH: &[ChargeType] = &[ChargeType::Prepaid, ChargeType::Postpaid];

pub(super) fn offers() -> Vec<Offer> {
    let silver = |id: &str, disk: LocalDisk, yuan: f64| Compute {
        id: id.to_owned(),
        processor: "Intel Xeon Silver 4110".to_owned(),
        cpu: 32,
        ram: 64,
        frequency: "2.1GHz".to_owned(),
        disks: vec![disk],
        month_price: Money::yuan(yuan),
        stock: stock(),
    };
    let disk = |id: &str, kind: &str, size, count| LocalDisk {
        id: id.to_owned(),
        kind: kind.to_owned(),
        size,
        count,
    };
    let ssd = |count| disk("ab72e15b-f3ab-4448-9094-ab271813f405", "SSD", 480, count);
    let gold = Compute {
        processor: "Intel Xeon Silver 6148".to_owned(),
        frequency: "3.5GHz".to_owned(),
        ..silver(
            "1b69ecca-453c-4535-8c96-16edf1ec6da9",
            disk("d7a3f7ef-98e1-417c-a7e4-a5720e273f67", "NVME", 3200, 1),
            2680.0,
        )
    };
    let offer = |goods_id, name: &str, charge_types: &[ChargeType], computes| Offer {
        goods_id,
        name: name.to_owned(),
        charge_types: charge_types.to_vec(),
        computes,
    };
    let first = vec![
        silver("8fbdb61e-b941-46db-89f6-f8953b278ec9", ssd(1), 666.0),
        silver("eb41773f-c944-4831-810b-9db4826996f2", ssd(2), 888.0),
    ];
    vec![
        offer(7685, "裸金属-02SS01(公测)", BOTH, first),
        offer(
            7793,
            "裸金属-03SA03(公测)",
            &[ChargeType::Prepaid],
            vec![gold],
        ),
        offer(
            7955,
            "裸金属测试产品v1",
            &[ChargeType::Postpaid],
            vec![silver(
                "f7d3b7b4-e77d-47ac-aa37-8c9e3304e469",
                ssd(4),
                1280.0,
            )],
        ),
    ]
}

pub(super) fn images() -> Store<Image> {
    let images = [
        ("8", "ubuntu14.04_64", "Ubuntu"),
        ("7", "rhel7.6_64", "Redhat"),
        ("13", "windows2012r2_64", "Windows"),
        ("11", "windows2016_64", "Windows"),
        ("2", "centos6.9_64", "Centos"),
        (
            "d6012cd8-b672-11e9-9265-525400b97470",
            "centos7.6_64",
            "Centos",
        ),
        (
            "0dff0137-ed2b-4ebb-bccf-6ec9d982fbfb",
            "ubuntu16.04_64",
            "Ubuntu",
        ),
    ];
    let image = |(id, name, family): (&str, &str, &str)| Image {
        id: id.to_owned(),
        name: name.to_owned(),
        family: family.to_owned(),
        is_private: false,
    };
    images.into_iter().map(image).collect()
}
