//! An answer in JSON: what was decoded decodes to the same once it is encoded, and what is no JSON
//! is refused with its place.
#![no_main]

use cumulua::client::error::CallError;
use cumulua_core::catalog::Action;
use cumulua_fuzz::{actions, decode_answer};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Of the product whose answers have no wrapper, which a second decoding would look for again.
static PLAIN: LazyLock<Vec<Action>> =
    LazyLock::new(|| actions(&["cds.ccs.DescribeInstances", "cds.ccs.CreateInstance"]));

static WRAPPED: LazyLock<Vec<Action>> =
    LazyLock::new(|| actions(&["mcs.DescribeInstances", "aliyun.sas.GetInstanceCount"]));

fuzz_target!(|body: &[u8]| {
    for action in PLAIN.iter() {
        match decode_answer(action, body) {
            Ok(decoded) => {
                let text = decoded.json.to_string();
                let again = decode_answer(action, text.as_bytes()).expect("an answer");
                assert_eq!(again.json, decoded.json);
                assert_eq!(again.request_id, decoded.request_id);
            }
            Err(CallError::Unintelligible { reason, bytes, .. }) => {
                assert_eq!(bytes, body.len());
                assert!(
                    reason.contains("line ")
                        || [
                            "it is empty",
                            "it is not UTF-8",
                            "not a JSON object",
                            "it has no code",
                            "its XML",
                        ]
                        .iter()
                        .any(|known| reason.contains(known)),
                    "{reason}"
                );
            }
            Err(CallError::Refused(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    for action in WRAPPED.iter() {
        if let Ok(decoded) = decode_answer(action, body) {
            assert!(decoded.json.is_object());
        }
    }
});
