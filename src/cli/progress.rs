//! What a run says while it goes on: live lines on a terminal, one line a change elsewhere.

use super::options::Format;
use super::report;
use crate::client::waiter::Task;
use crate::clock::real_now;
use crate::gate::{Event, Level, Observer};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Live lines at most; more tasks are counted.
const MOST_LINES: usize = 10;

/// A call that takes longer gets a live line.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shows a run's events on standard error.
pub(super) struct Progress {
    format: Format,
    verbose: u8,
    live: Option<Live>,
    tasks: Mutex<BTreeMap<Task, Option<ProgressBar>>>,
}

/// What a terminal shows while calls and tasks go on.
struct Live {
    lines: MultiProgress,
    calls: Arc<Mutex<BTreeMap<u64, OpenCall>>>,
    /// Whether the thread that draws the lines of calls runs.
    is_watched: Arc<AtomicBool>,
}

/// A call on its way, and its line once it has one.
struct OpenCall {
    action: String,
    started: Instant,
    line: Option<ProgressBar>,
}

impl Live {
    fn call_started(&self, id: u64, action: String) {
        lock(&self.calls).insert(id, OpenCall { action, started: real_now(), line: None });
        // Most scripts are done before anybody could read a line, so the thread that draws them starts with a call. It ends when none is
        // on its way: a prompt that waits must cost nothing.
        if !self.is_watched.swap(true, Ordering::SeqCst) {
            let (lines, calls, is_watched) = (self.lines.clone(), Arc::clone(&self.calls), Arc::clone(&self.is_watched));
            thread::spawn(move || {
                loop {
                    thread::sleep(PATIENCE / 5);
                    let mut calls = lock(&calls);
                    if calls.is_empty() {
                        is_watched.store(false, Ordering::SeqCst);
                        return;
                    }
                    for call in calls.values_mut().filter(|call| real_now() - call.started >= PATIENCE) {
                        let line = call.line.get_or_insert_with(|| spinner(&lines));
                        line.set_message(format!("{}: no answer yet, {}", call.action, seconds(real_now() - call.started)));
                    }
                }
            });
        }
    }

    fn call_ended(&self, id: u64) {
        if let Some(line) = lock(&self.calls).remove(&id).and_then(|call| call.line) {
            line.finish_and_clear();
            self.lines.remove(&line);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress {
    pub(super) fn new(format: Format, verbose: u8) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let is_live = format == Format::Text && std::io::stderr().is_terminal() && !dumb;
        let live = is_live.then(|| Live {
            lines: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
            calls: Arc::default(),
            is_watched: Arc::default(),
        });
        Self { format, verbose, live, tasks: Mutex::default() }
    }

    fn line(&self, level: Level, message: &str) {
        let text = match self.format {
            Format::Json => {
                let level = match level {
                    Level::Debug => "debug",
                    Level::Info => "info",
                    Level::Warn => "warn",
                    Level::Error => "error",
                };
                let time = crate::clock::Clock::system().now().to_string();
                serde_json::json!({ "time": time, "level": level, "message": message }).to_string()
            }
            Format::Text => {
                let (word, color) = match level {
                    Level::Debug => ("debug", anstyle::AnsiColor::BrightBlack),
                    Level::Info => ("info", anstyle::AnsiColor::Cyan),
                    Level::Warn => ("warning", anstyle::AnsiColor::Yellow),
                    Level::Error => ("error", anstyle::AnsiColor::Red),
                };
                if report::has_color() {
                    let style = color.on_default().bold();
                    format!("{style}{word}{style:#}: {message}")
                } else {
                    format!("{word}: {message}")
                }
            }
        };
        self.print(&text);
    }

    fn print(&self, text: &str) {
        self.aside(|| write(text));
    }

    /// Writes something else while no live line stands in the way.
    pub(super) fn aside(&self, write: impl FnOnce()) {
        match &self.live {
            Some(live) => live.lines.suspend(write),
            None => write(),
        }
    }

    fn task(&self, task: &Task, action: Option<&str>, state: &str, changed: bool, elapsed: Duration) {
        let label = label(task, action);
        let Some(live) = &self.live else {
            if changed {
                self.line(Level::Info, &format!("{label}: {} after {}", shown(state), seconds(elapsed)));
            }
            return;
        };
        let mut tasks = lock(&self.tasks);
        let count = tasks.len();
        let bar = tasks.entry(task.clone()).or_insert_with(|| (count < MOST_LINES).then(|| spinner(&live.lines)));
        if let Some(bar) = bar {
            bar.set_message(format!("{label}: {}, {}", shown(state), seconds(elapsed)));
        }
        let hidden = tasks.values().filter(|bar| bar.is_none()).count();
        if hidden > 0
            && let Some(Some(last)) = tasks.values().rfind(|bar| bar.is_some())
        {
            last.set_prefix(format!("(and {hidden} more) "));
        }
    }

    fn task_ended(&self, task: &Task, outcome: &str, done: bool, elapsed: Duration) {
        let bar = lock(&self.tasks).remove(task).flatten();
        if let (Some(bar), Some(live)) = (bar, &self.live) {
            bar.finish_and_clear();
            live.lines.remove(&bar);
        }
        let level = if done { Level::Info } else { Level::Warn };
        self.line(level, &format!("{task}: {outcome} after {}", seconds(elapsed)));
    }
}

impl Observer for Progress {
    fn event(&self, event: Event) {
        match event {
            Event::Log { level: Level::Debug, .. } if self.verbose == 0 => {}
            Event::Log { level, message } => self.line(level, &message),
            Event::CallStarted { action, id } => {
                if self.verbose > 0 {
                    self.line(Level::Debug, &format!("call {id}: {action}"));
                }
                if let Some(live) = &self.live {
                    live.call_started(id, action);
                }
            }
            Event::CallEnded { id } => {
                if let Some(live) = &self.live {
                    live.call_ended(id);
                }
                if self.verbose > 1 {
                    self.line(Level::Debug, &format!("call {id} ended"));
                }
            }
            Event::Task { task, action, state, changed, elapsed } => self.task(&task, action.as_deref(), &state, changed, elapsed),
            Event::TaskEnded { task, outcome, done, elapsed } => self.task_ended(&task, &outcome, done, elapsed),
        }
    }
}

fn write(text: &str) {
    // Nobody can be told that standard error is closed.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A line of its own. It ticks once it has its place: before, it would draw wherever the cursor stands.
fn spinner(lines: &MultiProgress) -> ProgressBar {
    let bar = lines.add(ProgressBar::new_spinner());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}{msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn label(task: &Task, action: Option<&str>) -> String {
    match action {
        Some(action) => format!("{action}, {task}"),
        None => task.to_string(),
    }
}

fn shown(state: &str) -> &str {
    if state.is_empty() { "no answer yet" } else { state }
}

/// `45s`, `12m 5s`.
pub(super) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m {s}s"),
        (h, m, s) => format!("{h}h {m}m {s}s"),
    }
}
