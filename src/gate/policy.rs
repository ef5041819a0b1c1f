//! What a script may do beyond calls: which files it may touch, and whether it may start processes.

use super::Denied;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// What a run's script may do.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Mutating calls are refused.
    pub read_only: bool,
    /// Folders and files that may be read and written, beside the working folder.
    pub allow_paths: Vec<PathBuf>,
    /// Whether processes may be started.
    pub allow_run: bool,
}

impl Policy {
    /// Whether a path may be opened: the path to open, links resolved, or why not.
    ///
    /// The resolved path is what the caller must open; a link that leads outside is refused like the place it leads to.
    pub(super) fn path(&self, path: &Path) -> Result<PathBuf, Denied> {
        self.within(path, resolve(path))
    }

    /// The same for an entry of a folder, as removing and renaming want it: a link is itself, wherever it leads.
    pub(super) fn entry(&self, path: &Path) -> Result<PathBuf, Denied> {
        self.within(path, resolve_entry(path))
    }

    fn within(&self, path: &Path, resolved: io::Result<PathBuf>) -> Result<PathBuf, Denied> {
        // C would open what stands before the NUL, which is not what was looked at.
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(Denied::Policy(format!("{:?} is not the path of a file", path.display().to_string())));
        }
        let resolved =
            resolved.map_err(|problem| Denied::NoSuchPath { path: path.display().to_string(), problem: Arc::new(problem) })?;
        let working = std::env::current_dir().and_then(|folder| folder.canonicalize()).ok();
        let granted = self.allow_paths.iter().filter_map(|path| path.canonicalize().ok());
        if working.into_iter().chain(granted).any(|root| resolved.starts_with(root)) {
            return Ok(resolved);
        }
        let folder = resolved.parent().unwrap_or(&resolved).display().to_string();
        Err(Denied::Policy(format!("{} is outside the working folder; `--allow-path {folder}` would allow it", path.display())))
    }

    /// Whether a process may be started, or why not.
    pub fn run(&self) -> Result<(), String> {
        if self.allow_run { Ok(()) } else { Err("scripts may not start processes; `--allow-run` would allow it".to_owned()) }
    }
}

/// A path without links and dots; its last part need not exist.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    if let Ok(resolved) = path.canonicalize() {
        return Ok(resolved);
    }
    // A dangling link would be followed on writing, to a place that was not looked at.
    if path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(io::Error::other("it is a link that leads nowhere"));
    }
    resolve_entry(path)
}

/// A path whose folder is without links and dots, and whose last part stays as it is.
fn resolve_entry(path: &Path) -> io::Result<PathBuf> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match path.components().next_back() {
        Some(Component::Normal(name)) => Ok(parent.canonicalize()?.join(name)),
        // `..` and `/` are entries of nothing here; where they lead decides.
        _ => path.canonicalize(),
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;
    use std::path::Path;

    #[test]
    fn a_path_above_the_working_folder_is_refused_and_the_remedy_named() {
        let refusal = Policy::default().path(Path::new("/etc/hostname")).unwrap_err().to_string();
        assert!(refusal.contains("--allow-path /etc"), "{refusal}");
    }

    #[test]
    fn dots_do_not_lead_outside() {
        assert!(Policy::default().path(Path::new("src/../../../etc/hostname")).is_err());
        assert!(Policy::default().path(Path::new("src/../Cargo.toml")).is_ok());
    }

    #[test]
    fn a_nul_in_a_path_is_refused() {
        assert!(Policy::default().path(Path::new("Cargo.toml\0")).is_err());
    }

    #[test]
    fn a_granted_folder_may_be_written_below() {
        let folder = tempfile::tempdir().unwrap();
        let policy = Policy { allow_paths: vec![folder.path().to_owned()], ..Policy::default() };
        assert!(policy.path(&folder.path().join("new.txt")).is_ok());
    }
}
