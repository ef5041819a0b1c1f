//! Who asks: the user as the kernel tells it, and what the command tells beside.

use crate::history::{Requester, Told};
use std::fs;
use std::path::Path;

/// What is told is cut here, in characters.
const LONGEST: usize = 100;

/// What this process tells of the person who has started it.
pub fn told() -> Told {
    let short = |text: String| text.chars().take(LONGEST).collect::<String>();
    let variable = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    Told {
        login: login().map(short),
        sudo_user: variable("SUDO_USER").map(short),
        host: Some(short(host())),
        terminal: terminal().map(short),
    }
}

/// A client of this machine, with what it tells of itself.
pub fn client(uid: Option<u32>, told: Told) -> Requester {
    let user = uid.and_then(name_of);
    Requester { uid, user, told }
}

/// The person who has started this process.
pub fn of_this_process() -> Requester {
    client(Some(own_uid()), told())
}

/// Who logged in, which neither `su` nor `sudo` changes; nothing for a service.
fn login() -> Option<String> {
    let uid = fs::read_to_string("/proc/self/loginuid").ok()?;
    let uid: u32 = uid.trim().parse().ok().filter(|uid| *uid != u32::MAX)?;
    Some(name_of(uid).unwrap_or_else(|| uid.to_string()))
}

fn terminal() -> Option<String> {
    let descriptors = ["/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2"];
    let mut targets = descriptors
        .into_iter()
        .filter_map(|path| fs::read_link(path).ok());
    let terminal = targets.find(|target| is_terminal(target))?;
    Some(terminal.display().to_string())
}

fn is_terminal(target: &Path) -> bool {
    target.starts_with("/dev/pts") || target.display().to_string().starts_with("/dev/tty")
}

fn own_uid() -> u32 {
    rustix::process::getuid().as_raw()
}

fn name_of(uid: u32) -> Option<String> {
    let user = nix::unistd::User::from_uid(uid.into());
    Some(user.ok()??.name)
}

fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}
