//! Parameters, as this service checks them.

use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;

/// A parameter of a wrong form, or one that is not there.
pub(super) const MALFORMED: &str = "10003";

/// A parameter names what is not there or not sold.
pub(super) const UNKNOWN: &str = "10006";

/// A text that is required and not empty.
pub(super) fn filled<'a>(call: &Call<'a>, name: &str) -> Result<&'a str, Refusal> {
    let text = call.params.required(name);
    if text.trim().is_empty() {
        Err(Refusal::new(
            MALFORMED,
            format!("The parameter {name} is empty"),
        ))
    } else {
        Ok(text)
    }
}

/// A whole number that is written as a text, 1 at least.
pub(super) fn number(call: &Call, name: &str, default: u64) -> Result<u64, Refusal> {
    if !call.params.has(name) {
        return Ok(default);
    }
    let number = call
        .params
        .number(name)
        .and_then(|number| u64::try_from(number).ok())
        .filter(|number| *number > 0);
    number.ok_or_else(|| {
        Refusal::new(
            MALFORMED,
            format!("The parameter {name} is not a whole number above 0"),
        )
    })
}

/// A text that says 1.
pub(super) fn says_yes(call: &Call, name: &str, default: bool) -> bool {
    call.params.text(name).map_or(default, |text| text == "1")
}

/// The ids of a list, each once; one at least.
pub(super) fn ids<'a>(call: &Call<'a>, name: &str) -> Result<Vec<&'a str>, Refusal> {
    let mut ids: Vec<&str> = Vec::new();
    for id in call.params.texts(name) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        Err(Refusal::new(
            MALFORMED,
            format!("The parameter {name} is empty"),
        ))
    } else {
        Ok(ids)
    }
}
