//! Lists the catalogue's files for `src/catalog/embedded.rs`, so that a new file is a new service without a line of code, and
//! compiles the Lua prelude, which each start would else parse. A release is linked for a fast start.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    list_catalog();
    compile_prelude();
    link_for_a_fast_start();
    // The run store's tables are embedded.
    println!("cargo::rerun-if-changed={}", root().join("migrations").display());
}

fn list_catalog() {
    let root = root().join("catalog");
    println!("cargo::rerun-if-changed={}", root.display());
    let (mut names, mut texts) = (String::new(), String::from("&[\n"));
    for product in sorted(&root).into_iter().filter(|path| path.is_dir()) {
        println!("cargo::rerun-if-changed={}", product.display());
        for file in sorted(&product) {
            let stem = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            let product = product.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            writeln!(names, "{product}/{stem}").expect("a string takes any text");
            writeln!(texts, "    include_str!({:?}),", text_of(&file)).expect("a string takes any text");
        }
    }
    texts.push(']');
    write("catalog_names.txt", names.as_bytes());
    write("catalog_texts.rs", texts.as_bytes());
}

fn compile_prelude() {
    let root = root().join("src/lua/prelude");
    println!("cargo::rerun-if-changed={}", root.display());
    let lua = mlua::Lua::new();
    let mut table = String::from("&[\n");
    for path in sorted(&root) {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("the prelude can be read");
        let function = lua.load(text).set_name("=[cumulua]").into_function().unwrap_or_else(|error| panic!("{name}.lua: {error}"));
        let compiled = write(&format!("{name}.luac"), &function.dump(true));
        let (compiled, path) = (text_of(&compiled), text_of(&path));
        writeln!(table, "    ({name:?}, include_bytes!({compiled:?}), include_str!({path:?})),").expect("a string takes any text");
    }
    table.push(']');
    write("prelude.rs", table.as_bytes());
}

/// Links a release of the command so that it starts fast, takes little memory and calls fast.
///
/// It has fixed addresses, as Go's linker gives unless told otherwise: the loader would else write 14,000 pointers at every start, a fifth
/// of the time that a short script takes. Libraries, heap and stack still have random addresses.
fn link_for_a_fast_start() {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if !(is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") && is("PROFILE", "release")) {
        return;
    }
    println!("cargo::rustc-link-arg-bins=-no-pie");
    // What follows was measured on this architecture only.
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        link_unwinder_statically();
        link_in_order();
    }
}

/// Takes the unwinder from the compiler's archive. rustc asks for it as a shared library, which is found, mapped and bound at every start;
/// a library of the same name, which only points at the archive, stands before the system's.
fn link_unwinder_statically() {
    let found = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output();
    let archive = found.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    // A compiler that has no such file answers with its bare name.
    if !archive.is_ok_and(|path| path.is_absolute() && path.is_file()) {
        return;
    }
    let script = write("libgcc_s.so", b"GROUP ( -lgcc_eh -lgcc )\n");
    println!("cargo::rustc-link-arg-bins=-L{}", script.parent().expect("a file stands in a folder").display());
}

/// The functions that a start needs stand side by side, and so do those of a call. Linux maps 64 KiB of a file around each page that is
/// touched, so that a start would else take nine times its functions' size; and a processor knows the addresses of some 100 pages at a time,
/// fewer than a call would else touch. A function that is not in the list, or no longer there, changes nothing but that.
fn link_in_order() {
    // mold and wild read no such script.
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    if flags.contains("mold") || flags.contains("wild") {
        return;
    }
    let path = root().join("packaging/order.txt");
    println!("cargo::rerun-if-changed={}", path.display());
    let mut script = String::from("SECTIONS { .text.ordered : {\n");
    for name in fs::read_to_string(path).expect("the list can be read").lines() {
        // What runs once, as the first use of a table does, counts as unlikely.
        writeln!(script, "*(.text.{name} .text.unlikely.{name})").expect("a string takes any text");
    }
    script.push_str("} } INSERT BEFORE .text;\n");
    let script = write("order.ld", script.as_bytes());
    println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display());
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
        .expect("the catalogue can be read")
        .map(|entry| entry.expect("the catalogue can be read").path())
        .collect();
    paths.sort();
    paths
}
