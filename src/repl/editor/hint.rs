//! The hint behind the cursor: the parameters that the Action being typed still takes, required
//! ones first.

use super::candidate::Knowledge;
use super::complete::{action_at, is_required, params_of};
use super::context;
use cumulua_core::catalog::Param;

/// The hint behind `line`, in at most so many columns.
pub fn hint(line: &str, columns: usize, knowledge: &dyn Knowledge) -> Option<String> {
    let line = line.strip_prefix('&').unwrap_or(line);
    if line.starts_with([':', '?']) {
        return None;
    }
    let (params, given, opening) = match context::call_at_end_of(line) {
        Some(callee) => {
            let action = action_at(&callee.function, knowledge)?;
            (params_of(&action, &callee).to_vec(), callee.given, "")
        }
        None => (
            action_at(&context::path_at_end_of(line)?, knowledge)?
                .params
                .clone(),
            Vec::new(),
            " { ",
        ),
    };
    let missing = params.iter().filter(|param| !given.contains(&param.name));
    let (required, optional): (Vec<&Param>, Vec<&Param>) =
        missing.partition(|param| is_required(param));
    let required = required.into_iter().map(|param| param.name.clone());
    let names: Vec<String> = required
        .chain(optional.into_iter().map(|param| format!("{}?", param.name)))
        .collect();
    if names.is_empty() {
        return None;
    }
    let gap = if opening.is_empty() && !line.ends_with(' ') {
        "  "
    } else {
        opening
    };
    fitting(gap, &names, columns)
}

/// As many names as fit, and a sign that there are more.
fn fitting(opening: &str, names: &[String], columns: usize) -> Option<String> {
    let mut text = opening.to_owned();
    for (index, name) in names.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        let is_last = index + 1 == names.len();
        let needed = separator.len() + name.chars().count() + if is_last { 0 } else { 3 };
        if text.chars().count() + needed > columns {
            return (index > 0).then(|| text + ", …");
        }
        text = text + separator + name;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn a_hint_never_runs_over_the_line() {
        let names = ["RegionId", "VdcId", "Cpu?"].map(str::to_owned);
        assert_eq!(
            fitting(" { ", &names, 80).unwrap(),
            " { RegionId, VdcId, Cpu?"
        );
        for columns in 0..30 {
            assert!(
                fitting(" { ", &names, columns).is_none_or(|hint| hint.chars().count() <= columns),
                "{columns}"
            );
        }
    }
}
