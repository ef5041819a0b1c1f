//! Lists the catalogue's files for `src/catalog/embedded.rs`, so that a new file is a new service
//! without a line of code.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets the variable"))
        .join("../../catalog");
    let root = root
        .canonicalize()
        .expect("the catalogue stands at the repository's root");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut table = String::from("&[\n");
    for product in sorted(&root).into_iter().filter(|path| path.is_dir()) {
        println!("cargo::rerun-if-changed={}", product.display());
        for file in sorted(&product) {
            let (product, stem) = (name(product.file_name()), name(file.file_stem()));
            let file = file
                .to_str()
                .expect("the repository stands below a path in UTF-8");
            writeln!(
                table,
                "    ({product:?}, {stem:?}, include_str!({file:?})),"
            )
            .expect("a string takes any text");
        }
    }
    table.push(']');
    let target =
        PathBuf::from(env::var("OUT_DIR").expect("cargo sets the variable")).join("catalog.rs");
    fs::write(target, table).expect("the build folder can be written");
}

fn name(part: Option<&std::ffi::OsStr>) -> &str {
    part.and_then(|part| part.to_str())
        .expect("files of the catalogue have names in ASCII")
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the catalogue can be read");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("the catalogue can be read").path())
        .collect();
    paths.sort();
    paths
}
