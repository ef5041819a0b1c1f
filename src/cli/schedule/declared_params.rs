//! What `[schedule.params]` has, against what the script takes by `std.args`: only as far as the
//! script's text shows that.

use crate::lua::{DeclaredOptions, OptionKind, declared_options};
use crate::schedule::model::Schedule;
use crate::schedule::params::{Param, ParamType};
use cumulua_core::catalog::suggest;
use std::fs;

/// Parameters that the script would refuse, or that nothing of it takes.
pub(super) fn param_faults(schedule: &Schedule) -> Vec<String> {
    if schedule.params.is_empty() {
        return Vec::new();
    }
    // A script that cannot be read has an error of its own.
    let text = fs::read_to_string(&schedule.script).unwrap_or_default();
    let Some(declared) = declared_options(&text) else {
        return Vec::new();
    };
    let params = schedule.params.iter();
    let faults = params.filter_map(|(name, param)| fault(name, param, &declared));
    faults
        .map(|fault| format!("{}: {fault}", schedule.name))
        .collect()
}

fn fault(name: &str, param: &Param, declared: &DeclaredOptions) -> Option<String> {
    match declared.kinds.get(name) {
        None if !declared.are_all => None,
        None => {
            let names = declared.kinds.keys().map(String::as_str);
            let near = suggest::did_you_mean(&suggest::nearest(name, names));
            Some(format!(
                "nothing takes the parameter {name}: std.args of its script declares no such option{near}"
            ))
        }
        Some(None) => None,
        Some(Some(kind)) if fits(param, *kind) => None,
        Some(Some(kind)) => {
            let takes = match kind {
                OptionKind::Text => "text",
                OptionKind::Integer => "a whole number",
                OptionKind::Boolean => "true or false",
            };
            Some(format!(
                "the parameter {name} is of the type {}, and std.args of its script takes {takes}",
                param.kind.as_str()
            ))
        }
    }
}

/// Whether what is given can be what the option takes.
fn fits(param: &Param, kind: OptionKind) -> bool {
    match (param.kind, kind) {
        (ParamType::String, OptionKind::Text)
        | (ParamType::Integer, OptionKind::Integer)
        | (ParamType::Boolean, OptionKind::Boolean) => true,
        // It can be a whole one.
        (ParamType::Number, OptionKind::Integer) => {
            let default = param.default.as_ref();
            default.is_none_or(serde_json::Value::is_i64)
        }
        _ => false,
    }
}
