//! An effect's place in its run.

use serde::{Serialize, Serializer};
use std::fmt;

/// Where an effect stands in its run: the same in every replay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EffectId {
    /// The coroutine, as the numbers of its ancestors: `0` is the script itself, `0.d` what it
    /// deferred, `i7` a prompt's seventh input.
    pub path: String,
    /// The effect's number in that coroutine, from 1.
    pub number: u64,
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.path, self.number)
    }
}

impl Serialize for EffectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::EffectId;

    #[test]
    fn a_place_is_written_as_path_and_number() {
        let id = EffectId {
            path: "0.2".to_owned(),
            number: 3,
        };
        assert_eq!(
            (id.to_string(), serde_json::to_value(&id).unwrap()),
            ("0.2#3".to_owned(), serde_json::json!("0.2#3"))
        );
    }
}
