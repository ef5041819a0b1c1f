//! The resources: found, checked and changed for the Actions and the ends of tasks.

use super::state::{BMS, Compute, Power, Server};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;

impl Cloud {
    /// A bare-metal server that is there.
    pub(crate) fn bare_metal(&self, id: &str) -> Option<&Server> {
        self[BMS].servers.get(id)
    }

    /// A bare-metal server's state, and the same in Chinese.
    pub(crate) fn bare_metal_state<'a>(&'a self, server: &Server) -> (&'a str, &'static str) {
        let state = self
            .tasks
            .state_of(&server.id)
            .unwrap_or(match server.power {
                Power::Running => "running",
                Power::Stopped => "stopped",
            });
        let text = match state {
            "creating" => "创建中",
            "starting" => "开机中",
            "stopping" => "关机中",
            "resetting" => "重启中",
            "rebuilding" => "重装中",
            "deleting" => "删除中",
            "running" => "运行中",
            "stopped" => "已关机",
            _ => "更新中",
        };
        (state, text)
    }

    /// A server that is there and that no task works on.
    pub(super) fn idle_bare_metal(&self, id: &str, code: &'static str) -> Result<&Server, Refusal> {
        let server = self
            .bare_metal(id)
            .ok_or_else(|| Refusal::new(code, format!("There is no bare-metal server {id:?}")))?;
        match self.tasks.state_of(id) {
            None => Ok(server),
            Some(state) => Err(Refusal::new(code, format!("The server {id} is {state}"))),
        }
    }

    /// A server that is still there, for what a task does at its end.
    pub(super) fn change_bare_metal(&mut self, id: &str, change: impl FnOnce(&mut Server)) {
        if let Some(server) = self[BMS].servers.get_mut(id) {
            change(server);
        }
    }

    /// Adds a server that was bought: there is one less to buy, and its end is kept in mind.
    pub(super) fn add_bare_metal(&mut self, server: Server) {
        if let Some(compute) = self.compute_of(&server) {
            compute.stock = compute.stock.saturating_sub(1);
        }
        self[BMS].next_end = self[BMS]
            .next_end
            .into_iter()
            .chain(server.paid_until)
            .min();
        self[BMS].servers.insert(server);
    }

    fn compute_of(&mut self, server: &Server) -> Option<&mut Compute> {
        let mut computes = self[BMS]
            .offers
            .iter_mut()
            .flat_map(|offer| &mut offer.computes);
        computes.find(|compute| compute.id == server.compute_id)
    }

    /// Takes a server away: its addresses are free, its cloud disks detached, and it can be bought
    /// again.
    pub(super) fn remove_bare_metal(&mut self, id: &str) {
        let Some(server) = self[BMS].servers.remove(id) else {
            return;
        };
        for card in &server.cards {
            self.addresses.release(&card.network, card.address);
        }
        if let Some(compute) = self.compute_of(&server) {
            compute.stock = compute.stock.saturating_add(1);
        }
        self.detach_disks_of(id);
    }
}
