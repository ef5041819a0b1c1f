//! `cumulua sim`: the simulator as a server.

use super::options::GlobalOptions;
use super::{report, status, world};
use crate::clock::Clock;
use crate::simulator::{self, FAULT_SYNTAX, FaultRule, Simulator};
use clap::Args;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Runs the simulator as a server
///
/// It verifies signatures, keeps state and forgets it when it ends. One port answers for all products. It stands beside a real
/// cloud only in its answers: nothing that it makes exists.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, in two terminals:\n  cumulua sim --listen 127.0.0.1:8080\n  cumulua run --endpoint cds=http://127.0.0.1:8080 scripts/quickstart.lua",
    after_long_help = format!("Faults, as --fault takes them:\n\n{FAULT_SYNTAX}\n\n\
        Example, in two terminals:\n  cumulua sim --listen 127.0.0.1:8080\n  cumulua run --endpoint cds=http://127.0.0.1:8080 scripts/quickstart.lua")
)]
pub(super) struct Sim {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The access key that is accepted
    #[arg(long, value_name = "ID", default_value = simulator::ACCESS_KEY)]
    access_key: String,
    /// The secret that is accepted
    #[arg(long, value_name = "SECRET", default_value = simulator::SECRET, hide_default_value = false)]
    secret: String,
    /// Seeds ids and durations
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// How much faster tasks go than in a cloud
    #[arg(long, value_name = "FACTOR", default_value_t = 60.0)]
    speed: f64,
    /// Lets something go wrong; can be given several times, the first that strikes counts
    #[arg(long = "fault", value_name = "PATTERN:KIND…", value_parser = str::parse::<FaultRule>)]
    faults: Vec<FaultRule>,
}

impl Sim {
    /// Serves until it is ended.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        if !(self.speed.is_finite() && self.speed > 0.0) {
            report::error("--speed must be a number above 0");
            return status::USAGE.into();
        }
        let options = GlobalOptions { sim: false, ..options.clone() };
        world::block_on(&options, async {
            let catalog = world::catalog(&options);
            let own =
                simulator::Options { access_key: self.access_key, secret: self.secret, seed: self.seed, clock: Clock::system() };
            let simulator = Arc::new(Simulator::new(Arc::clone(&catalog), own));
            simulator.set_time_scale(1.0 / self.speed);
            for rule in self.faults {
                match rule.known_to(&catalog) {
                    Ok(rule) => simulator.fault(rule),
                    Err(problem) => {
                        report::error(&format!("--fault: {problem}"));
                        return status::USAGE.into();
                    }
                }
            }
            let listening = async {
                let listener = TcpListener::bind(self.listen).await?;
                report::print(&format!("listening on http://{}", listener.local_addr()?));
                simulator::serve(simulator, listener).await
            };
            match listening.await {
                Ok(()) => status::DONE.into(),
                Err(problem) => {
                    report::error(&format!("cannot serve on {}: {problem}; --listen takes another address", self.listen));
                    status::SCRIPT.into()
                }
            }
        })
    }
}
