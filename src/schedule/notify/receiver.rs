//! Who receives notifications.

use super::email::Email;
use super::heartbeat::Heartbeat;
use super::outlet::{Outlet, url};
use super::robot::SignedRobot;
use super::source::UrlSource;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// One that receives notifications.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Receiver {
    /// A Lua function in a process of its own.
    Lua(LuaFunction),
    /// A program, by POST.
    Webhook(UrlSource),
    /// Slack.
    Slack(UrlSource),
    /// DingTalk.
    DingTalk(SignedRobot),
    /// Feishu.
    Feishu(SignedRobot),
    /// WeCom.
    WeCom(UrlSource),
    /// A mailbox.
    Email(Email),
    /// A dead-man switch.
    Heartbeat(Heartbeat),
}

impl Receiver {
    /// The word that names it in the store, the file and messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Lua(_) => "lua",
            Self::Webhook(_) => "webhook",
            Self::Slack(_) => "slack",
            Self::DingTalk(_) => "dingtalk",
            Self::Feishu(_) => "feishu",
            Self::WeCom(_) => "wecom",
            Self::Email(_) => "email",
            Self::Heartbeat(_) => "heartbeat",
        }
    }

    /// Why the configuration lets nothing be sent to it, if so. A URL that is a secret which is not
    /// here is not judged: the server may have it.
    pub fn refusal(&self, outlet: &dyn Outlet) -> Option<String> {
        let at = match self {
            Self::Lua(_) => return None,
            Self::Webhook(at) | Self::Slack(at) | Self::WeCom(at) => url(outlet, at),
            Self::DingTalk(robot) | Self::Feishu(robot) => url(outlet, &robot.url),
            Self::Email(email) => email.server.url(),
            Self::Heartbeat(heartbeat) => url(outlet, &heartbeat.url),
        };
        outlet.admit(&at.ok()?).err()
    }

    /// The least time between two messages to it, by its vendor's limits.
    pub fn interval(&self) -> Duration {
        match self {
            Self::Slack(_) => Duration::from_secs(1),
            Self::DingTalk(_) | Self::WeCom(_) => Duration::from_secs(3),
            Self::Feishu(_) => Duration::from_millis(600),
            Self::Lua(_) | Self::Webhook(_) | Self::Email(_) | Self::Heartbeat(_) => Duration::ZERO,
        }
    }
}

/// A function in a file of Lua.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LuaFunction {
    /// The file, relative to the schedule file.
    pub file: String,
    /// The function: a field of the table that the file returns.
    pub function: String,
}

impl<'de> Deserialize<'de> for LuaFunction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // `require` finds it, from the schedule file's folder.
        let is_module = |file: &str| {
            let names = file.strip_suffix(".lua").unwrap_or_default();
            names
                .strip_prefix("./")
                .unwrap_or(names)
                .split('/')
                .all(|name| {
                    !name.is_empty()
                        && name
                            .chars()
                            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
                })
        };
        let parts = text
            .rsplit_once(':')
            .filter(|(file, function)| is_module(file) && !function.is_empty());
        let (file, function) = parts.ok_or_else(|| {
            D::Error::custom(format!(
                "{text:?} names no function; write it as \"FILE.lua:FUNCTION\", as \"notify.lua:page\", with a file beside this one \
                 or below, whose names have letters, digits, _ and -"
            ))
        })?;
        Ok(Self {
            file: file.to_owned(),
            function: function.to_owned(),
        })
    }
}
