//! What a script holds as a file: one userdata, whatever is behind it.

use super::child::Piped;
use super::input::Input;
use super::problem;
use super::request::{Item, Request};
use super::shared::Shared;
use super::standard::Standard;
use super::stream::{Buffering, ReadError, Stream, Whence};
use std::fs::File;
use std::io::{self, Write};

/// A file, open or closed.
pub(in crate::lua) struct Handle(Backing);

enum Backing {
    Closed,
    File(Shared),
    Process(Piped),
    Standard(Standard),
    /// What a person types at a session's console, as far as it is not read.
    Typed(Input),
    /// A session's console.
    Console(Box<dyn Write>),
}

/// How a file was closed.
pub(in crate::lua) enum Closing {
    /// It is.
    Closed(io::Result<()>),
    /// A standard stream stays open.
    Kept,
    /// So is the run's end of the pipe; the process may go on.
    Process(Piped),
}

impl Handle {
    /// A file.
    pub(in crate::lua) fn file(stream: Stream) -> Self {
        Self(Backing::File(Shared::new(stream)))
    }

    /// One end of a pipe.
    pub(in crate::lua) fn process(process: Piped) -> Self {
        Self(Backing::Process(process))
    }

    /// A standard stream.
    pub(in crate::lua) fn standard(stream: Standard) -> Self {
        Self(Backing::Standard(stream))
    }

    /// Makes standard input what is typed at a console.
    pub(in crate::lua) fn read_typed(&mut self) {
        self.0 = Backing::Typed(Input::default());
    }

    /// Makes standard output a console.
    pub(in crate::lua) fn write_to(&mut self, console: Box<dyn Write>) {
        self.0 = Backing::Console(console);
    }

    /// What was typed; none where it is another file.
    pub(in crate::lua) fn typed(&mut self) -> Option<&mut Input> {
        match &mut self.0 {
            Backing::Typed(input) => Some(input),
            _ => None,
        }
    }

    /// Whether it is closed.
    pub(in crate::lua) fn is_closed(&self) -> bool {
        matches!(self.0, Backing::Closed)
    }

    /// Whether it is this stream of the process.
    pub(in crate::lua) fn is_standard(&self, stream: Standard) -> bool {
        matches!(self.0, Backing::Standard(standard) if standard == stream)
    }

    /// Reads what is asked for; `limit` is how many bytes may be read and not given.
    pub(in crate::lua) fn read<E>(
        &mut self,
        request: &mut Request,
        limit: usize,
        give: impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), ReadError<E>> {
        self.with_stream(|stream| Ok(stream.read(request, limit, give)))
            .map_err(ReadError::System)?
    }

    /// Gives the items that are there, without waiting for more; whether that was all.
    pub(in crate::lua) fn advance<E>(
        &mut self,
        request: &mut Request,
        limit: usize,
        give: impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<bool, ReadError<E>> {
        self.with_stream(|stream| Ok(stream.advance(request, limit, give)))
            .map_err(ReadError::System)?
    }

    /// Takes what can be read at once, which is nothing only at the end.
    pub(in crate::lua) fn fill(&mut self, request: &mut Request) -> io::Result<()> {
        self.with_stream(|stream| stream.fill(request))
    }

    /// A file that can be read when this one can, to be waited for.
    pub(in crate::lua) fn source(&mut self) -> io::Result<File> {
        self.with_stream(Stream::source)
    }

    /// Writes bytes, or keeps them to be written.
    pub(in crate::lua) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.0 {
            Backing::Console(console) => console.write_all(bytes),
            _ => self.with_stream(|stream| stream.write(bytes)),
        }
    }

    /// Writes what waits.
    pub(in crate::lua) fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Backing::Console(console) => console.flush(),
            Backing::Typed(_) => Ok(()),
            _ => self.with_stream(Stream::flush),
        }
    }

    /// Goes to a place; where that is, from the beginning.
    pub(in crate::lua) fn seek(&mut self, whence: Whence, offset: i64) -> io::Result<u64> {
        match &self.0 {
            Backing::Console(_) | Backing::Typed(_) => Err(problem::illegal_seek()),
            _ => self.with_stream(|stream| stream.seek(whence, offset)),
        }
    }

    /// Sets when what is written from now on reaches the file.
    pub(in crate::lua) fn set_buffering(
        &mut self,
        buffering: Buffering,
        size: Option<usize>,
    ) -> io::Result<()> {
        match &self.0 {
            Backing::Console(_) | Backing::Typed(_) => Ok(()),
            _ => self.with_stream(|stream| stream.set_buffering(buffering, size)),
        }
    }

    /// Ends the process whose pipe it is.
    pub(in crate::lua) fn end_process(&mut self) {
        if let Backing::Process(process) = &mut self.0 {
            process.end();
        }
    }

    /// Closes it, unless it is a standard stream.
    pub(in crate::lua) fn close(&mut self) -> Closing {
        match std::mem::replace(&mut self.0, Backing::Closed) {
            Backing::Closed => Closing::Closed(Ok(())),
            Backing::File(stream) => Closing::Closed(stream.lock().flush()),
            Backing::Process(process) => Closing::Process(process),
            kept @ (Backing::Standard(_) | Backing::Typed(_) | Backing::Console(_)) => {
                self.0 = kept;
                Closing::Kept
            }
        }
    }

    fn with_stream<R>(
        &mut self,
        use_it: impl FnOnce(&mut Stream) -> io::Result<R>,
    ) -> io::Result<R> {
        match &mut self.0 {
            Backing::File(stream) => use_it(&mut stream.lock()),
            Backing::Process(process) => process.stream().map_or_else(
                || Err(problem::bad_descriptor()),
                |stream| use_it(&mut stream.lock()),
            ),
            Backing::Standard(standard) => use_it(&mut *standard.stream()?),
            Backing::Closed | Backing::Typed(_) | Backing::Console(_) => {
                Err(problem::bad_descriptor())
            }
        }
    }
}
