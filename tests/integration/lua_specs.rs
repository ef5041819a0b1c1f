//! Every script below `tests/lua/` is a spec of what scripts see; each runs against the simulator in its own folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn specs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Modules that specs require are no specs.
        if path.is_dir() && !path.ends_with("modules") {
            found.extend(specs(&path));
        } else if path.extension().is_some_and(|extension| extension == "lua") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn every_lua_spec_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lua");
    let specs = specs(&root);
    assert!(specs.len() > 10, "the specs are there");
    let home = tempfile::tempdir().unwrap();
    let mut failed = Vec::new();
    for spec in specs {
        let output = Command::new(env!("CARGO_BIN_EXE_cumulua"))
            .args(["run", "--sim", spec.file_name().unwrap().to_str().unwrap()])
            .current_dir(spec.parent().unwrap())
            .env("HOME", home.path())
            .env_remove("XDG_CONFIG_HOME")
            .output()
            .unwrap();
        if !output.status.success() {
            failed.push(format!("{}\n{}", spec.display(), String::from_utf8_lossy(&output.stderr)));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
