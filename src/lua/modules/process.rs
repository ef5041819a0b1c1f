//! `os.execute`: C's own ignores Ctrl-C while its child runs, this one ends the child with the run.

use crate::lua::error;
use crate::lua::native::{Natives, invalid};
use std::process::Command;
use std::thread;
use std::time::Duration;

/// How often a running child is looked at: well below the time in which Ctrl-C must be heard.
const LOOK: Duration = Duration::from_millis(20);

pub(in crate::lua) fn register(natives: &Natives<'_>) -> mlua::Result<()> {
    natives.fallible("execute", |lua, gate, command: String| {
        let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
        let mut child = match Command::new(shell).args([flag, &command]).spawn() {
            Ok(child) => child,
            Err(problem) => return Ok(Err(invalid(lua, &format!("os.execute: {problem}"))?)),
        };
        loop {
            if let Some(stop) = gate.interrupt().reason() {
                // A child that has ended by itself meanwhile needs no signal.
                let _ = child.kill();
                let _ = child.wait();
                return Ok(Err(error::stopped(lua, &stop)?));
            }
            match child.try_wait() {
                Ok(Some(status)) => {
                    let (how, code) = match status.code() {
                        Some(code) => ("exit", code),
                        None => ("signal", signal(status)),
                    };
                    return Ok(Ok((status.success().then_some(true), how, code)));
                }
                Ok(None) => thread::sleep(LOOK),
                Err(problem) => return Ok(Err(invalid(lua, &format!("os.execute: {problem}"))?)),
            }
        }
    })
}

#[cfg(unix)]
fn signal(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal().unwrap_or(0)
}

#[cfg(not(unix))]
fn signal(_: std::process::ExitStatus) -> i32 {
    0
}
