//! The text of the script that runs, on its way into the history.

use super::arguments::without_url_secrets;
use crate::history::{Store, StoreError, sha256};
use crate::lua_syntax::Secrets;
use cumulua_core::catalog::Catalog;
use cumulua_core::secret::Redactor;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// A script's text, and by what it is known.
pub(super) struct KeptScript {
    pub(super) hash: String,
    text: Arc<str>,
}

impl KeptScript {
    pub(super) fn new(text: &str) -> Self {
        Self {
            hash: sha256(text.as_bytes()),
            text: text.into(),
        }
    }

    /// Keeps it, where the store has no such script yet; what catalogue, context and run make a
    /// secret is looked for in all of it. At the run's end, because only then all is known that was
    /// one: what is replaced in a file stays in its log for a while. Waits so long at most.
    pub(super) fn keep(
        &self,
        store: &Store,
        catalog: Arc<Catalog>,
        redactor: Arc<Redactor>,
        limit: Duration,
    ) {
        let (done, kept) = channel::<()>();
        let (store, hash, text) = (store.clone(), self.hash.clone(), Arc::clone(&self.text));
        thread::spawn(move || {
            if matches!(store.script(&hash), Ok(None)) {
                let text = Secrets::new(catalog, redactor).replace_secrets(&text);
                let text = without_url_secrets(&text);
                // Where the store refuses this, it refuses a call too, which is where it is reported.
                let _ = store.keep_script(hash, text);
            }
            drop(done);
        });
        let _ = kept.recv_timeout(limit);
    }

    /// Takes what has turned out to be a secret out of what is kept.
    pub(super) fn redact(&self, store: &Store, redactor: &Redactor) -> Result<(), StoreError> {
        let Some(text) = store.script(&self.hash)? else {
            return Ok(());
        };
        let clean = redactor.redact(&text);
        if clean == text {
            return Ok(());
        }
        store.replace_script(self.hash.clone(), clean)
    }
}
