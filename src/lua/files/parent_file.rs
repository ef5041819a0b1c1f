//! The run's end of a process's pipe as a file.

use std::fs::File;
use std::io;

/// The run's end of a process's pipe, as tokio has it.
pub(in crate::lua) trait IntoParentFile {
    /// The same as a file that blocks.
    fn into_parent_file(self) -> io::Result<File>;
}

macro_rules! parent_ends {
    ($($stream:ident),*) => {$(
        impl IntoParentFile for tokio::process::$stream {
            #[cfg(unix)]
            fn into_parent_file(self) -> io::Result<File> {
                self.into_owned_fd().map(File::from)
            }

            #[cfg(windows)]
            fn into_parent_file(self) -> io::Result<File> {
                self.into_owned_handle().map(File::from)
            }
        }
    )*};
}

parent_ends!(ChildStdin, ChildStdout, ChildStderr);
