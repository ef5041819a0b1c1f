//! Compiles the core of the standard library, which each start would otherwise parse.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    compile_core();
    // The run store's tables are embedded.
    println!("cargo::rerun-if-changed={}", root().join("migrations").display());
}

fn compile_core() {
    let root = root().join("stdlib/core");
    println!("cargo::rerun-if-changed={}", root.display());
    let lua = mlua::Lua::new();
    let mut table = String::from("&[\n");
    for path in sorted(&root) {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("the standard library can be read");
        let function = lua.load(text).set_name("=[cumulua]").into_function().unwrap_or_else(|error| panic!("{name}.lua: {error}"));
        let compiled = write(&format!("{name}.luac"), &function.dump(true));
        let (compiled, path) = (text_of(&compiled), text_of(&path));
        writeln!(table, "    ({name:?}, include_bytes!({compiled:?}), include_str!({path:?})),").expect("a string takes any text");
    }
    table.push(']');
    write("core.rs", table.as_bytes());
}

fn root() -> PathBuf {
    PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets the variable"))
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("the crate and its build folder stand below paths in UTF-8")
}

fn write(name: &str, content: &[u8]) -> PathBuf {
    let target = PathBuf::from(env::var("OUT_DIR").expect("cargo sets the variable")).join(name);
    fs::write(&target, content).expect("the build folder can be written");
    target
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("the standard library can be read")
        .map(|entry| entry.expect("the standard library can be read").path())
        .collect();
    paths.sort();
    paths
}
