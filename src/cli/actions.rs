//! `cumulua actions`: lists and finds Actions.

use super::options::GlobalOptions;
use super::{context, report, status};
use crate::reference;
use clap::Args;
use cumulua_core::catalog::search::search;
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cumulua actions create instance\n  cumulua actions 快照\n  cumulua actions --json | jq '.[].name'"
)]
pub(super) struct Actions {
    /// Words that must all be found; the best fits come first
    #[arg(value_name = "WORDS")]
    terms: Vec<String>,
    /// Prints everything about them as JSON
    #[arg(long)]
    json: bool,
}

impl Actions {
    /// Lists them.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        let all = match context::catalog(options).actions() {
            Ok(all) => all,
            Err(problem) => {
                report::error(&problem.to_string());
                return status::SCRIPT.into();
            }
        };
        let found = if self.terms.is_empty() {
            all
        } else {
            search(all, &self.terms)
        };
        if self.json {
            report::print_json(&reference::listing(&found));
        } else if found.is_empty() {
            report::error(&format!(
                "no Action has all of: {}; fewer or other words may find it",
                self.terms.join(" ")
            ));
            return status::SCRIPT.into();
        } else {
            report::print(&reference::table(&found, report::output_width()));
        }
        status::DONE.into()
    }
}
