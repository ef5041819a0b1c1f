//! Parameters become what travels: signed pairs, and a JSON body where the product
//! has one.

use super::value::{Params, Value};
use bytes::Bytes;
use cumulua_core::catalog::{Action, ListStyle, Location, Method, PostStyle};

/// A request before it is signed.
#[derive(Clone)]
pub struct Message {
    /// Its method.
    pub method: Method,
    /// What stands in the path, by the names that it has there.
    pub path: Vec<(String, String)>,
    /// The pairs that are signed: the query, or the form of a POST.
    pub pairs: Vec<(String, String)>,
    /// A JSON body, which no scheme signs.
    pub json: Option<Bytes>,
}

/// Writes an Action's parameters as its product's wire wants them.
pub fn serialize(action: &Action, params: &Params) -> Message {
    let protocol = &action.product.protocol;
    let method = action.method();
    let is_in_path = |name: &str| {
        let param = action.param(name);
        param.is_some_and(|param| param.location == Some(Location::Path))
    };
    let (path, rest): (Vec<_>, Vec<_>) = params.iter().partition(|(name, _)| is_in_path(name));
    let path = path.into_iter();
    let mut message = Message {
        method,
        path: path
            .filter_map(|(name, value)| Some((name.clone(), value.to_text()?)))
            .collect(),
        pairs: Vec::with_capacity(rest.len() + 8),
        json: None,
    };
    let has_body = method == Method::Post || method.has_body() && !rest.is_empty();
    if has_body && protocol.post == PostStyle::Json {
        let fields = rest.into_iter();
        let body: Params = fields
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        message.json = Some(Value::Object(body).to_json().to_string().into());
    } else {
        for (name, value) in rest {
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
