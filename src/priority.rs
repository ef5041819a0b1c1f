//! Who goes first where several want a processor. Where the system forbids it all are equals.

/// By how much what gives way is nicer; 19 is the nicest that there is.
#[cfg(unix)]
const NICER: i32 = 10;

/// Lets the calling thread, for whose work nobody waits, give way to the others of its process, and with it the threads that it starts.
pub(crate) fn thread_gives_way() {
    // Elsewhere threads have no priority of their own, and the whole process would give way.
    #[cfg(target_os = "linux")]
    make_nicer(None);
}

/// Lets a process and what it starts give way to this one.
pub(crate) fn process_gives_way(id: u32) {
    #[cfg(unix)]
    if let Some(process) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw) {
        make_nicer(Some(process));
    }
    #[cfg(not(unix))]
    let _ = id;
}

#[cfg(unix)]
fn make_nicer(whose: Option<rustix::process::Pid>) {
    let own = rustix::process::getpriority_process(None).unwrap_or(0);
    let _ = rustix::process::setpriority_process(whose, own + NICER);
}
