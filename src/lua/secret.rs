//! A secret as a script holds it: opaque, and open only as a parameter of a call.

use cumulua_core::secret::{REDACTED, Secret};
use mlua::{MetaMethod, UserData, UserDataMethods, Value};

/// A secret as a script holds it.
pub(super) struct SecretValue(pub(super) Secret);

impl UserData for SecretValue {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::ToString, |_, _, ()| Ok(REDACTED));
        // Either side may be the secret.
        methods.add_meta_function(MetaMethod::Concat, |_, (left, right): (Value, Value)| {
            let text = |value: Value| match value {
                Value::UserData(_) => Ok(REDACTED.to_owned()),
                other => other.to_string(),
            };
            Ok(text(left)? + &text(right)?)
        });
        methods.add_meta_method(MetaMethod::Len, |_, _, ()| Ok(REDACTED.len()));
    }
}
