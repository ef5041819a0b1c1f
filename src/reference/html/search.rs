//! The index that the pages search, as a script, since a page opened from a folder may not fetch.

use cumulua_core::catalog::{Action, Field, Param};
use serde_json::json;

/// `window.cumuluaIndex = […]`: `n`ame, `s`ummary, `t`erm and, for weaker matches, the `w`ords of
/// parameters and fields.
pub(super) fn index(actions: &[Action]) -> String {
    let entries: Vec<String> = actions.iter().map(entry).collect();
    format!("window.cumuluaIndex = [\n{}\n];\n", entries.join(",\n"))
}

fn entry(action: &Action) -> String {
    let mut words = vec![action.service.title.clone()];
    words.extend(action.service.term.clone());
    param_terms(&action.params, &mut words);
    field_terms(&action.answer.fields, &mut words);
    words.sort();
    words.dedup();
    let term = action.term.as_deref().unwrap_or_default();
    let summary = &action.summary;
    let summary = match action.deprecated {
        Some(_) => format!("Deprecated. {summary}"),
        None => summary.clone(),
    };
    json!({ "n": action.full_name, "s": summary, "t": term, "w": words.join(" ") }).to_string()
}

fn param_terms(params: &[Param], words: &mut Vec<String>) {
    for param in params {
        words.push(param.name.clone());
        words.extend(param.term.clone());
        param_terms(&param.fields, words);
    }
}

fn field_terms(fields: &[Field], words: &mut Vec<String>) {
    for field in fields {
        words.push(field.name.clone());
        words.extend(field.term.clone());
        field_terms(&field.fields, words);
    }
}

#[cfg(test)]
mod tests {
    use super::index;
    use cumulua_core::catalog::Catalog;
    use serde_json::Value as Json;

    #[test]
    fn the_vendors_term_and_the_english_word_find_the_same_action() {
        let text = index(&Catalog::default().actions_of("cds.ccs").unwrap());
        let list = text
            .trim()
            .strip_prefix("window.cumuluaIndex = ")
            .and_then(|text| text.strip_suffix(';'))
            .unwrap();
        let entries: Vec<Json> = serde_json::from_str(list).unwrap();
        let create = entries
            .iter()
            .find(|entry| entry["n"] == "cds.ccs.CreateInstance")
            .unwrap();
        assert!(create["t"].as_str().unwrap().contains("云服务器"));
        assert!(create["s"].as_str().unwrap().contains("servers"));
        // A parameter's term and a nested parameter's name.
        assert!(create["w"].as_str().unwrap().contains("系统盘"));
        assert!(create["w"].as_str().unwrap().contains("IOPS"));
    }
}
