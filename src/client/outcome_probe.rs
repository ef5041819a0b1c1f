//! The reading call that shows whether a call whose answer was lost was carried out.

use super::command::{self, AccountRef};
use super::value::{Params, Value};
use cumulua_core::catalog::{Action, LookupModel};
use std::fmt;

/// The reading call that shows whether a lost one was carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomeProbe {
    /// The whole name of its Action.
    pub action: String,
    /// Its parameters, as far as the lost call gives them; never a secret.
    pub params: Params,
    /// The account of the lost call.
    account: AccountRef,
    /// What its answer shows where the call was carried out, where a person needs no more than
    /// that.
    evidence: Option<String>,
}

impl OutcomeProbe {
    /// The probe for a call with `params` in `account`; none where no documented Action does.
    pub fn of(action: &Action, params: &Params, account: AccountRef) -> Option<Self> {
        let model = action.lookup.as_ref()?;
        let given = |at: &str| at_path(action, params, at);
        Some(Self {
            action: model.action.clone(),
            params: model
                .params
                .iter()
                .filter_map(|(name, at)| Some((name.clone(), given(at)?.clone())))
                .collect(),
            account,
            evidence: evidence(model, given),
        })
    }

    /// The command that makes the call.
    pub fn command(&self) -> String {
        let mut words = vec!["cumulua call".to_owned(), self.action.clone()];
        words.extend(self.account.options());
        words.extend(self.params.iter().map(|(name, value)| match value {
            Value::String(text) => command::word(&format!("{name}={text}")),
            other => command::word(&format!("{name}:={}", other.to_redacted_json())),
        }));
        words.join(" ")
    }
}

impl fmt::Display for OutcomeProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` shows whether it was", self.command())?;
        match &self.evidence {
            Some(evidence) => write!(f, " (then {evidence})"),
            None => Ok(()),
        }
    }
}

/// The value of a parameter that may be shown, nested ones by their path.
fn at_path<'a>(action: &Action, params: &'a Params, path: &str) -> Option<&'a Value> {
    let mut known = action.params.as_slice();
    let mut fields = params;
    let mut steps = path.split('.').peekable();
    while let Some(step) = steps.next() {
        let param = known
            .iter()
            .find(|param| param.name == step)
            .filter(|param| !param.sensitive)?;
        match (fields.get(step)?, steps.peek()) {
            (Value::Secret(_), _) => return None,
            (value, None) => return Some(value),
            (Value::Object(inner), Some(_)) => (fields, known) = (inner, &param.fields),
            _ => return None,
        }
    }
    None
}

/// `Data.Tags[].TagName is blue`, of what the lost call gave.
fn evidence<'a>(model: &LookupModel, given: impl Fn(&str) -> Option<&'a Value>) -> Option<String> {
    let no = match model.carried_out_when.as_deref()? {
        "absent" => "no ",
        _ => "",
    };
    let compared = model
        .compare
        .iter()
        .filter_map(|(path, ours)| Some((path, given(ours)?)));
    let texts: Vec<String> = compared
        .map(|(path, value)| match value {
            Value::List(_) | Value::Object(_) => {
                format!("{no}{path} is among {}", value.to_redacted_json())
            }
            scalar => format!("{no}{path} is {}", scalar.to_text().unwrap_or_default()),
        })
        .collect();
    // A part of what has to fit together proves nothing.
    (!texts.is_empty() && texts.len() == model.compare.len()).then(|| texts.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::OutcomeProbe;
    use crate::client::command::AccountRef;
    use crate::client::value::{Params, Value};
    use cumulua_core::catalog::Catalog;
    use cumulua_core::secret::Secret;
    use serde_json::json;

    fn probe(action: &str, params: &serde_json::Value, account: AccountRef) -> OutcomeProbe {
        let Value::Object(params) = Value::from(params) else {
            panic!("parameters are an object")
        };
        OutcomeProbe::of(
            &Catalog::default().action(action).unwrap(),
            &params,
            account,
        )
        .unwrap()
    }

    #[test]
    fn it_is_a_command_with_the_parameters_of_the_lost_call() {
        let made = probe(
            "cds.ccs.CreateInstance",
            &json!({"VdcId": "v-1", "InstanceName": "a b"}),
            AccountRef::default(),
        );
        let expected = "`cumulua call cds.ccs.DescribeInstances VdcId=v-1` shows whether it was (then Data.Instances[].InstanceName is a b)";
        assert_eq!(made.to_string(), expected);
        let nested = probe(
            "cds.ecs.CreateInstance",
            &json!({"VpcInfo": {"VpcId": "it's"}}),
            AccountRef::default(),
        );
        assert_eq!(
            nested.command(),
            r"cumulua call cds.ecs.DescribeInstanceList 'VpcId=it'\''s'"
        );
    }

    #[test]
    fn it_asks_the_account_of_the_lost_call() {
        let account = AccountRef {
            profile: Some("new".to_owned()),
            region: Some("us".to_owned()),
        };
        let lookup = probe("cds.ccs.CreateTag", &json!({"TagName": "blue"}), account);
        assert_eq!(
            lookup.command(),
            "cumulua call cds.ccs.DescribeTags --profile new --region us"
        );
    }

    #[test]
    fn what_must_be_absent_is_named() {
        let lookup = probe(
            "cds.ccs.DeleteTag",
            &json!({"TagId": 7}),
            AccountRef::default(),
        );
        assert!(
            lookup.to_string().ends_with("(then no Data[].TagId is 7)"),
            "{lookup}"
        );
    }

    #[test]
    fn a_secret_is_no_parameter_of_it() {
        let params = Params::from([("TagName".to_owned(), Value::Secret(Secret::new("hidden")))]);
        let action = Catalog::default().action("cds.ccs.CreateTag").unwrap();
        let lookup = OutcomeProbe::of(&action, &params, AccountRef::default()).unwrap();
        assert!(
            !lookup.to_string().contains("hidden") && !lookup.to_string().contains("(then"),
            "{lookup}"
        );
    }
}
