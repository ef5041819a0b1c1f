//! Parameters held against the catalogue, as the cloud does it: what is unknown passes, what is
//! wrong is refused.

use crate::cloud::addresses::Range;
use crate::cloud::refusal::Refusal;
use crate::http::flat;
use crate::http::form::Form;
use crate::http::request::{Incoming, Product};
use base64::Engine as _;
use cumulua_core::catalog::{Action, Kind, Location, Param, Required, path};
use cumulua_core::json;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::net::Ipv4Addr;

/// The parameters of a call: from the JSON body of a POST or PUT to Capital Online, otherwise from
/// the query and the form; a GET or DELETE to Capital Online may have a JSON body too. Some stand in
/// the path.
pub(crate) fn given(action: &Action, incoming: &Incoming) -> Result<Map<String, Json>, Refusal> {
    let mut given = if let Some(form) = incoming.upload {
        from_form(action, form)
    } else if is_in_body(incoming) {
        from_body(incoming)?
    } else {
        flat::unfold(action, &named(action, incoming))?
    };
    if incoming.product == Product::Cds && !is_in_body(incoming) {
        // The vendor's driver for Kubernetes volumes sends its parameters so.
        for (name, value) in from_body(incoming)? {
            given.entry(name).or_insert(value);
        }
    }
    given.extend(in_path(action, incoming.path));
    given.extend(in_headers(action, incoming));
    given.retain(|_, value| !value.is_null());
    Ok(given)
}

/// Whether the parameters of a request stand in its JSON body.
pub(crate) fn is_in_body(incoming: &Incoming) -> bool {
    incoming.product == Product::Cds && matches!(incoming.method, "POST" | "PUT")
}

/// The parameters that stand in a path where the documented one has `:name`; an endpoint's override
/// can put a path in front.
fn in_path<'a>(action: &'a Action, path: &'a str) -> impl Iterator<Item = (String, Json)> + 'a {
    let parts = path.trim_matches('/').rsplit('/');
    let names = action.path().trim_matches('/').rsplit('/');
    names.zip(parts).filter_map(|(name, part)| {
        let name = name.strip_prefix(':')?;
        let text = percent_decode_str(part).decode_utf8_lossy();
        Some((name.to_owned(), Json::from(text)))
    })
}

/// The parameters that travel in headers.
fn in_headers<'a>(
    action: &'a Action,
    incoming: &'a Incoming<'_>,
) -> impl Iterator<Item = (String, Json)> + 'a {
    let params = action.params.iter();
    params.filter_map(|param| {
        let value = incoming.header(&param.name);
        let value = value.filter(|_| param.location == Some(Location::Header))?;
        Some((param.name.clone(), Json::from(value)))
    })
}

/// The parameters of a form with a file, which stands there with its length alone: lists are JSON.
fn from_form(action: &Action, form: &Form) -> Map<String, Json> {
    let fields = form.fields.iter().map(|(name, text)| {
        let kind = action.param(name).map(|param| param.kind);
        let parsed = match kind {
            Some(Kind::List | Kind::Object) => json::parse(text).ok(),
            _ => None,
        };
        (
            name.clone(),
            parsed.unwrap_or_else(|| Json::from(text.as_str())),
        )
    });
    let file = form.file.iter();
    let file = file.map(|(name, blob)| (name.clone(), Json::from(format!("{} bytes", blob.len()))));
    fields.chain(file).collect()
}

/// Parameters that fit, in the form in which the catalogue has them.
pub(crate) fn checked(
    action: &Action,
    mut given: Map<String, Json>,
) -> Result<Map<String, Json>, Refusal> {
    all_fit(action, &action.params, &mut given)?;
    for group in &action.one_of {
        let count = group
            .iter()
            .filter(|name| given.contains_key(*name))
            .count();
        if count == 0 {
            return Err(Refusal::missing(action, &group.join(" or ")));
        } else if count > 1 {
            return Err(Refusal::malformed(
                action,
                &group.join(" and "),
                "only one of them may be given",
            ));
        }
    }
    Ok(given)
}

/// The pairs of a request. Alibaba's clients write some names with another first letter than its
/// documents: `OwnerId` for `ownerId` must not mean the caller's own account.
pub(crate) fn named<'i>(
    action: &Action,
    incoming: &'i Incoming<'_>,
) -> Vec<(Cow<'i, str>, Cow<'i, str>)> {
    let signed = incoming.signed();
    let is_given = |name: &str| signed.iter().any(|(given, _)| given == name);
    let pairs = signed.iter().map(|(given, value)| {
        let param = action
            .params
            .iter()
            .find(|param| param.name.eq_ignore_ascii_case(given))
            .filter(|param| incoming.product == Product::Aliyun && !is_given(&param.name));
        let name = param.map_or_else(|| given.to_string(), |param| param.name.clone());
        (Cow::Owned(name), Cow::Owned(value.to_string()))
    });
    pairs.collect()
}

fn from_body(incoming: &Incoming) -> Result<Map<String, Json>, Refusal> {
    // A client that has nothing to say may send nothing.
    if incoming.body.is_empty() {
        return Ok(Map::new());
    }
    let text = std::str::from_utf8(incoming.body).ok();
    match text.map(json::parse) {
        Some(Ok(Json::Object(map))) => Ok(map),
        _ => Err(Refusal::new(
            "InvalidParameter",
            "The body is not a JSON object",
        )),
    }
}

fn all_fit(
    action: &Action,
    params: &[Param],
    given: &mut Map<String, Json>,
) -> Result<(), Refusal> {
    // Capital Online's own clients write out what they leave open.
    let is_cds = action.product.product == "cds";
    given.retain(|name, value| {
        let is_empty = is_cds && value.as_str().is_some_and(str::is_empty);
        let param = params.iter().find(|param| param.name == *name);
        !is_empty
            || param.is_none_or(|param| {
                param.required != Required::No
                    || param.generated.is_some()
                    || may_not_be_empty(action, &Json::from(""))
            })
    });
    for param in params {
        if given.get(&param.name).is_some_and(|value| !value.is_null()) {
            let value = given.entry(param.name.clone()).or_insert(Json::Null);
            fits(action, param, value)?;
        } else if is_required(param, given) {
            return Err(Refusal::missing(action, &param.name));
        }
    }
    Ok(())
}

fn is_required(param: &Param, siblings: &Map<String, Json>) -> bool {
    match (param.required, &param.required_when) {
        (Required::Yes, _) => true,
        (Required::Conditional, Some(when)) => siblings
            .get(&when.param)
            .is_some_and(|value| when.is.contains(value)),
        _ => false,
    }
}

/// The code for a parameter that is given and has nothing in it, where the Action's document has
/// it.
const EMPTY: &str = "ParameterIsEmpty";

fn may_not_be_empty(action: &Action, value: &Json) -> bool {
    let is_empty =
        value.as_str().is_some_and(str::is_empty) || value.as_array().is_some_and(Vec::is_empty);
    is_empty && action.errors.iter().any(|error| error.code == EMPTY)
}

/// A list whose elements the service checks itself, because each of them may fail alone.
fn checks_elements_itself(action: &Action, param: &Param) -> bool {
    action.name == "CreateSubAccounts" && param.name == "createAccountParams"
}

/// Holds a value to its parameter. The vendors' own clients write numbers as texts and texts as
/// numbers: these become what is declared.
fn fits(action: &Action, param: &Param, value: &mut Json) -> Result<(), Refusal> {
    if may_not_be_empty(action, value) {
        return Err(Refusal::new(
            EMPTY,
            format!("The parameter {} cannot be empty", param.name),
        ));
    }
    let refuse = |why: String| Err(Refusal::malformed(action, &param.name, why));
    become_of(param.kind, value);
    if !param.kind.holds(value) {
        return refuse(format!("it is not of the type {}", param.kind.as_str()));
    }
    match value {
        Json::Array(items) => {
            if param.min_items.is_some_and(|min| items.len() < min)
                || param.max_items.is_some_and(|max| items.len() > max)
            {
                return refuse(format!("it has {} elements", items.len()));
            }
            let element = param.of.unwrap_or(if param.fields.is_empty() {
                Kind::String
            } else {
                Kind::Object
            });
            for item in items {
                become_of(element, item);
                if !element.holds(item) {
                    return refuse(format!(
                        "an element is not of the type {}",
                        element.as_str()
                    ));
                }
                scalar_fits(action, param, item)?;
                if let Json::Object(fields) = item
                    && !checks_elements_itself(action, param)
                {
                    all_fit(action, &param.fields, fields)?;
                }
            }
            Ok(())
        }
        Json::Object(fields) => all_fit(action, &param.fields, fields),
        scalar => scalar_fits(action, param, scalar),
    }
}

/// Turns a number into a text and a text into a number or a truth value, where nothing is lost.
fn become_of(kind: Kind, value: &mut Json) {
    let wanted = match (kind, &*value) {
        (Kind::String, Json::Number(number)) => Some(Json::from(number.to_string())),
        (Kind::Integer | Kind::Number, Json::String(text)) => serde_json::from_str(text.trim())
            .ok()
            .filter(Json::is_number),
        (Kind::Boolean, Json::String(text)) => text
            .trim()
            .to_ascii_lowercase()
            .parse()
            .ok()
            .map(Json::Bool),
        _ => None,
    };
    if let Some(wanted) = wanted {
        *value = wanted;
    }
}

fn scalar_fits(action: &Action, param: &Param, value: &Json) -> Result<(), Refusal> {
    let refuse = |why: String| Err(Refusal::malformed(action, &param.name, why));
    if value.is_object() {
        return Ok(());
    }
    let text = path::text(value);
    if !param.values.is_empty() && !param.values.iter().any(|known| known.value() == value) {
        let known: Vec<_> = param
            .values
            .iter()
            .map(|known| path::text(known.value()))
            .collect();
        return refuse(format!("it must be one of {}", known.join(", ")));
    }
    if param.min.is_some() || param.max.is_some() || param.multiple_of.is_some() {
        let Ok(number) = text.parse::<f64>() else {
            return refuse("it is not a number".to_owned());
        };
        if param.min.is_some_and(|min| number < min) || param.max.is_some_and(|max| number > max) {
            return refuse("it is out of range".to_owned());
        }
        if param
            .multiple_of
            .is_some_and(|step| (number / step).fract() != 0.0)
        {
            return refuse("it is not a multiple of the step".to_owned());
        }
    }
    let length = text.chars().count();
    if param.min_length.is_some_and(|min| length < min)
        || param.max_length.is_some_and(|max| length > max)
    {
        return refuse(format!("it has {length} characters"));
    }
    match param.format.as_deref() {
        Some("ipv4") if text.parse::<Ipv4Addr>().is_err() => {
            refuse("it is not an IPv4 address".to_owned())
        }
        Some("cidr") if text.parse::<Range>().is_err() => {
            refuse("it is not an address range as 10.0.0.0/24".to_owned())
        }
        Some("base64")
            if base64::engine::general_purpose::STANDARD
                .decode(&text)
                .is_err() =>
        {
            refuse("it is not Base64".to_owned())
        }
        _ => Ok(()),
    }
}
