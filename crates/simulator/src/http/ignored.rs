//! Parameters that a request has and the simulator makes nothing of. Clients send more than the
//! documents have, and a filter that does nothing looks like one that found everything.

use crate::cloud::params::Reads;
use crate::http::log::{Ignored, IgnoredReason, shortened};
use crate::http::request::{Incoming, Product};
use crate::http::{check, flat};
use cumulua_core::catalog::{Action, Param};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// How many of a request are kept.
const MOST: usize = 50;

/// What stands in the query of every request, or is put there by the vendors' own clients.
const COMMON: &[&str] = &[
    "AWSAccessKeyId",
    "AccessKeyId",
    "Action",
    "Format",
    "RequestClient",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureType",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

/// What the Action does not have, in the pairs of a request and in the parameters that were read
/// out of it.
pub(crate) fn unknown(action: &Action, incoming: &Incoming, given: &Map<String, Json>) -> Ignored {
    let mut ignored = Ignored::new();
    let in_body = check::is_in_body(incoming);
    for (name, value) in check::named(action, incoming) {
        let top = name.split('.').next().unwrap_or_default();
        // Alibaba has the region in every request, the other products as a parameter.
        let is_common =
            COMMON.contains(&&*name) || incoming.product == Product::Aliyun && name == "RegionId";
        // Capital Online's Python client repeats the body in the query.
        if is_common || value.is_empty() || in_body && given.contains_key(top) {
            continue;
        }
        match (flat::is_known(&action.params, &name), in_body) {
            (true, false) => {}
            (true, true) => add(&mut ignored, &path_of(&name), IgnoredReason::Misplaced),
            (false, _) => add(&mut ignored, &path_of(&name), IgnoredReason::Unknown),
        }
    }
    let mut walk = Walk::default();
    walk.fields(&action.params, given, "", &|_| true);
    for path in walk.unknown {
        add(&mut ignored, &path, IgnoredReason::Unknown);
    }
    ignored
}

/// Adds what the Action has and its handler has not read.
pub(crate) fn add_unread(
    ignored: &mut Ignored,
    action: &Action,
    given: &Map<String, Json>,
    reads: &Reads,
) {
    let mut walk = Walk::default();
    walk.fields(&action.params, given, "", &|value| reads.have(value));
    // Of the elements of a list, one that was read stands for all.
    for path in walk.unread.difference(&walk.read) {
        add(ignored, path, IgnoredReason::Unread);
    }
}

fn add(ignored: &mut Ignored, path: &str, why: IgnoredReason) {
    if ignored.len() < MOST {
        ignored.entry(shortened(path)).or_insert(why);
    }
}

/// The path of a pair: `Filter.1.Name` is `Filter[].Name`.
fn path_of(name: &str) -> String {
    let mut path = String::new();
    for part in name.split('.') {
        if part.parse::<u32>().is_ok() && !path.is_empty() {
            path.push_str("[]");
        } else {
            path.extend([if path.is_empty() { "" } else { "." }, part]);
        }
    }
    path
}

#[derive(Default)]
struct Walk {
    unknown: BTreeSet<String>,
    read: BTreeSet<String>,
    unread: BTreeSet<String>,
}

impl Walk {
    fn fields(
        &mut self,
        params: &[Param],
        given: &Map<String, Json>,
        at: &str,
        is_read: &dyn Fn(&Json) -> bool,
    ) {
        for (name, value) in given {
            // What a client leaves open and writes out all the same.
            if value.is_null() || value.as_str().is_some_and(str::is_empty) {
                continue;
            }
            let path = format!("{at}{name}");
            let Some(param) = params.iter().find(|param| param.name == *name) else {
                self.unknown.insert(path);
                continue;
            };
            if !is_read(value) {
                self.unread.insert(path);
                continue;
            }
            // Without fields, what is inside is the caller's own.
            if !param.fields.is_empty() {
                match value {
                    Json::Object(inner) => {
                        self.fields(&param.fields, inner, &format!("{path}."), is_read);
                    }
                    Json::Array(items) => {
                        for inner in items.iter().filter_map(Json::as_object) {
                            self.fields(&param.fields, inner, &format!("{path}[]."), is_read);
                        }
                    }
                    _ => {}
                }
            }
            self.read.insert(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn a_pair_has_the_path_of_its_parameter() {
        for (name, path) in [
            ("Limit", "Limit"),
            ("InstanceId.1", "InstanceId[]"),
            ("Filter.1.Value.2", "Filter[].Value[]"),
            ("1", "1"),
        ] {
            assert_eq!(path_of(name), path);
        }
    }
}
