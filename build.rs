//! Puts `stdlib/` into the binary: its core compiled, which each start would otherwise parse, its
//! modules and their types as text. A new module is a file in `stdlib/std` and one in
//! `stdlib/types/std`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!(
        "cargo::rerun-if-changed={}",
        root().join("stdlib").display()
    );
    write(
        "core.rs",
        table(&root().join("stdlib/core"), core).as_bytes(),
    );
    write(
        "std.rs",
        table(&root().join("stdlib/std"), |_, file| {
            format!("include_str!({:?})", text_of(file))
        })
        .as_bytes(),
    );
    write(
        "std_types.rs",
        table(&root().join("stdlib/std"), types).as_bytes(),
    );
    // The run store's tables are embedded.
    println!(
        "cargo::rerun-if-changed={}",
        root().join("src/history/migrations").display()
    );
}

/// A list of `(name, …)` of the files of a folder.
fn table(folder: &Path, entry: impl Fn(&str, &Path) -> String) -> String {
    let mut table = String::from("&[\n");
    for file in sorted(folder) {
        let name = file
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy()
            .into_owned();
        writeln!(table, "    ({name:?}, {}),", entry(&name, &file))
            .expect("a string takes any text");
    }
    table + "]"
}

/// A file of the core: compiled, and its text.
fn core(name: &str, file: &Path) -> String {
    let text = fs::read_to_string(file).expect("the standard library can be read");
    let lua = mlua::Lua::new();
    let function = lua
        .load(text)
        .set_name("=[cumulua]")
        .into_function()
        .unwrap_or_else(|error| panic!("{name}.lua: {error}"));
    let compiled = write(&format!("{name}.luac"), &function.dump(true));
    format!(
        "include_bytes!({:?}), include_str!({:?})",
        text_of(&compiled),
        text_of(file)
    )
}

/// The types of a module.
fn types(name: &str, _: &Path) -> String {
    let file = root().join("stdlib/types/std").join(format!("{name}.lua"));
    assert!(
        file.is_file(),
        "stdlib/std/{name}.lua needs its types in stdlib/types/std/{name}.lua"
    );
    format!("include_str!({:?})", text_of(&file))
}

fn root() -> PathBuf {
    PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets the variable"))
}

fn text_of(path: &Path) -> &str {
    path.to_str()
        .expect("the crate and its build folder stand below paths in UTF-8")
}

fn write(name: &str, content: &[u8]) -> PathBuf {
    let target = PathBuf::from(env::var("OUT_DIR").expect("cargo sets the variable")).join(name);
    fs::write(&target, content).expect("the build folder can be written");
    target
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the standard library can be read");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("the standard library can be read").path())
        .collect();
    paths.sort();
    paths
}
