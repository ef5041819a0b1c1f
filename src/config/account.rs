//! An account: what a call to one product needs to know of its profile.

use super::origin::Setting;
use crate::credentials::SecretSource;
use std::collections::BTreeMap;

/// What a call to one product needs to know of its profile.
#[derive(Debug, Clone)]
pub struct Account {
    /// The profile's name.
    pub profile: String,
    /// The access key's id.
    pub access_key: Setting<String>,
    /// Where the secret stands.
    pub secret_key: Setting<SecretSource>,
    /// Where a session's token stands.
    pub security_token: Option<Setting<SecretSource>>,
    /// The region.
    pub region: Option<Setting<String>>,
    /// Overrides of endpoints, by product or service.
    pub endpoints: BTreeMap<String, Setting<String>>,
    /// Endpoints may be plain http beyond this machine.
    pub allow_http: bool,
    /// Mutating calls are refused.
    pub read_only: Option<Setting<bool>>,
    /// The profile is marked as production.
    pub production: Option<Setting<bool>>,
}

impl Account {
    /// The override for a service: its own, else its product's.
    pub fn endpoint(&self, service: &str) -> Option<&Setting<String>> {
        let product = service.split('.').next().unwrap_or(service);
        self.endpoints.get(service).or_else(|| self.endpoints.get(product))
    }
}
