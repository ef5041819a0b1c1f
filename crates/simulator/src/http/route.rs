//! Which Action of which service a request is for.

use crate::cloud::refusal::Refusal;
use crate::cloud::service::{Handling, Services};
use crate::http::request::{ALIYUN_VERSIONS, Incoming, Product};
use cumulua_core::catalog::{Action, ActionModel, Catalog};

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
        let is_here = incoming.product != Product::Cds || is_at(path, service.path_of(model));
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
        let handling = handling.ok_or_else(|| not_held(&action))?;
        return Ok((action, handling));
    }
    let others = catalog.services();
    let lacking = others
        .iter()
        .filter(|name| is_there(name))
        .find_map(|name| {
            let service = catalog.service(name).ok()?;
            let name = incoming.get("Action")?;
            // Of those that are sent by one name, the method shows which is meant.
            let mut models = service.actions.iter();
            let model = models.find(|model| {
                let mut methods = model.methods.iter();
                model.wire_name() == name
                    && is_at(path, service.path_of(model))
                    && methods.any(|method| method.as_str() == incoming.method)
            })?;
            Some(not_held(model))
        });
    Err(lacking.unwrap_or_else(nothing))
}

fn not_held(action: &ActionModel) -> Refusal {
    let name = &action.full_name;
    let text = match &action.deprecated {
        Some(deprecation) => format!(
            "The simulator does not hold {name}, which is out of service: {}",
            deprecation.advice()
        ),
        None => format!("The simulator does not hold {name} so far"),
    };
    Refusal::new("InvalidAction.NotFound", text)
}

/// Whether a request's path is a documented one, which can have `:name` for a part; an endpoint's
/// override can put a path in front.
fn is_at(path: &str, documented: &str) -> bool {
    let mut parts = path.rsplit('/');
    let mut wanted = documented.trim_matches('/').rsplit('/');
    wanted.all(|wanted| {
        let part = parts.next();
        part.is_some_and(|part| part == wanted || wanted.starts_with(':') && !part.is_empty())
    })
}
