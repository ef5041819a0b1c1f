//! The text of the script that runs, on its way into the history.

use crate::history::{Store, StoreError, sha256};
use crate::lua_syntax::Secrets;
use cumulua_core::catalog::Catalog;
use cumulua_core::secret::Redactor;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A script's text, and by what it is known.
pub(super) struct KeptScript {
    pub(super) hash: String,
    text: Arc<str>,
    /// Ends when it is kept, or cannot be.
    kept: Mutex<Option<Receiver<()>>>,
}

impl KeptScript {
    pub(super) fn new(text: &str) -> Self {
        Self {
            hash: sha256(text.as_bytes()),
            text: text.into(),
            kept: Mutex::default(),
        }
    }

    /// Keeps it, where the store has no such script yet, without waiting: what catalogue and
    /// context make a secret is looked for in all of it.
    pub(super) fn keep(&self, store: &Store, catalog: Arc<Catalog>, redactor: Arc<Redactor>) {
        let (done, kept) = channel();
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        let (store, hash, text) = (store.clone(), self.hash.clone(), Arc::clone(&self.text));
        thread::spawn(move || {
            if matches!(store.script(&hash), Ok(None)) {
                let text = Secrets::new(catalog, redactor).replace_secrets(&text);
                // Where the store refuses this, it refuses a call too, which is where it is reported.
                let _ = store.keep_script(hash, text);
            }
            drop(done);
        });
    }

    /// Waits until it is kept, so long at most.
    pub(super) fn wait(&self, limit: Duration) {
        let kept = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(kept) = kept {
            let _ = kept.recv_timeout(limit);
        }
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
