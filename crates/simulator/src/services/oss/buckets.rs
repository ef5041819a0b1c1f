//! Buckets and their tags.

use super::state::{
    Bucket, OSS, bucket, given_tags, http_date, no_host, nodes, place, tags_answer,
};
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// How long the name of a bucket may be: a label of a host name.
const LENGTHS: std::ops::RangeInclusive<usize> = 3..=63;

/// What the document's examples have for the storage of all buckets.
const STORAGE_POLICY: &str = "ec7";

pub(super) fn regions(call: &mut Call) -> Json {
    json!({"Data": nodes(call)})
}

pub(super) fn projects(call: &mut Call) -> Json {
    let example = &call.action.answer.example["Data"];
    let default = example.get(0).cloned().unwrap_or_default();
    json!({"Data": [default]})
}

pub(super) fn list(call: &mut Call) -> Json {
    let nodes = nodes(call);
    let is_node = |endpoint: &str| nodes.iter().any(|node| node["endpoint"] == endpoint);
    // A client sends one anyway, which may be the name of this machine.
    let host = call.params.text("Host").unwrap_or_default();
    let (name, endpoint) = match place(host) {
        _ if is_node(host) => (None, Some(host)),
        Some((name, endpoint)) if is_node(endpoint) => (Some(name), Some(endpoint)),
        _ => (None, None),
    };
    let kind = call
        .params
        .text("bucket_type")
        .filter(|kind| !kind.is_empty());
    let alias = call.params.text("alias_name");
    let is_wanted = |bucket: &&Bucket| {
        name.is_none_or(|name| bucket.id == name)
            && endpoint.is_none_or(|endpoint| bucket.endpoint == endpoint)
            && kind.is_none_or(|kind| bucket_type(bucket) == kind)
            && alias.is_none_or(|alias| bucket.alias == alias)
    };
    let rows: Vec<Json> = call.cloud[OSS]
        .buckets
        .iter()
        .filter(is_wanted)
        .map(|bucket| row(call, bucket, &nodes))
        .collect();
    json!({"Data": rows})
}

fn row(call: &Call, bucket: &Bucket, nodes: &[Json]) -> Json {
    let node = nodes
        .iter()
        .find(|node| node["endpoint"] == bucket.endpoint);
    let of_node = |name: &str| node.map(|node| node[name].clone());
    let example = &call.action.answer.example["Data"][0];
    let (name, endpoint) = (&bucket.id, &bucket.endpoint);
    json!({
        "id": bucket.number,
        "name": bucket.alias,
        "bucket_name": name,
        "type": bucket_type(bucket),
        "type_display": if bucket.is_public { "公共空间" } else { "私有空间" },
        "object_count": bucket.objects.len(),
        "create_time": format!("{:.0}", bucket.created),
        "endpoint_url": format!("http://{name}.{endpoint}"),
        "status": "ENABLED",
        "status_display": "启用",
        "site": {"id": of_node("id"), "name": of_node("name")},
        "user_id": example["user_id"],
        "customer_id": example["customer_id"],
    })
}

fn bucket_type(bucket: &Bucket) -> &'static str {
    if bucket.is_public {
        "public"
    } else {
        "private"
    }
}

pub(super) fn put(call: &mut Call) -> Result<Json, Refusal> {
    let host = call.params.required("Host");
    let nodes = nodes(call);
    let (name, endpoint) = place(host).ok_or_else(|| no_host(call))?;
    let node = nodes.iter().find(|node| node["endpoint"] == endpoint);
    let node = node.ok_or_else(|| no_host(call))?;
    let is_fit = LENGTHS.contains(&name.len())
        && !name.starts_with('-')
        && !name.ends_with('-')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_fit {
        let text = "The name of a bucket has 3 to 63 small letters, digits and hyphens";
        return Err(Refusal::new("InvalidBucketName", text));
    }
    if call.cloud[OSS].buckets.contains(name) {
        let text = format!("There is a bucket {name:?} already");
        return Err(Refusal::new("BucketAlreadyExists", text));
    }
    if let Some(project) = call.params.text("project_id")
        && project != "0-0"
    {
        return Err(call.malformed("project_id", "there is no such project"));
    }
    let tags = given_tags(call)?;
    let now = call.cloud.now();
    let new = Bucket {
        id: name.to_owned(),
        number: call.cloud.ids.uuid(),
        endpoint: endpoint.to_owned(),
        alias: call.params.text("alias_name").unwrap_or(name).to_owned(),
        is_public: call.params.required("bucket_type") == "public",
        tags,
        created: now,
        changed: now,
        objects: BTreeMap::new(),
        uploads: BTreeMap::new(),
    };
    let answer = json!({"Data": {
        "id": new.number,
        "bucket_name": new.id,
        "bucket_type": bucket_type(&new),
        "endpoint": new.endpoint,
        "site_id": node["id"],
    }});
    call.cloud[OSS].buckets.insert(new);
    Ok(answer)
}

pub(super) fn info(call: &mut Call) -> Result<Json, Refusal> {
    let mut answer = stat(call)?;
    let objects: Vec<Json> = bucket(call)?
        .objects
        .iter()
        .map(|(key, object)| json!({"name": key, "bytes": object.length()}))
        .collect();
    answer["Data"]["object_list"] = json!(objects);
    Ok(answer)
}

pub(super) fn stat(call: &mut Call) -> Result<Json, Refusal> {
    let bucket = bucket(call)?;
    Ok(json!({"Data": {
        "bucket_object_count": bucket.objects.len(),
        "bucket_bytes_used": bucket.used(),
        "storage_policy": STORAGE_POLICY,
        "last_modified": http_date(bucket.changed),
        "bucket_read": if bucket.is_public { ".r:*,.rlistings" } else { "" },
        "bucket_type": bucket_type(bucket),
    }}))
}

pub(super) fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let bucket = bucket(call)?;
    if !bucket.objects.is_empty() {
        let text = format!("There are objects in {:?}", bucket.id);
        return Err(Refusal::new("BucketNotEmpty", text));
    }
    let name = bucket.id.clone();
    let removed = call.cloud[OSS].buckets.remove(&name);
    // Uploads that have not ended go with it.
    let uploads = removed.into_iter().flat_map(|bucket| bucket.uploads);
    for (_, upload) in uploads {
        for (_, blob) in upload.parts.values() {
            blob.discard(call.cloud.objects_in.as_deref());
        }
    }
    Ok(json!({"Data": {}}))
}

pub(super) fn tags(call: &mut Call) -> Result<Json, Refusal> {
    Ok(tags_answer(&bucket(call)?.tags))
}

pub(super) fn put_tags(call: &mut Call) -> Result<Json, Refusal> {
    let tags = given_tags(call)?;
    let bucket = bucket(call)?;
    bucket.tags = tags;
    Ok(tags_answer(&bucket.tags))
}

pub(super) fn delete_tags(call: &mut Call) -> Result<Json, Refusal> {
    let is_given = call.params.has("tags");
    let given = call.params.objects("tags");
    let keys: Vec<&str> = given.iter().filter_map(|tag| tag.text("key")).collect();
    let bucket = bucket(call)?;
    bucket
        .tags
        .retain(|tag| is_given && !keys.contains(&tag.key.as_str()));
    Ok(tags_answer(&bucket.tags))
}
