//! The texts of modules and of scripts that a script loads.

use super::base::Gate;
use super::cancel::StopReason;
use super::effect::{Effect, Open};
use super::files::FileError;
use crate::effect_id::EffectId;
use std::fs;
use std::path::{Path, PathBuf};

/// The first that is there of the places where a module may stand beside its script, which needs no
/// grant.
struct Module<'a>(&'a [PathBuf]);

impl Effect for Module<'_> {
    type Outcome = Result<Option<(PathBuf, String)>, FileError>;

    async fn perform(&self, _: &Open<'_>) -> Self::Outcome {
        let Some(path) = self.0.iter().find(|path| path.is_file()) else {
            return Ok(None);
        };
        Ok(Some((path.clone(), fs::read_to_string(path)?)))
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
        open.gate.read_granted(self.0)
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        Err(FileError::Stopped(stop))
    }
}

impl Gate {
    /// The path and the text of a module that stands at one of these places; none where it stands
    /// at none.
    pub fn module(
        &self,
        candidates: &[PathBuf],
        id: &EffectId,
    ) -> Result<Option<(PathBuf, String)>, FileError> {
        self.through_now(Module(candidates), id)
    }

    /// The text of a file that a script loads.
    pub fn script(&self, path: &Path, id: &EffectId) -> Result<String, FileError> {
        self.through_now(Script(path), id)
    }
}
