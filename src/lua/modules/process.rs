//! `os.execute`: C's own ignores Ctrl-C while its child runs, this one ends the child with the run.

use crate::gate::Gate;
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::files::child::{outcome, shell, wait};
use crate::lua::files::refused::Refused;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

/// What a child has started may keep its output open; its last words are waited for so long.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// A line of a child that is longer is told in parts, in bytes.
const LONGEST_LINE: u64 = 16 * 1024;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.function("process", |_, gate, ()| Ok(gate.process()?))?;
    bindings.function("execute", |_, gate, command: String| {
        let failed = |problem: io::Error| Raised::invalid(format!("os.execute: {problem}"));
        let mut command_line = shell(&command);
        if gate.hears_processes() {
            command_line.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        let mut child = command_line.spawn().map_err(failed)?;
        let told = tell(gate, &mut child);
        let status = wait(gate, &mut child).map_err(|refusal| match refusal {
            Refused::System(problem) => failed(problem),
            Refused::Raised(raised) => raised,
        })?;
        // Ends early once both streams have.
        let _ = told.recv_timeout(LAST_WORDS);
        Ok(outcome(status))
    })
}

/// Passes on what a child writes into pipes, without the secrets that the run knows. What is given ends with both streams.
fn tell(gate: &Arc<Gate>, child: &mut Child) -> Receiver<()> {
    let (ended, told) = mpsc::channel();
    if let Some(stream) = child.stdout.take() {
        pass_on(gate, stream, io::stdout(), ended.clone());
    }
    if let Some(stream) = child.stderr.take() {
        pass_on(gate, stream, io::stderr(), ended);
    }
    told
}

fn pass_on(gate: &Arc<Gate>, from: impl Read + Send + 'static, mut to: impl Write + Send + 'static, ended: Sender<()>) {
    let gate = Arc::clone(gate);
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while matches!(from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line), Ok(1..)) {
            // A reader that is gone must not stop the child.
            let _ = to.write_all(gate.redact(&String::from_utf8_lossy(&line)).as_bytes());
            line.clear();
        }
        let _ = to.flush();
        drop(ended);
    });
}
