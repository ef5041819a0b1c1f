//! What a script writes to its standard streams, which the recorder of its run receives too.

use super::standard::{Standard, flush_standard};
use crate::gate::Gate;
use crate::gate::recorder::OutputStream;
use std::borrow::Cow;
use std::io;

/// Writes to standard output what the recorder gives in place of a script's text.
pub(in crate::lua) fn write(gate: &Gate, bytes: &[u8]) -> io::Result<()> {
    Standard::Output
        .stream()?
        .write(&record(gate, OutputStream::Out, bytes))
}

/// The same for a line, which is seen at once.
pub(in crate::lua) fn write_line(gate: &Gate, mut line: Vec<u8>) -> io::Result<()> {
    line.push(b'\n');
    let line = record(gate, OutputStream::Out, &line);
    let mut stream = Standard::Output.stream()?;
    stream.write(&line)?;
    stream.flush()
}

/// The same for standard error.
pub(in crate::lua) fn write_error(gate: &Gate, bytes: &[u8]) -> io::Result<()> {
    Standard::Error
        .stream()?
        .write(&record(gate, OutputStream::Err, bytes))
}

/// Writes what waits in buffers, and at the recorder. A stream that a script is inside keeps what
/// it has; whether there was none.
pub(in crate::lua) fn finish(gate: &Gate) -> bool {
    let output = flush_standard(Standard::Output, || gate.rest_of_output(OutputStream::Out));
    flush_standard(Standard::Error, || gate.rest_of_output(OutputStream::Err)) && output
}

fn record<'a>(gate: &Gate, stream: OutputStream, bytes: &'a [u8]) -> Cow<'a, [u8]> {
    match gate.output(stream, bytes) {
        Some(other) => Cow::Owned(other.into_bytes()),
        // Bytes that are no text go out as they are.
        None => Cow::Borrowed(bytes),
    }
}
