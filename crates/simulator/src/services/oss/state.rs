//! What the account has here.

use crate::cloud::blob::Blob;
use crate::cloud::call::Call;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::refusal::Refusal;
use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Store, keyed_by_id};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Where the state is kept.
pub(crate) const OSS: StateKey<State> = StateKey::new("oss");

/// What the account has here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) buckets: Store<Bucket>,
}

/// A bucket.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bucket {
    /// Its name, which no other one has.
    pub(crate) id: String,
    /// What lists call its id.
    pub(crate) number: String,
    pub(crate) endpoint: String,
    #[serde(default)]
    pub(crate) alias: String,
    pub(crate) is_public: bool,
    #[serde(default)]
    pub(crate) tags: Vec<Tag>,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
    #[serde(default)]
    pub(crate) objects: BTreeMap<String, Object>,
    #[serde(default)]
    pub(crate) uploads: BTreeMap<String, Upload>,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tag {
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) value: String,
}

/// An object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Object {
    /// Its bytes, one blob behind the other.
    pub(crate) content: Vec<Blob>,
    /// Another one for each upload.
    pub(crate) etag: String,
    pub(crate) content_type: String,
    pub(crate) changed: Timestamp,
    #[serde(default)]
    pub(crate) tags: Vec<Tag>,
}

/// An upload in parts that has not ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upload {
    pub(crate) key: String,
    /// The parts by their numbers, each with its id.
    #[serde(default)]
    pub(crate) parts: BTreeMap<i64, (String, Blob)>,
}

keyed_by_id!(Bucket);

impl Object {
    pub(crate) fn length(&self) -> u64 {
        self.content.iter().map(Blob::len).sum()
    }

    pub(crate) fn discard(&self, folder: Option<&Path>) {
        self.content.iter().for_each(|blob| blob.discard(folder));
    }
}

impl Bucket {
    /// How many bytes its objects have.
    pub(crate) fn used(&self) -> u64 {
        self.objects.values().map(Object::length).sum()
    }
}

impl State {
    /// What does not fit together.
    pub(crate) fn problems(&self) -> Vec<String> {
        let blobs = self.buckets.iter().flat_map(|bucket| {
            let of_objects = bucket.objects.values().flat_map(|object| &object.content);
            let parts = bucket
                .uploads
                .values()
                .flat_map(|upload| upload.parts.values());
            let all = of_objects.chain(parts.map(|(_, blob)| blob));
            all.map(move |blob| (bucket, blob))
        });
        blobs
            .filter(|(_, blob)| !blob.is_plain())
            .map(|(bucket, _)| {
                format!(
                    "oss.buckets: {}: the name of a file has other characters than letters, digits and hyphens",
                    bucket.id
                )
            })
            .collect()
    }

    /// The buckets without what is in their objects.
    pub(crate) fn dashboard_list(&self) -> DashboardList {
        let buckets: Vec<Json> = self
            .buckets
            .iter()
            .map(|bucket| {
                json!({
                    "id": bucket.id,
                    "endpoint": bucket.endpoint,
                    "is_public": bucket.is_public,
                    "objects": bucket.objects.len(),
                    "bytes": bucket.used(),
                })
            })
            .collect();
        DashboardList::of(buckets.into_iter())
    }
}

/// The endpoints of the nodes, with their ids and names.
pub(super) fn nodes(call: &Call) -> Vec<Json> {
    let regions = call.action.service.action("DescribeRegions");
    let example = regions.map(|action| &action.answer.example["Data"]);
    example
        .and_then(Json::as_array)
        .cloned()
        .unwrap_or_default()
}

/// The bucket and the endpoint of a host name, `BUCKET.ENDPOINT`.
pub(super) fn place(host: &str) -> Option<(&str, &str)> {
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let (bucket, endpoint) = host.split_once('.')?;
    Some((bucket, endpoint))
}

/// The bucket that a call names.
pub(super) fn bucket<'c>(call: &'c mut Call<'_>) -> Result<&'c mut Bucket, Refusal> {
    let host = call.params.required("Host");
    let (name, endpoint) = place(host).ok_or_else(|| no_host(call))?;
    let absent = || no_bucket(name);
    let bucket = call.cloud[OSS].buckets.get_mut(name).ok_or_else(absent)?;
    if bucket.endpoint == endpoint {
        Ok(bucket)
    } else {
        Err(absent())
    }
}

pub(super) fn no_bucket(name: &str) -> Refusal {
    Refusal::new("NoSuchBucket", format!("There is no bucket {name:?} here"))
}

pub(super) fn no_host(call: &Call) -> Refusal {
    call.malformed(
        "Host",
        "it is not BUCKET.ENDPOINT with the endpoint of a node",
    )
}

/// The object that a call names.
pub(super) fn object<'c>(call: &'c mut Call<'_>) -> Result<&'c mut Object, Refusal> {
    let key = call.params.required("key");
    let bucket = bucket(call)?;
    let absent = || Refusal::new("NoSuchKey", format!("There is no object {key:?} here"));
    bucket.objects.get_mut(key).ok_or_else(absent)
}

/// The tags of a call.
pub(super) fn given_tags(call: &Call) -> Result<Vec<Tag>, Refusal> {
    let tags: Vec<Tag> = call
        .params
        .objects("tags")
        .into_iter()
        .map(|tag| Tag {
            key: tag.required("key").to_owned(),
            value: tag.text("value").unwrap_or_default().to_owned(),
        })
        .collect();
    for (place, tag) in tags.iter().enumerate() {
        if tags[..place].iter().any(|other| other.key == tag.key) {
            return Err(call.malformed("tags", "two of them have the same key"));
        }
    }
    Ok(tags)
}

/// Tags as answers have them.
pub(super) fn tags_answer(tags: &[Tag]) -> Json {
    json!({"Data": {"tags": tags}})
}

/// A time as the headers of HTTP have it.
pub(super) fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
