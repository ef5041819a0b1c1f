//! Lists the catalogue's files for `src/catalog/embedded.rs`, so that a new file is a new service without a line of code, and
//! compiles the Lua prelude, whose parsing would be half of the command's start-up time.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    list_catalog();
    compile_prelude();
    fix_addresses();
    // The run store's tables are embedded.
    println!("cargo::rerun-if-changed={}", root().join("migrations").display());
}

fn list_catalog() {
    let root = root().join("catalog");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut table = String::from("&[\n");
    for product in sorted(&root).into_iter().filter(|path| path.is_dir()) {
        println!("cargo::rerun-if-changed={}", product.display());
        for file in sorted(&product) {
            let stem = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            let product = product.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            let path = file.to_str().expect("the crate stands below a path in UTF-8");
            writeln!(table, "    ({product:?}, {stem:?}, include_str!({path:?})),").expect("a string takes any text");
        }
    }
    table.push(']');
    write("catalog_files.rs", table.as_bytes());
}

fn compile_prelude() {
    let path = root().join("src/lua/prelude.lua");
    println!("cargo::rerun-if-changed={}", path.display());
    let text = fs::read_to_string(&path).expect("the prelude can be read");
    let lua = mlua::Lua::new();
    let function = lua.load(text).set_name("=[cumulua]").into_function().expect("the prelude parses");
    write("prelude.luac", &function.dump(true));
}

/// Links the command for fixed addresses, as Go's linker does unless told otherwise: the loader would else write 14,000 pointers at every
/// start, a fifth of the time that a short script takes. Libraries, heap and stack still have random addresses.
fn fix_addresses() {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") && is("PROFILE", "release") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

fn root() -> PathBuf {
    PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets the variable"))
}

fn write(name: &str, content: &[u8]) {
    let target = PathBuf::from(env::var("OUT_DIR").expect("cargo sets the variable")).join(name);
    fs::write(target, content).expect("the build folder can be written");
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("the catalogue can be read")
        .map(|entry| entry.expect("the catalogue can be read").path())
        .collect();
    paths.sort();
    paths
}
