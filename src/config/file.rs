//! `cumulua.toml`: its form, and where one is looked for.

use super::error::ConfigError;
use super::folder::{FILE_NAME, user_file};
use super::trust;
use crate::credentials::SecretSource;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

/// Where a file stands, which decides what it may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Location {
    /// Named by the user with `--config`.
    Flag,
    /// Beside the script or above it: data from the project's author.
    Project,
    /// In the user's configuration folder.
    User,
}

/// A configuration file.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Its path.
    pub path: PathBuf,
    /// Where it stands.
    pub(super) location: Location,
    /// Whether it may set whatever there is to set.
    pub trusted: bool,
    /// Its content.
    pub tables: Tables,
}

/// The content of a configuration file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tables {
    /// The profile where nothing names one.
    #[serde(default)]
    pub profile: Option<String>,
    /// `[http]`.
    #[serde(default)]
    pub http: HttpTable,
    /// The profiles by name.
    #[serde(default)]
    pub profiles: BTreeMap<String, ProfileTable>,
}

/// `[profiles.NAME]`.
#[derive(Debug, Clone, Default)]
pub struct ProfileTable {
    /// The region of every product that has regions.
    pub region: Option<String>,
    /// Mutating calls are refused.
    pub read_only: Option<bool>,
    /// The prompt shows it in red and asks before what can destroy or cost.
    pub production: Option<bool>,
    /// Endpoints may be plain http beyond this machine.
    pub allow_http: Option<bool>,
    /// `[profiles.NAME.secrets]`: what `secret "name"` reads.
    pub secrets: BTreeMap<String, SecretSource>,
    /// `[profiles.NAME.PRODUCT]`.
    pub products: BTreeMap<String, ProductTable>,
}

impl ProfileTable {
    /// Every place where the profile reads a secret.
    pub(super) fn sources(&self) -> impl Iterator<Item = &SecretSource> {
        let in_products = self
            .products
            .values()
            .flat_map(|product| product.secret_key.iter().chain(&product.security_token));
        self.secrets.values().chain(in_products)
    }

    /// The same, to change them.
    fn sources_mut(&mut self) -> impl Iterator<Item = &mut SecretSource> {
        let in_products = self.products.values_mut().flat_map(|product| {
            product
                .secret_key
                .iter_mut()
                .chain(&mut product.security_token)
        });
        self.secrets.values_mut().chain(in_products)
    }
}

impl<'de> Deserialize<'de> for ProfileTable {
    // By hand, because serde's `flatten` loses the line and column of what is wrong.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = ProfileTable;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table with region, read_only, production, allow_http, secrets and a table for each product")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ProfileTable, A::Error> {
                let mut table = ProfileTable::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "region" => table.region = Some(map.next_value()?),
                        "read_only" => table.read_only = Some(map.next_value()?),
                        "production" => table.production = Some(map.next_value()?),
                        "allow_http" => table.allow_http = Some(map.next_value()?),
                        "secrets" => table.secrets = map.next_value()?,
                        _ => {
                            table
                                .products
                                .insert(key, map.next_value::<ProductEntry>()?.0);
                        }
                    }
                }
                Ok(table)
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// A product's table. Anything else in its place is refused without its value: the likeliest one is
/// a secret one level too high.
struct ProductEntry(ProductTable);

impl<'de> Deserialize<'de> for ProductEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyTable;
        impl OnlyTable {
            fn refuse<T, E: Error>() -> Result<T, E> {
                Err(E::custom(
                    "this is no key of a profile; keys and secrets stand in the table of their product, as [profiles.NAME.cds]",
                ))
            }
        }
        impl<'de> Visitor<'de> for OnlyTable {
            type Value = ProductTable;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a product's table")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ProductTable, A::Error> {
                ProductTable::deserialize(MapAccessDeserializer::new(map))
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<ProductTable, E> {
                Self::refuse()
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<ProductTable, E> {
                Self::refuse()
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<ProductTable, E> {
                Self::refuse()
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<ProductTable, E> {
                Self::refuse()
            }
        }
        deserializer.deserialize_any(OnlyTable).map(Self)
    }
}

/// `[profiles.NAME.PRODUCT]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductTable {
    /// The access key's id.
    #[serde(default)]
    pub access_key: Option<String>,
    /// Where the secret stands.
    #[serde(default)]
    pub secret_key: Option<SecretSource>,
    /// Where a session's token stands.
    #[serde(default)]
    pub security_token: Option<SecretSource>,
    /// The region.
    #[serde(default)]
    pub region: Option<String>,
    /// Requests a second.
    #[serde(default)]
    pub requests_per_second: Option<f64>,
    /// Requests that may leave at once after a pause.
    #[serde(default)]
    pub burst: Option<u32>,
    /// Replaces scheme and host of every service.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Replaces scheme and host of single services, by their names.
    #[serde(default)]
    pub endpoints: BTreeMap<String, String>,
}

/// `[http]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpTable {
    /// Hosts as `hooks.example.com`, `hooks.example.com:8443`, `127.0.0.1:8080` or
    /// `http://intranet.example`.
    #[serde(default)]
    pub allow: Vec<String>,
}

impl ConfigFile {
    /// Reads a file.
    fn read(path: &Path, location: Location) -> Result<Self, ConfigError> {
        Ok(Self::read_with_text(path, location)?.0)
    }

    /// The user's own file, where it is there and can be read.
    pub(super) fn users() -> Option<Self> {
        Self::read(&user_file()?, Location::User).ok()
    }

    /// Reads a file; with it the text that it was read from.
    pub(super) fn read_with_text(
        path: &Path,
        location: Location,
    ) -> Result<(Self, String), ConfigError> {
        let unreadable = |reason: String| ConfigError::Unreadable {
            path: path.to_owned(),
            reason,
        };
        if location != Location::Flag && fs::metadata(path).is_ok_and(|about| !about.is_file()) {
            return Err(unreadable("it is no regular file".to_owned()));
        }
        let text = fs::read_to_string(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => unreadable("it is not UTF-8".to_owned()),
            _ => unreadable(error.to_string()),
        })?;
        let mut tables: Tables = toml::from_str(&text).map_err(|error| {
            let (line, column) = position(&text, error.span().map_or(0, |span| span.start));
            ConfigError::Malformed {
                path: path.to_owned(),
                line,
                column,
                reason: error.message().to_owned(),
            }
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        tables
            .profiles
            .values_mut()
            .flat_map(ProfileTable::sources_mut)
            .for_each(|source| source.relative_to(folder));
        let trusted = location != Location::Project || trust::is_trusted(path, &text);
        let file = Self {
            path: path.to_owned(),
            location,
            trusted,
            tables,
        };
        Ok((file, text))
    }

    /// The files that count, first the one that goes before the others.
    pub(super) fn discover(named: Option<&Path>, start: &Path) -> Result<Vec<Self>, ConfigError> {
        locations(named, start)
            .into_iter()
            .map(|(path, location)| Self::read(&path, location))
            .collect()
    }

    /// Those of them that can be read, whatever is wrong with the others.
    pub(super) fn readable(named: Option<&Path>, start: &Path) -> Vec<Self> {
        locations(named, start)
            .into_iter()
            .filter_map(|(path, location)| Self::read(&path, location).ok())
            .collect()
    }

    /// Every place where it has a profile read a secret.
    pub(super) fn sources(&self) -> impl Iterator<Item = &SecretSource> {
        self.tables
            .profiles
            .values()
            .flat_map(ProfileTable::sources)
    }
}

/// Where the files that count stand, first the one that goes before the others.
fn locations(named: Option<&Path>, start: &Path) -> Vec<(PathBuf, Location)> {
    if let Some(path) = named {
        return vec![(path.to_owned(), Location::Flag)];
    }
    let user = user_file().filter(|path| is_there(path));
    // By whatever name: what stands above a script in the user's folder is the user's own.
    let is_users = |path: &PathBuf| {
        user.as_ref()
            .is_some_and(|user| user == path || is_same(user, path))
    };
    let project = start
        .ancestors()
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| is_there(path))
        .filter(|path| !is_users(path));
    let project = project.map(|path| (path, Location::Project));
    let user = user.clone().map(|path| (path, Location::User));
    project.into_iter().chain(user).collect()
}

/// Whether there is something of this name that a file could be read from, or was meant to be: one
/// that cannot be read may have narrowed what is allowed.
fn is_there(path: &Path) -> bool {
    !path.is_dir() && path.symlink_metadata().is_ok()
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Line and column, from 1, of a byte of `text`.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..byte.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line, column)
}
