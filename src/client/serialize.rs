//! Parameters become what travels: signed pairs, and a JSON body where the product
//! has one.

use super::value::{Params, Value};
use bytes::Bytes;
use cumulua_core::catalog::{Action, ListStyle, Method, PostStyle};

/// A request before it is signed.
#[derive(Clone)]
pub struct Message {
    /// Its method.
    pub method: Method,
    /// The pairs that are signed: the query, or the form of a POST.
    pub pairs: Vec<(String, String)>,
    /// A JSON body, which no scheme signs.
    pub json: Option<Bytes>,
}

/// Writes an Action's parameters as its product's wire wants them.
pub fn serialize(action: &Action, params: &Params) -> Message {
    let protocol = &action.product.protocol;
    let method = action.method();
    let mut message = Message {
        method,
        pairs: Vec::with_capacity(params.len() + 8),
        json: None,
    };
    if method == Method::Post && protocol.post == PostStyle::Json {
        message.json = Some(Value::Object(params.clone()).to_json().to_string().into());
    } else {
        for (name, value) in params {
            flatten(name, value, protocol.lists, &mut message.pairs);
        }
    }
    message
}

/// `Filter.1.Value.2`: lists by their numbers, objects by their keys.
fn flatten(name: &str, value: &Value, lists: ListStyle, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::List(items) => {
            let first = usize::from(lists == ListStyle::FromOne);
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{name}.{}", index + first), item, lists, pairs);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                flatten(&format!("{name}.{key}"), field, lists, pairs);
            }
        }
        scalar => {
            if let Some(text) = scalar.to_text() {
                pairs.push((name.to_owned(), text));
            }
        }
    }
}
