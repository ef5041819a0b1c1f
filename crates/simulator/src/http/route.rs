//! Which Action of which service a request is for.

use crate::cloud::refusal::Refusal;
use crate::cloud::service::{Handling, Services};
use crate::http::request::{ALIYUN_VERSIONS, Incoming, Product};
use cumulua_core::catalog::{Action, Catalog};

/// The Action of a request and what carries it out.
pub(crate) fn find(
    services: Services,
    catalog: &Catalog,
    incoming: &Incoming,
) -> Result<(Action, Handling), Refusal> {
    let name = incoming.get("Action").unwrap_or_default();
    let path = incoming.path.trim_end_matches('/');
    let nothing = || {
        Refusal::new(
            "InvalidAction.NotFound",
            format!("There is no Action {name:?} at {}", incoming.path),
        )
    };
    let is_there = |service: &str| match incoming.product {
        Product::Cds => service.starts_with("cds."),
        Product::Aliyun => ALIYUN_VERSIONS
            .iter()
            .any(|(version, known)| *known == service && incoming.get("Version") == Some(version)),
        Product::Mcs => service == "mcs",
    };
    for simulated in services
        .iter()
        .filter(|simulated| is_there(simulated.name()))
    {
        let Ok(service) = catalog.service(simulated.name()) else {
            continue;
        };
        let Some(model) = service.action(name) else {
            continue;
        };
        // An endpoint's override can put a path in front.
        let is_here = incoming.product != Product::Cds || path.ends_with(service.path_of(model));
        let handling = if is_here {
            simulated.handling(name)
        } else {
            let mut elsewhere = simulated.elsewhere().iter();
            let asked = elsewhere.find(|one| one.action == name && path.ends_with(one.path));
            let Some(asked) = asked else { continue };
            Some(Handling::Code(asked.handler))
        };
        let Ok(action) = catalog.action(&model.full_name) else {
            continue;
        };
        if !action
            .methods
            .iter()
            .any(|method| method.as_str() == incoming.method)
        {
            return Err(Refusal::new(
                "UnsupportedHTTPMethod",
                format!("{name} does not take {}", incoming.method),
            ));
        }
        // Never an answer as if it had been carried out.
        let not_held = || {
            Refusal::new(
                "InvalidAction.NotFound",
                format!("The simulator does not hold {} yet", action.full_name),
            )
        };
        let handling = handling.ok_or_else(not_held)?;
        return Ok((action, handling));
    }
    Err(nothing())
}
