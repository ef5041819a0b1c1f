//! A request as the cloud reads it: which product it is for, and its pairs.

use super::acs3;
use super::envelope::Format;
use bytes::Bytes;
use http::header;
use http::request::Parts;

/// The product that a request is for; all of them answer on one port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    Cds,
    Aliyun,
    Mcs,
}

/// The versions of Alibaba's three services.
pub(crate) const ALIYUN_VERSIONS: &[(&str, &str)] =
    &[("2015-03-02", "aliyun.oss_admin"), ("2017-07-05", "aliyun.sas"), ("2016-11-11", "aliyun.aegis")];

/// The version of Capital Online's API.
pub(crate) const CDS_VERSION: &str = "2019-08-08";

/// A request, taken apart.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: String,
    /// Lower case, without the scheme's own port.
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// The pairs of a form body; empty where the body is something else.
    pub(crate) form: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// What its headers say, where it has Alibaba's newer signature.
    pub(crate) acs3: Option<acs3::Headers>,
}

impl Incoming {
    pub(crate) fn new(request: &http::Request<Bytes>) -> Self {
        let (parts, body) = request.clone().into_parts();
        let is_form = text_header(&parts, &header::CONTENT_TYPE).starts_with("application/x-www-form-urlencoded");
        let query = pairs(parts.uri.query().unwrap_or_default().as_bytes());
        Self {
            acs3: acs3::Headers::of(&parts, &query, &body),
            method: parts.method.as_str().to_owned(),
            host: host(&parts),
            path: parts.uri.path().to_owned(),
            query,
            form: if is_form { pairs(&body) } else { Vec::new() },
            body,
        }
    }

    pub(crate) fn product(&self) -> Product {
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
        self.get("Version").is_some_and(|version| is_known(version) || is_at_root && version != CDS_VERSION)
    }

    /// A common parameter out of the headers, else a parameter of the query or of the form.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let common = self.acs3.as_ref().map_or(&[][..], |headers| &headers.common);
        let mut pairs = common.iter().chain(&self.query).chain(&self.form);
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The format that is asked for; Meituan's is XML unless it is said, Alibaba's documents ask for JSON.
    pub(crate) fn format(&self) -> Format {
        match (self.get("Format"), self.product()) {
            (Some(format), _) if format.eq_ignore_ascii_case("xml") => Format::Xml,
            (None, Product::Mcs) => Format::Xml,
            _ => Format::Json,
        }
    }

    /// What is signed: Capital Online signs the query only, the others their form too.
    pub(crate) fn signed(&self) -> Vec<(String, String)> {
        match self.product() {
            Product::Cds => self.query.clone(),
            Product::Aliyun | Product::Mcs => self.query.iter().chain(&self.form).cloned().collect(),
        }
    }
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

fn text_header<'a>(parts: &'a Parts, name: &header::HeaderName) -> &'a str {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn host(parts: &Parts) -> String {
    let given = parts.uri.authority().map_or_else(|| text_header(parts, &header::HOST).to_owned(), ToString::to_string);
    let own_port = if parts.uri.scheme_str() == Some("https") { ":443" } else { ":80" };
    let host = given.to_lowercase();
    host.strip_suffix(own_port).map_or(host.clone(), str::to_owned)
}
