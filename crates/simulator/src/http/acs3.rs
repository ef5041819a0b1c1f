//! Alibaba's newer signature, `ACS3-HMAC-SHA256`, as its present clients send it: what older ones
//! put into the query stands in headers. The source documents know the older one only; both are let
//! in.

use crate::http::signature::{Pair, canonical, encode_hex};
use bytes::Bytes;
use http::Request;
use sha2::{Digest as _, Sha256};

/// The value of `SignatureMethod`, and how `Authorization` begins.
pub(crate) const METHOD: &str = "ACS3-HMAC-SHA256";

/// The common parameters and the headers that they stand in.
const HEADERS: &[(&str, &str)] = &[
    ("Action", "x-acs-action"),
    ("Version", "x-acs-version"),
    ("SignatureNonce", "x-acs-signature-nonce"),
    ("Timestamp", "x-acs-date"),
];

/// What the headers of a request say that is signed in this way.
#[derive(Debug)]
pub(crate) struct Headers {
    /// The common parameters, by the names that they have in a query.
    pub(crate) common: Vec<(String, String)>,
    /// What must have been signed; none where `Authorization` leaves out a header that it must
    /// cover.
    pub(crate) text: Option<String>,
}

impl Headers {
    /// Reads them; none where the request is not signed in this way.
    pub(crate) fn of(request: &Request<Bytes>, query: &[Pair<'_>]) -> Option<Self> {
        let rest = text(request, "authorization")
            .strip_prefix(METHOD)
            .map(str::to_owned)?;
        let field = |name: &str| {
            let found = rest
                .split(',')
                .filter_map(|field| field.trim().split_once('='))
                .find(|(own, _)| *own == name);
            found.map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        let of_header = |(name, header): &(&str, &str)| ((*name).to_owned(), text(request, header));
        let mut common: Vec<_> = HEADERS.iter().map(of_header).collect();
        let own = [("AccessKeyId", "Credential"), ("Signature", "Signature")];
        common.extend(own.map(|(name, own)| (name.to_owned(), field(own))));
        common.extend(
            [("SignatureMethod", METHOD), ("SignatureVersion", "1.0")]
                .map(|(name, own)| (name.to_owned(), own.to_owned())),
        );
        let signed: Vec<_> = field("SignedHeaders")
            .split(';')
            .map(str::to_owned)
            .collect();
        let text = covers(request, &signed).then(|| string_to_sign(request, query, &signed));
        Some(Self { common, text })
    }
}

/// Whether all that must be signed is: the host and Alibaba's own headers.
fn covers(request: &Request<Bytes>, signed: &[String]) -> bool {
    let own = request
        .headers()
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| name.starts_with("x-acs-"));
    own.chain(["host"])
        .all(|name| signed.iter().any(|known| known == name))
}

fn string_to_sign(request: &Request<Bytes>, query: &[Pair<'_>], signed: &[String]) -> String {
    let headers: Vec<_> = signed
        .iter()
        .map(|name| format!("{name}:{}\n", text(request, name)))
        .collect();
    let lines = [
        request.method().as_str(),
        request.uri().path(),
        &canonical(query),
        &headers.concat(),
        &signed.join(";"),
        &encode_hex(&Sha256::digest(request.body())),
    ];
    format!(
        "{METHOD}\n{}",
        encode_hex(&Sha256::digest(lines.join("\n")))
    )
}

/// A header's values, sorted and joined; empty where there is none.
fn text(request: &Request<Bytes>, name: &str) -> String {
    let mut values: Vec<_> = request
        .headers()
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .map(str::trim)
        .collect();
    values.sort_unstable();
    values.join(",")
}
