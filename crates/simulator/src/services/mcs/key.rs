//! SSH key pairs.

use super::answers::done;
use super::arguments::acceptable_name;
use super::filter;
use super::public_key::PublicKey;
use super::refusals::refusal;
use super::state::{KeyPair, MCS};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeKeyPairs", describe),
    ("ImportKeyPair", import),
    ("DeleteKeyPair", delete),
];

fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let filter = filter::Filter::of(call, &["name"])?;
    let keys = call.cloud[MCS]
        .key_pairs
        .iter()
        .filter(|key| filter.fits(|_| &key.name));
    let set = filter::set(call, "KeyPair", keys, key_json)?;
    Ok(json!({"KeyPairSet": set}))
}

fn import(call: &mut Call) -> Result<Json, Refusal> {
    let name = acceptable_name(call, "KeyName")?.to_owned();
    let key = PublicKey::parse(call.params.required("PublicKeyMaterial"));
    let material = key
        .map_err(|why| call.malformed("PublicKeyMaterial", why))?
        .line();
    if by_name(call.cloud, &name).is_some() {
        return Err(refusal(409, format!("A key pair is called {name} already")));
    }
    let key = KeyPair {
        id: call.cloud.ids.uuid(),
        name,
        public_key: material,
    };
    let answer = json!({"KeyPair": key_json(&key)});
    call.cloud[MCS].key_pairs.insert(key);
    Ok(answer)
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = by_name(call.cloud, call.params.required("KeyName")).map(|key| key.id.clone());
    let id = id.ok_or_else(|| {
        refusal(
            404,
            format!("Key pair {} not found", call.params.required("KeyName")),
        )
    })?;
    call.cloud[MCS].key_pairs.remove(&id);
    Ok(done())
}

/// A key pair by its name, or by its id as the vendor's clients give it.
pub(super) fn by_name<'a>(cloud: &'a Cloud, name: &str) -> Option<&'a KeyPair> {
    let keys = &cloud[MCS].key_pairs;
    keys.iter()
        .find(|key| key.name == name)
        .or_else(|| keys.get(name))
}

fn key_json(key: &KeyPair) -> Json {
    let fingerprint = PublicKey::parse(&key.public_key)
        .map(|key| key.fingerprint())
        .unwrap_or_default();
    json!({"keyId": key.id, "keyName": key.name, "keyFingerprint": fingerprint})
}
