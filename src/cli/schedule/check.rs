//! `cumulua schedule check`: what is wrong with a schedule file, and what it may not mean.

use super::super::options::GlobalOptions;
use super::super::{context, report, status};
use super::common::{FileArgument, read};
use super::declared_params::param_faults;
use super::outlet::outlet;
use crate::lua;
use crate::schedule::file::ScheduleFile;
use crate::schedule::lint;
use crate::schedule::model::Schedule;
use crate::schedule::server::{count, script_faults};
use clap::Args;
use cumulua_core::catalog::suggest;
use cumulua_core::clock::wall_now;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Prints what is wrong with a schedule file, and what it may not mean
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    file: FileArgument,
    /// Fails on warnings, too
    #[arg(long)]
    strict: bool,
}

impl Check {
    /// Checks the file.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        let file = match read(&self.file.file) {
            Ok(file) => file,
            Err(status) => return status,
        };
        let path = file.path.display();
        let mut warnings: Vec<(usize, String)> = lint::lints(&file, wall_now());
        warnings.extend(refused_receivers(options, &file));
        let faults = script_faults(&file.schedules, &file.folder, &script_fault);
        let mut problems: Vec<(usize, String)> = faults
            .into_iter()
            .map(|(schedule, fault)| (schedule.line, fault))
            .collect();
        problems.extend(unknown_profiles(options, &file));
        for schedule in &file.schedules {
            let faults = param_faults(schedule);
            problems.extend(faults.into_iter().map(|fault| (schedule.line, fault)));
        }
        problems.sort();
        warnings.sort();
        for (line, problem) in &problems {
            report::error(&format!("{path}, line {line}: {problem}"));
        }
        for (line, warning) in &warnings {
            report::warning(&format!("{path}, line {line}: {warning}"));
        }
        let unzoned = file
            .schedules
            .iter()
            .filter(|schedule| schedule.zone_is_default)
            .count();
        let zone = if unzoned > 0 {
            format!("; {unzoned} without a timezone, which go by UTC")
        } else {
            String::new()
        };
        let (schedules, errors) = (
            count(file.schedules.len(), "schedule"),
            count(problems.len(), "error"),
        );
        report::print(&format!(
            "{path}: {schedules}, {errors}, {}{zone}",
            count(warnings.len(), "warning")
        ));
        let failed = !problems.is_empty() || (self.strict && !warnings.is_empty());
        if failed {
            status::SCRIPT.into()
        } else {
            status::DONE.into()
        }
    }
}

/// What keeps a script from running: its text, or the configuration that its run will find.
pub(super) fn run_fault(options: &GlobalOptions, script: &Path) -> Option<String> {
    script_fault(script).or_else(|| {
        let folder = script.parent().unwrap_or(Path::new(""));
        let problem = context::profiles(options, folder).names().err()?;
        Some(format!("its run cannot be configured: {problem}"))
    })
}

/// What is wrong with a script.
fn script_fault(script: &Path) -> Option<String> {
    let name = script.display();
    match fs::read_to_string(script) {
        Ok(text) => lua::fault(&name.to_string(), &text)
            .map(|fault| format!("the script does not parse: {fault}")),
        Err(error) => Some(format!("the script {name} cannot be read: {error}")),
    }
}

/// Messages that the configuration does not let out never arrive.
fn refused_receivers(options: &GlobalOptions, file: &ScheduleFile) -> Vec<(usize, String)> {
    let open = outlet(options, &file.path);
    let mut outlets = BTreeMap::new();
    let mut refused = Vec::new();
    for schedule in &file.schedules {
        for receiver in schedule.receivers() {
            let profile = schedule.profile.as_deref();
            let outlet = outlets.entry(profile).or_insert_with(|| open(profile));
            if let Some(refusal) = receiver.refusal(outlet.as_ref()) {
                let (name, kind) = (&schedule.name, receiver.kind());
                let warning = format!("{name}: {kind} will not be delivered: {refusal}");
                refused.push((schedule.line, warning));
            }
        }
    }
    refused
}

/// Profiles are looked for from each script's folder upwards, as its run will.
fn unknown_profiles(options: &GlobalOptions, file: &ScheduleFile) -> Vec<(usize, String)> {
    let mut by_folder: BTreeMap<PathBuf, Vec<&Arc<Schedule>>> = BTreeMap::new();
    for schedule in file
        .schedules
        .iter()
        .filter(|schedule| schedule.profile.is_some())
    {
        by_folder
            .entry(
                schedule
                    .script
                    .parent()
                    .map(Path::to_owned)
                    .unwrap_or_default(),
            )
            .or_default()
            .push(schedule);
    }
    let mut problems = Vec::new();
    for (folder, schedules) in by_folder {
        let names = match context::profiles(options, &folder).names() {
            Ok(names) => names,
            Err(problem) => {
                problems.push((schedules[0].line, problem.to_string()));
                continue;
            }
        };
        for schedule in schedules {
            let profile = schedule.profile.as_deref().unwrap_or_default();
            if !names.iter().any(|name| name == profile) {
                let near = suggest::did_you_mean(&suggest::nearest(
                    profile,
                    names.iter().map(String::as_str),
                ));
                problems.push((
                    schedule.line,
                    format!("{}: there is no profile {profile:?}{near}", schedule.name),
                ));
            }
        }
    }
    problems
}
