//! Profiles: the layers of configuration, asked for one account at a time.

use super::account::{Account, RateLimit};
use super::error::ConfigError;
use super::file::{ConfigFile, Location, ProductTable, ProfileTable};
use super::origin::{Origin, Setting};
use super::untrusted;
use super::web::{AllowedHost, is_loopback};
use crate::credentials::{self, SecretSource};
use cumulua_core::catalog::{ProductModel, suggest};
use cumulua_core::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use url::Url;

/// The command's flags.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--region`.
    pub region: Option<String>,
    /// `--endpoint PRODUCT=URL`.
    pub endpoints: BTreeMap<String, String>,
    /// `--read-only`.
    pub read_only: bool,
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// Where the search for a project's file begins: the script's folder, otherwise the working
    /// folder.
    pub start: PathBuf,
    /// `--sim`: the simulator's credentials in place of real ones.
    pub simulator: bool,
    /// The simulator's access key and secret: also for an endpoint on this machine for which there
    /// are no others.
    pub simulator_credentials: (String, String),
}

/// The layers of configuration. Files are read when the first value is asked for.
#[derive(Debug, Default)]
pub struct Profiles {
    flags: Flags,
    /// What a person at the prompt has chosen since: the profile and the region, in place of the
    /// flags'.
    chosen: Mutex<(Option<String>, Option<String>)>,
    choices: AtomicU64,
    files: OnceLock<Result<Vec<ConfigFile>, ConfigError>>,
    /// Those that can be read, for what they keep from scripts, whatever else is wrong.
    readable: OnceLock<Vec<ConfigFile>>,
    /// Secrets that were read: a password manager is asked once a run, not once a call.
    read: Mutex<Vec<(SecretSource, Secret)>>,
}

/// The profile where nothing names one.
const DEFAULT_PROFILE: &str = "default";

/// The profile of a simulation's calls that name none.
const SIMULATED: &str = "simulator";

impl Profiles {
    /// Layers below these flags.
    pub fn new(flags: Flags) -> Self {
        Self {
            flags,
            ..Self::default()
        }
    }

    /// Reads a secret from its source, once.
    pub fn read(&self, name: &str, source: &SecretSource) -> Result<Secret, ConfigError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, secret)) = read.iter().find(|(known, _)| known == source) {
            return Ok(secret.clone());
        }
        let secret = credentials::read(name, source)?;
        read.push((source.clone(), secret.clone()));
        Ok(secret)
    }

    /// The configuration files that count, the first before the others. A project's that sets more
    /// than one that is not trusted may is refused; in a simulation no key is read and nothing is
    /// sent, so there it may be tried.
    pub fn files(&self) -> Result<&[ConfigFile], ConfigError> {
        let files = self.files.get_or_init(|| {
            let files = ConfigFile::discover(self.flags.config.as_deref(), &self.flags.start)?;
            if !self.flags.simulator {
                untrusted::check(&files)?;
            }
            Ok(files)
        });
        files.as_deref().map_err(Clone::clone)
    }

    fn readable(&self) -> &[ConfigFile] {
        self.readable
            .get_or_init(|| ConfigFile::readable(self.flags.config.as_deref(), &self.flags.start))
    }

    /// The files of the configuration and those that profiles name as keys, each with whether a
    /// script may read it: a project's own file is part of the project, as long as no secret stands
    /// in it.
    pub fn own_files(&self) -> Vec<(PathBuf, bool)> {
        let mut own = Vec::new();
        for file in self.readable() {
            let holds_secret = file
                .sources()
                .any(|source| matches!(source, SecretSource::Plain(_)));
            let is_project = file.location == Location::Project;
            own.extend(
                file.sources()
                    .filter_map(SecretSource::file)
                    .map(|path| (path, false)),
            );
            own.push((file.path.clone(), is_project && !holds_secret));
        }
        own
    }

    /// The hosts that scripts may ask, the first before the others.
    pub fn allowed_hosts(&self) -> Result<Vec<AllowedHost>, ConfigError> {
        let entries = self.files()?.iter().flat_map(|file| {
            file.tables
                .http
                .allow
                .iter()
                .map(move |entry| (file, entry))
        });
        entries
            .map(|(file, entry)| AllowedHost::parse(&file.path, entry))
            .collect()
    }

    /// The names of all profiles.
    pub fn names(&self) -> Result<Vec<String>, ConfigError> {
        let names: BTreeSet<String> = self
            .files()?
            .iter()
            .flat_map(|file| file.tables.profiles.keys().cloned())
            .collect();
        Ok(names.into_iter().collect())
    }

    /// The profile that is used where a call names none.
    pub fn current(&self) -> Result<Setting<String>, ConfigError> {
        if self.flags.simulator {
            Ok(Setting::new(SIMULATED.to_owned(), Origin::Simulator))
        } else {
            self.configured()
        }
    }

    /// The profile that a run on the real cloud uses where a call names none.
    fn configured(&self) -> Result<Setting<String>, ConfigError> {
        if let Some(setting) = self.profile_flag() {
            return Ok(setting);
        }
        if let Some(setting) = from_environment("CUMULUA_PROFILE") {
            return Ok(setting);
        }
        for file in self.files()? {
            if let Some(name) = &file.tables.profile {
                return Ok(Setting::new(name.clone(), Origin::File(file.path.clone())));
            }
        }
        Ok(Setting::new(DEFAULT_PROFILE.to_owned(), Origin::Catalog))
    }

    /// A product's account; `profile` and `region` are the options of the call.
    pub fn account(
        &self,
        product: &ProductModel,
        profile: Option<&str>,
        region: Option<&str>,
    ) -> Result<Account, ConfigError> {
        if self.flags.simulator {
            return self.simulated(product, profile, region);
        }
        let name = match profile {
            Some(name) => name.to_owned(),
            None => self.current()?.value,
        };
        let tables = self.tables(&name)?;
        // The environment of the vendor's tools speaks for one account. A profile that the script
        // names is another, and so is one with an account of its own that the command names:
        // `--profile production` does not mean what a shell happens to export.
        let chosen = profile.is_some() || self.has_chosen_account(product, &tables);
        let from_variable = |variable: &str| {
            if chosen {
                None
            } else {
                from_environment(variable)
            }
        };
        let in_files = |read: &dyn Fn(&ProductTable) -> Option<String>| {
            tables.iter().find_map(|(file, table)| {
                let value = read(table.products.get(&product.product)?)?;
                Some(Setting::new(value, Origin::File(file.path.clone())))
            })
        };
        let missing = |what, variable: &str, key| ConfigError::MissingCredential {
            what,
            product: product.product.clone(),
            variable: variable.to_owned(),
            key,
            profile: name.clone(),
        };
        let variables = &product.credentials;
        let endpoints = self.endpoints(
            product,
            &tables,
            variables.url.as_deref().and_then(from_variable),
        );
        // What listens on this machine is a simulator, unless it has been given credentials.
        let is_local =
            endpoints.values().all(|url| is_loopback_url(&url.value)) && !endpoints.is_empty();
        let exported = from_variable(&variables.access_key);
        let in_environment = exported.is_some();
        let access_key = exported
            .or_else(|| in_files(&|table| table.access_key.clone()))
            .or_else(|| is_local.then(|| self.simulator_access_key()))
            .ok_or_else(|| missing("access key", &variables.access_key, "access_key"))?;
        let kept = |read: fn(&ProductTable) -> Option<&SecretSource>| {
            secret_in_files(&tables, &product.product, read)
        };
        let exported = if in_environment {
            secret_from(from_variable(&variables.secret_key))
        } else {
            None
        };
        let secret_key = exported.or_else(|| kept(|table| table.secret_key.as_ref()));
        // A session's token belongs to its key: one of another layer would be another session's.
        let security_token = if in_environment {
            secret_from(variables.security_token.as_deref().and_then(from_variable))
        } else {
            kept(|table| table.security_token.as_ref())
        };
        let is_simulated = access_key.origin == Origin::Simulator;
        let secret_key = secret_key.or_else(|| is_simulated.then(|| self.simulator_secret_key()));
        let secret_key =
            secret_key.ok_or_else(|| missing("secret key", &variables.secret_key, "secret_key"))?;
        let region = region
            .map(|region| Setting::new(region.to_owned(), Origin::Call))
            .or_else(|| self.region_flag())
            .or_else(|| variables.region.as_deref().and_then(from_variable))
            .or_else(|| region_in_files(product, &tables))
            .or_else(|| default_region(product));
        Ok(Account {
            access_key,
            secret_key,
            security_token,
            region,
            endpoints,
            allow_http: allow_http(&tables),
            read_only: self.read_only(&tables),
            rate_limit: Some(rate_limit(&tables, &product.product)?),
            production: production(&tables),
            profile: name,
        })
    }

    /// Takes this profile from now on, in place of the flag's.
    pub fn choose_profile(&self, name: &str) -> Result<(), ConfigError> {
        if self.flags.simulator {
            return Err(ConfigError::Simulated);
        }
        self.tables(name)?;
        self.chosen.lock().unwrap_or_else(PoisonError::into_inner).0 = Some(name.to_owned());
        self.choices.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Takes this region from now on, in place of the flag's.
    pub fn choose_region(&self, region: &str) {
        self.chosen.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(region.to_owned());
        self.choices.fetch_add(1, Ordering::Release);
    }

    /// How often another profile or region was chosen: until the next time, every account stays as
    /// it is.
    pub fn choices(&self) -> u64 {
        self.choices.load(Ordering::Acquire)
    }

    /// Where a profile is marked as production, if it is.
    pub fn production(&self, name: &str) -> Result<Option<Setting<bool>>, ConfigError> {
        if self.flags.simulator {
            Ok(None)
        } else {
            Ok(production(&self.tables(name)?))
        }
    }

    /// The region of a product's calls that name none, whether there are credentials or not.
    pub fn region(&self, product: &ProductModel) -> Result<Option<Setting<String>>, ConfigError> {
        let flag = self.region_flag();
        if self.flags.simulator {
            return Ok(flag.or_else(|| default_region(product)));
        }
        let tables = self.tables(&self.current()?.value)?;
        let variable = product
            .credentials
            .region
            .as_deref()
            .filter(|_| !self.has_chosen_account(product, &tables));
        Ok(flag
            .or_else(|| variable.and_then(from_environment))
            .or_else(|| region_in_files(product, &tables))
            .or_else(|| default_region(product)))
    }

    /// Reads `secret "name"` as the profile defines it; by default from the environment variable of
    /// that name. With it comes the variable that it was read from, if it was.
    pub fn secret(&self, name: &str) -> Result<(Secret, Option<String>), ConfigError> {
        if !self.flags.simulator {
            let profile = self.current()?.value;
            for (_, table) in self.tables(&profile)? {
                if let Some(source) = table.secrets.get(name) {
                    return Ok((self.read(name, source)?, None));
                }
            }
        }
        let variable = variable_of(name);
        match env::var_os(&variable) {
            Some(_) => Ok((
                credentials::read(name, &SecretSource::Environment(variable.clone()))?,
                Some(variable),
            )),
            // A simulation needs no real password, and one with every kind of character passes the
            // simulator's rules.
            None if self.flags.simulator => Ok((Secret::stand_in("Simulated-1!", name), None)),
            None => Err(ConfigError::Secret(credentials::SecretError::Unknown {
                name: name.to_owned(),
                variable: Some(variable),
            })),
        }
    }

    /// Whether a profile of the files reads a secret from this variable.
    pub fn is_secret_variable(&self, name: &str) -> bool {
        let is_it = |source: &SecretSource| *source == SecretSource::Environment(name.to_owned());
        self.readable().iter().any(|file| file.sources().any(is_it))
    }

    /// The access key of a profile in a simulation: each account that a call names is a cloud of
    /// its own. Profiles that share an access key are one account, and so are the one that the real
    /// run would use and that of calls which name none.
    pub fn simulated_key(&self, profile: Option<&str>) -> Result<String, ConfigError> {
        let own = self.flags.simulator_credentials.0.clone();
        let Some(name) = profile.filter(|name| *name != SIMULATED) else {
            return Ok(own);
        };
        let (main, names) = (self.configured()?.value, self.names()?);
        if name == main {
            return Ok(own);
        }
        // Where no file has a profile, there is nothing to hold a name against.
        let keys = if names.is_empty() {
            BTreeSet::new()
        } else {
            self.access_keys(name)?
        };
        for known in std::iter::once(&main)
            .chain(&names)
            .filter(|known| *known != name)
        {
            if self
                .access_keys(known)
                .is_ok_and(|others| !others.is_disjoint(&keys))
            {
                return Ok(if *known == main {
                    own
                } else {
                    format!("{own}-{}", known.as_str().min(name))
                });
            }
        }
        Ok(format!("{own}-{name}"))
    }

    /// The access keys of a profile in the files, by product.
    fn access_keys(&self, profile: &str) -> Result<BTreeSet<(&String, &String)>, ConfigError> {
        let tables = self.tables(profile)?;
        let products = tables.into_iter().flat_map(|(_, table)| &table.products);
        Ok(products
            .filter_map(|(product, table)| Some((product, table.access_key.as_ref()?)))
            .collect())
    }

    fn simulated(
        &self,
        product: &ProductModel,
        profile: Option<&str>,
        region: Option<&str>,
    ) -> Result<Account, ConfigError> {
        let region = region.map(|region| Setting::new(region.to_owned(), Origin::Call));
        let access_key = Setting::new(self.simulated_key(profile)?, Origin::Simulator);
        Ok(Account {
            profile: profile.map_or_else(
                || self.current().map(|setting| setting.value),
                |name| Ok(name.to_owned()),
            )?,
            access_key,
            secret_key: self.simulator_secret_key(),
            security_token: None,
            region: region
                .or_else(|| self.region_flag())
                .or_else(|| region_in_files(product, &self.tables(profile?).ok()?))
                .or_else(|| default_region(product)),
            endpoints: match product.credentials.url {
                Some(_) => BTreeMap::from([(
                    product.product.clone(),
                    Setting::new("http://localhost/".to_owned(), Origin::Simulator),
                )]),
                None => BTreeMap::new(),
            },
            allow_http: false,
            // A rehearsal refuses what the real run would.
            read_only: self.read_only(&self.rehearsed(profile)?),
            rate_limit: None,
            production: None,
        })
    }

    /// The tables of the profile that the real run would use; none where no file has it, which a
    /// simulation does not need. A file that cannot be read is refused as for the real run: what it
    /// was to forbid is not known.
    fn rehearsed(
        &self,
        profile: Option<&str>,
    ) -> Result<Vec<(&ConfigFile, &ProfileTable)>, ConfigError> {
        self.files()?;
        let name = match profile {
            Some(name) => name.to_owned(),
            None => self.configured()?.value,
        };
        Ok(self.tables(&name).unwrap_or_default())
    }

    fn simulator_access_key(&self) -> Setting<String> {
        Setting::new(
            self.flags.simulator_credentials.0.clone(),
            Origin::Simulator,
        )
    }

    fn simulator_secret_key(&self) -> Setting<SecretSource> {
        let secret = Secret::new(self.flags.simulator_credentials.1.clone());
        Setting::new(SecretSource::Plain(secret), Origin::Simulator)
    }

    /// The tables of a profile, in the order in which they count.
    fn tables(&self, name: &str) -> Result<Vec<(&ConfigFile, &ProfileTable)>, ConfigError> {
        let tables: Vec<_> = self
            .files()?
            .iter()
            .filter_map(|file| Some((file, file.tables.profiles.get(name)?)))
            .collect();
        if tables.is_empty() && name != DEFAULT_PROFILE {
            let names = self.names()?;
            let near = suggest::nearest(name, names.iter().map(String::as_str));
            return Err(ConfigError::UnknownProfile {
                name: name.to_owned(),
                near,
            });
        }
        Ok(tables)
    }

    /// Whether the command, or a person at the prompt, names a profile that has an account of its
    /// own.
    fn has_chosen_account(
        &self,
        product: &ProductModel,
        tables: &[(&ConfigFile, &ProfileTable)],
    ) -> bool {
        let is_own = |table: &ProfileTable| {
            table
                .products
                .get(&product.product)
                .is_some_and(|own| own.access_key.is_some())
        };
        self.profile_flag().is_some() && tables.iter().any(|(_, table)| is_own(table))
    }

    /// The profile and the region that the command, or a person at the prompt, names; a simulation
    /// has no account to name.
    pub fn account_names(&self) -> (Option<String>, Option<String>) {
        let profile = self.profile_flag().filter(|_| !self.flags.simulator);
        (
            profile.map(|setting| setting.value),
            self.region_flag().map(|setting| setting.value),
        )
    }

    /// The flags beside them that decide which cloud a call goes to, as a command has them.
    pub fn cloud_options(&self) -> Vec<(&'static str, Option<String>)> {
        if self.flags.simulator {
            return vec![("--sim", None)];
        }
        let config = self.flags.config.as_ref();
        let config = config.map(|path| ("--config", Some(path.display().to_string())));
        let endpoints = self.flags.endpoints.iter();
        config
            .into_iter()
            .chain(endpoints.map(|(product, url)| ("--endpoint", Some(format!("{product}={url}")))))
            .collect()
    }

    fn profile_flag(&self) -> Option<Setting<String>> {
        let chosen = self
            .chosen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .clone();
        let chosen = chosen.map(|name| Setting::new(name, Origin::Prompt(":profile")));
        chosen.or_else(|| {
            self.flags
                .profile
                .clone()
                .map(|name| Setting::new(name, Origin::Flag("--profile")))
        })
    }

    fn region_flag(&self) -> Option<Setting<String>> {
        let chosen = self
            .chosen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .1
            .clone();
        if let Some(region) = chosen {
            return Some(Setting::new(region, Origin::Prompt(":region")));
        }
        self.flags
            .region
            .clone()
            .map(|region| Setting::new(region, Origin::Flag("--region")))
    }

    fn read_only(&self, tables: &[(&ConfigFile, &ProfileTable)]) -> Option<Setting<bool>> {
        if self.flags.read_only {
            return Some(Setting::new(true, Origin::Flag("--read-only")));
        }
        set_by_any(tables, |table| table.read_only)
    }

    fn endpoints(
        &self,
        product: &ProductModel,
        tables: &[(&ConfigFile, &ProfileTable)],
        from_variable: Option<Setting<String>>,
    ) -> BTreeMap<String, Setting<String>> {
        let mut endpoints = BTreeMap::new();
        for (file, table) in tables.iter().rev() {
            let Some(table) = table.products.get(&product.product) else {
                continue;
            };
            let own = table
                .endpoint
                .iter()
                .map(|url| (product.product.clone(), url.clone()));
            let services = table
                .endpoints
                .iter()
                .map(|(service, url)| (format!("{}.{service}", product.product), url.clone()));
            for (name, url) in own.chain(services) {
                endpoints.insert(name, Setting::new(url, Origin::File(file.path.clone())));
            }
        }
        if let Some(setting) = from_variable {
            endpoints.insert(product.product.clone(), setting);
        }
        let flags = self.flags.endpoints.iter().map(|(name, url)| {
            (
                name.clone(),
                Setting::new(url.clone(), Origin::Flag("--endpoint")),
            )
        });
        let flags: Vec<_> = flags
            .filter(|(name, _)| name.split('.').next() == Some(&product.product))
            .collect();
        // A flag for the whole product goes before a file's for one of its services.
        if flags.iter().any(|(name, _)| *name == product.product) {
            endpoints.clear();
        }
        endpoints.extend(flags);
        endpoints
    }
}

fn is_loopback_url(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| is_loopback(&url))
}

/// The environment variable that gives the secret of this name by default.
pub fn variable_of(name: &str) -> String {
    name.to_uppercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

fn from_environment(variable: &str) -> Option<Setting<String>> {
    let value = env::var(variable).ok().filter(|value| !value.is_empty())?;
    Some(Setting::new(
        value,
        Origin::Environment(variable.to_owned()),
    ))
}

fn secret_from(setting: Option<Setting<String>>) -> Option<Setting<SecretSource>> {
    setting.map(|setting| {
        Setting::new(
            SecretSource::Plain(Secret::new(setting.value)),
            setting.origin,
        )
    })
}

fn secret_in_files(
    tables: &[(&ConfigFile, &ProfileTable)],
    product: &str,
    read: impl Fn(&ProductTable) -> Option<&SecretSource>,
) -> Option<Setting<SecretSource>> {
    for (file, table) in tables {
        if let Some(source) = table.products.get(product).and_then(&read) {
            return Some(Setting::new(
                source.clone(),
                Origin::File(file.path.clone()),
            ));
        }
    }
    None
}

/// One file that sets it is enough: a project's must not lift what the user's own forbids.
fn set_by_any(
    tables: &[(&ConfigFile, &ProfileTable)],
    read: impl Fn(&ProfileTable) -> Option<bool>,
) -> Option<Setting<bool>> {
    let protecting = tables.iter().find(|(_, table)| read(table) == Some(true));
    protecting.map(|(file, _)| Setting::new(true, Origin::File(file.path.clone())))
}

fn production(tables: &[(&ConfigFile, &ProfileTable)]) -> Option<Setting<bool>> {
    set_by_any(tables, |table| table.production)
}

fn region_in_files(
    product: &ProductModel,
    tables: &[(&ConfigFile, &ProfileTable)],
) -> Option<Setting<String>> {
    let of_product = |table: &ProfileTable| table.products.get(&product.product)?.region.clone();
    let in_files = |read: &dyn Fn(&ProfileTable) -> Option<String>| {
        tables.iter().find_map(|(file, table)| {
            Some(Setting::new(read(table)?, Origin::File(file.path.clone())))
        })
    };
    in_files(&of_product).or_else(|| in_files(&|table| table.region.clone()))
}

fn default_region(product: &ProductModel) -> Option<Setting<String>> {
    product
        .default_region
        .clone()
        .map(|region| Setting::new(region, Origin::Catalog))
}

fn allow_http(tables: &[(&ConfigFile, &ProfileTable)]) -> bool {
    tables
        .iter()
        .find_map(|(_, table)| table.allow_http)
        .unwrap_or(false)
}

fn rate_limit(
    tables: &[(&ConfigFile, &ProfileTable)],
    product: &str,
) -> Result<RateLimit, ConfigError> {
    let mut limit = RateLimit::DEFAULT;
    for (file, table) in tables
        .iter()
        .rev()
        .filter_map(|(file, table)| Some((file, table.products.get(product)?)))
    {
        let wrong = |key: &str, rule: &str| ConfigError::BadValue {
            path: file.path.clone(),
            what: format!("{key} of {product}"),
            rule: rule.to_owned(),
        };
        if let Some(per_second) = table.requests_per_second {
            let is_usable = per_second.is_finite()
                && (RateLimit::SLOWEST..=RateLimit::FASTEST).contains(&per_second);
            limit.per_second = is_usable
                .then_some(per_second)
                .ok_or_else(|| wrong("requests_per_second", "a number from 0.001 to 1000000"))?;
        }
        if let Some(burst) = table.burst {
            limit.burst = burst
                .try_into()
                .map_err(|_| wrong("burst", "a whole number from 1"))?;
        }
    }
    Ok(limit)
}
