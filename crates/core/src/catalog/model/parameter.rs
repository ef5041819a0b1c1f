//! Parameters and the fields of answers: kinds, limits, conditions.

use serde::Deserialize;
use serde_json::Value as Json;

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
    /// The content of a file, which a form carries.
    File,
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
            Self::File => "file",
        }
    }

    /// Whether a value is of this type. null is of none but any.
    pub fn holds(self, value: &Json) -> bool {
        match self {
            // A text, or what stands for it.
            Self::String | Self::File => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Object | Self::Map => value.is_object(),
            Self::Any => true,
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
            other => Err(serde::de::Error::custom(format!(
                "required is true, false or \"conditional\", not {other}"
            ))),
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

/// Where a parameter travels, where that does not follow from the method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// In the path, for `:name`.
    Path,
    /// In a header of its name, which no scheme signs.
    Header,
    /// In the JSON body, also of a method that has none otherwise.
    Body,
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

/// How the runtime makes a parameter where the script gives none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Generated {
    /// A random id, the same for all attempts of a call.
    Uuid,
    /// An empty text: the service wants the parameter, but no value.
    Empty,
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
    /// Where it travels, where that does not follow from the method.
    #[serde(default, rename = "in")]
    pub location: Option<Location>,
    /// How a list travels in its string.
    #[serde(default)]
    pub encoding: Option<Encoding>,
    /// How the runtime makes it where the script gives none.
    #[serde(default)]
    pub generated: Option<Generated>,
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
