//! Whose name a call is made in, and where it goes. Found out once for each Action, profile and region: finding it out takes as long as
//! signing a request and sending it.

use super::command::Named;
use super::effects::Lane;
use super::endpoint;
use super::error::CallError;
use super::sign::Key;
use super::transport::{self, Destination, TransportError, unusable};
use crate::config::{Account, Profiles, is_loopback};
use cumulua_core::catalog::Action;
use cumulua_core::secret::{Redactor, Secret};
use http::{Uri, uri};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// Whose name a call is made in, and where it goes.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) account: Account,
    pub(super) key: Key,
    pub(super) token: Option<Secret>,
    /// Without a query.
    pub(super) url: Url,
    pub(super) lane: Lane,
    /// What answers say of it.
    pub(super) profile: Arc<str>,
    pub(super) region: Option<Arc<str>>,
    pub(super) endpoint: Arc<str>,
    pub(super) destination: Destination,
    /// The URL as HTTP takes it.
    uri: Uri,
}

impl Route {
    /// The URL with this query.
    pub(super) fn uri(&self, query: Option<String>) -> Result<Uri, TransportError> {
        let Some(query) = query else { return Ok(self.uri.clone()) };
        let path = [self.uri.path(), "?", &query].concat();
        uri::Builder::from(self.uri.clone()).path_and_query(path).build().map_err(|error| unusable(&error))
    }
}

/// The routes that are known. A profile does not change while it is in use; what a person chooses at the prompt does.
#[derive(Debug, Default)]
pub(super) struct Routes(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// What was chosen when the routes were found.
    choices: u64,
    /// By the Action's whole name.
    routes: HashMap<Arc<str>, Vec<(Named, Arc<Route>)>>,
}

impl Routes {
    /// The route of an Action in an account.
    pub(super) fn of(
        &self,
        profiles: &Profiles,
        redactor: &Redactor,
        action: &Action,
        account: &Named,
    ) -> Result<Arc<Route>, CallError> {
        // Another Action may be called by this one's name.
        if !action.is_catalogued() {
            return find(profiles, redactor, action, account).map(Arc::new);
        }
        let choices = profiles.choices();
        {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let routes = known.routes.get(&action.full_name).filter(|_| known.choices == choices);
            if let Some((_, route)) = routes.into_iter().flatten().find(|(own, _)| own == account) {
                return Ok(Arc::clone(route));
            }
        }
        let route = Arc::new(find(profiles, redactor, action, account)?);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.choices != choices {
            *known = Known { choices, ..Known::default() };
        }
        known.routes.entry(action.full_name.clone()).or_default().push((account.clone(), Arc::clone(&route)));
        Ok(route)
    }
}

fn find(profiles: &Profiles, redactor: &Redactor, action: &Action, named: &Named) -> Result<Route, CallError> {
    let account = profiles.account(&action.product, named.profile.as_deref(), named.region.as_deref())?;
    if let Some(setting) = account.read_only.as_ref().filter(|setting| setting.value && !action.read_only) {
        let reason =
            format!("{} changes things and the profile {} is read-only ({})", action.full_name, account.profile, setting.origin);
        return Err(CallError::Forbidden(reason));
    }
    let url = endpoint::endpoint(action, &account)?;
    let secret = profiles.read("secret_key", &account.secret_key.value)?;
    let token = account.security_token.as_ref().map(|token| profiles.read("security_token", &token.value)).transpose()?;
    for known in std::iter::once(&secret).chain(&token) {
        redactor.learn(known.expose());
    }
    // What listens on this machine is a rehearsal and can say itself when it has enough.
    let limit = account.rate_limit.filter(|_| !is_loopback(&url));
    let lane = Lane { product: action.product.product.clone(), access_key: account.access_key.value.clone(), limit };
    Ok(Route {
        profile: account.profile.as_str().into(),
        region: account.region.as_ref().map(|region| region.value.as_str().into()),
        endpoint: url.as_str().into(),
        destination: Destination::of(&url),
        uri: transport::uri(&url).map_err(CallError::Transport)?,
        account,
        key: Key::new(action.product.protocol.signer, &secret),
        token,
        url,
        lane,
    })
}
