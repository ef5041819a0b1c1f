//! What the services of a product share: the protocol, regions, tables, errors.

use super::parameter::{Field, Labelled};
use super::waiter::WaiterModel;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A product: how its services are reached and signed, and what they share.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductModel {
    /// Where an editor finds the format.
    #[serde(rename = "$schema", default)]
    pub schema: Option<String>,
    /// The global's name in Lua.
    pub product: String,
    /// What the product is.
    pub title: String,
    /// The vendor's own name of it.
    #[serde(default)]
    pub term: Option<String>,
    /// The document that the facts come from.
    pub source: Source,
    /// How the product speaks on the wire.
    pub protocol: Protocol,
    /// The environment variables of the vendor's own tools.
    pub credentials: CredentialVariables,
    /// Regions by the names that a profile gives.
    #[serde(default)]
    pub regions: BTreeMap<String, Region>,
    /// The region where nothing names one.
    #[serde(default)]
    pub default_region: Option<String>,
    /// The table whose values may be given as a region.
    #[serde(default)]
    pub zones: Option<String>,
    /// The IANA name of the zone on whose clock times without an offset stand, where that is known.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Parameters of all sites where there can be resources, by names that lookups use.
    #[serde(default)]
    pub sites: BTreeMap<String, Vec<BTreeMap<String, String>>>,
    /// Reference tables of the document.
    #[serde(default)]
    pub tables: BTreeMap<String, Table>,
    /// Error codes that several services share.
    #[serde(default)]
    pub errors: BTreeMap<String, ErrorModel>,
    /// Fields that any answer may carry.
    #[serde(default)]
    pub reply: Vec<Field>,
    /// How to wait for tasks, by dialect.
    #[serde(default)]
    pub waiters: BTreeMap<String, WaiterModel>,
    /// How to ask for the states of resources that have no task.
    #[serde(default)]
    pub states: BTreeMap<String, StateModel>,
}

/// How to ask for the state of a resource.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateModel {
    /// Whose state it is.
    pub summary: String,
    /// The Action that is polled.
    pub operation: String,
    /// Its parameters; each is the resource's id.
    pub arguments: BTreeMap<String, String>,
    /// Where the state stands.
    pub argument: String,
    /// The beginnings of states that nothing good can follow, without regard to case.
    #[serde(default)]
    pub failed: Vec<String>,
    /// Codes of a refusal that mean that the resource is gone.
    #[serde(default)]
    pub gone: Vec<String>,
    /// What the document leaves open.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A source document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its file name.
    pub file: String,
    /// What it is.
    pub title: String,
    /// Whether a number, length or count outside its limits is only warned about, because what it
    /// gives as a limit need not be one of the service.
    #[serde(default)]
    pub limits_are_advice: bool,
}

/// The signing scheme of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// Capital Online: HMAC-SHA1 with the bare secret.
    Cds,
    /// Alibaba POP: the same string, the secret followed by `&`.
    Pop,
    /// Signature version 2, as EC2 had it.
    Sigv2,
}

/// Where a POST carries its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PostStyle {
    /// A JSON body beside a signed query.
    Json,
    /// A signed form.
    Form,
}

/// How lists are written in a query or form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ListStyle {
    /// `Key.0`, `Key.1` …
    #[serde(rename = "indexed-from-0")]
    FromZero,
    /// `Key.1`, `Key.2` …
    #[serde(rename = "indexed-from-1")]
    FromOne,
}

/// The key that wraps an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wrapper {
    /// `<Action>Response`.
    ActionResponse,
    /// A single key that ends in `_response` or `.response`.
    ResponseSuffix,
}

/// How a product speaks on the wire.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// The signing scheme.
    pub signer: Scheme,
    /// Where a POST carries its parameters.
    pub post: PostStyle,
    /// How lists are written in a query or form.
    pub lists: ListStyle,
    /// The value of the common parameter `Format`.
    #[serde(default)]
    pub format: Option<String>,
    /// The key that wraps an answer.
    #[serde(default)]
    pub wrapper: Option<Wrapper>,
    /// The path below which an error stands.
    #[serde(default)]
    pub error_wrapper: Option<String>,
    /// Codes that mean success, in lower case.
    pub success: Vec<String>,
    /// Keys that may hold the code.
    pub code: Vec<String>,
    /// Keys that may hold the text.
    pub message: Vec<String>,
    /// Keys that may hold the request's id.
    #[serde(default)]
    pub request_id: Vec<String>,
    /// Codes of a refusal for the rate of requests.
    #[serde(default)]
    pub throttled: Vec<String>,
    /// Codes of a refusal for the request's timestamp.
    #[serde(default)]
    pub time_refused: Vec<String>,
}

/// The environment variables of the vendor's own tools.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialVariables {
    /// The access key's id.
    pub access_key: String,
    /// The secret.
    pub secret_key: String,
    /// A session's token.
    #[serde(default)]
    pub security_token: Option<String>,
    /// The region.
    #[serde(default)]
    pub region: Option<String>,
    /// The endpoint's URL.
    #[serde(default)]
    pub url: Option<String>,
}

/// A region and the hosts it has in place of the documented ones.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// What a person calls it.
    pub label: String,
    /// The documented host: the region's own.
    #[serde(default)]
    pub hosts: BTreeMap<String, String>,
}

/// A reference table of the document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What it lists.
    pub title: String,
    /// The vendor's own name of it.
    #[serde(default)]
    pub term: Option<String>,
    /// Where it stands in the document.
    #[serde(default)]
    pub line: Option<u32>,
    /// Its values.
    pub values: Vec<Labelled>,
}

/// A documented error code.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorModel {
    /// The HTTP status, where the document gives it.
    #[serde(default)]
    pub http: Option<u16>,
    /// What it means.
    pub meaning: String,
}
