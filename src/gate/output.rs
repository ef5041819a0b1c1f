//! What a script writes to standard output, for the history.

use super::base::Gate;

impl Gate {
    /// Whether what the script writes to standard output is recorded.
    pub fn wants_output(&self) -> bool {
        self.recorder
            .as_ref()
            .is_some_and(|recorder| recorder.wants_output())
    }

    /// Whether what the script's processes write must go through the run.
    pub fn captures_processes(&self) -> bool {
        self.recorder
            .as_ref()
            .is_some_and(|recorder| recorder.captures_processes())
    }

    /// What the script writes to standard output; gives what is to be written in its place.
    pub fn output(&self, text: String) -> String {
        match &self.recorder {
            Some(recorder) => recorder.output(text),
            None => text,
        }
    }
}
