//! Instance families and the sizes that they have.

use super::arguments::filled;
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeEcsFamilyInfo", describe),
    ("DescribeZoneInstanceType", sold),
];

/// CPUs, memory in GiB, GPUs.
pub(super) type Size = (u64, u64, u64);

/// A family of servers. Every zone sells all of them.
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) id: &'static str,
    sizes: &'static [Size],
    pub(super) card: &'static str,
    card_id: &'static str,
    pub(super) driver: &'static str,
}

const fn without_gpu(
    name: &'static str,
    id: &'static str,
    sizes: &'static [(u64, u64, u64)],
) -> Family {
    Family {
        name,
        id,
        sizes,
        card: "",
        card_id: "",
        driver: "",
    }
}

const A5000: (&str, &str, &str) = (
    "NVIDIA RTX A5000",
    "6d103608-79ba-11ec-b4f5-0456e530f43e",
    "Datacenter",
);

const fn with_gpu(
    name: &'static str,
    id: &'static str,
    sizes: &'static [(u64, u64, u64)],
    (card, card_id, driver): (&'static str, &'static str, &'static str),
) -> Family {
    Family {
        name,
        id,
        sizes,
        card,
        card_id,
        driver,
    }
}

/// The families and sizes of the document's examples. It gives neither the card of re3 nor most
/// families' ids.
const FAMILIES: &[Family] = &[
    without_gpu(
        "Cpu计算型C4",
        "c4a1f6d2-f29f-11ec-a66c-7a4c8683bd6c",
        &[(2, 4, 0), (4, 8, 0)],
    ),
    without_gpu(
        "Cpu计算型C3",
        "c3b7e0a8-f29f-11ec-a66c-7a4c8683bd6c",
        &[(4, 8, 0)],
    ),
    without_gpu(
        "Cpu密集计算型I3",
        "bd1a7a0a-f29f-11ec-a66c-7a4c8683bd6c",
        &[(1, 1, 0), (4, 4, 0)],
    ),
    with_gpu(
        "专业渲染型rp3",
        "d0c2b3f4-f29f-11ec-a66c-7a4c8683bd6c",
        &[(16, 32, 1), (32, 64, 2)],
        A5000,
    ),
    with_gpu(
        "专业渲染型rp2",
        "d1e4c5a6-f29f-11ec-a66c-7a4c8683bd6c",
        &[(16, 32, 1), (32, 64, 2)],
        A5000,
    ),
    with_gpu(
        "极速渲染型re3",
        "d2f6d7b8-f29f-11ec-a66c-7a4c8683bd6c",
        &[(12, 24, 1)],
        (
            "NVIDIA RTX 3090",
            "7e214719-79ba-11ec-b4f5-0456e530f43e",
            "Geforce",
        ),
    ),
];

/// A family by its name, for what is known to have one.
pub(super) fn known(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

/// The size that `Cpu`, `Ram` and `Gpu` ask for: one that the family has, or some family where none
/// is named.
pub(super) fn size(call: &Call) -> Result<(u64, u64, u64), Refusal> {
    let count = |name: &str| call.params.count(name).unwrap_or(0);
    let size = (count("Cpu"), count("Ram"), count("Gpu"));
    let is_sold = match call
        .params
        .text("EcsFamilyName")
        .filter(|name| !name.is_empty())
    {
        Some(name) => {
            let missing = || {
                Refusal::new(
                    "InvalidInstanceType.ValueNotSupported",
                    format!("There is no instance family {name}"),
                )
            };
            known(name).ok_or_else(missing)?.sizes.contains(&size)
        }
        None => FAMILIES.iter().any(|family| family.sizes.contains(&size)),
    };
    let unsold = || {
        let (cpu, ram, gpu) = size;
        Refusal::new(
            "InvalidInstanceSpec.ValueNotSupported",
            format!("There is no size of {cpu} CPU, {ram} GiB and {gpu} GPU"),
        )
    };
    if is_sold { Ok(size) } else { Err(unsold()) }
}

fn describe(call: &mut Call) -> Result<Json, Refusal> {
    call.edge_zone("AvailableZoneCode")?;
    filled(call, "BillingMethod")?;
    let families: Vec<_> = FAMILIES.iter().map(view).collect();
    Ok(json!({"Data": {"EcsFamilyInfo": families}}))
}

fn view(family: &Family) -> Json {
    let sizes = family.sizes.iter().map(|(cpu, ram, gpu)| {
        json!({
            "GpuShowType": family.card, "GpuTypeId": family.card_id, "Cpu": cpu, "Ram": ram, "Gpu": gpu,
            "SupportGpuDriver": family.driver,
        })
    });
    json!({"EcsFamilyName": family.name, "SpecList": sizes.collect::<Vec<_>>()})
}

/// The sizes that fit the parameters. The document does not say what a processor is called.
fn sold(call: &mut Call) -> Result<Json, Refusal> {
    let zone = call.edge_zone("AvailableZoneCode")?;
    let name = call.params.text("EcsFamilyName").unwrap_or_default();
    let count = |name: &str| call.params.count(name);
    let (cpu, ram, gpu) = (count("Cpu"), count("Ram"), count("Gpu"));
    let is_wanted = |size: &&Size| {
        let fits = |wanted: Option<u64>, own: u64| wanted.is_none_or(|wanted| wanted == own);
        fits(cpu, size.0) && fits(ram, size.1) && fits(gpu, size.2)
    };
    let families = FAMILIES
        .iter()
        .filter(|family| name.is_empty() || name == family.name);
    let families = families.filter_map(|family| {
        let sizes = family.sizes.iter().filter(is_wanted).map(|(cpu, ram, gpu)| {
            json!({
                "Cpu": cpu, "Ram": ram, "Gpu": gpu, "GpuType": family.card, "SupportGpuDriver": family.driver,
                "Status": "SELL", "CpuName": "",
            })
        });
        let sizes: Vec<Json> = sizes.collect();
        let view = json!({"EcsFamilyName": family.name, "AvailableZone": zone.name, "SpecList": sizes});
        (!sizes.is_empty()).then_some(view)
    });
    Ok(json!({"Data": families.collect::<Vec<_>>()}))
}
