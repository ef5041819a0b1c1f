//! Regions and zones of VPCs.

use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;

/// A zone that the document's examples use and its appendix lacks; nothing tells its region.
const ZONE_OF_EXAMPLES: &str = "CN_DaBieShan_A";

/// Zones that the appendix does not spell like their regions.
const MISSPELT: &[(&str, &str)] = &[("CN_Hohhot_B", "CN_Huhhot"), ("CN_Louyang_A", "CN_Luoyang")];

/// Two spellings of one region: the appendix has `CN_HongKong`, the examples `CN_Hongkong`.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Whether EIPs are bound to gateways here rather than to subnets: everywhere but in Hong Kong.
pub(super) fn is_edge(region: &str) -> bool {
    !same(region, "CN_HongKong")
}

/// Whether a zone is in a region.
fn is_in(zone: &str, region: &str) -> bool {
    let own = MISSPELT
        .iter()
        .find(|(known, _)| *known == zone)
        .map(|(_, region)| *region);
    let own = own.or_else(|| zone.rsplit_once('_').map(|(region, _)| region));
    zone == ZONE_OF_EXAMPLES || own.is_some_and(|own| same(own, region))
}

impl<'a> Call<'a> {
    /// The region of `RegionCode`.
    pub(super) fn region(&self) -> Result<&'a str, Refusal> {
        let region = self.params.required("RegionCode");
        self.in_table("VpcRegion", region, || {
            self.malformed("RegionCode", "it is not a region")
        })?;
        Ok(region)
    }

    /// The region of `RegionCode`, where it is given.
    pub(super) fn region_if_given(&self) -> Result<Option<&'a str>, Refusal> {
        let given = self.params.has("RegionCode");
        given.then(|| self.region()).transpose()
    }

    /// Refuses a zone that there is not.
    pub(super) fn vpc_zone(&self, zone: &str) -> Result<(), Refusal> {
        if zone == ZONE_OF_EXAMPLES {
            return Ok(());
        }
        self.in_table("VpcZone", zone, || {
            self.malformed("AvailableZoneCode", &format!("{zone:?} is not a zone"))
        })
    }

    /// Refuses a zone that is not in a region.
    pub(super) fn zone_in(&self, zone: &str, region: &str) -> Result<(), Refusal> {
        self.vpc_zone(zone)?;
        if is_in(zone, region) {
            return Ok(());
        }
        Err(self.malformed("AvailableZoneCode", &format!("{zone} is not in {region}")))
    }

    /// A carrier that there is.
    pub(super) fn carrier(&self, name: &str, carrier: &str) -> Result<(), Refusal> {
        self.in_table("VpcBandwidth", carrier, || {
            self.malformed(name, &format!("{carrier:?} is not a type of bandwidth"))
        })
    }
}
