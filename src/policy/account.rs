//! The account that a script expects.

use super::verdict::Verdict;
use crate::config::{Account, Origin, Setting};

/// The account that a script expects, and the ones that its calls would use.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedAccount<'a> {
    /// The expected profile.
    pub profile: Option<&'a str>,
    /// The expected access key.
    pub access_key: Option<&'a str>,
    /// The profile that calls use where they name none.
    pub current: &'a Setting<String>,
    /// The accounts of all products for which there are credentials, by product.
    pub accounts: &'a [(String, Account)],
}

/// Whether the script may go on: the profile must be the expected one, and some product's calls
/// must be signed with the expected key.
pub(super) fn judge(subject: &ExpectedAccount<'_>) -> Verdict {
    let ExpectedAccount {
        profile,
        access_key,
        current,
        accounts,
    } = *subject;
    if let Some(expected) = profile.filter(|expected| *expected != current.value) {
        let found = format!(
            "this run uses the profile {} ({})",
            current.value, current.origin
        );
        return Verdict::deny(format!(
            "the script expects the profile {expected}, and {found}; nothing was sent"
        ));
    }
    let Some(key) = access_key else {
        return Verdict::allow();
    };
    let is_expected = |account: &Account| account.access_key.value == key;
    // What listens on this machine for want of an account is a simulator, which has no real
    // account.
    let is_simulated = |account: &Account| account.access_key.origin == Origin::Simulator;
    let all_simulated =
        !accounts.is_empty() && accounts.iter().all(|(_, account)| is_simulated(account));
    if all_simulated || accounts.iter().any(|(_, account)| is_expected(account)) {
        return Verdict::allow();
    }
    let signs = |(product, account): &(String, Account)| {
        format!(
            "{product} calls are signed with {} ({})",
            account.access_key.value, account.access_key.origin
        )
    };
    let found = match accounts {
        [] => "there is none".to_owned(),
        accounts => accounts.iter().map(signs).collect::<Vec<_>>().join(", "),
    };
    Verdict::deny(format!(
        "the script expects the access key {key}, and {found}; nothing was sent"
    ))
}
