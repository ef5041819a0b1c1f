//! What an answer shows of a call whose own answer was lost: what the catalogue compares, held
//! against the answers of the reading call.

use super::value::{Params, Value};
use cumulua_core::catalog::{Action, Encoding, LookupModel, Param, Required, path};
use serde_json::Value as Json;
use std::borrow::Cow;
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
    /// Each in the variants in which it can stand.
    claims: Vec<Vec<Claim>>,
    is_absence: bool,
    /// Whether it proves nothing that nothing matches.
    may_miss: bool,
    /// That what matches is in a state in which nothing goes on.
    rest: Option<Fact>,
    text: String,
}

/// What stands together in an answer.
type Claim = Vec<Fact>;

/// A value at its path.
#[derive(Debug, Clone, PartialEq)]
struct Fact {
    path: String,
    is: Vec<String>,
    /// Whether a number may follow.
    is_numbered: bool,
}

impl Fact {
    fn allows(&self, value: &str) -> bool {
        let is_number = |rest: &str| {
            rest.trim_start_matches(['-', '_'])
                .bytes()
                .all(|byte| byte.is_ascii_digit())
        };
        self.is
            .iter()
            .any(|is| match value.strip_prefix(is.as_str()) {
                Some(rest) => rest.is_empty() || self.is_numbered && is_number(rest),
                None => false,
            })
    }
}

/// More claims than this are no evidence: a call of so many things is none that a lookup can judge.
const MOST_CLAIMS: usize = 10_000;

/// A parameter of the lost call as it is compared: a list of values, or one.
struct Given<'a> {
    /// The list whose elements the values are of; none for a single value.
    list: Option<String>,
    values: Vec<Cow<'a, Value>>,
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
                None if is_optional(action, params, ours) => {}
                None => return None,
            }
        }
        let constants = model.constants().map(|(path, is)| Fact {
            path: path.clone(),
            is,
            is_numbered: false,
        });
        Some(Self {
            text: describe(&compared, model, is_absence),
            claims: claims(&compared, model, constants.collect())?
                .into_iter()
                .map(|claim| variants(claim, model))
                .collect(),
            is_absence,
            may_miss: model.may_miss,
            rest: model.state.as_ref().map(|path| Fact {
                path: path.clone(),
                is: model.at_rest.clone(),
                is_numbered: false,
            }),
        })
    }

    /// What a person looks for.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the pages of the reading call show together.
    pub fn judge(&self, answers: &[Json]) -> Sighting {
        // What no element has cannot be compared.
        if self.facts().any(|fact| is_left_out(answers, &fact.path)) {
            return Sighting::Moving;
        }
        let matches = |claim: &Vec<Claim>, rest: Option<&Fact>| {
            claim.iter().any(|variant| {
                let facts = variant.iter().chain(rest);
                let expected: Vec<_> = facts.map(|fact| (fact.path.as_str(), fact)).collect();
                answers.iter().any(|answer| holds(answer, &expected))
            })
        };
        let found: Vec<&Vec<Claim>> = self
            .claims
            .iter()
            .filter(|claim| matches(claim, None))
            .collect();
        let is_resting = |claim: &&Vec<Claim>| matches(claim, self.rest.as_ref());
        let all = found.len() == self.claims.len();
        match (self.is_absence, found.is_empty()) {
            (true, true) => Sighting::Done,
            (false, true) if self.may_miss => Sighting::Moving,
            (false, true) => Sighting::Unchanged,
            (false, false) if all && found.iter().all(is_resting) => Sighting::Done,
            (true, false) if all && found.iter().all(is_resting) => Sighting::Unchanged,
            // A part of it was carried out, or what matches is on its way.
            _ => Sighting::Moving,
        }
    }
}

impl Evidence {
    fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.claims.iter().flatten().flatten()
    }
}

/// Whether no element of a list has a field of its own that it is known by.
fn is_left_out(answers: &[Json], path: &str) -> bool {
    let Some((list, field)) = path.split_once("[].") else {
        return false;
    };
    if field.contains(['.', '[']) {
        return false;
    }
    let list = format!("{list}[]");
    let mut elements = answers
        .iter()
        .flat_map(|answer| path::values(answer, &list))
        .peekable();
    elements.peek().is_some() && elements.all(|element| element.get(field).is_none())
}

/// A claim as it is, and with the values at the other paths where they may stand.
fn variants(claim: Claim, model: &LookupModel) -> Vec<Claim> {
    let other = claim.iter().map(|fact| Fact {
        path: model.or.get(&fact.path).unwrap_or(&fact.path).clone(),
        ..fact.clone()
    });
    let other: Claim = other.collect();
    if other == claim {
        vec![claim]
    } else {
        vec![claim, other]
    }
}

/// Whether all facts stand together, each at what is left of its path: paths through the same list
/// lead to the same element.
fn holds(json: &Json, expected: &[(&str, &Fact)]) -> bool {
    let mut lists: BTreeMap<&str, Vec<(&str, &Fact)>> = BTreeMap::new();
    for (path, fact) in expected {
        match path.split_once("[]") {
            None => {
                let value = path::first_or_self(json, path).map(path::text);
                if !value.is_some_and(|value| fact.allows(&value)) {
                    return false;
                }
            }
            Some((list, rest)) => {
                let rest = rest.trim_start_matches('.');
                lists.entry(list).or_default().push((rest, fact));
            }
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

/// Whether a call without this parameter lacks nothing: it depends on others, or is one of several
/// lists.
fn is_optional(action: &Action, params: &Params, path: &str) -> bool {
    let name = path.split(['[', '.']).next().unwrap_or_default();
    let is_needless =
        |param: &Param| param.required == Required::Conditional || path.contains("[]");
    !params.contains_key(name) && action.param(name).is_some_and(is_needless)
}

/// The value of a parameter that may be shown, nested ones by their path.
pub(super) fn at_path<'a>(action: &Action, params: &'a Params, path: &str) -> Option<&'a Value> {
    match given(action, params, path)? {
        Given { list: None, values } => match values.into_iter().next()? {
            Cow::Borrowed(value) => Some(value),
            Cow::Owned(_) => None,
        },
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
            let elements = values.into_iter().map(|value| elements(param, value));
            let mut found = Vec::new();
            for (is_list, elements) in elements {
                if is_list {
                    list.get_or_insert_with(|| path.to_owned());
                }
                found.extend(elements);
            }
            return Some(Given {
                list,
                values: found,
            });
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

/// Whether a value is a list, and its elements; a list may travel as a text.
fn elements<'a>(param: &Param, value: &'a Value) -> (bool, Vec<Cow<'a, Value>>) {
    let texts = match (param.encoding, value) {
        (_, Value::List(elements)) => return (true, elements.iter().map(Cow::Borrowed).collect()),
        (Some(Encoding::Comma), Value::String(text)) => text
            .split(',')
            .map(|text| Json::from(text.trim()))
            .collect(),
        (Some(Encoding::Json), Value::String(text)) => {
            serde_json::from_str(text).unwrap_or_else(|_| vec![Json::from(text.as_str())])
        }
        _ => return (false, vec![Cow::Borrowed(value)]),
    };
    let owned = |json: &Json| Cow::Owned(Value::from(json));
    (true, texts.iter().map(owned).collect())
}

/// Values of one list belong together, element by element; those of two lists are combined.
fn claims(
    compared: &[(&String, Given<'_>)],
    model: &LookupModel,
    constants: Claim,
) -> Option<Vec<Claim>> {
    let mut lists: BTreeMap<Option<&String>, Vec<Claim>> = BTreeMap::new();
    for (path, given) in compared {
        let rows = lists.entry(given.list.as_ref()).or_default();
        rows.resize_with(rows.len().max(given.values.len()), Claim::new);
        for (row, value) in rows.iter_mut().zip(&given.values) {
            let text = match &**value {
                Value::Secret(_) => return None,
                value => value.to_text()?,
            };
            row.push(Fact {
                path: (*path).clone(),
                is: vec![text],
                is_numbered: model.numbered.contains(path),
            });
        }
    }
    let mut claims = vec![constants];
    // An empty list asks for nothing.
    for rows in lists.values().filter(|rows| !rows.is_empty()) {
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
            None if model.numbered.contains(path) => {
                format!("{no}{path} is {} or that and a number", texts.concat())
            }
            None => format!("{no}{path} is {}", texts.concat()),
        }
    });
    let constants = model
        .constants()
        .map(|(path, texts)| format!("{no}{path} is {}", texts.join(" or ")));
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
        assert_eq!(judge("a", "stop"), Sighting::Done);
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
        let tags = json!({"InstanceIds": "a, c", "AddTagIds": "7"});
        let evidence = evidence("cds.ccs.AddInstancesTags", &tags).unwrap();
        let tagged = json!({"Data": {"Instances": [
            {"InstanceId": "b", "InstanceStatus": "running", "Tags": [{"TagId": 7}]},
            {"InstanceId": "a", "InstanceStatus": "running", "Tags": [{"TagId": 8}]},
        ]}});
        assert_eq!(evidence.judge(&[tagged]), Sighting::Unchanged);
        let tagged = |id: &str| json!({"Data": {"Instances": [{"InstanceId": id, "InstanceStatus": "running", "Tags": [{"TagId": 7}]}]}});
        assert_eq!(evidence.judge(&[tagged("a")]), Sighting::Moving);
        assert_eq!(evidence.judge(&[tagged("a"), tagged("c")]), Sighting::Done);
    }

    #[test]
    fn a_name_in_place_of_an_id_is_found_too() {
        let machine = |id: &str| json!({"InstanceSet": {"Instance": [{"instanceId": id, "instanceName": "web", "status": "running"}]}});
        for (given, id, sighting) in [
            ("i-1", "i-1", Sighting::Unchanged),
            ("web", "i-1", Sighting::Unchanged),
            ("i-2", "i-1", Sighting::Done),
        ] {
            let evidence = evidence("mcs.TerminateInstance", &json!({"InstanceId": given}));
            assert_eq!(evidence.unwrap().judge(&[machine(id)]), sighting, "{given}");
        }
    }

    #[test]
    fn what_an_answer_leaves_out_and_what_a_lookup_may_miss_prove_nothing() {
        let deletion = evidence("cds.bms_disk.DeleteDisk", &json!({"DiskId": "d"})).unwrap();
        let disks = |disks: Json| deletion.judge(&[json!({"Data": {"DiskList": disks}})]);
        assert_eq!(
            disks(json!([{"Name": "a disk without its id"}])),
            Sighting::Moving
        );
        assert_eq!(disks(json!([{"DiskId": "e"}])), Sighting::Done);
        assert_eq!(disks(json!([])), Sighting::Done);
        let order = json!({"VdcId": "v", "InstanceName": "web"});
        let order = evidence("cds.bms.CreateBmsInstance", &order).unwrap();
        assert_eq!(
            order.judge(&[json!({"Data": {"Baremetals": []}})]),
            Sighting::Moving
        );
    }

    #[test]
    fn a_number_that_the_service_adds_to_a_name_makes_no_other_name() {
        let order = json!({"VdcId": "v", "InstanceName": "web"});
        let evidence = evidence("cds.bms.CreateBmsInstance", &order).unwrap();
        let judge = |name: &str| {
            let server = json!({"Name": name, "State": "running"});
            evidence.judge(&[json!({"Data": {"Baremetals": [server]}})])
        };
        for name in ["web", "web001", "web-2", "web_003"] {
            assert_eq!(judge(name), Sighting::Done, "{name}");
        }
        for name in ["web-blue", "we", "1web", "web1b"] {
            assert_eq!(judge(name), Sighting::Moving, "{name}");
        }
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
