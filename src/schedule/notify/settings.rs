//! `notify` of a schedule: which events go to whom.

use super::email::Email;
use super::event::NotifyEvent;
use super::receiver::{LuaFunction, Receiver};
use super::robot::SignedRobot;
use super::source::UrlSource;
use crate::schedule::value::DurationValue;
use serde::Deserialize;
use std::time::Duration;

/// Which notifications of a schedule go where. Hosts must be ones that the configuration allows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// The events; by default all but success and retry.
    #[serde(default = "Notify::default_events")]
    pub on: Vec<NotifyEvent>,
    /// A Lua function, as `notify.lua:page`.
    #[serde(default)]
    pub lua: Option<LuaFunction>,
    /// Where JSON goes by POST.
    #[serde(default)]
    pub webhook: Option<UrlSource>,
    /// An incoming webhook of Slack.
    #[serde(default)]
    pub slack: Option<UrlSource>,
    /// A robot of DingTalk.
    #[serde(default)]
    pub dingtalk: Option<SignedRobot>,
    /// A custom bot of Feishu.
    #[serde(default)]
    pub feishu: Option<SignedRobot>,
    /// A robot of WeCom.
    #[serde(default)]
    pub wecom: Option<UrlSource>,
    /// Mail by SMTP.
    #[serde(default)]
    pub email: Option<Email>,
    /// How late a start is late.
    #[serde(default = "Notify::after")]
    pub late_after: DurationValue,
}

impl Notify {
    /// How late a start is late by default.
    pub const LATE_AFTER: DurationValue = DurationValue(Duration::from_mins(1));

    fn default_events() -> Vec<NotifyEvent> {
        let all = NotifyEvent::ALL.into_iter();
        all.filter(|event| event.is_default()).collect()
    }

    fn after() -> DurationValue {
        Self::LATE_AFTER
    }

    /// All who receive them.
    pub fn receivers(&self) -> Vec<Receiver> {
        let Self {
            on: _,
            late_after: _,
            lua,
            webhook,
            slack,
            dingtalk,
            feishu,
            wecom,
            email,
        } = self.clone();
        [
            lua.map(Receiver::Lua),
            webhook.map(Receiver::Webhook),
            slack.map(Receiver::Slack),
            dingtalk.map(Receiver::DingTalk),
            feishu.map(Receiver::Feishu),
            wecom.map(Receiver::WeCom),
            email.map(Receiver::Email),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
