//! What a script writes to standard output, which the recorder of its run receives too.

use super::standard::Standard;
use crate::gate::Gate;
use std::borrow::Cow;
use std::io;

/// Writes to standard output what the recorder gives in place of a script's text.
pub(in crate::lua) fn write(gate: &Gate, bytes: &[u8]) -> io::Result<()> {
    Standard::Output
        .stream()?
        .write(&record_output(gate, bytes))
}

/// The same for a line, which is seen at once.
pub(in crate::lua) fn write_line(gate: &Gate, mut line: Vec<u8>) -> io::Result<()> {
    line.push(b'\n');
    let line = record_output(gate, &line);
    let mut stream = Standard::Output.stream()?;
    stream.write(&line)?;
    stream.flush()
}

fn record_output<'a>(gate: &Gate, bytes: &'a [u8]) -> Cow<'a, [u8]> {
    if !gate.wants_output() {
        return Cow::Borrowed(bytes);
    }
    if let Ok(text) = str::from_utf8(bytes) {
        return Cow::Owned(gate.output(text.to_owned()).into_bytes());
    }
    // Bytes that are no text go out as they are.
    gate.output(String::from_utf8_lossy(bytes).into_owned());
    Cow::Borrowed(bytes)
}
