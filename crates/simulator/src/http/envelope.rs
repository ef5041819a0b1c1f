//! What stands around an answer, as each product writes it.

use crate::cloud::refusal::Refusal;
use crate::http::request::{Format, Product};
use crate::http::xml;
use cumulua_core::catalog::Action;
use serde_json::{Map, Value as Json, json};

const JSON: &str = "application/json";
const XML: &str = "text/xml";
/// As Meituan's document says.
const MCS_XML: &str = "application/xml";

/// The OSS document's examples wrap answers by these; two of them name another Action.
const OSS_WRAPPERS: &[(&str, &str)] = &[
    (
        "CreateOssInstance",
        "oss-admin_aliyuncs_com_CreateOssInstance_2015-03-02_response",
    ),
    (
        "StopOssInstance",
        "oss-admin_aliyuncs_com_StopOssInstance_2015-03-02_response",
    ),
    (
        "RestartOssInstance",
        "oss-admin.aliyuncs.com.StopOssInstance.2015-03-02.response",
    ),
    (
        "ReleaseOssInstance",
        "oss-admin.aliyuncs.com.StopOssInstance.2015-03-02.response",
    ),
];

/// A success: the content type and the text.
pub(crate) fn success(
    product: Product,
    format: Format,
    action: &Action,
    mut answer: Json,
    id: &str,
) -> (&'static str, String) {
    match product {
        Product::Cds => {
            envelop_cds(action, &mut answer, id);
            (JSON, text(&answer))
        }
        Product::Aliyun => {
            let key = documented(action, &["RequestId", "requestId", "request_id"])
                .unwrap_or("RequestId");
            answer[key] = json!(id);
            let wrapper = OSS_WRAPPERS
                .iter()
                .find(|(name, _)| *name == action.name)
                .map(|(_, wrapper)| *wrapper);
            match (wrapper, format) {
                (Some(wrapper), Format::Json) => (JSON, wrapped(wrapper, answer)),
                (None, Format::Json) => (JSON, text(&answer)),
                (_, Format::Xml) => (
                    XML,
                    xml::document(&format!("{}Response", action.name), &answer),
                ),
            }
        }
        Product::Mcs => {
            let wrapper = format!("{}Response", action.name);
            match format {
                Format::Json => (JSON, wrapped(wrapper, answer)),
                Format::Xml => (MCS_XML, xml::document(&wrapper, &answer)),
            }
        }
    }
}

/// An answer as it is written; `to_string` would go through a formatter piece by piece.
fn text(answer: &Json) -> String {
    serde_json::to_string(answer).unwrap_or_default()
}

/// An answer below one key, moved and not copied.
fn wrapped(wrapper: impl Into<String>, answer: Json) -> String {
    text(&Json::Object(
        [(wrapper.into(), answer)].into_iter().collect(),
    ))
}

/// Capital Online spells code and text in many ways; each Action's are those of its example.
fn envelop_cds(action: &Action, answer: &mut Json, request_id: &str) {
    let example = action.answer.example.as_object();
    let view = |name: &str| {
        example
            .and_then(|fields| fields.get(name))
            .filter(|value| value.is_string())
    };
    let fill = |answer: &mut Json, name: &str, otherwise: &str| {
        if answer.get(name).is_none() {
            answer[name] = view(name).cloned().unwrap_or_else(|| json!(otherwise));
        }
    };
    for code in ["Code", "code"]
        .into_iter()
        .filter(|name| view(name).is_some())
    {
        fill(answer, code, "Success");
    }
    if answer.get("Code").is_none() && answer.get("code").is_none() {
        answer["Code"] = json!("Success");
    }
    let texts = ["Message", "Msg", "CodeMsg", "msg"];
    for text in texts.into_iter().filter(|name| view(name).is_some()) {
        fill(answer, text, "Success.");
    }
    if texts.iter().all(|name| answer.get(*name).is_none()) {
        answer["Message"] = json!("Success.");
    }
    let id = documented(action, &["RequestId", "requestId"]).unwrap_or("RequestId");
    answer[id] = json!(request_id);
}

/// The first of some keys that the Action's example has.
fn documented(action: &Action, keys: &[&'static str]) -> Option<&'static str> {
    let example = action.answer.example.as_object()?;
    keys.iter().find(|key| example.contains_key(**key)).copied()
}

/// A refusal: the content type and the text. The Action is known only where the refusal came after
/// it was looked up.
pub(crate) fn refusal(
    product: Product,
    format: Format,
    action: Option<&Action>,
    refusal: &Refusal,
    id: &str,
) -> (&'static str, String) {
    let Refusal { code, message, .. } = refusal;
    match (product, format) {
        (Product::Cds, _) => {
            let spelled =
                |keys: &[&'static str]| action.and_then(|action| documented(action, keys));
            let mut body = Map::new();
            let name = spelled(&["Code", "code"]).unwrap_or("Code");
            // One service has numbers for codes.
            let example = action.and_then(|action| action.answer.example.get(name));
            let number = code.parse::<u64>().ok();
            let number = number.filter(|_| example.is_some_and(Json::is_number));
            let code = number.map_or_else(|| json!(code), |number| json!(number));
            body.insert(name.to_owned(), code);
            body.insert(
                spelled(&["Message", "Msg", "msg"])
                    .unwrap_or("Message")
                    .to_owned(),
                json!(message),
            );
            body.insert("RequestId".to_owned(), json!(id));
            (JSON, text(&Json::Object(body)))
        }
        (Product::Aliyun, format) => {
            let body =
                json!({"Code": code, "Message": message, "RequestId": id, "HostId": "localhost"});
            match format {
                Format::Json => (JSON, text(&body)),
                Format::Xml => (XML, xml::document("Error", &body)),
            }
        }
        (Product::Mcs, format) => {
            // Its own codes are statuses; those of the authentication say more.
            let message = if code.parse::<u16>().is_ok() {
                message.clone()
            } else {
                format!("{code}: {message}")
            };
            let error = json!({"Error": {"message": message, "code": refusal.status()}});
            match format {
                Format::Json => (JSON, text(&json!({"ErrorResponse": error}))),
                Format::Xml => (MCS_XML, xml::document("ErrorResponse", &error)),
            }
        }
    }
}
