//! What every request passes first: keys, signatures, timestamps and nonces, before anything is looked at.

use crate::cloud::refusal::Refusal;
use crate::http::acs3;
use crate::http::request::{ALIYUN_VERSIONS, CDS_VERSION, Incoming, Product};
use crate::http::signature::{self, Digest};
use jiff::{SignedDuration, Timestamp};
use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// How far a request's time may be from the cloud's, either way.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// The account that may call.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// Who may come in, and the nonces that have.
pub(crate) struct Authenticator {
    key: Key,
    nonces: HashSet<Arc<str>>,
    /// The same in the order of their coming, to be forgotten.
    coming: VecDeque<(Timestamp, Arc<str>)>,
}

impl Authenticator {
    pub(crate) fn new(key: Key) -> Self {
        Self {
            key,
            nonces: HashSet::new(),
            coming: VecDeque::new(),
        }
    }

    /// Verifies a request that arrives at `now`.
    pub(crate) fn admit(&mut self, incoming: &Incoming, now: Timestamp) -> Result<(), Refusal> {
        let product = incoming.product;
        for name in common_parameters(product) {
            if incoming.get(name).is_none_or(str::is_empty) {
                return Err(Refusal::new(
                    "MissingParameter",
                    format!("The common parameter {name} is required"),
                ));
            }
        }
        let (key_name, digest, version) = scheme(product, incoming)?;
        if incoming.get(key_name) != Some(self.key.id.as_str()) {
            return Err(Refusal::new(
                "InvalidAccessKeyId.NotFound",
                "There is no such access key",
            ));
        }
        expect(
            incoming,
            "SignatureVersion",
            version,
            "InvalidSignatureMethod",
        )?;
        match product {
            Product::Cds => expect(incoming, "Version", CDS_VERSION, "InvalidVersion")?,
            Product::Aliyun => known_version(incoming)?,
            Product::Mcs => {}
        }
        timely(product, incoming.get("Timestamp").unwrap_or_default(), now)?;
        let (secret, texts) = self.signed_texts(product, digest, incoming);
        let given = incoming.get("Signature").unwrap_or_default();
        if !texts
            .iter()
            .any(|text| signature::fits(digest, &secret, text, given))
        {
            return Err(mismatch(product, &texts));
        }
        self.once(incoming, now)
    }

    /// The key of the signature, and the texts that may have been signed.
    fn signed_texts(
        &self,
        product: Product,
        digest: Digest,
        incoming: &Incoming,
    ) -> (Cow<'_, str>, Vec<String>) {
        let (pairs, secret) = (incoming.signed(), &self.key.secret);
        match product {
            Product::Cds => (
                secret.into(),
                vec![signature::pop_string(incoming.method, &pairs)],
            ),
            Product::Aliyun if digest == Digest::Acs3 => {
                let text = incoming
                    .acs3
                    .as_ref()
                    .and_then(|headers| headers.text.clone());
                (secret.into(), text.into_iter().collect())
            }
            Product::Aliyun => (
                format!("{secret}&").into(),
                vec![signature::pop_string(incoming.method, &pairs)],
            ),
            Product::Mcs => {
                // Some clients sign the host without its port.
                let host = incoming.host();
                let bare = host.rsplit_once(':').map(|(host, _)| host);
                let hosts = [Some(host.as_str()), bare].into_iter().flatten();
                let texts = hosts.map(|host| {
                    signature::sigv2_string(incoming.method, host, incoming.path, &pairs)
                });
                (secret.into(), texts.collect())
            }
        }
    }

    /// Lets each nonce in once. A timestamp can be a window ahead, so a nonce is remembered for
    /// two.
    fn once(&mut self, incoming: &Incoming, now: Timestamp) -> Result<(), Refusal> {
        let Some(nonce) = incoming.get("SignatureNonce") else {
            return Ok(());
        };
        while let Some((_, old)) = self
            .coming
            .pop_front_if(|(seen, _)| now.duration_since(*seen) > WINDOW * 2)
        {
            self.nonces.remove(&old);
        }
        if self.nonces.contains(nonce) {
            return Err(Refusal::new(
                "SignatureNonceUsed",
                "This nonce has been used; every attempt needs a fresh one",
            ));
        }
        let nonce: Arc<str> = nonce.into();
        self.nonces.insert(Arc::clone(&nonce));
        self.coming.push_back((now, nonce));
        Ok(())
    }
}

/// The refusal of a signature that is not right. Alibaba tells what it has signed itself, with a
/// status of its own, and its clients compare.
fn mismatch(product: Product, texts: &[String]) -> Refusal {
    const CODE: &str = "SignatureDoesNotMatch";
    match (product, texts) {
        (Product::Aliyun, [text, ..]) => {
            let told =
                "Specified signature is not matched with our calculation. server string to sign is";
            Refusal::new(CODE, format!("{told}:{text}")).with_status(400)
        }
        (Product::Aliyun, []) => Refusal::new(
            CODE,
            "SignedHeaders must have host and every header that begins with x-acs-",
        )
        .with_status(400),
        _ => Refusal::new(CODE, "The signature is not the one computed here"),
    }
}

fn common_parameters(product: Product) -> &'static [&'static str] {
    match product {
        Product::Cds | Product::Aliyun => &[
            "Action",
            "AccessKeyId",
            "Signature",
            "SignatureMethod",
            "SignatureVersion",
            "SignatureNonce",
            "Timestamp",
            "Version",
        ],
        Product::Mcs => &[
            "Action",
            "AWSAccessKeyId",
            "Signature",
            "SignatureMethod",
            "SignatureVersion",
            "Timestamp",
        ],
    }
}

/// The key's parameter, the digest and the signature's version.
fn scheme(
    product: Product,
    incoming: &Incoming,
) -> Result<(&'static str, Digest, &'static str), Refusal> {
    let method = incoming.get("SignatureMethod").unwrap_or_default();
    match (product, method) {
        // The OSS document's sample calls write it in the second way.
        (Product::Cds | Product::Aliyun, "HMAC-SHA1") | (Product::Aliyun, "Hmac-SHA1") => {
            Ok(("AccessKeyId", Digest::Sha1, "1.0"))
        }
        (Product::Aliyun, acs3::METHOD) if incoming.acs3.is_some() => {
            Ok(("AccessKeyId", Digest::Acs3, "1.0"))
        }
        (Product::Mcs, "HmacSHA1") => Ok(("AWSAccessKeyId", Digest::Sha1, "2")),
        (Product::Mcs, "HmacSHA256") => Ok(("AWSAccessKeyId", Digest::Sha256, "2")),
        _ => Err(Refusal::new(
            "InvalidSignatureMethod",
            format!("SignatureMethod {method:?} is not supported"),
        )),
    }
}

fn expect(
    incoming: &Incoming,
    name: &str,
    expected: &str,
    code: &'static str,
) -> Result<(), Refusal> {
    match incoming.get(name) {
        Some(given) if given == expected => Ok(()),
        _ => Err(Refusal::new(code, format!("{name} must be {expected}"))),
    }
}

fn known_version(incoming: &Incoming) -> Result<(), Refusal> {
    let version = incoming.get("Version").unwrap_or_default();
    if ALIYUN_VERSIONS.iter().any(|(known, _)| *known == version) {
        return Ok(());
    }
    let known: Vec<_> = ALIYUN_VERSIONS
        .iter()
        .map(|(known, service)| format!("{known} ({service})"))
        .collect();
    Err(Refusal::new(
        "InvalidVersion",
        format!(
            "Specified parameter Version is not valid. Here are {}",
            known.join(", ")
        ),
    ))
}

fn timely(product: Product, text: &str, now: Timestamp) -> Result<(), Refusal> {
    // One client of Capital Online writes three digits more behind the seconds, which its gateway
    // takes.
    let shortened = text
        .strip_suffix("000Z")
        .filter(|rest| product == Product::Cds && rest.len() == 19)
        .map(|rest| format!("{rest}Z"));
    let text = shortened.as_deref().unwrap_or(text);
    // `2019-08-08T12:00:00Z`; Meituan's has milliseconds.
    let well_formed = text.ends_with('Z') && (product == Product::Mcs || text.len() == 20);
    let time = text.parse::<Timestamp>().ok().filter(|_| well_formed);
    let Some(time) = time else {
        return Err(Refusal::new(
            "InvalidTimeStamp.Format",
            "Timestamp must be in UTC, as YYYY-MM-DDThh:mm:ssZ",
        ));
    };
    if now.duration_since(time).abs() > WINDOW {
        let message = format!("Timestamp is more than 15 minutes from the server's time, {now:.0}");
        return Err(Refusal::new("InvalidTimeStamp.Expired", message));
    }
    Ok(())
}
