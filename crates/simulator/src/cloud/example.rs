//! Answers from the catalogue alone, for reference data that no state changes: price lists, zones,
//! goods.

use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use serde_json::Value as Json;

/// Keys of the envelope, which `answer` writes.
pub(crate) const ENVELOPE: &[&str] = &[
    "Code",
    "code",
    "Message",
    "message",
    "Msg",
    "msg",
    "CodeMsg",
    "RequestId",
    "requestId",
    "request_id",
];

/// The document's example, as the handler of an Action that only reads and that no state changes.
#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
pub(crate) fn example(call: &mut Call) -> Result<Json, Refusal> {
    debug_assert!(
        call.action.read_only,
        "{} must have a handler of its own",
        call.action.name
    );
    let mut answer = call.action.answer.example.clone();
    if let Json::Object(fields) = &mut answer {
        fields.retain(|name, _| !ENVELOPE.contains(&name.as_str()));
    }
    Ok(answer)
}
