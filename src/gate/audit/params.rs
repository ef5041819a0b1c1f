//! Parameters of calls: which of them are secrets, how records show them, and what the redactor
//! learns from them.

use crate::client::validate::Fault;
use crate::client::value::{Params, Value};
use cumulua_core::catalog::{Action, Param, suggest};
use cumulua_core::secret::{LONGEST_SECRET, REDACTED, Redactor, is_named_secret};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// Parameters for a record: secrets and what the catalogue marks are left out.
#[derive(Clone, Copy)]
pub(in crate::gate) struct RedactedParams<'a> {
    action: &'a Action,
    redactor: &'a Redactor,
    known: &'a [Param],
    params: &'a Params,
}

impl<'a> RedactedParams<'a> {
    pub(in crate::gate) fn new(
        action: &'a Action,
        params: &'a Params,
        redactor: &'a Redactor,
    ) -> Self {
        Self {
            action,
            redactor,
            known: &action.params,
            params,
        }
    }
}

impl Serialize for RedactedParams<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.params.len()))?;
        for (name, value) in self.params {
            let key = self.redactor.clean(name);
            if is_sensitive(self.action, self.known, name)
                || is_unknown(self.action, self.known, name)
            {
                map.serialize_entry(&key, REDACTED)?;
            } else {
                map.serialize_entry(
                    &key,
                    &RedactedValue {
                        within: *self,
                        known: fields(self.known, name),
                        value,
                    },
                )?;
            }
        }
        map.end()
    }
}

/// The value of a parameter, or one inside it.
struct RedactedValue<'a> {
    within: RedactedParams<'a>,
    known: &'a [Param],
    value: &'a Value,
}

impl Serialize for RedactedValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            within,
            known,
            value,
        } = *self;
        match value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            // A password of digits alone may be given as a number elsewhere.
            Value::Integer(number) if within.redactor.is_secret(&number.to_string()) => {
                serializer.serialize_str(REDACTED)
            }
            Value::Integer(value) => serializer.serialize_i64(*value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::String(text) => serializer.serialize_str(&within.redactor.clean(text)),
            Value::Secret(_) => serializer.serialize_str(REDACTED),
            Value::List(items) => serializer.collect_seq(items.iter().map(|value| Self {
                within,
                known,
                value,
            })),
            Value::Object(params) => RedactedParams {
                known,
                params,
                ..within
            }
            .serialize(serializer),
        }
    }
}

/// Teaches the redactor every secret among parameters, so that an echo of it is found too; gives
/// the names of those that are too short to be found.
pub(in crate::gate) fn learn(redactor: &Redactor, action: &Action, params: &Params) -> Vec<String> {
    let mut too_short = Vec::new();
    let mut learn = |name: &str, text: &str| {
        redactor.learn(text);
        if !text.is_empty() && !Redactor::can_find(text) {
            too_short.push(name.to_owned());
        }
    };
    visit_structure(action, &action.params, params, false, &mut learn);
    too_short
}

/// The secrets among parameters that are more than the redactor takes, as faults: what it does not
/// know would be shown where a service echoes it.
pub(in crate::gate) fn too_much(
    redactor: &Redactor,
    action: &Action,
    params: &Params,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut check = |name: &str, text: &str| {
        if redactor.is_too_much(text) {
            let bytes = text.len();
            faults.push(Fault {
                path: name.to_owned(),
                problem: format!(
                    "is a secret of {bytes} bytes; up to {LONGEST_SECRET}, and {} together in one run, can be kept out of texts",
                    redactor.most()
                ),
            });
        }
    };
    visit_structure(action, &action.params, params, false, &mut check);
    faults
}

/// The names of the parameters that are secrets, or hold some.
pub fn sensitive_params(action: &Action, params: &Params) -> Vec<String> {
    let holds_any = |name: &&String| {
        let mut has_any = false;
        let one = Params::from_iter([((*name).clone(), params[*name].clone())]);
        let mut note = |_: &str, _: &str| has_any = true;
        visit_structure(action, &action.params, &one, false, &mut note);
        has_any
    };
    params.keys().filter(holds_any).cloned().collect()
}

/// What is done with the name and the text of a secret.
type Visit<'a> = dyn FnMut(&str, &str) + 'a;

fn visit_structure(
    action: &Action,
    known: &[Param],
    params: &Params,
    inside: bool,
    visit: &mut Visit<'_>,
) {
    for (name, value) in params {
        let sensitive = inside || is_sensitive(action, known, name);
        visit_value(action, fields(known, name), (name, value), sensitive, visit);
    }
}

fn visit_value(
    action: &Action,
    known: &[Param],
    (name, value): (&str, &Value),
    sensitive: bool,
    visit: &mut Visit<'_>,
) {
    match value {
        Value::Secret(secret) => visit(name, secret.expose()),
        Value::List(items) => items
            .iter()
            .for_each(|item| visit_value(action, known, (name, item), sensitive, visit)),
        Value::Object(fields) => visit_structure(action, known, fields, sensitive, visit),
        // Of two values, none is a secret, and both are found in many a text.
        Value::Bool(_) => {}
        scalar if sensitive => {
            if let Some(text) = scalar.to_text() {
                visit(name, &text);
            }
        }
        _ => {}
    }
}

fn fields<'a>(known: &'a [Param], name: &str) -> &'a [Param] {
    known
        .iter()
        .find(|param| param.name == name)
        .map_or(&[], |param| param.fields.as_slice())
}

/// Whether the catalogue has the Action and not the parameter: what it holds is not known, and a
/// misspelled password is such a one.
fn is_unknown(action: &Action, known: &[Param], name: &str) -> bool {
    // Of a parameter without fields in the catalogue, as a map, nothing more is known.
    let tells = !known.is_empty() || action.params.is_empty();
    action.is_catalogued() && tells && known.iter().all(|param| param.name != name)
}

/// Whether a parameter is marked; one that the catalogue does not know (a misspelled one, or of a
/// newer Action) is taken for what its name suggests.
fn is_sensitive(action: &Action, known: &[Param], name: &str) -> bool {
    if let Some(param) = known.iter().find(|param| param.name == name) {
        return param.sensitive;
    }
    let marked = |param: &Param| param.sensitive && param.name.eq_ignore_ascii_case(name);
    let sensitive = || {
        known
            .iter()
            .filter(|param| param.sensitive)
            .map(|param| param.name.as_str())
    };
    is_named_secret(name)
        || action
            .service
            .actions
            .iter()
            .flat_map(|action| &action.params)
            .any(marked)
        || !suggest::nearest(name, sensitive()).is_empty()
}
