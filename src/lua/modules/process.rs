//! `os.execute`: C's own ignores Ctrl-C while its child runs, this one ends the child with the run,
//! and lets the run's other tasks go on.

use crate::effect_id::EffectId;
use crate::gate::{Gate, Streams, Waiting, at_once};
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::files::child::{IntoParentFile as _, Outcome, outcome};
use crate::lua::files::no_result::Refused;
use crate::lua::files::standard::Standard;
use mlua::Lua;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;
use tokio::process::Child;

/// What a child has started may keep its output open; its last output is waited for so long.
const OUTPUT_GRACE: Duration = Duration::from_millis(300);

/// A line of a child that is longer is passed on in parts, in bytes.
const LONGEST_LINE: u64 = 16 * 1024;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.function("process", |_, gate, ()| Ok(gate.may_run()?))?;
    bindings.effect(
        "execute",
        |_: Lua, gate: Arc<Gate>, id: EffectId, command: String| async move {
            execute(&gate, &id, &command, Waiting::Yields).await
        },
    )?;
    bindings.effect_now("execute_now", |_, gate, id, command: String| {
        let executed = at_once(execute(gate, id, &command, Waiting::Blocks));
        executed.unwrap_or_else(|| Err(Raised::invalid("os.execute cannot wait here")))
    })
}

async fn execute(
    gate: &Arc<Gate>,
    id: &EffectId,
    command: &str,
    waiting: Waiting,
) -> Result<Outcome, Raised> {
    let hears = gate.captures_processes();
    let piped = || hears.then(Stdio::piped);
    let streams = Streams {
        input: None,
        output: piped(),
        error: piped(),
    };
    let (ended, end) = mpsc::channel();
    let attend = |child: &mut Child| pass_on(gate, child, &ended);
    let status = gate
        .execute(command, streams, attend, waiting, id)
        .await
        .map_err(|error| match Refused::from(error) {
            Refused::System(problem) => Raised::invalid(format!("os.execute: {problem}")),
            Refused::Raised(raised) => raised,
        })?;
    drop(ended);
    wait_for_output(gate, end, waiting).await;
    Ok(outcome(status))
}

/// Ends early once both streams have.
async fn wait_for_output(gate: &Gate, end: Receiver<()>, waiting: Waiting) {
    let wait = move || end.recv_timeout(OUTPUT_GRACE).is_ok();
    let _ = match waiting {
        Waiting::Blocks => wait(),
        // A thread that ends by itself soon.
        Waiting::Yields => gate
            .clock()
            .real(tokio::task::spawn_blocking(wait))
            .await
            .unwrap_or_default(),
    };
}

/// Passes on what a child writes into pipes, without the secrets that the run knows. `ended` goes
/// with both streams.
fn pass_on(gate: &Arc<Gate>, child: &mut Child, ended: &Sender<()>) -> io::Result<()> {
    if let Some(stream) = child.stdout.take() {
        copy(
            gate,
            stream.into_parent_file()?,
            Standard::Output.duplicate()?,
            ended.clone(),
        );
    }
    if let Some(stream) = child.stderr.take() {
        copy(
            gate,
            stream.into_parent_file()?,
            Standard::Error.duplicate()?,
            ended.clone(),
        );
    }
    Ok(())
}

fn copy(gate: &Arc<Gate>, from: impl Read + Send + 'static, mut to: File, ended: Sender<()>) {
    let gate = Arc::clone(gate);
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while matches!(
            from.by_ref()
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line),
            Ok(1..)
        ) {
            // A reader that is gone must not stop the child.
            let _ = to.write_all(gate.redact(&String::from_utf8_lossy(&line)).as_bytes());
            line.clear();
        }
        drop(ended);
    });
}
