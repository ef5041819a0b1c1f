//! What a run prints while it goes on: live lines on a terminal, one line a change elsewhere.

use super::live::Live;
use super::options::Format;
use super::report::{self, seconds};
use super::streams;
use crate::gate::{Event, Level, Observer};
use cumulua_core::controls;
use cumulua_core::size::size_text;
use std::io::{IsTerminal as _, Write as _};
use std::sync::OnceLock;
use std::time::Duration;

/// Prints a line.
type Print = Box<dyn Fn(&str) + Send + Sync>;

/// Shows a run's events on standard error.
pub(super) struct Progress {
    format: Format,
    verbose: u8,
    live: Option<Live>,
    /// Where lines go instead of standard error.
    elsewhere: OnceLock<Print>,
}

impl Progress {
    pub(super) fn new(format: Format, verbose: u8) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let is_live = format == Format::Text && streams::stderr().is_terminal() && !dumb;
        Self {
            format,
            verbose,
            live: is_live.then(Live::new),
            elsewhere: OnceLock::new(),
        }
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
                let time = cumulua_core::clock::Clock::system().now().to_string();
                controls::escape_json(
                    &serde_json::json!({ "time": time, "level": level, "message": message })
                        .to_string(),
                )
                .into_owned()
            }
            Format::Text => {
                let (word, color) = match level {
                    Level::Debug => ("debug", anstyle::AnsiColor::BrightBlack),
                    Level::Info => ("info", anstyle::AnsiColor::Cyan),
                    Level::Warn => ("warning", anstyle::AnsiColor::Yellow),
                    Level::Error => ("error", anstyle::AnsiColor::Red),
                };
                let message = controls::escape(message);
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
        match self.elsewhere.get() {
            Some(print) => print(text),
            None => self.aside(|| write(text)),
        }
    }

    /// Gives the lines to a function that knows when the terminal is free; live ones are drawn as
    /// before.
    pub(super) fn print_with(&self, print: impl Fn(&str) + Send + Sync + 'static) {
        let _ = self.elsewhere.set(Box::new(print));
    }

    /// Writes something else while no live line stands in the way.
    pub(super) fn aside(&self, write: impl FnOnce()) {
        match &self.live {
            Some(live) => live.suspend(write),
            None => write(),
        }
    }

    /// Takes the live lines off the screen while it is lent, or lets them come back.
    pub(super) fn hide(&self, is_hidden: bool) {
        if let Some(live) = &self.live {
            live.hide(is_hidden);
        }
    }

    fn waiting(&self, id: u64, what: &str, state: &str, changed: bool, elapsed: Duration) {
        let state = if state.is_empty() {
            "no answer yet"
        } else {
            state
        };
        match &self.live {
            Some(live) => live.waiting(id, what, state, elapsed),
            None if changed => self.line(
                Level::Info,
                &format!("{what}: {state} after {}", seconds(elapsed)),
            ),
            None => {}
        }
    }
}

impl Observer for Progress {
    fn event(&self, event: Event) {
        match event {
            Event::Log {
                level: Level::Debug,
                ..
            } if self.verbose == 0 => {}
            Event::Log { level, message } => self.line(level, &message),
            Event::CallStarted { action, id } => {
                if self.verbose > 0 {
                    self.line(Level::Debug, &format!("call {id}: {action}"));
                }
                if let Some(live) = &self.live {
                    live.call_started(id, controls::escape_line(&action).into_owned());
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
            Event::Transferring { id, bytes, total } => {
                if let Some(live) = &self.live {
                    live.transferring(id, bytes, total);
                }
            }
            Event::Transferred {
                action,
                bytes,
                elapsed,
            } => self.line(
                Level::Info,
                &format!("{action}: {} after {}", size_text(bytes), seconds(elapsed)),
            ),
            Event::Waiting {
                id,
                what,
                state,
                changed,
                elapsed,
            } => self.waiting(id, &what, &state, changed, elapsed),
            Event::WaitEnded {
                id,
                what,
                outcome,
                done,
                elapsed,
            } => {
                if let Some(live) = &self.live {
                    live.wait_ended(id);
                }
                let level = if done { Level::Info } else { Level::Warn };
                self.line(
                    level,
                    &format!("{what}: {outcome} after {}", seconds(elapsed)),
                );
            }
        }
    }
}

fn write(text: &str) {
    streams::write_error(text, || {
        // That standard error is closed cannot be reported.
        let _ = writeln!(streams::stderr().lock(), "{text}");
    });
}
