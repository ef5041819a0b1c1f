//! Ids and chance, both functions of the seed, so that two runs of one script meet the same cloud.

use sha2::{Digest, Sha256};

/// Makes ids: the same ones in the same order for the same seed.
#[derive(Debug)]
pub(crate) struct Ids {
    seed: u64,
    made: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, made: 0 }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The next UUID.
    pub(crate) fn uuid(&mut self) -> String {
        self.made += 1;
        uuid(self.seed, "resource", self.made)
    }

    /// The next hardware address, with the vendor prefix of the document's examples.
    pub(crate) fn mac(&mut self) -> String {
        self.made += 1;
        let bytes = digest(self.seed, "mac", self.made);
        format!("00:50:56:{:02x}:{:02x}:{:02x}", bytes[0], bytes[1], bytes[2])
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

#[cfg(test)]
mod tests {
    use super::{Ids, fraction, uuid};

    #[test]
    fn the_seed_decides_every_id() {
        let (mut one, mut same, mut other) = (Ids::new(7), Ids::new(7), Ids::new(8));
        let id = one.uuid();
        assert_eq!(id, same.uuid());
        assert_ne!(id, other.uuid());
        assert_eq!(one.mac(), same.mac());
    }

    #[test]
    fn ids_are_uuids_and_chance_stays_below_one() {
        assert!(uuid::Uuid::parse_str(&uuid(1, "request", 1)).is_ok());
        assert!((0..1000).all(|n| (0.0..1.0).contains(&fraction(3, "x", n))));
    }
}
