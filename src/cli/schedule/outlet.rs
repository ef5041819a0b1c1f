//! The way of notifications to the outside: through a gate of their own, only to hosts that the
//! configuration lets scripts reach, and in the audit.

use super::super::context;
use super::super::options::GlobalOptions;
use super::super::simulation::Simulation;
use crate::client::error::CallError;
use crate::effect_id::EffectId;
use crate::gate::mail::{Mail, MailFailure, NOTIFICATION};
use crate::gate::web::{Text, WebRequest};
use crate::gate::{Gate, Grants};
use crate::schedule::notify::{Answer, OpenOutlet, Outlet, Posting, SecretSource};
use bytes::Bytes;
use cumulua_core::secret::Secret;
use futures_util::future::LocalBoxFuture;
use http::{HeaderMap, StatusCode};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How long a request may take.
const REQUEST: Duration = Duration::from_secs(30);

/// The longest answer, in bytes.
const ANSWER: usize = 1 << 20;

struct GateOutlet(Arc<Gate>);

/// Opens ways for the notifications of a schedule file.
pub(super) fn outlet(options: &GlobalOptions, file: &Path) -> OpenOutlet {
    // Runs that may change nothing are the more worth a call; and what is simulated is the cloud.
    let options = GlobalOptions {
        read_only: false,
        sim: false,
        ..options.clone()
    };
    let folder = file.parent().map(Path::to_owned).unwrap_or_default();
    Arc::new(move |profile| {
        let options = GlobalOptions {
            profile: profile
                .map(str::to_owned)
                .or_else(|| options.profile.clone()),
            ..options.clone()
        };
        let gate =
            context::plain_gate(&options, &Simulation::default(), &folder, Grants::default());
        Rc::new(GateOutlet(gate))
    })
}

/// The status of an answer of which nothing else is known, where it is a success.
fn answered(error: &CallError) -> Option<StatusCode> {
    let status = StatusCode::from_u16(error.http_status()?).ok()?;
    status.is_success().then_some(status)
}

impl Outlet for GateOutlet {
    fn secret(&self, source: &SecretSource) -> Result<Secret, String> {
        match source {
            SecretSource::Environment(name) => self
                .0
                .secret_variable(name)
                .filter(|secret| !secret.expose().is_empty())
                .ok_or_else(|| format!("the variable {name} is not set")),
            SecretSource::Profile(name) => self
                .0
                .secret(name)
                .map_err(|denied| self.0.redact(&denied.to_string())),
        }
    }

    fn admit(&self, url: &Url) -> Result<(), String> {
        let admitted = self.0.admit_notification(url);
        admitted.map_err(|refusal| self.0.redact(&refusal))
    }

    fn post(&self, posting: Posting) -> LocalBoxFuture<'_, Result<Answer, String>> {
        let plain = |(name, value): (&str, String)| (name.to_owned(), vec![Text::Plain(value)]);
        let request = WebRequest {
            function: NOTIFICATION.into(),
            method: "POST",
            url: Text::Secret(posting.url),
            headers: posting.headers.into_iter().map(plain).collect(),
            body: Some((posting.content_type, posting.body)),
            timeout: REQUEST,
            redirects: 0,
            max_answer: ANSWER,
        };
        Box::pin(async move {
            match self.0.request(request, &EffectId::default()).await {
                Ok(answer) => Ok(Answer {
                    status: answer.status,
                    headers: answer.headers,
                    body: answer.body,
                }),
                // An answer that is too long to be read says whether it has arrived all the same.
                Err(failure) => match answered(&failure.error) {
                    Some(status) => Ok(Answer {
                        status,
                        headers: HeaderMap::new(),
                        body: Bytes::new(),
                    }),
                    None => Err(self.0.redact(&failure.error.to_string())),
                },
            }
        })
    }

    fn mail<'a>(
        &'a self,
        mail: Mail,
        sending: LocalBoxFuture<'a, Result<(), MailFailure>>,
    ) -> LocalBoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let sent = self.0.mail(mail, sending).await;
            sent.map_err(|failure| self.0.redact(&failure.reason))
        })
    }

    fn redact(&self, text: &str) -> String {
        self.0.redact(text)
    }
}
