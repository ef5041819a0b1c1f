//! Processes.

use super::verdict::Verdict;

/// Whether a process may be started.
pub(super) fn judge(is_granted: bool) -> Verdict {
    if is_granted {
        Verdict::allow()
    } else {
        Verdict::deny("scripts may not start processes; `--allow-run` would allow it")
    }
}
