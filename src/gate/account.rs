//! Holding a run to the account that its script expects.

use super::{Denied, Gate};
use crate::config::{Account, Origin};

impl Gate {
    /// Refuses to go on where the profile that calls use is not the named one, or where no product's calls are signed with the access
    /// key `id`. A rehearsal has nobody's account, so it goes on.
    pub fn expect_account(&self, profile: Option<&str>, id: Option<&str>) -> Result<(), Denied> {
        if self.rehearsal().is_some() {
            return Ok(());
        }
        let current = self.world.profiles.current()?;
        if let Some(expected) = profile.filter(|expected| *expected != current.value) {
            let found = format!("this run uses the profile {} ({})", current.value, current.origin);
            return Err(Denied::Policy(format!("the script expects the profile {expected}, and {found}; nothing was sent")));
        }
        let Some(id) = id else { return Ok(()) };
        let accounts = self.accounts();
        let is_expected = |account: &Account| account.access_key.value == id;
        // What listens on this machine for want of an account is a rehearsal too.
        let is_rehearsed = |account: &Account| account.access_key.origin == Origin::Simulator;
        let accounts_known = !accounts.is_empty();
        if accounts.iter().any(|(_, account)| is_expected(account))
            || accounts_known && accounts.iter().all(|(_, account)| is_rehearsed(account))
        {
            return Ok(());
        }
        let signs = |(product, account): &(String, Account)| {
            format!("{product} calls are signed with {} ({})", account.access_key.value, account.access_key.origin)
        };
        let found =
            if accounts_known { accounts.iter().map(signs).collect::<Vec<_>>().join(", ") } else { "there is none".to_owned() };
        Err(Denied::Policy(format!("the script expects the access key {id}, and {found}; nothing was sent")))
    }

    /// The accounts of all products for which there are credentials.
    fn accounts(&self) -> Vec<(String, Account)> {
        let products = self.world.catalog.products().into_iter();
        let accounts = products.filter_map(|product| {
            let model = self.world.catalog.product(&product).ok()?;
            Some((product, self.world.profiles.account(&model, None, None).ok()?))
        });
        accounts.collect()
    }
}
