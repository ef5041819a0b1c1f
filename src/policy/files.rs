//! Files: only below the working folder and what was granted beside it, and never those that
//! cumulua itself works with.

use super::verdict::{Ruling, Verdict};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A file, or an entry of a folder.
#[derive(Debug, Clone, Copy)]
pub struct FileSubject<'a> {
    /// The path as the script gave it.
    pub given: &'a Path,
    /// The same without links and dots.
    pub resolved: &'a Path,
    /// Folders and files that may be read and written, without links and dots.
    pub roots: &'a [PathBuf],
    /// What no root grants.
    pub reserved: &'a [ReservedPath],
    /// Whether it is made, written, renamed or removed, and not only read.
    pub changes: bool,
}

/// A file or a folder that cumulua itself works with: configuration, records, keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservedPath {
    /// Where it is, without links and dots, whether it is there or not.
    pub path: PathBuf,
    /// The links that lead there by the name that cumulua knows it by: whoever replaces one of them
    /// replaces the file.
    pub links: Vec<PathBuf>,
    /// Whether scripts may read it.
    pub is_readable: bool,
}

impl ReservedPath {
    /// Whether a use of this path would be one of the file.
    fn forbids(&self, path: &Path, changes: bool) -> bool {
        let is_part = path.starts_with(&self.path);
        // What is put in the place of a folder has the names of what it held.
        let leads_there = || {
            let mut ways = self.links.iter().chain([&self.path]);
            ways.any(|way| way.starts_with(path))
        };
        is_part && !self.is_readable || changes && (is_part || leads_there())
    }
}

/// Files that decide what scripts may do, wherever they stand: one that a script writes counts for
/// the runs after it.
const DECIDING: [&str; 2] = ["cumulua.toml", "schedules.toml"];

/// Whether a file of this name decides what scripts may do, wherever it stands.
pub fn decides(name: &OsStr) -> bool {
    DECIDING.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// Whether it may be used, and below which root.
pub(super) fn judge(subject: &FileSubject<'_>) -> Verdict {
    let FileSubject {
        given,
        resolved,
        roots,
        reserved,
        changes,
    } = *subject;
    if changes && resolved.file_name().is_some_and(decides) {
        return Verdict::deny(format!(
            "{} decides what scripts may do, so none changes it",
            given.display()
        ));
    }
    if reserved.iter().any(|own| own.forbids(resolved, changes)) {
        return Verdict::deny(format!(
            "{} belongs to cumulua itself (configuration, records or keys), and no option lets scripts {} it",
            given.display(),
            if changes { "change" } else { "read" }
        ));
    }
    if let Some((root, rest)) = roots
        .iter()
        .find_map(|root| Some((root, resolved.strip_prefix(root).ok()?)))
    {
        let effect = Ruling::AllowBelow {
            root: root.clone(),
            rest: rest.to_owned(),
        };
        return Verdict {
            effect,
            because: String::new(),
        };
    }
    let folder = resolved.parent().unwrap_or(resolved).display();
    Verdict::deny(format!(
        "{} is outside the working folder; `--allow-path {folder}` would allow it",
        given.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::{FileSubject, ReservedPath, Ruling, judge};
    use std::path::{Path, PathBuf};

    fn effect_on(resolved: &str, changes: bool) -> Ruling {
        let roots = [PathBuf::from("/work"), PathBuf::from("/data/one.txt")];
        let reserved = |path: &str, links: &[&str], is_readable| ReservedPath {
            path: path.into(),
            links: links.iter().map(PathBuf::from).collect(),
            is_readable,
        };
        judge(&FileSubject {
            given: Path::new("given"),
            resolved: Path::new(resolved),
            roots: &roots,
            reserved: &[
                reserved("/work/dotfiles/own", &["/work/.config"], false),
                reserved("/work/state/audit.jsonl", &[], false),
                reserved("/work/catalog", &[], true),
            ],
            changes,
        })
        .effect
    }

    fn effect(resolved: &str) -> Ruling {
        effect_on(resolved, true)
    }

    #[test]
    fn what_is_below_a_root_is_allowed_with_the_root_and_the_rest() {
        let below = |root: &str, rest: &str| Ruling::AllowBelow {
            root: root.into(),
            rest: rest.into(),
        };
        assert_eq!(effect("/work/a/b.txt"), below("/work", "a/b.txt"));
        assert_eq!(effect_on("/work", false), below("/work", ""));
        assert_eq!(effect("/data/one.txt"), below("/data/one.txt", ""));
        for outside in ["/data/two.txt", "/workshop/a", "/"] {
            assert_eq!(effect(outside), Ruling::Deny, "{outside}");
        }
    }

    #[test]
    fn what_cumulua_works_with_is_below_no_root() {
        let is_denied = |path, changes| effect_on(path, changes) == Ruling::Deny;
        for own in [
            "/work/dotfiles/own",
            "/work/dotfiles/own/cumulua.toml",
            "/work/state/audit.jsonl",
        ] {
            assert!(is_denied(own, true) && is_denied(own, false), "{own}");
        }
        for changed_only in [
            "/work",
            "/work/dotfiles",
            "/work/.config",
            "/work/state",
            "/work/catalog",
            "/work/catalog/cds/ccs.json",
            "/work/cumulua.toml",
            "/work/deep/CUMULUA.toml",
            "/work/schedules.toml",
        ] {
            assert!(
                is_denied(changed_only, true),
                "{changed_only} is not changed"
            );
            assert!(!is_denied(changed_only, false), "{changed_only} is read");
        }
        for free in [
            "/work/state/audit.jsonl.copy",
            "/work/dotfiles/other",
            "/work/my-cumulua.toml",
        ] {
            assert!(!is_denied(free, true) && !is_denied(free, false), "{free}");
        }
    }
}
