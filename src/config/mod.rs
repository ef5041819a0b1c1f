//! Configuration: profiles and where each of their values comes from.
//!
//! A value is looked for in flags, then in the environment, then in the `cumulua.toml` beside the script or above it, then in the
//! user's configuration folder. Nothing is read before the first call needs it.

mod account;
mod error;
mod file;
mod origin;
mod profiles;
pub mod trust;
mod web;

pub use account::{Account, RateLimit};
pub use error::ConfigError;
pub use file::{ConfigFile, FILE_NAME, ProductTable, ProfileTable, user_folder};
pub use origin::{Origin, Setting};
pub use profiles::{Flags, Profiles, is_loopback};
pub use web::{AllowedHost, HttpTable};
