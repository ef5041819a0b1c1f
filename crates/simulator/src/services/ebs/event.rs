//! How the tasks of the service stand, asked as those of elastic servers are.

use crate::cloud::call::Table;
use crate::cloud::task::Dialect;
use crate::services::ecs::describe_event;

pub(super) const ACTIONS: Table = &[("DescribeEvent", |call| {
    describe_event(call, Dialect::EbsEvent)
})];
