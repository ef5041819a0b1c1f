//! Signing, in the schemes of the three clouds.
//!
//! `cds` and `pop` differ only in the key: Capital Online's document says "secret plus &", but its
//! own sample code, its Go and Python clients and its corrected document all use the bare secret,
//! and so do we.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use cumulua_core::catalog::Scheme;
use cumulua_core::secret::{REDACTED, Secret};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::Sha256;
use std::fmt;

/// Everything but the unreserved characters of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A text as it stands in a query or in a path.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The host and the path that `sigv2` signs; the other schemes sign neither.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    /// `http` or `https`.
    pub scheme: &'a str,
    /// The host, without its port.
    pub host: &'a str,
    /// The port, where the URL gives one.
    pub port: Option<u16>,
    /// The path.
    pub path: &'a str,
}

/// A secret key, made ready to sign with: HMAC's first steps depend on the key alone.
pub struct Key {
    scheme: Scheme,
    sha1: Hmac<Sha1>,
    sha256: Hmac<Sha256>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Key {
    /// The key of a scheme.
    pub fn new(scheme: Scheme, secret: &Secret) -> Self {
        let whole = if scheme == Scheme::Pop {
            Secret::new(format!("{}&", secret.expose()))
        } else {
            secret.clone()
        };
        let bytes = whole.expose().as_bytes();
        let sha1 = Hmac::new_from_slice(bytes).expect("HMAC takes a key of any length");
        let sha256 = Hmac::new_from_slice(bytes).expect("HMAC takes a key of any length");
        Self {
            scheme,
            sha1,
            sha256,
        }
    }
}

/// What signing gives.
pub struct Signed {
    /// What was signed; it holds the parameters, so it must not be logged.
    pub string_to_sign: String,
    /// The signature in Base64.
    pub signature: String,
    /// The canonical query: the pairs as they travel, without the signature.
    pub query: String,
}

/// Signs the pairs.
pub fn sign<N: AsRef<str>, V: AsRef<str>>(
    key: &Key,
    method: &str,
    address: Address<'_>,
    pairs: &[(N, V)],
) -> Signed {
    let query = canonical_query(pairs);
    match key.scheme {
        Scheme::Cds | Scheme::Pop => {
            let mut text = String::with_capacity(query.len() * 3 / 2 + 8);
            text.push_str(method);
            text.push_str("&%2F&");
            text.extend(utf8_percent_encode(&query, ESCAPED));
            Signed {
                signature: code(&key.sha1, &text),
                string_to_sign: text,
                query,
            }
        }
        Scheme::Sigv2 => {
            let path = if address.path.is_empty() {
                "/"
            } else {
                address.path
            };
            let text = format!("{method}\n{}\n{path}\n{query}", host_to_sign(address));
            let wants_sha1 = pairs.iter().any(|(name, value)| {
                name.as_ref() == "SignatureMethod" && value.as_ref() == "HmacSHA1"
            });
            let signature = if wants_sha1 {
                code(&key.sha1, &text)
            } else {
                code(&key.sha256, &text)
            };
            Signed {
                string_to_sign: text,
                signature,
                query,
            }
        }
    }
}

/// Pairs sorted by name in byte order, encoded by RFC 3986 and joined.
fn canonical_query<N: AsRef<str>, V: AsRef<str>>(pairs: &[(N, V)]) -> String {
    let mut sorted: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (name.as_ref(), value.as_ref()))
        .collect();
    sorted.sort_by_key(|(name, _)| name.as_bytes());
    let mut query = String::with_capacity(
        sorted
            .iter()
            .map(|(name, value)| name.len() + value.len() + 8)
            .sum(),
    );
    for (name, value) in sorted {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, ESCAPED));
        query.push('=');
        query.extend(utf8_percent_encode(value, ESCAPED));
    }
    query
}

/// The query with its signature, as it travels.
pub fn with_signature(signed: &Signed) -> String {
    let mut query = String::with_capacity(signed.query.len() + 48);
    query.push_str(&signed.query);
    query.push_str("&Signature=");
    query.extend(utf8_percent_encode(&signed.signature, ESCAPED));
    query
}

/// Lower case, and the port only where it is not the scheme's own.
fn host_to_sign(address: Address<'_>) -> String {
    let host = address.host.to_ascii_lowercase();
    match (address.scheme, address.port) {
        (_, None) | ("http", Some(80)) | ("https", Some(443)) => host,
        (_, Some(port)) => format!("{host}:{port}"),
    }
}

fn code<M: Mac + Clone>(key: &M, text: &str) -> String {
    BASE64_STANDARD.encode(key.clone().chain_update(text).finalize().into_bytes())
}
