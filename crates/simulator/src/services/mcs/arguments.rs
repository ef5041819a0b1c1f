//! Parameters, as this service checks them.

use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;

/// A name that a person gives: what the document leaves open is held to what its answers can show.
pub(super) fn acceptable_name<'a>(call: &Call<'a>, parameter: &str) -> Result<&'a str, Refusal> {
    let name = call.params.required(parameter).trim();
    let fits =
        !name.is_empty() && name.chars().count() <= 128 && !name.chars().any(char::is_control);
    let refusal = || call.malformed(parameter, "it must have 1 to 128 characters");
    if fits { Ok(name) } else { Err(refusal()) }
}
