//! Where bare metal stands.

use crate::cloud::call::{Call, EXAMPLES_ZONE};

/// Whether bare metal stands in a zone; nothing where there is no such zone. The appendix of zones
/// marks those that have some.
pub(crate) fn has_bare_metal(call: &Call, zone: &str) -> Option<bool> {
    let known = call
        .table("Region")
        .iter()
        .find(|known| known.value == zone);
    known
        .map(|known| known.label.contains("bare metal"))
        .or((zone == EXAMPLES_ZONE).then_some(true))
}
