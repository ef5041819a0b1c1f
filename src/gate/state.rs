//! The state of a resource, asked for as the catalogue says.

use super::Gate;
use crate::client::error::{CallError, Failure};
use crate::client::value::{Params, Value};
use crate::client::{Answer, Call, CallOptions, waiter};
use crate::effect_id::EffectId;
use cumulua_core::catalog::StateModel;

/// A resource whose state the catalogue can ask for.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The state's whole name, as `mcs.instance`.
    pub model: String,
    /// The resource's id.
    pub id: String,
    /// The profile; the run's own where none is named.
    pub profile: Option<String>,
    /// The region; the profile's own where none is named.
    pub region: Option<String>,
}

/// How a resource was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its state in the service's words; none where it is gone.
    pub state: Option<String>,
    /// Whether nothing good can follow that state.
    pub has_failed: bool,
    /// The answer; none where the service said that there is no such resource.
    pub answer: Option<Answer>,
}

impl Gate {
    /// The whole names of all states that the catalogue can ask for.
    pub fn state_models(&self) -> Vec<String> {
        let products = self.world.catalog.products();
        let models = products.iter().filter_map(|product| self.world.catalog.product(product).ok());
        models.flat_map(|model| model.states.keys().map(|name| format!("{}.{name}", model.product)).collect::<Vec<_>>()).collect()
    }

    /// Asks for the state of a resource.
    pub async fn look_at(&self, resource: &Resource, place: &EffectId) -> Result<Seen, Failure> {
        let unknown = || Failure::unsent(&resource.model, CallError::BadOption("the catalogue has no such state".to_owned()));
        let (product, name) = resource.model.split_once('.').ok_or_else(unknown)?;
        let product = self.world.catalog.product(product).map_err(|_| unknown())?;
        let model = product.states.get(name).ok_or_else(unknown)?;
        let action = self.world.catalog.action(&model.operation).map_err(|_| unknown())?;
        let id = Value::String(resource.id.clone());
        // One that takes a list in a text is given one.
        let is_list = |name: &String| action.param(name).is_some_and(|param| param.encoding.is_some());
        let value = |name: &String| if is_list(name) { Value::List(vec![id.clone()]) } else { id.clone() };
        let params: Params = model.arguments.keys().map(|name| (name.clone(), value(name))).collect();
        let options = CallOptions { profile: resource.profile.clone(), region: resource.region.clone(), ..CallOptions::default() };
        match self.call(Call { action, params, options }, place).await {
            Ok(answer) => {
                let state = waiter::state(model, &answer.json);
                let has_failed = state.as_deref().is_some_and(|state| waiter::has_failed(model, state));
                Ok(Seen { state, has_failed, answer: Some(answer) })
            }
            Err(failure) if is_gone(model, &failure) => Ok(Seen { state: None, has_failed: false, answer: None }),
            Err(failure) => Err(failure),
        }
    }
}

fn is_gone(model: &StateModel, failure: &Failure) -> bool {
    failure.error.refusal().and_then(|refusal| refusal.code.as_ref()).is_some_and(|code| model.gone.contains(code))
}
