//! What the editor's thread asks of the session's, which alone may look into the VM.

use super::candidate::Knowledge;
use crate::config::Profiles;
use crate::lua::inspect::{InAnswer, Inspected, PathStep};
use crate::lua::session::Session;
use cumulua_core::catalog::Catalog;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// A job that keeps the VM busy must not keep the keys waiting.
const PATIENCE: Duration = Duration::from_millis(100);

/// What the editor asks of the session.
pub(in crate::repl) enum Ask {
    Names(mpsc::Sender<Vec<(String, String)>>),
    Inspect {
        root: String,
        steps: Vec<PathStep>,
        answer: mpsc::Sender<(Inspected, Option<InAnswer>)>,
    },
}

impl Ask {
    /// Answers from the session; an editor that does not wait any more is no fault.
    pub(in crate::repl) fn answer(self, session: &Session) {
        let _ = match self {
            Self::Names(answer) => answer.send(session.names()).is_ok(),
            Self::Inspect {
                root,
                steps,
                answer,
            } => answer.send(session.inspect(&root, &steps)).is_ok(),
        };
    }
}

/// What completion knows: the catalogue here, the VM's values through the session's thread.
pub(in crate::repl) struct Remote {
    pub(in crate::repl) asks: UnboundedSender<Ask>,
    pub(in crate::repl) catalog: Arc<Catalog>,
    pub(in crate::repl) profiles: Arc<Profiles>,
    pub(in crate::repl) folder: PathBuf,
}

impl Knowledge for Remote {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn profiles(&self) -> Vec<String> {
        self.profiles.names().unwrap_or_default()
    }

    fn names(&self) -> Vec<(String, String)> {
        let (answer, answered) = mpsc::channel();
        let _ = self.asks.send(Ask::Names(answer));
        let found = answered.recv_timeout(PATIENCE);
        found.unwrap_or_else(|_| {
            self.catalog
                .products()
                .into_iter()
                .map(|name| (name.clone(), name))
                .collect()
        })
    }

    fn inspect(&self, root: &str, steps: &[PathStep]) -> (Inspected, Option<InAnswer>) {
        let (answer, answered) = mpsc::channel();
        let _ = self.asks.send(Ask::Inspect {
            root: root.to_owned(),
            steps: steps.to_vec(),
            answer,
        });
        answered
            .recv_timeout(PATIENCE)
            .unwrap_or((Inspected::Other, None))
    }
}
