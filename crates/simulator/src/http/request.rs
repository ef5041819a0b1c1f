//! A request as the cloud reads it: which product it is for, and its pairs.

use crate::http::acs3;
use crate::http::form::Form;
use crate::http::signature::Pair;
use bytes::Bytes;
use http::{Request, header};
use std::borrow::Cow;

/// The product that a request is for; all of them answer on one port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    Cds,
    Aliyun,
    Mcs,
}

/// The versions of Alibaba's three services.
pub(crate) const ALIYUN_VERSIONS: &[(&str, &str)] = &[
    ("2015-03-02", "aliyun.oss_admin"),
    ("2017-07-05", "aliyun.sas"),
    ("2016-11-11", "aliyun.aegis"),
];

/// The version of Capital Online's API.
pub(crate) const CDS_VERSION: &str = "2019-08-08";

/// The format in which an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
}

/// A request, taken apart.
#[derive(Debug)]
pub(crate) struct Incoming<'r> {
    request: &'r Request<Bytes>,
    pub(crate) product: Product,
    pub(crate) method: &'r str,
    pub(crate) path: &'r str,
    query: Vec<Pair<'r>>,
    /// The pairs of a form body; empty where the body is something else.
    form: Vec<Pair<'r>>,
    pub(crate) body: &'r Bytes,
    /// Its body, where that is a form with a file.
    pub(crate) upload: Option<&'r Form>,
    /// What its headers say, where it has Alibaba's newer signature.
    pub(crate) acs3: Option<acs3::Headers>,
}

impl<'r> Incoming<'r> {
    pub(crate) fn new(request: &'r Request<Bytes>) -> Self {
        let is_form = text_header(request, &header::CONTENT_TYPE)
            .starts_with("application/x-www-form-urlencoded");
        let query = pairs(request.uri().query().unwrap_or_default().as_bytes());
        let mut incoming = Self {
            request,
            product: Product::Cds,
            acs3: acs3::Headers::of(request, &query),
            method: request.method().as_str(),
            path: request.uri().path(),
            query,
            form: if is_form {
                pairs(request.body())
            } else {
                Vec::new()
            },
            body: request.body(),
            upload: request.extensions().get(),
        };
        incoming.product = incoming.find_product();
        incoming
    }

    fn find_product(&self) -> Product {
        if self.get("AWSAccessKeyId").is_some() {
            Product::Mcs
        } else if self.acs3.is_some() || self.has_version_of_alibaba() {
            Product::Aliyun
        } else {
            Product::Cds
        }
    }

    /// Whether its version is one of Alibaba's, or at Alibaba's path none that Capital Online has.
    fn has_version_of_alibaba(&self) -> bool {
        let is_known = |version: &str| ALIYUN_VERSIONS.iter().any(|(known, _)| *known == version);
        let is_at_root = self.path.trim_end_matches('/').is_empty();
        self.get("Version")
            .is_some_and(|version| is_known(version) || is_at_root && version != CDS_VERSION)
    }

    /// A common parameter out of the headers, otherwise a parameter of the query or of the form.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let common = self
            .acs3
            .as_ref()
            .map_or(&[][..], |headers| &headers.common);
        let common = common
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str());
        let mut pairs = self.query.iter().chain(&self.form);
        common.or_else(|| {
            pairs
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_ref())
        })
    }

    /// A header, by any name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The host that it names, in lower case and without the scheme's own port.
    pub(crate) fn host(&self) -> String {
        let uri = self.request.uri();
        let given = uri.authority().map_or_else(
            || text_header(self.request, &header::HOST),
            |authority| authority.as_str(),
        );
        let own_port = if uri.scheme_str() == Some("https") {
            ":443"
        } else {
            ":80"
        };
        let host = given.to_lowercase();
        host.strip_suffix(own_port)
            .map_or_else(|| host.clone(), str::to_owned)
    }

    /// The format that is asked for; Meituan's is XML unless it is said, Alibaba's documents ask
    /// for JSON.
    pub(crate) fn format(&self) -> Format {
        match (self.get("Format"), self.product) {
            (Some(format), _) if format.eq_ignore_ascii_case("xml") => Format::Xml,
            (None, Product::Mcs) => Format::Xml,
            _ => Format::Json,
        }
    }

    /// What is signed: Capital Online signs the query only, the others their form too.
    pub(crate) fn signed(&self) -> Cow<'_, [Pair<'r>]> {
        match self.product {
            Product::Aliyun | Product::Mcs if !self.form.is_empty() => {
                self.query.iter().chain(&self.form).cloned().collect()
            }
            _ => Cow::Borrowed(&self.query),
        }
    }
}

fn pairs(text: &[u8]) -> Vec<Pair<'_>> {
    url::form_urlencoded::parse(text).collect()
}

fn text_header<'r>(request: &'r Request<Bytes>, name: &header::HeaderName) -> &'r str {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
