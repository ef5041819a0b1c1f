//! `cumulua wait`: waits for a task that an earlier run left.

use super::options::{GlobalOptions, duration};
use super::simulation::Simulation;
use super::{call, context, leaving, report, status};
use crate::client::command::AccountRef;
use crate::client::waiter::Task;
use crate::effect_id::EffectId;
use crate::gate::Grants;
use clap::Args;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cumulua wait cds_task 190982 --timeout 30m")]
pub(super) struct Wait {
    /// The dialect, as cds_task
    dialect: String,
    /// The task's ids
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Further ids that the dialect needs, as requestId=…
    #[arg(long = "with", value_name = "NAME=ID")]
    with: Vec<String>,
    /// How long to wait at most
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1h")]
    pub(super) timeout: Duration,
}

impl Wait {
    /// Waits.
    pub(super) fn run(self, options: &GlobalOptions, simulation: &Simulation) -> ExitCode {
        context::block_on(options, simulation, async {
            let gate = context::plain_gate(options, simulation, Path::new("."), Grants::default());
            if self.ids.iter().any(String::is_empty) {
                report::error("an id is empty; a variable in the command may not be set");
                return status::USAGE.into();
            }
            let product = match gate.product_of_dialect(&self.dialect) {
                Ok(product) => product,
                Err(known) => {
                    report::error(&format!(
                        "there is no dialect of tasks {:?}; there are {}",
                        self.dialect,
                        known.join(", ")
                    ));
                    return status::USAGE.into();
                }
            };
            let mut with = BTreeMap::new();
            for text in &self.with {
                let Some((name, id)) = text.split_once('=') else {
                    report::error(&format!("--with {text:?} is not NAME=ID"));
                    return status::USAGE.into();
                };
                with.insert(name.to_owned(), id.to_owned());
            }
            let task = |id| {
                let (product, dialect) = (product.clone(), self.dialect.clone());
                Task {
                    product,
                    dialect,
                    id,
                    with: with.clone(),
                    account: AccountRef::default(),
                }
            };
            let guard = leaving::start_guard(&gate, None);
            leaving::limit_blocked(&guard, self.timeout);
            let place = EffectId {
                path: "0".to_owned(),
                number: 1,
            };
            let outcome = gate
                .wait(
                    self.ids.into_iter().map(task).collect(),
                    self.timeout,
                    &place,
                )
                .await;
            gate.flush_audit();
            guard.step("reporting how the wait ended");
            let status = match outcome {
                Ok(resources) => {
                    for resource in resources {
                        report::print(&resource);
                    }
                    status::DONE
                }
                Err(failure) => call::report_wait_failure(&gate, &failure),
            };
            guard.last(leaving::WRITING);
            status.into()
        })
    }
}
