//! Offering ids: what a disk is made of. Which combinations are sold is not documented, so any is;
//! the id holds it.

use super::refusals::refused;
use super::state::Kind;
use crate::cloud::call::{Call, Handler};
use crate::cloud::ids::is_uuid;
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("DescribeGoodsId", describe)];

/// The id of the document's example of `CreateDisk`, which no combination gives.
const EXAMPLE: (&str, Offering) = (
    "bbf63749-0186-4c68-8adc-9bf584bc1376",
    Offering {
        kind: Kind::Nvme,
        bandwidth: 3000,
        iops: 3000,
    },
);

/// What a disk is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offering {
    pub(super) kind: Kind,
    /// In Mb.
    pub(super) bandwidth: u32,
    pub(super) iops: u32,
}

impl Offering {
    fn id(self) -> String {
        let kind = match self.kind {
            Kind::Ssd => "f403",
            Kind::Nvme => "f404",
        };
        format!("{:08x}-{kind}-11ea-800c-{:012x}", self.bandwidth, self.iops)
    }

    pub(super) fn of(id: &str) -> Option<Self> {
        if id == EXAMPLE.0 {
            return Some(EXAMPLE.1);
        }
        let parts: Vec<_> = id.split('-').collect();
        let &[bandwidth, _, _, _, iops] = parts.as_slice() else {
            return None;
        };
        let number = |text| u32::from_str_radix(text, 16).ok();
        let (bandwidth, iops) = (number(bandwidth)?, number(iops)?);
        [Kind::Ssd, Kind::Nvme]
            .map(|kind| Self {
                kind,
                bandwidth,
                iops,
            })
            .into_iter()
            .find(|goods| goods.id() == id)
    }
}

/// The zone of a disk. The document shows zones and UUIDs and lists neither, so any of both will
/// do.
pub(super) fn region(call: &Call) -> Result<String, Refusal> {
    let region = call.params.required("RegionId");
    let is_known =
        is_uuid(region) || crate::services::bms::has_bare_metal(call, region) == Some(true);
    if is_known {
        Ok(region.to_owned())
    } else {
        Err(call.malformed("RegionId", "there are no cloud disks"))
    }
}

fn describe(call: &mut Call) -> Result<Json, Refusal> {
    region(call)?;
    let amount = |name: &str| {
        let amount = call
            .params
            .int(name)
            .and_then(|amount| u32::try_from(amount).ok())
            .filter(|amount| *amount > 0);
        amount.ok_or_else(|| call.malformed(name, "it is above 0"))
    };
    let kind = call.params.required("Type");
    let kind = Kind::of(kind)
        .ok_or_else(|| refused(format!("There are no disks of the type {kind:?}")))?;
    Ok(
        json!({"Data": {"GoodsId": Offering { kind, bandwidth: amount("Bw")?, iops: amount("Iops")? }.id()}}),
    )
}

#[cfg(test)]
mod tests {
    use super::EXAMPLE;
    use super::Kind;
    use super::Offering;
    use crate::cloud::ids::is_uuid;

    #[test]
    fn an_id_holds_what_it_stands_for() {
        for goods in [
            Offering {
                kind: Kind::Ssd,
                bandwidth: 2000,
                iops: 8000,
            },
            Offering {
                kind: Kind::Nvme,
                bandwidth: u32::MAX,
                iops: 1,
            },
        ] {
            assert!(is_uuid(&goods.id()));
            assert_eq!(Offering::of(&goods.id()), Some(goods));
        }
        assert_eq!(Offering::of(EXAMPLE.0), Some(EXAMPLE.1));
        assert_eq!(
            (
                Offering::of("0767874e-f3fb-11ea-800c-f0d4e2e923e0"),
                Offering::of("x")
            ),
            (None, None)
        );
    }
}
