//! What a server's notifications need of the gate beside requests and mail: secrets that no message
//! shows.

use super::base::Gate;
use cumulua_core::secret::Secret;

impl Gate {
    /// A secret of a variable that the configuration does not name; none where it is not set.
    pub fn secret_variable(&self, name: &str) -> Option<Secret> {
        let value = std::env::var(name).ok()?;
        self.parts.redactor.learn(&value);
        Some(Secret::new(value))
    }
}
