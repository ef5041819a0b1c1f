//! Parameters, as this service checks them.

use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;

/// A text that is given and not empty.
pub(crate) fn filled<'a>(call: &Call<'a>, name: &str) -> Result<&'a str, Refusal> {
    let text = call.params.text(name).ok_or_else(|| call.missing(name))?;
    if text.is_empty() {
        Err(empty(name))
    } else {
        Ok(text)
    }
}

/// Whether `BillingMethod` is by the month. There are no spot instances here.
pub(super) fn is_prepaid(call: &Call) -> Result<bool, Refusal> {
    match filled(call, "BillingMethod")? {
        "3" => Err(call.malformed("BillingMethod", "the simulator has no spot instances")),
        method => Ok(method == "1"),
    }
}

/// The ids of a list, each once; at least one.
pub(crate) fn ids(call: &Call, name: &str) -> Result<Vec<String>, Refusal> {
    let mut ids: Vec<String> = Vec::new();
    for id in call.params.texts(name) {
        if id.is_empty() {
            return Err(empty(name));
        }
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    if ids.is_empty() {
        Err(empty(name))
    } else {
        Ok(ids)
    }
}

/// The ids of a JSON array in a text; `None` where all are meant.
pub(crate) fn ids_in_text(call: &Call, name: &str) -> Result<Option<Vec<String>>, Refusal> {
    let Some(text) = call
        .params
        .text(name)
        .filter(|text| !text.trim().is_empty())
    else {
        return Ok(None);
    };
    let is_broken =
        text.trim_start().starts_with('[') && serde_json::from_str::<Vec<String>>(text).is_err();
    if is_broken {
        Err(call.malformed(name, "it is not a JSON array of texts"))
    } else {
        Ok(Some(call.params.several(name)))
    }
}

pub(super) fn empty(name: &str) -> Refusal {
    Refusal::new(
        "InvalidParameter.IsNull",
        format!("The parameter {name} is empty"),
    )
}
