//! Where a request goes.

use crate::config::{Account, is_loopback};
use cumulua_core::catalog::Action;
use url::Url;

/// Why there is nowhere to send a request.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EndpointError {
    /// The profile must give the URL and does not.
    #[error(
        "{product} has no public address; give its URL with --endpoint {product}=URL, {variable}, or `endpoint` in the profile"
    )]
    Missing {
        /// The product.
        product: String,
        /// The environment variable of the vendor's own tools.
        variable: String,
    },
    /// Not a URL.
    #[error(
        "the endpoint {url:?} ({origin}) is not a URL: {reason}; write it as https://host/path"
    )]
    Malformed {
        /// What was given.
        url: String,
        /// Where it was given.
        origin: String,
        /// What is wrong.
        reason: String,
    },
    /// Plain http to a host that is not this machine.
    #[error(
        "the endpoint {url} ({origin}) would send signed requests unencrypted; use https, or set allow_http = true in the profile"
    )]
    PlainHttp {
        /// What was given.
        url: String,
        /// Where it was given.
        origin: String,
    },
    /// A region that the product does not have.
    #[error("{product} has no region {region:?} ({origin}); it has {known}")]
    UnknownRegion {
        /// The product.
        product: String,
        /// What was given.
        region: String,
        /// Where it was given.
        origin: String,
        /// What there is.
        known: String,
    },
}

/// The URL of an Action for an account, without a query.
pub fn endpoint(action: &Action, account: &Account) -> Result<Url, EndpointError> {
    let mut url = match account.endpoint(&action.service.service) {
        Some(setting) => overridden(
            action,
            &setting.value,
            &setting.origin.to_string(),
            account.allow_http,
        )?,
        None => documented_endpoint(action, account)?,
    };
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// An override replaces scheme and host; its path goes in front of the Action's.
fn overridden(
    action: &Action,
    text: &str,
    origin: &str,
    allow_http: bool,
) -> Result<Url, EndpointError> {
    let malformed = |reason: String| EndpointError::Malformed {
        url: text.to_owned(),
        origin: origin.to_owned(),
        reason,
    };
    let mut url = Url::parse(text).map_err(|error| {
        // What stands before an @ may be a password.
        let host = text.rsplit('@').next().unwrap_or_default().to_owned();
        EndpointError::Malformed {
            url: host,
            origin: origin.to_owned(),
            reason: error.to_string(),
        }
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::Malformed {
            url: "…".to_owned(),
            origin: origin.to_owned(),
            reason: "it holds a user name or a password, which belong into the credentials"
                .to_owned(),
        });
    }
    match url.scheme() {
        "https" => {}
        "http" if allow_http || is_loopback(&url) => {}
        "http" => {
            return Err(EndpointError::PlainHttp {
                url: text.to_owned(),
                origin: origin.to_owned(),
            });
        }
        other => return Err(malformed(format!("{other} is neither https nor http"))),
    }
    let prefix = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{prefix}{}", own_path(action)));
    Ok(url)
}

fn documented_endpoint(action: &Action, account: &Account) -> Result<Url, EndpointError> {
    let product = &action.product;
    let Some(host) = action.host() else {
        let variable = product.credentials.url.clone().unwrap_or_default();
        return Err(EndpointError::Missing {
            product: product.product.clone(),
            variable,
        });
    };
    let host = match &account.region {
        Some(setting) if !product.regions.is_empty() => {
            let region =
                region_of(action, &setting.value).ok_or_else(|| EndpointError::UnknownRegion {
                    product: product.product.clone(),
                    region: setting.value.clone(),
                    origin: setting.origin.to_string(),
                    known: product
                        .regions
                        .keys()
                        .cloned()
                        .collect::<Vec<_>>()
                        .join(", ")
                        + ", and the zones of its documents",
                })?;
            product.regions[&region]
                .hosts
                .get(host)
                .map_or(host, String::as_str)
        }
        _ => host,
    };
    Url::parse(&format!("https://{host}{}", own_path(action))).map_err(|error| {
        EndpointError::Malformed {
            url: host.to_owned(),
            origin: "catalogue".to_owned(),
            reason: error.to_string(),
        }
    })
}

/// A region by its own name or by that of one of its zones.
fn region_of(action: &Action, name: &str) -> Option<String> {
    let product = &action.product;
    if product.regions.contains_key(name) {
        return Some(name.to_owned());
    }
    let table = product.tables.get(product.zones.as_ref()?)?;
    table
        .values
        .iter()
        .find(|zone| zone.value == name)?
        .region
        .clone()
}

/// Capital Online puts a slash after the path; a path that is only a slash stays out of an
/// override's own.
fn own_path(action: &Action) -> String {
    match action.path() {
        "/" => String::new(),
        path => format!("{}/", path.trim_end_matches('/')),
    }
}
