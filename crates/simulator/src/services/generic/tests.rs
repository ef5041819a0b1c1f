use super::kept::keeps;
use super::named;
use crate::cloud::example::ENVELOPE;
use crate::cloud::service::Service;
use crate::services::generic::GENERIC_SERVICES;
use crate::services::vpc::load_balancer;
use crate::tests::documented::documented;
use crate::tests::{Answer, TestCloud};
use cumulua_core::catalog::{
    Action, Catalog, Field, Kind, KindModel, Required, ServiceModel, path,
};
use serde_json::{Map, Value as Json, json};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

/// A cloud in which a service has one of each kind.
struct Furnished {
    cloud: TestCloud,
    service: Arc<ServiceModel>,
    /// An id of each kind, by the kind's name.
    ids: BTreeMap<String, Json>,
    calls: Cell<u32>,
}

fn actions() -> Vec<Action> {
    let catalog = TestCloud::new().catalog;
    GENERIC_SERVICES
        .iter()
        .flat_map(|service| catalog.actions_of(service.name()).unwrap())
        .chain(beside_code(&catalog))
        .collect()
}

/// Those of a service that has code of its own for the rest.
fn beside_code(catalog: &Catalog) -> Vec<Action> {
    let actions = catalog.actions_of("cds.vpc").unwrap().into_iter();
    let is_about_balancers = |action: &Action| {
        let mut all = load_balancer::ACTIONS.iter();
        // Shared bandwidths are no kind of the catalogue's.
        !action.name.starts_with("Bandwidth") && all.any(|(name, _)| *name == action.name)
    };
    actions.filter(is_about_balancers).collect()
}

impl Furnished {
    fn new(service: &str) -> Self {
        let cloud = TestCloud::new();
        let service = cloud.catalog.service(service).unwrap();
        let ids = BTreeMap::new();
        let mut made = Self {
            cloud,
            service: Arc::clone(&service),
            ids,
            calls: Cell::new(0),
        };
        let (first, then): (Vec<_>, Vec<_>) = service
            .kinds
            .iter()
            .filter(|(name, _)| keeps(&service.service, name))
            .partition(|(_, kind)| kind.parent.is_none());
        for (name, kind) in first.into_iter().chain(then) {
            let is_there = kind.parent.is_some() && !made.rows(kind, &json!({})).is_empty();
            if let Some(create) = made.creates(name).filter(|_| !is_there) {
                made.call(&create, &made.example(&create)).ok();
                made.cloud.settle();
            }
            let rows = made.rows(kind, &json!({}));
            let id = rows.last().map(|row| row[&kind.id].clone());
            let id = id.unwrap_or_else(|| panic!("{} has no {name}", service.service));
            made.ids.insert(name.clone(), id);
        }
        made
    }

    fn action(&self, name: &str) -> Action {
        let name = format!("{}.{name}", self.service.service);
        self.cloud.catalog.action(&name).unwrap()
    }

    /// An Action that makes one of a kind.
    fn creates(&self, kind: &str) -> Option<Action> {
        let mut all = self.service.actions.iter();
        let makes = all.find(|action| action.creates.iter().any(|creates| creates.kind == kind));
        makes.map(|action| self.action(&action.name))
    }

    /// The catalogue's example of a call, with the ids that are there.
    fn example(&self, action: &Action) -> Json {
        let mut params = action.example.as_object().cloned().unwrap_or_default();
        for param in &action.params {
            let is_new = action.creates.iter().any(|creates| {
                creates.each.is_none() && creates.given.as_ref() == Some(&param.name)
            });
            let mut removed = action.service.removed_by(action);
            let removes_it = removed.any(|(_, kind)| {
                let removal = kind.removed_by.as_ref();
                removal.is_some_and(|removal| removal.param == param.name)
            });
            let is_wanted = removes_it || params.contains_key(&param.name);
            let mut kinds = named::kinds_of(action, &param.name);
            let known = kinds.find_map(|(name, _)| self.ids.get(name));
            if let Some(id) = known.filter(|_| is_wanted && !is_new) {
                params.insert(param.name.clone(), as_param(param.kind, id));
            }
        }
        // A second one of the same name would be refused.
        for creates in &action.creates {
            let kind = &self.service.kinds[&creates.kind];
            let given = creates.given.iter().filter(|_| creates.each.is_none());
            for name in kind.unique.keys().chain(given) {
                if let Some(Json::String(text)) = params.get_mut(name) {
                    self.calls.set(self.calls.get() + 1);
                    text.insert_str(0, &format!("n{}", self.calls.get()));
                }
            }
        }
        // What the rest of the service has.
        for (name, value) in [
            ("VpcId", crate::VPC_ID),
            ("RegionCode", "CN_Hongkong"),
            ("AvailableZoneCode", "CN_Hongkong_B"),
        ] {
            let own = params.get_mut(name);
            if let Some(own) = own.filter(|_| self.service.service == "cds.vpc") {
                *own = json!(value);
            }
        }
        for edits in &action.edits {
            let id = &self.ids[&edits.kind];
            let mut at = params.get_mut(edits.each.split('.').next().unwrap());
            for name in edits.each.split('.').skip(1) {
                at = at.and_then(|value| value.get_mut(name));
            }
            for element in at.and_then(Json::as_array_mut).into_iter().flatten() {
                element[&edits.by] = id.clone();
            }
        }
        Json::Object(params)
    }

    fn call(&self, action: &Action, params: &Json) -> Answer {
        self.cloud.ask(&action.full_name, params)
    }

    /// The rows of a kind, in all pages.
    fn rows(&self, kind: &KindModel, filter: &Json) -> Vec<Json> {
        let list = self.action(&kind.list);
        let mut params = Map::new();
        let parent = kind
            .parent
            .as_ref()
            .map(|name| (&self.service.kinds[name], name));
        for param in &list.params {
            let is_parent = parent.is_some_and(|(parent, _)| parent.params.contains(&param.name));
            if let Some((_, name)) = parent.filter(|_| is_parent) {
                params.insert(param.name.clone(), as_param(param.kind, &self.ids[name]));
            } else if param.required == Required::Yes && param.kind == Kind::String {
                params.insert(param.name.clone(), json!(""));
            }
        }
        for (name, value) in filter.as_object().unwrap() {
            params.insert(name.clone(), value.clone());
        }
        let pages = list
            .paginator
            .as_ref()
            .and_then(|paginator| Some((paginator.page.clone()?, paginator.size.clone()?)));
        let Some((page, size)) = pages else {
            let answer = self.call(&list, &Json::Object(params)).ok();
            let rows = path::values(&answer, self.service.rows_of(kind).unwrap());
            return rows.into_iter().cloned().collect();
        };
        let mut rows = Vec::new();
        for number in 1.. {
            params.insert(page.clone(), json!(number));
            params.insert(size.clone(), json!(2));
            let answer = self.call(&list, &Json::Object(params.clone())).ok();
            let found = path::values(&answer, self.service.rows_of(kind).unwrap());
            let paginator = list.paginator.as_ref().unwrap();
            let items = path::values(&answer, &paginator.items).len();
            rows.extend(found.into_iter().cloned());
            if items < 2 {
                let total = paginator
                    .total
                    .as_ref()
                    .map(|total| path::first(&answer, total).unwrap());
                if kind.rows.is_none() {
                    assert!(total.is_none_or(|total| path::text(total) == rows.len().to_string()));
                }
                break;
            }
        }
        rows
    }
}

fn as_param(kind: Kind, id: &Json) -> Json {
    match kind {
        Kind::List => json!([id]),
        Kind::String => json!(path::text(id)),
        _ => id.clone(),
    }
}

/// Holds an answer to every declared field: it is there, and of its type.
#[track_caller]
fn whole(action: &Action, fields: &[Field], value: &Json, at: &str) {
    for field in fields {
        let place = format!("{}: {at}{}", action.full_name, field.name);
        let Some(own) = value.get(&field.name) else {
            let is_of_envelope = at.is_empty() && ENVELOPE.contains(&field.name.as_str());
            assert!(is_of_envelope, "{place} is not there");
            continue;
        };
        let kinds = field.kinds.as_slice();
        let is_of = |kind: &Kind| match kind {
            Kind::String | Kind::File => own.is_string(),
            Kind::Integer => own.is_i64() || own.is_u64(),
            Kind::Number => own.is_number(),
            Kind::Boolean => own.is_boolean(),
            Kind::List => own.is_array(),
            Kind::Object | Kind::Map => own.is_object(),
            Kind::Any => true,
        };
        assert!(own.is_null() || kinds.iter().any(is_of), "{place} is {own}");
        if kinds.contains(&Kind::Map) {
            continue;
        }
        let inner = action.service.fields_of(field);
        match own {
            Json::Object(_) => whole(action, inner, own, &format!("{at}{}.", field.name)),
            Json::Array(items) => {
                for item in items.iter().filter(|item| item.is_object()) {
                    whole(action, inner, item, &format!("{at}{}[].", field.name));
                }
            }
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_action_answers_every_documented_field() {
    let actions = actions();
    assert_eq!(actions.len(), 163);
    for action in actions {
        let made = Furnished::new(&action.service.service);
        let mut params = made.example(&action);
        if let Some(waiter) = super::task::waiter(&action) {
            let starts = made
                .service
                .actions
                .iter()
                .find(|action| action.task.is_some());
            let starts = made.action(&starts.unwrap().name);
            let answer = made.call(&starts, &made.example(&starts)).ok();
            let task = path::first(&answer, &starts.task.as_ref().unwrap().ids[0]);
            params[waiter.arguments.keys().next().unwrap()] = task.unwrap().clone();
        }
        let answer = made.call(&action, &params);
        assert_eq!(answer.0, 200, "{}: {}", action.full_name, answer.1);
        let answer = answer.ok();
        documented(&action, &answer);
        whole(&action, &action.answer.fields, &answer, "");
    }
}

fn unknown(kind: Kind) -> Json {
    match kind {
        Kind::List => json!([UNKNOWN]),
        Kind::Integer => json!(987_654_321),
        _ => json!(UNKNOWN),
    }
}

/// Whether an answer says that there is no such id: with a code of the documents, or in the list of
/// those for which nothing was done.
#[track_caller]
fn says_unknown(action: &Action, answer: &Answer) {
    if answer.0 == 200 {
        let partial = action.partial.as_ref();
        let partial = partial.unwrap_or_else(|| panic!("{}: {}", action.full_name, answer.1));
        let failed = path::first(&answer.1, &partial.failed).unwrap();
        assert_eq!(failed.as_array().unwrap().len(), 1, "{}", answer.1);
        let done = path::first(&answer.1, &partial.done).unwrap();
        assert!(done.as_array().unwrap().is_empty(), "{}", answer.1);
        return;
    }
    let code = answer.1.get("Code").or(answer.1.get("code")).unwrap();
    let error = action.error(&path::text(code));
    let error = error.unwrap_or_else(|| panic!("{}: {}", action.full_name, answer.1));
    assert!(error.http.is_none_or(|http| http == answer.0));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_id_gets_a_documented_error() {
    let mut held = 0;
    for action in actions() {
        for param in &action.params {
            if named::is_no_name(&action, param) {
                continue;
            }
            let made = Furnished::new(&action.service.service);
            let mut params = made.example(&action);
            params[&param.name] = unknown(param.kind);
            says_unknown(&action, &made.call(&action, &params));
            held += 1;
        }
    }
    assert!(held > 80, "{held}");
}

#[tokio::test(start_paused = true)]
async fn what_is_made_is_listed_filtered_and_counted() {
    let mut held = 0;
    for action in actions() {
        for creates in action.creates.iter().filter(|creates| !creates.replaces) {
            let made = Furnished::new(&action.service.service);
            let kind = &made.service.kinds[&creates.kind];
            let before = made.rows(kind, &json!({}));
            let params = made.example(&action);
            let mut at = Some(&params);
            for name in creates.each.iter().flat_map(|each| each.split('.')) {
                at = at.and_then(|value| value.get(name));
            }
            let elements = at.and_then(Json::as_array).map_or(0, Vec::len);
            let count = creates
                .count
                .as_ref()
                .and_then(|count| params[count].as_u64());
            let count = match creates.each {
                Some(_) => elements,
                None => usize::try_from(count.unwrap_or(1)).unwrap(),
            };
            let answer = made.call(&action, &params).ok();
            let is_below_new = action
                .creates
                .iter()
                .any(|other| Some(&other.kind) == kind.parent.as_ref());
            made.cloud.settle();
            if is_below_new {
                continue;
            }
            let after = made.rows(kind, &json!({}));
            let is_new = |row: &&Json| !before.iter().any(|known| known[&kind.id] == row[&kind.id]);
            let new: Vec<&Json> = after.iter().filter(is_new).collect();
            let place = format!("{} {}", action.full_name, creates.kind);
            // What is bound once more stays one.
            let is_given = creates.each.is_some() && creates.given.is_some();
            assert!(new.len() == count || is_given, "{place}: {count} {new:?}");
            for place in &creates.ids {
                let ids: Vec<&Json> = path::values(&answer, place);
                assert_eq!(
                    ids,
                    new.iter().map(|row| &row[&kind.id]).collect::<Vec<_>>()
                );
            }
            if let Some(state) = &kind.state {
                assert!(
                    new.iter()
                        .all(|row| row[&state.field] == state.at_rest.as_str())
                );
            }
            let list = made.action(&kind.list);
            for (param, field) in list.params.iter().filter_map(|param| {
                let is_id = kind.params.contains(&param.name) && kind.rows.is_none();
                let is_name = kind.name.as_ref() == Some(&param.name);
                (is_id || is_name).then_some((param, if is_id { &kind.id } else { &param.name }))
            }) {
                let Some(row) = new.first() else { continue };
                let filter = json!({&param.name: as_param(param.kind, &row[field])});
                let found = made.rows(kind, &filter);
                let all = after
                    .iter()
                    .filter(|other| other[field] == row[field])
                    .count();
                assert_eq!(found.len(), all, "{place} by {}", param.name);
                let filter = json!({&param.name: unknown(param.kind)});
                assert!(
                    made.rows(kind, &filter).is_empty(),
                    "{place} by {}",
                    param.name
                );
            }
            held += 1;
        }
    }
    assert!(held > 20, "{held}");
}

#[tokio::test(start_paused = true)]
async fn what_is_removed_is_gone() {
    let mut held = 0;
    let catalog = TestCloud::new().catalog;
    let services = GENERIC_SERVICES.iter().map(Service::name);
    for service in services.chain(["cds.vpc"]) {
        for (name, kind) in &catalog.service(service).unwrap().kinds {
            let Some(removal) = kind.removed_by.as_ref().filter(|_| keeps(service, name)) else {
                continue;
            };
            let made = Furnished::new(service);
            let action = made.action(&removal.action);
            let mut params = made.example(&action);
            let param = action.param(&removal.param).unwrap();
            params[&removal.param] = as_param(param.kind, &made.ids[name]);
            let is_there = || {
                let rows = made.rows(kind, &json!({}));
                rows.iter().any(|row| row[&kind.id] == made.ids[name])
            };
            assert!(is_there());
            made.call(&action, &params).ok();
            made.cloud.settle();
            assert!(!is_there(), "{service} {name}");
            says_unknown(&action, &made.call(&action, &params));
            held += 1;
        }
    }
    assert!(held > 15, "{held}");
}

#[tokio::test(start_paused = true)]
async fn a_cloud_goes_on_from_its_file_with_its_works_under_way() {
    let made = Furnished::new("cds.mysql");
    let create = made.action("CreateDBInstance");
    made.call(&create, &made.example(&create)).ok();
    let saved = made.cloud.simulator.saved();
    let again = TestCloud::from_saved(&saved, made.cloud.clock.now()).unwrap();
    let states = |cloud: &TestCloud| {
        let answer = cloud.ask("cds.mysql.DescribeDBInstances", &json!({})).ok();
        let rows = path::values(&answer, "Data[].Status");
        rows.into_iter().map(path::text).collect::<Vec<_>>()
    };
    assert!(states(&again).contains(&"CREATING".to_owned()));
    made.cloud.settle();
    again.settle();
    assert_eq!(states(&again), states(&made.cloud));
    assert!(!states(&again).contains(&"CREATING".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn secrets_are_not_kept() {
    for action in actions() {
        let sensitive: Vec<_> = action
            .params
            .iter()
            .filter(|param| param.sensitive)
            .collect();
        if sensitive.is_empty() {
            continue;
        }
        let made = Furnished::new(&action.service.service);
        let mut params = made.example(&action);
        for param in sensitive {
            params[&param.name] = json!("Qq7!SecretOfThisTest");
        }
        let answer = made.call(&action, &params);
        let kept = made.cloud.simulator.saved();
        let log = serde_json::to_string(&made.cloud.simulator.requests()).unwrap();
        for text in [answer.1.to_string(), kept, log] {
            assert!(!text.contains("SecretOfThisTest"), "{}", action.full_name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_begins_with_what_a_person_wrote_and_what_does_not_fit_is_named() {
    let now = TestCloud::new().clock.now();
    let seed = |service: &str, parent: &Json| {
        json!({"generic": {service: {"instance": [{"id": "db-1", "fields": {"InstanceUuid": "db-1"}}],
            "backup": [{"id": "db-1/b", "parent": parent, "fields": {"BackupId": "b"}}]}}})
        .to_string()
    };
    let cloud = TestCloud::from_saved(&seed("cds.mysql", &json!("db-1")), now).unwrap();
    let answer = cloud.ask(
        "cds.mysql.DescribeBackups",
        &json!({"InstanceUuid": "db-1"}),
    );
    assert_eq!(answer.ok()["Data"][0]["BackupId"], "b");
    for (service, parent, problem) in [
        ("cds.mysq", "db-1", "there is no service"),
        ("cds.mysql", "db-2", "belongs to nothing"),
    ] {
        let refused = TestCloud::from_saved(&seed(service, &json!(parent)), now);
        assert!(refused.err().unwrap().contains(problem));
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_makes_nothing_and_one_that_hangs_goes_on() {
    for (fault, word) in [("task-fails", "failed"), ("task-hangs", "init")] {
        let cloud = TestCloud::new();
        let rule = format!("cds.gpu.CreateGpuInstance:{fault}");
        cloud.simulator.fault(rule.parse().unwrap());
        let create = cloud.catalog.action("cds.gpu.CreateGpuInstance").unwrap();
        let task = cloud.ask(&create.full_name, &create.example).ok()["Data"]["taskId"].clone();
        cloud.settle();
        let answer = cloud.ask("cds.gpu.DescribeGpuTask", &json!({"TaskId": task}));
        assert_eq!(answer.ok()["Data"]["Status"], word);
        let listed = cloud.ask("cds.gpu.DescribeGpu", &json!({})).ok();
        assert_eq!(listed["Data"]["TotalCount"], 0);
    }
}

#[tokio::test(start_paused = true)]
async fn things_are_shown_on_the_dashboard_by_kind() {
    let made = Furnished::new("cds.mysql");
    let lists = made
        .cloud
        .simulator
        .state()
        .kernel
        .dashboard_lists()
        .collect::<Vec<_>>();
    let (_, lists) = lists.iter().find(|(name, _)| *name == "cds.mysql").unwrap();
    let names: Vec<_> = lists.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["account", "backup", "instance", "read_only_instance"]
    );
}

#[tokio::test(start_paused = true)]
async fn as_many_are_made_as_were_asked_for_or_none() {
    let cloud = TestCloud::new();
    let create = cloud.catalog.action("cds.redis.CreateDBInstance").unwrap();
    let listed = || cloud.ask("cds.redis.DescribeDBInstances", &json!({})).ok();
    for (amount, made) in [(json!(0), 0), (json!(1001), 0), (json!(3), 3)] {
        let mut params = create.example.clone();
        params["Amount"] = amount;
        let answer = cloud.ask(&create.full_name, &params);
        assert_eq!(answer.0 == 200, made > 0, "{}", answer.1);
        assert_eq!(listed()["Data"].as_array().unwrap().len(), made);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_with_a_comma_is_found_whole() {
    let cloud = TestCloud::new();
    let create = cloud.catalog.action("cds.redis.CreateDBInstance").unwrap();
    let mut params = create.example.clone();
    params["InstanceName"] = json!("a,b");
    cloud.ask(&create.full_name, &params).ok();
    let listed = cloud
        .ask(
            "cds.redis.DescribeDBInstances",
            &json!({"InstanceName": "a,b"}),
        )
        .ok();
    assert_eq!(listed["Data"].as_array().unwrap().len(), 1);
}
