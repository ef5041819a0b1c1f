//! How long works take, in whichever dialect they are asked about.

use crate::cloud::task::{Dialect, Work};
use cumulua_core::catalog::Action;

/// The waiter whose tasks `/ccs` answers for all services.
const CDS_TASK: &str = "cds_task";

/// Making something.
pub(super) fn create(action: &Action) -> Work {
    dialect(action).work("create", 30, 120)
}

/// Changing something.
pub(super) fn change(action: &Action) -> Work {
    dialect(action).work("change", 10, 40)
}

/// Removing something.
pub(super) fn remove(action: &Action) -> Work {
    dialect(action).work("remove", 10, 40)
}

fn dialect(action: &Action) -> Dialect {
    match &action.task {
        Some(task) if task.waiter == CDS_TASK => Dialect::CdsTask,
        Some(_) => Dialect::Catalogued,
        None => Dialect::Unasked,
    }
}
