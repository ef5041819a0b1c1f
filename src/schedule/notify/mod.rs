//! Notifications: the events, who receives them, and each receiver's own way to be reached.

mod dingtalk;
mod email;
mod event;
mod feishu;
mod heartbeat;
mod message;
mod outlet;
mod queue;
mod receiver;
mod robot;
mod send;
mod settings;
mod signature;
mod slack;
mod source;
mod webhook;
mod wecom;

pub use email::{Email, MailServer};
pub use event::NotifyEvent;
pub use heartbeat::{Heartbeat, Signal};
pub use message::Message;
pub use outlet::{Answer, Failure, OpenOutlet, Outlet, Posting};
pub use queue::{Queue, Queued, Settled};
pub use receiver::{LuaFunction, Receiver};
pub use robot::SignedRobot;
pub use send::send;
pub use settings::Notify;
pub use source::{SecretSource, UrlSource};
