//! The account that a call is about, and how many machines it has.

use super::state::ALIYUN;
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;

impl Cloud {
    /// How many ECS servers an owner has.
    pub(crate) fn ecs_servers_of(&self, owner: &str) -> u64 {
        self[ALIYUN]
            .owners
            .get(owner)
            .map_or(1, |owner| owner.ecs_servers)
    }

    /// ECS servers and RDS instances of an owner together.
    pub(crate) fn machines_of(&self, owner: &str) -> u64 {
        let databases = self[ALIYUN]
            .owners
            .get(owner)
            .map_or(0, |owner| owner.rds_instances);
        self.ecs_servers_of(owner).saturating_add(databases)
    }
}

impl Call<'_> {
    /// The account that a call is about: `name` gives it, otherwise it is the caller's own.
    pub(crate) fn owner(&self, name: &str) -> Result<String, Refusal> {
        match self.params.int(name) {
            None => Ok(self.cloud[ALIYUN].account_id.to_string()),
            Some(id) if id > 0 => Ok(id.to_string()),
            Some(_) => Err(self.malformed(name, "it is not the id of an account")),
        }
    }
}
