//! Files: opening, removing, renaming, and writing out what a script has written. Reading from an
//! open file is no effect.
//!
//! A path is resolved, judged, and then opened below the granted root, where no link is followed:
//! what was judged is what is opened, whatever happens to the folders in between.

use super::admit::grant;
use super::base::Gate;
use super::cancel::StopReason;
use super::deciding::{Way, has_other_names, way_through};
use super::denied::Denied;
use super::effect::{Effect, Open};
#[cfg(unix)]
use super::fifo::never_waiting;
use super::fifo::{has_no_reader, waiting_again};
use super::grants::{resolve, resolve_entry};
use crate::effect_id::EffectId;
use crate::policy::{FileSubject, ReservedPath};
use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Why an effect on a file has no result.
#[derive(Debug)]
pub enum FileError {
    /// It is not granted.
    Denied(Denied),
    /// The system refuses.
    System(io::Error),
    /// The run was ended.
    Stopped(StopReason),
}

/// Why an entry was not renamed.
#[derive(Debug)]
pub enum RenameError {
    /// The entry's own path, or the renaming itself.
    Source(FileError),
    /// The path that it was to have.
    Target(FileError),
}

impl From<io::Error> for FileError {
    fn from(problem: io::Error) -> Self {
        Self::System(problem)
    }
}

/// What a file is opened for.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the options of opening do not depend on each other"
)]
pub struct Opening {
    /// It is read.
    pub reads: bool,
    /// It is written.
    pub writes: bool,
    /// What is written goes to its end.
    pub appends: bool,
    /// It is made where it is not there.
    pub creates: bool,
    /// What it holds is dropped.
    pub truncates: bool,
}

impl Gate {
    /// Opens a file.
    pub fn open(&self, path: &Path, opening: Opening, id: &EffectId) -> Result<File, FileError> {
        self.through_now(OpenFile { path, opening }, id)
    }

    /// Removes a file or an empty folder. A link is itself, wherever it leads.
    pub fn remove(&self, path: &Path, id: &EffectId) -> Result<(), FileError> {
        self.through_now(Remove(path), id)
    }

    /// Renames an entry of a folder. A link is itself, wherever it leads.
    pub fn rename(&self, from: &Path, to: &Path, id: &EffectId) -> Result<(), RenameError> {
        self.through_now(Rename { from, to }, id)
    }

    /// Writes out what a script has written, as `write` does it: at a flush or when a file is
    /// closed. A run that is ended loses nothing that was written before.
    pub fn write_out<R>(&self, write: impl FnOnce() -> R, id: &EffectId) -> R {
        self.through_now(WriteOut(Cell::new(Some(write))), id)
    }

    /// The text of a file, for what loads it; `folder` is granted for it too.
    pub(super) fn read_granted(
        &self,
        path: &Path,
        folder: Option<&Path>,
    ) -> Result<String, FileError> {
        let opening = Opening {
            reads: true,
            ..Opening::default()
        };
        let roots: Vec<PathBuf> = self
            .roots
            .iter()
            .cloned()
            .chain(folder.map(Path::to_owned))
            .collect();
        Ok(io::read_to_string(self.open_below(&roots, path, opening)?)?)
    }

    pub(super) fn open_granted(&self, path: &Path, opening: Opening) -> Result<File, FileError> {
        self.open_below(&self.roots, path, opening)
    }

    fn open_below(
        &self,
        roots: &[PathBuf],
        path: &Path,
        opening: Opening,
    ) -> Result<File, FileError> {
        let Opening {
            reads,
            writes,
            appends,
            creates,
            truncates,
        } = opening;
        let rules = Rules {
            roots,
            reserved: self.reserved(),
            changes: writes || creates,
        };
        let (folder, name) = rules.resolve(path, resolve(path))?;
        let mut options = OpenOptions::new();
        options
            .read(reads)
            .write(writes && !appends)
            .append(appends)
            .create(creates)
            .follow(FollowSymlinks::No);
        #[cfg(unix)]
        {
            use cap_std::fs::OpenOptionsExt as _;
            options.custom_flags(never_waiting());
        }
        let file = self.open_waiting(&folder, &name, &options)?;
        if self.is_reserved(&file, rules.changes) {
            return Err(FileError::Denied(Denied::Policy(format!(
                "{} is another name of a file that belongs to cumulua itself",
                path.display()
            ))));
        }
        if is_of_a_process(&file, path) {
            return Err(FileError::Denied(Denied::Policy(format!(
                "{} is what the system shows of a process, its memory and its secrets too",
                path.display()
            ))));
        }
        if rules.changes && has_other_names(&file) {
            return Err(FileError::Denied(Denied::Policy(format!(
                "{} has other names (hard links), and one of them may be a file that decides what scripts may do; \
                 a copy of it (`cp`) can be changed",
                path.display()
            ))));
        }
        // Only now: a file that is refused keeps what it holds.
        if truncates && file.metadata()?.is_file() {
            file.set_len(0)?;
        }
        Ok(file)
    }

    /// The folder of an entry and its name there.
    pub(super) fn entry(&self, path: &Path) -> Result<(Dir, PathBuf), FileError> {
        let rules = Rules {
            roots: &self.roots,
            reserved: self.reserved(),
            changes: true,
        };
        let (folder, name) = rules.resolve_entry(path)?;
        let is_stopped = || self.cancel.reason().is_some();
        let refusal = match way_through(&folder, &name, path, is_stopped) {
            Way::Free => return Ok((folder, name)),
            Way::Stopped => {
                let stop = self.cancel.reason().unwrap_or(StopReason::Interrupted);
                return Err(FileError::Stopped(stop));
            }
            Way::LeadsTo(file) => format!(
                "{} leads to {}, which decides what scripts may do, so none renames or removes it",
                path.display(),
                file.display()
            ),
            Way::Unknown(reason) => format!(
                "{} may lead to a file that decides what scripts may do, and is not renamed: {reason}",
                path.display()
            ),
        };
        Err(FileError::Denied(Denied::Policy(refusal)))
    }

    /// Opens what may be a FIFO: one that is to be written waits for its reader, and no longer than
    /// the run goes on. One that is to be read waits when it is read.
    fn open_waiting(
        &self,
        folder: &Dir,
        name: &Path,
        options: &OpenOptions,
    ) -> Result<File, FileError> {
        loop {
            match folder.open_with(name, options) {
                Ok(file) => return Ok(waiting_again(file.into_std())?),
                Err(problem) if has_no_reader(&problem) && is_fifo(folder, name) => {}
                Err(problem) => return Err(problem.into()),
            }
            if let Some(stop) = self.cancel.reason() {
                return Err(FileError::Stopped(stop));
            }
            thread::sleep(LOOK);
        }
    }
}

/// How often it is looked whether a FIFO has a reader.
const LOOK: Duration = Duration::from_millis(10);

/// Whether a file is one of a process in the system's own file system (`/proc/ID/mem`), wherever
/// that stands.
#[cfg(target_os = "linux")]
fn is_of_a_process(file: &File, path: &Path) -> bool {
    let is_proc =
        rustix::fs::fstatfs(file).is_ok_and(|about| about.f_type == rustix::fs::PROC_SUPER_MAGIC);
    let is_id = |part: &std::ffi::OsStr| {
        let bytes = part.as_encoded_bytes();
        !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)
    };
    // One that cannot be resolved any more is refused.
    is_proc && resolve(path).map_or(true, |path| path.iter().any(is_id))
}

#[cfg(not(target_os = "linux"))]
fn is_of_a_process(_: &File, _: &Path) -> bool {
    false
}

/// Whether a path leads to a FIFO.
#[cfg(unix)]
fn is_fifo(folder: &Dir, name: &Path) -> bool {
    use cap_std::fs::FileTypeExt as _;
    folder
        .symlink_metadata(name)
        .is_ok_and(|about| about.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_fifo(_: &Dir, _: &Path) -> bool {
    false
}

/// What a path is judged by.
struct Rules<'a> {
    roots: &'a [PathBuf],
    reserved: &'a [ReservedPath],
    /// Whether the path is made, written, renamed or removed.
    changes: bool,
}

impl Rules<'_> {
    /// The folder of a granted path, held open, and the path's name there.
    fn resolve(
        &self,
        path: &Path,
        resolved: io::Result<PathBuf>,
    ) -> Result<(Dir, PathBuf), FileError> {
        // C would open what stands before the NUL, which is not what was looked at.
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            let refusal = format!("{:?} is not the path of a file", path.display().to_string());
            return Err(FileError::Denied(Denied::Policy(refusal)));
        }
        let resolved = resolved.map_err(|problem| {
            FileError::Denied(Denied::NoSuchPath {
                path: path.display().to_string(),
                problem: Arc::new(problem),
            })
        })?;
        let subject = FileSubject {
            given: path,
            resolved: &resolved,
            roots: self.roots,
            reserved: self.reserved,
            changes: self.changes,
        };
        let (root, rest) =
            grant(subject).map_err(|because| FileError::Denied(Denied::Policy(because)))?;
        // A root that is a file itself, or that is meant itself, is an entry of its folder.
        let (folder, rest) = match (rest.as_os_str().is_empty(), root.parent(), root.file_name()) {
            (true, Some(folder), Some(name)) => (folder.to_owned(), PathBuf::from(name)),
            (true, ..) => (root, PathBuf::from(".")),
            (false, ..) => (root, rest),
        };
        let mut folder = Dir::open_ambient_dir(folder, ambient_authority())?;
        // Nothing of what is left is a link, and nothing that has become one since is followed:
        // inside the root it could lead to what is reserved there.
        let name = rest.file_name().map_or_else(|| rest.clone(), PathBuf::from);
        for part in rest.parent().into_iter().flat_map(Path::components) {
            folder = folder.open_dir_nofollow(part.as_os_str())?;
        }
        // A path that ends so is a folder's.
        let is_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        let name = if is_folder { name.join("") } else { name };
        Ok((folder, name))
    }

    /// The same for an entry of a folder.
    fn resolve_entry(&self, path: &Path) -> Result<(Dir, PathBuf), FileError> {
        let resolved = resolve_entry(path);
        // What is in a granted folder is granted, and not the folder.
        if resolved
            .as_ref()
            .is_ok_and(|resolved| self.roots.contains(resolved) && resolved.is_dir())
        {
            let refusal = format!(
                "{} is a folder that is granted itself, and stays",
                path.display()
            );
            return Err(FileError::Denied(Denied::Policy(refusal)));
        }
        self.resolve(path, resolved)
    }
}

struct OpenFile<'a> {
    path: &'a Path,
    opening: Opening,
}

impl Effect for OpenFile<'_> {
    type Outcome = Result<File, FileError>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        open.gate.open_granted(self.path, self.opening)
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        Err(FileError::Stopped(stop))
    }
}

struct Remove<'a>(&'a Path);

impl Effect for Remove<'_> {
    type Outcome = Result<(), FileError>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        let (folder, name) = open.gate.entry(self.0)?;
        let is_folder = folder.symlink_metadata(&name)?.is_dir();
        Ok(if is_folder {
            folder.remove_dir(name)
        } else {
            folder.remove_file(name)
        }?)
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        Err(FileError::Stopped(stop))
    }
}

struct Rename<'a> {
    from: &'a Path,
    to: &'a Path,
}

impl Effect for Rename<'_> {
    type Outcome = Result<(), RenameError>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        // That a path is not granted is more than that one is not there, whichever it is.
        match (open.gate.entry(self.from), open.gate.entry(self.to)) {
            (_, Err(refusal @ FileError::Denied(Denied::Policy(_)))) => {
                Err(RenameError::Target(refusal))
            }
            (Err(refusal), _) => Err(RenameError::Source(refusal)),
            (_, Err(refusal)) => Err(RenameError::Target(refusal)),
            (Ok((from, old)), Ok((to, new))) => from
                .rename(old, &to, new)
                .map_err(|problem| RenameError::Source(problem.into())),
        }
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        Err(RenameError::Source(FileError::Stopped(stop)))
    }
}

/// What writes, taken once.
struct WriteOut<F>(Cell<Option<F>>);

impl<R, F: FnOnce() -> R> WriteOut<F> {
    fn write(&self) -> R {
        self.0
            .take()
            .expect("it is carried out or stopped, and not both")()
    }
}

impl<R, F: FnOnce() -> R> Effect for WriteOut<F> {
    type Outcome = R;

    async fn perform(&self, _: &Open<'_>) -> R {
        self.write()
    }

    fn stopped(&self, _: &Open<'_>, _: StopReason) -> R {
        self.write()
    }
}

#[cfg(test)]
mod tests {
    use super::{Rules, resolve, resolve_entry};
    use crate::gate::Grants;
    use std::fs;
    use std::path::Path;

    #[test]
    fn dots_are_resolved_and_the_last_part_need_not_be_there() {
        let here = std::env::current_dir().unwrap().canonicalize().unwrap();
        assert_eq!(
            resolve(Path::new("src/../Cargo.toml")).unwrap(),
            here.join("Cargo.toml")
        );
        assert_eq!(
            resolve(Path::new("src/../new.txt")).unwrap(),
            here.join("new.txt")
        );
        assert_eq!(resolve_entry(Path::new("src/..")).unwrap(), here);
        assert!(resolve(Path::new("no-such-folder/new.txt")).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn a_link_is_where_it_leads_and_as_an_entry_itself() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        fs::write(folder.join("file"), "").unwrap();
        std::os::unix::fs::symlink("file", folder.join("link")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.join("dangling")).unwrap();
        assert_eq!(resolve(&folder.join("link")).unwrap(), folder.join("file"));
        assert_eq!(
            resolve_entry(&folder.join("link")).unwrap(),
            folder.join("link")
        );
        assert!(resolve(&folder.join("dangling")).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn what_was_judged_is_what_is_opened() {
        let (granted_folder, outside) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = granted_folder.path().canonicalize().unwrap();
        fs::create_dir(folder.join("inner")).unwrap();
        for place in [&folder.join("inner"), outside.path()] {
            fs::write(place.join("file"), "").unwrap();
        }
        let path = folder.join("inner/file");
        let rules = Rules {
            roots: std::slice::from_ref(&folder),
            reserved: &[],
            changes: false,
        };
        assert!(rules.resolve(&path, resolve(&path)).is_ok());
        let judged = resolve(&path);
        fs::rename(folder.join("inner"), folder.join("moved")).unwrap();
        for target in [outside.path(), &folder.join("moved")] {
            std::os::unix::fs::symlink(target, folder.join("inner")).unwrap();
            let judged = judged.as_ref().unwrap().clone();
            assert!(
                rules.resolve(&path, Ok(judged)).is_err(),
                "a link that was put there meanwhile leads nowhere"
            );
            fs::remove_file(folder.join("inner")).unwrap();
        }
    }

    #[test]
    fn a_path_outside_is_refused_and_the_remedy_named() {
        let roots = Grants::default().roots();
        let refused = |path: &str| {
            let rules = Rules {
                roots: &roots,
                reserved: &[],
                changes: false,
            };
            rules
                .resolve(Path::new(path), resolve(Path::new(path)))
                .is_err()
        };
        for outside in ["/etc/hostname", "src/../../../etc/hostname", "Cargo.toml\0"] {
            assert!(refused(outside), "{outside:?}");
        }
        assert!(!refused("src/../Cargo.toml"));
    }
}
