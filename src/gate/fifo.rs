//! FIFOs, which keep whoever opens them waiting for the other side: they are opened at once, or not
//! at all.

use std::fs::File;
use std::io;

/// The flags with which a FIFO is opened at once, or not at all.
#[cfg(unix)]
pub(super) fn never_waiting() -> i32 {
    rustix::fs::OFlags::NONBLOCK.bits().cast_signed()
}

/// A file that was opened so, whose reads and writes wait, as its users expect.
pub(super) fn waiting_again(file: File) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
        let flags = fcntl_getfl(&file)?;
        fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
    }
    Ok(file)
}

/// Whether a file could not be opened for writing, because it is a FIFO that nobody reads, or a
/// device that is not there.
pub(super) fn has_no_reader(problem: &io::Error) -> bool {
    #[cfg(unix)]
    {
        problem.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error())
    }
    #[cfg(not(unix))]
    {
        let _ = problem;
        false
    }
}
