//! What the kernel knows of a service. A service is a folder below `services/` with one
//! implementation of [`Service`], its name in `services/mod.rs` and a line in
//! `services/registry.rs`.

use crate::cloud::blob::{Download, ObjectUrl};
use crate::cloud::call::{Call, Handler, Table};
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::data::Data;
use crate::cloud::listing::Listing;
use crate::cloud::refusal::Refusal;
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;
use crate::cloud::task::Effect;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::any::Any;
use std::fmt::Debug;

/// All services, in the order in which they index, settle and report.
pub(crate) type Services = &'static [&'static dyn Service];

/// A service of the catalogue, or an account that several services share.
pub(crate) trait Service: Sync {
    /// Its name in the catalogue; an account has one of its own.
    fn name(&self) -> &'static str;

    /// The Actions that it carries out with code.
    fn actions(&self) -> &'static [Table] {
        &[]
    }

    /// The Actions that it answers with lists made from data.
    fn listings(&self) -> &'static [Listing] {
        &[]
    }

    /// The Actions that it answers at the paths of other services too, where clients ask for them.
    fn elsewhere(&self) -> &'static [Elsewhere] {
        &[]
    }

    /// How it carries an Action out, by the Action's name; none where it does not.
    fn handling(&self, action: &str) -> Option<Handling> {
        let mut handlers = self.actions().iter().copied().flatten();
        let code = handlers.find(|(name, _)| *name == action);
        let list = || self.listings().iter().find(|list| list.action == action);
        code.map(|(_, handler)| Handling::Code(*handler))
            .or_else(|| list().map(Handling::List))
    }

    /// The state that it keeps; none where it only reads that of others.
    fn state(&self) -> Option<StateKind> {
        None
    }

    /// The effects of its tasks; none where it has no tasks.
    fn effects(&self) -> Option<EffectKind> {
        None
    }

    /// Finds out what follows from the states: addresses that are taken, uses that are metered.
    /// Runs once, when a cloud begins.
    fn index(&self, _cloud: &mut Cloud) {}

    /// Follows up a change. Runs after each call and after the end of each task.
    fn follow_up(&self, _cloud: &mut Cloud) {}

    /// Does what time brings: renewals, ends of terms. Runs when the cloud is brought up to the
    /// present: before each call, and before its state is saved or looked at.
    fn settle(&self, _cloud: &mut Cloud) {}

    /// What does not fit together, as a person may have written it. Each names the list and the id.
    fn problems(&self, _cloud: &Cloud) -> Vec<String> {
        Vec::new()
    }

    /// The object that a URL leads to; none where it is none of an object of the service.
    fn object<'c>(
        &self,
        _cloud: &'c Cloud,
        _url: ObjectUrl<'_>,
    ) -> Option<Result<Download<'c>, Refusal>> {
        None
    }

    /// The lists of its resources by name, for the dashboard.
    fn dashboard_lists(&self, _cloud: &Cloud) -> Vec<(&'static str, DashboardList)> {
        Vec::new()
    }

    /// The same under names that only the catalogue has.
    fn kind_lists(&self, _cloud: &Cloud) -> Vec<(String, DashboardList)> {
        Vec::new()
    }
}

/// An Action that the documents have at the path of its own service alone, and that clients of the
/// vendor ask for at another one.
pub(crate) struct Elsewhere {
    pub(crate) path: &'static str,
    pub(crate) action: &'static str,
    pub(crate) handler: Handler,
}

/// How a service carries an Action out.
#[derive(Clone, Copy)]
pub(crate) enum Handling {
    Code(Handler),
    /// A list, from data.
    List(&'static Listing),
}

impl Handling {
    /// Carries a call out: its answer without what every answer of the product has, or why not.
    pub(crate) fn carry_out(self, call: &mut Call<'_>) -> Result<Json, Refusal> {
        match self {
            Self::Code(handler) => handler(call),
            Self::List(listing) => listing.answer(call),
        }
    }
}

/// What the end of a task does in a service: data, so that a running task can be written to a file.
pub(crate) trait TaskEffect: Data + Clone + Debug + Serialize + DeserializeOwned {
    /// The name of the service's state, which is the effect's field in a saved file.
    const STATE: &'static str;

    /// Does it. What has gone meanwhile is passed over.
    fn apply(self, cloud: &mut Cloud);
}

impl<E: TaskEffect> From<E> for Effect {
    fn from(effect: E) -> Self {
        Self {
            state: E::STATE,
            data: Box::new(effect),
        }
    }
}

/// Reads an effect.
type ReadEffect =
    fn(&mut dyn erased_serde::Deserializer<'_>) -> Result<Effect, erased_serde::Error>;

/// How the effects of a service are read and applied.
pub(crate) struct EffectKind {
    /// The field in a saved file.
    pub(crate) state: &'static str,
    pub(crate) read: ReadEffect,
    pub(crate) apply: fn(Effect, &mut Cloud),
}

impl EffectKind {
    pub(crate) fn of<E: TaskEffect>() -> Self {
        Self {
            state: E::STATE,
            read: |deserializer| erased_serde::deserialize::<E>(deserializer).map(Effect::from),
            apply: |effect, cloud| {
                let data: Box<dyn Any> = effect.data;
                if let Ok(effect) = data.downcast::<E>() {
                    effect.apply(cloud);
                }
            },
        }
    }
}
