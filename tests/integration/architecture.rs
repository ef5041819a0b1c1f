//! The direction of imports between the layers, held to the code.

use crate::circles::{circles, mod_files_with_definitions};
use cumulua_core::catalog::Catalog;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Layers that a layer may import, beside itself and the package `cumulua-core`. What is not here
/// is not allowed.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("lua_syntax", &[]),
    ("effect_id", &[]),
    ("reference", &[]),
    ("credentials", &[]),
    ("config", &["credentials"]),
    ("client", &["config", "credentials"]),
    ("policy", &["config"]),
    ("gate", &["client", "config", "effect_id", "policy"]),
    ("history", &[]),
    (
        "lua",
        &["client", "effect_id", "gate", "lua_syntax", "reference"],
    ),
    ("run", &["client", "gate", "history", "lua", "lua_syntax"]),
    (
        "repl",
        &["config", "gate", "lua", "lua_syntax", "reference"],
    ),
    ("schedule", &["client", "gate", "history", "run"]),
    (
        "cli",
        &[
            "client",
            "config",
            "effect_id",
            "gate",
            "history",
            "lua",
            "reference",
            "repl",
            "run",
            "schedule",
        ],
    ),
];

/// Crates that only some layers may know.
const CRATES: &[(&str, &[&str])] = &[
    ("mlua", &["lua"]),
    ("hyper", &["client"]),
    ("hyper_util", &["client"]),
    ("reqwest", &["client"]),
    ("axum", &["schedule"]),
    ("lettre", &["schedule"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("cap_std", &["gate"]),
    ("cap_fs_ext", &["gate"]),
    ("sqlx", &["history"]),
    ("rustyline", &["repl"]),
    ("croner", &["schedule"]),
    ("cumulua_simulator", &["cli"]),
];

/// A file's text without its unit tests, comments and the texts that it generates.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    // What stands between two quotation marks is text, not code.
    let outside = |line: &str| line.split('"').step_by(2).collect::<String>();
    lines.map(outside).collect::<Vec<_>>().join("\n")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// A file, its layer and its text.
type Source = (PathBuf, String, String);

/// Every file below a folder of sources.
fn below(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let with_layer = |path: PathBuf| {
        let relative = path.strip_prefix(&root).unwrap();
        let layer = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .trim_end_matches(".rs")
            .to_owned();
        let text = fs::read_to_string(&path).unwrap();
        (path, layer, text)
    };
    rust_files(&root)
        .into_iter()
        .map(with_layer)
        .filter(|(path, layer, _)| {
            layer != "lib" && layer != "main" && !path.iter().any(|part| part == "tests")
        })
        .collect()
}

/// Every file of the package `cumulua`.
fn sources() -> Vec<Source> {
    below("src")
}

/// Every file of the packages that `cumulua` is built on.
fn packages() -> [(&'static str, Vec<Source>); 2] {
    [
        ("core", below("crates/core/src")),
        ("simulator", below("crates/simulator/src")),
    ]
}

/// Where a package's sources are, and its layers.
fn package(name: &str) -> (PathBuf, BTreeSet<String>) {
    let folder = format!("crates/{name}/src");
    let layers = below(&folder)
        .into_iter()
        .map(|(_, layer, _)| layer)
        .collect();
    (Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), layers)
}

/// What follows each `crate::` in code.
fn imported_layers(text: &str) -> Vec<String> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let after = code
        .match_indices("crate::")
        .map(|(at, word)| code[at + word.len()..].to_owned());
    assert!(
        !code.contains("crate::{"),
        "one layer an import, so that each can be seen"
    );
    let name = |rest: String| {
        rest.chars()
            .take_while(|c| c.is_ascii_lowercase() || *c == '_')
            .collect::<String>()
    };
    after.map(name).filter(|name| !name.is_empty()).collect()
}

#[test]
fn imports_run_one_way() {
    let allowed: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    let mut offenses = Vec::new();
    for (path, layer, text) in sources() {
        let allowed = allowed
            .get(layer.as_str())
            .unwrap_or_else(|| panic!("the layer {layer} has no line in MAY_IMPORT"));
        for imported in imported_layers(&text) {
            if imported != layer && !allowed.contains(&imported.as_str()) {
                offenses.push(format!("{} imports {imported}", path.display()));
            }
        }
    }
    assert!(offenses.is_empty(), "{}", offenses.join("\n"));
}

#[test]
fn crates_stay_in_their_layers() {
    let mut offenses = Vec::new();
    for (path, layer, text) in sources() {
        for (name, layers) in CRATES {
            if code(&text).contains(&format!("{name}::")) && !layers.contains(&layer.as_str()) {
                offenses.push(format!("{} knows {name}", path.display()));
            }
        }
    }
    assert!(offenses.is_empty(), "{}", offenses.join("\n"));
}

#[test]
fn no_action_is_named_outside_the_simulator() {
    let catalog = Catalog::default();
    let names: Vec<String> = catalog
        .actions()
        .unwrap()
        .iter()
        .map(|action| format!("\"{}\"", action.name))
        .collect();
    let mut offenses = Vec::new();
    let core = packages()
        .into_iter()
        .filter(|(package, _)| *package != "simulator")
        .flat_map(|(_, files)| files);
    for (path, _, text) in sources().into_iter().chain(core) {
        // Unit tests may take examples.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for name in names.iter().filter(|name| code.contains(name.as_str())) {
            offenses.push(format!("{} names {name}", path.display()));
        }
    }
    assert!(offenses.is_empty(), "{}", offenses.join("\n"));
}

#[test]
fn only_the_command_prints_or_exits() {
    let mut offenses = Vec::new();
    let packages = packages().into_iter().flat_map(|(_, files)| files);
    for (path, layer, text) in sources().into_iter().chain(packages) {
        for word in ["println!", "eprintln!", "print!(", "process::exit"] {
            if layer != "cli" && text.contains(word) {
                offenses.push(format!("{} has {word}", path.display()));
            }
        }
    }
    assert!(offenses.is_empty(), "{}", offenses.join("\n"));
}

/// Every layer of the package `cumulua`.
fn layers() -> Vec<&'static str> {
    MAY_IMPORT.iter().map(|(layer, _)| *layer).collect()
}

#[test]
fn no_file_imports_another_in_a_circle() {
    let found = circles(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &layers(),
    );
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_file_of_the_other_packages_imports_another_in_a_circle() {
    for name in ["core", "simulator"] {
        let (folder, layers) = package(name);
        let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
        assert_eq!(circles(&folder, &layers), Vec::<String>::new());
        let found = mod_files_with_definitions(&folder, &layers);
        assert_eq!(found, Vec::<String>::new());
    }
}

/// The simulator's kernel knows a service only through the trait, and what is around it knows no
/// service at all.
#[test]
fn the_simulated_cloud_knows_no_service() {
    let knows_none = |layer: &str| ["cloud", "dashboard", "faults", "http"].contains(&layer);
    for (path, _, text) in below("crates/simulator/src")
        .into_iter()
        .filter(|(_, layer, _)| knows_none(layer))
    {
        assert!(
            !code(&text).contains("services::"),
            "{} knows a service",
            path.display()
        );
    }
}

#[test]
fn a_mod_file_defines_nothing() {
    let found = mod_files_with_definitions(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &layers(),
    );
    assert!(found.is_empty(), "{}", found.join("\n"));
}
