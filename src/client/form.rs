//! A form with a file in it (RFC 7578, multipart/form-data): what an Action that sends a file sends
//! all of its parameters in.

use super::body::{Body, Reader};
use super::value::Value;
use bytes::Bytes;
use std::fmt::Write as _;
use std::io::{self, Cursor};
use std::sync::Arc;
use tokio::io::AsyncReadExt as _;

/// The file that a call sends.
#[derive(Debug, Clone)]
pub struct Content {
    /// Its name, as the form has it.
    pub name: String,
    /// Where it comes from, as records have it.
    pub origin: String,
    /// What is in it.
    pub body: Body,
}

/// A form before it is sent.
#[derive(Debug, Clone)]
pub struct Form {
    /// What stands between the parts; in none of them, because it is random.
    boundary: String,
    fields: Vec<(String, String)>,
    /// The parameter that the file is.
    file: String,
    content: Content,
}

impl Form {
    /// A form with one file and no fields yet.
    pub fn new(boundary: String, file: &str, content: Content) -> Self {
        Self {
            boundary,
            fields: Vec::new(),
            file: file.to_owned(),
            content,
        }
    }

    /// Adds a parameter: a scalar as its text, anything else as JSON, as the document's sample does.
    pub fn add(&mut self, name: &str, value: &Value) {
        let text = match value {
            Value::Null => return,
            Value::List(_) | Value::Object(_) => Some(value.to_json().to_string()),
            scalar => scalar.to_text(),
        };
        self.fields.extend(text.map(|text| (name.to_owned(), text)));
    }

    /// The value of the header `Content-Type`.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// All of it; the file comes last, and is read while it is sent.
    pub fn body(&self) -> Body {
        let (head, tail) = (Bytes::from(self.head()), Bytes::from(self.tail()));
        let length = self.content.body.length() + (head.len() + tail.len()) as u64;
        match &self.content.body {
            Body::Bytes(bytes) => Body::Bytes([&head[..], bytes, &tail].concat().into()),
            Body::Stream { open, .. } => {
                let open = Arc::clone(open);
                let open = move || -> io::Result<Reader> {
                    let head = Cursor::new(head.clone());
                    Ok(Box::new(
                        head.chain(open()?).chain(Cursor::new(tail.clone())),
                    ))
                };
                Body::Stream {
                    length,
                    open: Arc::new(open),
                }
            }
        }
    }

    /// What stands before the file's bytes.
    fn head(&self) -> String {
        let mut head = String::new();
        for (name, value) in &self.fields {
            self.begin(&mut head, name);
            let _ = write!(head, "\r\n\r\n{value}\r\n");
        }
        self.begin(&mut head, &self.file);
        let name = escape(&self.content.name);
        let _ = write!(
            head,
            "; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        head
    }

    fn begin(&self, head: &mut String, name: &str) {
        let (boundary, name) = (&self.boundary, escape(name));
        let _ = write!(
            head,
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\""
        );
    }

    fn tail(&self) -> String {
        format!("\r\n--{}--\r\n", self.boundary)
    }
}

/// A name between quotes, as browsers write it (WHATWG, multipart/form-data encoding algorithm).
fn escape(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::{Content, Form};
    use crate::client::body::{Body, Reader};
    use crate::client::value::Value;
    use bytes::Bytes;
    use std::sync::Arc;

    fn form(body: Body) -> Form {
        let content = Content {
            name: "a \"b\"\r\n.txt".to_owned(),
            origin: String::new(),
            body,
        };
        let mut form = Form::new("xyz".to_owned(), "files", content);
        form.add("key", &Value::String("a/ä".to_owned()));
        form.add("part_number", &Value::Integer(7));
        form.add("left", &Value::Null);
        form.add(
            "tags",
            &Value::List(vec![Value::Object(
                [("key".to_owned(), Value::String("k".to_owned()))].into(),
            )]),
        );
        form
    }

    const WHOLE: &str = "--xyz\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na/ä\r\n\
        --xyz\r\nContent-Disposition: form-data; name=\"part_number\"\r\n\r\n7\r\n\
        --xyz\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\n[{\"key\":\"k\"}]\r\n\
        --xyz\r\nContent-Disposition: form-data; name=\"files\"; \
        filename=\"a %22b%22%0D%0A.txt\"\r\nContent-Type: application/octet-stream\r\n\r\n\
        \0\nnot a line\r\n--xyz--\r\n";

    const CONTENT: &[u8] = b"\0\nnot a line";

    #[tokio::test]
    async fn a_form_of_bytes_and_one_of_a_stream_are_the_same() {
        let bytes = form(Body::Bytes(Bytes::from_static(CONTENT)));
        assert_eq!(bytes.content_type(), "multipart/form-data; boundary=xyz");
        let stream = form(Body::Stream {
            length: CONTENT.len() as u64,
            open: Arc::new(|| Ok(Box::new(CONTENT) as Reader)),
        });
        for form in [bytes, stream] {
            let body = form.body();
            assert_eq!(body.length(), WHOLE.len() as u64);
            assert_eq!(body.collect().await.unwrap(), WHOLE);
        }
    }

    #[tokio::test]
    async fn a_file_of_another_length_makes_no_whole_form() {
        for length in [CONTENT.len() as u64 - 1, CONTENT.len() as u64 + 1] {
            let open = Arc::new(|| Ok(Box::new(CONTENT) as Reader));
            let body = form(Body::Stream { length, open }).body();
            assert!(body.collect().await.is_err(), "{length}");
        }
    }
}
