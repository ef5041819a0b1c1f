//! Data that the kernel keeps for a service without knowing its type: a service's state, or the
//! effect of a task. It can be copied and written to a file.

use serde::Serialize;
use std::any::Any;
use std::fmt::Debug;

/// A value of a service. Every type that can be copied and written is one.
pub(crate) trait Data: Any + Debug + Send + Sync + erased_serde::Serialize {
    /// A copy.
    fn boxed_clone(&self) -> Box<dyn Data>;
}

impl<T: Any + Clone + Debug + Send + Sync + Serialize> Data for T {
    fn boxed_clone(&self) -> Box<dyn Data> {
        Box::new(self.clone())
    }
}

erased_serde::serialize_trait_object!(Data);

impl Clone for Box<dyn Data> {
    fn clone(&self) -> Self {
        // The box is data itself: its own `boxed_clone` would call this function again.
        (**self).boxed_clone()
    }
}
