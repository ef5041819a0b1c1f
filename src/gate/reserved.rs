//! What cumulua itself works with, which no script may touch: configuration, records, keys.

use super::base::Gate;
use super::grants::OwnPath;
use crate::policy::ReservedPath;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::path::{Component, Path, PathBuf};

/// How many links lead on at most; the system follows no more either.
const MOST_LINKS: usize = 40;

impl Gate {
    /// What no root grants. Looked up at the first effect on a file, before a script could have put
    /// another link in the way.
    pub(super) fn reserved(&self) -> &[ReservedPath] {
        self.reserved.get_or_init(|| {
            let own = self.parts.grants.own.iter().cloned();
            let of_profiles = self.parts.profiles.own_files().into_iter();
            let of_profiles = of_profiles.map(|(path, is_readable)| OwnPath { path, is_readable });
            own.chain(of_profiles)
                .filter(|own| !is_device(&own.path))
                .filter_map(|own| reserve(&own))
                .collect()
        })
    }

    /// Whether an open file is one of those, by whatever name it was opened.
    pub(super) fn is_reserved(&self, file: &File, changes: bool) -> bool {
        let Ok(about) = file.metadata() else {
            return false;
        };
        if !about.is_file() {
            return false;
        }
        self.reserved()
            .iter()
            .filter(|own| changes || !own.is_readable)
            .any(|own| is_or_holds(&own.path, &about))
    }
}

/// `/dev/null` as the audit is no record.
fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// A path with the links that lead to it.
fn reserve(own: &OwnPath) -> Option<ReservedPath> {
    let mut links = Vec::new();
    let mut path = PathBuf::new();
    let given = std::path::absolute(&own.path).ok()?;
    let mut rest: VecDeque<OsString> = parts(&given);
    while let Some(part) = rest.pop_front() {
        if part == ".." {
            path.pop();
            continue;
        }
        path.push(&part);
        let Ok(target) = fs::read_link(&path) else {
            continue;
        };
        links.push(path.clone());
        if links.len() > MOST_LINKS {
            break;
        }
        path.pop();
        for part in parts(&target).into_iter().rev() {
            rest.push_front(part);
        }
    }
    Some(ReservedPath {
        path,
        links,
        is_readable: own.is_readable,
    })
}

/// The parts of a path; that of a root replaces what is before it when it is pushed.
fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| part.as_os_str().to_owned())
        .collect()
}

/// Whether an open file is this one, or one below this folder. Only a file with a second name can
/// be in a folder and have been opened by a path that is not below it.
#[cfg(unix)]
fn is_or_holds(path: &Path, file: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(own) = fs::symlink_metadata(path) else {
        return false;
    };
    if own.is_dir() {
        return file.nlink() > 1
            && fs::read_dir(path)
                .into_iter()
                .flatten()
                .flatten()
                .any(|entry| is_or_holds(&entry.path(), file));
    }
    (own.dev(), own.ino()) == (file.dev(), file.ino())
}

#[cfg(not(unix))]
fn is_or_holds(_: &Path, _: &Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::{OwnPath, reserve};
    use std::os::unix::fs::symlink;

    #[test]
    fn every_link_on_the_way_to_a_file_is_reserved_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(folder.join("dotfiles/config")).unwrap();
        symlink("dotfiles/../dotfiles/config", folder.join("once")).unwrap();
        symlink(folder.join("once"), folder.join("twice")).unwrap();
        let reserved = reserve(&OwnPath {
            path: folder.join("twice/cumulua/cumulua.toml"),
            is_readable: false,
        })
        .unwrap();
        assert_eq!(
            reserved.path,
            folder.join("dotfiles/config/cumulua/cumulua.toml")
        );
        assert_eq!(reserved.links, [folder.join("twice"), folder.join("once")]);
    }

    #[test]
    fn links_in_a_circle_end() {
        let folder = tempfile::tempdir().unwrap();
        symlink("b", folder.path().join("a")).unwrap();
        symlink("a", folder.path().join("b")).unwrap();
        let path = folder.path().join("a");
        assert!(
            reserve(&OwnPath {
                path,
                is_readable: false
            })
            .is_some()
        );
    }
}
