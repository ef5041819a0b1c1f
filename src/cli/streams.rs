//! The standard streams that the command prints to; clippy bans them everywhere else.

use anstream::adapter::strip_str;
use std::io::{self, Stderr, Stdout};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Keeps what the command writes to standard error.
struct ErrorCopy {
    note: Box<dyn Fn(&str) + Send + Sync>,
    /// Whether standard error itself leads nowhere.
    is_instead: bool,
    is_over: AtomicBool,
}

static COPY: OnceLock<ErrorCopy> = OnceLock::new();

/// Gives what the command writes to standard error to `note` too, or instead, from now on.
pub(super) fn record_errors(note: impl Fn(&str) + Send + Sync + 'static, is_instead: bool) {
    let _ = COPY.set(ErrorCopy {
        note: Box::new(note),
        is_instead,
        is_over: AtomicBool::new(false),
    });
}

/// Notes that nothing can be recorded any more: what is still to be said goes to standard error.
pub(super) fn end_record() {
    if let Some(record) = COPY.get() {
        record.is_over.store(true, Ordering::Relaxed);
    }
}

/// Writes a text to standard error with `write`, and keeps it where that is wanted.
pub(super) fn write_error(text: &str, write: impl FnOnce()) {
    let record = COPY
        .get()
        .filter(|record| !record.is_over.load(Ordering::Relaxed));
    if let Some(record) = record {
        (record.note)(&strip_str(text).to_string());
        if record.is_instead {
            return;
        }
    }
    write();
}

/// Standard output.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that opens it"
)]
pub(super) fn stdout() -> Stdout {
    io::stdout()
}

/// Standard error.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that opens it"
)]
pub(super) fn stderr() -> Stderr {
    io::stderr()
}
