//! Reading and writing at places of a file, on threads that may block: attempts that follow each
//! other share no position.

use bytes::Bytes;
use std::fs::File;
use std::io;
use std::sync::Arc;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

#[cfg(unix)]
fn read_once(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
fn read_once(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}

#[cfg(unix)]
fn write_once(file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::write_at(file, bytes, at)
}

#[cfg(windows)]
fn write_once(file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, at)
}

/// Reads up to so many bytes; none at the end of the file.
pub(super) fn read(file: &Arc<File>, length: usize, at: u64) -> JoinHandle<io::Result<Bytes>> {
    let file = Arc::clone(file);
    spawn_blocking(move || {
        let mut buffer = vec![0; length];
        loop {
            match read_once(&file, &mut buffer, at) {
                Ok(count) => {
                    buffer.truncate(count);
                    return Ok(buffer.into());
                }
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
                Err(problem) => return Err(problem),
            }
        }
    })
}

/// Writes all bytes.
pub(super) fn write(file: &Arc<File>, bytes: Vec<u8>, at: u64) -> JoinHandle<io::Result<()>> {
    let file = Arc::clone(file);
    spawn_blocking(move || {
        let mut written = 0;
        while written < bytes.len() {
            match write_once(&file, &bytes[written..], at + written as u64) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
                Err(problem) => return Err(problem),
            }
        }
        Ok(())
    })
}

/// What a thread gave; one that panicked has failed.
pub(super) fn outcome<T>(ended: Result<io::Result<T>, JoinError>) -> io::Result<T> {
    ended.unwrap_or_else(|failure| Err(io::Error::other(failure)))
}
