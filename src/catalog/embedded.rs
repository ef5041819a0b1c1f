//! The catalogue's files, in the binary as text until somebody asks for them.

/// `(product, file stem, text)`, sorted; `build.rs` lists the folder.
pub(super) const FILES: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/catalog_files.rs"));

/// The stem of a product's own file.
pub(super) const PRODUCT: &str = "product";

/// The text of a file.
pub(super) fn text(product: &str, stem: &str) -> Option<&'static str> {
    FILES.iter().find(|(p, s, _)| *p == product && *s == stem).map(|(_, _, text)| *text)
}
