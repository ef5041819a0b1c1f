//! A parameter as the XML body of a request.

use super::value::Value;
use cumulua_core::catalog::Param;
use quick_xml::escape::partial_escape;
use std::fmt::Write as _;

/// A document whose root is the parameter.
pub(super) fn document(root: &Param, value: &Value) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    element(&mut text, &root.name, &root.fields, value);
    text
}

/// Whether XML 1.0 has the character.
pub(super) fn has(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// A list is an element for each of its own; fields stand in the catalogue's order, which is the
/// document's.
fn element(text: &mut String, name: &str, known: &[Param], value: &Value) {
    if let Value::List(items) = value {
        for item in items {
            element(text, name, known, item);
        }
        return;
    }
    let _ = write!(text, "<{name}>");
    match value {
        Value::Object(fields) => {
            for param in known {
                if let Some(field) = fields.get(&param.name) {
                    element(text, &param.name, &param.fields, field);
                }
            }
        }
        scalar => {
            let value = scalar.to_text().unwrap_or_default();
            // A reader would make a line feed of a carriage return.
            text.push_str(&partial_escape(value).replace('\r', "&#13;"));
        }
    }
    let _ = write!(text, "</{name}>");
}

#[cfg(test)]
mod tests {
    use super::{document, has};
    use crate::client::value::Value;
    use cumulua_core::catalog::Catalog;
    use serde_json::json;

    #[test]
    fn fields_stand_in_the_documents_order_and_lists_repeat_their_element() {
        let action = Catalog::default().action("cds.oss.PutBucketTags").unwrap();
        let root = action.param("Tagging").unwrap();
        let tags = json!({"TagSet": {"Tag": [
            {"Value": "<&>\r", "Key": "ä"},
            {"Key": "empty", "Value": ""},
        ]}});
        assert_eq!(
            document(root, &Value::from(&tags)),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Tagging><TagSet>\
             <Tag><Key>ä</Key><Value>&lt;&amp;&gt;&#13;</Value></Tag>\
             <Tag><Key>empty</Key><Value></Value></Tag></TagSet></Tagging>"
        );
        assert!(
            has('\t') && has('ä') && has('😀') && !has('\0') && !has('\u{1b}') && !has('\u{ffff}')
        );
    }
}
