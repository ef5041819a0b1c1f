//! What each service has, list by list: how many there are, and the newest. The rest of a long list is counted and not looked at.

use crate::cloud::store::{Keyed, Store};
use crate::cloud::world::World;
use crate::http::log::is_hidden;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

/// How many of a list are shown.
const SHOWN: usize = 12;

/// The lists of each service; the page leaves out those that are empty.
pub(super) fn of(world: &World) -> Vec<(&'static str, Vec<(&'static str, List)>)> {
    let World { vdc, vpc, ccs, ecs, ebs, bms, bms_disk, desktop, billing, mcs, oss_admin, sas, aegis, .. } = world;
    vec![
        (
            "cds.ccs",
            vec![
                ("instances", store(&ccs.instances)),
                ("tags", list(ccs.tags.iter().map(|(id, name)| json!({"id": id, "value": name})))),
                ("security_groups", store(&ccs.security_groups)),
                ("templates", store(&ccs.templates)),
            ],
        ),
        (
            "cds.vdc",
            vec![
                ("vdcs", store(&vdc.vdcs)),
                ("networks", store(&vdc.networks)),
                ("gpns", store(&vdc.gpns)),
                ("pops", store(&vdc.pops)),
                ("receivers", store(&vdc.receivers)),
                ("closed_regions", list(vdc.closed_regions.iter())),
            ],
        ),
        (
            "cds.vpc",
            vec![
                ("vpcs", store(&vpc.vpcs)),
                ("nets", store(&vpc.nets)),
                ("eips", store(&vpc.eips)),
                ("bandwidths", store(&vpc.bandwidths)),
                ("vlinks", store(&vpc.vlinks)),
            ],
        ),
        ("cds.ecs", vec![("servers", store(&ecs.servers)), ("images", store(&ecs.images))]),
        ("cds.ebs", vec![("disks", store(&ebs.disks)), ("snapshots", store(&ebs.snapshots))]),
        ("cds.bms", vec![("servers", store(&bms.servers)), ("offers", list(bms.offers.iter())), ("images", store(&bms.images))]),
        ("cds.bms_disk", vec![("disks", store(&bms_disk.disks)), ("snapshots", store(&bms_disk.snapshots))]),
        (
            "cds.desktop",
            vec![
                ("desktops", store(&desktop.desktops)),
                ("accounts", store(&desktop.accounts)),
                ("vpcs", store(&desktop.vpcs)),
                ("images", store(&desktop.images)),
                ("products", store(&desktop.products)),
                ("sites", store(&desktop.sites)),
            ],
        ),
        (
            "cds.billing",
            vec![
                ("credits", list(billing.credits.iter())),
                ("uses", store(&billing.uses)),
                ("past_uses", list(billing.past_uses.iter())),
                ("pools", store(&billing.pools)),
            ],
        ),
        (
            "mcs",
            vec![
                ("templates", store(&mcs.templates)),
                ("instance_types", store(&mcs.instance_types)),
                ("key_pairs", store(&mcs.key_pairs)),
                ("instances", store(&mcs.instances)),
            ],
        ),
        ("aliyun.oss_admin", vec![("accounts", store(&oss_admin.accounts))]),
        ("aliyun.sas", vec![("instances", store(&sas.instances))]),
        ("aliyun.aegis", vec![("instances", store(&aegis.instances))]),
    ]
}

/// A list as the page shows it.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct List {
    pub(super) count: usize,
    newest: Vec<Json>,
}

fn store<T: Keyed + Serialize>(items: &Store<T>) -> List {
    List { count: items.len(), newest: newest(items.iter()) }
}

fn list<T: Serialize>(items: impl DoubleEndedIterator<Item = T> + ExactSizeIterator) -> List {
    List { count: items.len(), newest: newest(items) }
}

/// The last of a list, the very last one first.
fn newest<T: Serialize>(items: impl DoubleEndedIterator<Item = T>) -> Vec<Json> {
    items.rev().take(SHOWN).map(|item| visible(serde_json::to_value(item).unwrap_or_default())).collect()
}

/// Without what must not be seen.
fn visible(value: Json) -> Json {
    match value {
        Json::Object(fields) => {
            let fields = fields.into_iter().filter(|(name, _)| !is_hidden(name));
            Json::Object(fields.map(|(name, value)| (name, visible(value))).collect::<Map<_, _>>())
        }
        Json::Array(items) => items.into_iter().map(visible).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{List, list, of};
    use crate::cloud::world::World;
    use serde_json::json;

    #[test]
    fn lists_are_counted_and_only_the_newest_are_shown() {
        let all = list(0..1000);
        assert_eq!((all.count, &all.newest[0], &all.newest[11]), (1000, &json!(999), &json!(988)));
        assert_eq!(all.newest.len(), 12);
        let items = [json!({"id": 1, "password": "x", "inner": [{"secret_key": "x", "name": "a"}]})];
        assert_eq!(list(items.iter()), List { count: 1, newest: vec![json!({"id": 1, "inner": [{"name": "a"}]})] });
    }

    #[test]
    fn every_list_of_every_service_is_shown() {
        // What no resources are: the account's money and orders, ids, and tasks, which have a place of their own.
        const NO_SERVICES: &[&str] = &["aliyun", "ids", "tasks", "wallet"];
        let world = World::new(1);
        let shown = of(&world);
        let state = serde_json::to_value(&world).unwrap();
        for (service, fields) in state.as_object().unwrap().iter().filter(|(name, _)| !NO_SERVICES.contains(&name.as_str())) {
            let lists = shown.iter().find(|(name, _)| name.rsplit('.').next() == Some(service));
            let (_, lists) = lists.unwrap_or_else(|| panic!("the page does not show {service}"));
            for (name, _) in fields.as_object().unwrap().iter().filter(|(_, value)| value.is_array()) {
                assert!(lists.iter().any(|(shown, _)| shown == name), "the page does not show {service}.{name}");
            }
        }
    }
}
