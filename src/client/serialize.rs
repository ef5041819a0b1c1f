//! Parameters become what travels: signed pairs, and a JSON body where the product
//! has one.

use super::body::Body;
use super::form::Form;
use super::value::{Params, Value};
use super::xml;
use bytes::Bytes;
use cumulua_core::catalog::{Action, ListStyle, Location, Method, PostStyle};

/// A request before it is signed.
#[derive(Clone)]
pub struct Message {
    /// Its method.
    pub method: Method,
    /// What stands in the path, by the names that it has there.
    pub path: Vec<(String, String)>,
    /// Headers that are parameters.
    pub headers: Vec<(String, String)>,
    /// The pairs that are signed: the query, or the form of a POST.
    pub pairs: Vec<(String, String)>,
    /// The fields of a form with a file, until there is that.
    pub(super) form_fields: Params,
    /// What no scheme signs.
    pub body: Option<MessageBody>,
}

/// A body that is not the form of a POST.
#[derive(Clone)]
pub enum MessageBody {
    /// JSON.
    Json(Bytes),
    /// XML.
    Xml(Bytes),
    /// A form with a file.
    Form(Form),
}

impl MessageBody {
    /// Its content type, and itself.
    pub(super) fn typed(&self) -> (&'static str, Body) {
        match self {
            Self::Json(json) => ("application/json", json.clone().into()),
            Self::Xml(xml) => ("application/xml", xml.clone().into()),
            Self::Form(form) => ("multipart/form-data", form.body()),
        }
    }
}

/// Writes an Action's parameters as its product's wire wants them.
pub fn serialize(action: &Action, params: &Params) -> Message {
    let protocol = &action.product.protocol;
    let method = action.method();
    let mut message = Message {
        method,
        path: Vec::new(),
        headers: Vec::new(),
        pairs: Vec::with_capacity(params.len() + 8),
        form_fields: Params::new(),
        body: None,
    };
    let fixed = action.query.iter();
    let fixed = fixed.map(|(name, value)| (name.clone(), value.clone()));
    message.pairs.extend(fixed);
    let has_file = action.file_param().is_some();
    let takes_json =
        !has_file && !action.speaks_xml() && method.has_body() && protocol.post == PostStyle::Json;
    let mut body = Params::new();
    for (name, value) in params {
        let param = action.param(name);
        let location = param.and_then(|param| param.location);
        match location {
            None if action.speaks_xml()
                && let Some(param) = param =>
            {
                let xml = xml::document(param, value);
                message.body = Some(MessageBody::Xml(xml.into()));
            }
            Some(Location::Path) => message.path.extend(pair(name, value)),
            Some(Location::Header) => message.headers.extend(pair(name, value)),
            None if has_file => _ = message.form_fields.insert(name.clone(), value.clone()),
            None if !takes_json => flatten(name, value, protocol.lists, &mut message.pairs),
            Some(Location::Body) | None => _ = body.insert(name.clone(), value.clone()),
        }
    }
    if !body.is_empty() || takes_json && method == Method::Post {
        let json = Value::Object(body).to_json().to_string();
        message.body = Some(MessageBody::Json(json.into()));
    }
    message
}

fn pair(name: &str, value: &Value) -> Option<(String, String)> {
    Some((name.to_owned(), value.to_text()?))
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
        scalar => pairs.extend(pair(name, scalar)),
    }
}
