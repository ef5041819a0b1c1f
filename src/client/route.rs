//! Whose name a call is made in, and where it goes. This only finds; whether the call may be made
//! is judged between the two.

use super::command::AccountRef;
use super::endpoint;
use super::error::CallError;
use super::sign::{Key, encode};
use crate::config::{Account, Profiles, RateLimit, is_loopback};
use cumulua_core::catalog::Action;
use cumulua_core::secret::{Redactor, Secret};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use url::Url;

/// Whose name a call is made in, as names and settings have it, and once it was asked for, where it
/// goes. No key is read before.
#[derive(Debug)]
pub struct Authority {
    /// The account.
    pub account: Account,
    /// The same, shared with answers.
    pub profile: Arc<str>,
    route: OnceLock<Route>,
}

/// Where a call goes, and the key that it is signed with.
#[derive(Debug)]
pub struct Route {
    /// The access key's id.
    pub access_key: String,
    /// The region.
    pub region: Option<Arc<str>>,
    /// What signs.
    pub key: Key,
    /// A session's token.
    pub token: Option<Secret>,
    /// Without a query.
    pub url: Url,
    /// What shares its rate.
    pub rate_key: RateKey,
    /// The same, shared with answers.
    pub endpoint: Arc<str>,
}

/// What shares a rate limit: an account of a product.
#[derive(Debug, Clone)]
pub struct RateKey {
    /// The product.
    pub product: String,
    /// The access key's id.
    pub access_key: String,
    /// The limit; none for an endpoint on this machine.
    pub limit: Option<RateLimit>,
}

impl Route {
    /// The URL with what stands in its path, and this query.
    pub(super) fn url(&self, path: &[(String, String)], query: Option<&str>) -> Url {
        let mut url = self.url.clone();
        if !path.is_empty() {
            let filled = url.path().split('/').map(|segment| {
                let name = segment.strip_prefix(':');
                let value = name.and_then(|name| path.iter().find(|(given, _)| given == name));
                value.map_or(Cow::Borrowed(segment), |(_, value)| encode(value).into())
            });
            let filled = filled.collect::<Vec<_>>().join("/");
            url.set_path(&filled);
        }
        url.set_query(query);
        url
    }
}

impl Authority {
    /// The way of an Action's calls, and the key, which is read here. Both stay what they are.
    pub fn route(
        &self,
        profiles: &Profiles,
        redactor: &Redactor,
        action: &Action,
    ) -> Result<&Route, CallError> {
        if let Some(route) = self.route.get() {
            return Ok(route);
        }
        let found = find(&self.account, profiles, redactor, action)?;
        Ok(self.route.get_or_init(|| found))
    }
}

/// The accounts and ways that are known: finding one out takes as long as signing a request and
/// sending it. A profile does not change while it is in use; what a person chooses at the prompt
/// does.
#[derive(Debug, Default)]
pub struct Routes(Mutex<Found>);

#[derive(Debug, Default)]
struct Found {
    /// What was chosen when they were found.
    choices: u64,
    /// By the Action's whole name.
    authorities: HashMap<Arc<str>, Vec<(AccountRef, Arc<Authority>)>>,
}

impl Routes {
    /// Whose name a call of an Action is made in.
    pub fn of(
        &self,
        profiles: &Profiles,
        action: &Action,
        named: &AccountRef,
    ) -> Result<Arc<Authority>, CallError> {
        let find = || {
            let account = profiles.account(
                &action.product,
                named.profile.as_deref(),
                named.region.as_deref(),
            )?;
            Ok::<_, CallError>(Arc::new(Authority {
                profile: account.profile.as_str().into(),
                account,
                route: OnceLock::new(),
            }))
        };
        // Another Action may be called by this one's name.
        if !action.is_catalogued() {
            return find();
        }
        let choices = profiles.choices();
        {
            let known = self.lock();
            let authorities = known
                .authorities
                .get(&action.full_name)
                .filter(|_| known.choices == choices);
            if let Some((_, authority)) = authorities
                .into_iter()
                .flatten()
                .find(|(own, _)| own == named)
            {
                return Ok(Arc::clone(authority));
            }
        }
        let authority = find()?;
        let mut known = self.lock();
        if known.choices != choices {
            *known = Found {
                choices,
                ..Found::default()
            };
        }
        known
            .authorities
            .entry(action.full_name.clone())
            .or_default()
            .push((named.clone(), Arc::clone(&authority)));
        Ok(authority)
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(
    account: &Account,
    profiles: &Profiles,
    redactor: &Redactor,
    action: &Action,
) -> Result<Route, CallError> {
    let url = endpoint::endpoint(action, account)?;
    let secret = profiles.read("secret_key", &account.secret_key.value)?;
    let token = account
        .security_token
        .as_ref()
        .map(|token| profiles.read("security_token", &token.value))
        .transpose()?;
    for known in std::iter::once(&secret).chain(&token) {
        redactor.learn(known.expose());
    }
    // What listens on this machine is a simulator and can refuse by itself what is too much.
    let limit = account.rate_limit.filter(|_| !is_loopback(&url));
    let access_key = account.access_key.value.clone();
    Ok(Route {
        rate_key: RateKey {
            product: action.product.product.clone(),
            access_key: access_key.clone(),
            limit,
        },
        region: account
            .region
            .as_ref()
            .map(|region| region.value.as_str().into()),
        endpoint: url.as_str().into(),
        key: Key::new(action.product.protocol.signer, &secret),
        access_key,
        token,
        url,
    })
}
