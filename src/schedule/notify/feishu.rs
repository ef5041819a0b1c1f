//! Feishu's (Lark's) custom bots, as <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>
//! describes them: at most 100 messages a minute and 5 a second of 20 KB each, signed in the body
//! with a key that is timestamp and secret, and a `code` in every answer.

use super::message::Message;
use super::outlet::{Failure, Outlet, post_json, url};
use super::robot::{SignedRobot, check_code};
use super::signature::hmac_sha256;
use cumulua_core::clock::wall_now;

/// In bytes.
const LONGEST: usize = 4_000;

pub(super) async fn send(
    to: &SignedRobot,
    message: &Message,
    outlet: &dyn Outlet,
) -> Result<(), Failure> {
    let mut body = serde_json::json!({
        "msg_type": "text",
        "content": { "text": message.text(LONGEST, without_tags) },
    });
    if let Some(key) = to.key(outlet)? {
        let timestamp = wall_now().as_second().to_string();
        body["sign"] = hmac_sha256(&format!("{timestamp}\n{key}"), "").into();
        body["timestamp"] = timestamp.into();
    }
    let answer = post_json(outlet, url(outlet, &to.url)?, Vec::new(), &body).await?;
    check_code(outlet, &answer, "code", "msg")
}

/// `<at user_id="all">` in a text calls everyone, and there is no way to escape it.
pub(super) fn without_tags(text: &str) -> String {
    text.replace('<', "＜")
}
