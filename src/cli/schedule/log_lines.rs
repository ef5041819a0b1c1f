//! The server's lines on standard error: written by a thread of their own, because who does not read
//! them must not keep schedules from firing.

use crate::cli::options::Format;
use crate::cli::streams;
use crate::gate::Level;
use crate::schedule::server::Log;
use cumulua_core::clock::wall_now;
use cumulua_core::controls;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Lines that may wait for whoever reads; of more the newest are left out and counted.
const MOST_WAITING: usize = 10_000;

/// What waits when the server ends is written within this.
const LAST: Duration = Duration::from_millis(500);

/// The server's lines on standard error.
pub(super) struct LogLines {
    format: Format,
    verbose: bool,
    lines: Mutex<Option<SyncSender<String>>>,
    left_out: Arc<AtomicU64>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl LogLines {
    /// Lines in that form; with `verbose` those of the lowest level too.
    pub(super) fn start(format: Format, verbose: bool) -> Arc<Self> {
        let (lines, waiting) = sync_channel(MOST_WAITING);
        let left_out = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&left_out);
        let writer = thread::spawn(move || write(format, &waiting, &count));
        Arc::new(Self {
            format,
            verbose,
            lines: Mutex::new(Some(lines)),
            left_out,
            writer: Mutex::new(Some(writer)),
        })
    }

    /// Writes what waits, as long as somebody reads it.
    pub(super) fn finish(&self) {
        drop(lock(&self.lines).take());
        let Some(writer) = lock(&self.writer).take() else {
            return;
        };
        let began = cumulua_core::clock::real_now();
        while !writer.is_finished() && cumulua_core::clock::real_now() - began < LAST {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Log for LogLines {
    fn line(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        if level == Level::Debug && !self.verbose {
            return;
        }
        let line = format_line(self.format, level, message, fields);
        let is_taken = lock(&self.lines)
            .as_ref()
            .is_some_and(|lines| lines.try_send(line).is_ok());
        if !is_taken {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn format_line(format: Format, level: Level, message: &str, fields: &[(&str, &str)]) -> String {
    let word = match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warning",
        Level::Error => "error",
    };
    let time = format!("{:.3}", wall_now());
    match format {
        Format::Text => format!("{time} {word}: {}", controls::escape_line(message)),
        Format::Json => {
            let level = if word == "warning" { "warn" } else { word };
            let mut line = serde_json::json!({ "time": time, "level": level, "message": message });
            for (name, value) in fields {
                line[name] = (*value).into();
            }
            controls::escape_json(&line.to_string()).into_owned()
        }
    }
}

fn write(format: Format, lines: &Receiver<String>, left_out: &AtomicU64) {
    for line in lines {
        // That standard error is closed cannot be reported.
        let _ = writeln!(streams::stderr().lock(), "{line}");
        let count = left_out.swap(0, Ordering::Relaxed);
        if count > 0 {
            let message = format!("{count} lines of this log are left out: nobody read them");
            let line = format_line(format, Level::Warn, &message, &[]);
            let _ = writeln!(streams::stderr().lock(), "{line}");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
