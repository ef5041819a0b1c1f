//! Sub-accounts: the people who use desktops.

use super::answers::done;
use super::arguments::{MALFORMED, UNKNOWN, filled, ids};
use super::state::{Account, DESKTOP};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::listing::{Comparison, Filter, Listing};
use crate::cloud::params::Params;
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};
use std::collections::HashMap;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateSubAccount", create),
    ("CreateSubAccounts", create_several),
    ("ChangeSubAccountName", rename),
    ("ChangeSubAccountRemark", remark),
];

const MAX_REMARK: usize = 30;

pub(super) const ACCOUNTS: Listing = Listing {
    action: "QuerySubAccounts",
    rows: views,
    filters: &[
        Filter {
            parameter: "email",
            field: "email",
            comparison: Comparison::Equals,
        },
        Filter {
            parameter: "name",
            field: "name",
            comparison: Comparison::Equals,
        },
        Filter {
            parameter: "remark",
            field: "remark",
            comparison: Comparison::Equals,
        },
    ],
    page_size: u64::MAX,
};

fn views(call: &Call) -> Vec<Json> {
    let mut bound: HashMap<&str, u64> = HashMap::new();
    let desktops = call.cloud[DESKTOP].desktops.iter();
    for account in desktops.filter_map(|desktop| desktop.account.as_deref()) {
        *bound.entry(account).or_default() += 1;
    }
    let view = |account: &Account| {
        let idle = if account.has_failed {
            "error"
        } else {
            "create"
        };
        json!({
            "accountId": account.id,
            "name": account.name,
            "password": account.password.clone().unwrap_or_else(|| made_up_password(call, account)),
            "email": account.email,
            "remark": account.remark,
            "bindNum": bound.get(account.id.as_str()).copied().unwrap_or(0),
            "status": call.cloud.tasks.state_of(&account.id).unwrap_or(idle),
        })
    };
    call.cloud[DESKTOP].accounts.iter().map(view).collect()
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    let wanted = wanted(call.params).map_err(|why| Refusal::new(MALFORMED, why))?;
    if let Some(why) = is_taken(call, &wanted.email) {
        return Err(Refusal::new("11000", why));
    }
    add(call, wanted);
    Ok(done())
}

fn create_several(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    let all = call.params.objects("createAccountParams");
    if all.is_empty() {
        return Err(Refusal::new(MALFORMED, "createAccountParams is empty"));
    }
    let (mut made, mut failed) = (0, Vec::new());
    for params in all {
        let fits =
            wanted(params).and_then(|wanted| is_taken(call, &wanted.email).map_or(Ok(wanted), Err));
        match fits {
            Ok(wanted) => {
                add(call, wanted);
                made += 1;
            }
            Err(why) => failed.push(json!({
                "name": params.required("name"),
                "email": params.required("email"),
                "remark": params.required("remark"),
                "messsage": why,
            })),
        }
    }
    Ok(json!({"Data": {"failedNum": failed.len(), "successNum": made, "failedMsgs": failed}}))
}

/// A sub-account that shall be made.
struct Wanted {
    name: String,
    email: String,
    password: Option<String>,
    remark: String,
}

/// What shall be made, or why not.
fn wanted(params: Params) -> Result<Wanted, String> {
    let text = |name: &str| {
        params
            .text(name)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    let required = |name: &str| {
        text(name)
            .map(str::to_owned)
            .ok_or_else(|| format!("{name} is required"))
    };
    let (name, email) = (required("name")?, required("email")?);
    if email
        .split_once('@')
        .is_none_or(|(user, host)| user.is_empty() || !host.contains('.') || host.contains('@'))
    {
        return Err(format!("{email:?} is not an e-mail address"));
    }
    let remark = params.required("remark").to_owned();
    if remark.chars().count() > MAX_REMARK {
        return Err(format!("a remark has at most {MAX_REMARK} characters"));
    }
    let password = text("password").map(str::to_owned);
    if password
        .as_ref()
        .is_some_and(|password| !is_acceptable(password))
    {
        return Err(
            "a password has 8 to 20 digits, small and capital letters, some of each".to_owned(),
        );
    }
    Ok(Wanted {
        name,
        email,
        password,
        remark,
    })
}

fn is_acceptable(password: &str) -> bool {
    let has = |test: fn(&u8) -> bool| password.bytes().any(|byte| test(&byte));
    (8..=20).contains(&password.len())
        && password.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
}

/// The password of a sub-account for which none was chosen, always the same.
fn made_up_password(call: &Call, account: &Account) -> String {
    format!(
        "Gcw{:06.0}",
        call.cloud.fraction(&format!("{} password", account.id), 0) * 999_999.0
    )
}

/// Sub-accounts are found by their addresses, so no two have the same.
fn is_taken(call: &Call, email: &str) -> Option<String> {
    let known = call.cloud[DESKTOP]
        .accounts
        .iter()
        .any(|account| account.email == email);
    known.then(|| format!("{email} has a sub-account already"))
}

fn add(call: &mut Call, wanted: Wanted) {
    let cloud = &mut *call.cloud;
    let id = cloud.ids.uuid();
    let Wanted {
        name,
        email,
        password,
        remark,
    } = wanted;
    cloud[DESKTOP].accounts.insert(Account {
        id: id.clone(),
        name,
        email,
        password,
        remark,
        has_failed: false,
    });
    let plan = Plan::holding(work::ACCOUNT, vec![id.clone()]).showing("creating");
    cloud.start(plan.or_else(Effect::FailAccount { account: id }));
}

/// The sub-account of an address that is created and in order.
fn of_email(call: &Call, email: &str, code: &'static str) -> Result<String, Refusal> {
    let account = call.cloud[DESKTOP]
        .accounts
        .iter()
        .find(|account| account.email == email);
    let account = account
        .ok_or_else(|| Refusal::new(UNKNOWN, format!("There is no sub-account {email:?}")))?;
    if account.has_failed || call.cloud.tasks.state_of(&account.id).is_some() {
        return Err(Refusal::new(
            code,
            format!("The sub-account {email} is not created"),
        ));
    }
    Ok(account.id.clone())
}

fn rename(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    let name = filled(call, "name")?;
    let id = of_email(call, filled(call, "email")?, "10211")?;
    if let Some(account) = call.cloud[DESKTOP].accounts.get_mut(&id) {
        name.clone_into(&mut account.name);
    }
    Ok(done())
}

fn remark(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    let remark = call.params.required("remark");
    let accounts = ids(call, "emails")?
        .into_iter()
        .map(|email| of_email(call, email, "11013"))
        .collect::<Result<Vec<_>, _>>()?;
    for id in &accounts {
        if let Some(account) = call.cloud[DESKTOP].accounts.get_mut(id) {
            remark.clone_into(&mut account.remark);
        }
    }
    Ok(done())
}
