//! `cumulua sim`: the simulator as a server.

use super::options::GlobalOptions;
use super::simulation::Simulation;
use super::{context, report, simulation, status};
use clap::Args;
use cumulua_core::clock::Clock;
use cumulua_simulator::{FAULT_SYNTAX, FaultRule, Options, Simulator};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Notify;

#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLE,
    after_long_help = format!("Faults, as --fault takes them:\n\n{FAULT_SYNTAX}\n\n{EXAMPLE}")
)]
pub(super) struct Sim {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Lets --listen take an address that other machines reach
    #[arg(long)]
    public: bool,
    /// A further name by which clients reach it; can be given several times. It answers to
    /// addresses, names without a dot and the clouds' own
    #[arg(long = "host", value_name = "NAME")]
    names: Vec<String>,
    /// The access key that is accepted
    #[arg(long, value_name = "ID", default_value = cumulua_simulator::ACCESS_KEY)]
    access_key: String,
    /// The secret that is accepted
    #[arg(long, value_name = "SECRET", default_value = cumulua_simulator::SECRET, hide_default_value = false)]
    secret: String,
    /// Seeds ids, durations and chance [default: 1, or that of --seed-file]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How much faster tasks go than in a cloud
    #[arg(long, value_name = "FACTOR", default_value_t = 60.0)]
    speed: f64,
    /// Keeps the objects of object storage in files of this folder, which is made where it is not
    /// there; in memory by default
    #[arg(long, value_name = "DIR")]
    objects: Option<PathBuf>,
    /// Lets something go wrong; can be given several times, the first that applies counts
    #[arg(long = "fault", value_name = "PATTERN:KIND…", value_parser = str::parse::<FaultRule>)]
    faults: Vec<FaultRule>,
}

const EXAMPLE: &str = "Example, in two terminals:\n  cumulua sim --listen 127.0.0.1:8080\n  cumulua run --endpoint cds=http://127.0.0.1:8080 scripts/quickstart.lua";

impl Sim {
    /// Serves until it is ended.
    pub(super) fn run(self, options: &GlobalOptions, simulation: &Simulation) -> ExitCode {
        if !(self.speed.is_finite() && self.speed > 0.0) {
            report::error("--speed must be a number above 0");
            return status::USAGE.into();
        }
        if !self.public && !self.listen.ip().is_loopback() {
            report::error(&format!(
                "{} is reached by other machines, and who reaches the simulator can read and change it; --public allows that",
                self.listen
            ));
            return status::USAGE.into();
        }
        let options = GlobalOptions {
            sim: false,
            ..options.clone()
        };
        context::block_on(&options, simulation, self.serve(&options, simulation))
    }

    async fn serve(self, options: &GlobalOptions, simulation: &Simulation) -> ExitCode {
        let listen = self.listen;
        let names = self.names.clone();
        let simulator = match self.simulator(options, simulation) {
            Ok(simulator) => Arc::new(simulator),
            Err(problem) => {
                report::error(&problem);
                return status::USAGE.into();
            }
        };
        simulator.report_ignored(|action, parameter, why| {
            report::warning(&format!("{action}: {parameter} is ignored: {}", why.text()));
        });
        let ended = Arc::new(Notify::new());
        let end = Arc::clone(&ended);
        let handled = ctrlc::set_handler(move || end.notify_one());
        if let Err(problem) = handled {
            report::warning(&format!(
                "Ctrl-C ends the simulator at once, without --dump: {problem}"
            ));
        }
        let listening = async {
            let listener = TcpListener::bind(listen).await?;
            report::print(&format!("listening on http://{}", listener.local_addr()?));
            cumulua_simulator::serve(Arc::clone(&simulator), listener, &names).await
        };
        let served = tokio::select! {
            served = listening => served,
            () = ended.notified() => Ok(()),
        };
        if let Err(problem) = served {
            report::error(&format!(
                "cannot serve on {listen}: {problem}; --listen takes another address"
            ));
            return status::SCRIPT.into();
        }
        match options
            .dump
            .as_ref()
            .map(|file| simulation::dump(&simulator, file))
        {
            Some(Err(problem)) => {
                report::error(&problem);
                status::SCRIPT.into()
            }
            _ => status::DONE.into(),
        }
    }

    fn simulator(
        self,
        options: &GlobalOptions,
        simulation: &Simulation,
    ) -> Result<Simulator, String> {
        let catalog = context::catalog(options);
        let seed = self.seed.unwrap_or(context::SIMULATOR_SEED);
        let own = Options {
            access_key: self.access_key,
            secret: self.secret,
            seed,
            clock: Clock::system(),
        };
        let simulator = match simulation.saved() {
            Some(saved) => {
                let saved = self
                    .seed
                    .map_or(saved.clone(), |seed| saved.with_seed(seed));
                Simulator::from_saved(Arc::clone(&catalog), own, saved)
            }
            None => Simulator::new(Arc::clone(&catalog), own),
        };
        simulator.set_time_scale(1.0 / self.speed);
        if let Some(folder) = &self.objects {
            simulator.keep_objects_in(folder).map_err(|problem| {
                format!(
                    "--objects {}: objects cannot be kept there: {problem}",
                    folder.display()
                )
            })?;
        }
        for rule in self.faults {
            simulator.fault(
                rule.known_to(&catalog)
                    .map_err(|problem| format!("--fault: {problem}"))?,
            );
        }
        Ok(simulator)
    }
}
