//! A buffered file. What is read and what is written share one place in it, as in a `FILE` of C.

use super::input::Input;
use super::pipe::Pipe;
use super::problem;
use super::request::{Item, Request};
use crate::gate::CancelToken;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

/// What is taken from a file at once, and the usual size of what waits to be written.
const USUAL: usize = 8 * 1024;

/// What is taken at once of a file that is read as a whole.
const LARGEST_PART: usize = 1024 * 1024;

/// A script's buffer is no larger: it is not counted as memory of the VM.
const LARGEST_BUFFER: usize = 64 * 1024;

/// When what was written reaches the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum Buffering {
    /// At once; nothing is read ahead either.
    No,
    /// Once the buffer is full.
    Full,
    /// At the end of a line, too.
    Line,
}

/// What a file was opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) struct Access {
    pub(super) reads: bool,
    pub(super) writes: bool,
}

impl Access {
    /// Reading alone.
    pub(super) const READ: Self = Self {
        reads: true,
        writes: false,
    };
    /// Writing alone.
    pub(super) const WRITE: Self = Self {
        reads: false,
        writes: true,
    };
}

/// Why a file could not be read.
#[derive(Debug)]
pub(in crate::lua) enum ReadError<E> {
    /// The system's problem.
    System(io::Error),
    /// What was read takes more memory than there is.
    TooLarge,
    /// An item could not be given.
    Given(E),
}

impl From<mlua::Error> for ReadError<mlua::Error> {
    fn from(error: mlua::Error) -> Self {
        Self::Given(error)
    }
}

/// A buffered file.
#[derive(Debug)]
pub(in crate::lua) struct Stream {
    file: File,
    access: Access,
    input: Input,
    /// What is written and has not reached the file; empty while anything is read ahead.
    pending: Vec<u8>,
    buffering: Buffering,
    capacity: usize,
    /// Whether it can make its script wait.
    pipe: Option<Pipe>,
    /// Called before the system is asked for more, which may take its time.
    before_waiting: Option<fn()>,
}

impl Stream {
    /// A file that was opened for `access`.
    pub(super) fn new(file: File, access: Access, buffering: Buffering) -> Self {
        Self {
            file,
            access,
            input: Input::default(),
            pending: Vec::new(),
            buffering,
            capacity: USUAL,
            pipe: None,
            before_waiting: None,
        }
    }

    /// The same, which waits for others no longer than its run goes on.
    pub(super) fn ended_by(mut self, token: Arc<CancelToken>) -> Self {
        self.end_by(token);
        self
    }

    /// Waits for others no longer than this run goes on, from now on.
    pub(super) fn end_by(&mut self, token: Arc<CancelToken>) {
        self.pipe = Pipe::of(&self.file, token);
    }

    /// The same, with what is to be done before the system is asked for more.
    pub(super) fn before_waiting(mut self, prepare: fn()) -> Self {
        self.before_waiting = Some(prepare);
        self
    }

    /// Reads what is asked for; `limit` is how many bytes may be read and not given.
    pub(super) fn read<E>(
        &mut self,
        request: &mut Request,
        limit: usize,
        mut give: impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), ReadError<E>> {
        if self.access.reads && request.least(&self.input) == usize::MAX {
            self.flush().map_err(ReadError::System)?;
            if self.left().is_some_and(|left| left > limit) {
                return Err(ReadError::TooLarge);
            }
        }
        while !self.advance(request, limit, &mut give)? {
            self.fill(request).map_err(ReadError::System)?;
        }
        Ok(())
    }

    /// Gives the items that are there; whether that was all. Before the system is asked for more,
    /// what must be seen by then is written.
    pub(super) fn advance<E>(
        &mut self,
        request: &mut Request,
        limit: usize,
        give: impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<bool, ReadError<E>> {
        if !self.access.reads {
            return Err(ReadError::System(problem::bad_descriptor()));
        }
        self.flush().map_err(ReadError::System)?;
        if request
            .advance(&mut self.input, give)
            .map_err(ReadError::Given)?
        {
            return Ok(true);
        }
        if self.input.unread().len() > limit {
            return Err(ReadError::TooLarge);
        }
        if let Some(prepare) = self.before_waiting {
            prepare();
        }
        Ok(false)
    }

    /// Takes a part of what can be read; nothing is its end.
    pub(super) fn fill(&mut self, request: &mut Request) -> io::Result<()> {
        let most = match self.buffering {
            Buffering::No => request.least(&self.input).min(USUAL),
            Buffering::Full | Buffering::Line => {
                self.input.unread().len().clamp(USUAL, LARGEST_PART)
            }
        };
        let (file, pipe) = (&mut self.file, self.pipe.as_ref());
        if let Some(pipe) = pipe {
            pipe.until_readable(file)?;
        }
        if self.input.push_from(most, |part| read_part(file, part))? == 0 {
            request.end();
        }
        Ok(())
    }

    /// A file that can be read when this one can.
    pub(super) fn source(&mut self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Writes bytes, or keeps them to be written.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.access.writes {
            return Err(problem::bad_descriptor());
        }
        self.drop_input()?;
        let capacity = if self.buffering == Buffering::No {
            0
        } else {
            self.capacity
        };
        if self.pending.len() + bytes.len() > capacity {
            self.flush()?;
        }
        if bytes.len() > capacity {
            return self.write_through(bytes);
        }
        self.pending.extend_from_slice(bytes);
        if self.buffering == Buffering::Line
            && let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n')
        {
            self.flush_up_to(self.pending.len() - (bytes.len() - end - 1))?;
        }
        Ok(())
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.flush_up_to(self.pending.len())
    }

    fn flush_up_to(&mut self, end: usize) -> io::Result<()> {
        let mut done = 0;
        let mut outcome = Ok(());
        while done < end && outcome.is_ok() {
            match write_part(&mut self.file, self.pipe.as_ref(), &self.pending[done..end]) {
                Ok(0) => outcome = Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => done += length,
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
                Err(problem) => outcome = Err(problem),
            }
        }
        self.pending.drain(..done);
        outcome
    }

    /// Writes bytes past the buffer.
    fn write_through(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match write_part(&mut self.file, self.pipe.as_ref(), bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => bytes = &bytes[length..],
                Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
                Err(problem) => return Err(problem),
            }
        }
        Ok(())
    }

    /// Goes to a place; where that is, from the beginning.
    pub(super) fn seek(&mut self, whence: Whence, offset: i64) -> io::Result<u64> {
        self.flush()?;
        let to = match whence {
            Whence::Start => {
                SeekFrom::Start(u64::try_from(offset).map_err(|_| problem::invalid())?)
            }
            Whence::Current => SeekFrom::Current(
                offset
                    .checked_sub(self.ahead())
                    .ok_or_else(problem::invalid)?,
            ),
            Whence::End => SeekFrom::End(offset),
        };
        let place = self.file.seek(to)?;
        self.input.clear();
        Ok(place)
    }

    /// Sets when what is written from now on reaches the file.
    pub(super) fn set_buffering(
        &mut self,
        buffering: Buffering,
        size: Option<usize>,
    ) -> io::Result<()> {
        self.flush()?;
        self.buffering = buffering;
        self.capacity = size.unwrap_or(USUAL).min(LARGEST_BUFFER);
        Ok(())
    }

    /// Where the script is lies before where the system is, by what was read ahead: that is given
    /// back before anything is written.
    fn drop_input(&mut self) -> io::Result<()> {
        let ahead = self.ahead();
        if ahead > 0 {
            match self.file.seek(SeekFrom::Current(-ahead)) {
                Ok(_) => self.input.clear(),
                // A pipe or a terminal has no places: what was read ahead of it stays to be read.
                Err(problem) if problem::is_illegal_seek(&problem) => {}
                Err(problem) => return Err(problem),
            }
        }
        Ok(())
    }

    /// How many bytes the file has left, where that is known before they are read.
    fn left(&mut self) -> Option<usize> {
        let about = self
            .file
            .metadata()
            .ok()
            .filter(std::fs::Metadata::is_file)?;
        usize::try_from(
            about
                .len()
                .saturating_sub(self.file.stream_position().ok()?),
        )
        .ok()
    }

    fn ahead(&self) -> i64 {
        i64::try_from(self.input.unread().len()).unwrap_or(i64::MAX)
    }
}

/// A handle that is lost is closed, and what waits reaches its file.
impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

/// From where a place is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum Whence {
    Start,
    Current,
    End,
}

fn write_part(file: &mut File, pipe: Option<&Pipe>, bytes: &[u8]) -> io::Result<usize> {
    match pipe {
        Some(pipe) => pipe.write(file, bytes),
        None => file.write(bytes),
    }
}

fn read_part(file: &mut File, part: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(part) {
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Buffering, ReadError, Stream, Whence};
    use crate::lua::files::format::Format;
    use crate::lua::files::request::{Item, Request};
    use std::convert::Infallible;
    use std::fs;

    const BOTH: Access = Access {
        reads: true,
        writes: true,
    };

    fn read(stream: &mut Stream, format: Format) -> String {
        let mut text = String::new();
        let give = |item: Item<'_>| {
            if let Item::Text(bytes) = item {
                text = String::from_utf8_lossy(bytes).into_owned();
            }
            Ok::<_, Infallible>(())
        };
        stream
            .read(&mut Request::new(vec![format]), usize::MAX, give)
            .unwrap();
        text
    }

    fn stream(access: Access) -> (Stream, impl Fn() -> String) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stream = Stream::new(file.reopen().unwrap(), access, Buffering::Full);
        (stream, move || fs::read_to_string(file.path()).unwrap())
    }

    #[test]
    fn reading_and_writing_share_a_place() {
        let (mut stream, content) = stream(BOTH);
        stream.write(b"one two three").unwrap();
        assert_eq!(stream.seek(Whence::Start, 4).unwrap(), 4);
        assert_eq!(read(&mut stream, Format::Count(3)), "two");
        stream.write(b"-THREE").unwrap();
        assert_eq!(stream.seek(Whence::Current, -5).unwrap(), 8);
        assert_eq!(read(&mut stream, Format::All), "THREE");
        assert_eq!(content(), "one two-THREE");
    }

    #[test]
    fn what_is_written_waits_as_long_as_the_buffering_wants() {
        let (mut stream, content) = stream(BOTH);
        stream.set_buffering(Buffering::Full, Some(4)).unwrap();
        stream.write(b"1234").unwrap();
        assert_eq!(content(), "");
        stream.write(b"5").unwrap();
        assert_eq!(content(), "1234");
        stream.set_buffering(Buffering::Line, None).unwrap();
        stream.write(b"6\n7").unwrap();
        assert_eq!(content(), "123456\n");
        stream.set_buffering(Buffering::No, None).unwrap();
        stream.write(b"8").unwrap();
        assert_eq!(content(), "123456\n78");
        stream.set_buffering(Buffering::Full, None).unwrap();
        stream.write(b"9").unwrap();
        drop(stream);
        assert_eq!(content(), "123456\n789");
    }

    #[test]
    fn a_file_is_only_used_as_it_was_opened() {
        let (mut stream, _) = stream(Access::READ);
        assert_eq!(stream.write(b"x").unwrap_err().raw_os_error(), Some(9));
        let (mut stream, _) = self::stream(Access::WRITE);
        let outcome = stream.read(&mut Request::new(vec![]), usize::MAX, |_| {
            Ok::<_, Infallible>(())
        });
        assert!(
            matches!(outcome, Err(ReadError::System(problem)) if problem.raw_os_error() == Some(9))
        );
    }

    #[test]
    fn a_place_before_the_beginning_is_none() {
        let (mut stream, _) = stream(BOTH);
        for whence in [Whence::Start, Whence::Current, Whence::End] {
            assert_eq!(
                stream.seek(whence, -1).unwrap_err().raw_os_error(),
                Some(22),
                "{whence:?}"
            );
        }
    }

    #[test]
    fn what_needs_more_memory_than_there_is_is_not_read_to_its_end() {
        let (mut stream, _) = stream(BOTH);
        stream.write("x".repeat(100_000).as_bytes()).unwrap();
        stream.seek(Whence::Start, 0).unwrap();
        let outcome = stream.read(&mut Request::new(vec![Format::All]), 50_000, |_| {
            Ok::<_, Infallible>(())
        });
        assert!(matches!(outcome, Err(ReadError::TooLarge)));
    }

    #[test]
    fn without_a_buffer_nothing_is_read_ahead() {
        let (mut stream, _) = stream(BOTH);
        stream.write(b"one\ntwo\n").unwrap();
        stream.seek(Whence::Start, 0).unwrap();
        stream.set_buffering(Buffering::No, None).unwrap();
        assert_eq!(read(&mut stream, Format::USUAL), "one");
        assert_eq!(stream.seek(Whence::Current, 0).unwrap(), 4);
        assert!(stream.ahead() == 0);
    }
}
