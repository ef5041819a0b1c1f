//! A form with a file in it (RFC 7578), taken apart while it comes.

use crate::cloud::blob::Blob;
use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memmem;
use std::fs::File;
use std::io::Write as _;
use std::mem;
use std::path::PathBuf;

/// How long the fields of a form may be together, with the heads of its parts.
const LARGEST_FIELDS: usize = 1 << 20;

/// How large a file may be that is kept in memory.
const LARGEST_IN_MEMORY: usize = 256 << 20;

/// A form that came whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    /// Its texts.
    pub(crate) fields: Vec<(String, String)>,
    /// Its file, by the name of the field.
    pub(crate) file: Option<(String, Blob)>,
}

/// Where the file of a form goes.
pub(crate) enum Destination {
    /// Into memory.
    Memory,
    /// Into a new file of this name in a folder.
    File(PathBuf, String),
}

/// Takes a form apart.
pub(crate) struct Parser {
    /// What stands before each part and after the last one.
    delimiter: Vec<u8>,
    destination: Destination,
    buffer: BytesMut,
    at: At,
    /// How many bytes fields and heads have had.
    fields_length: usize,
    form: Form,
}

/// Where the parser is.
enum At {
    /// Before the first delimiter.
    Preamble,
    /// Behind a delimiter.
    Delimiter,
    /// In the head of a part.
    Head,
    /// In a text.
    Text(String, Vec<u8>),
    /// In a file.
    File(String, Sink),
    /// Behind the last delimiter.
    End,
}

/// What a file is written to.
enum Sink {
    Memory(Vec<u8>),
    File { file: File, length: u64 },
}

/// The boundary that a Content-Type gives; none where it is no form of this kind.
pub(crate) fn boundary(content_type: &str) -> Option<&str> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut parameters = rest.split(';').map(str::trim);
    let boundary = parameters.find_map(|parameter| parameter.strip_prefix("boundary="))?;
    Some(boundary.trim_matches('"')).filter(|boundary| !boundary.is_empty())
}

/// A form in memory.
pub(crate) fn parse(boundary: &str, body: &Bytes) -> Result<Form, String> {
    let mut parser = Parser::new(boundary, Destination::Memory);
    parser.push(body)?;
    parser.end()
}

impl Parser {
    pub(crate) fn new(boundary: &str, destination: Destination) -> Self {
        Self {
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            destination,
            // The first delimiter has no line before it.
            buffer: BytesMut::from(&b"\r\n"[..]),
            at: At::Preamble,
            fields_length: 0,
            form: Form::default(),
        }
    }

    /// Takes what has come.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.buffer.extend_from_slice(bytes);
        while self.step()? {}
        Ok(())
    }

    /// The form, where it is whole.
    pub(crate) fn end(mut self) -> Result<Form, String> {
        if matches!(self.at, At::End) {
            return Ok(mem::take(&mut self.form));
        }
        Err("the form breaks off".to_owned())
    }

    /// Goes on as far as one part leads; whether there may be more to do.
    fn step(&mut self) -> Result<bool, String> {
        match &mut self.at {
            At::Preamble | At::Text(..) | At::File(..) => {
                let found = memmem::find(&self.buffer, &self.delimiter);
                // A delimiter may have come in part.
                let kept = self.delimiter.len() - 1;
                let ready = found.unwrap_or_else(|| self.buffer.len().saturating_sub(kept));
                let bytes = self.buffer.split_to(ready);
                self.take(&bytes)?;
                if found.is_none() {
                    return Ok(false);
                }
                self.buffer.advance(self.delimiter.len());
                self.close()?;
                self.at = At::Delimiter;
                Ok(true)
            }
            At::Delimiter => match self.buffer.get(..2) {
                None => Ok(false),
                Some(b"--") => {
                    self.at = At::End;
                    Ok(true)
                }
                Some(b"\r\n") => {
                    self.buffer.advance(2);
                    self.at = At::Head;
                    Ok(true)
                }
                Some(_) => Err("a line of the form is no delimiter".to_owned()),
            },
            At::Head => {
                let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") else {
                    self.count(self.buffer.len())?;
                    self.fields_length -= self.buffer.len();
                    return Ok(false);
                };
                let head = self.buffer.split_to(end + 4);
                self.count(head.len())?;
                self.at = self.part(&String::from_utf8_lossy(&head))?;
                Ok(true)
            }
            At::End => {
                self.buffer.clear();
                Ok(false)
            }
        }
    }

    fn count(&mut self, more: usize) -> Result<(), String> {
        self.fields_length += more;
        if self.fields_length > LARGEST_FIELDS {
            return Err(format!(
                "the fields of the form have more than {LARGEST_FIELDS} bytes"
            ));
        }
        Ok(())
    }

    /// The part that a head begins.
    fn part(&self, head: &str) -> Result<At, String> {
        let line = head.lines().find(|line| {
            let name = line.split(':').next().unwrap_or_default();
            name.eq_ignore_ascii_case("content-disposition")
        });
        let line = line.ok_or("a part of the form has no Content-Disposition")?;
        let name = attribute(line, "name").ok_or("a part of the form has no name")?;
        if attribute(line, "filename").is_none() {
            return Ok(At::Text(name, Vec::new()));
        }
        if self.form.file.is_some() {
            return Err("the form has two files".to_owned());
        }
        let sink = match &self.destination {
            Destination::Memory => Sink::Memory(Vec::new()),
            Destination::File(folder, name) => Sink::File {
                file: File::create_new(folder.join(name)).map_err(|error| unwritten(&error))?,
                length: 0,
            },
        };
        Ok(At::File(name, sink))
    }

    /// Takes bytes of the part that it is in.
    fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        let fields_length = &mut self.fields_length;
        match &mut self.at {
            At::Text(_, text) => {
                text.extend_from_slice(bytes);
                *fields_length += bytes.len();
                if *fields_length > LARGEST_FIELDS {
                    return Err(format!(
                        "the fields of the form have more than {LARGEST_FIELDS} bytes"
                    ));
                }
            }
            At::File(_, Sink::Memory(whole)) => {
                if whole.len() + bytes.len() > LARGEST_IN_MEMORY {
                    return Err(format!(
                        "the simulator keeps files of {} MiB at most in memory; with --objects DIR they may be larger",
                        LARGEST_IN_MEMORY >> 20
                    ));
                }
                whole.extend_from_slice(bytes);
            }
            At::File(_, Sink::File { file, length, .. }) => {
                file.write_all(bytes).map_err(|error| unwritten(&error))?;
                *length += bytes.len() as u64;
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends the part that it is in.
    fn close(&mut self) -> Result<(), String> {
        match mem::replace(&mut self.at, At::Delimiter) {
            At::Text(name, text) => {
                let text = String::from_utf8(text)
                    .map_err(|_| format!("the field {name} of the form is not UTF-8"))?;
                self.form.fields.push((name, text));
            }
            At::File(name, sink) => {
                let blob = match sink {
                    Sink::Memory(bytes) => Blob::Memory(bytes.into()),
                    Sink::File { length, .. } => Blob::File {
                        name: match &self.destination {
                            Destination::File(_, name) => name.clone(),
                            Destination::Memory => String::new(),
                        },
                        bytes: length,
                    },
                };
                self.form.file = Some((name, blob));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Drop for Parser {
    /// A file that did not come whole goes.
    fn drop(&mut self) {
        let is_open = matches!(self.at, At::File(_, Sink::File { .. }));
        if let Destination::File(folder, name) = &self.destination
            && (is_open || self.form.file.is_some())
        {
            let _ = std::fs::remove_file(folder.join(name));
        }
    }
}

fn unwritten(error: &std::io::Error) -> String {
    format!("the simulator cannot write the object: {error}")
}

/// An attribute of a header: `name="files"`.
fn attribute(line: &str, name: &str) -> Option<String> {
    let mut attributes = line.split(';').map(str::trim);
    let value = attributes.find_map(|attribute| {
        let (own, value) = attribute.split_once('=')?;
        own.eq_ignore_ascii_case(name).then_some(value)
    })?;
    let value = value.trim_matches('"');
    Some(
        value
            .replace("%22", "\"")
            .replace("%0D", "\r")
            .replace("%0A", "\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::{Destination, Parser, boundary, parse};
    use crate::cloud::blob::Blob;
    use bytes::Bytes;

    const BODY: &str = "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na.txt\r\n\
        --x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a;b.txt\"\r\n\
        Content-Type: text/plain\r\n\r\none\r\n--\r\n--y\r\n\r\n--x--\r\n";

    fn file(blob: Option<(String, Blob)>) -> (String, Bytes) {
        match blob {
            Some((name, Blob::Memory(bytes))) => (name, bytes),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_form_is_the_same_in_whatever_parts_it_comes() {
        for step in 1..BODY.len() {
            let mut parser = Parser::new("x", Destination::Memory);
            for part in BODY.as_bytes().chunks(step) {
                parser.push(part).unwrap();
            }
            let form = parser.end().unwrap();
            assert_eq!(form.fields, [("key".to_owned(), "a.txt".to_owned())]);
            let expected = ("files".to_owned(), Bytes::from("one\r\n--\r\n--y\r\n"));
            assert_eq!(file(form.file), expected);
        }
    }

    #[test]
    fn a_form_that_breaks_off_is_none_and_its_file_goes() {
        let folder = tempfile::tempdir().unwrap();
        for end in [0, 10, 60, 100, 150, BODY.len() - 4] {
            let destination = Destination::File(folder.path().to_owned(), "object".to_owned());
            let mut parser = Parser::new("x", destination);
            parser.push(&BODY.as_bytes()[..end]).unwrap();
            assert!(parser.end().is_err(), "{end}");
            assert!(!folder.path().join("object").exists(), "{end}");
        }
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for body in [
            "--x\r\n\r\n\r\n--x--",
            "--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--",
            "--xy",
            "",
        ] {
            assert!(parse("x", &Bytes::from(body)).is_err(), "{body:?}");
        }
        assert_eq!(boundary("multipart/form-data; boundary=\"a\""), Some("a"));
        assert_eq!(boundary("application/json"), None);
        assert_eq!(boundary("multipart/form-data"), None);
    }
}
