//! Builds a run's world from the options: catalogue, profiles, clock, transport, audit.

use super::options::GlobalOptions;
use super::progress::Progress;
use super::simulated::InProcess;
use super::{rehearsed, report, status};
use crate::catalog::{Catalog, suggest};
use crate::client::transport::{HttpTransport, Transport};
use crate::clock::Clock;
use crate::config::{Flags, Profiles, user_folder};
use crate::gate::audit::Audit;
use crate::gate::{Gate, Policy, Random, Rehearsal, World};
use crate::secret::Redactor;
use crate::simulator;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// The seed of `--sim`: a rehearsal goes the same way every time.
pub(super) const SIMULATOR_SEED: u64 = 1;

/// The catalogue with the user's overlays.
pub(super) fn catalog(options: &GlobalOptions) -> Arc<Catalog> {
    let own = user_folder().map(|folder| folder.join("catalog")).filter(|folder| folder.is_dir());
    Arc::new(Catalog::new(own.into_iter().chain(options.catalog.iter().cloned()).collect()))
}

/// What clap cannot see is wrong with the options: names that the catalogue lacks would otherwise change nothing, silently.
pub(super) fn check(options: &GlobalOptions, simulates: bool) -> Result<(), String> {
    if let Some(folder) = options.catalog.iter().find(|folder| !folder.is_dir()) {
        return Err(format!("--catalog {} is not a folder", folder.display()));
    }
    if !simulates && (options.seed_file.is_some() || options.dump.is_some()) {
        return Err("--seed-file and --dump are about a simulator; they go with --sim, or with cumulua sim".to_owned());
    }
    if let Some(file) = options.seed_file.as_ref() {
        options.rehearsed.begin_from(rehearsed::read(file).map_err(|problem| format!("--seed-file: {problem}"))?);
    }
    if let Some(file) = options.dump.as_ref() {
        rehearsed::is_writable(file).map_err(|problem| format!("--dump: {problem}"))?;
    }
    if options.endpoint.is_empty() {
        return Ok(());
    }
    let catalog = catalog(options);
    let known: Vec<String> = catalog.products().into_iter().chain(catalog.services()).collect();
    for (name, _) in &options.endpoint {
        if !known.contains(name) {
            let near = suggest::did_you_mean(&suggest::nearest(name, known.iter().map(String::as_str)));
            return Err(format!("--endpoint {name}=…: there is no product or service {name:?}{near}"));
        }
    }
    Ok(())
}

/// The profiles, searched from `start` upwards.
pub(super) fn profiles(options: &GlobalOptions, start: &Path) -> Profiles {
    Profiles::new(Flags {
        profile: options.profile.clone(),
        region: options.region.clone(),
        endpoints: options.endpoint.iter().cloned().collect(),
        read_only: options.read_only,
        config: options.config.clone(),
        start: start.canonicalize().unwrap_or_else(|_| start.to_owned()),
        simulator: options.sim,
        simulator_credentials: (simulator::ACCESS_KEY.to_owned(), simulator::SECRET.to_owned()),
    })
}

/// The gate of a run. Must be called inside the runtime, whose clock it takes.
pub(super) fn gate(options: &GlobalOptions, start: &Path, policy: Policy) -> Arc<Gate> {
    let catalog = catalog(options);
    let clock = Clock::system();
    let (random, transport, rehearsal): (Random, Arc<dyn Transport>, Option<Arc<dyn Rehearsal>>) = if options.sim {
        let saved = || options.rehearsed.saved();
        let make = || InProcess::new(Arc::clone(&catalog), clock.clone(), SIMULATOR_SEED, saved());
        let simulator = options.rehearsed.simulator(make);
        (Random::seeded(SIMULATOR_SEED), Arc::clone(&simulator) as Arc<dyn Transport>, Some(simulator))
    } else {
        (Random::system(), Arc::new(HttpTransport::default()), None)
    };
    Arc::new(Gate::new(World {
        profiles: Arc::new(profiles(options, start)),
        catalog,
        clock,
        random,
        transport,
        observer: Arc::new(Progress::new(options.log_format, options.verbose)),
        audit: audit_path(options).map(Audit::new),
        policy: Policy { read_only: options.read_only, ..policy },
        redactor: Arc::new(Redactor::default()),
        rehearsal,
    }))
}

/// A rehearsal is recorded only where somebody says where.
fn audit_path(options: &GlobalOptions) -> Option<PathBuf> {
    options.audit.clone().or_else(|| if options.sim { None } else { Audit::default_path() })
}

/// Runs a future on this thread; with `--sim` on virtual time.
pub(super) fn block_on<F: Future<Output = ExitCode>>(options: &GlobalOptions, future: F) -> ExitCode {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(options.sim);
    match builder.build() {
        Ok(runtime) => {
            let status = runtime.block_on(async {
                let status = future.await;
                // Inside the runtime, whose clock the simulator has.
                match options.dump.as_ref().filter(|_| options.sim).map(|file| options.rehearsed.dump(file)) {
                    Some(Err(problem)) => {
                        report::error(&problem);
                        status::SCRIPT.into()
                    }
                    _ => status,
                }
            });
            // A name that is still being resolved must not hold the command back.
            runtime.shutdown_background();
            status
        }
        Err(failure) => {
            report::error(&format!("the runtime cannot start: {failure}"));
            status::SCRIPT.into()
        }
    }
}
