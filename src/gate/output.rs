//! What a script writes to its standard streams, for the history.

use super::base::Gate;
use super::recorder::OutputStream;
use cumulua_core::secret::RedactedStream;
use std::sync::Arc;

impl Gate {
    /// Whether what the script's processes write must go through the run.
    pub fn captures_processes(&self) -> bool {
        self.recorder
            .as_ref()
            .is_some_and(|recorder| recorder.captures_processes())
    }

    /// What the script writes to a standard stream; gives what is to be written in its place, if
    /// that is something else.
    pub fn output(&self, stream: OutputStream, text: &[u8]) -> Option<String> {
        let recorder = self.recorder.as_ref()?;
        recorder
            .wants_output()
            .then(|| recorder.output(stream, text))
            .flatten()
    }

    /// What is still to be written at the end.
    pub fn rest_of_output(&self, stream: OutputStream) -> String {
        self.recorder
            .as_ref()
            .map(|recorder| recorder.rest_of_output(stream))
            .unwrap_or_default()
    }

    /// Takes the secrets known to the run out of a text that comes in pieces.
    pub fn redacted_stream(&self) -> RedactedStream {
        RedactedStream::new(Arc::clone(&self.parts.redactor))
    }
}
