//! A call that has been let in and checked, and what its handlers have in common.

use crate::cloud::page_fault::PageFault;
use crate::cloud::params::Params;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use cumulua_core::catalog::{Action, Labelled};
use serde_json::Value as Json;

/// A call whose parameters fit the catalogue.
pub(crate) struct Call<'a> {
    pub(crate) cloud: &'a mut Cloud,
    pub(crate) action: &'a Action,
    pub(crate) params: Params<'a>,
    /// What a fault makes of a page.
    pub(crate) page_fault: PageFault,
}

/// What carries an Action out: its answer without what every answer of the product has, or why not.
pub(crate) type Handler = fn(&mut Call<'_>) -> Result<Json, Refusal>;

/// The handlers of some Actions, by their names.
pub(crate) type Table = &'static [(&'static str, Handler)];

/// A zone in which the documents' examples of bare metal stand, and which their appendix of zones
/// lacks.
pub(crate) const EXAMPLES_ZONE: &str = "CN_Beijing_F";

impl<'a> Call<'a> {
    /// A parameter has a value that does not do.
    pub(crate) fn malformed(&self, name: &str, why: &str) -> Refusal {
        Refusal::malformed(self.action, name, why)
    }

    /// A parameter is not given.
    pub(crate) fn missing(&self, name: &str) -> Refusal {
        Refusal::missing(self.action, name)
    }

    /// A reference table of the product; empty where there is none.
    pub(crate) fn table(&self, name: &str) -> &'a [Labelled] {
        self.action
            .product
            .tables
            .get(name)
            .map_or(&[], |table| &table.values)
    }

    /// Refuses a value that a reference table of the product lacks.
    pub(crate) fn in_table(
        &self,
        table: &str,
        value: &str,
        refusal: impl FnOnce() -> Refusal,
    ) -> Result<(), Refusal> {
        let known = |table: &cumulua_core::catalog::Table| {
            table.values.iter().any(|known| known.value == value)
        };
        if self.action.product.tables.get(table).is_none_or(known) {
            Ok(())
        } else {
            Err(refusal())
        }
    }

    /// Refuses a zone that the product does not have.
    pub(crate) fn zone(&self, name: &str) -> Result<(), Refusal> {
        let zone = self.params.required(name);
        if zone == EXAMPLES_ZONE {
            return Ok(());
        }
        self.in_table("Region", zone, || self.malformed(name, "it is not a zone"))
    }
}
