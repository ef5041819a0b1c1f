//! The scopes of a run: what ends a part of it. The paths of all that is in a scope begin with the
//! scope's own.

use super::cancel::CancelToken;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The scopes of what goes on, by their paths.
#[derive(Debug, Default)]
pub(super) struct Scopes(Mutex<HashMap<String, Arc<CancelToken>>>);

impl Scopes {
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<CancelToken>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The innermost scope that a path is in.
    pub(super) fn around(&self, path: &str) -> Option<Arc<CancelToken>> {
        let scopes = self.lock();
        if scopes.is_empty() {
            return None;
        }
        let ancestors = std::iter::successors(Some(path), |inner| {
            inner.rsplit_once('.').map(|(outer, _)| outer)
        });
        ancestors
            .into_iter()
            .find_map(|path| scopes.get(path))
            .cloned()
    }
}
