//! An Action: what it takes, what it answers, and what it does.

use super::lifecycle::{Again, CreatesModel, EditsModel, PartialModel};
use super::parameter::{Field, Kind, Param};
use super::product::ErrorModel;
use crate::catalog::path;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Parameters travel in the query.
    Get,
    /// Parameters travel in the body.
    Post,
    /// Parameters travel in the body, which there is only where there are any.
    Put,
    /// Parameters travel in the query.
    Delete,
}

impl Method {
    /// As it stands in a request and in a string to sign.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// Whether parameters travel in its body.
    pub fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put)
    }
}

/// An Action.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionModel {
    /// The vendor's name of it, as `CreateInstance`.
    pub name: String,
    /// The whole name in Lua, as `cds.ccs.CreateInstance`.
    #[serde(skip)]
    pub full_name: Arc<str>,
    /// The vendor's own term for what it does.
    #[serde(default)]
    pub term: Option<String>,
    /// What it does.
    pub summary: String,
    /// The document, where it is not the service's: a name of the service's `sources`.
    #[serde(default)]
    pub source: Option<String>,
    /// Where it stands in the source document; none in an overlay's Action.
    #[serde(default)]
    pub line: Option<u32>,
    /// That it is no more to be used, and why.
    #[serde(default)]
    pub deprecated: Option<Deprecation>,
    /// Where it stands in a newer document, of which what is more is taken in too.
    #[serde(default)]
    pub newer: Option<NewerSource>,
    /// Its methods; the first is used.
    pub methods: Vec<Method>,
    /// The documented host, where it is not the service's.
    #[serde(default)]
    pub host: Option<String>,
    /// The path, where it is not the service's.
    #[serde(default)]
    pub path: Option<String>,
    /// The value of the common parameter Action, where that is not its name.
    #[serde(default)]
    pub sent_as: Option<String>,
    /// Pairs of the query that each request has.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// How its body and its answer are written, where that is not as in the other Actions of the
    /// product.
    #[serde(default)]
    pub body: Option<BodyFormat>,
    /// Whether it only reads.
    pub read_only: bool,
    /// Whether carrying it out can cost money.
    #[serde(default)]
    pub costs: bool,
    /// Whether carrying it out can lose data or resources.
    #[serde(default)]
    pub destroys: bool,
    /// Its parameters.
    pub params: Vec<Param>,
    /// Groups of which exactly one parameter is given.
    #[serde(default)]
    pub one_of: Vec<Vec<String>>,
    /// Its answer.
    pub answer: Answer,
    /// Its documented error codes.
    #[serde(default)]
    pub errors: Vec<ErrorRef>,
    /// The file that its answer leads to.
    #[serde(default)]
    pub download: Option<DownloadModel>,
    /// The task that it starts.
    #[serde(default)]
    pub task: Option<TaskModel>,
    /// How its list is paged.
    #[serde(default)]
    pub paginator: Option<PaginatorModel>,
    /// The parameter with which a repeated call is carried out once.
    #[serde(default)]
    pub idempotency_token: Option<String>,
    /// How to find out whether a lost call was carried out.
    #[serde(default)]
    pub lookup: Option<LookupModel>,
    /// What it makes, of which kinds of the service.
    #[serde(default)]
    pub creates: Vec<CreatesModel>,
    /// What it changes by a list of its parameters.
    #[serde(default)]
    pub edits: Vec<EditsModel>,
    /// Where its answer says for which ids it was carried out.
    #[serde(default)]
    pub partial: Option<PartialModel>,
    /// Values that it gives fields of what it names, or makes.
    #[serde(default)]
    pub sets: BTreeMap<String, Json>,
    /// Parameters that name things of another kind than in other Actions of the service.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// What a second call does that is like the first one.
    #[serde(default)]
    pub again: Again,
    /// Codes of a refusal of a second call that say that it is so already.
    #[serde(default)]
    pub already: Vec<String>,
    /// Why nothing can show whether a call was carried out.
    #[serde(default)]
    pub unproven: Option<String>,
    /// Parameters of a call.
    #[serde(default)]
    pub example: Json,
    /// Where the document contradicts itself, and what is worth knowing.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Where an Action stands in a newer document.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewerSource {
    /// A name of the service's `sources`.
    pub source: String,
    /// The line.
    pub line: u32,
}

/// Why an Action is no more to be used.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deprecation {
    /// Why, as a clause.
    pub why: String,
    /// Actions that do it now; none where no document has any.
    #[serde(default)]
    pub instead: Vec<String>,
}

impl Deprecation {
    /// Why, and what to use, in a line.
    pub fn advice(&self) -> String {
        if self.instead.is_empty() {
            return self.why.clone();
        }
        format!("{}; use {}", self.why, self.instead.join(" or "))
    }
}

/// An Action's answer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Its fields, beside those of any answer of the product.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// The document's example.
    #[serde(default)]
    pub example: Json,
}

/// A documented error of an Action: a code that the service or the product defines, or one with a
/// meaning of its own here.
#[derive(Debug, Clone)]
pub struct ErrorRef {
    /// The code.
    pub code: String,
    /// Its meaning here, where it differs.
    pub own: Option<ErrorModel>,
}

impl<'de> Deserialize<'de> for ErrorRef {
    // By hand, because serde's untagged enums cannot read numbers once serde_json keeps them exact.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        match Json::deserialize(deserializer)? {
            Json::String(code) => Ok(Self { code, own: None }),
            Json::Object(mut map) => {
                let Some(Json::String(code)) = map.remove("code") else {
                    return Err(D::Error::missing_field("code"));
                };
                let own = serde_json::from_value(Json::Object(map)).map_err(D::Error::custom)?;
                Ok(Self {
                    code,
                    own: Some(own),
                })
            }
            other => Err(D::Error::custom(format!(
                "an error is a code or an object, not {other}"
            ))),
        }
    }
}

/// The task that an Action starts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskModel {
    /// The dialect: a waiter of the product.
    pub waiter: String,
    /// Where its ids stand in the answer.
    pub ids: Vec<String>,
    /// Further ids that the waiter needs.
    #[serde(default, rename = "with")]
    pub with: BTreeMap<String, String>,
}

/// How a list is paged.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaginatorModel {
    /// Page numbers, offsets, or no paging at all.
    pub style: PageStyle,
    /// The page number's parameter.
    #[serde(default)]
    pub page: Option<String>,
    /// The page size's parameter.
    #[serde(default)]
    pub size: Option<String>,
    /// The offset's parameter.
    #[serde(default)]
    pub offset: Option<String>,
    /// The limit's parameter.
    #[serde(default)]
    pub limit: Option<String>,
    /// The parameter that takes the last item's unique field of the page before.
    #[serde(default)]
    pub marker: Option<String>,
    /// Where it stands whether there is another page.
    #[serde(default)]
    pub more: Option<String>,
    /// Where the items stand.
    pub items: String,
    /// The items' unique field.
    #[serde(default)]
    pub id: Option<String>,
    /// Where the number of items stands.
    #[serde(default)]
    pub total: Option<String>,
    /// Where the number of pages stands.
    #[serde(default)]
    pub pages: Option<String>,
}

/// The style of a paginator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageStyle {
    /// Numbers from 1.
    Page,
    /// Offsets from 0.
    Offset,
    /// The last item of the page before.
    Marker,
    /// The answer is the whole list.
    None,
}

/// How to find out whether a lost call was carried out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupModel {
    /// The read-only Action.
    pub action: String,
    /// Its parameters: the names of the lost call's.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// The product's sites of which each is asked for, as far as the lost call does not name its
    /// own.
    #[serde(default)]
    pub each: Option<String>,
    /// Paths in its answer: the lost call's parameters that they are compared with.
    #[serde(default)]
    pub compare: BTreeMap<String, String>,
    /// Paths in its answer: what stands there beside that, or a list of what may.
    #[serde(default)]
    pub equals: BTreeMap<String, Json>,
    /// Those of the compared paths where the service may add a number to a name.
    #[serde(default)]
    pub numbered: Vec<String>,
    /// Compared paths: another one where the same value may stand, because the call takes a name
    /// for an id.
    #[serde(default)]
    pub or: BTreeMap<String, String>,
    /// Whether it proves nothing that nothing matches.
    #[serde(default)]
    pub may_miss: bool,
    /// Where the state of what matches stands.
    #[serde(default)]
    pub state: Option<String>,
    /// The states in which nothing goes on.
    #[serde(default)]
    pub at_rest: Vec<String>,
    /// How many seconds after the lost call the answer can still be the one from before it.
    #[serde(default)]
    pub settles: Option<u64>,
    /// `present` or `absent`: what shows that the call was carried out; none where the answer has
    /// to be judged.
    #[serde(default)]
    pub carried_out_when: Option<String>,
}

impl LookupModel {
    /// The paths that stand beside what is compared, each with the texts of which one stands there.
    pub fn constants(&self) -> impl Iterator<Item = (&String, Vec<String>)> {
        self.equals.iter().map(|(path, value)| {
            let texts = match value {
                Json::Array(values) => values.iter().map(path::text).collect(),
                one => vec![path::text(one)],
            };
            (path, texts)
        })
    }
}

impl LookupModel {
    /// By default, of a call that starts a task; longer than all but a few take.
    const TASK: u64 = 900;
    /// By default, of any other call.
    const CALL: u64 = 300;

    /// How many seconds after the lost call the answer can still be the one from before it.
    pub fn settles(&self, starts_task: bool) -> u64 {
        let usual = if starts_task { Self::TASK } else { Self::CALL };
        self.settles.unwrap_or(usual)
    }
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyFormat {
    /// As XML, of which the one parameter beside path and headers is the root. The answer is XML
    /// too, or empty.
    Xml,
}

/// A file that an answer leads to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DownloadModel {
    /// Where its URL stands in the answer; it is one below the service's `domains`.
    pub url: String,
}

impl ActionModel {
    /// The value of the common parameter Action.
    pub fn wire_name(&self) -> &str {
        self.sent_as.as_deref().unwrap_or(&self.name)
    }

    /// Whether body and answer are XML.
    pub fn speaks_xml(&self) -> bool {
        self.body == Some(BodyFormat::Xml)
    }

    /// The parameter that takes the content of a file, of an Action that sends one: all of its
    /// parameters travel in a form then.
    pub fn file_param(&self) -> Option<&Param> {
        self.params.iter().find(|param| param.kind == Kind::File)
    }

    /// A parameter by its name.
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    /// Whether sending it again does no more than sending it once: it only reads, or it carries a
    /// token.
    pub fn is_repeatable(&self) -> bool {
        self.read_only || self.idempotency_token.is_some()
    }

    /// The method that is used.
    pub fn method(&self) -> Method {
        self.methods.first().copied().unwrap_or(Method::Post)
    }
}
