//! What a script writes to its standard streams, for the history.

use super::base::Gate;
use super::recorder::{OutputStream, RunRecorder};
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

    /// A standard stream of one of the script's processes.
    pub fn process_output(&self, stream: OutputStream) -> ProcessOutput {
        ProcessOutput {
            recorder: self.recorder.clone(),
            stream,
            text: RedactedStream::new(Arc::clone(&self.parts.redactor)),
        }
    }
}

/// A standard stream of a process on its way through the run, which records it and takes out the
/// secrets that it knows.
pub struct ProcessOutput {
    recorder: Option<Arc<dyn RunRecorder>>,
    stream: OutputStream,
    text: RedactedStream,
}

impl ProcessOutput {
    /// Takes a piece; gives what is to be written in its place.
    pub fn push(&mut self, piece: &[u8]) -> String {
        let text = self.text.push(piece);
        self.record(text)
    }

    /// What is left at the end.
    pub fn finish(&mut self) -> String {
        let text = self.text.finish();
        self.record(text)
    }

    fn record(&self, text: String) -> String {
        match &self.recorder {
            Some(recorder) => recorder.process_output(self.stream, text),
            None => text,
        }
    }
}
