//! Uploads in parts. The document's limits: at most 1000 parts of 5 MB to 5 GB, of which the last
//! one may be smaller.

use super::download::url;
use super::objects::{received, store};
use super::state::{Upload, bucket, http_date};
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// How long a part is at least that is not the last one, in bytes.
const SMALLEST_PART: u64 = 5_000_000;

pub(super) fn begin(call: &mut Call) -> Result<Json, Refusal> {
    let key = call.params.required("key").to_owned();
    bucket(call)?;
    let id = BASE64_STANDARD.encode(call.cloud.ids.uuid());
    let upload = Upload {
        key: key.clone(),
        parts: BTreeMap::new(),
    };
    bucket(call)?.uploads.insert(id.clone(), upload);
    Ok(json!({"Data": {"Upload_Id": id, "Key": key}}))
}

pub(super) fn part(call: &mut Call) -> Result<Json, Refusal> {
    call.params.required("files");
    let number = call.params.int("part_number").unwrap_or_default();
    upload(call)?;
    let blob = received(call)?;
    let id = call.cloud.ids.uuid().replace('-', "");
    let replaced = upload(call)?.parts.insert(number, (id.clone(), blob));
    if let Some((_, old)) = replaced {
        old.discard(call.cloud.objects_in.as_deref());
    }
    let date = http_date(call.cloud.now());
    Ok(json!({"Data": {
        "date": date,
        "part_id": id,
        "content_type": "text/html; charset=UTF-8",
    }}))
}

pub(super) fn complete(call: &mut Call) -> Result<Json, Refusal> {
    let wanted: Vec<(i64, &str)> = call
        .params
        .objects("multipart_info")
        .into_iter()
        .map(|part| {
            (
                part.int("part_number").unwrap_or_default(),
                part.required("part_id"),
            )
        })
        .collect();
    if wanted.is_empty() || !wanted.is_sorted_by(|one, next| one.0 < next.0) {
        return Err(call.malformed("multipart_info", "the parts do not follow each other"));
    }
    let id = call.params.required("upload_id").to_owned();
    let upload = upload(call)?;
    let mut content = Vec::new();
    for (place, (number, part_id)) in wanted.iter().enumerate() {
        let part = upload.parts.get(number).filter(|(id, _)| id == part_id);
        let (_, blob) = part.ok_or_else(|| {
            let text = format!("The part {number} was not uploaded with the id {part_id:?}");
            Refusal::new("InvalidPart", text)
        })?;
        if place + 1 < wanted.len() && blob.len() < SMALLEST_PART {
            let text = format!("The part {number} has fewer than {SMALLEST_PART} bytes");
            return Err(Refusal::new("EntityTooSmall", text));
        }
        content.push(blob.clone());
    }
    let numbers: Vec<i64> = wanted.iter().map(|(number, _)| *number).collect();
    let left: Vec<_> = upload
        .parts
        .iter()
        .filter(|(number, _)| !numbers.contains(number))
        .map(|(_, (_, blob))| blob.clone())
        .collect();
    let key = upload.key.clone();
    bucket(call)?.uploads.remove(&id);
    for blob in left {
        blob.discard(call.cloud.objects_in.as_deref());
    }
    store(
        call,
        key.clone(),
        content,
        "binary/octet-stream",
        Vec::new(),
    )?;
    Ok(json!({"Data": {"url": url(call, &key)?}}))
}

/// The upload that a call names.
fn upload<'c>(call: &'c mut Call<'_>) -> Result<&'c mut Upload, Refusal> {
    let (id, key) = (
        call.params.text("upload_id").unwrap_or_default(),
        call.params.required("key"),
    );
    let found = bucket(call)?.uploads.get_mut(id);
    found.filter(|upload| upload.key == key).ok_or_else(|| {
        Refusal::new(
            "NoSuchUpload",
            format!("There is no upload {id:?} of the object {key:?} here"),
        )
    })
}
