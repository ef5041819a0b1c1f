//! Builds what a command works with from its options: catalogue, profiles, clock, transport, audit,
//! gate.

use super::in_process::InProcess;
use super::options::GlobalOptions;
use super::own_paths::own_paths;
use super::progress::Progress;
use super::simulation::{self, Simulation};
use super::{report, status};
use crate::client::transport::{HttpTransport, Transport};
use crate::config::{Flags, Profiles, user_folder};
use crate::gate::audit::Audit;
use crate::gate::recorder::RunRecorder;
use crate::gate::{self, Confirm, Gate, GateParts, Grants, Random};
use crate::history::Store;
use crate::run::{HistoryRecorder, Keep, RunInfo};
use cumulua_core::catalog::{Catalog, suggest};
use cumulua_core::clock::Clock;
use cumulua_core::secret::Redactor;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::runtime::{Builder, LocalOptions};

/// The seed of `--sim`: a simulation goes the same way every time.
pub(super) const SIMULATOR_SEED: u64 = 1;

/// The catalogue with the user's overlays.
pub(super) fn catalog(options: &GlobalOptions) -> Arc<Catalog> {
    let own = user_folder()
        .map(|folder| folder.join("catalog"))
        .filter(|folder| folder.is_dir());
    Arc::new(Catalog::new(
        own.into_iter()
            .chain(options.catalog.iter().cloned())
            .collect(),
    ))
}

/// Checks what clap cannot: names that the catalogue lacks would otherwise change nothing,
/// silently. Gives the simulation of this command, with the state that it begins from.
pub(super) fn check(options: &GlobalOptions, simulates: bool) -> Result<Simulation, String> {
    if let Some(folder) = options.catalog.iter().find(|folder| !folder.is_dir()) {
        return Err(format!("--catalog {} is not a folder", folder.display()));
    }
    if !simulates && (options.seed_file.is_some() || options.dump.is_some()) {
        return Err(
            "--seed-file and --dump are about a simulator; they go with --sim, or with cumulua sim"
                .to_owned(),
        );
    }
    let saved = options
        .seed_file
        .as_ref()
        .map(|file| simulation::read(file))
        .transpose();
    let simulation = Simulation::new(saved.map_err(|problem| format!("--seed-file: {problem}"))?);
    if let Some(file) = options.dump.as_ref() {
        simulation::is_writable(file).map_err(|problem| format!("--dump: {problem}"))?;
    }
    if options.endpoint.is_empty() {
        return Ok(simulation);
    }
    let catalog = catalog(options);
    let known: Vec<String> = catalog
        .products()
        .into_iter()
        .chain(catalog.services())
        .collect();
    for (name, _) in &options.endpoint {
        if !known.contains(name) {
            let near =
                suggest::did_you_mean(&suggest::nearest(name, known.iter().map(String::as_str)));
            return Err(format!(
                "--endpoint {name}=…: there is no product or service {name:?}{near}"
            ));
        }
    }
    Ok(simulation)
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
        simulator_credentials: (
            cumulua_simulator::ACCESS_KEY.to_owned(),
            cumulua_simulator::SECRET.to_owned(),
        ),
    })
}

/// The gate of what is no run of a script. Must be called inside the runtime, whose clock it takes.
pub(super) fn plain_gate(
    options: &GlobalOptions,
    simulation: &Simulation,
    start: &Path,
    grants: Grants,
) -> Arc<Gate> {
    Arc::new(Gate::new(gate_parts(options, simulation, start, grants)))
}

/// The gate of a run, and what records it. Must be called inside the runtime, whose clock it takes.
pub(super) fn recorded_gate(
    options: &GlobalOptions,
    simulation: &Simulation,
    start: &Path,
    grants: Grants,
    subject: Subject,
) -> (Arc<Gate>, Option<Arc<HistoryRecorder>>) {
    let parts = GateParts {
        confirm: subject.confirm,
        ..gate_parts(options, simulation, start, grants)
    };
    let Some(path) = store_path(options) else {
        return (Arc::new(Gate::new(parts)), None);
    };
    let profiles = Arc::clone(&parts.profiles);
    let info = RunInfo {
        name: subject.name,
        kind: subject.kind,
        script: subject.script,
        text: subject.text,
        catalog: Arc::clone(&parts.catalog),
        args: subject.args,
        profile: Box::new(move || Some(profiles.current().ok()?.value)),
        simulated: options.sim,
        is_detached: subject.is_detached,
    };
    let keep = match (options.no_record, &subject.run) {
        (true, _) => Keep::Nothing,
        (false, Some(_)) => Keep::Claimed,
        (false, None) => Keep::Everything,
    };
    // Simulations share the seed of their randomness, runs must not share their ids.
    let id = subject.run.unwrap_or_else(|| Random::system().uuid());
    let recorder = Arc::new(HistoryRecorder::new(
        id,
        info,
        keep,
        path,
        parts.clock.clone(),
        Arc::clone(&parts.redactor),
    ));
    let gate = Gate::new(parts).recorded_by(Arc::clone(&recorder) as Arc<dyn RunRecorder>);
    (Arc::new(gate), Some(recorder))
}

/// What a run is about, as its command knows it.
pub(super) struct Subject {
    /// What it is called.
    pub(super) name: String,
    /// What kind of run it is.
    pub(super) kind: &'static str,
    /// The script's file.
    pub(super) script: Option<PathBuf>,
    /// The script's text.
    pub(super) text: Option<String>,
    /// The arguments.
    pub(super) args: Vec<String>,
    /// The id under which a server has recorded it.
    pub(super) run: Option<String>,
    /// Whether its standard streams lead nowhere.
    pub(super) is_detached: bool,
    /// Who is asked before a call that can destroy or cost in production.
    pub(super) confirm: Option<Arc<dyn Confirm>>,
}

/// What the gate of a run is made of. Must be called inside the runtime, whose clock it takes.
pub(super) fn gate_parts(
    options: &GlobalOptions,
    simulation: &Simulation,
    start: &Path,
    grants: Grants,
) -> GateParts {
    let catalog = catalog(options);
    let clock = if options.sim {
        Clock::paused()
    } else {
        Clock::system()
    };
    let redactor = Arc::new(Redactor::within(grants.memory));
    let (random, transport, simulation): (
        Random,
        Arc<dyn Transport>,
        Option<Arc<dyn gate::Simulation>>,
    ) = if options.sim {
        let make =
            |saved| InProcess::new(Arc::clone(&catalog), clock.clone(), SIMULATOR_SEED, saved);
        let simulator = simulation.simulator(make);
        (
            Random::seeded(SIMULATOR_SEED),
            Arc::clone(&simulator) as Arc<dyn Transport>,
            Some(simulator),
        )
    } else {
        (Random::system(), Arc::new(HttpTransport::default()), None)
    };
    GateParts {
        profiles: Arc::new(profiles(options, start)),
        catalog,
        clock,
        random,
        transport,
        observer: Arc::new(Progress::new(options.log_format, options.verbose)),
        audit: audit_path(options).map(Audit::new),
        grants: Grants {
            read_only: options.read_only,
            own: own_paths(options).into_iter().chain(grants.own).collect(),
            ..grants
        },
        redactor,
        simulation,
        confirm: None,
    }
}

/// The file of the run store; a simulation has one only where it is named.
pub(super) fn store_path(options: &GlobalOptions) -> Option<PathBuf> {
    options.store.clone().or_else(|| {
        if options.sim {
            None
        } else {
            Store::default_path()
        }
    })
}

/// A simulation is recorded only into a file that is named.
pub(super) fn audit_path(options: &GlobalOptions) -> Option<PathBuf> {
    options.audit.clone().or_else(|| {
        if options.sim {
            None
        } else {
            Audit::default_path()
        }
    })
}

/// Runs a future on this thread; with `--sim` on virtual time.
pub(super) fn block_on<F: Future<Output = ExitCode>>(
    options: &GlobalOptions,
    simulation: &Simulation,
    future: F,
) -> ExitCode {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(options.sim);
    match builder.build_local(LocalOptions::default()) {
        Ok(runtime) => {
            let status = runtime.block_on(async {
                let status = future.await;
                // Inside the runtime, whose clock the simulator has.
                match options
                    .dump
                    .as_ref()
                    .filter(|_| options.sim)
                    .map(|file| simulation.dump(file))
                {
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
