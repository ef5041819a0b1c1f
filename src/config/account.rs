//! An account: what a call to one product needs to know of its profile.

use super::origin::Setting;
use crate::credentials::SecretSource;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

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
    /// How fast requests may follow one another; none in a simulation.
    pub rate_limit: Option<RateLimit>,
    /// The profile is marked as production.
    pub production: Option<Setting<bool>>,
}

/// How fast requests may follow one another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimit {
    /// Requests a second, above 0.
    pub per_second: f64,
    /// Requests that may leave at once after a pause, from 1.
    pub burst: NonZeroU32,
}

impl RateLimit {
    /// The default: no document names a limit, and this is well below what the services are known
    /// to take.
    pub const DEFAULT: Self = Self {
        per_second: 20.0,
        burst: NonZeroU32::MIN.saturating_add(39),
    };
    /// The slowest that a profile may set: one request in 1,000 s.
    pub const SLOWEST: f64 = 0.001;
    /// The fastest.
    pub const FASTEST: f64 = 1_000_000.0;
}

impl Account {
    /// The override for a service: its own, otherwise its product's.
    pub fn endpoint(&self, service: &str) -> Option<&Setting<String>> {
        let product = service.split('.').next().unwrap_or(service);
        self.endpoints
            .get(service)
            .or_else(|| self.endpoints.get(product))
    }
}
