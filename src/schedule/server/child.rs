//! A process of the server itself, as a notification's: its last lines are kept, its time is limited.

use super::lines::Lines;
use super::priority::{end_group, give_way};
use cumulua_core::clock::real_now;
use std::collections::VecDeque;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::process::{ChildStderr, Command};

/// Lines that are kept, the last ones.
const KEPT: usize = 20;

/// What it has started may hold its standard error open after it; its last lines are waited for so
/// long.
const OUTPUT_GRACE: Duration = Duration::from_millis(500);

/// How a process ended.
pub(super) struct Exit {
    pub(super) status: ExitStatus,
    /// The last lines of its standard error.
    pub(super) lines: VecDeque<String>,
}

/// Runs a command to its end, which comes at `limit` at the latest.
pub(super) async fn run_within(mut command: Command, limit: Duration) -> io::Result<Exit> {
    let mut child = command.kill_on_drop(true).spawn()?;
    give_way(child.id());
    let mut reading = tokio::spawn(read(child.stderr.take()));
    let deadline = tokio::time::Instant::from_std(real_now()) + limit;
    let status = if let Ok(status) = tokio::time::timeout_at(deadline, child.wait()).await {
        status?
    } else {
        end_group(child.id());
        child.start_kill()?;
        child.wait().await?
    };
    let lines = if let Ok(read) = tokio::time::timeout(OUTPUT_GRACE, &mut reading).await {
        read.unwrap_or_default()
    } else {
        reading.abort();
        VecDeque::new()
    };
    Ok(Exit { status, lines })
}

/// Reads a stream to its end; gives its last lines.
async fn read(stream: Option<ChildStderr>) -> VecDeque<String> {
    let (mut lines, mut kept) = (Lines::default(), VecDeque::new());
    let Some(mut stream) = stream else {
        return kept;
    };
    let mut buffer = vec![0; 8 * 1024];
    let mut keep = |line: String| {
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(line);
    };
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        lines
            .push(&buffer[..length])
            .into_iter()
            .for_each(&mut keep);
    }
    lines.take().into_iter().for_each(&mut keep);
    kept
}
