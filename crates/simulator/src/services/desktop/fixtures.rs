//! What stands ready in a new account: sites, products, images and networks of the document's
//! examples. What these leave open is made up.

use super::network::default_networks;
use super::state::{Image, ImageSite, Network, Product, ProductSite, Site, State, Vpc, capacity};
use crate::cloud::addresses::Range;
use crate::cloud::money::Money;
use crate::cloud::store::Store;
use jiff::Timestamp;
use std::net::Ipv4Addr;

impl Default for State {
    fn default() -> Self {
        Self {
            desktops: Store::default(),
            accounts: Store::default(),
            vpcs: vpcs(),
            images: images(),
            products: products(),
            sites: sites(),
            monthly_quota: 100,
            on_demand_quota: 100,
            next_end: None,
        }
    }
}

const XIANGYANG: &str = "32e6fd62-9bac-11ec-875a-2a8d1f4e167e";

const SUQIAN: &str = "f7c3c7a6-8d5f-11ec-9311-5293695d0ddd";

const SUQIAN_B: &str = "09a38804-c1ee-11ec-bd22-4641dfd57315";

const LOUDI: &str = "ebbfcb70-a98f-11ec-926b-8aaa763f849e";

const BAODING: &str = "9efa59c0-a0db-11ec-aefa-1efd5a8f8465";

/// The document prices a desktop here and names the site nowhere.
const UNNAMED: &str = "e5aa47be-da46-11ec-bad2-defff767b3b5";

const SITES: [&str; 6] = [XIANGYANG, SUQIAN, SUQIAN_B, LOUDI, BAODING, UNNAMED];

const GRAPHICS: &str = "745f6546-dc5f-492f-82d1-9eb47cd9fa2d";

const WORKSTATION: &str = "e0997510-1b69-4de8-85a8-cc44b2dd28f8";

pub(super) fn sites() -> Store<Site> {
    let site = |(id, name, pod, city_id, city): (&str, &str, &str, &str, &str)| Site {
        id: id.to_owned(),
        name: name.to_owned(),
        pod: pod.to_owned(),
        city_id: city_id.to_owned(),
        city: city.to_owned(),
        region_id: "408fd19e-fa78-11e6-bd9a-30b49e091019".to_owned(),
        region: "中国大陆".to_owned(),
        capacity: capacity(),
    };
    let xiangyang = "d318e1a2-9bab-11ec-875a-2a8d1f4e167e";
    let suqian = "39c6ed64-8d5f-11ec-9247-5293695d0ddd";
    let sites = [
        (XIANGYANG, "襄阳A", "POD210", xiangyang, "襄阳"),
        (SUQIAN, "宿迁A", "POD203", suqian, "宿迁"),
        (SUQIAN_B, "宿迁B", "POD204", suqian, "宿迁"),
        (
            LOUDI,
            "娄底A",
            "POD211",
            "30044852-a985-11ec-82c4-bec056b60a5c",
            "娄底",
        ),
        (
            BAODING,
            "保定A",
            "POD205",
            "8c2b5f10-a0db-11ec-aefa-1efd5a8f8465",
            "保定",
        ),
        (UNNAMED, "襄阳B", "POD212", xiangyang, "襄阳"),
    ];
    sites.into_iter().map(site).collect()
}

pub(super) fn products() -> Store<Product> {
    let sold = |site: &str, allows_ssd| ProductSite {
        site: site.to_owned(),
        allows_ssd,
    };
    let workstation = Product {
        id: WORKSTATION.to_owned(),
        name: "专业图形工作站".to_owned(),
        goods_id: 15264,
        cpu: 14,
        ram: 25,
        gpu: "NVIDIA A5000".to_owned(),
        gpu_ram: 24,
        disk_size: 150,
        os: "windows".to_owned(),
        // 0.1868333333 a minute, in the example.
        hour_price: Money::cents(1121),
        month_price: Money::cents(336_400),
        sites: vec![
            sold(LOUDI, true),
            sold(BAODING, false),
            sold(UNNAMED, false),
        ],
    };
    let graphics = Product {
        id: GRAPHICS.to_owned(),
        name: "图形处理型".to_owned(),
        goods_id: 15273,
        cpu: 8,
        ram: 16,
        gpu: "NVIDIA GeForce RTX 3060".to_owned(),
        gpu_ram: 12,
        disk_size: 100,
        hour_price: Money::cents(450),
        month_price: Money::cents(135_000),
        sites: SITES
            .iter()
            .map(|site| sold(site, *site == LOUDI))
            .collect(),
        ..workstation.clone()
    };
    [workstation, graphics].into_iter().collect()
}

pub(super) fn images() -> Store<Image> {
    let at = |number: usize, sites: &[&str]| -> Vec<ImageSite> {
        let place = |(place, site): (usize, &&str)| ImageSite {
            id: format!("4f2e0e22-9d8d-4aa7-9226-{number:04x}0000{place:04x}"),
            site: (*site).to_owned(),
            status: "Available".to_owned(),
        };
        sites.iter().enumerate().map(place).collect()
    };
    let public = |number, id: &str, name: &str, product: &str, sites: &[&str]| Image {
        id: id.to_owned(),
        name: name.to_owned(),
        detail: String::new(),
        product: product.to_owned(),
        is_private: false,
        os: "windows".to_owned(),
        size: 0,
        sites: at(number, sites),
    };
    let own = Image {
        detail: "dass-E2129298-windows10-Geforce-1655190089526".to_owned(),
        is_private: true,
        size: 32,
        ..public(
            2,
            "e363df6f-2916-4efd-a243-50de5fb8928d",
            "定制模板",
            GRAPHICS,
            &[BAODING, LOUDI, SUQIAN],
        )
    };
    [
        public(
            0,
            "0e0f9143-35c5-4368-8c62-4bab440a9b9d",
            "Windows10-公共镜像-图像处理型",
            GRAPHICS,
            &SITES,
        ),
        public(
            1,
            "dcd81283-d2e9-456d-9f03-803b83ecc25a",
            "Windows11-公共镜像-图像处理型",
            GRAPHICS,
            &SITES,
        ),
        own,
        public(
            3,
            "6a1f7c52-58c1-4a0e-9a8e-2f0d5c3a9b41",
            "Windows10-公共镜像-工作站",
            WORKSTATION,
            &[LOUDI, BAODING, UNNAMED],
        ),
    ]
    .into_iter()
    .collect()
}

/// The default network of one site and an own network of another; the rest have none.
pub(super) fn vpcs() -> Store<Vpc> {
    let vpc = |id: &str, city: &str, site: &str, record, created: &str, ids: [(&str, u64); 3]| {
        let mut ids = ids.into_iter();
        let mut next = || {
            ids.next()
                .map(|(id, vlan)| (id.to_owned(), vlan))
                .unwrap_or_default()
        };
        let networks: Vec<Network> = default_networks(&[], &mut next);
        let created = created.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let range = Range::new(Ipv4Addr::new(10, 0, 0, 0), 8);
        let name = format!("{city}-云桌面默认VPC");
        Vpc {
            id: id.to_owned(),
            name,
            site: site.to_owned(),
            range,
            record,
            networks,
            created,
            updated: created,
        }
    };
    [
        vpc(
            "73cbf764-cdcb-11ec-a318-ee97882ecf7d",
            "娄底",
            LOUDI,
            Some((476, "201bda0c-7cea-420b-b812-91a76aacfbd1".to_owned())),
            "2022-05-07T14:03:44+08:00",
            [
                ("73d2c7ec-cdcb-11ec-a318-ee97882ecf7d", 1704),
                ("8054ab84-cdcb-11ec-a318-ee97882ecf7d", 1431),
                ("80587138-cdcb-11ec-a318-ee97882ecf7d", 1767),
            ],
        ),
        vpc(
            "2c869a08-d749-11ec-9fb4-ca91557d24a6",
            "襄阳",
            XIANGYANG,
            None,
            "2022-05-19T15:50:00+08:00",
            [
                ("2c93fcac-d749-11ec-9fb4-ca91557d24a6", 1768),
                ("c0505a90-e706-11ec-8171-32f9a7e748fc", 1432),
                ("c0542c6a-e706-11ec-8171-32f9a7e748fc", 1769),
            ],
        ),
    ]
    .into_iter()
    .collect()
}
