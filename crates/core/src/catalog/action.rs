//! An Action with the service and the product that it belongs to.

use super::model::{
    ActionModel, Again, Answer, ErrorModel, Method, ProductModel, ServiceModel, Source,
};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

/// An Action with the service and the product that it belongs to.
#[derive(Debug, Clone)]
pub struct Action {
    /// Its product.
    pub product: Arc<ProductModel>,
    /// Its service.
    pub service: Arc<ServiceModel>,
    pub(super) model: Arc<ActionModel>,
}

impl Deref for Action {
    type Target = ActionModel;

    fn deref(&self) -> &ActionModel {
        &self.model
    }
}

impl Action {
    /// The documented host; none where the profile gives the URL.
    pub fn host(&self) -> Option<&str> {
        self.service.host_of(&self.model)
    }

    /// The documented path.
    pub fn path(&self) -> &str {
        self.service.path_of(&self.model)
    }

    /// The API's version.
    pub fn version(&self) -> Option<&str> {
        self.service.version.as_deref()
    }

    /// The document that the Action comes from.
    pub fn source(&self) -> &Source {
        let own = self.model.source.as_ref();
        own.and_then(|name| self.service.sources.get(name))
            .or(self.service.source.as_ref())
            .unwrap_or(&self.product.source)
    }

    /// The newer document that has it too, and the line there.
    pub fn newer_source(&self) -> Option<(&Source, u32)> {
        let newer = self.model.newer.as_ref()?;
        let source = self.service.sources.get(&newer.source)?;
        Some((source, newer.line))
    }

    /// Codes that mean success, in lower case; empty where success has no code.
    pub fn success_codes(&self) -> &[String] {
        let own = self.service.success.as_ref();
        own.unwrap_or(&self.product.protocol.success)
    }

    /// What a documented error code means here.
    pub fn error(&self, code: &str) -> Option<&ErrorModel> {
        let own = self
            .errors
            .iter()
            .find(|error| error.code == code)
            .and_then(|error| error.own.as_ref());
        own.or_else(|| self.service.errors.get(code))
            .or_else(|| self.product.errors.get(code))
    }

    /// Whether the catalogue has it, and not only one of its name.
    pub fn is_catalogued(&self) -> bool {
        self.service
            .action(&self.name)
            .is_some_and(|own| Arc::ptr_eq(own, &self.model))
    }

    /// An Action that the catalogue lacks, called by its wire name with whatever parameters.
    pub fn uncatalogued(
        product: Arc<ProductModel>,
        service: Arc<ServiceModel>,
        name: &str,
        method: Method,
    ) -> Self {
        let model = ActionModel {
            name: name.to_owned(),
            full_name: format!("{}.{name}", service.service).into(),
            term: None,
            summary: "Not in the catalogue".to_owned(),
            source: None,
            line: None,
            deprecated: None,
            newer: None,
            methods: vec![method],
            host: None,
            path: None,
            sent_as: None,
            query: BTreeMap::new(),
            body: None,
            read_only: false,
            costs: false,
            destroys: false,
            params: Vec::new(),
            one_of: Vec::new(),
            answer: Answer::default(),
            errors: Vec::new(),
            download: None,
            task: None,
            paginator: None,
            idempotency_token: None,
            lookup: None,
            creates: Vec::new(),
            edits: Vec::new(),
            partial: None,
            sets: BTreeMap::new(),
            names: BTreeMap::new(),
            again: Again::default(),
            already: Vec::new(),
            unproven: None,
            example: serde_json::Value::Null,
            notes: Vec::new(),
        };
        Self {
            product,
            service,
            model: Arc::new(model),
        }
    }
}
