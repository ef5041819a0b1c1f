//! The reading call that shows whether a call whose answer was lost was carried out.

use super::command::{self, AccountRef};
use super::evidence::{Evidence, at_path};
use super::paginator::Paginator;
use super::value::{Params, Value};
use cumulua_core::catalog::{Action, Catalog, Required};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What became of a call whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out.
    Done,
    /// It was not.
    NotDone,
    /// Nothing shows it.
    Unknown,
}

impl Outcome {
    /// As scripts see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone => "not done",
            Self::Unknown => "unknown",
        }
    }
}

/// The reading call that shows whether a lost one was carried out.
#[derive(Debug, Clone)]
pub struct OutcomeProbe {
    reading: Action,
    /// Its parameters, as far as the lost call gives them; never a secret.
    given: Params,
    /// Parameters of the sites of which each is asked for; none where the lost call names its own.
    sites: Vec<Params>,
    /// The account of the lost call.
    account: AccountRef,
    /// What its answer shows where the call was carried out, where a person needs no more than
    /// that.
    evidence: Option<Evidence>,
    settles: Duration,
}

impl OutcomeProbe {
    /// The probe for a call with `params` in `account`; none where no documented Action does.
    pub fn of(
        catalog: &Catalog,
        action: &Action,
        params: &Params,
        account: AccountRef,
    ) -> Option<Self> {
        let model = action.lookup.as_ref()?;
        let reading = catalog.action(&model.action).ok()?;
        let given: Params = model
            .params
            .iter()
            .filter_map(|(name, at)| Some((name.clone(), at_path(action, params, at)?.clone())))
            .collect();
        let sites = model
            .each
            .as_ref()
            .and_then(|name| action.product.sites.get(name));
        Some(Self {
            sites: sites_of(&reading, sites.map_or(&[], Vec::as_slice), &given),
            evidence: Evidence::of(action, model, params),
            settles: Duration::from_secs(model.settles(action.task.is_some())),
            reading,
            given,
            account,
        })
    }

    /// The Action.
    pub fn reading(&self) -> &Action {
        &self.reading
    }

    /// The account that is asked.
    pub fn account(&self) -> &AccountRef {
        &self.account
    }

    /// What its answers are held against.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.evidence.as_ref()
    }

    /// How long after the lost call the answers can still be those from before it.
    pub fn settles(&self) -> Duration {
        self.settles
    }

    /// The parameters of each list that has to be read, from its first page on.
    pub fn requests(&self) -> Vec<Params> {
        let with = |site: &Params| self.given.clone().into_iter().chain(site.clone()).collect();
        if self.sites.is_empty() {
            vec![self.given.clone()]
        } else {
            self.sites.iter().map(with).collect()
        }
    }

    /// The parameters of the first request as a call of its own takes them: with a page that is
    /// as large as can be.
    pub fn params(&self) -> Params {
        let first = self.requests().swap_remove(0);
        Paginator::new(self.reading.clone(), first.clone())
            .map_or(first, |paginator| paginator.first_page())
    }

    /// The command that makes the call.
    pub fn command(&self) -> String {
        let mut words = vec![
            "cumulua call".to_owned(),
            self.reading.full_name.to_string(),
        ];
        words.extend(self.account.options());
        words.extend(self.params().iter().map(|(name, value)| match value {
            Value::String(text) => command::word(&format!("{name}={text}")),
            other => command::word(&format!("{name}:={}", other.to_redacted_json())),
        }));
        words.join(" ")
    }

    /// What one call of the command does not show.
    fn reservations(&self) -> Vec<String> {
        let pager = self.reading.paginator.as_ref();
        let is_paged = pager.is_some_and(|pager| pager.page.is_some() || pager.offset.is_some());
        let names: Vec<&str> = self
            .sites
            .first()
            .into_iter()
            .flat_map(Params::keys)
            .map(String::as_str)
            .collect();
        [
            is_paged.then(|| "on any of its pages".to_owned()),
            (self.sites.len() > 1).then(|| format!("for any {}", names.join(" and "))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl fmt::Display for OutcomeProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` shows whether it was", self.command())?;
        if let Some(evidence) = &self.evidence {
            write!(f, " (then {}", evidence.text())?;
            let reservations = self.reservations();
            if !reservations.is_empty() {
                write!(f, ", {}", reservations.join(", "))?;
            }
            let minutes = self.settles.as_secs().div_ceil(60);
            write!(
                f,
                "), {minutes} min after it at the latest; in a script, outcome(e) finds out"
            )?;
        }
        Ok(())
    }
}

/// The parameters of each site as a reading call takes them, where they fit what is given.
fn sites_of(reading: &Action, sites: &[BTreeMap<String, String>], given: &Params) -> Vec<Params> {
    let mut found: Vec<Params> = Vec::new();
    for site in sites {
        let fits = site.iter().all(|(name, value)| {
            let own = given.get(name).and_then(Value::to_text);
            own.is_none_or(|own| own.eq_ignore_ascii_case(value))
        });
        let takes = |name: &str| {
            reading
                .param(name)
                .is_some_and(|param| param.required != Required::No)
        };
        let params: Params = site
            .iter()
            .filter(|(name, _)| takes(name) && !given.contains_key(*name))
            .map(|(name, value)| (name.clone(), Value::String(value.clone())))
            .collect();
        if fits && !params.is_empty() && !found.contains(&params) {
            found.push(params);
        }
    }
    found
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
        let catalog = Catalog::default();
        OutcomeProbe::of(&catalog, &catalog.action(action).unwrap(), &params, account).unwrap()
    }

    #[test]
    fn it_is_a_command_with_the_parameters_of_the_lost_call() {
        let made = probe(
            "cds.ccs.CreateInstance",
            &json!({"VdcId": "v-1", "InstanceName": "a b"}),
            AccountRef::default(),
        );
        let expected = "`cumulua call cds.ccs.DescribeInstances VdcId=v-1` shows whether it was (then Data.Instances[].InstanceName is a b or that and a number, on any of its pages), 15 min after it at the latest; in a script, outcome(e) finds out";
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
            others: vec![
                ("--config", Some("my own.toml".to_owned())),
                ("--endpoint", Some("cds=http://127.0.0.1:1".to_owned())),
                ("--sim", None),
            ],
        };
        let lookup = probe("cds.ccs.CreateTag", &json!({"TagName": "blue"}), account);
        assert_eq!(
            lookup.command(),
            "cumulua call cds.ccs.DescribeTags --profile new --region us --config 'my own.toml' --endpoint cds=http://127.0.0.1:1 --sim"
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
            lookup.to_string().contains("(then no Data[].TagId is 7)"),
            "{lookup}"
        );
    }

    #[test]
    fn it_asks_at_each_site_that_the_lost_call_does_not_name() {
        let eip = json!({"EIPId": "e-1", "NetId": "n-1", "IP": "10.0.0.9"});
        let lookup = probe("cds.vpc.UnbindEIP", &eip, AccountRef::default());
        assert_eq!(lookup.requests().len(), 19);
        assert!(
            lookup
                .requests()
                .iter()
                .all(|params| params.contains_key("RegionCode"))
        );
        let text = lookup.to_string();
        assert!(text.contains("RegionCode=CN_Hongkong` shows"), "{text}");
        assert!(text.contains("for any RegionCode"), "{text}");
        let vpc = json!({"RegionCode": "CN_Suqian", "VPCName": "v", "VPCSegment": "10.0.0.0/8"});
        let lookup = probe("cds.vpc.CreateVPC", &vpc, AccountRef::default());
        assert_eq!(lookup.requests().len(), 1);
        assert!(!lookup.to_string().contains("for any"), "{lookup}");
    }

    #[test]
    fn a_command_has_the_page_that_its_action_wants() {
        let template = json!({"DisplayName": "t", "InstanceId": "i"});
        let lookup = probe("cds.ccs.CreateTemplate", &template, AccountRef::default());
        assert!(
            lookup.command().contains("PageNumber:=1 PageSize:=100"),
            "{lookup}"
        );
    }

    #[test]
    fn a_secret_is_no_parameter_of_it() {
        let params = Params::from([("TagName".to_owned(), Value::Secret(Secret::new("hidden")))]);
        let catalog = Catalog::default();
        let action = catalog.action("cds.ccs.CreateTag").unwrap();
        let lookup = OutcomeProbe::of(&catalog, &action, &params, AccountRef::default()).unwrap();
        assert!(
            !lookup.to_string().contains("hidden") && !lookup.to_string().contains("(then"),
            "{lookup}"
        );
    }
}
