//! The catalogue's names: products, services and Actions as a script finds them.

use crate::lua::answer::{self, About};
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use cumulua_core::catalog::{Action, Catalog, CatalogError};
use mlua::{UserDataRef, Value as LuaValue};
use std::sync::{Arc, Mutex, PoisonError};

/// The Actions that a script has found, so that a call need not look for its own.
#[derive(Clone, Default)]
pub(in crate::lua) struct Found(Arc<Mutex<Vec<Action>>>);

impl Found {
    /// The number of an Action.
    fn number(&self, action: Action) -> usize {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found
            .iter()
            .position(|known| known.full_name == action.full_name)
            .unwrap_or_else(|| {
                found.push(action);
                found.len() - 1
            })
    }

    /// The Action of a number.
    pub(super) fn get(&self, number: usize) -> Option<Action> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(number)
            .cloned()
    }
}

pub(in crate::lua) fn register(bindings: &Bindings<'_>, found: &Found) -> mlua::Result<()> {
    bindings.plain("products", |_, gate, ()| Ok(gate.catalog().products()))?;
    // A product that is a single service has its Actions directly below it.
    bindings.plain("is_single", |_, gate, product: String| {
        Ok(gate.catalog().services().contains(&product))
    })?;
    bindings.function("service", |_, gate, (product, key): (String, LuaValue)| {
        let name = format!("{product}.{}", key_text(&key));
        if gate.catalog().services().contains(&name) {
            return Ok(name);
        }
        match gate.catalog().service(&name) {
            Err(failure) => Err(unknown(&failure)),
            Ok(_) => Err(Raised::invalid("not in the catalogue")),
        }
    })?;
    let found = found.clone();
    // An Action's whole name, and its number.
    bindings.function(
        "action",
        move |_, gate, (service, key): (String, LuaValue)| {
            let action = gate
                .catalog()
                .action(&format!("{service}.{}", key_text(&key)))
                .map_err(|failure| unknown(&failure))?;
            Ok((action.full_name.to_string(), found.number(action)))
        },
    )?;
    bindings.function("actions", |_, gate, service: String| {
        actions(gate.catalog(), &service)
    })?;
    bindings.function("members", |_, gate, product: String| {
        let services = gate.catalog().services_of(&product);
        if services.is_empty() {
            actions(gate.catalog(), &product)
        } else {
            Ok(services)
        }
    })?;
    bindings.plain("about", |lua, _, known: UserDataRef<About>| {
        answer::about(lua, &known)
    })
}

/// The names of a service's Actions.
fn actions(catalog: &Catalog, service: &str) -> Result<Vec<String>, Raised> {
    let model = catalog
        .service(service)
        .map_err(|failure| unknown(&failure))?;
    Ok(model
        .actions
        .iter()
        .map(|action| action.name.clone())
        .collect())
}

fn key_text(key: &LuaValue) -> String {
    key.to_string().unwrap_or_default()
}

fn unknown(failure: &CatalogError) -> Raised {
    Raised::invalid(failure.to_string())
}
