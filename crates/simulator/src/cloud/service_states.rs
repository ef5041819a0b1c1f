//! The states of the services, each under its key.

use crate::cloud::data::Data;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// What a service's state is found by. Its name is the field of the state in a saved file.
pub(crate) struct StateKey<S> {
    name: &'static str,
    state: PhantomData<fn() -> S>,
}

impl<S> Clone for StateKey<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for StateKey<S> {}

impl<S> StateKey<S> {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            state: PhantomData,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        self.name
    }
}

impl<S: Data + Default + DeserializeOwned> StateKey<S> {
    /// How the state begins and is read, for a kernel that does not know its type.
    pub(crate) fn kind(self) -> StateKind {
        StateKind {
            name: self.name,
            new: || Box::new(S::default()),
            read: |deserializer| Ok(Box::new(erased_serde::deserialize::<S>(deserializer)?)),
        }
    }
}

/// Reads a state.
type ReadState =
    fn(&mut dyn erased_serde::Deserializer<'_>) -> Result<Box<dyn Data>, erased_serde::Error>;

/// How the state of a service begins and is read.
pub(crate) struct StateKind {
    /// The field in a saved file.
    pub(crate) name: &'static str,
    /// The state in a new cloud.
    pub(crate) new: fn() -> Box<dyn Data>,
    /// The state from a file; what is absent there is as in a new cloud.
    pub(crate) read: ReadState,
}

/// The states of all services. `states[VDC]` is the state under the key `VDC`.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServiceStates(Vec<(&'static str, Box<dyn Data>)>);

impl ServiceStates {
    /// Puts a state in place of the one of that name; a new one comes last.
    pub(crate) fn set(&mut self, name: &'static str, state: Box<dyn Data>) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = state,
            None => self.0.push((name, state)),
        }
    }

    /// The names and states, in the order of the services.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &dyn Data)> {
        self.0.iter().map(|(name, state)| (*name, &**state))
    }
}

impl<S: Data> Index<StateKey<S>> for ServiceStates {
    type Output = S;

    fn index(&self, key: StateKey<S>) -> &S {
        let state = self.0.iter().find(|(name, _)| *name == key.name);
        let state = state.and_then(|(_, state)| (&**state as &dyn Any).downcast_ref());
        state.unwrap_or_else(|| unlisted(key.name))
    }
}

impl<S: Data> IndexMut<StateKey<S>> for ServiceStates {
    fn index_mut(&mut self, key: StateKey<S>) -> &mut S {
        let state = self.0.iter_mut().find(|(name, _)| *name == key.name);
        let state = state.and_then(|(_, state)| (&mut **state as &mut dyn Any).downcast_mut());
        state.unwrap_or_else(|| unlisted(key.name))
    }
}

/// A state is missing only where its service is not in the list.
fn unlisted(name: impl fmt::Display) -> ! {
    panic!("no service of the list has the state {name}")
}
