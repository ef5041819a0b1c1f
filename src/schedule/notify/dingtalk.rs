//! DingTalk's group robots, as <https://open.dingtalk.com/document/robots/custom-robot-access>
//! describes them: at most 20 messages a minute of 20,000 bytes each, signed in the URL, and an
//! `errcode` in every answer.

use super::message::Message;
use super::outlet::{Failure, Outlet, post_json, url};
use super::robot::{SignedRobot, check_code};
use super::signature::hmac_sha256;
use cumulua_core::clock::wall_now;

/// In bytes; the body is not more than three times as long.
const LONGEST: usize = 4_000;

pub(super) async fn send(
    to: &SignedRobot,
    message: &Message,
    outlet: &dyn Outlet,
) -> Result<(), Failure> {
    let mut url = url(outlet, &to.url)?;
    if let Some(key) = to.key(outlet)? {
        let timestamp = wall_now().as_millisecond().to_string();
        let sign = hmac_sha256(&key, &format!("{timestamp}\n{key}"));
        url.query_pairs_mut()
            .append_pair("timestamp", &timestamp)
            .append_pair("sign", &sign);
    }
    let body = serde_json::json!({
        "msgtype": "text",
        "text": { "content": message.text(LONGEST, str::to_owned) },
        "at": { "isAtAll": false },
    });
    let answer = post_json(outlet, url, Vec::new(), &body).await?;
    check_code(outlet, &answer, "errcode", "errmsg")
}
