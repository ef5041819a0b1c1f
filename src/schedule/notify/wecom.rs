//! WeCom's group robots, as <https://developer.work.weixin.qq.com/document/path/91770> describes them:
//! at most 20 messages a minute, a text of at most 2,048 bytes, and an `errcode` in every answer.

use super::feishu::without_tags;
use super::message::Message;
use super::outlet::{Failure, Outlet, post_json, url};
use super::robot::check_code;
use super::source::UrlSource;

/// In bytes.
const LONGEST: usize = 2_048;

pub(super) async fn send(
    to: &UrlSource,
    message: &Message,
    outlet: &dyn Outlet,
) -> Result<(), Failure> {
    // `<@userid>` in a text calls a member.
    let text = message.text(LONGEST, without_tags);
    let body = serde_json::json!({ "msgtype": "text", "text": { "content": text } });
    let answer = post_json(outlet, url(outlet, to)?, Vec::new(), &body).await?;
    check_code(outlet, &answer, "errcode", "errmsg")
}
