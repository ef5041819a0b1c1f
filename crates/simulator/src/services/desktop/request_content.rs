//! `requestContent`: what the service took a request for.

use crate::cloud::call::Call;
use serde_json::{Map, Value as Json, json};

/// The account in the document's examples.
pub(super) const CUSTOMER: &str = "E2129298";
pub(super) const USER: &str = "713367";

/// The request's parameters with what is filled in, as JSON in a text.
pub(super) fn content(call: &Call, filled_in: &Json) -> String {
    let mut content: Map<String, Json> = call.params.given().clone();
    content.extend(filled_in.as_object().cloned().unwrap_or_default());
    for (name, value) in [
        ("customerId", CUSTOMER),
        ("userFrom", "cdsapi"),
        ("userId", USER),
    ] {
        content.insert(name.to_owned(), json!(value));
    }
    Json::Object(content).to_string()
}
