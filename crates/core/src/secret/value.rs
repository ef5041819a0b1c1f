//! A value that is a secret.

use super::redactor::REDACTED;
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::sync::Arc;

/// A value that has no `Display`, a redacted `Debug`, and is wiped on drop.
#[derive(Clone)]
pub struct Secret {
    value: SecretString,
    stands_for: Option<Arc<str>>,
}

impl Secret {
    /// Takes the value in.
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            value: SecretString::from(value.into()),
            stands_for: None,
        }
    }

    /// A value that a simulation has in place of the secret of this name, which is not set.
    pub fn stand_in(value: impl Into<String>, name: &str) -> Self {
        Self {
            stands_for: Some(name.into()),
            ..Self::new(value)
        }
    }

    /// The value, for the one place that must have it.
    pub fn expose(&self) -> &str {
        self.value.expose_secret()
    }

    /// The name of the secret that is not set, where this only stands in for it.
    pub fn stands_for(&self) -> Option<&str> {
        self.stands_for.as_deref()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2-hunter2")), "[secret]");
    }
}
