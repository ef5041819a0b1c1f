//! A configuration file is refused with a place that the text has, or gives accounts without a
//! panic; a secret that stands in it is in no error.
#![no_main]

use cumulua::config::{ConfigError, Flags, Profiles};
use cumulua_core::catalog::Catalog;
use libfuzzer_sys::fuzz_target;
use std::fs;
use std::sync::LazyLock;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));
static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::default);

/// A value that stands for a secret.
const SECRET: &str = "s3cr3t";

fuzz_target!(|text: &str| {
    let path = FOLDER.path().join("cumulua.toml");
    fs::write(&path, text).expect("a file");
    let profiles = Profiles::new(Flags {
        config: Some(path),
        start: FOLDER.path().to_owned(),
        ..Flags::default()
    });
    match profiles.files() {
        Ok(_) => {}
        Err(ConfigError::Malformed {
            line,
            column,
            reason,
            ..
        }) => {
            assert!(line >= 1 && line <= text.matches('\n').count() + 1, "{line}");
            assert!(column >= 1, "{column}");
            assert!(!reason.contains(SECRET), "{reason}");
            return;
        }
        Err(other) => {
            assert!(!other.to_string().contains(SECRET), "{other}");
            return;
        }
    }
    let _ = (profiles.allowed_hosts(), profiles.current());
    for name in profiles.names().expect("names") {
        let _ = profiles.production(&name);
        for product in CATALOG.products() {
            let product = CATALOG.product(&product).expect("a product");
            let _ = profiles.account(&product, Some(&name), None);
            let _ = profiles.region(&product);
        }
    }
});
