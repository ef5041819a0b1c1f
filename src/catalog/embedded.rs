//! The catalogue's files, in the binary as text until somebody asks for them.

/// `product/stem` of each file, a line each, sorted; `build.rs` lists the folder. One text, because names of their own would lie between the
/// files' texts, and each start would read some of those from the disk with them.
const NAMES: &str = include_str!(concat!(env!("OUT_DIR"), "/catalog_names.txt"));

/// The files, in the order of their names.
const TEXTS: &[&str] = include!(concat!(env!("OUT_DIR"), "/catalog_texts.rs"));

/// The stem of a product's own file.
pub(super) const PRODUCT: &str = "product";

/// Product and stem of each file.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES.lines().filter_map(|name| name.split_once('/'))
}

/// The text of a file.
pub(super) fn text(product: &str, stem: &str) -> Option<&'static str> {
    names().position(|name| name == (product, stem)).map(|index| TEXTS[index])
}
