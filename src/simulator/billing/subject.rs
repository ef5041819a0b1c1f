//! The service `/platform/subject` of Capital Online.

use crate::simulator::call::Handler;

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(_action: &str) -> Option<Handler> {
    None
}
