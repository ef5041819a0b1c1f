//! The URLs of objects. That of a private bucket is signed and ends, as the document says; how it is
//! signed is the simulator's own.

use super::state::{OSS, bucket, object};
use crate::cloud::blob::{Download, ObjectUrl};
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::http::signature::encode_hex;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

/// How long a signed URL is good, in seconds.
const GOOD_FOR: i64 = 3600;

/// The first part of the host names of all objects of the account.
const ACCOUNT: &str = "4ab18755406843d98afd21eb9a3ec960";

/// What signs URLs: the simulator alone reads them.
const KEY: &str = "objects of the simulator";

/// Everything in a path but the slash and the unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

pub(super) fn url_of_object(call: &mut Call) -> Result<Json, Refusal> {
    object(call)?;
    let key = call.params.required("key").to_owned();
    Ok(json!({"Data": {"url": url(call, &key)?}}))
}

/// The URL of an object.
pub(super) fn url(call: &mut Call, key: &str) -> Result<String, Refusal> {
    let ends = call.cloud.now().as_second() + GOOD_FOR;
    let at = call.cloud.objects_at.clone();
    let bucket = bucket(call)?;
    let at = at.unwrap_or_else(|| format!("https://{ACCOUNT}.{}", bucket.endpoint));
    let key = utf8_percent_encode(key, ESCAPED);
    let path = format!("/{}/{key}", bucket.id);
    if bucket.is_public {
        return Ok(format!("{at}{path}"));
    }
    let signature = sign(&path, ends);
    Ok(format!("{at}{path}?Expires={ends}&Signature={signature}"))
}

fn sign(path: &str, ends: i64) -> String {
    encode_hex(&Sha256::digest(format!("{KEY}\n{ends}\n{path}")))
}

/// The object at a path, `/BUCKET/KEY`; none where there is no bucket of that name, so that it is
/// another kind of request.
pub(super) fn find<'c>(
    cloud: &'c Cloud,
    url: ObjectUrl<'_>,
) -> Option<Result<Download<'c>, Refusal>> {
    let path = url.path;
    let (name, key) = path.strip_prefix('/')?.split_once('/')?;
    let bucket = cloud[OSS].buckets.get(name)?;
    if !bucket.is_public {
        let ends = url.ends.and_then(|ends| ends.parse::<i64>().ok());
        let is_good = ends.is_some_and(|ends| {
            url.signature == Some(&sign(path, ends)) && ends >= cloud.now().as_second()
        });
        if !is_good {
            let text = "The URL of the object is not signed, or its time is over";
            return Some(Err(Refusal::new("AccessDenied", text)));
        }
    }
    let key = percent_decode_str(key).decode_utf8_lossy();
    let Some(object) = bucket.objects.get(&*key) else {
        let text = format!("There is no object {key:?} here");
        return Some(Err(Refusal::new("NoSuchKey", text)));
    };
    Some(Ok(Download {
        content: &object.content,
        length: object.length(),
        etag: &object.etag,
        content_type: &object.content_type,
        changed: object.changed,
    }))
}

/// A signature for uploads by a web form.
pub(super) fn form_signature(call: &mut Call) -> Result<Json, Refusal> {
    let folder = call.params.required("dir_path");
    if !folder.is_empty() && !folder.ends_with('/') {
        return Err(call.malformed("dir_path", "it does not end with a slash"));
    }
    let number = |call: &Call, name: &str, usual: i64| match call.params.text(name) {
        None | Some("") => Ok(usual),
        Some(text) => text
            .parse::<i64>()
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| call.malformed(name, "it is no number above 0")),
    };
    let lasts = number(call, "expires", 300)?;
    let most = number(call, "max_file_count", 50)?;
    let ends = call.cloud.now().as_second().saturating_add(lasts);
    let bucket = bucket(call)?;
    let upload_url = format!(
        "https://{}/v1/AUTH_{ACCOUNT}/{}/{folder}",
        bucket.endpoint, bucket.id
    );
    Ok(json!({"Data": {
        "signature": sign(&upload_url, ends),
        "upload_url": upload_url,
        "redirect": "",
        "max_file_size": 524_288_000,
        "max_file_count": most,
        "expires": ends,
    }}))
}
