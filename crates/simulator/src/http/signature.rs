//! The simulator's own reading of the three signing schemes, written apart from the client's so
//! that each checks the other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use std::borrow::Cow;
use std::fmt::Write as _;

/// A name and its value, decoded; most of them are read where they stand.
pub(crate) type Pair<'r> = (Cow<'r, str>, Cow<'r, str>);

/// A digest that a scheme allows, and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digest {
    Sha1,
    Sha256,
    /// SHA-256 in hexadecimal, under Alibaba's newer signature.
    Acs3,
}

/// What Capital Online and Alibaba sign: the method, a slash whatever the path is, and the
/// parameters.
pub(crate) fn pop_string<T: AsRef<str>>(method: &str, pairs: &[(T, T)]) -> String {
    let canonical = canonical(pairs);
    let mut text = String::with_capacity(method.len() + 5 + canonical.len() * 3 / 2);
    text.extend([method, "&%2F&"]);
    encode_into(&mut text, &canonical);
    text
}

/// What signature version 2 signs: the address too.
pub(crate) fn sigv2_string<T: AsRef<str>>(
    method: &str,
    host: &str,
    path: &str,
    pairs: &[(T, T)],
) -> String {
    let path = if path.is_empty() { "/" } else { path };
    format!(
        "{method}\n{}\n{path}\n{}",
        host.to_lowercase(),
        canonical(pairs)
    )
}

/// Whether a signature is that of `text`, in constant time.
pub(crate) fn fits(digest: Digest, key: &str, text: &str, signature: &str) -> bool {
    let given = if digest == Digest::Acs3 {
        decode_hex(signature)
    } else {
        STANDARD.decode(signature).ok()
    };
    let Some(given) = given else { return false };
    match digest {
        Digest::Sha1 => {
            mac::<Hmac<Sha1>>(key, text).is_some_and(|mac| mac.verify_slice(&given).is_ok())
        }
        Digest::Sha256 | Digest::Acs3 => {
            mac::<Hmac<Sha256>>(key, text).is_some_and(|mac| mac.verify_slice(&given).is_ok())
        }
    }
}

fn mac<M: Mac + KeyInit>(key: &str, text: &str) -> Option<M> {
    let mut mac = <M as KeyInit>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}

/// Parameters but for the signature, sorted by name, encoded and joined.
pub(crate) fn canonical<T: AsRef<str>>(pairs: &[(T, T)]) -> String {
    let mut sorted: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (name.as_ref(), value.as_ref()))
        .collect();
    sorted.retain(|(name, _)| *name != "Signature");
    sorted.sort_unstable();
    let mut text = String::with_capacity(
        sorted
            .iter()
            .map(|(name, value)| name.len() + value.len() + 8)
            .sum(),
    );
    for (name, value) in sorted {
        if !text.is_empty() {
            text.push('&');
        }
        encode_into(&mut text, name);
        text.push('=');
        encode_into(&mut text, value);
    }
    text
}

/// The bytes that RFC 3986 leaves as they are: letters, digits and `-_.~`. All others are encoded.
const PLAIN: [bool; 256] = {
    let (mut plain, mut byte) = ([false; 256], 0_u8);
    while byte < 128 {
        plain[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        byte += 1;
    }
    plain
};

fn encode_into(encoded: &mut String, text: &str) {
    let is_plain = |byte: u8| PLAIN[usize::from(byte)];
    let mut rest = text;
    while !rest.is_empty() {
        // What need not be encoded is ASCII, so this ends between characters.
        let plain = rest
            .bytes()
            .position(|byte| !is_plain(byte))
            .unwrap_or(rest.len());
        encoded.push_str(&rest[..plain]);
        rest = &rest[plain..];
        let other = rest.bytes().position(is_plain).unwrap_or(rest.len());
        for byte in rest[..other].bytes() {
            let digit = |number: u8| char::from(b"0123456789ABCDEF"[usize::from(number)]);
            encoded.push('%');
            encoded.push(digit(byte >> 4));
            encoded.push(digit(byte & 15));
        }
        rest = &rest[other..];
    }
}

/// A text, encoded, for the tests of this module.
#[cfg(test)]
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    encode_into(&mut encoded, text);
    encoded
}

pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16)
                .ok()
                .filter(|_| pair.len() == 2)
        })
        .collect()
}

/// A signature, for the tests of this module.
#[cfg(test)]
pub(crate) fn signature(digest: Digest, key: &str, text: &str) -> String {
    match digest {
        Digest::Sha1 => STANDARD.encode(
            mac::<Hmac<Sha1>>(key, text)
                .unwrap()
                .finalize()
                .into_bytes(),
        ),
        Digest::Acs3 => encode_hex(
            &mac::<Hmac<Sha256>>(key, text)
                .unwrap()
                .finalize()
                .into_bytes(),
        ),
        Digest::Sha256 => STANDARD.encode(
            mac::<Hmac<Sha256>>(key, text)
                .unwrap()
                .finalize()
                .into_bytes(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{Digest, fits, pop_string, sigv2_string};

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    // The three vectors were computed by the vendors' own clients (aliyun-python-sdk-core, boto,
    // the CDS sample code).

    #[test]
    fn the_pop_scheme_agrees_with_the_vendors_client() {
        let pairs = pairs(&[
            ("Action", "CreateOssInstance"),
            ("AccessKeyId", "AK29673100"),
            ("Format", "json"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureNonce", "2e44158b-dcfb-11e9-bcd1-1c36bbed2c63"),
            ("SignatureVersion", "1.0"),
            ("Timestamp", "2015-09-28T04:18:26Z"),
            ("Version", "2015-03-02"),
        ]);
        let text = pop_string("GET", &pairs);
        assert!(fits(
            Digest::Sha1,
            "E08BC5Df6B4aBC11CbC51B6Db886B660&",
            &text,
            "UpOz1XMMiVydLLKzg97cZ1kzt4E="
        ));
    }

    #[test]
    fn signature_version_2_agrees_with_boto() {
        let pairs = pairs(&[
            ("Action", "DescribeInstances"),
            ("AWSAccessKeyId", "AK09824854"),
            ("SignatureVersion", "2"),
            ("SignatureMethod", "HmacSHA256"),
            ("Timestamp", "2016-09-14T05:48:21.000Z"),
            ("PId0", "*Z|%#!'\n:&<"),
        ]);
        let text = sigv2_string("GET", "mosapi.meituan.com:8883", "/mcs/v1", &pairs);
        assert!(fits(
            Digest::Sha256,
            "5C6B7a3951e262fd",
            &text,
            "fnJ1/vfsEpuuGzxwt6YobW3ZOnC9B2KLnNIV7Mb1n68="
        ));
    }

    #[test]
    fn the_cds_scheme_agrees_with_the_documents_sample() {
        let pairs = pairs(&[
            ("Action", "DescribeTask"),
            ("AccessKeyId", "AK39321318"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureNonce", "8b5ab3ee-dcfb-11e9-bcd1-1c36bbed2c63"),
            ("SignatureVersion", "1.0"),
            ("Timestamp", "2023-04-25T18:20:16Z"),
            ("Version", "2019-08-08"),
            ("Param0", "1[😀~;.}?'Z"),
            ("PZ1", "]\tZ\n__9"),
            ("Param2", "\\,"),
            ("PId3", "<;é(-^^9b"),
            ("Param4", "\n`0#\t9}~ b/ "),
        ]);
        let text = pop_string("GET", &pairs);
        assert!(fits(
            Digest::Sha1,
            "a43fAAc3ca7f2ffCbDb3aea377A38f",
            &text,
            "dVpvHJS2exid33cNJbgN7BaaB8o="
        ));
    }
}
