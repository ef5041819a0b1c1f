//! The catalogue for other programs, as `cumulua actions --json` prints it.

use cumulua_core::catalog::{Action, Location, Param};
use serde_json::{Value as Json, json};

/// One object an Action: name, address, effects and parameters, nested ones under `children`.
pub fn listing(actions: &[Action]) -> Json {
    actions.iter().map(action).collect()
}

fn action(action: &Action) -> Json {
    let is_header = |param: &&Param| param.location == Some(Location::Header);
    let mut listed = json!({
        "name": action.full_name,
        "term": action.term,
        "summary": action.summary,
        "methods": action.methods,
        "host": action.host(),
        "path": action.path(),
        "version": action.version(),
        "read_only": action.read_only,
        "costs": action.costs,
        "destroys": action.destroys,
        "task": action.task.as_ref().map(|task| &task.waiter),
        "paginator": action.paginator.is_some(),
        "params": params(action.params.iter().filter(|param| !is_header(param))),
    });
    if let Some(deprecation) = &action.deprecated {
        listed["deprecated"] = json!({"why": deprecation.why, "instead": deprecation.instead});
    }
    if !action.read_only {
        let removed = action
            .service
            .removed_by(action)
            .map(|(kind, _)| kind.as_str());
        let created = action.creates.iter().map(|creates| creates.kind.as_str());
        listed["creates"] = created.collect();
        listed["removes"] = removed.collect();
        listed["again"] = json!(action.again);
    }
    if action.params.iter().any(|param| is_header(&param)) {
        listed["headers"] = params(action.params.iter().filter(is_header));
    }
    listed
}

fn params<'a>(params: impl Iterator<Item = &'a Param>) -> Json {
    params.map(param).collect()
}

fn param(param: &Param) -> Json {
    let mut entry = json!({
        "name": param.name,
        "term": param.term,
        "summary": param.summary,
        "type": param.kind.as_str(),
        "required": param.required.to_json(),
    });
    if !param.fields.is_empty() {
        entry["children"] = params(param.fields.iter());
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::listing;
    use cumulua_core::catalog::Catalog;

    #[test]
    fn an_action_is_listed_as_the_checker_reads_it() {
        let actions = Catalog::default().actions_of("cds.ccs").unwrap();
        let listed = listing(&actions);
        let create = listed
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["name"] == "cds.ccs.CreateInstance")
            .unwrap();
        assert_eq!(create["methods"], serde_json::json!(["POST"]));
        assert_eq!(create["host"], "cdsapi.capitalonline.net");
        assert_eq!(create["path"], "/ccs");
        assert_eq!(create["version"], "2019-08-08");
        assert_eq!(create["task"], "cds_task");
        assert_eq!(
            (&create["read_only"], &create["costs"]),
            (&false.into(), &true.into())
        );
        let disks = create["params"]
            .as_array()
            .unwrap()
            .iter()
            .find(|param| param["name"] == "DataDisks")
            .unwrap();
        assert_eq!(disks["type"], "list");
        assert_eq!(disks["children"][0]["name"], "Size");
        assert_eq!(disks["children"][0]["required"], true);
    }

    #[test]
    fn what_an_action_makes_and_removes_is_listed() {
        let listed = listing(&Catalog::default().actions_of("cds.mysql").unwrap());
        let find = |name: &str| {
            let mut all = listed.as_array().unwrap().iter();
            all.find(|entry| entry["name"] == format!("cds.mysql.{name}"))
                .unwrap()
        };
        let (create, delete) = (find("CreateBackup"), find("DeleteBackup"));
        assert_eq!(create["creates"], serde_json::json!(["backup"]));
        assert_eq!(create["again"], "adds");
        assert_eq!(delete["removes"], serde_json::json!(["backup"]));
        assert_eq!(delete["again"], "harmless");
        assert!(find("DescribeBackups").get("again").is_none());
    }

    #[test]
    fn what_is_no_more_to_be_used_says_why_and_what_to_use() {
        let listed = listing(&Catalog::default().actions_of("cds.ccs").unwrap());
        let find = |name: &str| {
            let mut all = listed.as_array().unwrap().iter();
            all.find(|entry| entry["name"] == format!("cds.ccs.{name}"))
                .unwrap()
        };
        let old = &find("CreateSecurityGroup")["deprecated"];
        assert_eq!(old["instead"], serde_json::json!(["cds.ccs.CreateNSG"]));
        assert!(old["why"].as_str().unwrap().contains("out of service"));
        assert!(find("CreateNSG").get("deprecated").is_none());
    }

    #[test]
    fn a_product_whose_profile_gives_the_url_lists_no_host() {
        let listed = listing(&Catalog::default().actions_of("mcs").unwrap());
        assert!(listed[0]["host"].is_null());
    }
}
