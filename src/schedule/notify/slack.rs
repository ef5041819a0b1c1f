//! Slack's incoming webhooks, as <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>
//! describes them: a text of at most 4,000 characters, one message a second, and an error as a word
//! in the body of a status that is no success.

use super::message::Message;
use super::outlet::{Failure, Outlet, post_json, url};
use super::source::UrlSource;

/// In bytes.
const LONGEST: usize = 4_000;

pub(super) async fn send(
    to: &UrlSource,
    message: &Message,
    outlet: &dyn Outlet,
) -> Result<(), Failure> {
    let body = serde_json::json!({ "text": message.text(LONGEST, escape), "mrkdwn": false });
    post_json(outlet, url(outlet, to)?, Vec::new(), &body)
        .await
        .map(drop)
}

/// `<!channel>` and links are Slack's own.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
