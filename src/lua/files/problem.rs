//! The system's reasons why a file cannot be opened, read or written.

use std::io;

const EBADF: i32 = 9;
const EINVAL: i32 = 22;
const ESPIPE: i32 = 29;

/// A problem as C's `strerror` words it.
pub(in crate::lua) fn text(problem: &io::Error) -> String {
    let text = problem.to_string();
    match problem.raw_os_error() {
        Some(code) => text
            .strip_suffix(&format!(" (os error {code})"))
            .map_or(text.clone(), str::to_owned),
        None => text,
    }
}

/// The system's number of a problem.
pub(in crate::lua) fn code(problem: &io::Error) -> i32 {
    problem.raw_os_error().unwrap_or_default()
}

/// That a file was not opened for this.
pub(super) fn bad_descriptor() -> io::Error {
    io::Error::from_raw_os_error(EBADF)
}

/// That there is no such place in a file.
pub(super) fn invalid() -> io::Error {
    io::Error::from_raw_os_error(EINVAL)
}

/// That what is typed has no places.
pub(super) fn illegal_seek() -> io::Error {
    io::Error::from_raw_os_error(ESPIPE)
}

/// Whether a file has no places.
pub(super) fn is_illegal_seek(problem: &io::Error) -> bool {
    problem.raw_os_error() == Some(ESPIPE)
}
