//! `cumulua schedule pause` and `resume`: keep a schedule from firing, whether a server runs or
//! not.

use super::super::options::GlobalOptions;
use super::super::{report, status};
use super::common::{ScheduleArgument, ask_server, find_schedule, store};
use crate::history::locks::Taken;
use crate::history::{Store, StoreError, UserRequest, Verb};
use crate::run::control::Request;
use crate::run::requester;
use clap::Args;
use cumulua_core::clock::wall_now;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use std::process::ExitCode;

/// Keeps a schedule from firing, until it is resumed; its firings are recorded as missed
#[derive(Debug, Args)]
pub(super) struct Pause {
    #[command(flatten)]
    which: ScheduleArgument,
    /// Why, for the history and for all who ask
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// When it ends by itself, as 2026-12-01T08:00; without an offset on the schedule's clock
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Lets a paused schedule fire again
#[derive(Debug, Args)]
pub(super) struct Resume {
    #[command(flatten)]
    which: ScheduleArgument,
}

impl Pause {
    /// Pauses it.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        let request = UserRequest {
            reason: self.reason,
            ..request(Verb::Pause)
        };
        set(options, &self.which, request, self.until.as_deref())
    }
}

impl Resume {
    /// Resumes it.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        set(options, &self.which, request(Verb::Resume), None)
    }
}

fn request(verb: Verb) -> UserRequest {
    UserRequest::new(verb, requester::of_this_process(), wall_now())
}

/// A time on a schedule's clock, which is to come.
fn moment(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let on_clock = |time: DateTime| zone.to_timestamp(time);
    let at = text
        .parse::<Timestamp>()
        .or_else(|_| text.parse::<Zoned>().map(|time| time.timestamp()))
        .or_else(|_| text.parse::<DateTime>().and_then(on_clock))
        .map_err(|_| {
            format!("--until {text}: write it as 2026-12-01T08:00 or 2026-12-01T08:00:00+08:00")
        })?;
    if at <= wall_now() {
        return Err(format!("--until {text} has passed"));
    }
    Ok(at)
}

fn set(
    options: &GlobalOptions,
    which: &ScheduleArgument,
    request: UserRequest,
    until: Option<&str>,
) -> ExitCode {
    let paused = request.verb == Verb::Pause.as_str();
    let store = match store(options) {
        Ok(store) => store,
        Err(status) => return status,
    };
    // An unknown name would change nothing, silently.
    let schedule = match find_schedule(&store, which) {
        Ok(schedule) => schedule,
        Err(status) => return status,
    };
    let zone = match &schedule {
        Some(schedule) => schedule.timing.zone.0.clone(),
        None => TimeZone::system(),
    };
    let until = match until.map(|text| moment(text, &zone)).transpose() {
        Ok(until) => until,
        Err(problem) => {
            report::error(&problem);
            return status::USAGE.into();
        }
    };
    let request = UserRequest {
        schedule: Some(which.name.clone()),
        until,
        ..request
    };
    let is_more = request.until.is_some() || request.reason.is_some();
    match change(&store, request) {
        Ok(changed) => {
            let (state, mark) = match (paused, changed) {
                (true, true) => ("paused", ""),
                (true, false) if is_more => ("pause changed", ","),
                (true, false) => ("paused already", ""),
                (false, true) => ("resumed", ""),
                (false, false) => ("resumed already", ""),
            };
            let until = until.map(|until| until.to_zoned(zone.clone()));
            let until = until.map(|until| {
                let until = until.strftime("%Y-%m-%d %H:%M:%S %:z");
                format!("{mark} until {until}")
            });
            let until = until.unwrap_or_default();
            report::print(&format!("{}: {state}{until}", which.name));
            if !paused && schedule.is_some_and(|schedule| schedule.paused) {
                report::warning(&format!(
                    "{} itself has paused = true, which keeps it from firing",
                    which.file.display()
                ));
            }
            status::DONE.into()
        }
        Err(problem) => {
            report::error(&problem.to_string());
            status::SCRIPT.into()
        }
    }
}

/// The store knows it from now on, and a server that begins later reads it; one that runs is
/// notified, and has looked once this is back.
fn change(store: &Store, request: UserRequest) -> Result<bool, StoreError> {
    let changed = store.set_paused(request)?;
    if let Ok(Taken::By(holder)) = store.locks().server()
        && let Err(problem) = ask_server(store, &holder, &Request::Look)
    {
        report::warning(&format!(
            "the server that runs may not know of it yet: {problem}"
        ));
    }
    Ok(changed)
}
