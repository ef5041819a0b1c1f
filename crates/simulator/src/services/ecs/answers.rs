//! Parts that several answers of the service have.

use crate::cloud::state::Cloud;
use serde_json::{Value as Json, json};

/// The answer of an Action that starts an event.
pub(crate) fn started(event: &str) -> Json {
    json!({"Data": {"EventId": event}})
}

/// The day of a name that is made, as in the document's examples.
pub(crate) fn day(cloud: &Cloud) -> String {
    cloud.now().strftime("%Y%m%d").to_string()
}
