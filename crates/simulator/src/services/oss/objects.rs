//! Objects and their tags.

use super::state::{Object, Tag, bucket, given_tags, http_date, object, tags_answer};
use crate::cloud::blob::Blob;
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use bytes::Bytes;
use serde_json::{Value as Json, json};
use std::ops::Bound;

/// How many objects one call deletes at most.
const MOST_DELETED: usize = 1000;

/// How many objects a page has where no limit is given, and at most.
const PAGE: (i64, i64) = (100, 1000);

/// What answers of uploads have, whatever the object is.
const ANSWER_TYPE: &str = "text/html; charset=UTF-8";

pub(super) fn upload(call: &mut Call) -> Result<Json, Refusal> {
    // Its bytes came with the call.
    call.params.required("files");
    let tags = given_tags(call)?;
    bucket(call)?;
    let blob = received(call)?;
    put(call, vec![blob], "binary/octet-stream", tags)
}

pub(super) fn upload_text(call: &mut Call) -> Result<Json, Refusal> {
    let tags = given_tags(call)?;
    bucket(call)?;
    let text = call.params.required("content");
    let blob = Blob::Memory(Bytes::from(text.to_owned()));
    put(call, vec![blob], "text/plain", tags)
}

/// The file that came with a call; from then on it is the object's.
pub(super) fn received(call: &mut Call) -> Result<Blob, Refusal> {
    let blob = call.cloud.received.take();
    blob.ok_or_else(|| call.malformed("files", "it is no file of a multipart form"))
}

fn put(
    call: &mut Call,
    content: Vec<Blob>,
    content_type: &str,
    tags: Vec<Tag>,
) -> Result<Json, Refusal> {
    let key = call.params.required("key").to_owned();
    let now = call.cloud.now();
    let answer = json!({"Data": {
        "date": http_date(now),
        "tags": tags,
        "content_type": ANSWER_TYPE,
    }});
    store(call, key, content, content_type, tags)?;
    Ok(answer)
}

/// Puts an object in place of the one of that name.
pub(super) fn store(
    call: &mut Call,
    key: String,
    content: Vec<Blob>,
    content_type: &str,
    tags: Vec<Tag>,
) -> Result<(), Refusal> {
    let now = call.cloud.now();
    let new = Object {
        content,
        etag: call.cloud.ids.uuid().replace('-', ""),
        content_type: content_type.to_owned(),
        changed: now,
        tags,
    };
    let bucket = bucket(call)?;
    bucket.changed = now;
    if let Some(old) = bucket.objects.insert(key, new) {
        old.discard(call.cloud.objects_in.as_deref());
    }
    Ok(())
}

pub(super) fn head(call: &mut Call) -> Result<Json, Refusal> {
    let object = object(call)?;
    Ok(json!({"Data": {
        "last_modified": format!("{:.0}", object.changed),
        "content_length": object.length(),
        "content_type": object.content_type,
    }}))
}

pub(super) fn list(call: &mut Call) -> Result<Json, Refusal> {
    let text = |name: &str| call.params.text(name).unwrap_or_default();
    let (prefix, after, before) = (text("prefix"), text("next_marker"), text("pre_marker"));
    // No object has versions here.
    let _ = (text("is_versions"), text("version_marker"));
    let (usual, most) = PAGE;
    let limit = match text("limit") {
        "" => usual,
        given => given.parse().unwrap_or(0),
    };
    if !(1..=most).contains(&limit) {
        return Err(call.malformed("limit", &format!("it must be 1 to {most}")));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let bucket = bucket(call)?;
    let bounds = |text| {
        if str::is_empty(text) {
            Bound::Unbounded
        } else {
            Bound::Excluded(text.to_owned())
        }
    };
    let in_order = after.is_empty() || before.is_empty() || after < before;
    let between = in_order.then(|| {
        bucket
            .objects
            .range::<String, _>((bounds(after), bounds(before)))
            .filter(|(key, _)| key.starts_with(prefix))
            .collect::<Vec<_>>()
    });
    let between = between.unwrap_or_default();
    // The page before a marker ends there.
    let is_backwards = !before.is_empty() && after.is_empty();
    let page = if is_backwards {
        &between[between.len().saturating_sub(limit)..]
    } else {
        &between[..between.len().min(limit)]
    };
    let rows: Vec<Json> = page
        .iter()
        .map(|(key, object)| {
            json!({
                "name": key,
                "path": key,
                "is_dir": false,
                "is_object": true,
                "bytes": object.length(),
                "content_type": object.content_type,
                "last_modified": object.changed.strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string(),
            })
        })
        .collect();
    let is_more = between.len() > page.len();
    Ok(json!({"Data": {
        "bucket": {
            "id": bucket.number,
            "bucket_name": bucket.id,
            "object_num": bucket.objects.len().to_string(),
            "object_used": bucket.used().to_string(),
        },
        "object_list": rows,
        "is_previous_page": if is_backwards { is_more } else { !after.is_empty() },
        "is_next_page": if is_backwards { true } else { is_more },
    }}))
}

pub(super) fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let key = call.params.required("key").to_owned();
    object(call)?;
    remove(call, &[key])?;
    Ok(json!({"Data": {}}))
}

pub(super) fn delete_prefix(call: &mut Call) -> Result<Json, Refusal> {
    let prefix = call.params.required("prefix");
    let keys: Vec<String> = bucket(call)?
        .objects
        .keys()
        .filter(|key| key.starts_with(prefix))
        .take(MOST_DELETED)
        .cloned()
        .collect();
    Ok(json!({"Data": remove(call, &keys)?}))
}

pub(super) fn delete_several(call: &mut Call) -> Result<Json, Refusal> {
    let keys = call.params.texts("keys");
    if keys.len() > MOST_DELETED {
        let why = format!("there are more than {MOST_DELETED}");
        return Err(call.malformed("keys", &why));
    }
    let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
    Ok(json!({"Data": remove(call, &keys)?}))
}

/// Removes objects; the names of those that there were.
fn remove(call: &mut Call, keys: &[String]) -> Result<Vec<String>, Refusal> {
    let now = call.cloud.now();
    let mut removed = Vec::new();
    for key in keys {
        let bucket = bucket(call)?;
        if let Some(object) = bucket.objects.remove(key) {
            bucket.changed = now;
            object.discard(call.cloud.objects_in.as_deref());
            removed.push(key.clone());
        }
    }
    Ok(removed)
}

pub(super) fn tags(call: &mut Call) -> Result<Json, Refusal> {
    Ok(tags_answer(&object(call)?.tags))
}

pub(super) fn put_tags(call: &mut Call) -> Result<Json, Refusal> {
    let tags = given_tags(call)?;
    let object = object(call)?;
    object.tags = tags;
    Ok(tags_answer(&object.tags))
}

pub(super) fn delete_tags(call: &mut Call) -> Result<Json, Refusal> {
    object(call)?.tags.clear();
    Ok(json!({}))
}
