//! The catalogue's files, in the binary as text until a service is first used.

/// Product, stem and text of each file, sorted by name; `build.rs` lists the folder.
const FILES: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/catalog.rs"));

/// The stem of a product's own file.
pub(super) const PRODUCT: &str = "product";

/// Product and stem of each file.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().map(|(product, stem, _)| (*product, *stem))
}

/// The text of a file.
pub(super) fn text(product: &str, stem: &str) -> Option<&'static str> {
    FILES
        .iter()
        .find(|file| (file.0, file.1) == (product, stem))
        .map(|file| file.2)
}
