//! Files: only below the working folder and what was granted beside it.

use super::verdict::{Ruling, Verdict};
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
}

/// Whether it may be used, and below which root.
pub(super) fn judge(subject: &FileSubject<'_>) -> Verdict {
    let FileSubject {
        given,
        resolved,
        roots,
    } = *subject;
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
    use super::{FileSubject, Ruling, judge};
    use std::path::{Path, PathBuf};

    fn effect(resolved: &str) -> Ruling {
        let roots = [PathBuf::from("/work"), PathBuf::from("/data/one.txt")];
        judge(&FileSubject {
            given: Path::new("given"),
            resolved: Path::new(resolved),
            roots: &roots,
        })
        .effect
    }

    #[test]
    fn what_is_below_a_root_is_allowed_with_the_root_and_the_rest() {
        let below = |root: &str, rest: &str| Ruling::AllowBelow {
            root: root.into(),
            rest: rest.into(),
        };
        assert_eq!(effect("/work/a/b.txt"), below("/work", "a/b.txt"));
        assert_eq!(effect("/work"), below("/work", ""));
        assert_eq!(effect("/data/one.txt"), below("/data/one.txt", ""));
        for outside in ["/data/two.txt", "/workshop/a", "/"] {
            assert_eq!(effect(outside), Ruling::Deny, "{outside}");
        }
    }
}
