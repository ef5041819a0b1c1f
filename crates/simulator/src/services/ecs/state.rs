//! Elastic servers.

use super::image::Image;
use super::{price, renewal};
use crate::cloud::refusal::Refusal;
use crate::cloud::store::{Keyed, Store};
use crate::cloud::world::World;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::net::Ipv4Addr;

/// What the account has here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) servers: Store<Server>,
    /// Private ones.
    pub(crate) images: Store<Image>,
    /// How many servers the account may have.
    pub(crate) quota: u64,
    /// When the next paid term ends; it follows from the servers.
    #[serde(skip)]
    pub(super) next_end: Option<Timestamp>,
}

impl Default for State {
    fn default() -> Self {
        Self { servers: Store::default(), images: Store::default(), quota: 1000, next_end: None }
    }
}

/// Whether a server is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Power {
    Running,
    Shutdown,
}

/// How a server is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Billing {
    OnDemand,
    Prepaid {
        months: u64,
        /// When the paid time ends.
        until: Timestamp,
        renews: bool,
    },
}

/// An operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Os {
    /// Id of the image that has it, or that it came from.
    pub(crate) image_id: String,
    pub(crate) image_name: String,
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) bits: u64,
    /// In GB.
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) driver: String,
}

impl Os {
    pub(crate) fn is_windows(&self) -> bool {
        self.kind.starts_with("Windows")
    }
}

/// A disk of the host that a server runs on. It is the server's own; cloud disks are `ebs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocalDisk {
    pub(crate) id: String,
    pub(crate) name: String,
    /// In GB.
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) is_system: bool,
}

/// A server's way out through an egress gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exit {
    pub(crate) network: String,
    pub(crate) address: Ipv4Addr,
    #[serde(default)]
    pub(crate) is_default: bool,
}

/// An elastic server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The code of its zone.
    pub(crate) zone: String,
    pub(crate) subnet_id: String,
    pub(crate) address: Ipv4Addr,
    #[serde(default)]
    pub(crate) exits: Vec<Exit>,
    pub(crate) family: String,
    pub(crate) cpu: u64,
    /// In GiB.
    pub(crate) ram: u64,
    #[serde(default)]
    pub(crate) gpu: u64,
    pub(crate) os: Os,
    pub(crate) billing: Billing,
    #[serde(default)]
    pub(crate) is_utc: bool,
    pub(crate) power: Power,
    #[serde(default)]
    pub(crate) local_disks: Vec<LocalDisk>,
    pub(crate) created: Timestamp,
}

impl Keyed for Server {
    fn key(&self) -> &str {
        &self.id
    }
}

impl World {
    /// An elastic server by its id.
    pub(crate) fn ecs_server(&self, id: &str) -> Result<&Server, Refusal> {
        self.ecs.servers.get(id).ok_or_else(|| Refusal::new("InvalidEcsId.NotFound", format!("There is no server {id}")))
    }

    /// An elastic server that no task works on.
    pub(crate) fn idle_ecs_server(&self, id: &str) -> Result<&Server, Refusal> {
        let server = self.ecs_server(id)?;
        if self.tasks.holder(id).is_none() { Ok(server) } else { Err(self.wrong_state(server)) }
    }

    /// The server's state does not allow what is asked.
    pub(super) fn wrong_state(&self, server: &Server) -> Refusal {
        let message = format!("The server {} has the state {}", server.id, self.ecs_status(server));
        Refusal::new("InvalidOperation.InstanceStatusUnsupported", message)
    }

    /// As `Status` writes it.
    pub(crate) fn ecs_status(&self, server: &Server) -> &'static str {
        match (self.tasks.holder(&server.id).map(|task| task.kind.as_str()), server.power) {
            (Some("create_ecs"), _) => "building",
            (Some("start_up_ecs"), _) => "starting_up",
            (Some("shutdown_ecs" | "hard_shutdown_ecs"), _) => "shutting_down",
            (Some("restart_ecs"), _) => "restarting",
            (Some("delete_ecs"), _) => "deleting",
            (Some("create_image"), _) => "creating_image",
            (Some(_), _) => "updating",
            (None, Power::Running) => "running",
            (None, Power::Shutdown) => "shutdown",
        }
    }

    /// Switches a server that is still there on or off; one whose term has ended meanwhile stays off.
    pub(crate) fn set_ecs_power(&mut self, id: &str, to: Power) {
        let now = self.now();
        if let Some(server) = self.ecs.servers.get_mut(id) {
            server.power = if server.has_lapsed(now) { Power::Shutdown } else { to };
        }
    }

    /// Takes a server away, with its addresses.
    pub(super) fn remove_ecs_server(&mut self, id: &str) {
        let Some(server) = self.ecs.servers.remove(id) else { return };
        self.leave_network(&server.subnet_id, server.address);
        for exit in &server.exits {
            self.leave_network(&exit.network, exit.address);
        }
    }
}

/// Finds out which addresses the servers have, and what is used on demand that a file says nothing of.
pub(crate) fn index(world: &mut World) {
    let is_metered = |server: &&Server| {
        let is_new = world.tasks.holder(&server.id).is_some_and(|task| task.kind == "create_ecs");
        !is_new && world.use_of(&server.id).is_none()
    };
    let unmetered: Vec<_> = world.ecs.servers.iter().filter(is_metered).map(|server| server.id.clone()).collect();
    for id in unmetered {
        price::meter_server(world, &id, None);
    }
    renewal::note_next_end(world, None);
    for server in world.ecs.servers.iter() {
        world.addresses.take(&server.subnet_id, server.address);
        for exit in &server.exits {
            world.addresses.take(&exit.network, exit.address);
        }
    }
}

/// What does not fit together.
pub(crate) fn problems(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    let mut addresses = HashSet::new();
    for server in world.ecs.servers.iter() {
        let own = std::iter::once((&server.subnet_id, server.address));
        for (network, address) in own.chain(server.exits.iter().map(|exit| (&exit.network, exit.address))) {
            let mut tell = |problem: String| problems.push(format!("ecs.servers, {}: {problem}", server.id));
            match world.vpc.nets.get(network) {
                None => tell(format!("there is no network {network}")),
                Some(known) if !known.zone.eq_ignore_ascii_case(&server.zone) => {
                    tell(format!("the network {network} is not in its zone"));
                }
                Some(known) if !known.offers(address) => tell(format!("{address} is not an address of {}", known.range)),
                Some(_) => {}
            }
            if !addresses.insert((network, address)) {
                tell(format!("another server has {address} too"));
            }
        }
    }
    problems
}
