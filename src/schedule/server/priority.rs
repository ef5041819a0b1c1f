//! The priority of what the server starts, and the end of what that leaves behind.

/// By how much runs, and what they start, are nicer than the server; 19 is the nicest that there
/// is.
#[cfg(unix)]
const NICER: i32 = 5;

/// Lets the server, whose firings would otherwise be late, go before a child where both want a
/// processor.
pub(super) fn give_way(child: Option<u32>) {
    #[cfg(unix)]
    if let Some(process) = pid(child) {
        // Where that is forbidden, all have the same priority.
        let own = rustix::process::getpriority_process(None).unwrap_or(0);
        let _ = rustix::process::setpriority_process(Some(process), own + NICER);
    }
    #[cfg(not(unix))]
    let _ = child;
}

/// Ends what a child has left in the group that it was the first of. The child must not have been
/// waited for: its id is its own until then.
pub(super) fn end_group(child: Option<u32>) {
    #[cfg(unix)]
    if let Some(group) = pid(child) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = child;
}

#[cfg(unix)]
fn pid(id: Option<u32>) -> Option<rustix::process::Pid> {
    id.and_then(|id| i32::try_from(id).ok())
        .and_then(rustix::process::Pid::from_raw)
}
