//! An answer in XML is the one that its JSON form decodes to, and what is no XML is refused with its
//! place.
#![no_main]

use cumulua::client::error::CallError;
use cumulua_core::catalog::Action;
use cumulua_fuzz::{actions, decode_answer};
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use std::sync::LazyLock;

static ACTION: LazyLock<Action> =
    LazyLock::new(|| actions(&["mcs.DescribeInstances"]).remove(0));

fuzz_target!(|body: &str| {
    let is_xml = body
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<');
    if !is_xml {
        return;
    }
    match decode_answer(&ACTION, body.as_bytes()) {
        Ok(decoded) => {
            let text = json!({ "DescribeInstancesResponse": decoded.json }).to_string();
            let again = decode_answer(&ACTION, text.as_bytes()).expect("an answer");
            assert_eq!(again.json, decoded.json);
            assert_eq!(again.request_id, decoded.request_id);
        }
        Err(CallError::Unintelligible { reason, .. }) => {
            let has_place = reason.contains("at line ")
                || reason.contains("whose root is")
                || reason.contains("its XML has no element")
                || reason.contains("not a JSON object");
            assert!(has_place, "{reason}");
        }
        Err(CallError::Refused(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
});
