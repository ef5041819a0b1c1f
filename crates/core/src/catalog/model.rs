//! The catalogue's data as Rust types; `catalog/schema.json` describes each key.

use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

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

/// A value with what it means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labelled {
    /// The value on the wire.
    pub value: Json,
    /// What it means.
    pub label: String,
    /// The vendor's own term.
    #[serde(default)]
    pub term: Option<String>,
    /// The region that it belongs to.
    #[serde(default)]
    pub region: Option<String>,
    /// The group that the document lists it under.
    #[serde(default)]
    pub group: Option<String>,
}

/// A documented value, with or without a label.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum KnownValue {
    /// With its meaning.
    Labelled(Labelled),
    /// Alone.
    Bare(Json),
}

impl KnownValue {
    /// The value on the wire.
    pub fn value(&self) -> &Json {
        match self {
            Self::Labelled(labeled) => &labeled.value,
            Self::Bare(value) => value,
        }
    }

    /// What it means, where that is documented.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Labelled(labeled) => Some(&labeled.label),
            Self::Bare(_) => None,
        }
    }
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

/// How to ask for the progress of a task.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiterModel {
    /// Which tasks it is for.
    pub summary: String,
    /// The Action that is polled.
    pub operation: String,
    /// Its parameters, by the names of the task's ids.
    pub arguments: BTreeMap<String, String>,
    /// Seconds before the second poll.
    #[serde(default = "one_second")]
    pub delay: u64,
    /// Seconds between two polls at most.
    #[serde(default = "fifteen_seconds")]
    pub max_delay: u64,
    /// What an answer means; the first that matches counts.
    pub acceptors: Vec<Acceptor>,
    /// Where the ids of what the task made stand.
    #[serde(default)]
    pub resources: Vec<String>,
    /// Where a failed task's reason stands.
    #[serde(default)]
    pub reason: Vec<String>,
    /// What the document leaves open.
    #[serde(default)]
    pub notes: Vec<String>,
}

fn one_second() -> u64 {
    1
}

fn fifteen_seconds() -> u64 {
    15
}

/// What a value in a polled answer means for the task.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptor {
    /// The task's state.
    pub state: TaskState,
    /// How the value is compared.
    pub matcher: Matcher,
    /// Where the value stands.
    pub argument: String,
    /// What it is compared with, without regard to case.
    pub expected: Vec<String>,
}

/// The state that an acceptor finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    /// The task is done.
    Success,
    /// The task has failed.
    Failure,
    /// The task goes on.
    Retry,
}

/// How an acceptor compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matcher {
    /// Equal to one of the expected values.
    Path,
    /// Beginning with one of the expected values.
    PathPrefix,
}

/// A service: a file of Actions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceModel {
    /// Where an editor finds the format.
    #[serde(rename = "$schema", default)]
    pub schema: Option<String>,
    /// The service's name in Lua, as `cds.ccs`.
    pub service: String,
    /// What it is.
    pub title: String,
    /// The vendor's own name of it.
    #[serde(default)]
    pub term: Option<String>,
    /// The document, where it is not the product's.
    #[serde(default)]
    pub source: Option<Source>,
    /// The documented host; none where the profile gives the URL.
    #[serde(default)]
    pub host: Option<String>,
    /// The path of its Actions.
    #[serde(default)]
    pub path: Option<String>,
    /// The API's version.
    #[serde(default)]
    pub version: Option<String>,
    /// Structures that several answers share.
    #[serde(default)]
    pub shapes: BTreeMap<String, Vec<Field>>,
    /// Error codes of its Actions.
    #[serde(default)]
    pub errors: BTreeMap<String, ErrorModel>,
    /// The Actions, in the document's order.
    pub actions: Vec<Arc<ActionModel>>,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Parameters travel in the query.
    Get,
    /// Parameters travel in the body.
    Post,
}

impl Method {
    /// As it stands in a request and in a string to sign.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
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
    /// Where it stands in the source document; none in an overlay's Action.
    #[serde(default)]
    pub line: Option<u32>,
    /// Its methods; the first is used.
    pub methods: Vec<Method>,
    /// The documented host, where it is not the service's.
    #[serde(default)]
    pub host: Option<String>,
    /// The path, where it is not the service's.
    #[serde(default)]
    pub path: Option<String>,
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
    /// Parameters of a call.
    #[serde(default)]
    pub example: Json,
    /// Where the document contradicts itself, and what is worth knowing.
    #[serde(default)]
    pub notes: Vec<String>,
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

/// A documented error of an Action: a code that the service or the product defines, or one with a meaning of its own here.
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
                let Some(Json::String(code)) = map.remove("code") else { return Err(D::Error::missing_field("code")) };
                let own = serde_json::from_value(Json::Object(map)).map_err(D::Error::custom)?;
                Ok(Self { code, own: Some(own) })
            }
            other => Err(D::Error::custom(format!("an error is a code or an object, not {other}"))),
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
    /// Paths in its answer: the lost call's parameters that they are compared with.
    #[serde(default)]
    pub compare: BTreeMap<String, String>,
    /// `present` or `absent`: what shows that the call was carried out; none where the answer has to be judged.
    #[serde(default)]
    pub carried_out_when: Option<String>,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// true or false.
    Boolean,
    /// A list.
    List,
    /// A structure.
    Object,
    /// An object whose keys are data.
    Map,
    /// Anything.
    Any,
}

impl Kind {
    /// As the catalogue writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Object => "object",
            Self::Map => "map",
            Self::Any => "any",
        }
    }
}

/// Whether a parameter must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// Always.
    Yes,
    /// Never.
    No,
    /// As its condition decides.
    Conditional,
}

impl<'de> Deserialize<'de> for Required {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::Bool(true) => Ok(Self::Yes),
            Json::Bool(false) => Ok(Self::No),
            Json::String(text) if text == "conditional" => Ok(Self::Conditional),
            other => Err(serde::de::Error::custom(format!("required is true, false or \"conditional\", not {other}"))),
        }
    }
}

impl Required {
    /// As `cumulua actions --json` writes it.
    pub fn to_json(self) -> Json {
        match self {
            Self::Yes => Json::Bool(true),
            Self::No => Json::Bool(false),
            Self::Conditional => Json::String("conditional".into()),
        }
    }
}

/// A condition under which a parameter is required.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredWhen {
    /// A sibling's name.
    pub param: String,
    /// The values of it that make this one required.
    pub is: Vec<Json>,
}

/// How a list travels in a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Joined by commas.
    Comma,
    /// A JSON array.
    Json,
}

/// A parameter of an Action, or a field of one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Its name on the wire.
    pub name: String,
    /// The vendor's own term.
    #[serde(default)]
    pub term: Option<String>,
    /// What it is.
    pub summary: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The type of a list's elements.
    #[serde(default)]
    pub of: Option<Kind>,
    /// The fields of an object or of a list's elements.
    #[serde(default)]
    pub fields: Vec<Param>,
    /// Whether it must be given.
    pub required: Required,
    /// When a conditional parameter is required.
    #[serde(default)]
    pub condition: Option<String>,
    /// The condition as data.
    #[serde(default)]
    pub required_when: Option<RequiredWhen>,
    /// The only values allowed.
    #[serde(default)]
    pub values: Vec<KnownValue>,
    /// Values that are known, the list being open.
    #[serde(default)]
    pub known_values: Vec<KnownValue>,
    /// The reference table of its values.
    #[serde(default)]
    pub table: Option<String>,
    /// What the service takes where it is not given.
    #[serde(default)]
    pub default: Option<Json>,
    /// A value from the document.
    #[serde(default)]
    pub example: Option<Json>,
    /// Its unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// The smallest value.
    #[serde(default)]
    pub min: Option<f64>,
    /// The largest value.
    #[serde(default)]
    pub max: Option<f64>,
    /// What it must be a multiple of.
    #[serde(default)]
    pub multiple_of: Option<f64>,
    /// The fewest characters.
    #[serde(default)]
    pub min_length: Option<usize>,
    /// The most characters.
    #[serde(default)]
    pub max_length: Option<usize>,
    /// The fewest elements.
    #[serde(default)]
    pub min_items: Option<usize>,
    /// The most elements.
    #[serde(default)]
    pub max_items: Option<usize>,
    /// The form of its text.
    #[serde(default)]
    pub format: Option<String>,
    /// How a list travels in its string.
    #[serde(default)]
    pub encoding: Option<Encoding>,
    /// How the runtime makes it where the script gives none.
    #[serde(default)]
    pub generated: Option<String>,
    /// Whether its value never reaches a log.
    #[serde(default)]
    pub sensitive: bool,
    /// Where the document contradicts itself.
    #[serde(default)]
    pub note: Option<String>,
}

/// One type or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Kinds {
    /// Always the same.
    One(Kind),
    /// One of these, as the service likes.
    Several(Vec<Kind>),
}

impl Kinds {
    /// All of them.
    pub fn as_slice(&self) -> &[Kind] {
        match self {
            Self::One(kind) => std::slice::from_ref(kind),
            Self::Several(kinds) => kinds,
        }
    }
}

/// A field of an answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name on the wire.
    pub name: String,
    /// The vendor's own term.
    #[serde(default)]
    pub term: Option<String>,
    /// What it is.
    #[serde(default)]
    pub summary: Option<String>,
    /// Its types.
    #[serde(rename = "type")]
    pub kinds: Kinds,
    /// The type of a list's elements.
    #[serde(default)]
    pub of: Option<Kind>,
    /// The fields of an object or of a list's elements.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// A shape of the service, in place of `fields`.
    #[serde(default)]
    pub shape: Option<String>,
    /// Documented values.
    #[serde(default)]
    pub values: Vec<KnownValue>,
    /// Its unit.
    #[serde(default)]
    pub unit: Option<String>,
    /// A value from the document.
    #[serde(default)]
    pub example: Option<Json>,
    /// Whether its value never reaches a log.
    #[serde(default)]
    pub sensitive: bool,
    /// Where the document contradicts itself.
    #[serde(default)]
    pub note: Option<String>,
}

impl ServiceModel {
    /// The fields below a field, its shape resolved.
    pub fn fields_of<'a>(&'a self, field: &'a Field) -> &'a [Field] {
        match &field.shape {
            Some(name) => self.shapes.get(name).map_or(&[], Vec::as_slice),
            None => &field.fields,
        }
    }

    /// An Action by the vendor's name.
    pub fn action(&self, name: &str) -> Option<&Arc<ActionModel>> {
        self.actions.iter().find(|action| action.name == name)
    }

    /// The host of an Action; none where the profile gives the URL.
    pub fn host_of<'a>(&'a self, action: &'a ActionModel) -> Option<&'a str> {
        action.host.as_deref().or(self.host.as_deref())
    }

    /// The path of an Action.
    pub fn path_of<'a>(&'a self, action: &'a ActionModel) -> &'a str {
        action.path.as_deref().or(self.path.as_deref()).unwrap_or("/")
    }
}

impl ActionModel {
    /// A parameter by its name.
    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    /// Whether sending it again does no more than sending it once: it only reads, or it carries a token.
    pub fn is_repeatable(&self) -> bool {
        self.read_only || self.idempotency_token.is_some()
    }

    /// The method that is used.
    pub fn method(&self) -> Method {
        self.methods.first().copied().unwrap_or(Method::Post)
    }
}
