//! The download of an object by its URL: no Action, but what the URL of one leads to. The range of
//! a request is kept (RFC 9110), so that what broke off can go on.

use crate::cloud::blob::{self, ObjectUrl};
use crate::cloud::refusal::Refusal;
use crate::cloud::service::Services;
use crate::cloud::state::Cloud;
use crate::http::answer;
use crate::http::request::Incoming;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

/// The object that a request is for; none where it is for something else.
pub(crate) fn download(
    services: Services,
    cloud: &Cloud,
    incoming: &Incoming,
    now: Timestamp,
) -> Option<Result<Response<Bytes>, Refusal>> {
    let is_call = incoming.get("Action").is_some() || incoming.get("AWSAccessKeyId").is_some();
    if is_call || !["GET", "HEAD"].contains(&incoming.method) {
        return None;
    }
    let url = ObjectUrl {
        path: incoming.path,
        ends: incoming.get("Expires"),
        signature: incoming.get("Signature"),
    };
    let mut services = services.iter();
    let found = services.find_map(|service| service.object(cloud, url))?;
    let found = match found {
        Ok(found) => found,
        Err(refusal) => return Some(Err(refusal)),
    };
    let etag = format!("\"{}\"", found.etag);
    let range = incoming.header("range").filter(|_| {
        let validator = incoming.header("if-range");
        validator.is_none_or(|validator| validator == etag)
    });
    let wanted = range.map_or(Wanted::All, |range| Wanted::of(range, found.length));
    let (status, start, length) = match wanted {
        Wanted::All => (StatusCode::OK, 0, found.length),
        Wanted::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
        Wanted::Part(start, length) => (StatusCode::PARTIAL_CONTENT, start, length),
    };
    let mut response = answer::response(status.as_u16(), "binary/octet-stream", Bytes::new(), now);
    let headers = response.headers_mut();
    let mut set = |name, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, found.content_type.to_owned());
    set(header::ETAG, etag);
    set(header::ACCEPT_RANGES, "bytes".to_owned());
    if let Ok(changed) = DateTimePrinter::new().timestamp_to_rfc9110_string(&found.changed) {
        set(header::LAST_MODIFIED, changed);
    }
    let whole = found.length;
    match status {
        StatusCode::PARTIAL_CONTENT => {
            let last = start + length - 1;
            set(
                header::CONTENT_RANGE,
                format!("bytes {start}-{last}/{whole}"),
            );
        }
        StatusCode::RANGE_NOT_SATISFIABLE => {
            set(header::CONTENT_RANGE, format!("bytes */{whole}"));
        }
        _ => {}
    }
    set(header::CONTENT_LENGTH, length.to_string());
    if incoming.method == "GET" {
        let folder = cloud.objects_in.as_deref();
        match blob::slice(found.content, folder, start, length) {
            Ok(bytes) => *response.body_mut() = bytes,
            Err(files) => _ = response.extensions_mut().insert(files),
        }
    }
    Some(Ok(response))
}

/// What is asked for of an object.
#[derive(Debug, PartialEq)]
enum Wanted {
    All,
    /// From where, and how many bytes.
    Part(u64, u64),
    /// What it does not have.
    Nothing,
}

impl Wanted {
    /// What a range asks for: one first byte and perhaps a last one. Of any other form all is given.
    fn of(range: &str, whole: u64) -> Self {
        Self::part(range, whole).unwrap_or(Self::All)
    }

    fn part(range: &str, whole: u64) -> Option<Self> {
        let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        let first: u64 = first.parse().ok()?;
        let last = match last {
            "" => whole.saturating_sub(1),
            last => last.parse::<u64>().ok()?.min(whole.saturating_sub(1)),
        };
        let is_there = first < whole && first <= last;
        Some(if is_there {
            Self::Part(first, last - first + 1)
        } else {
            Self::Nothing
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    #[test]
    fn a_range_is_one_stretch_of_what_is_there() {
        for (range, expected) in [
            ("bytes=0-", Wanted::Part(0, 10)),
            ("bytes=4-", Wanted::Part(4, 6)),
            ("bytes=4-5", Wanted::Part(4, 2)),
            ("bytes=4-99", Wanted::Part(4, 6)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=5-4", Wanted::Nothing),
            ("bytes=-3", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("lines=0-", Wanted::All),
        ] {
            assert_eq!(Wanted::of(range, 10), expected, "{range}");
        }
    }
}
