//! Lints over the embedded catalogue: whatever a file refers to must be there. Each failure lists
//! every offender.

use cumulua_core::catalog::{
    Action, Again, Catalog, Encoding, Field, Kind, KnownValue, Location, PageStyle, Param,
    ProductModel, Required, ServiceModel, path,
};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, fs};

#[test]
fn every_file_fits_the_schema() {
    let schema: Json =
        serde_json::from_str(&fs::read_to_string(root().join("schema.json")).unwrap()).unwrap();
    // One definition at a time: `oneOf` over both would only report that neither fits.
    let validator = |kind: &str| {
        let schema =
            serde_json::json!({ "$ref": format!("#/$defs/{kind}"), "$defs": schema["$defs"] });
        jsonschema::validator_for(&schema).unwrap()
    };
    let (product, service) = (validator("product"), validator("service"));
    none(files().iter().flat_map(|(file, json)| {
        let validator = if file.ends_with("product.json") {
            &product
        } else {
            &service
        };
        let place = file.display();
        validator
            .iter_errors(json)
            .map(|error| format!("{place}{}: {error}", error.instance_path()))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn no_object_has_a_key_twice() {
    none(paths().into_iter().filter_map(|file| {
        let text = fs::read_to_string(&file).unwrap();
        serde_json::from_str::<UniqueKeys>(&text)
            .err()
            .map(|error| format!("{}: {error}", file.display()))
    }));
}

#[test]
fn a_file_is_named_after_what_it_describes() {
    none(files().iter().filter_map(|(file, json)| {
        let folder = file.parent().unwrap().to_str().unwrap();
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let name = json["product"]
            .as_str()
            .or(json["service"].as_str())
            .unwrap_or_default();
        let wanted = if stem == "product" || stem == folder {
            folder.to_owned()
        } else {
            format!("{folder}.{stem}")
        };
        (name != wanted).then(|| format!("{}: names itself {name}", file.display()))
    }));
}

#[test]
fn names_are_unique() {
    let mut found = Vec::new();
    for service in services() {
        found.extend(twice(
            &service.service,
            service.actions.iter().map(|action| action.name.as_str()),
        ));
        for (name, fields) in &service.shapes {
            field_names(
                &format!("{} shape {name}", service.service),
                fields,
                &mut found,
            );
        }
        for action in &service.actions {
            param_names(&action.full_name, &action.params, &mut found);
            field_names(
                &format!("{} answer", action.full_name),
                &action.answer.fields,
                &mut found,
            );
        }
    }
    none(found);
}

#[test]
fn prose_is_english() {
    let mut found = Vec::new();
    for (file, json) in files() {
        chinese(&file.display().to_string(), &json, &mut found);
    }
    none(found);
}

#[test]
fn every_error_code_is_defined() {
    none(actions().iter().flat_map(|action| {
        let missing = action
            .errors
            .iter()
            .filter(|error| error.own.is_none() && action.error(&error.code).is_none());
        missing
            .map(|error| format!("{}: {}", action.full_name, error.code))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn no_error_is_defined_twice_alike_in_a_product() {
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for service in services() {
        let product = service.service.split('.').next().unwrap();
        for (code, error) in &service.errors {
            let key = format!(
                "{product}: {code} {} {:?}",
                error.http.unwrap_or_default(),
                error.meaning
            );
            seen.entry(key).or_default().push(service.service.clone());
        }
    }
    for product in products() {
        for (code, error) in &product.errors {
            let key = format!(
                "{}: {code} {} {:?}",
                product.product,
                error.http.unwrap_or_default(),
                error.meaning
            );
            seen.entry(key).or_default().push("the product".to_owned());
        }
    }
    let shared = seen.into_iter().filter(|(_, services)| services.len() > 1);
    none(shared.map(|(key, services)| format!("{key} in {}", services.join(", "))));
}

#[test]
fn no_two_actions_of_a_service_have_one_summary() {
    let summaries = |service: &Arc<ServiceModel>| {
        twice(
            &service.service,
            service.actions.iter().map(|action| action.summary.as_str()),
        )
    };
    none(services().iter().flat_map(summaries));
}

#[test]
fn every_shape_exists_and_is_used() {
    let mut found = Vec::new();
    for service in services() {
        let mut named = BTreeSet::new();
        let answers = service.actions.iter().map(|action| &action.answer.fields);
        for fields in answers.chain(service.shapes.values()) {
            shape_names(fields, &mut named);
        }
        let defined: BTreeSet<&str> = service.shapes.keys().map(String::as_str).collect();
        found.extend(
            named
                .difference(&defined)
                .map(|shape| format!("{}: {shape} is not defined", service.service)),
        );
        found.extend(
            defined
                .difference(&named)
                .map(|shape| format!("{}: {shape} is not used", service.service)),
        );
    }
    none(found);
}

#[test]
fn every_table_and_every_region_exists() {
    let mut found = Vec::new();
    for product in products() {
        let zones = product
            .zones
            .iter()
            .filter(|table| !product.tables.contains_key(*table));
        found.extend(zones.map(|table| format!("{}: no table {table}", product.product)));
        let rows = product.tables.values().flat_map(|table| &table.values);
        let regions = rows
            .filter_map(|row| row.region.as_ref())
            .chain(&product.default_region);
        let unknown: BTreeSet<_> = regions
            .filter(|region| !product.regions.contains_key(*region))
            .collect();
        found.extend(
            unknown
                .iter()
                .map(|region| format!("{}: no region {region}", product.product)),
        );
    }
    for action in actions() {
        each_param(&action.params, &mut |param, _| {
            let missing = param
                .table
                .iter()
                .filter(|table| !action.product.tables.contains_key(*table));
            found.extend(
                missing
                    .map(|table| format!("{} {}: no table {table}", action.full_name, param.name)),
            );
        });
    }
    none(found);
}

#[test]
fn an_event_is_judged_in_every_state_that_the_vendors_clients_know() {
    use cumulua::client::waiter::{Verdict, judge};
    let product = Catalog::default().product("cds").unwrap();
    for dialect in ["ecs_event", "ebs_event"] {
        let word = |state: &str| {
            let answer = serde_json::json!({"Data": {"EventStatus": state}});
            match judge(&product.waiters[dialect], &answer) {
                Verdict::Done { .. } => "done",
                Verdict::Failed { .. } => "failed",
                Verdict::Running { known: true, .. } => "goes on",
                Verdict::Running { known: false, .. } => "unknown",
            }
        };
        for (state, expected) in [
            ("success", "done"),
            ("finish", "done"),
            ("FINISH", "done"),
            ("error", "failed"),
            ("failed", "failed"),
            ("part_fail", "failed"),
            ("doing", "goes on"),
            ("init", "goes on"),
        ] {
            assert_eq!(word(state), expected, "{dialect}: {state}");
        }
    }
}

#[test]
fn a_waiter_asks_an_action_that_answers_it() {
    let catalog = Catalog::default();
    let mut found = Vec::new();
    for product in products() {
        for (name, waiter) in &product.waiters {
            let Ok(action) = catalog.action(&waiter.operation) else {
                found.push(format!("{name}: no Action {}", waiter.operation));
                continue;
            };
            let place = format!("{name}: {}", action.full_name);
            found.extend((!action.read_only).then(|| format!("{place} changes something")));
            let given = |param: &str| waiter.arguments.contains_key(param);
            found.extend(
                unknown_params(&action, waiter.arguments.keys())
                    .map(|param| format!("{place} takes no {param}")),
            );
            found.extend(
                needed(&action)
                    .filter(|param| !given(param))
                    .map(|param| format!("{place} wants {param}")),
            );
            // A reason is looked for where vendors' clients have seen one, documented or not.
            let paths = waiter
                .acceptors
                .iter()
                .map(|acceptor| &acceptor.argument)
                .chain(&waiter.resources);
            found.extend(
                paths
                    .filter(|path| !answers(&action, path))
                    .map(|path| format!("{place} answers no {path}")),
            );
        }
    }
    none(found);
}

#[test]
fn a_state_asks_an_action_that_answers_it() {
    let catalog = Catalog::default();
    let mut found = Vec::new();
    for (product, name, state) in products().iter().flat_map(|product| {
        product
            .states
            .iter()
            .map(move |(name, state)| (&product.product, name, state))
    }) {
        let place = format!("{product}.{name}");
        let Ok(action) = catalog.action(&state.operation) else {
            found.push(format!("{place}: no Action {}", state.operation));
            continue;
        };
        found.extend(
            (!action.read_only).then(|| format!("{place}: {} changes something", action.full_name)),
        );
        found.extend(
            unknown_params(&action, state.arguments.keys())
                .map(|param| format!("{place}: takes no {param}")),
        );
        found.extend(
            needed(&action)
                .filter(|param| !state.arguments.contains_key(*param))
                .map(|param| format!("{place}: wants {param}")),
        );
        found.extend(
            (!answers(&action, &state.argument))
                .then(|| format!("{place}: answers no {}", state.argument)),
        );
    }
    none(found);
}

#[test]
fn a_task_is_one_that_its_waiter_can_ask_for() {
    let mut found = Vec::new();
    for action in actions() {
        let Some(task) = &action.task else { continue };
        let name = &action.full_name;
        found.extend(
            action
                .read_only
                .then(|| format!("{name}: only reads, yet starts a task")),
        );
        let paths = task.ids.iter().chain(task.with.values());
        found.extend(
            paths
                .filter(|path| !answers(&action, path))
                .map(|path| format!("{name}: answers no {path}")),
        );
        let Some(waiter) = action.product.waiters.get(&task.waiter) else {
            found.push(format!("{name}: no waiter {}", task.waiter));
            continue;
        };
        let missing = waiter
            .arguments
            .values()
            .filter(|id| *id != "id" && !task.with.contains_key(*id));
        found.extend(missing.map(|id| format!("{name}: {} wants {id}", task.waiter)));
    }
    none(found);
}

#[test]
fn a_paginator_names_parameters_and_fields_that_there_are() {
    let mut found = Vec::new();
    for action in actions() {
        let Some(paginator) = &action.paginator else {
            continue;
        };
        let name = &action.full_name;
        let params = [
            &paginator.page,
            &paginator.size,
            &paginator.offset,
            &paginator.marker,
            &paginator.limit,
        ];
        found.extend(
            unknown_params(&action, params.into_iter().flatten())
                .map(|param| format!("{name}: takes no {param}")),
        );
        let id = paginator
            .id
            .iter()
            .map(|id| format!("{}.{id}", paginator.items));
        let paths = [&paginator.items]
            .into_iter()
            .chain(&paginator.total)
            .chain(&paginator.pages)
            .chain(&paginator.more)
            .cloned()
            .chain(id);
        found.extend(
            paths
                .filter(|path| !answers(&action, path))
                .map(|path| format!("{name}: answers no {path}")),
        );
        let moves = match paginator.style {
            PageStyle::Marker => {
                paginator.marker.is_some() && paginator.id.is_some() && paginator.more.is_some()
            }
            PageStyle::Page => paginator.page.is_some(),
            PageStyle::Offset => paginator.offset.is_some(),
            PageStyle::None => true,
        };
        found.extend((!moves).then(|| format!("{name}: no parameter leads to the next page")));
    }
    none(found);
}

/// A part without a value would make the request one for another resource.
#[test]
fn every_part_of_a_path_that_varies_is_a_required_parameter() {
    let mut found = Vec::new();
    let mut count = 0;
    for action in actions() {
        let parts = action.path().split('/');
        let named: BTreeSet<_> = parts.filter_map(|part| part.strip_prefix(':')).collect();
        let params = action.params.iter();
        let given: BTreeSet<_> = params
            .filter(|param| param.location == Some(Location::Path))
            .filter(|param| param.required == Required::Yes && !is_structured(param.kind))
            .map(|param| param.name.as_str())
            .collect();
        count += named.len();
        found.extend((named != given).then(|| format!("{}: {named:?}", action.full_name)));
    }
    assert!(count > 0);
    none(found);
}

fn is_structured(kind: Kind) -> bool {
    matches!(kind, Kind::List | Kind::Object | Kind::Map | Kind::Any)
}

#[test]
fn what_is_asked_again_and_again_only_reads() {
    let catalog = Catalog::default();
    let mut found = Vec::new();
    for action in actions() {
        let (name, is_paged) = (&action.full_name, action.paginator.is_some());
        found.extend((is_paged && !action.read_only).then(|| format!("{name} is paged")));
    }
    for name in catalog.products() {
        let product = catalog.product(&name).unwrap();
        let waiters = product.waiters.values().map(|model| &model.operation);
        let states = product.states.values().map(|model| &model.operation);
        found.extend(
            waiters
                .chain(states)
                .filter(|operation| !catalog.action(operation).unwrap().read_only)
                .map(|operation| format!("{operation} is polled")),
        );
    }
    none(found);
}

#[test]
fn a_lookup_can_find_out_what_became_of_a_call() {
    let catalog = Catalog::default();
    let mut found = Vec::new();
    for action in actions() {
        let name = &action.full_name;
        found.extend(
            unknown_params(&action, action.idempotency_token.iter())
                .map(|token| format!("{name}: takes no {token}")),
        );
        let Some(lookup) = &action.lookup else {
            continue;
        };
        let Ok(reading) = catalog.action(&lookup.action) else {
            found.push(format!("{name}: no Action {}", lookup.action));
            continue;
        };
        let place = format!("{name}: {}", lookup.action);
        found.extend((!reading.read_only).then(|| format!("{place} changes something")));
        found.extend(
            unknown_params(&reading, lookup.params.keys())
                .map(|param| format!("{place} takes no {param}")),
        );
        // The lookup walks all pages and sets these itself.
        let pager = reading.paginator.as_ref();
        let paging: Vec<&String> = pager
            .iter()
            .flat_map(|pager| [&pager.page, &pager.size, &pager.offset, &pager.limit])
            .flatten()
            .collect();
        let given = |param: &str| {
            lookup.params.contains_key(param) || paging.iter().any(|name| *name == param)
        };
        let sites = lookup
            .each
            .as_ref()
            .map(|each| action.product.sites.get(each));
        found.extend((sites == Some(None)).then(|| format!("{name}: there are no such sites")));
        let is_of_site = |param: &str| {
            let mut sites = sites.flatten().into_iter().flatten();
            sites.any(|site| site.contains_key(param))
        };
        let missing = needed(&reading).filter(|param| !given(param) && !is_of_site(param));
        found.extend(missing.map(|param| format!("{place} wants {param}")));
        found.extend(
            lookup
                .compare
                .keys()
                .chain(lookup.equals.keys())
                .chain(&lookup.state)
                .chain(lookup.or.values())
                .filter(|path| !answers(&reading, path))
                .map(|path| format!("{place} answers no {path}")),
        );
        let is_judged = lookup.carried_out_when.is_some();
        let compares = !lookup.compare.is_empty() || !lookup.equals.is_empty();
        found
            .extend((is_judged != compares).then(|| format!("{name}: shows nothing that decides")));
        let numbered = lookup.numbered.iter().chain(lookup.or.keys());
        found.extend(
            numbered
                .filter(|path| !lookup.compare.contains_key(*path))
                .map(|path| format!("{name}: does not compare {path}")),
        );
        found.extend(
            (lookup.state.is_some() == lookup.at_rest.is_empty())
                .then(|| format!("{name}: a state needs those in which nothing goes on")),
        );
        let own = lookup.params.values().chain(lookup.compare.values());
        found.extend(
            own.filter(|path| !takes(&action.params, path))
                .map(|path| format!("{name}: takes no {path}")),
        );
    }
    none(found);
}

#[test]
fn a_lookup_of_a_list_reads_all_of_it_or_what_the_call_names() {
    let catalog = Catalog::default();
    let mut found = Vec::new();
    for action in actions() {
        let Some(lookup) = &action.lookup else {
            continue;
        };
        let Ok(reading) = catalog.action(&lookup.action) else {
            continue;
        };
        let places = lookup.compare.keys().chain(lookup.equals.keys());
        let is_list = places.into_iter().any(|path| path.contains("[]"));
        let is_filtered = lookup.params.values().any(|path| {
            let own = action.param(path.split(['.', '[']).next().unwrap_or_default());
            own.is_some_and(|param| param.required == Required::Yes)
        });
        let is_whole = reading.paginator.is_some();
        found.extend((is_list && !is_filtered && !is_whole).then(|| {
            let name = &action.full_name;
            format!("{name}: what {} answers may be a part", lookup.action)
        }));
    }
    none(found);
}

#[test]
fn every_document_of_an_action_is_one_of_its_service() {
    let mut found = Vec::new();
    for action in actions() {
        let named = action.source.iter();
        let named = named.chain(action.newer.as_ref().map(|newer| &newer.source));
        found.extend(
            named
                .filter(|name| !action.service.sources.contains_key(*name))
                .map(|name| format!("{}: no document {name}", action.full_name)),
        );
        // What the newer document alone has is told from the rest.
        let mut says = 0;
        each_param(&action.params, &mut |param, _| {
            let note = param.note.as_deref().unwrap_or_default();
            says += usize::from(note.contains("newer document"));
        });
        let is_said = says == 0 || action.newer.is_some();
        found.extend((!is_said).then(|| format!("{}: which newer document?", action.full_name)));
    }
    none(found);
}

#[test]
fn what_is_no_more_to_be_used_says_why_and_names_what_is() {
    let catalog = Catalog::default();
    let mut found = Vec::new();
    let mut count = 0;
    for action in actions() {
        let Some(deprecation) = &action.deprecated else {
            continue;
        };
        count += 1;
        let name = &action.full_name;
        let why = &deprecation.why;
        let is_clause = !why.ends_with('.') && why.starts_with(|first: char| first.is_lowercase());
        found.extend((!is_clause).then(|| format!("{name}: {why:?} is no clause")));
        for instead in &deprecation.instead {
            let is_good = catalog
                .action(instead)
                .is_ok_and(|other| other.deprecated.is_none());
            found.extend((!is_good).then(|| format!("{name}: {instead} cannot be used")));
        }
    }
    none(found);
    // 12 Actions on the old security groups, 9 on the first object storage, 3 on that of Suqian.
    assert_eq!(count, 24);
}

#[test]
fn a_kind_is_listed_found_and_removed() {
    let mut found = Vec::new();
    for service in services() {
        for (name, kind) in &service.kinds {
            let place = format!("{} {name}", service.service);
            let action = |wanted: &str| {
                actions()
                    .into_iter()
                    .find(|action| *action.full_name == format!("{}.{wanted}", service.service))
            };
            let Some(list) = action(&kind.list) else {
                found.push(format!("{place}: no Action {}", kind.list));
                continue;
            };
            let Some(rows) = service.rows_of(kind).filter(|rows| rows.ends_with("[]")) else {
                found.push(format!("{place}: {} has no rows", kind.list));
                continue;
            };
            let state = kind.state.as_ref().map(|state| &state.field);
            let id = Some(&kind.id).filter(|id| !id.is_empty());
            let fields = [id, kind.name.as_ref(), state];
            let fields = fields.into_iter().flatten();
            found.extend(
                fields
                    .chain(kind.fields.values())
                    .chain(kind.unique.keys())
                    .filter(|field| !answers(&list, &format!("{rows}.{field}")))
                    .map(|field| format!("{place}: a row has no {field}")),
            );
            // Without a field for it, the row is the id.
            if kind.id.is_empty() {
                let items = path::values(&list.answer.example, rows);
                let is_plain = !items.is_empty() && items.iter().all(|item| item.is_string());
                found.extend((!is_plain).then(|| format!("{place}: {rows} are no ids")));
            }
            found.extend((!list.read_only).then(|| format!("{place}: the list changes something")));
            let is_kind = |name: &String| service.kinds.contains_key(name);
            found.extend(kind.parent.iter().filter(|name| !is_kind(name)).cloned());
            let wait = kind.state.as_ref().and_then(|state| state.wait.as_ref());
            found.extend(
                wait.filter(|wait| !list.product.states.contains_key(*wait))
                    .map(|wait| format!("{place}: the product has no state {wait}")),
            );
            let is_taken = |param: &String| {
                let mut all = service.actions.iter();
                all.any(|action| has_param(&action.params, param))
            };
            found.extend(
                kind.params
                    .iter()
                    .chain(kind.fields.keys())
                    .filter(|param| !is_taken(param))
                    .map(|param| format!("{place}: no Action takes {param}")),
            );
            found.extend(
                kind.unique
                    .values()
                    .chain(&kind.absent)
                    .filter(|code| !service.errors.contains_key(*code))
                    .map(|code| format!("{place}: {code} is not an error of the service")),
            );
            // Either what removes one, or why nothing does.
            found.extend(
                (kind.removed_by.is_some() == kind.kept.is_some())
                    .then(|| format!("{place}: is it removed or kept?")),
            );
            let Some(removal) = &kind.removed_by else {
                continue;
            };
            let Some(remover) = action(&removal.action).filter(|action| !action.read_only) else {
                found.push(format!("{place}: {} cannot remove", removal.action));
                continue;
            };
            found.extend(
                (!names(&remover, &removal.param, name))
                    .then(|| format!("{place}: {} is no id", removal.param)),
            );
            found.extend(
                removal
                    .with
                    .iter()
                    .filter(|(_, path)| !answers(&list, &format!("{rows}.{path}")))
                    .map(|(param, path)| format!("{place}: {param} is not at {path}")),
            );
            // What removes one can be called with what is known of it: its id, that of what it
            // belongs to, and what stands in its row.
            let known = |param: &str| {
                let parent = kind.parent.as_ref();
                let is_of_parent = parent.is_some_and(|parent| names(&remover, param, parent));
                param == removal.param || removal.with.contains_key(param) || is_of_parent
            };
            found.extend(
                needed(&remover)
                    .filter(|param| !known(param))
                    .map(|param| format!("{place}: {} wants {param}", removal.action)),
            );
            found.extend(
                unknown_params(&remover, removal.with.keys().chain([&removal.param]))
                    .map(|param| format!("{place}: {} takes no {param}", removal.action)),
            );
        }
    }
    none(found);
}

#[test]
fn what_becomes_of_a_change_is_known_or_the_reason_is_written() {
    let mut found = Vec::new();
    for action in actions().into_iter().filter(|action| !action.read_only) {
        let name = &action.full_name;
        let proves = action.lookup.as_ref();
        let proves = proves.is_some_and(|lookup| lookup.carried_out_when.is_some());
        let has_token = action.idempotency_token.is_some();
        let is_harmless = action.again == Again::Harmless;
        let is_known = !action.creates.is_empty() || is_harmless || proves || has_token;
        found.extend(
            (!is_known && action.unproven.is_none())
                .then(|| format!("{name}: what would a second call do?")),
        );
        found.extend(
            (action.unproven.is_some() && (is_harmless || has_token))
                .then(|| format!("{name}: it needs no proof")),
        );
        let is_said = !action.already.is_empty() && action.again == Again::Adds;
        found.extend(is_said.then(|| format!("{name}: it is so already, and would add?")));
        found.extend(
            action
                .already
                .iter()
                .filter(|code| action.error(code).is_none())
                .map(|code| format!("{name}: {code} is not an error")),
        );
    }
    none(found);
}

#[test]
fn what_an_action_makes_and_names_is_of_a_kind() {
    let mut found = Vec::new();
    for action in actions() {
        let name = &action.full_name;
        let created = action.creates.iter().map(|creates| &creates.kind);
        let edited = action.edits.iter().map(|edits| &edits.kind);
        found.extend(
            created
                .chain(edited)
                .chain(action.names.values())
                .filter(|kind| !action.service.kinds.contains_key(*kind))
                .map(|kind| format!("{name}: there is no kind {kind}")),
        );
        let makes = !action.creates.is_empty() || !action.edits.is_empty();
        found.extend((action.read_only && makes).then(|| format!("{name}: it only reads")));
        let below = |each: &Option<String>, given: &String| match each {
            Some(each) => format!("{each}[].{given}"),
            None => given.clone(),
        };
        let of_creates = action.creates.iter().flat_map(|creates| {
            let given = creates.given.as_ref();
            let given = given.map(|given| below(&creates.each, given));
            [given, creates.count.clone(), creates.each.clone()]
        });
        let of_edits = action.edits.iter().flat_map(|edits| {
            let by = below(&Some(edits.each.clone()), &edits.by);
            [
                Some(by),
                Some(edits.each.clone()),
                edits.replaces_when.clone(),
            ]
        });
        let partial = action.partial.as_ref();
        found.extend(
            of_creates
                .chain(of_edits)
                .flatten()
                .chain(action.names.keys().cloned())
                .chain(partial.map(|partial| partial.param.clone()))
                .filter(|path| !takes(&action.params, path))
                .map(|path| format!("{name}: takes no {path}")),
        );
        let created = action.creates.iter().flat_map(|creates| &creates.ids);
        let edited = action.edits.iter().flat_map(|edits| &edits.ids);
        let parts = partial.map(|partial| [&partial.done, &partial.failed]);
        found.extend(
            created
                .chain(edited)
                .chain(parts.into_iter().flatten())
                .filter(|path| !answers(&action, path))
                .map(|path| format!("{name}: answers no {path}")),
        );
    }
    none(found);
}

#[test]
fn a_condition_names_parameters_beside_it() {
    let mut found = Vec::new();
    for action in actions() {
        found.extend(
            unknown_params(&action, action.one_of.iter().flatten())
                .map(|param| format!("{}: takes no {param}", action.full_name)),
        );
        each_param(&action.params, &mut |param, siblings| {
            let place = format!("{} {}", action.full_name, param.name);
            let conditional = param.required == Required::Conditional;
            found.extend(
                (conditional && param.condition.is_none())
                    .then(|| format!("{place}: conditional without a condition")),
            );
            let Some(when) = &param.required_when else {
                return;
            };
            found.extend(
                (!conditional)
                    .then(|| format!("{place}: has required_when and is not conditional")),
            );
            let Some(sibling) = siblings.iter().find(|sibling| sibling.name == when.param) else {
                return found.push(format!("{place}: no {} beside it", when.param));
            };
            let never = when
                .is
                .iter()
                .filter(|value| !allowed(&sibling.values, value));
            found.extend(never.map(|value| format!("{place}: {} is never {value}", when.param)));
        });
    }
    none(found);
}

#[test]
fn every_example_answer_fits_its_fields() {
    let mut found = Vec::new();
    for action in actions() {
        let fields: Vec<&Field> = action
            .answer
            .fields
            .iter()
            .chain(&action.product.reply)
            .collect();
        fits(
            &action.service,
            &fields,
            &action.answer.example,
            &action.full_name,
            &mut found,
        );
    }
    none(found);
}

#[test]
fn every_example_call_is_valid() {
    let mut found = Vec::new();
    for action in actions() {
        valid(
            &action.params,
            &action.example,
            &action.full_name,
            &mut found,
        );
        for group in &action.one_of {
            let given = group
                .iter()
                .filter(|param| action.example.get(param).is_some())
                .count();
            found.extend(
                (given != 1)
                    .then(|| format!("{}: {given} of {}", action.full_name, group.join(", "))),
            );
        }
    }
    none(found);
}

#[test]
fn every_documented_value_has_its_parameters_type() {
    let mut found = Vec::new();
    for action in actions() {
        each_param(&action.params, &mut |param, _| {
            let place = format!("{} {}", action.full_name, param.name);
            for value in param.default.iter().chain(&param.example) {
                valid_value(param, value, &place, &mut found);
            }
            let one = if param.kind == Kind::List {
                param.of.unwrap_or(Kind::String)
            } else {
                param.kind
            };
            let values = param
                .values
                .iter()
                .chain(&param.known_values)
                .map(KnownValue::value);
            found.extend(
                values
                    .filter(|value| !is_a(one, value))
                    .map(|value| format!("{place}: {value} is no {}", one.as_str())),
            );
        });
    }
    none(found);
}

fn none(found: impl IntoIterator<Item = String>) {
    let found: Vec<String> = found.into_iter().collect();
    assert!(
        found.is_empty(),
        "{} faults\n{}",
        found.len(),
        found.join("\n")
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog")
}

fn paths() -> Vec<PathBuf> {
    let entries = |folder: &Path| {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    let mut files: Vec<_> = entries(&root())
        .iter()
        .filter(|path| path.is_dir())
        .flat_map(|folder| entries(folder))
        .collect();
    files.sort();
    files
}

/// Every file's path below `catalog/` and what it holds.
fn files() -> Vec<(PathBuf, Json)> {
    let read = |file: PathBuf| {
        let json = serde_json::from_str(&fs::read_to_string(&file).unwrap());
        (
            file.strip_prefix(root()).unwrap().to_owned(),
            json.unwrap_or_else(|error| panic!("{}: {error}", file.display())),
        )
    };
    paths().into_iter().map(read).collect()
}

fn products() -> Vec<Arc<ProductModel>> {
    let catalog = Catalog::default();
    catalog
        .products()
        .iter()
        .map(|name| catalog.product(name).unwrap())
        .collect()
}

fn services() -> Vec<Arc<ServiceModel>> {
    let catalog = Catalog::default();
    catalog
        .services()
        .iter()
        .map(|name| catalog.service(name).unwrap())
        .collect()
}

fn actions() -> Vec<Action> {
    Catalog::default().actions().unwrap()
}

fn twice<'a>(place: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names
        .filter(|name| !seen.insert(*name))
        .map(|name| format!("{place}: {name:?} stands twice"))
        .collect()
}

fn param_names(place: &str, params: &[Param], found: &mut Vec<String>) {
    found.extend(twice(place, params.iter().map(|param| param.name.as_str())));
    for param in params {
        param_names(&format!("{place}.{}", param.name), &param.fields, found);
    }
}

fn field_names(place: &str, fields: &[Field], found: &mut Vec<String>) {
    found.extend(twice(place, fields.iter().map(|field| field.name.as_str())));
    for field in fields {
        field_names(&format!("{place}.{}", field.name), &field.fields, found);
    }
}

fn shape_names<'a>(fields: &'a [Field], named: &mut BTreeSet<&'a str>) {
    for field in fields {
        named.extend(field.shape.as_deref());
        shape_names(&field.fields, named);
    }
}

/// Visits every parameter with those beside it.
fn each_param<'a>(params: &'a [Param], visit: &mut impl FnMut(&'a Param, &'a [Param])) {
    for param in params {
        visit(param, params);
        each_param(&param.fields, visit);
    }
}

fn unknown_params<'a>(
    action: &Action,
    names: impl Iterator<Item = &'a String>,
) -> impl Iterator<Item = &'a String> {
    names.filter(|name| action.param(name).is_none())
}

/// The parameters that every call must give.
/// Whether a parameter of an Action names things of a kind.
fn names(action: &Action, param: &str, kind: &str) -> bool {
    let kinds = &action.service.kinds;
    let own = action.names.get(param).map(|own| own == kind);
    own.unwrap_or_else(|| {
        let kind = kinds.get(kind);
        kind.is_some_and(|kind| kind.params.iter().any(|known| known == param))
    })
}

fn needed(action: &Action) -> impl Iterator<Item = &str> {
    let needed = action
        .params
        .iter()
        .filter(|param| param.required == Required::Yes && param.generated.is_none());
    needed.map(|param| param.name.as_str())
}

/// Finds Chinese anywhere but in the vendor's terms, in examples and in values on the wire.
fn chinese(place: &str, json: &Json, found: &mut Vec<String>) {
    let is_chinese = |c| matches!(c, '\u{3000}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}');
    match json {
        Json::String(text) if text.contains(is_chinese) => found.push(format!("{place}: {text}")),
        Json::Array(items) => items.iter().for_each(|item| chinese(place, item, found)),
        Json::Object(map) => {
            for (key, value) in map {
                let bare_values = matches!(key.as_str(), "values" | "known_values" | "is")
                    && !value[0].is_object();
                if !bare_values
                    && !matches!(
                        key.as_str(),
                        "term" | "file" | "example" | "value" | "default"
                    )
                {
                    chinese(&format!("{place}/{key}"), value, found);
                }
            }
        }
        _ => {}
    }
}

/// Whether a path of the catalogue leads to a field of the answer.
fn answers(action: &Action, path: &str) -> bool {
    let mut fields: Vec<&Field> = action
        .answer
        .fields
        .iter()
        .chain(&action.product.reply)
        .collect();
    let mut parts = path.split('.').peekable();
    while let Some(part) = parts.next() {
        let name = part.trim_end_matches("[]");
        let Some(field) = fields.into_iter().find(|field| field.name == name) else {
            return false;
        };
        let list = field.kinds.as_slice().contains(&Kind::List);
        if part.ends_with("[]") != list && parts.peek().is_some() {
            return false;
        }
        fields = action.service.fields_of(field).iter().collect();
    }
    true
}

/// Whether a path leads to a parameter.
fn takes(params: &[Param], path: &str) -> bool {
    let (name, rest) = path
        .split_once('.')
        .map_or((path, None), |(name, rest)| (name, Some(rest)));
    let param = params
        .iter()
        .find(|param| param.name == name.trim_end_matches("[]"));
    param.is_some_and(|param| rest.is_none_or(|rest| takes(&param.fields, rest)))
}

/// Whether there is a parameter of the name, however deep.
fn has_param(params: &[Param], name: &str) -> bool {
    let mut params = params.iter();
    params.any(|param| param.name == name || has_param(&param.fields, name))
}

/// null is always possible.
fn is_a(kind: Kind, value: &Json) -> bool {
    value.is_null() || kind.holds(value)
}

fn allowed(values: &[KnownValue], value: &Json) -> bool {
    values.is_empty() || values.iter().any(|known| known.value() == value)
}

fn fits(
    service: &ServiceModel,
    fields: &[&Field],
    object: &Json,
    place: &str,
    found: &mut Vec<String>,
) {
    for (key, value) in object.as_object().into_iter().flatten() {
        let place = format!("{place}.{key}");
        let Some(field) = fields.iter().find(|field| field.name == *key) else {
            found.push(format!("{place}: no such field"));
            continue;
        };
        let kinds = field.kinds.as_slice();
        if !kinds.iter().any(|kind| is_a(*kind, value)) {
            found.push(format!("{place}: {value} is none of {kinds:?}"));
        }
        if kinds.contains(&Kind::Any) {
            continue;
        }
        let below: Vec<&Field> = service.fields_of(field).iter().collect();
        let elements: Vec<&Json> = match value {
            Json::Array(items) => items.iter().collect(),
            Json::Object(map) if kinds.contains(&Kind::Map) => map.values().collect(),
            other => vec![other],
        };
        for element in elements {
            let several = value.is_array() || kinds.contains(&Kind::Map);
            if several && !field.of.is_none_or(|of| is_a(of, element)) {
                found.push(format!("{place}: {element} is no {:?}", field.of));
            }
            // A map's values can be lists themselves.
            for object in element
                .as_array()
                .map_or(vec![element], |list| list.iter().collect())
            {
                fits(service, &below, object, &place, found);
            }
        }
    }
}

fn valid(params: &[Param], table: &Json, place: &str, found: &mut Vec<String>) {
    let Some(table) = table.as_object() else {
        return found.push(format!("{place}: {table} is no table"));
    };
    let known = |name: &String| params.iter().any(|param| param.name == *name);
    found.extend(
        table
            .keys()
            .filter(|name| !known(name))
            .map(|name| format!("{place}: takes no {name}")),
    );
    for param in params {
        let place = format!("{place}.{}", param.name);
        if let Some(value) = table.get(&param.name) {
            valid_value(param, value, &place, found);
            continue;
        }
        let when = param.required_when.as_ref();
        let demanded = when.is_some_and(|when| {
            table
                .get(&when.param)
                .is_some_and(|value| when.is.contains(value))
        });
        if demanded || param.required == Required::Yes && param.generated.is_none() {
            found.push(format!("{place}: missing"));
        }
    }
}

fn valid_value(param: &Param, value: &Json, place: &str, found: &mut Vec<String>) {
    let listed = param.encoding.is_some() && value.is_array();
    if !listed && !is_a(param.kind, value) {
        return found.push(format!("{place}: {value} is no {}", param.kind.as_str()));
    }
    let elements: Vec<Json> = match (value, param.encoding) {
        (Json::Array(items), _) => items.clone(),
        (Json::String(text), Some(Encoding::Comma)) => text.split(',').map(Json::from).collect(),
        (Json::String(text), Some(Encoding::Json)) => {
            serde_json::from_str(text).unwrap_or_else(|_| vec![value.clone()])
        }
        _ => vec![value.clone()],
    };
    let outside =
        |n: f64| param.min.is_some_and(|min| n < min) || param.max.is_some_and(|max| n > max);
    for element in elements {
        if element.is_object() {
            valid(&param.fields, &element, place, found);
        } else if !allowed(&param.values, &element) {
            found.push(format!("{place}: {element} is not one of its values"));
        }
        let number = element
            .is_number()
            .then(|| path::text(&element).parse::<f64>().unwrap());
        found.extend(
            number
                .filter(|n| outside(*n))
                .map(|n| format!("{place}: {n} is out of range")),
        );
    }
}

/// Any JSON; reading it fails where an object has a key twice.
struct UniqueKeys;

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            entries.next_value::<Self>()?;
            if keys.contains(&key) {
                return Err(A::Error::custom(format!("{key:?} stands twice")));
            }
            keys.insert(key);
        }
        Ok(self)
    }
}
