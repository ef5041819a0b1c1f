//! What an answer shows of a call whose own answer was lost: what the catalogue compares, held
//! against the answers of the reading call.

use super::value::{Params, Value};
use cumulua_core::catalog::{Action, LookupModel, Required, path};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What the answers of a reading call show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// What the call was to do is done.
    Done,
    /// Something goes on that it may have begun.
    Moving,
    /// All is as it was before the call.
    Unchanged,
}

/// What stands in an answer where a call was carried out, or where it was not.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    claims: Vec<Claim>,
    is_absence: bool,
    /// Where the state of what matches stands, and those in which nothing goes on.
    state: Option<(String, Vec<String>)>,
    text: String,
}

/// Values that stand together at their paths.
type Claim = Vec<(String, String)>;

/// More claims than this are no evidence: a call of so many things is none that a lookup can judge.
const MOST_CLAIMS: usize = 10_000;

/// A parameter of the lost call as it is compared: a list of values, or one.
struct Given<'a> {
    /// The list whose elements the values are of; none for a single value.
    list: Option<String>,
    values: Vec<&'a Value>,
}

impl Evidence {
    /// That of a lost call; none where its answer has to be judged by a person, or where a part of
    /// what has to fit together was not given.
    pub fn of(action: &Action, model: &LookupModel, params: &Params) -> Option<Self> {
        let is_absence = model.carried_out_when.as_deref()? == "absent";
        let mut compared = Vec::new();
        for (path, ours) in &model.compare {
            match given(action, params, ours) {
                Some(given) => compared.push((path, given)),
                // One that this call has no need of.
                None if is_conditional(action, ours) && !params.contains_key(ours) => {}
                None => return None,
            }
        }
        let constants = model
            .equals
            .iter()
            .map(|(at, value)| (at.clone(), path::text(value)));
        let claims = claims(&compared, constants.collect())?;
        Some(Self {
            text: describe(&compared, model, is_absence),
            claims,
            is_absence,
            state: model
                .state
                .clone()
                .map(|path| (path, model.at_rest.clone())),
        })
    }

    /// What a person looks for.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the pages of the reading call show together.
    pub fn judge(&self, answers: &[Json]) -> Sighting {
        let matches = |claim: &Claim, state: Option<&(String, Vec<String>)>| {
            let mut expected: Vec<Expected<'_>> = claim
                .iter()
                .map(|(path, value)| Expected {
                    path,
                    is: std::slice::from_ref(value),
                })
                .collect();
            expected.extend(state.map(|(path, is)| Expected { path, is }));
            answers.iter().any(|answer| holds(answer, &expected))
        };
        let found: Vec<&Claim> = self
            .claims
            .iter()
            .filter(|claim| matches(claim, None))
            .collect();
        let is_resting = |claim: &&Claim| matches(claim, self.state.as_ref());
        let all = found.len() == self.claims.len();
        match (self.is_absence, found.is_empty()) {
            (true, true) => Sighting::Done,
            (false, true) => Sighting::Unchanged,
            (false, false) if all && found.iter().all(is_resting) => Sighting::Done,
            (true, false) if all && found.iter().all(is_resting) => Sighting::Unchanged,
            // A part of it was carried out, or what matches is on its way.
            _ => Sighting::Moving,
        }
    }
}

/// What has to stand at a path: any of these.
struct Expected<'a> {
    path: &'a str,
    is: &'a [String],
}

/// Whether all that is expected stands together: paths through the same list lead to the same
/// element.
fn holds(json: &Json, expected: &[Expected<'_>]) -> bool {
    let mut lists: BTreeMap<&str, Vec<Expected<'_>>> = BTreeMap::new();
    for Expected { path, is } in expected {
        match path.split_once("[]") {
            None => {
                let value = path::first_or_self(json, path).map(path::text);
                if !value.is_some_and(|value| is.contains(&value)) {
                    return false;
                }
            }
            Some((list, rest)) => lists.entry(list).or_default().push(Expected {
                path: rest.trim_start_matches('.'),
                is,
            }),
        }
    }
    lists.iter().all(|(list, expected)| {
        let whole = path::first_or_self(json, list);
        // One element without its list is what services in XML make of a list of one.
        let elements = match whole {
            Some(Json::Array(elements)) => elements.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        elements.iter().any(|element| holds(element, expected))
    })
}

fn is_conditional(action: &Action, name: &str) -> bool {
    action
        .param(name)
        .is_some_and(|param| param.required == Required::Conditional)
}

/// The value of a parameter that may be shown, nested ones by their path.
pub(super) fn at_path<'a>(action: &Action, params: &'a Params, path: &str) -> Option<&'a Value> {
    match given(action, params, path)? {
        Given { list: None, values } => values.into_iter().next(),
        Given { .. } => params.get(path),
    }
}

/// A parameter of a call by its path, as `VpcInfo.VpcId`, `InstanceIds` or `BindData[].RuleId`;
/// none where it is secret or was not given.
fn given<'a>(action: &Action, params: &'a Params, path: &str) -> Option<Given<'a>> {
    let mut known = action.params.as_slice();
    let mut fields = vec![params];
    let mut list = None;
    let mut steps = path.split('.').peekable();
    while let Some(step) = steps.next() {
        let name = step.trim_end_matches("[]");
        let param = known
            .iter()
            .find(|param| param.name == name)
            .filter(|param| !param.sensitive)?;
        let values = fields
            .iter()
            .map(|fields| fields.get(name))
            .collect::<Option<Vec<&Value>>>()?;
        if steps.peek().is_none() {
            let values = values
                .into_iter()
                .flat_map(|value| match value {
                    Value::List(elements) => {
                        list.get_or_insert_with(|| path.to_owned());
                        elements.iter().collect::<Vec<_>>()
                    }
                    single => vec![single],
                })
                .collect();
            return Some(Given { list, values });
        }
        if step.ends_with("[]") {
            list = Some(name.to_owned());
        }
        let objects = values.into_iter().flat_map(|value| match value {
            Value::List(elements) => elements.iter().collect::<Vec<_>>(),
            single => vec![single],
        });
        fields = objects
            .map(|value| match value {
                Value::Object(fields) => Some(fields),
                _ => None,
            })
            .collect::<Option<_>>()?;
        known = &param.fields;
    }
    None
}

/// Values of one list belong together, element by element; those of two lists are combined.
fn claims(compared: &[(&String, Given<'_>)], constants: Claim) -> Option<Vec<Claim>> {
    let mut lists: BTreeMap<Option<&String>, Vec<Claim>> = BTreeMap::new();
    for (path, given) in compared {
        let rows = lists.entry(given.list.as_ref()).or_default();
        rows.resize_with(rows.len().max(given.values.len()), Claim::new);
        for (row, value) in rows.iter_mut().zip(&given.values) {
            let text = match value {
                Value::Secret(_) => return None,
                value => value.to_text()?,
            };
            row.push(((*path).clone(), text));
        }
    }
    let mut claims = vec![constants];
    for rows in lists.values() {
        if claims.len().saturating_mul(rows.len()) > MOST_CLAIMS {
            return None;
        }
        claims = claims
            .iter()
            .flat_map(|claim| rows.iter().map(|row| [claim.as_slice(), row].concat()))
            .collect();
    }
    let is_something = claims.iter().all(|claim| !claim.is_empty());
    (is_something && !claims.is_empty()).then_some(claims)
}

/// `Data.Tags[].TagName is blue`, of what the lost call gave.
fn describe(compared: &[(&String, Given<'_>)], model: &LookupModel, is_absence: bool) -> String {
    let no = if is_absence { "no " } else { "" };
    let ours = compared.iter().map(|(path, Given { list, values })| {
        let texts: Vec<String> = values.iter().filter_map(|value| value.to_text()).collect();
        match list {
            Some(_) => format!("{no}{path} is among {}", serde_json::json!(texts)),
            None => format!("{no}{path} is {}", texts.concat()),
        }
    });
    let constants = model
        .equals
        .iter()
        .map(|(path, value)| format!("{no}{path} is {}", path::text(value)));
    ours.chain(constants).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Sighting};
    use crate::client::value::Value;
    use cumulua_core::catalog::Catalog;
    use serde_json::{Value as Json, json};

    fn evidence(action: &str, params: &Json) -> Option<Evidence> {
        let action = Catalog::default().action(action).unwrap();
        let Value::Object(params) = Value::from(params) else {
            panic!("parameters are an object")
        };
        Evidence::of(&action, action.lookup.as_ref().unwrap(), &params)
    }

    fn servers(ids: &[&str], state: &str) -> Json {
        let servers: Vec<Json> = ids
            .iter()
            .map(|id| json!({"InstanceId": id, "InstanceStatus": state}))
            .collect();
        json!({"Data": {"Instances": servers}})
    }

    #[test]
    fn what_was_deleted_is_on_no_page() {
        let evidence = evidence(
            "cds.ccs.DeleteInstance",
            &json!({"InstanceIds": ["a", "b"]}),
        )
        .unwrap();
        let pages = |first: &[&str], second: &[&str]| {
            evidence.judge(&[servers(first, "running"), servers(second, "running")])
        };
        assert_eq!(pages(&["x"], &["y"]), Sighting::Done);
        assert_eq!(pages(&["x", "a"], &["b"]), Sighting::Unchanged);
        assert_eq!(pages(&["x"], &["b"]), Sighting::Moving);
        assert_eq!(
            evidence.judge(&[servers(&["a", "b"], "updating")]),
            Sighting::Moving
        );
    }

    #[test]
    fn what_was_made_has_to_come_to_rest() {
        let evidence = evidence("cds.ccs.StopInstance", &json!({"InstanceId": "a"})).unwrap();
        let judge = |id: &str, state: &str| evidence.judge(&[servers(&[id], state)]);
        assert_eq!(judge("a", "stopped"), Sighting::Done);
        assert_eq!(judge("a", "running"), Sighting::Unchanged);
        assert_eq!(judge("b", "stopped"), Sighting::Unchanged);
    }

    #[test]
    fn values_of_one_element_belong_together_and_those_of_two_lists_are_combined() {
        let bind = json!({"SecurityGroupId": "g", "BindData": [{"RuleId": "r", "Priority": 1}, {"RuleId": "s", "Priority": 2}]});
        let evidence_of_rules = evidence("cds.ccs.ModifySecurityGroupRulePriority", &bind).unwrap();
        let rules = |first: u64, second: u64| {
            let rules = json!([{"RuleId": "r", "Priority": first}, {"RuleId": "s", "Priority": second.to_string()}]);
            evidence_of_rules.judge(&[json!({"Data": {"SecurityGroupRules": rules}})])
        };
        assert_eq!(rules(1, 2), Sighting::Done);
        assert_eq!(rules(2, 1), Sighting::Unchanged);
        assert_eq!(rules(1, 1), Sighting::Moving);
        let tags = json!({"InstanceIds": "a", "AddTagIds": "7"});
        let evidence = evidence("cds.ccs.AddInstancesTags", &tags).unwrap();
        let tagged = json!({"Data": {"Instances": [
            {"InstanceId": "b", "InstanceStatus": "running", "Tags": [{"TagId": 7}]},
            {"InstanceId": "a", "InstanceStatus": "running", "Tags": [{"TagId": 8}]},
        ]}});
        assert_eq!(evidence.judge(&[tagged]), Sighting::Unchanged);
    }

    #[test]
    fn a_part_of_what_has_to_fit_together_is_no_evidence() {
        assert_eq!(evidence("cds.vpc.UpdateEIP", &json!({"EIPId": "e"})), None);
        assert_eq!(evidence("cds.ccs.CreateTag", &json!({})), None);
        assert_eq!(
            evidence("cds.ccs.RebootInstance", &json!({"InstanceId": "i"})),
            None
        );
    }
}
