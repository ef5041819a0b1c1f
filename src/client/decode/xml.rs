//! An answer in XML becomes the JSON that the same service sends where it is asked for JSON.
//!
//! XML has neither lists nor numbers: what an element is, follows from the Action's answer in the
//! catalogue.

use cumulua_core::catalog::{Action, Field, Kind, ServiceModel, Wrapper};
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;
use serde_json::{Map, Number, Value as Json};
use std::collections::BTreeMap;
use std::slice;

/// Elements nested deeper than this are refused; it is the limit that `serde_json` has.
const MAX_DEPTH: usize = 128;

/// Reads `text` as an answer of `action`, the root element as the one key of an object. An error is
/// what is wrong, and where.
pub(super) fn parse(action: &Action, text: &str) -> Result<Json, String> {
    let root = tree(text)?;
    let product = &action.product;
    if product.protocol.wrapper != Some(Wrapper::ActionResponse) {
        return Err(format!(
            "it is XML (<{}>), and {} answers in JSON",
            root.name, product.title
        ));
    }
    // A page of HTML may be well-formed and is still no answer.
    if !root.name.ends_with("Response") {
        return Err(format!(
            "it is XML whose root is <{}> and not <{}Response>",
            root.name, action.name
        ));
    }
    let fields = match root.name.strip_suffix("Response") {
        Some(name) if name == action.name => action.answer.fields.as_slice(),
        _ => &[],
    };
    let name = root.name.clone();
    let answer = Shapes(&action.service).object(root, fields);
    Ok(Json::Object(Map::from_iter([(name, answer)])))
}

/// Reads `text` as the document that an Action answers with: its root as the one key of an object.
pub(super) fn document(action: &Action, text: &str) -> Result<Json, String> {
    let root = tree(text)?;
    let field = action
        .answer
        .fields
        .iter()
        .find(|field| field.name == root.name);
    let is_known = field.is_some() || root.name == "Error";
    // Of an Action without a documented answer any root is one, but that of a page.
    if !is_known && (!action.answer.fields.is_empty() || root.name.eq_ignore_ascii_case("html")) {
        return Err(format!("it is XML whose root is <{}>", root.name));
    }
    let fields = field.map_or(&[][..], |field| action.service.fields_of(field));
    let name = root.name.clone();
    let answer = Shapes(&action.service).object(root, fields);
    Ok(Json::Object(Map::from_iter([(name, answer)])))
}

/// An element without its attributes.
#[derive(Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn is_empty(&self) -> bool {
        self.children.is_empty() && self.text.trim().is_empty()
    }
}

fn tree(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(unreadable(&error, &place(text, reader.error_position()))),
        };
        let here = || place(text, reader.buffer_position());
        match event {
            Event::Start(_) if root.is_some() => {
                return Err(format!("its XML goes on after its root {}", here()));
            }
            Event::Start(_) if open.len() == MAX_DEPTH => {
                return Err(format!("its XML is nested too deeply {}", here()));
            }
            Event::Start(start) => {
                let name = name_of(&start)
                    .ok_or_else(|| format!("it is not XML: a tag is malformed {}", here()))?;
                open.push(Element {
                    name,
                    ..Element::default()
                });
            }
            Event::End(_) => {
                let closed = open
                    .pop()
                    .ok_or_else(|| format!("it is not XML: an end tag ends nothing {}", here()))?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(closed),
                    None => root = Some(closed),
                }
            }
            Event::Text(piece) => append(&mut open, &piece.xml10_content(), here)?,
            Event::CData(piece) => append(&mut open, &piece.xml10_content(), here)?,
            Event::GeneralRef(reference) => {
                let meant = resolve(&reference).ok_or_else(|| {
                    format!(
                        "it is not XML: &{}; is none of its predefined entities {}",
                        &*reference,
                        here()
                    )
                })?;
                append(&mut open, &meant, here)?;
            }
            // What a document type declares can grow without bound, and no service needs one.
            Event::DocType(_) => {
                return Err(format!(
                    "its XML has a document type, which no answer needs, {}",
                    here()
                ));
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::Empty(_) => {}
            Event::Eof => break,
        }
    }
    match (root, open.pop()) {
        (Some(root), _) => Ok(root),
        (None, Some(element)) => Err(format!(
            "its XML is cut short inside <{}> {}",
            element.name,
            place(text, text.len() as u64)
        )),
        (None, None) => Err("its XML has no element".to_owned()),
    }
}

/// The name without a prefix, where the tag is well-formed.
fn name_of(start: &BytesStart<'_>) -> Option<String> {
    let well_formed = start
        .attributes()
        .with_checks(false)
        .all(|attribute| attribute.is_ok());
    let name = start.local_name().into_inner().to_owned();
    let begins = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    (well_formed
        && begins
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
    .then_some(name)
}

fn append(open: &mut [Element], piece: &str, here: impl Fn() -> String) -> Result<(), String> {
    match open.last_mut() {
        Some(element) => element.text.push_str(piece),
        None if piece.trim().is_empty() => {}
        None => {
            return Err(format!(
                "it is not XML: text stands outside its root {}",
                here()
            ));
        }
    }
    Ok(())
}

fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(character.to_string()),
        Ok(None) => resolve_predefined_entity(reference).map(str::to_owned),
        Err(_) => None,
    }
}

fn unreadable(error: &Error, place: &str) -> String {
    match error {
        Error::Syntax(_) | Error::IllFormed(IllFormedError::MissingEndTag(_)) => {
            format!("its XML is cut short {place}: {error}")
        }
        other => format!("it is not XML {place}: {other}"),
    }
}

fn place(text: &str, byte: u64) -> String {
    let end = text.floor_char_boundary(usize::try_from(byte).unwrap_or(usize::MAX));
    let before = &text[..end];
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    format!("at line {line}, column {column}")
}

/// Gives elements the shapes of a service.
struct Shapes<'a>(&'a ServiceModel);

impl Shapes<'_> {
    fn object(&self, element: Element, fields: &[Field]) -> Json {
        let mut groups: BTreeMap<String, Vec<Element>> = BTreeMap::new();
        for child in element.children {
            groups.entry(child.name.clone()).or_default().push(child);
        }
        let mut object = Map::new();
        // A list without elements leaves nothing in XML by which it could be seen.
        for field in fields
            .iter()
            .filter(|field| field.kinds.as_slice() == [Kind::List])
        {
            object.insert(field.name.clone(), Json::Array(Vec::new()));
        }
        for (name, group) in groups {
            let value = match fields.iter().find(|field| field.name == name) {
                Some(field) => self.field(group, field),
                None => one_or_list(group.into_iter().map(|element| self.unknown(element))),
            };
            object.insert(name, value);
        }
        Json::Object(object)
    }

    /// The elements of one name, as the field of that name.
    fn field(&self, group: Vec<Element>, field: &Field) -> Json {
        let fields = self.0.fields_of(field);
        let kinds = field.kinds.as_slice();
        if kinds.contains(&Kind::List) {
            if let [only] = group.as_slice()
                && only.is_empty()
            {
                return Json::Array(Vec::new());
            }
            let of = field.of.unwrap_or(if fields.is_empty() {
                Kind::Any
            } else {
                Kind::Object
            });
            return group
                .into_iter()
                .map(|element| self.value(element, slice::from_ref(&of), None, fields))
                .collect();
        }
        one_or_list(
            group
                .into_iter()
                .map(|element| self.value(element, kinds, field.of, fields)),
        )
    }

    fn value(&self, element: Element, kinds: &[Kind], of: Option<Kind>, fields: &[Field]) -> Json {
        let structured = kinds
            .iter()
            .any(|kind| matches!(kind, Kind::Object | Kind::Map));
        if element.children.is_empty() && !(structured && element.is_empty()) {
            return scalar(element.text.trim(), kinds);
        }
        match of {
            Some(of) if kinds.contains(&Kind::Map) => self.map(element, of),
            _ => self.object(element, fields),
        }
    }

    /// An object whose keys are data.
    fn map(&self, element: Element, of: Kind) -> Json {
        let values = element
            .children
            .into_iter()
            .map(|child| (child.name.clone(), self.value(child, &[of], None, &[])));
        Json::Object(values.collect())
    }

    fn unknown(&self, element: Element) -> Json {
        self.value(element, &[Kind::Any], None, &[])
    }
}

fn one_or_list(values: impl Iterator<Item = Json>) -> Json {
    let mut values: Vec<_> = values.collect();
    if values.len() == 1 {
        values.remove(0)
    } else {
        Json::Array(values)
    }
}

/// Text in the first of `kinds` that has exactly the same meaning.
fn scalar(text: &str, kinds: &[Kind]) -> Json {
    let exact = kinds.iter().find_map(|kind| match kind {
        Kind::Integer
            if text
                .strip_prefix('-')
                .unwrap_or(text)
                .bytes()
                .all(|byte| byte.is_ascii_digit()) =>
        {
            number(text)
        }
        Kind::Number => number(text),
        Kind::Boolean => text.to_ascii_lowercase().parse().ok().map(Json::Bool),
        _ => None,
    });
    exact.unwrap_or_else(|| Json::String(text.to_owned()))
}

/// JSON's grammar leaves no second way to write a number, so `007` stays text.
fn number(text: &str) -> Option<Json> {
    text.parse::<Number>().ok().map(Json::Number)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use cumulua_core::catalog::{Action, Catalog};
    use serde_json::{Value as Json, json};
    use std::fs;

    /// An Action whose answer has a field of every kind.
    fn toy() -> Action {
        let product = json!({
            "product": "toy", "title": "Toy", "source": {"file": "-", "title": "-"},
            "protocol": {
                "signer": "sigv2", "post": "form", "lists": "indexed-from-1", "wrapper": "action-response",
                "error_wrapper": "ErrorResponse.Error", "success": [], "code": ["code"], "message": ["message"]
            },
            "credentials": {"access_key": "A", "secret_key": "B"}
        });
        let service = json!({
            "service": "toy", "title": "Toy",
            "shapes": {"Box": [
                {"name": "id", "type": "string"},
                {"name": "tags", "type": "list", "of": "string"},
                {"name": "sizes", "type": "list", "of": "integer"}
            ]},
            "actions": [{
                "name": "ListBoxes", "summary": "-", "methods": ["GET"], "read_only": true, "params": [],
                "answer": {"fields": [
                    {"name": "Set", "type": "object", "fields": [
                        {"name": "Box", "type": "list", "of": "object", "shape": "Box"},
                        {"name": "Total", "type": "integer"}
                    ]},
                    {"name": "only", "type": "object", "shape": "Box"},
                    {"name": "price", "type": "number"},
                    {"name": "open", "type": "boolean"},
                    {"name": "either", "type": ["integer", "string"]},
                    {"name": "labels", "type": "map", "of": "string"},
                    {"name": "text", "type": "string"}
                ]}
            }]
        });
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("toy")).unwrap();
        fs::write(folder.path().join("toy/product.json"), product.to_string()).unwrap();
        fs::write(folder.path().join("toy/toy.json"), service.to_string()).unwrap();
        Catalog::new(vec![folder.path().to_owned()])
            .action("toy.ListBoxes")
            .unwrap()
    }

    fn answer(inner: &str) -> Json {
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<ListBoxesResponse>{inner}</ListBoxesResponse>\n"
        );
        parse(&toy(), &xml).unwrap()["ListBoxesResponse"].take()
    }

    fn fault(xml: &str) -> String {
        parse(&toy(), xml).unwrap_err()
    }

    #[test]
    fn a_list_is_a_list_with_no_element_one_and_two() {
        let boxes = |inner: &str| answer(&format!("<Set>{inner}</Set>"))["Set"]["Box"].take();
        assert_eq!(boxes(""), json!([]));
        assert_eq!(boxes("<Box/>"), json!([]));
        assert_eq!(
            boxes("<Box><id>1</id></Box>"),
            json!([{"id": "1", "tags": [], "sizes": []}])
        );
        assert_eq!(
            boxes("<Box><id>1</id></Box><Total>2</Total><Box><id>2</id></Box>")
                .as_array()
                .unwrap()
                .len(),
            2
        );
    }

    #[test]
    fn an_empty_element_between_others_keeps_its_place() {
        let only = answer("<only><tags>a</tags><tags/><tags>c</tags><sizes>7</sizes></only>");
        assert_eq!(
            only,
            json!({"only": {"tags": ["a", "", "c"], "sizes": [7]}})
        );
    }

    #[test]
    fn a_field_has_the_type_of_the_catalogue() {
        let read = answer(
            "<Set><Total>7</Total></Set><price>16.60</price><open>True</open><either>x1</either>
             <labels><zone>1</zone><os> Linux </os></labels><text>12</text>",
        );
        let expected = r#"{"Set": {"Box": [], "Total": 7}, "price": 16.60, "open": true, "either": "x1",
            "labels": {"zone": "1", "os": "Linux"}, "text": "12"}"#;
        assert_eq!(read, serde_json::from_str::<Json>(expected).unwrap());
    }

    #[test]
    fn a_number_that_would_change_stays_text() {
        for text in ["007", "+7", "7.0", "0x7", "", "seven"] {
            assert_eq!(
                answer(&format!("<Set><Total>{text}</Total></Set>"))["Set"]["Total"],
                json!(text),
                "{text}"
            );
        }
        assert_eq!(answer("<price>NaN</price>")["price"], json!("NaN"));
    }

    #[test]
    fn an_integer_beyond_64_bits_stays_exact() {
        let total = &answer("<Set><Total>98765432109876543210987</Total></Set>")["Set"]["Total"];
        assert!(total.is_number());
        assert_eq!(total.to_string(), "98765432109876543210987");
    }

    #[test]
    fn an_empty_structure_is_an_object() {
        assert_eq!(
            answer("<Set/><labels/>"),
            json!({"Set": {"Box": []}, "labels": {}})
        );
        assert_eq!(answer(""), json!({}));
    }

    #[test]
    fn what_the_shape_does_not_know_follows_its_form() {
        let read = answer("<new><a>1</a><a>2</a><b><c> x </c></b><d/></new>");
        assert_eq!(
            read,
            json!({"new": {"a": ["1", "2"], "b": {"c": "x"}, "d": ""}})
        );
    }

    #[test]
    fn another_root_has_no_shape() {
        let xml = "<ErrorResponse><Error><message>No &lt;money&gt;</message><code>406</code></Error></ErrorResponse>";
        let expected =
            json!({"ErrorResponse": {"Error": {"message": "No <money>", "code": "406"}}});
        assert_eq!(parse(&toy(), xml).unwrap(), expected);
    }

    #[test]
    fn attributes_prefixes_comments_and_instructions_are_left_out() {
        let xml = "<!-- a --><?b c?><n:ListBoxesResponse xmlns:n=\"urn:x\"><n:text a='1'>x<!-- y -->z</n:text></n:ListBoxesResponse>";
        assert_eq!(
            parse(&toy(), xml).unwrap(),
            json!({"ListBoxesResponse": {"text": "xz"}})
        );
    }

    #[test]
    fn entities_and_character_data_are_text() {
        let text = answer(
            "<text> &lt;&amp;&gt;&quot;&apos; &#20320;&#x597d; <![CDATA[<b>&amp;]]> </text>",
        )["text"]
            .take();
        assert_eq!(text, json!("<&>\"' 你好 <b>&amp;"));
    }

    #[test]
    fn no_entity_is_ever_expanded() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;\">]>\n<ListBoxesResponse>&c;</ListBoxesResponse>";
        assert!(fault(bomb).contains("document type"), "{}", fault(bomb));
        let own = fault("<ListBoxesResponse>\n<text>&nbsp;</text></ListBoxesResponse>");
        assert_eq!(
            own,
            "it is not XML: &nbsp; is none of its predefined entities at line 2, column 13"
        );
        assert!(fault("<ListBoxesResponse>&#0;</ListBoxesResponse>").contains("&#0;"));
    }

    #[test]
    fn xml_that_is_cut_short_is_an_error_with_its_place() {
        let whole = "<ListBoxesResponse>\n  <text a=\"1\">x &amp; y</text>\n</ListBoxesResponse>";
        for end in 1..whole.len() {
            let reason = fault(&whole[..end]);
            assert!(reason.contains("at line"), "{end}: {reason}");
        }
        assert_eq!(
            fault(&whole[..42]),
            "its XML is cut short inside <text> at line 2, column 23"
        );
    }

    #[test]
    fn malformed_xml_is_an_error_with_its_reason_and_place() {
        for (inner, what) in [
            (
                "<text>x</texts>",
                "expected `</text>`, but `</texts>` was found",
            ),
            ("<1text/>", "a tag is malformed"),
            ("<text a=>x</text>", "a tag is malformed"),
            ("<text>a & b</text>", "`;` not found"),
            ("</ListBoxesResponse></x>", "does not match any open tag"),
            ("</ListBoxesResponse><x/>", "goes on after its root"),
            ("</ListBoxesResponse>x", "text stands outside its root"),
        ] {
            let xml = format!("<ListBoxesResponse>{inner}");
            let reason = fault(&xml);
            assert!(
                reason.contains(what) && reason.contains("line 1, column"),
                "{xml}: {reason}"
            );
        }
        assert_eq!(fault("<?xml version=\"1.0\"?>"), "its XML has no element");
    }

    #[test]
    fn a_page_is_no_answer() {
        assert_eq!(
            fault("<html><body/></html>"),
            "it is XML whose root is <html> and not <ListBoxesResponse>"
        );
    }

    #[test]
    fn depth_has_a_limit() {
        let nested = |depth: usize| {
            let inner = depth - 1;
            parse(
                &toy(),
                &format!(
                    "<ListBoxesResponse>{}{}</ListBoxesResponse>",
                    "<a>".repeat(inner),
                    "</a>".repeat(inner)
                ),
            )
        };
        assert!(nested(128).is_ok());
        // Behind the tag that is one too deep: that of the answer has 19 characters, each other 3.
        let too_deep = "its XML is nested too deeply at line 1, column 404";
        assert_eq!(nested(129).unwrap_err(), too_deep);
        assert_eq!(nested(100_000).unwrap_err(), too_deep);
    }
}
