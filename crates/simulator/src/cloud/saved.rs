//! A world in a file: what a rehearsal begins from, and what is left of it.

use crate::cloud::world::World;

/// How many faults of a file are told at once.
const TOLD: usize = 10;

/// A world that was read from a file.
#[derive(Debug, Clone)]
pub struct SavedState(pub(crate) World);

impl SavedState {
    /// The same with another seed for all ids, durations and chances to come.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.0.ids.reseed(seed);
        self
    }

    /// Reads a world from the JSON that [`crate::Simulator::saved`] writes, or that a person has written: parts that are absent are
    /// as in a new cloud. An error says where it is: by path, line and column, or by the
    /// name of the list and the id.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let world: World = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            // Serde names Rust's types.
            let problem = error.into_inner().to_string().replace("expected struct ", "expected an object: ");
            if path == "." { problem } else { format!("{path}: {problem}") }
        })?;
        reader.end().map_err(|error| error.to_string())?;
        let problems = world.problems();
        if problems.is_empty() {
            return Ok(Self(world));
        }
        let more = problems.len().saturating_sub(TOLD);
        let mut told: Vec<String> = problems.into_iter().take(TOLD).collect();
        if more > 0 {
            told.push(format!("and {more} more"));
        }
        Err(format!("what it says does not fit together:\n  {}", told.join("\n  ")))
    }
}
