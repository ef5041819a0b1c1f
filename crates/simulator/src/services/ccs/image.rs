//! What servers are made from: a public image or a template, and the keys that activate Windows.

use super::state::{CCS, Disk};
use crate::IMAGE_ID;
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;

pub(super) const DEFAULT: &str = "Ubuntu_16.04_64";

/// An image that can be used.
pub(super) struct Image {
    /// The public image that it is, or that it was made from.
    pub(super) name: String,
    /// The system disk's size in GB.
    pub(super) size: u64,
    /// The data disks that come with it, without ids.
    pub(super) disks: Vec<Disk>,
}

impl Image {
    /// The image of an id in a zone, public or private.
    pub(super) fn of(call: &Call, id: &str, zone: &str) -> Result<Self, Refusal> {
        let missing = || {
            Refusal::new(
                "InvalidLaunchTemplateVersion.NotFound",
                format!("There is no image {id} in {zone}"),
            )
        };
        if let Some(template) = call.cloud[CCS].templates.get(id) {
            if !template.regions.iter().any(|region| region == zone) {
                return Err(missing());
            }
            let disks = template.disks.iter().cloned().map(|plan| Disk {
                id: String::new(),
                size: plan.size,
                kind: plan.kind,
                packages: plan.packages,
            });
            return Ok(Self {
                name: template.image.clone(),
                size: template.system_size,
                disks: disks.collect(),
            });
        }
        let name = if id == IMAGE_ID { DEFAULT } else { id };
        call.in_table("PublicImage", name, missing)?;
        Ok(Self {
            name: name.to_owned(),
            size: if is_windows(name) { 40 } else { 20 },
            disks: Vec::new(),
        })
    }

    /// The same for what is installed, where a private image needs its password.
    pub(super) fn to_install(call: &Call, id: &str, zone: &str) -> Result<Self, Refusal> {
        let image = Self::of(call, id, zone)?;
        if call.cloud[CCS].templates.contains(id)
            && call.params.text("ImagePassword").is_none_or(str::is_empty)
        {
            return Err(call.missing("ImagePassword"));
        }
        Ok(image)
    }

    /// Whether a key activates it: with none, or with a wrong one, Windows is installed and not
    /// activated.
    pub(super) fn is_activated_by(&self, key: Option<&str>) -> bool {
        is_windows(&self.name) && key.is_some_and(is_key)
    }
}

fn is_windows(name: &str) -> bool {
    name.starts_with("Windows")
}

/// Five groups of five, as in the document's example.
fn is_key(text: &str) -> bool {
    let is_group =
        |group: &str| group.len() == 5 && group.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.split('-').count() == 5 && text.split('-').all(is_group)
}

/// The key of each server, of `WindowsActivation`: one for all, or as many as there are servers.
pub(super) fn keys<'a>(call: &Call<'a>, servers: usize) -> Result<Vec<Option<&'a str>>, Refusal> {
    let Some(wanted) = call.params.object("WindowsActivation") else {
        return Ok(vec![None; servers]);
    };
    let keys = wanted.texts("ProductIds");
    match (wanted.int("Batch"), keys.as_slice()) {
        (_, []) => Ok(vec![None; servers]),
        (Some(1), [key]) => Ok(vec![Some(key); servers]),
        (Some(1), _) => Err(call.malformed(
            "WindowsActivation",
            "one key is for all servers where Batch is 1",
        )),
        (_, keys) if keys.len() == servers => Ok(keys.iter().copied().map(Some).collect()),
        (_, keys) => {
            let why = format!(
                "it has {} keys for {servers} servers, and Batch is not 1",
                keys.len()
            );
            Err(call.malformed("WindowsActivation", &why))
        }
    }
}
