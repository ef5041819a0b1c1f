//! The standard streams that the command prints to; clippy bans them everywhere else.

use std::io::{self, Stderr, Stdout};

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
