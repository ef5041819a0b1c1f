//! One attempt to deliver a notification: by a Lua function in a process of its own, or by what its
//! receiver's vendor wants.

use super::child::run_within;
use super::launch::Launcher;
use crate::history::Store;
use crate::schedule::notify::{Failure, Heartbeat, LuaFunction, Message, Outlet, Receiver, send};
use cumulua_core::controls;
use serde_json::Value;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

/// How long a function may take that ends itself after a minute.
const FUNCTION: Duration = Duration::from_secs(75);

/// How much of a log goes with a heartbeat, in bytes: a server of Healthchecks keeps the first
/// 10,000.
const LOG: usize = 10_000;

/// The lines of a log that are looked at.
const LOG_LINES: u32 = 200;

/// Delivers a message.
pub(super) async fn deliver(
    receiver: &Receiver,
    message: &Message,
    outlet: Rc<dyn Outlet>,
    launcher: &Launcher,
    folder: &Path,
    log: Option<String>,
) -> Result<(), Failure> {
    match receiver {
        Receiver::Lua(function) => Ok(call(function, &message.content, launcher, folder).await?),
        _ => send(receiver, message, log, &*outlet).await,
    }
}

/// The end of a run's log, where a receiver gets it; the run has redacted it itself.
pub(super) async fn log_for(
    receiver: &Receiver,
    message: &Message,
    store: Store,
) -> Option<String> {
    let Receiver::Heartbeat(Heartbeat { log: true, .. }) = receiver else {
        return None;
    };
    let run = message.content["run"].as_str()?.to_owned();
    if message.content["signal"] == "start" {
        return None;
    }
    // The store may be held, and firings do not wait for a log.
    let read = tokio::task::spawn_blocking(move || store.last_output(&run, LOG_LINES));
    let lines = read.await.ok()?.ok()?;
    let mut text = String::new();
    for line in lines.iter().rev() {
        let line = controls::escape_line(line);
        if text.len() + line.len() >= LOG {
            break;
        }
        text = format!("{line}\n{text}");
    }
    Some(text)
}

async fn call(
    function: &LuaFunction,
    event: &Value,
    launcher: &Launcher,
    folder: &Path,
) -> Result<(), String> {
    let module = function
        .file
        .trim_end_matches(".lua")
        .trim_start_matches("./")
        .replace('/', ".");
    let command = launcher.function(&module, &function.function, &event.to_string(), folder);
    let exit = run_within(command, FUNCTION)
        .await
        .map_err(|error| error.to_string())?;
    if exit.status.success() {
        return Ok(());
    }
    let message = exit.lines.iter().rev().find_map(|line| {
        let error: Value = serde_json::from_str(line).ok()?;
        error["message"].as_str().map(str::to_owned)
    });
    let last = exit.lines.back().map(|line| line.trim().to_owned());
    let message = message.or(last);
    Err(message.map_or_else(
        || format!("it failed ({})", exit.status),
        |message| controls::escape_line(&message).into_owned(),
    ))
}
