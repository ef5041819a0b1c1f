//! Configuration: profiles and where each of their values comes from.
//!
//! A value is looked for in flags, then in the environment, then in the `cumulua.toml` beside the
//! script or above it, then in the user's configuration folder. Nothing is read before the first
//! call needs it.

mod account;
mod error;
mod file;
mod folder;
mod origin;
mod profiles;
mod review;
pub mod trust;
mod untrusted;
mod web;

pub use account::{Account, RateLimit};
pub use error::ConfigError;
pub use file::{ConfigFile, HttpTable, ProductTable, ProfileTable};
pub use folder::{FILE_NAME, user_folder};
pub use origin::{Origin, Setting};
pub use profiles::{Flags, Profiles, variable_of};
pub use review::{Review, review};
pub use web::{AllowedHost, is_loopback};
