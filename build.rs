//! Lists the catalogue's files for `src/catalog/embedded.rs`, so that a new file is a new service without a line of code.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets the variable")).join("catalog");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut table = String::from("&[\n");
    for product in sorted(&root).into_iter().filter(|path| path.is_dir()) {
        println!("cargo::rerun-if-changed={}", product.display());
        for file in sorted(&product) {
            let stem = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            let product = product.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            writeln!(table, "    ({product:?}, {stem:?}, include_str!({file:?})),").expect("a string takes any text");
        }
    }
    table.push(']');
    let target = PathBuf::from(env::var("OUT_DIR").expect("cargo sets the variable")).join("catalog_files.rs");
    fs::write(target, table).expect("the build folder can be written");
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("the catalogue can be read")
        .map(|entry| entry.expect("the catalogue can be read").path())
        .collect();
    paths.sort();
    paths
}
