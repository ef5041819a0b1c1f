//! The service `/network` of Capital Online: virtual data centres with their public and private networks.

use super::addresses::Range;
use super::call::Handler;
use super::refusal::Refusal;
use super::store::{Keyed, Store};
use super::world::{World, is_uuid};
use super::{PRIVATE_ID, PUBLIC_ID, REGION_ID, VDC_ID};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// What the account has here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) vdcs: Store<Vdc>,
    pub(crate) networks: Store<Network>,
}

impl Default for State {
    /// A VDC with a public and a private network.
    fn default() -> Self {
        let network = |id: &str, name: &str, is_public, range| Network {
            id: id.to_owned(),
            name: name.to_owned(),
            vdc_id: VDC_ID.to_owned(),
            is_public,
            range,
        };
        let vdc = Vdc { id: VDC_ID.to_owned(), name: "cdsApi-testaa".to_owned(), region: REGION_ID.to_owned() };
        let networks = [
            network(PUBLIC_ID, "cdsApi-public-2", true, Range::new(Ipv4Addr::new(101, 251, 0, 0), 20)),
            network(PRIVATE_ID, "siwang-api1", false, Range::new(Ipv4Addr::new(10, 240, 192, 0), 20)),
        ];
        Self { vdcs: [vdc].into_iter().collect(), networks: networks.into_iter().collect() }
    }
}

/// A virtual data centre.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vdc {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Its zone.
    pub(crate) region: String,
}

impl Keyed for Vdc {
    fn key(&self) -> &str {
        &self.id
    }
}

/// A public or private network of a VDC.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Network {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) vdc_id: String,
    pub(crate) is_public: bool,
    pub(crate) range: Range,
}

impl Keyed for Network {
    fn key(&self) -> &str {
        &self.id
    }
}

impl World {
    /// A VDC by its id.
    pub(crate) fn vdc(&self, id: &str) -> Result<&Vdc, Refusal> {
        if !is_uuid(id) {
            return Err(Refusal::new("InvalidVDCID.Malformed", "The parameter VdcId is not valid: it is not the id of a VDC"));
        }
        self.vdc.vdcs.get(id).ok_or_else(|| Refusal::new("VDCNotFound", format!("There is no VDC {id}")))
    }

    /// A network of a VDC by its id.
    pub(crate) fn network(&self, id: &str) -> Result<&Network, Refusal> {
        self.vdc.networks.get(id).ok_or_else(|| Refusal::new("InvalidParameter", format!("There is no network {id}")))
    }
}

/// What the end of a task does here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {}

impl Effect {
    /// Does it.
    pub(crate) fn apply(self, _world: &mut World) {
        match self {}
    }
}

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(_action: &str) -> Option<Handler> {
    None
}
