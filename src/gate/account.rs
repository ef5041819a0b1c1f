//! Checks that a run uses the account that its script expects.

use super::admit::allow;
use super::base::Gate;
use super::denied::Denied;
use crate::config::Account;
use crate::policy::{ExpectedAccount, Subject};

impl Gate {
    /// Refuses to go on where the profile that calls use is not the named one, or where no
    /// product's calls are signed with that access key. A simulation has no real account, so it
    /// goes on.
    pub fn expect_account(
        &self,
        profile: Option<&str>,
        access_key: Option<&str>,
    ) -> Result<(), Denied> {
        if self.simulation().is_some() {
            return Ok(());
        }
        let current = self.parts.profiles.current()?;
        let accounts = if access_key.is_some() {
            self.accounts()
        } else {
            Vec::new()
        };
        let expected = ExpectedAccount {
            profile,
            access_key,
            current: &current,
            accounts: &accounts,
        };
        allow(&Subject::Account(expected)).map_err(Denied::Policy)
    }

    /// The accounts of all products for which there are credentials.
    fn accounts(&self) -> Vec<(String, Account)> {
        let products = self.parts.catalog.products().into_iter();
        let accounts = products.filter_map(|product| {
            let model = self.parts.catalog.product(&product).ok()?;
            Some((
                product,
                self.parts.profiles.account(&model, None, None).ok()?,
            ))
        });
        accounts.collect()
    }
}
