//! `cumulua schedule test-notify`: whether a schedule's receivers can be reached.

use super::super::options::GlobalOptions;
use super::super::simulation::Simulation;
use super::super::{context, report, status};
use super::common::{ScheduleArgument, read, store_path};
use super::outlet::outlet;
use super::serve::launcher;
use crate::history::Store;
use crate::schedule::notify::NotifyEvent;
use crate::schedule::server::test_notify;
use clap::Args;
use std::process::ExitCode;

/// Sends a notification to every receiver of a schedule, and prints what each answered
#[derive(Debug, Args)]
pub(super) struct TestNotify {
    #[command(flatten)]
    which: ScheduleArgument,
    /// What it is about
    #[arg(long, value_name = "EVENT", default_value = "failure", value_parser = NotifyEvent::parse)]
    event: NotifyEvent,
}

impl TestNotify {
    /// Sends it.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        let file = match read(&self.which.file) {
            Ok(file) => file,
            Err(status) => return status,
        };
        let schedule = match file.find(&self.which.name) {
            Ok(schedule) => schedule,
            Err(problem) => return refuse(&problem),
        };
        if schedule.notify.is_none() {
            return refuse(&format!("{} has no notify", schedule.name));
        }
        let store = match store_path(options) {
            Ok(path) => Store::open(path),
            Err(status) => return status,
        };
        let launcher = match launcher(options, &store) {
            Ok(launcher) => launcher,
            Err(status) => return status,
        };
        let open = outlet(options, &self.which.file);
        let real = GlobalOptions {
            sim: false,
            ..options.clone()
        };
        context::block_on(&real, &Simulation::default(), async {
            let (event, folder) = (self.event, &file.folder);
            print_answers(test_notify(schedule, event, &launcher, &open, folder).await)
        })
    }
}

fn print_answers(answers: Vec<(&'static str, Result<(), String>)>) -> ExitCode {
    let mut failed = false;
    for (kind, answer) in answers {
        match answer {
            Ok(()) => report::print(&format!("{kind}: delivered")),
            Err(problem) => {
                failed = true;
                report::error(&format!("{kind}: {problem}"));
            }
        }
    }
    if failed {
        status::SCRIPT.into()
    } else {
        status::DONE.into()
    }
}

fn refuse(problem: &str) -> ExitCode {
    report::error(problem);
    status::SCRIPT.into()
}
