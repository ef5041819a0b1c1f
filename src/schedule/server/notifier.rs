//! Notifications: a Lua function in a process of its own, or an HTTP POST.

use super::child::run_within;
use super::launch::Launcher;
use super::log::Log;
use crate::gate::Level;
use crate::schedule::value::{LuaFunction, Notify, Webhook};
use cumulua_core::controls;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Posts JSON to a URL, where the configuration lets it. The error must not hold the URL, which may
/// be a secret.
pub type Post =
    Arc<dyn Fn(String, Value) -> LocalBoxFuture<'static, Result<(), String>> + Send + Sync>;

/// How long a function may take that ends itself after a minute.
const FUNCTION: Duration = Duration::from_secs(75);

/// Notifications that are on their way at a time: each may be a process.
const AT_ONCE: usize = 8;

/// Notifications on their way.
pub(super) struct Notifier {
    launcher: Launcher,
    post: Post,
    log: Arc<dyn Log>,
    under_way: JoinSet<()>,
    permits: Arc<Semaphore>,
}

impl Notifier {
    pub(super) fn new(launcher: Launcher, post: Post, log: Arc<dyn Log>) -> Self {
        Self {
            launcher,
            post,
            log,
            under_way: JoinSet::new(),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Sends a notification on its way.
    pub(super) fn notify(&mut self, notify: &Arc<Notify>, event: Value, folder: &Path) {
        let notify = Arc::clone(notify);
        let launcher = self.launcher.clone();
        let folder = folder.to_owned();
        let post = Arc::clone(&self.post);
        let log = Arc::clone(&self.log);
        let permits = Arc::clone(&self.permits);
        self.under_way.spawn_local(async move {
            // The semaphore is never closed.
            let _permit = permits.acquire().await;
            deliver(notify, event, launcher, &folder, post, log).await;
        });
    }

    /// Forgets those that have arrived.
    pub(super) fn tidy(&mut self) {
        while self.under_way.try_join_next().is_some() {}
    }

    /// Waits for those on their way, so long at most.
    pub(super) async fn finish(&mut self, limit: Duration) {
        let arrived = async { while self.under_way.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(limit, arrived).await;
    }
}

/// Delivers a notification to all that it is for; what fails is logged.
async fn deliver(
    notify: Arc<Notify>,
    event: Value,
    launcher: Launcher,
    folder: &Path,
    post: Post,
    log: Arc<dyn Log>,
) {
    let name = event["schedule"].as_str().unwrap_or_default().to_owned();
    let mut faults = Vec::new();
    if let Some(function) = &notify.lua
        && let Err(problem) = call(function, &event, &launcher, folder).await
    {
        faults.push(format!(
            "{}:{}: {problem}",
            function.file, function.function
        ));
    }
    if let Some(webhook) = &notify.webhook {
        let posted = match address(webhook) {
            Ok(url) => post(url, event.clone()).await,
            Err(problem) => Err(problem),
        };
        faults.extend(
            posted
                .err()
                .map(|problem| format!("the webhook: {problem}")),
        );
    }
    for fault in faults {
        log.line(
            Level::Error,
            &format!("{name}: not notified by {fault}"),
            &[("schedule", &name)],
        );
    }
}

fn address(webhook: &Webhook) -> Result<String, String> {
    match webhook {
        Webhook::Url(url) => Ok(url.clone()),
        Webhook::Variable(name) => {
            std::env::var(name).map_err(|_| format!("the variable {name} is not set"))
        }
    }
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
    let last = exit
        .lines
        .back()
        .map(|line| controls::escape_line(line.trim()).into_owned());
    Err(message
        .or(last)
        .unwrap_or_else(|| format!("it failed ({})", exit.status)))
}
