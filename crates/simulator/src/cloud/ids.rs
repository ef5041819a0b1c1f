//! Ids and chance, both functions of the seed, so that two runs of one script meet the same cloud.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Makes ids: the same ones in the same order for the same seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Ids {
    seed: u64,
    /// How many were made.
    made: u64,
    /// The last number of each kind that counts.
    numbers: BTreeMap<String, u64>,
}

impl Default for Ids {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            made: 0,
            numbers: BTreeMap::new(),
        }
    }

    /// Goes on with another seed.
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.seed = seed;
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The next UUID.
    pub(crate) fn uuid(&mut self) -> String {
        self.made += 1;
        uuid(self.seed, "resource", self.made)
    }

    /// The next id of the form `ins-72ys37squwzemjlx`.
    pub(crate) fn short(&mut self, prefix: &str) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        self.made += 1;
        let bytes = digest(self.seed, "short", self.made);
        let text: String = bytes[..16]
            .iter()
            .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
            .collect();
        format!("{prefix}-{text}")
    }

    /// The next hardware address, with the vendor prefix of the document's examples.
    pub(crate) fn mac(&mut self) -> String {
        self.made += 1;
        let bytes = digest(self.seed, "mac", self.made);
        format!(
            "00:50:56:{:02x}:{:02x}:{:02x}",
            bytes[0], bytes[1], bytes[2]
        )
    }

    /// The next number of a kind that counts from `first` and that `is_taken` does not know.
    pub(crate) fn number(&mut self, kind: &str, first: u64, is_taken: impl Fn(u64) -> bool) -> u64 {
        let mut number = self.numbers.get(kind).map_or(first, |last| last + 1);
        while is_taken(number) {
            number += 1;
        }
        self.numbers.insert(kind.to_owned(), number);
        number
    }
}

/// The `number`th UUID of a `purpose`.
pub(crate) fn uuid(seed: u64, purpose: &str, number: u64) -> String {
    let bytes = digest(seed, purpose, number);
    let mut id = [0; 16];
    id.copy_from_slice(&bytes[..16]);
    uuid::Builder::from_random_bytes(id).into_uuid().to_string()
}

/// A number from 0 up to 1: the `number`th draw of a `purpose`.
pub(crate) fn fraction(seed: u64, purpose: &str, number: u64) -> f64 {
    let bytes = digest(seed, purpose, number);
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[..4]);
    f64::from(u32::from_be_bytes(word)) / (f64::from(u32::MAX) + 1.0)
}

fn digest(seed: u64, purpose: &str, number: u64) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(purpose.as_bytes());
    hash.update(number.to_be_bytes());
    hash.finalize().into()
}

/// Whether an id has the form of a UUID.
pub(crate) fn is_uuid(id: &str) -> bool {
    id.len() == 36 && uuid::Uuid::parse_str(id).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{Ids, fraction, uuid};

    #[test]
    fn the_seed_decides_every_id() {
        let (mut one, mut same, mut other) = (Ids::new(7), Ids::new(7), Ids::new(8));
        let id = one.uuid();
        assert_eq!(id, same.uuid());
        assert_ne!(id, other.uuid());
        assert_eq!(
            (one.mac(), one.short("ins")),
            (same.mac(), same.short("ins"))
        );
        assert_eq!(one.short("disk").len(), "disk-".len() + 16);
    }

    #[test]
    fn ids_are_uuids_and_chance_stays_below_one() {
        assert!(uuid::Uuid::parse_str(&uuid(1, "request", 1)).is_ok());
        assert!((0..1000).all(|n| (0.0..1.0).contains(&fraction(3, "x", n))));
    }

    #[test]
    fn numbers_count_by_kind_and_pass_over_what_is_there() {
        let mut ids = Ids::new(1);
        assert_eq!(
            (
                ids.number("tag", 257, |_| false),
                ids.number("tag", 257, |number| number < 300)
            ),
            (257, 300)
        );
        assert_eq!(ids.number("order", 1, |_| false), 1);
        let read: Ids = serde_json::from_str(&serde_json::to_string(&ids).unwrap()).unwrap();
        assert_eq!(read, ids);
    }
}
