//! The catalogue's files, embedded and of overlays, read as they are asked for.

use super::action::Action;
use super::error::CatalogError;
use super::model::{ActionModel, ProductModel, ServiceModel};
use super::{embedded, suggest};
use crate::controls;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// All products, services and Actions, loaded as they are asked for.
#[derive(Debug, Default)]
pub struct Catalog {
    overlays: Vec<PathBuf>,
    products: Mutex<BTreeMap<String, Arc<ProductModel>>>,
    services: Mutex<BTreeMap<String, Arc<ServiceModel>>>,
}

impl Catalog {
    /// The embedded catalogue with overlay folders on top, later ones over earlier ones.
    pub fn new(overlays: Vec<PathBuf>) -> Self {
        Self {
            overlays,
            ..Self::default()
        }
    }

    /// The products' names.
    pub fn products(&self) -> Vec<String> {
        self.files()
            .into_iter()
            .map(|(product, _)| product)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// The services' names, as `cds.ccs`, or the product's own where it is a single service.
    pub fn services(&self) -> Vec<String> {
        let files = self.files();
        files
            .into_iter()
            .filter(|(_, stem)| stem != embedded::PRODUCT)
            .map(|(product, stem)| service_name(&product, &stem))
            .collect()
    }

    /// The services of a product, without its name; empty where the product is a single service.
    pub fn services_of(&self, product: &str) -> Vec<String> {
        let prefix = format!("{product}.");
        self.services()
            .into_iter()
            .filter_map(|name| name.strip_prefix(&prefix).map(str::to_owned))
            .collect()
    }

    /// A product.
    pub fn product(&self, name: &str) -> Result<Arc<ProductModel>, CatalogError> {
        if let Some(known) = lock(&self.products).get(name) {
            return Ok(Arc::clone(known));
        }
        let mut found: Option<ProductModel> = match embedded::text(name, embedded::PRODUCT) {
            Some(text) => Some(parse(text, &embedded_path(name, embedded::PRODUCT))?),
            None => None,
        };
        for file in self.overlay_files(name, embedded::PRODUCT) {
            found = Some(parse(&read(&file)?, &file)?);
        }
        let model = Arc::new(found.ok_or_else(|| unknown("product", name, &self.products()))?);
        lock(&self.products).insert(name.to_owned(), Arc::clone(&model));
        Ok(model)
    }

    /// A service by its name in Lua.
    pub fn service(&self, name: &str) -> Result<Arc<ServiceModel>, CatalogError> {
        if let Some(known) = lock(&self.services).get(name) {
            return Ok(Arc::clone(known));
        }
        let (product, stem) = name.split_once('.').unwrap_or((name, name));
        let mut found: Option<ServiceModel> = match embedded::text(product, stem) {
            Some(text) => Some(parse(text, &embedded_path(product, stem))?),
            None => None,
        };
        for file in self.overlay_files(product, stem) {
            let over: ServiceModel = parse(&read(&file)?, &file)?;
            match &mut found {
                Some(base) => overlay(base, over),
                None => found = Some(over),
            }
        }
        let mut service = found.ok_or_else(|| unknown("service", name, &self.services()))?;
        for action in &mut service.actions {
            Arc::make_mut(action).full_name = format!("{name}.{}", action.name).into();
        }
        let service = Arc::new(service);
        lock(&self.services).insert(name.to_owned(), Arc::clone(&service));
        Ok(service)
    }

    /// An Action by its whole name, as `cds.ccs.CreateInstance`.
    pub fn action(&self, full_name: &str) -> Result<Action, CatalogError> {
        let (service_name, name) = full_name.rsplit_once('.').unwrap_or((full_name, ""));
        let service = self.service(service_name).map_err(|error| match error {
            CatalogError::Unknown { .. } => self.unknown_action(full_name),
            other => other,
        })?;
        let model = service.action(name).cloned().ok_or_else(|| {
            // The service is right, so only the last part can be misspelled.
            let near = suggest::nearest(
                name,
                service.actions.iter().map(|action| action.name.as_str()),
            );
            let near = near
                .into_iter()
                .map(|near| format!("{service_name}.{near}"))
                .collect();
            CatalogError::Unknown {
                what: "Action",
                name: controls::name(full_name).into_owned(),
                near,
            }
        })?;
        let product = self.product(service_name.split('.').next().unwrap_or(service_name))?;
        Ok(Action {
            product,
            service,
            model,
        })
    }

    /// Every Action of a service, in the document's order.
    pub fn actions_of(&self, service_name: &str) -> Result<Vec<Action>, CatalogError> {
        let service = self.service(service_name)?;
        let product = self.product(service_name.split('.').next().unwrap_or(service_name))?;
        let with_model = |model: &Arc<ActionModel>| Action {
            product: Arc::clone(&product),
            service: Arc::clone(&service),
            model: Arc::clone(model),
        };
        Ok(service.actions.iter().map(with_model).collect())
    }

    /// Every Action of every service.
    pub fn actions(&self) -> Result<Vec<Action>, CatalogError> {
        let mut all = Vec::new();
        for service in self.services() {
            all.extend(self.actions_of(&service)?);
        }
        Ok(all)
    }

    fn unknown_action(&self, full_name: &str) -> CatalogError {
        let all = self.actions().unwrap_or_default();
        let last = full_name.rsplit('.').next().unwrap_or(full_name);
        // The right Action in the wrong service is the likeliest mistake.
        let same_name = all
            .iter()
            .filter(|action| action.name.eq_ignore_ascii_case(last));
        let mut near: Vec<String> = same_name
            .take(3)
            .map(|action| action.full_name.to_string())
            .collect();
        if near.is_empty() {
            near = suggest::nearest(full_name, all.iter().map(|action| &*action.full_name));
        }
        CatalogError::Unknown {
            what: "Action",
            name: controls::name(full_name).into_owned(),
            near,
        }
    }

    /// `(product, file stem)` of every file, embedded or in an overlay.
    fn files(&self) -> BTreeSet<(String, String)> {
        let mut files: BTreeSet<_> = embedded::names()
            .map(|(product, stem)| (product.to_owned(), stem.to_owned()))
            .collect();
        for overlay in &self.overlays {
            for product in entries(overlay).into_iter().filter(|path| path.is_dir()) {
                for file in entries(&product)
                    .into_iter()
                    .filter(|path| path.extension().is_some_and(|e| e == "json"))
                {
                    files.insert((stem(&product), stem(&file)));
                }
            }
        }
        files
    }

    fn overlay_files(&self, product: &str, stem: &str) -> Vec<PathBuf> {
        let candidates = self
            .overlays
            .iter()
            .map(|folder| folder.join(product).join(format!("{stem}.json")));
        candidates.filter(|path| path.exists()).collect()
    }
}

/// Puts an overlay's Actions, shapes and errors over a service's own.
fn overlay(base: &mut ServiceModel, over: ServiceModel) {
    base.shapes.extend(over.shapes);
    base.errors.extend(over.errors);
    for action in over.actions {
        match base
            .actions
            .iter_mut()
            .find(|known| known.name == action.name)
        {
            Some(known) => *known = action,
            None => base.actions.push(action),
        }
    }
}

fn service_name(product: &str, stem: &str) -> String {
    if product == stem {
        product.to_owned()
    } else {
        format!("{product}.{stem}")
    }
}

fn embedded_path(product: &str, stem: &str) -> PathBuf {
    PathBuf::from(format!("catalog/{product}/{stem}.json"))
}

fn read(file: &Path) -> Result<String, CatalogError> {
    fs::read_to_string(file).map_err(|error| CatalogError::Unreadable {
        file: file.to_owned(),
        reason: error.to_string(),
    })
}

fn parse<T: serde::de::DeserializeOwned>(text: &str, file: &Path) -> Result<T, CatalogError> {
    serde_json::from_str(text).map_err(|error| CatalogError::Malformed {
        file: file.to_owned(),
        line: error.line(),
        column: error.column(),
        reason: error.to_string(),
    })
}

fn unknown(what: &'static str, name: &str, known: &[String]) -> CatalogError {
    let near = suggest::nearest(name, known.iter().map(String::as_str));
    CatalogError::Unknown {
        what,
        name: controls::name(name).into_owned(),
        near,
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect()
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
