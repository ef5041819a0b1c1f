//! Live lines on a terminal: one for each wait and for each call that takes long, ten at most and a
//! count of the rest.

use super::report::seconds;
use cumulua_core::clock::real_now;
use cumulua_core::size::size_text;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Lines at most; what has none is counted.
const MOST_LINES: usize = 10;

/// A call that takes longer gets a line.
const PATIENCE: Duration = Duration::from_secs(1);

/// The line of a wait; its time ticks between two polls.
const WAIT: &str = "{spinner} {msg}, {elapsed}";

/// What a terminal shows while calls and waits go on.
pub(super) struct Live {
    lines: MultiProgress,
    waits: Mutex<Waits>,
    calls: Arc<Mutex<BTreeMap<u64, OpenCall>>>,
    /// Whether the thread that draws the lines of calls runs.
    is_watched: Arc<AtomicBool>,
}

/// The waits that go on, and the lines of those that have one.
#[derive(Default)]
struct Waits {
    lines: BTreeMap<u64, Option<ProgressBar>>,
    visible: usize,
    rest: Option<ProgressBar>,
}

/// A call on its way, and its line once it has one.
struct OpenCall {
    action: String,
    started: Instant,
    /// How far its file has got.
    moved: Option<(u64, Option<u64>)>,
    line: Option<ProgressBar>,
}

impl Live {
    pub(super) fn new() -> Self {
        let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        Self {
            lines,
            waits: Mutex::default(),
            calls: Arc::default(),
            is_watched: Arc::default(),
        }
    }

    /// Writes something above the lines.
    pub(super) fn suspend(&self, write: impl FnOnce()) {
        self.lines.suspend(write);
    }

    /// Takes the lines off the screen, or lets them come back.
    pub(super) fn hide(&self, is_hidden: bool) {
        if is_hidden {
            // Lines that cannot be cleared are overwritten.
            let _ = self.lines.clear();
        }
        self.lines.set_draw_target(if is_hidden {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        });
    }

    /// A wait has gone on for so long.
    pub(super) fn waiting(&self, id: u64, what: &str, state: &str, elapsed: Duration) {
        let mut waits = lock(&self.waits);
        if !matches!(waits.lines.get(&id), Some(Some(_))) {
            let line = (waits.visible < MOST_LINES).then(|| {
                // A wait that was counted so far did not begin with its line.
                let line = ProgressBar::new_spinner().with_elapsed(elapsed);
                let line = match &waits.rest {
                    Some(rest) => self.lines.insert_before(rest, line),
                    None => self.lines.add(line),
                };
                start_ticking(line, WAIT)
            });
            waits.visible += usize::from(line.is_some());
            waits.lines.insert(id, line);
            self.count_rest(&mut waits);
        }
        if let Some(Some(line)) = waits.lines.get(&id) {
            line.set_message(format!("{what}: {state}"));
        }
    }

    /// A wait has ended.
    pub(super) fn wait_ended(&self, id: u64) {
        let mut waits = lock(&self.waits);
        if let Some(line) = waits.lines.remove(&id).flatten() {
            waits.visible -= 1;
            self.clear(&line);
        }
        self.count_rest(&mut waits);
    }

    fn count_rest(&self, waits: &mut Waits) {
        let count = waits.lines.len() - waits.visible;
        if count == 0 {
            if let Some(rest) = waits.rest.take() {
                self.clear(&rest);
            }
            return;
        }
        let rest = waits.rest.get_or_insert_with(|| {
            start_ticking(self.lines.add(ProgressBar::new_spinner()), "  {msg}")
        });
        rest.set_message(format!("and {count} more"));
    }

    /// A call is on its way.
    pub(super) fn call_started(&self, id: u64, action: String) {
        lock(&self.calls).insert(
            id,
            OpenCall {
                action,
                started: real_now(),
                moved: None,
                line: None,
            },
        );
        // Most scripts are done before a line could be read, so the thread that draws them starts
        // with a call. It ends when none is on its way: a prompt that waits must cost nothing.
        if !self.is_watched.swap(true, Ordering::SeqCst) {
            let (lines, calls, is_watched) = (
                self.lines.clone(),
                Arc::clone(&self.calls),
                Arc::clone(&self.is_watched),
            );
            thread::spawn(move || {
                loop {
                    thread::sleep(PATIENCE / 5);
                    let mut calls = lock(&calls);
                    if calls.is_empty() {
                        is_watched.store(false, Ordering::SeqCst);
                        return;
                    }
                    draw_calls(&lines, &mut calls);
                }
            });
        }
    }

    /// The file of a call has got so far.
    pub(super) fn transferring(&self, id: u64, bytes: u64, total: Option<u64>) {
        if let Some(call) = lock(&self.calls).get_mut(&id) {
            call.moved = Some((bytes, total));
        }
    }

    /// A call has ended.
    pub(super) fn call_ended(&self, id: u64) {
        if let Some(line) = lock(&self.calls).remove(&id).and_then(|call| call.line) {
            self.clear(&line);
        }
    }

    fn clear(&self, line: &ProgressBar) {
        line.finish_and_clear();
        self.lines.remove(line);
    }
}

fn draw_calls(lines: &MultiProgress, calls: &mut BTreeMap<u64, OpenCall>) {
    let mut visible = calls.values().filter(|call| call.line.is_some()).count();
    for call in calls.values_mut() {
        let elapsed = real_now() - call.started;
        if elapsed < PATIENCE {
            continue;
        }
        if call.line.is_none() && visible < MOST_LINES {
            call.line = Some(start_ticking(
                lines.add(ProgressBar::new_spinner()),
                "{spinner} {msg}",
            ));
            visible += 1;
        }
        if let Some(line) = &call.line {
            let state = match call.moved {
                None => "no answer yet".to_owned(),
                Some((bytes, None)) => size_text(bytes),
                Some((bytes, Some(total))) => {
                    format!("{} of {}", size_text(bytes), size_text(total))
                }
            };
            line.set_message(format!("{}: {state}, {}", call.action, seconds(elapsed)));
        }
    }
}

/// It ticks once it has its place: before, it would draw wherever the cursor stands.
fn start_ticking(bar: ProgressBar, template: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
