//! `cumulua docs`: the catalogue's pages.

use super::options::GlobalOptions;
use super::{context, report, status};
use crate::reference::html;
use crate::reference::page::{self, Paper};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cumulua docs cds.ccs.CreateInstance\n  cumulua docs cds.ccs\n  cumulua docs cds\n  cumulua docs cds.Region\n  cumulua docs --html reference/"
)]
pub(super) struct Docs {
    /// The name, as cds.ccs.CreateInstance
    #[arg(required_unless_present = "html")]
    name: Option<String>,
    /// Writes the whole reference as static pages into this folder
    #[arg(long, value_name = "DIR")]
    html: Option<PathBuf>,
}

impl Docs {
    /// Shows or writes it.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        let catalog = context::catalog(options);
        if let Some(folder) = &self.html {
            return match html::write_site(&catalog, folder) {
                Ok(pages) => {
                    report::print(&format!(
                        "wrote {} files; begin at {}",
                        pages.len(),
                        folder.join("index.html").display()
                    ));
                    status::DONE.into()
                }
                Err(problem) => report_failure(&problem.to_string()),
            };
        }
        let paper = Paper {
            width: report::output_width(),
            color: report::output_has_color(),
        };
        match page::render_named(&catalog, &self.name.unwrap_or_default(), &paper) {
            Ok(text) => {
                // The styles are ours; the catalogue's texts have no others, whoever wrote them.
                report::print_plain(text.trim_end());
                status::DONE.into()
            }
            Err(problem) => report_failure(&problem.to_string()),
        }
    }
}

fn report_failure(problem: &str) -> ExitCode {
    report::error(problem);
    status::SCRIPT.into()
}
