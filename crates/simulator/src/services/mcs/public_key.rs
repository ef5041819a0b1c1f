//! RSA public keys in OpenSSH's format: their fingerprints, and what they encrypt.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use num_bigint::BigUint;
use sha1::Sha1;

/// The only kind: first passwords are encrypted with it.
const KIND: &[u8] = b"ssh-rsa";

/// The smallest modulus in bytes that a password and its padding have room in.
const LEAST_SIZE: usize = 64;

/// An RSA public key.
pub(super) struct PublicKey {
    blob: Vec<u8>,
    exponent: BigUint,
    modulus: BigUint,
}

impl PublicKey {
    /// From one line: type, Base64 data and, where there is one, a comment.
    pub(super) fn parse(line: &str) -> Result<Self, &'static str> {
        let mut parts = line.split_whitespace();
        if parts.next().map(str::as_bytes) != Some(KIND) {
            return Err("it is not a public key of the type ssh-rsa in OpenSSH's format");
        }
        let blob = parts
            .next()
            .and_then(|data| STANDARD.decode(data).ok())
            .ok_or("the key's data is not Base64")?;
        let mut rest = blob.as_slice();
        let mut next = || {
            let (size, data) = rest.split_first_chunk::<4>()?;
            let (field, after) =
                data.split_at_checked(usize::try_from(u32::from_be_bytes(*size)).ok()?)?;
            rest = after;
            Some(field)
        };
        let fields = (next(), next(), next());
        let (Some(KIND), Some(exponent), Some(modulus)) = fields else {
            return Err("the key's data is cut short or of another type");
        };
        let (exponent, modulus) = (
            BigUint::from_bytes_be(exponent),
            BigUint::from_bytes_be(modulus),
        );
        if modulus.to_bytes_be().len() < LEAST_SIZE || exponent.bits() == 0 {
            return Err("the key is too short");
        }
        Ok(Self {
            blob,
            exponent,
            modulus,
        })
    }

    /// The key without its comment, which names a person.
    pub(super) fn line(&self) -> String {
        format!("ssh-rsa {}", STANDARD.encode(&self.blob))
    }

    /// MD5 of the key's data: hexadecimal pairs joined by colons.
    pub(super) fn fingerprint(&self) -> String {
        let pairs: Vec<_> = Md5::digest(&self.blob)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        pairs.join(":")
    }

    /// Encrypts a short text by PKCS #1 OAEP with SHA-1, in Base64, as a client of the vendor
    /// decrypts it; `seed` is what makes each cipher another.
    pub(super) fn encrypt(&self, text: &str, seed: &str) -> String {
        let size = self.modulus.to_bytes_be().len();
        let mut seed: Vec<u8> = Sha1::digest(seed).to_vec();
        let mut data: Vec<u8> = Sha1::digest([]).to_vec();
        data.resize(size.saturating_sub(seed.len() + text.len() + 2), 0);
        data.push(1);
        data.extend(text.bytes());
        mask(&mut data, &seed);
        mask(&mut seed, &data);
        let block = [&[0], seed.as_slice(), &data].concat();
        let cipher = BigUint::from_bytes_be(&block)
            .modpow(&self.exponent, &self.modulus)
            .to_bytes_be();
        let mut whole = vec![0; size.saturating_sub(cipher.len())];
        whole.extend(cipher);
        STANDARD.encode(whole)
    }
}

/// Masks bytes by MGF1 with SHA-1; a second time takes the mask off.
fn mask(bytes: &mut [u8], seed: &[u8]) {
    for (number, part) in (0_u32..).zip(bytes.chunks_mut(Sha1::output_size())) {
        let block = Sha1::new()
            .chain_update(seed)
            .chain_update(number.to_be_bytes())
            .finalize();
        part.iter_mut()
            .zip(block)
            .for_each(|(byte, other)| *byte ^= other);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Digest as _, PublicKey, Sha1, mask};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use num_bigint::BigUint;

    /// Made by ssh-keygen for these tests.
    pub(in super::super) const LINE: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC/wdHnVs2/ZfXUlqMpZ3wAvDhAcLSsT7RBcLpcDM6adX+okmy4+WZp7cYqs\
        /QsvHq98PMseD8OFhd5yztaEC23SYU7eVo+w5KQpvKTLnvVPtJTmurYkJogEHKvTNjpMXalH60gXDQpfZGl+N4VSbFTC55gn6t/GlgzaTAeYVxsgw== qj@dog";
    /// As ssh-keygen tells it.
    pub(in super::super) const FINGERPRINT: &str =
        "21:0e:f0:e4:cf:9e:28:6e:f2:fc:b7:ed:70:6b:15:c7";
    const PRIVATE_EXPONENT: &str = "91ff963b9701ac1a8b634316136e3121b62cf61359dc600b145029f3efe45601e4228ae9b0a462ef8014036b641bb39d98\
        849e015bc4568b477079e6449a50d30c946031f3543fa75703a86cec9b6f38b3c730084b83d06b2f3b62c95ced2c74a3786bb20d10ba215a7c8c0eece9b2ab\
        5d52e979671ea6839b5f3a73ccfcd901";

    /// What the owner of the key reads.
    pub(in super::super) fn decrypt(cipher: &str) -> String {
        let key = PublicKey::parse(LINE).unwrap();
        let exponent = BigUint::parse_bytes(PRIVATE_EXPONENT.as_bytes(), 16).unwrap();
        let block = BigUint::from_bytes_be(&STANDARD.decode(cipher).unwrap())
            .modpow(&exponent, &key.modulus)
            .to_bytes_be();
        // The first byte is a zero, which a number does not have.
        let block = [vec![0; 127 - block.len()], block].concat();
        let (mut seed, mut data) = (block[..20].to_vec(), block[20..].to_vec());
        mask(&mut seed, &data);
        mask(&mut data, &seed);
        assert_eq!(data[..20], Sha1::digest([])[..], "{data:?}");
        let end = 20 + data[20..].iter().position(|byte| *byte != 0).unwrap();
        assert_eq!(data[end], 1);
        String::from_utf8(data[end + 1..].to_vec()).unwrap()
    }

    #[test]
    fn only_whole_rsa_keys_are_keys() {
        for line in [
            "",
            "ssh-rsa",
            "ssh-rsa AAAAB3Nza...OVL+2Y7R+qj@dog",
            "ssh-rsa AAAAB3NzaC1yc2E=",
            "ssh-ed25519 AAAA dog",
        ] {
            assert!(PublicKey::parse(line).is_err(), "{line}");
        }
        assert_eq!(PublicKey::parse(LINE).unwrap().fingerprint(), FINGERPRINT);
    }

    #[test]
    fn the_owner_reads_what_was_encrypted() {
        assert_eq!(
            decrypt(
                &PublicKey::parse(LINE)
                    .unwrap()
                    .encrypt("jwFN2C3Ngmgu", "seed")
            ),
            "jwFN2C3Ngmgu"
        );
    }
}
