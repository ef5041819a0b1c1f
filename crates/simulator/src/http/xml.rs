//! Answers as XML: fields are elements, and a list repeats its element.

use serde_json::Value as Json;

/// A document whose root holds an answer.
pub(crate) fn document(root: &str, answer: &Json) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned();
    element(&mut text, root, answer);
    text
}

fn element(text: &mut String, name: &str, value: &Json) {
    if let Json::Array(items) = value {
        for item in items {
            element(text, name, item);
        }
        return;
    }
    text.extend(["<", name, ">"]);
    match value {
        Json::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| element(text, name, value)),
        Json::String(string) => escape(text, string),
        Json::Null => {}
        scalar => text.push_str(&scalar.to_string()),
    }
    text.extend(["</", name, ">"]);
}

fn escape(text: &mut String, string: &str) {
    for character in string.chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            // XML 1.0 has no other control characters.
            character if character.is_control() && !"\t\n\r".contains(character) => {
                text.push('\u{fffd}');
            }
            character => text.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::document;
    use serde_json::json;

    #[test]
    fn lists_repeat_their_element_and_texts_are_escaped() {
        let answer = json!({"Set": {"Item": [{"n": 1}, {"n": 2}], "None": []}, "text": "a<b>&\u{1}", "flag": true});
        let written = document("R", &answer);
        let (_, body) = written.split_once('\n').unwrap();
        assert_eq!(
            body,
            "<R><Set><Item><n>1</n></Item><Item><n>2</n></Item></Set><flag>true</flag><text>a&lt;b&gt;&amp;\u{fffd}</text></R>"
        );
    }
}
