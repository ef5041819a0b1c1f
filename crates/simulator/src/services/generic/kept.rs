//! Which kinds of things are kept here.

/// Services with code of their own that leave some of their kinds to the catalogue.
pub(super) const BESIDE_CODE: [(&str, &[&str]); 1] = [(
    "cds.vpc",
    &["load_balancer", "vpc_listener", "vpc_server_port"],
)];

/// Whether the things of a kind are kept here, and not by the service's own code.
pub(super) fn keeps(service: &str, kind: &str) -> bool {
    let mut shared = BESIDE_CODE.iter();
    shared
        .find(|(name, _)| *name == service)
        .is_none_or(|(_, kinds)| kinds.contains(&kind))
}
