//! What the command itself works with, which it grants to no script.

use super::options::GlobalOptions;
use crate::config::user_folder;
use crate::gate::OwnPath;
use crate::gate::audit::Audit;
use crate::history::Store;
use std::path::{Path, PathBuf};

/// Configuration, records, state and catalogue of a command with these options, whether this run
/// uses them or not.
pub(super) fn own_paths(options: &GlobalOptions) -> Vec<OwnPath> {
    let state_folder = |file: Option<PathBuf>| Some(file?.parent()?.to_owned());
    let folders = [
        user_folder(),
        state_folder(Store::default_path()),
        state_folder(Audit::default_path()),
    ];
    let stores = options.store.iter().flat_map(|store| of_store(store));
    let files = options.config.iter().chain(&options.audit).cloned();
    let closed = folders.into_iter().flatten().chain(stores).chain(files);
    let closed = closed.map(|path| OwnPath {
        path,
        is_readable: false,
    });
    // A catalogue holds no secret, but moves hosts.
    let catalogs = read_only(options.catalog.iter().cloned());
    closed.chain(catalogs).collect()
}

/// What scripts may read.
pub(super) fn read_only(paths: impl IntoIterator<Item = PathBuf>) -> Vec<OwnPath> {
    let paths = paths.into_iter().map(|path| OwnPath {
        path,
        is_readable: true,
    });
    paths.collect()
}

/// A store, and what stands beside it.
fn of_store(store: &Path) -> impl Iterator<Item = PathBuf> {
    ["", "-wal", "-shm", "-journal", ".locks", ".d"]
        .map(|end| {
            let mut path = store.as_os_str().to_owned();
            path.push(end);
            PathBuf::from(path)
        })
        .into_iter()
}
