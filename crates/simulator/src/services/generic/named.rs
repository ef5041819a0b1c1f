//! What the parameters of a call name: things, by their ids.

use super::kept::keeps;
use super::state::{GENERIC, Row};
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use cumulua_core::catalog::{Action, KindModel, Param, Required, path};
use serde_json::Value as Json;

/// The code for an id that there is not, where the service's document has no own one.
const NOT_FOUND: &str = "ResourceNotFound";

/// A thing that a parameter names.
pub(super) struct Thing {
    pub(super) param: String,
    pub(super) kind: String,
    pub(super) row: Row,
}

/// The kinds whose things a parameter can name, of those that are kept here.
pub(super) fn kinds_of<'a>(
    action: &'a Action,
    param: &'a str,
) -> impl Iterator<Item = (&'a str, &'a KindModel)> {
    let own = action.names.get(param);
    action
        .service
        .kinds
        .iter()
        .filter(move |(name, kind)| match own {
            Some(own) => *name == own,
            None => kind.params.iter().any(|known| known == param),
        })
        .filter(|(name, _)| keeps(&action.service.service, name))
        .map(|(name, kind)| (name.as_str(), kind))
}

/// The ids in a parameter: one, several in a list, or several in a text.
pub(super) fn ids(value: &Json) -> Vec<String> {
    match value {
        Json::Array(items) => items
            .iter()
            .filter(|item| !item.is_object())
            .map(path::text)
            .collect(),
        Json::Object(_) | Json::Null => Vec::new(),
        one => {
            let text = path::text(one);
            let parts = text.split(',').map(str::trim);
            parts
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect()
        }
    }
}

/// The things that a call names. One that there is not is refused, except where the answer has a
/// place for it, and where the parameter filters a list.
pub(super) fn named(call: &Call) -> Result<Vec<Thing>, Refusal> {
    let action = call.action;
    let mut things: Vec<Thing> = Vec::new();
    // What others belong to comes first.
    let is_parent = |param: &Param| {
        let mut kinds = kinds_of(action, &param.name);
        kinds.any(|(_, kind)| kind.parent.is_none())
    };
    let (first, then): (Vec<&Param>, Vec<_>) = action.params.iter().partition(|p| is_parent(p));
    for param in first.into_iter().chain(then) {
        if is_no_name(action, param) {
            continue;
        }
        let kinds: Vec<_> = kinds_of(action, &param.name).collect();
        let Some(value) = call.params.whole(&param.name) else {
            continue;
        };
        for id in ids(value) {
            let found = kinds
                .iter()
                .find_map(|(name, kind)| Some((*name, find(call, &things, name, kind, &id)?)));
            match found {
                Some((kind, row)) => things.push(Thing {
                    param: param.name.clone(),
                    kind: kind.to_owned(),
                    row,
                }),
                None if is_judged_alone(action, &param.name) => {}
                None => return Err(absent(action, kinds[0].1, &id)),
            }
        }
    }
    Ok(things)
}

/// The thing that the things of a kind belong to in this call.
pub(super) fn parent<'t>(things: &'t [Thing], kind: &KindModel) -> Option<&'t Row> {
    let parent = kind.parent.as_ref()?;
    let thing = things.iter().find(|thing| thing.kind == *parent);
    thing.map(|thing| &thing.row)
}

/// A thing by its own id, below what the call names.
pub(super) fn find(
    call: &Call,
    things: &[Thing],
    name: &str,
    kind: &KindModel,
    id: &str,
) -> Option<Row> {
    let parent = parent(things, kind);
    let mut rows = call.cloud[GENERIC].rows(&call.action.service.service, name);
    rows.find(|row| {
        let is_below = parent.is_none_or(|parent| row.parent.as_ref() == Some(&parent.id));
        is_below && row.own_id(kind) == id
    })
    .cloned()
}

/// The refusal of an id that there is not.
pub(super) fn absent(action: &Action, kind: &KindModel, id: &str) -> Refusal {
    let is_own = |code: &&String| action.errors.iter().any(|error| error.code == **code);
    let code = kind.absent.iter().find(is_own).or(kind.absent.first());
    let code = code.map_or(NOT_FOUND, String::as_str);
    Refusal::new(
        code.to_owned(),
        format!("{} with the id {id:?} does not exist", kind.title),
    )
}

/// Whether the parameter names no thing that must be there.
pub(super) fn is_no_name(action: &Action, param: &Param) -> bool {
    let names_none = kinds_of(action, &param.name).next().is_none();
    names_none || is_new(action, param) || is_filter(action, param)
}

/// Whether the parameter is the id of what the call makes.
fn is_new(action: &Action, param: &Param) -> bool {
    let mut makes = action.creates.iter();
    makes.any(|creates| creates.each.is_none() && creates.given.as_ref() == Some(&param.name))
}

/// Whether the parameter only says which things are wanted.
fn is_filter(action: &Action, param: &Param) -> bool {
    let lists_it = kinds_of(action, &param.name).any(|(_, kind)| kind.list == action.name);
    let is_nested = || {
        let of = |(_, kind): (&str, &KindModel)| kind.list == action.name && kind.rows.is_some();
        kinds_of(action, &param.name).any(of)
    };
    let is_list = action.paginator.is_some() || lists_it;
    let is_open = is_list && param.required != Required::Yes;
    action.read_only && (is_open || lists_it && !is_nested())
}

/// Whether the answer says for which ids of the parameter the Action was carried out.
fn is_judged_alone(action: &Action, param: &str) -> bool {
    let partial = action.partial.as_ref();
    partial.is_some_and(|partial| partial.param == param)
}
