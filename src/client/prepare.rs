//! Before an account is known: the parameters of a call are checked, get the ids that a client
//! makes, and become what travels. Nothing of an account is known yet.

use super::call::Call;
use super::error::CallError;
use super::form::{Content, Form};
use super::serialize::{Message, MessageBody, serialize};
use super::validate::{Fault, validate};
use super::value::{Params, Value};
use bytes::Bytes;
use cumulua_core::catalog::Generated;

/// A call that can be signed.
pub struct Prepared {
    /// The parameters as they are sent, generated ids included.
    pub params: Params,
    /// What travels.
    pub message: Message,
    /// Values that a newer cloud may know and the catalogue does not.
    pub warnings: Vec<Fault>,
}

/// Checks a call and writes its message; `uuid` makes ids, which stay the same over retries. `file`
/// is the opened file that it is to send.
pub fn prepare(
    call: &Call,
    file: Option<Content>,
    mut uuid: impl FnMut() -> String,
) -> Result<Prepared, CallError> {
    let Call {
        action,
        params,
        options,
        ..
    } = call;
    let mut given = params.clone();
    let content = content(call, file, &mut given)?;
    let mut valid = validate(action, given, options.unchecked, content.is_some())
        .map_err(CallError::Invalid)?;
    for param in &action.params {
        let make = match param.generated {
            Some(Generated::Uuid) => &mut uuid,
            Some(Generated::Empty) => &mut String::new as &mut dyn FnMut() -> String,
            None => continue,
        };
        valid
            .params
            .entry(param.name.clone())
            .or_insert_with(|| Value::String(make()));
    }
    let mut message = serialize(action, &valid.params);
    refuse_common(&message)?;
    if let (Some(param), Some(content)) = (action.file_param(), content) {
        let origin = Value::String(content.origin.clone());
        let mut form = Form::new(uuid(), &param.name, content);
        for (name, value) in std::mem::take(&mut message.form_fields) {
            form.add(&name, &value);
        }
        message.body = Some(MessageBody::Form(form));
        // Records have where it comes from.
        valid.params.insert(param.name.clone(), origin);
    }
    Ok(Prepared {
        params: valid.params,
        message,
        warnings: valid.warnings,
    })
}

/// What the file parameter of an Action takes: an open file, bytes of a script, or a text.
fn content(
    call: &Call,
    file: Option<Content>,
    given: &mut Params,
) -> Result<Option<Content>, CallError> {
    let Some(param) = call.action.file_param() else {
        return Ok(None);
    };
    let name = &param.name;
    let text = match given.remove(name) {
        Some(Value::String(text)) => Some(Bytes::from(text)),
        Some(other) => {
            given.insert(name.clone(), other);
            None
        }
        None => None,
    };
    match (file, call.content.clone().or(text)) {
        (Some(_), Some(_)) => Err(CallError::BadOption(format!(
            "{name} and the option file are both given; the content is one of them"
        ))),
        (Some(file), None) => Ok(Some(file)),
        (None, bytes) => Ok(bytes.map(|bytes| Content {
            name: name.clone(),
            origin: format!("{} bytes", bytes.len()),
            body: bytes.into(),
        })),
    }
}

/// Parameters that every signed request carries. One of a script's own beside them would make the
/// service read another request than the one that was checked and recorded.
const COMMON_PARAMETERS: &[&str] = &[
    "Action",
    "AccessKeyId",
    "AWSAccessKeyId",
    "Format",
    "Region",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

/// Refuses parameters that would stand beside the common ones. In a JSON body they stand apart, and
/// may have these names.
fn refuse_common(message: &Message) -> Result<(), CallError> {
    let is_common = |name: &str| {
        COMMON_PARAMETERS
            .iter()
            .any(|common| common.eq_ignore_ascii_case(name))
    };
    let fault = |name: &String| Fault {
        path: name.clone(),
        problem: "is a common parameter, which the runtime sets".to_owned(),
    };
    let faults: Vec<_> = message
        .pairs
        .iter()
        .filter(|(name, _)| is_common(name))
        .map(|(name, _)| fault(name))
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(CallError::Invalid(faults))
    }
}
