//! The texts of modules and of scripts that a script loads.

use super::base::Gate;
use super::cancel::StopReason;
use super::effect::{Effect, Open};
use super::files::FileError;
use crate::effect_id::EffectId;
use std::path::{Path, PathBuf};

/// The first that is there of the places where a module may stand beside its script, whose folder
/// needs no grant. A link is where it leads: outside that folder it is granted as any file is.
struct Module<'a> {
    folder: &'a Path,
    candidates: &'a [PathBuf],
}

impl Effect for Module<'_> {
    type Outcome = Result<Option<(PathBuf, String)>, FileError>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        let Some(path) = self.candidates.iter().find(|path| path.is_file()) else {
            return Ok(None);
        };
        let text = open.gate.read_granted(path, Some(self.folder))?;
        Ok(Some((path.clone(), text)))
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        Err(FileError::Stopped(stop))
    }
}

/// A file that a script names.
struct Script<'a>(&'a Path);

impl Effect for Script<'_> {
    type Outcome = Result<String, FileError>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        open.gate.read_granted(self.0, None)
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        Err(FileError::Stopped(stop))
    }
}

impl Gate {
    /// The path and the text of a module that stands at one of these places; none where it stands
    /// at none. `folder` is that of the script, without links and dots.
    pub fn module(
        &self,
        folder: &Path,
        candidates: &[PathBuf],
        id: &EffectId,
    ) -> Result<Option<(PathBuf, String)>, FileError> {
        self.through_now(Module { folder, candidates }, id)
    }

    /// The text of a file beside the script that is looked at inside another effect; `folder` as
    /// for a module.
    pub fn text_beside(&self, folder: &Path, path: &Path) -> Result<String, FileError> {
        self.read_granted(path, Some(folder))
    }

    /// The text of a file that a script loads.
    pub fn script(&self, path: &Path, id: &EffectId) -> Result<String, FileError> {
        self.through_now(Script(path), id)
    }
}
