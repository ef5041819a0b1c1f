//! Sends a message to one receiver.

use super::message::Message;
use super::outlet::{Failure, Outlet};
use super::receiver::Receiver;
use super::{dingtalk, email, feishu, heartbeat, slack, webhook, wecom};

/// Sends a message; `log` goes with a heartbeat. A Lua function is none of what is sent from here:
/// the server runs it.
pub async fn send(
    receiver: &Receiver,
    message: &Message,
    log: Option<String>,
    outlet: &dyn Outlet,
) -> Result<(), Failure> {
    match receiver {
        Receiver::Webhook(to) => webhook::send(to, message, outlet).await,
        Receiver::Slack(to) => slack::send(to, message, outlet).await,
        Receiver::DingTalk(to) => dingtalk::send(to, message, outlet).await,
        Receiver::Feishu(to) => feishu::send(to, message, outlet).await,
        Receiver::WeCom(to) => wecom::send(to, message, outlet).await,
        Receiver::Email(to) => email::send(to, message, outlet).await,
        Receiver::Heartbeat(to) => heartbeat::send(to, message, log, outlet).await,
        Receiver::Lua(_) => Err("a Lua function runs in a process".to_owned().into()),
    }
}
