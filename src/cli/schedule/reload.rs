//! `cumulua schedule reload`: lets the server read its file again now.

use super::super::options::GlobalOptions;
use super::super::{report, status};
use super::common::{ask_server, server_lock, store};
use crate::history::locks::Taken;
use crate::run::control::Request;
use clap::Args;
use std::process::ExitCode;

/// Lets the server read its file again now, and prints what came of it
///
/// A server also does so at SIGHUP, and within two seconds of the file's change. A faulty file is
/// refused, and the one before it stays.
#[derive(Debug, Args)]
pub(super) struct Reload {}

impl Reload {
    /// Asks the server.
    #[expect(
        clippy::unused_self,
        reason = "a subcommand without options of its own, run as all of them"
    )]
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        let store = match store(options) {
            Ok(store) => store,
            Err(status) => return status,
        };
        let answer = server_lock(&store).and_then(|taken| match taken {
            Taken::By(holder) => ask_server(&store, &holder, &Request::Reload),
            Taken::Held(_) => Err(format!(
                "no server serves the store {}; `cumulua schedule serve` starts one",
                store.path().display()
            )),
        });
        match answer {
            Ok(answer) => {
                report::print(&answer);
                status::DONE.into()
            }
            Err(problem) => {
                report::error(&problem);
                status::SCRIPT.into()
            }
        }
    }
}
