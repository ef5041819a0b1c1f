//! What a script finds of the run that it is: which it is, and what it is given.

use cumulua_core::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, PipeReader, Read, Write as _};
use std::thread;

/// A parameter's value, as a person gives it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenValue {
    /// The value; of one that is written without quotes its text.
    pub value: Json,
    /// Whether the value stands on the command line, where others can read it.
    pub is_literal: bool,
}

impl fmt::Debug for GivenValue {
    /// It may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenValue").finish_non_exhaustive()
    }
}

/// Secrets by the names of their parameters.
pub type SecretParams = BTreeMap<String, Secret>;

/// What is handed to a run may take so much, in bytes.
const LARGEST: u64 = 1 << 20;

/// Hands secrets on to a process that is about to begin: what is to be its standard input.
pub fn hand_on(secrets: &SecretParams) -> io::Result<PipeReader> {
    let opened: BTreeMap<&str, &str> = secrets
        .iter()
        .map(|(name, secret)| (name.as_str(), secret.expose()))
        .collect();
    let text = serde_json::to_vec(&opened)?;
    let (reader, mut writer) = io::pipe()?;
    // A pipe holds less than there may be. Where the process does not begin, the reader is gone.
    thread::Builder::new().spawn(move || drop(writer.write_all(&text)))?;
    Ok(reader)
}

/// Takes what was handed on, from the process's standard input, which nothing else may read.
pub fn take(input: impl Read) -> io::Result<SecretParams> {
    let mut text = Vec::new();
    input.take(LARGEST).read_to_end(&mut text)?;
    let opened: BTreeMap<String, String> = serde_json::from_slice(&text)?;
    let secrets = opened.into_iter();
    Ok(secrets
        .map(|(name, secret)| (name, Secret::new(secret)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::{SecretParams, hand_on, take};
    use cumulua_core::secret::Secret;

    #[test]
    fn secrets_of_any_length_arrive_as_they_were() {
        for text in ["", "a \"b\"\n", &"x".repeat(200_000)] {
            let secrets = SecretParams::from([("Password".to_owned(), Secret::new(text))]);
            let taken = take(hand_on(&secrets).unwrap()).unwrap();
            assert_eq!(taken["Password"].expose(), text);
        }
    }
}
