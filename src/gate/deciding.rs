//! Whether an entry of a folder is a way to a file that decides what scripts may do: what moves the
//! folder around such a file changes it as much as what writes it.

use crate::policy::decides;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A folder with more entries than this is not looked through.
const MOST_ENTRIES: usize = 100_000;

/// What is known of an entry that is to be renamed or removed.
#[derive(Debug)]
pub(super) enum Way {
    /// It leads to no file that decides.
    Free,
    /// It leads to this one.
    LeadsTo(PathBuf),
    /// That was not found out.
    Unknown(String),
    /// The run was ended meanwhile.
    Stopped,
}

/// Looks through an entry of a folder that stands at `path`, and all below it. A link leads to what
/// its target holds itself.
pub(super) fn way_through(
    folder: &Dir,
    name: &Path,
    path: &Path,
    is_stopped: impl Fn() -> bool,
) -> Way {
    // Of one that is not there the system says so.
    let Ok(about) = folder.symlink_metadata(name) else {
        return Way::Free;
    };
    if about.is_symlink() {
        return linked(path).map_or(Way::Free, Way::LeadsTo);
    }
    if !about.is_dir() {
        return Way::Free;
    }
    let unknown = |at: &Path, problem: &io::Error| {
        Way::Unknown(format!(
            "{} cannot be looked through: {problem}",
            at.display()
        ))
    };
    let mut open = vec![PathBuf::new()];
    let mut seen = 0;
    while let Some(below) = open.pop() {
        let here = path.join(&below);
        let inner = match open_below(folder, name, &below) {
            Ok(inner) => inner,
            Err(problem) => return unknown(&here, &problem),
        };
        let entries = match inner.entries() {
            Ok(entries) => entries,
            Err(problem) => return unknown(&here, &problem),
        };
        for entry in entries {
            seen += 1;
            if seen > MOST_ENTRIES {
                return Way::Unknown(format!("it has more than {MOST_ENTRIES} entries"));
            }
            if is_stopped() {
                return Way::Stopped;
            }
            let (entry, kind) =
                match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                    Ok(found) => found,
                    Err(problem) => return unknown(&here, &problem),
                };
            let found = here.join(&entry);
            if decides(&entry) {
                return Way::LeadsTo(found);
            }
            if kind.is_dir() {
                open.push(below.join(entry));
            } else if kind.is_symlink()
                && let Some(found) = linked(&found)
            {
                return Way::LeadsTo(found);
            }
        }
    }
    Way::Free
}

fn open_below(folder: &Dir, name: &Path, below: &Path) -> io::Result<Dir> {
    use cap_fs_ext::DirExt as _;
    let mut inner = folder.open_dir_nofollow(name.components().as_path())?;
    for part in below.components() {
        inner = inner.open_dir_nofollow(part.as_os_str())?;
    }
    Ok(inner)
}

/// The deciding file in the folder that a link leads to.
fn linked(link: &Path) -> Option<PathBuf> {
    let target = Dir::open_ambient_dir(link, ambient_authority()).ok()?;
    let names = target
        .entries()
        .ok()?
        .flatten()
        .map(|entry| entry.file_name());
    names
        .take(MOST_ENTRIES)
        .find(|name| decides(name))
        .map(|name| link.join(name))
}

/// Whether an open file has a second name, which could be that of one that decides.
#[cfg(unix)]
pub(super) fn has_other_names(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    file.metadata()
        .is_ok_and(|about| about.is_file() && about.nlink() > 1)
}

#[cfg(not(unix))]
pub(super) fn has_other_names(_: &File) -> bool {
    false
}
