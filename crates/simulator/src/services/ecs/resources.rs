//! The resources: found, checked and changed for the Actions and the ends of tasks.

use super::state::{ECS, Power, Server};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;

impl Cloud {
    /// An elastic server by its id.
    pub(crate) fn ecs_server(&self, id: &str) -> Result<&Server, Refusal> {
        self[ECS].servers.get(id).ok_or_else(|| {
            Refusal::new("InvalidEcsId.NotFound", format!("There is no server {id}"))
        })
    }

    /// An elastic server that no task works on.
    pub(crate) fn idle_ecs_server(&self, id: &str) -> Result<&Server, Refusal> {
        let server = self.ecs_server(id)?;
        if self.tasks.holder(id).is_none() {
            Ok(server)
        } else {
            Err(self.wrong_state(server))
        }
    }

    /// The server's state does not allow what is asked.
    pub(super) fn wrong_state(&self, server: &Server) -> Refusal {
        let message = format!(
            "The server {} has the state {}",
            server.id,
            self.ecs_status(server)
        );
        Refusal::new("InvalidOperation.InstanceStatusUnsupported", message)
    }

    /// As `Status` writes it.
    pub(crate) fn ecs_status(&self, server: &Server) -> &'static str {
        match (
            self.tasks.holder(&server.id).map(|task| task.kind.as_str()),
            server.power,
        ) {
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

    /// Switches a server that is still there on or off; one whose term has ended meanwhile stays
    /// off.
    pub(crate) fn set_ecs_power(&mut self, id: &str, to: Power) {
        let now = self.now();
        if let Some(server) = self[ECS].servers.get_mut(id) {
            server.power = if server.has_lapsed(now) {
                Power::Shutdown
            } else {
                to
            };
        }
    }

    /// Takes a server away, with its addresses.
    pub(super) fn remove_ecs_server(&mut self, id: &str) {
        let Some(server) = self[ECS].servers.remove(id) else {
            return;
        };
        self.leave_network(&server.subnet_id, server.address);
        for exit in &server.exits {
            self.leave_network(&exit.network, exit.address);
        }
    }
}
