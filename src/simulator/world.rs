//! The cloud's state. It moves only when a request or a due task moves it.

use super::group::{SecurityGroup, Template};
use super::ids::{self, Ids};
use super::instance::{Instance, Interface};
use super::network::{Network, Range};
use super::refusal::Refusal;
use super::task::{Effect, FIRST_TASK, Task, Work};
use super::{PRIVATE_ID, PUBLIC_ID, REGION_ID, VDC_ID};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

/// A virtual data centre.
#[derive(Debug, Clone)]
pub(crate) struct Vdc {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) region: String,
}

/// What a fault makes of the tasks that the present call starts.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    Fails(String),
    Hangs,
}

/// Everything that the one account has.
pub(crate) struct World {
    pub(crate) ids: Ids,
    pub(crate) vdcs: Vec<Vdc>,
    pub(crate) networks: Vec<Network>,
    /// In the order of their creation.
    pub(crate) instances: Vec<Instance>,
    pub(crate) tags: BTreeMap<u64, String>,
    pub(crate) last_tag: u64,
    pub(crate) groups: Vec<SecurityGroup>,
    pub(crate) templates: Vec<Template>,
    pub(crate) tasks: Vec<Task>,
    /// In yuan.
    pub(crate) balance: f64,
    /// Durations of new tasks are multiplied by it.
    pub(crate) time_scale: f64,
    /// Of the tasks that are started from now on.
    pub(crate) fate: Option<Fate>,
    began: Timestamp,
    elapsed: Duration,
}

impl World {
    /// A VDC with a public and a private network, and nothing in them.
    pub(crate) fn new(seed: u64, began: Timestamp) -> Self {
        let network = |id: &str, name: &str, is_public, range| Network {
            id: id.to_owned(),
            name: name.to_owned(),
            vdc_id: VDC_ID.to_owned(),
            is_public,
            range,
        };
        Self {
            ids: Ids::new(seed),
            vdcs: vec![Vdc { id: VDC_ID.to_owned(), name: "cdsApi-testaa".to_owned(), region: REGION_ID.to_owned() }],
            networks: vec![
                network(PUBLIC_ID, "cdsApi-public-2", true, Range::new(Ipv4Addr::new(101, 251, 0, 0), 20)),
                network(PRIVATE_ID, "siwang-api1", false, Range::new(Ipv4Addr::new(10, 240, 192, 0), 20)),
            ],
            instances: Vec::new(),
            tags: BTreeMap::new(),
            last_tag: 256,
            groups: Vec::new(),
            templates: Vec::new(),
            tasks: Vec::new(),
            balance: 1_000_000.0,
            time_scale: 1.0,
            fate: None,
            began,
            elapsed: Duration::ZERO,
        }
    }

    /// The time of day that the world has come to.
    pub(crate) fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.elapsed).unwrap_or(SignedDuration::MAX);
        self.began.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    /// Time since the world began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Brings the world to a time: the tasks that are due by then end, in order.
    pub(crate) fn settle(&mut self, elapsed: Duration) {
        loop {
            let due = self.tasks.iter().enumerate().filter(|(_, task)| !task.settled && task.due.is_some_and(|due| due <= elapsed));
            let Some((index, _)) = due.min_by_key(|(_, task)| (task.due, task.id)) else { break };
            self.end(index);
        }
        self.elapsed = self.elapsed.max(elapsed);
    }

    fn end(&mut self, index: usize) {
        let task = &mut self.tasks[index];
        task.settled = true;
        task.reserves.clear();
        let (due, holds) = (task.due.unwrap_or_default(), std::mem::take(&mut task.holds));
        let (done, failed) = (task.done.take(), task.failed.take());
        let effect = if task.failure.is_some() { failed } else { done };
        self.elapsed = self.elapsed.max(due);
        for instance in self.instances.iter_mut().filter(|instance| holds.contains(&instance.id)) {
            instance.busy = None;
        }
        if let Some(effect) = effect {
            effect(self);
        }
    }

    /// Starts a task that does `done` when it ends; the servers that it holds show `state` meanwhile.
    pub(crate) fn start(&mut self, plan: Plan, done: impl FnOnce(&mut World) + Send + 'static) -> u64 {
        let id = FIRST_TASK + self.tasks.len() as u64;
        for instance in self.instances.iter_mut().filter(|instance| plan.holds.contains(&instance.id)) {
            instance.busy = Some(plan.state);
        }
        let duration = plan.work.duration(self.ids.seed(), id, self.time_scale);
        let (failure, hangs) = match &self.fate {
            Some(Fate::Fails(reason)) => (Some(reason.clone()), false),
            Some(Fate::Hangs) => (None, true),
            None => (None, false),
        };
        self.tasks.push(Task {
            id,
            work: plan.work,
            resources: plan.resources,
            holds: plan.holds,
            reserves: plan.reserves,
            started: self.elapsed,
            due: (!hangs).then(|| self.elapsed + duration),
            failure,
            settled: false,
            done: Some(Box::new(done)),
            failed: plan.failed,
        });
        id
    }

    /// A server by its id.
    pub(crate) fn instance(&self, id: &str) -> Result<&Instance, Refusal> {
        well_formed(id)?;
        self.instances.iter().find(|instance| instance.id == id).ok_or_else(|| not_found(id))
    }

    /// A server that no task works on.
    pub(crate) fn idle(&mut self, id: &str) -> Result<&mut Instance, Refusal> {
        well_formed(id)?;
        let instance = self.instances.iter_mut().find(|instance| instance.id == id).ok_or_else(|| not_found(id))?;
        match instance.busy {
            None => Ok(instance),
            Some(state) => Err(Refusal::new("IncorrectInstanceStatus", format!("The server {id} is {state}"))),
        }
    }

    /// A server that is still there, for what a task does at its end.
    pub(crate) fn change(&mut self, id: &str, change: impl FnOnce(&mut Instance)) {
        if let Some(instance) = self.instances.iter_mut().find(|instance| instance.id == id) {
            change(instance);
        }
    }

    /// Takes servers away, and all that hangs on them.
    pub(crate) fn remove_instances(&mut self, ids: &[String]) {
        let (gone, kept) = std::mem::take(&mut self.instances).into_iter().partition(|instance| ids.contains(&instance.id));
        self.instances = kept;
        let gone: Vec<Instance> = gone;
        for interface in gone.iter().flat_map(|instance| &instance.interfaces) {
            self.unbind(&interface.id);
        }
    }

    /// Takes an interface out of every security group.
    pub(crate) fn unbind(&mut self, interface: &str) {
        for group in &mut self.groups {
            group.interfaces.remove(interface);
        }
    }

    pub(crate) fn vdc(&self, id: &str) -> Result<&Vdc, Refusal> {
        if !is_uuid(id) {
            return Err(Refusal::new("InvalidVDCID.Malformed", "The parameter VdcId is not valid: it is not the id of a VDC"));
        }
        let missing = || Refusal::new("VDCNotFound", format!("There is no VDC {id}"));
        self.vdcs.iter().find(|vdc| vdc.id == id).ok_or_else(missing)
    }

    pub(crate) fn network(&self, id: &str) -> Result<&Network, Refusal> {
        let missing = || Refusal::new("InvalidParameter", format!("There is no network {id}"));
        self.networks.iter().find(|network| network.id == id).ok_or_else(missing)
    }

    /// The addresses that interfaces have or tasks reserve.
    pub(crate) fn taken(&self) -> BTreeSet<Ipv4Addr> {
        let in_use = self.instances.iter().flat_map(|instance| &instance.interfaces).filter_map(|interface| interface.address);
        in_use.chain(self.tasks.iter().flat_map(|task| &task.reserves).copied()).collect()
    }

    /// A new interface, connected.
    pub(crate) fn interface(&mut self, network: &str, address: Option<Ipv4Addr>, with_ipv6: bool) -> Interface {
        let ipv6 = with_ipv6.then(|| address.map(ipv6_of)).flatten();
        Interface { id: self.ids.uuid(), network: network.to_owned(), address, ipv6, mac: self.ids.mac(), connected: true }
    }

    /// A number from 0 up to 1 that is always the same for the same purpose and number.
    pub(crate) fn fraction(&self, purpose: &str, number: u64) -> f64 {
        ids::fraction(self.ids.seed(), purpose, number)
    }
}

/// A task before it is started.
pub(crate) struct Plan {
    work: Work,
    state: &'static str,
    resources: Vec<String>,
    holds: Vec<String>,
    reserves: Vec<Ipv4Addr>,
    failed: Option<Effect>,
}

impl Plan {
    /// A task about resources that it does not hold.
    pub(crate) fn about(work: Work, resources: Vec<String>) -> Self {
        Self { work, state: "updating", resources, holds: Vec::new(), reserves: Vec::new(), failed: None }
    }

    /// A task about servers that nothing else may touch meanwhile.
    pub(crate) fn holding(work: Work, instances: Vec<String>) -> Self {
        Self { holds: instances.clone(), ..Self::about(work, instances) }
    }

    /// The resources that the task makes, where they are not the held ones.
    pub(crate) fn making(self, resources: Vec<String>) -> Self {
        Self { resources, ..self }
    }

    /// The state that held servers show.
    pub(crate) fn showing(self, state: &'static str) -> Self {
        Self { state, ..self }
    }

    /// Addresses that are taken from now on.
    pub(crate) fn reserving(self, reserves: Vec<Ipv4Addr>) -> Self {
        Self { reserves, ..self }
    }

    /// What to undo where the task fails.
    pub(crate) fn or_else(self, failed: impl FnOnce(&mut World) + Send + 'static) -> Self {
        Self { failed: Some(Box::new(failed)), ..self }
    }
}

/// The IPv6 address beside an IPv4 one.
pub(crate) fn ipv6_of(address: Ipv4Addr) -> String {
    let [_, _, third, fourth] = address.octets();
    format!("2000:1:2:{third:x}::{fourth:x}")
}

pub(crate) fn is_uuid(id: &str) -> bool {
    id.len() == 36 && uuid::Uuid::parse_str(id).is_ok()
}

fn well_formed(id: &str) -> Result<(), Refusal> {
    if is_uuid(id) { Ok(()) } else { Err(Refusal::new("InvalidInstanceID.Malformed", format!("{id:?} is not the id of a server"))) }
}

fn not_found(id: &str) -> Refusal {
    Refusal::new("InstanceNotFound", format!("There is no server {id}"))
}
