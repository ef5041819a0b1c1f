//! Holds parameters against the catalogue before anything is sent, and reports all
//! faults at once.

use super::value::{Params, Value};
use super::xml;
use cumulua_core::catalog::{
    Action, Encoding, Generated, Kind, KnownValue, Location, Param, Required, suggest,
};
use cumulua_core::secret::Secret;
use serde_json::Value as Json;
use std::fmt;
use unicode_width::UnicodeWidthChar as _;

/// Something wrong with one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands, as `SubnetList[1].SubnetName`.
    pub path: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.path, self.problem)
        }
    }
}

/// Parameters that fit, and what is worth a warning about them.
#[derive(Debug)]
pub struct Validated {
    /// The parameters, each in the type of the catalogue.
    pub params: Params,
    /// Values that a newer cloud may know and the catalogue does not.
    pub warnings: Vec<Fault>,
}

/// Holds `params` against the Action; `unchecked` lets parameters pass that the catalogue does not
/// know, and `has_content` says that there is something for the file parameter.
pub fn validate(
    action: &Action,
    params: Params,
    unchecked: bool,
    has_content: bool,
) -> Result<Validated, Vec<Fault>> {
    let mut check = Check {
        action,
        unchecked,
        has_content,
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    let params = check.structure("", &action.params, params);
    check.one_of(&params);
    if check.faults.is_empty() {
        Ok(Validated {
            params,
            warnings: check.warnings,
        })
    } else {
        Err(check.faults)
    }
}

struct Check<'a> {
    action: &'a Action,
    unchecked: bool,
    has_content: bool,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

impl Check<'_> {
    fn fault(&mut self, path: &str, problem: impl Into<String>) {
        self.faults.push(Fault {
            path: path.to_owned(),
            problem: problem.into(),
        });
    }

    fn structure(&mut self, path: &str, known: &[Param], given: Params) -> Params {
        let mut checked = Params::new();
        for (name, value) in given {
            let here = join(path, &name);
            match known.iter().find(|param| param.name == name) {
                Some(param) => {
                    if let Some(value) = self.value(&here, param, value) {
                        checked.insert(name, value);
                    }
                }
                None if self.unchecked => {
                    checked.insert(name, value);
                }
                None => {
                    let near =
                        suggest::nearest(&name, known.iter().map(|param| param.name.as_str()));
                    self.fault(
                        &here,
                        format!("unknown parameter{}", suggest::did_you_mean(&near)),
                    );
                }
            }
        }
        for param in known
            .iter()
            .filter(|param| !checked.contains_key(&param.name))
        {
            let here = join(path, &param.name);
            // A value that was given and refused is not missing too.
            let below = |path: &str| {
                path.strip_prefix(&here)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            };
            let is_content = self.has_content && param.kind == Kind::File;
            if self.faults.iter().any(|fault| below(&fault.path))
                || param.generated.is_some()
                || is_content
            {
                continue;
            }
            match param.required {
                Required::Yes => self.fault(&here, format!("missing; {}", expectation(param))),
                Required::Conditional => {
                    if let Some(when) = &param.required_when
                        && checked
                            .get(&when.param)
                            .is_some_and(|value| when.is.iter().any(|known| same(value, known)))
                    {
                        let condition = param.condition.as_deref().unwrap_or("required here");
                        self.fault(&here, format!("missing; {condition}"));
                    }
                }
                Required::No => {}
            }
        }
        checked
    }

    fn one_of(&mut self, params: &Params) {
        for group in &self.action.one_of {
            let given = group
                .iter()
                .filter(|name| params.contains_key(*name))
                .count();
            if given != 1 {
                let problem = format!(
                    "exactly one of {} is needed, {given} are given",
                    group.join(", ")
                );
                self.fault("", problem);
            }
        }
    }

    fn value(&mut self, path: &str, param: &Param, value: Value) -> Option<Value> {
        // The vendors' own clients write out what they leave open, and the services take it.
        if is_left_open(param, &value) && !self.is_token(path) {
            // No header is none, an empty one is another request.
            return (param.location != Some(Location::Header)).then_some(value);
        }
        let value = match self.convert(path, param, value) {
            Ok(value) => value,
            Err(problem) => {
                self.fault(path, problem);
                return None;
            }
        };
        let before = self.faults.len();
        let is_blank = matches!(&value, Value::String(text) if text.chars().all(is_invisible));
        // A blank token is none to the service, so that a repeated call would be carried out again.
        if is_blank && self.is_token(path) {
            self.fault(
                path,
                "is empty and so recognizes no repetition; leave it out, and the call gets a token",
            );
        } else if is_blank && param.generated == Some(Generated::Uuid) {
            self.fault(path, "is empty; leave it out, and the call gets one");
        }
        let fault = match (param.location, value.to_text()) {
            (Some(Location::Path), Some(text)) => fault_of_segment(&text),
            (Some(Location::Header), Some(text)) => fault_of_header(&text),
            _ => None,
        };
        if let Some(fault) = fault {
            self.fault(path, fault);
        }
        if self.action.speaks_xml()
            && let Value::String(text) = &value
            && !text.chars().all(xml::has)
        {
            self.fault(path, "has a character that XML does not have");
        }
        self.limits(path, param, &value);
        (self.faults.len() == before).then_some(value)
    }

    /// Whether it is what the service recognizes a repeated call by.
    fn is_token(&self, path: &str) -> bool {
        self.action.idempotency_token.as_deref() == Some(path)
    }

    /// Brings a value to its parameter's type where nothing is lost.
    fn convert(&mut self, path: &str, param: &Param, value: Value) -> Result<Value, String> {
        if let (Some(encoding), Value::List(items)) = (param.encoding, &value) {
            return encode_list(encoding, items);
        }
        match param.kind {
            // Lua's empty table is a list and an object alike.
            Kind::List => match value {
                Value::Object(fields) if fields.is_empty() => Ok(Value::List(Vec::new())),
                Value::List(items) => Ok(Value::List(self.elements(path, param, items))),
                other => Err(mismatch(param, &other)),
            },
            Kind::Object => match value {
                Value::Object(fields) if param.fields.is_empty() => Ok(Value::Object(fields)),
                Value::Object(fields) => {
                    Ok(Value::Object(self.structure(path, &param.fields, fields)))
                }
                Value::List(items) if items.is_empty() => Ok(Value::Object(self.structure(
                    path,
                    &param.fields,
                    Params::new(),
                ))),
                other => Err(mismatch(param, &other)),
            },
            kind => scalar(kind, value).map_err(|value| mismatch(param, &value)),
        }
    }

    fn elements(&mut self, path: &str, param: &Param, items: Vec<Value>) -> Vec<Value> {
        let of = param.of.unwrap_or(if param.fields.is_empty() {
            Kind::String
        } else {
            Kind::Object
        });
        let mut checked = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let here = format!("{path}[{}]", index + 1);
            match (of, item) {
                (Kind::Object, Value::Object(fields)) if param.fields.is_empty() => {
                    checked.push(Value::Object(fields));
                }
                (Kind::Object, Value::Object(fields)) => {
                    checked.push(Value::Object(self.structure(&here, &param.fields, fields)));
                }
                (Kind::Object, Value::List(items)) if items.is_empty() => {
                    checked.push(Value::Object(self.structure(
                        &here,
                        &param.fields,
                        Params::new(),
                    )));
                }
                (Kind::Object, other) => {
                    self.fault(
                        &here,
                        format!("is {}, must be an object", with_article(other.kind())),
                    );
                }
                (kind, item) => match scalar(kind, item) {
                    Ok(item) => checked.push(item),
                    Err(item) => {
                        self.fault(
                            &here,
                            format!(
                                "is {}, must be {}",
                                with_article(item.kind()),
                                with_article(kind.as_str())
                            ),
                        );
                    }
                },
            }
        }
        checked
    }

    fn limits(&mut self, path: &str, param: &Param, value: &Value) {
        match value {
            Value::List(items) => {
                self.count(
                    path,
                    items.len(),
                    param.min_items,
                    param.max_items,
                    "elements",
                );
                for (index, item) in items.iter().enumerate() {
                    if item.to_text().is_some() {
                        self.check_known_values(&format!("{path}[{}]", index + 1), param, item);
                    }
                }
            }
            Value::String(text) => {
                self.count(
                    path,
                    text.chars().count(),
                    param.min_length,
                    param.max_length,
                    "characters",
                );
                self.check_known_values(path, param, value);
            }
            Value::Integer(_) | Value::Float(_) => {
                self.range(path, param, value);
                self.check_known_values(path, param, value);
            }
            Value::Bool(_) => self.check_known_values(path, param, value),
            Value::Null | Value::Secret(_) | Value::Object(_) => {}
        }
    }

    /// What is outside a documented limit.
    fn limit(&mut self, path: &str, problem: String) {
        if self.action.source().limits_are_advice {
            self.warnings.push(Fault {
                path: path.to_owned(),
                problem: format!("{problem}, by the document"),
            });
        } else {
            self.fault(path, problem);
        }
    }

    fn count(
        &mut self,
        path: &str,
        count: usize,
        min: Option<usize>,
        max: Option<usize>,
        of: &str,
    ) {
        if min.is_some_and(|min| count < min) || max.is_some_and(|max| count > max) {
            let bounds = match (min, max) {
                (Some(min), Some(max)) => format!("{min} to {max}"),
                (Some(min), None) => format!("at least {min}"),
                (None, Some(max)) => format!("at most {max}"),
                (None, None) => return,
            };
            self.limit(path, format!("has {count} {of}, must have {bounds}"));
        }
    }

    fn range(&mut self, path: &str, param: &Param, value: &Value) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "bounds in the catalogue are far below 2^53"
        )]
        let number = match value {
            Value::Integer(integer) => *integer as f64,
            Value::Float(float) => *float,
            _ => return,
        };
        let shown = value.to_text().unwrap_or_default();
        let unit = param
            .unit
            .as_deref()
            .map(|unit| format!(" {unit}"))
            .unwrap_or_default();
        match (param.min, param.max) {
            (Some(min), Some(max)) if number < min || number > max => {
                self.limit(path, format!("{shown} is outside {min} to {max}{unit}"));
            }
            (Some(min), None) if number < min => {
                self.limit(path, format!("{shown} is below {min}{unit}"));
            }
            (None, Some(max)) if number > max => {
                self.limit(path, format!("{shown} is above {max}{unit}"));
            }
            _ => {}
        }
        if let Some(step) = param.multiple_of
            && (number / step).fract() != 0.0
        {
            self.limit(path, format!("{shown} is not a multiple of {step}{unit}"));
        }
    }

    fn check_known_values(&mut self, path: &str, param: &Param, value: &Value) {
        if param.sensitive {
            return;
        }
        let shown = value.to_redacted_json();
        if !param.values.is_empty() && !contains(&param.values, value) {
            self.fault(
                path,
                format!("{shown} is not one of {}", list(&param.values)),
            );
        }
        if !param.known_values.is_empty() && !contains(&param.known_values, value) {
            let problem = format!(
                "{shown} is not a value that the document names ({})",
                list(&param.known_values)
            );
            self.warnings.push(Fault {
                path: path.to_owned(),
                problem,
            });
        }
        if let Some(name) = &param.table
            && let Some(table) = self.action.product.tables.get(name)
            && !table.values.iter().any(|known| same(value, &known.value))
        {
            let text = value.to_text().unwrap_or_default();
            let near = suggest::nearest(
                &text,
                table.values.iter().filter_map(|known| known.value.as_str()),
            );
            let problem = format!(
                "{shown} is not in the table {name}{}",
                suggest::did_you_mean(&near)
            );
            self.warnings.push(Fault {
                path: path.to_owned(),
                problem,
            });
        }
    }
}

/// Why a text is no part of a path: the request would be for another resource.
fn fault_of_segment(text: &str) -> Option<&'static str> {
    match text {
        "" => Some("is empty, and stands in the path"),
        "." | ".." => Some("stands in the path, where it names another resource"),
        _ => None,
    }
}

/// Why a text is no header's value.
fn fault_of_header(text: &str) -> Option<&'static str> {
    let is_fit = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    (!is_fit).then_some("travels in a header: visible ASCII characters without spaces")
}

/// Whether it is an empty text in place of an optional value.
fn is_left_open(param: &Param, value: &Value) -> bool {
    let is_scalar = !matches!(param.kind, Kind::List | Kind::Object | Kind::Map);
    matches!(value, Value::String(text) if text.is_empty())
        && is_scalar
        && param.required == Required::No
        && param.generated.is_none()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Converts a scalar where nothing is lost; gives it back where something would be.
fn scalar(kind: Kind, value: Value) -> Result<Value, Value> {
    match (kind, value) {
        (Kind::Any | Kind::Map, value)
        | (Kind::String, value @ (Value::String(_) | Value::Secret(_)))
        | (Kind::Integer, value @ Value::Integer(_))
        | (Kind::Number, value @ (Value::Integer(_) | Value::Float(_)))
        | (Kind::Boolean, value @ Value::Bool(_)) => Ok(value),
        (Kind::String, value @ (Value::Integer(_) | Value::Bool(_))) => {
            Ok(Value::String(value.to_text().unwrap_or_default()))
        }
        (Kind::Integer, Value::Float(float)) => {
            whole(float).map(Value::Integer).ok_or(Value::Float(float))
        }
        (Kind::Integer, Value::String(text)) => match text.parse::<i64>() {
            // "007" is a number only by losing its zeros.
            Ok(integer) if integer.to_string() == text => Ok(Value::Integer(integer)),
            _ => Err(Value::String(text)),
        },
        (Kind::Number, Value::String(text)) => match text.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(text
                .parse::<i64>()
                .map_or(Value::Float(float), Value::Integer)),
            _ => Err(Value::String(text)),
        },
        (Kind::Boolean, Value::String(text)) => match text.as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(Value::String(text)),
        },
        (_, value) => Err(value),
    }
}

/// A float that is a whole number within 64 bits.
fn whole(float: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the bounds are checked first"
    )]
    (float.fract() == 0.0
        && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float))
    .then_some(float as i64)
}

/// A list in the string that the wire wants.
fn encode_list(encoding: Encoding, items: &[Value]) -> Result<Value, String> {
    let mut secret = false;
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        secret |= matches!(item, Value::Secret(_));
        let text = item
            .to_text()
            .ok_or_else(|| format!("its list holds a {}, must hold strings", item.kind()))?;
        if encoding == Encoding::Comma && text.contains(',') {
            return Err(
                "an element holds a comma, which separates the elements on the wire".to_owned(),
            );
        }
        texts.push(text);
    }
    let joined = match encoding {
        Encoding::Comma => texts.join(","),
        Encoding::Json => Json::from(texts).to_string(),
    };
    Ok(if secret {
        Value::Secret(Secret::new(joined))
    } else {
        Value::String(joined)
    })
}

fn mismatch(param: &Param, value: &Value) -> String {
    let shown = match value {
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Bool(_)
            if !param.sensitive =>
        {
            format!(
                "{} is {}",
                value.to_redacted_json(),
                with_article(value.kind())
            )
        }
        other => format!("is {}", with_article(other.kind())),
    };
    // A file's content is given as a string.
    let expected = match param.kind {
        Kind::File => "string",
        kind => kind.as_str(),
    };
    format!("{shown}, must be {}", with_article(expected))
}

fn expectation(param: &Param) -> String {
    if param.kind == Kind::File {
        return format!(
            "{}: a string, or the option file = PATH",
            param.summary.trim_end_matches('.')
        );
    }
    format!(
        "{} ({})",
        param.summary.trim_end_matches('.'),
        param.kind.as_str()
    )
}

fn with_article(kind: &str) -> String {
    if kind.starts_with(['i', 'o']) {
        format!("an {kind}")
    } else {
        format!("a {kind}")
    }
}

fn contains(known: &[KnownValue], value: &Value) -> bool {
    known.iter().any(|known| same(value, known.value()))
}

fn same(value: &Value, known: &Json) -> bool {
    match (value, known) {
        (Value::Float(float), Json::Number(number)) => number.as_f64() == Some(*float),
        _ => value.to_redacted_json() == *known,
    }
}

fn list(known: &[KnownValue]) -> String {
    let shown = known.iter().map(|known| match known.label() {
        Some(label) => format!("{} ({label})", known.value()),
        None => known.value().to_string(),
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Whether nothing is seen of a character: what services trim or drop.
fn is_invisible(c: char) -> bool {
    const FILLERS: [char; 6] = [
        '\u{ad}', '\u{115f}', '\u{1160}', '\u{2800}', '\u{3164}', '\u{ffa0}',
    ];
    c.is_whitespace() || c.width().is_none_or(|width| width == 0) || FILLERS.contains(&c)
}

#[cfg(test)]
mod tests {
    use super::{Generated, Kind, Params, Required, Value, validate};
    use cumulua_core::catalog::Catalog;

    #[test]
    fn an_empty_text_stands_for_an_optional_value_and_for_no_other() {
        let catalog = Catalog::default();
        let (mut optional, mut generated) = (0, 0);
        for action in &catalog.actions().unwrap() {
            for param in &action.params {
                let empty = Params::from([(param.name.clone(), Value::String(String::new()))]);
                let faults = validate(action, empty, false, false)
                    .err()
                    .unwrap_or_default();
                let is_refused = faults.iter().any(|fault| fault.path == param.name);
                let what = format!("{}, {}: {faults:?}", action.full_name, param.name);
                let is_token = action.idempotency_token.as_deref() == Some(&param.name);
                if param.generated == Some(Generated::Uuid) || is_token {
                    generated += 1;
                    assert!(is_refused, "{what}");
                } else if param.required == Required::No
                    && !matches!(param.kind, Kind::List | Kind::Object | Kind::Map)
                {
                    optional += 1;
                    assert!(!is_refused, "{what}");
                }
            }
        }
        assert!(optional > 100 && generated > 0, "{optional} {generated}");
    }

    #[test]
    fn no_action_takes_a_token_that_recognizes_nothing() {
        let catalog = Catalog::default();
        let actions = catalog.actions().unwrap();
        let mut count = 0;
        for action in &actions {
            let Some(token) = &action.idempotency_token else {
                continue;
            };
            count += 1;
            for blank in [
                "",
                " ",
                "\t\n",
                "\u{3000}",
                "\u{200b}",
                " \u{feff}",
                "\0\x7f",
                "\u{ad}\u{3164}",
                "\u{2060}\u{200d}\u{2800}",
            ] {
                let params = Params::from([(token.clone(), Value::String(blank.to_owned()))]);
                let faults = validate(action, params, false, false).unwrap_err();
                let found = faults.iter().any(|fault| fault.path == *token);
                assert!(found, "{} takes {blank:?}: {faults:?}", action.full_name);
            }
        }
        assert!(count > 0);
    }
}
